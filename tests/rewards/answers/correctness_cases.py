r"""Hard cases of finding answers, by kind: (completion, reference, value, why).

Each value is what a fair and careful marker would give who sees the reference and the completion but not the question.
Own cases: most stand for a mistake that answer checkers in use make.
"""

from typing import NamedTuple


class Case(NamedTuple):
    completion: str
    reference: object
    value: float | None
    why: str


def boxed(answer: str) -> str:
    return rf"So we get \boxed{{{answer}}}."


def tagged(answer: str) -> str:
    return f"<answer>{answer}</answer>"


MARKERS = [
    Case("5 + 7 = 12\n#### 12", "12", 1.0, "GSM8K's own marker"),
    Case("5 + 7 = 12\n####12", "12", 1.0, "marker without a space"),
    Case("#### 12 apples", "12", 1.0, "unit after the marker"),
    Case("#### Step 2: add\nThe answer is 12.", "12", 1.0, "a Markdown heading is no answer marker"),
    Case("#### 11\nWait, I forgot one.\n#### 12", "12", 1.0, "the last marker counts"),
    Case("#### 12\nWait, I forgot one.\n#### 13", "12", 0.0, "an earlier marker does not count"),
    Case("It is 5.\nA: 12", "12", 1.0, "last line as in GSM8K's model solutions"),
    Case("A: 12\nNo, that is not it, sorry, we go on and on", "12", 0.0, "A: counts on the last line only"),
    Case("**Answer:** 12", "12", 1.0, "bold label"),
    Case("**Answer: 12**", "12", 1.0, "label and value bold together"),
    Case("The answer is **12** apples.", "12", 1.0, "bold value"),
    Case("ANSWER: 12", "12", 1.0, "capital label"),
    Case("Final Answer: The final answer is $12$. I hope it is correct.", "12", 1.0, "Minerva's closing words"),
    Case("**Final Answer**\n\n12", "12", 1.0, "heading, then the value on its own line"),
    Case("### Final answer\n$\\frac{1}{2}$", "0.5", 1.0, "Markdown heading, then LaTeX"),
    Case("So the answer is 12, because 5 + 7 = 12.", "12", 1.0, "reason after the value"),
    Case("So the answer is 5, because 5 + 7 = 12.", "12", 0.0, "numbers of the reason do not count"),
    Case("The answer is not 12.", "12", 0.0, "negated"),
    Case("The answer is 12. I hope the answer is correct.", "12", 1.0, "'correct' is no value"),
    Case("The answer to 5 + 7 is 12.", "12", 1.0, "words between anchor and verb"),
    Case("答案是 12。", "12", 1.0, "Chinese anchor"),
    Case("答案：１２", "12", 1.0, "Chinese label, full-width colon and digits"),
    Case("12", "12", 1.0, "nothing but the value"),
    Case("$x = 12$", "12", 1.0, "nothing but an assignment"),
    Case("Five and seven make 12.", "12", 0.0, "strict: an unmarked number in prose is no answer"),
    Case("12 apples", "12", 1.0, "nothing but a value with its unit"),
    Case(r"\boxed{12} apples were left of 15.", "15", 0.0, "numbers after the box do not count"),
    Case(r"\boxed 7", "7", 1.0, "box without braces"),
    Case(r"\boxed {7}", "7", 1.0, "space before the brace"),
    Case(r"\boxed{\boxed{7}}", "7", 1.0, "box in a box"),
    Case(r"\boxed{\text{The answer is } 7}", "7", 1.0, "sentence in a box"),
    Case(r"\boxed{7", "7", 0.0, "a box that never closes"),
    Case(r"First \boxed{6}, better: \boxed{7}", "7", 1.0, "the last box counts"),
    Case(r"\boxed{7} \boxed{7}", "7", 1.0, "the same box twice is one answer"),
    Case(r"\boxed{6} or \boxed{7}", "7", 0.0, "two boxes joined by 'or' are a hedge"),
    Case(r"\boxed{6}, \boxed{7}", "7", 0.0, "listed boxes are a hedge"),
    Case(r"$\boxed{6}$ and $\boxed{7}$", "6, 7", 1.0, "two boxes give both values of a list"),
    Case(r"\boxed{\{6, 7\}}", r"\{7, 6\}", 1.0, "escaped braces inside the box"),
    Case(r"<answer>\boxed{7}</answer>", "7", 1.0, "box inside the tag"),
    Case("<answer>The answer is 7.</answer>", "7", 1.0, "sentence inside the tag"),
    Case("<answer>#### 7</answer>", "7", 1.0, "marker inside the tag"),
    Case(r"\boxed{7} <answer>8</answer>", "7", 0.0, "the tag counts before the box"),
    Case("<answer>6</answer><answer>7</answer>", "7", 0.0, "two blocks in a row are a hedge"),
    Case("<answer>6</answer>\nNo, I forgot one, it is rather this:\n<answer>7</answer>", "7", 1.0, "corrected"),
    Case("<answer>7", "7", 0.0, "answer block cut off"),
    Case("<answer>7</answer> so <answer>", "7", 0.0, "a second block cut off"),
    Case("<answer> </answer>", "7", 0.0, "blank answer"),
    Case("<think>7</think>", "7", 0.0, "answer only in the reasoning"),
    Case("<think>8</think><answer>7</answer>", "7", 1.0, "answer after the reasoning"),
    Case("8? no, 7</think>\\boxed{7}", "7", 1.0, "reasoning opened by the prompt"),
    Case("<reasoning>8</reasoning><answer>7</answer>", "7", 1.0, "another reasoning tag"),
    Case("<think>a</think>\\boxed{7}<think>once more", "7", 0.0, "a second reasoning block cut off"),
    Case(r"<answer>7</answer><|im_end|>", "7", 1.0, "left-over end marker"),
    Case("7</s>", "7", 1.0, "left-over end marker after a bare value"),
    Case("The answer is 12, not 13.", "12", 1.0, "what it is not is no second answer"),
    Case("The answer is 13, not 12.", "12", 0.0, "and no first one"),
    Case("The answer is 12 (or 13).", "12", 0.0, "an alternative in brackets is a second answer"),
    Case("I think the answer is probably 12.", "12", 1.0, "a doubt is no second answer"),
    Case(tagged("12 (not 13)"), "12", 1.0, "rejected in brackets"),
    Case(tagged("not 12"), "12", 0.0, "rejected alone"),
    Case(tagged("12 (not 13), or 14"), "12", 0.0, "another value after the rejected one"),
    Case(tagged("does not exist"), "does not exist", 1.0, "a negation that is the answer"),
]

REFERENCES = [
    Case(boxed("72"), "48/2 = <<48/2=24>>24\n#### 72", 1.0, "worked GSM8K solution"),
    Case(boxed("1,200"), "so\n#### 1,200", 1.0, "separator in the reference"),
    Case(boxed("5"), r"Thus $x=\boxed{5}$.", 1.0, "worked MATH solution"),
    Case(boxed("6"), r"Thus $x=\boxed{5}$ and 6.", 0.0, "only the box counts"),
    Case(boxed("5"), "<answer>5</answer>", 1.0, "tagged reference"),
    Case(boxed("5"), "$5$", 1.0, "delimited reference"),
    Case(boxed("5"), r"\(5\)", 1.0, "delimited reference"),
    Case(boxed("5/2"), r"2\frac{1}{2}", 1.0, "bare mixed number"),
    Case(boxed(r"\frac12"), r"2\frac{1}{2}", 0.0, "a fragment of the reference"),
    Case(boxed("5"), "", None, "blank reference"),
    Case(boxed("5"), "   ", None, "white space only"),
    Case(boxed("5"), "####", None, "marker without a value"),
    Case(boxed("5"), float("nan"), None, "not a number"),
    Case(boxed("5"), r"\boxed{5", None, "a box that never closes"),
    Case(boxed("5"), {"value": 5}, None, "no text and no number"),
    Case(boxed("5"), r"\frac{5}{", None, "unbalanced braces"),
    Case(boxed("5"), None, None, "no reference"),
    Case(boxed("5"), "(" * 1000 + "5" + ")" * 1000, None, "brackets a thousand deep"),
    Case("", None, None, "nothing at all"),
    Case(boxed(r"\sin 30^\circ"), r"\frac{1}{2}", 1.0, "sine of degrees"),
    Case(boxed(r"\sin 30"), r"\frac{1}{2}", 0.0, "sine of radians"),
    Case(boxed(r"\sqrt{-1}"), "i", 1.0, "imaginary unit"),
    Case(boxed(r"e^{i\pi}"), "-1", 1.0, "Euler's identity"),
    Case(boxed("2+3i"), "3+2i", 0.0, "parts of a complex number swapped"),
    Case("18", "???", None, "a placeholder is no reference"),
    Case("N/A", "N/A", None, "not even where it is answered"),
]

HOSTILE = [
    Case(boxed("__import__('os').system('touch pwned')"), "18", 0.0, "code in the box"),
    Case(boxed(r"\pi*__import__('os').system('touch pwned')"), r"\pi", 0.0, "code behind a constant"),
    Case(tagged("lambda x: 18*x"), "18", 0.0, "a lambda"),
    Case(tagged("18; import os"), "18", 0.0, "a statement"),
    Case(tagged("print(18)"), "18", 0.0, "a call"),
    Case(tagged("18" * 2000), "18", 0.0, "a very long number"),
    Case(tagged("(" * 500), "18", 0.0, "brackets that break a parser are a wrong answer, not an error"),
    Case(boxed("(" * 500 + "18" + ")" * 500), "17", 0.0, "deep nesting"),
    Case(boxed("{" * 300 + "18" + "}" * 300), "17", 0.0, "deep braces"),
    Case(boxed("+".join(["x"] * 5000)), "18", 0.0, "a very long sum"),
    Case(boxed("\x00"), "18", 0.0, "a control character"),
    Case(boxed("\ud800"), "18", 0.0, "a lone surrogate"),
    Case(boxed(r"\input{/etc/passwd}"), "18", 0.0, "a file command"),
]

SENTENCES = [
    Case("The answer is 31, altogether.", "31", 1.0, "words behind a comma are no second value"),
    Case("The answer is $4,500, the price of both.", "4500", 1.0, "nor behind an amount of money"),
    Case("The answer is 31, or 32.", "31", 0.0, "'or' behind a comma is"),
    Case("The answer is 31, 32 at the most.", "31", 0.0, "and so is a number"),
    Case("The answer is B, this cannot be A or C", "B", 1.0, "what a choice is not"),
    Case("The answer is surely B", "B", 1.0, "an adverb before the choice"),
    Case("The best option is B.", "B", 1.0, "a choice without 'answer'"),
    Case("Choice B is correct.", "B", 1.0, "a choice that is praised"),
    Case("(B) is the right answer.", "B", 1.0, "and without 'choice'"),
    Case("Option B is wrong.", "B", 0.0, "a choice that is not"),
    Case("The best option is a car.", "A", 0.0, "an article is no choice"),
    Case("答案是B。", "B", 1.0, "a letter behind Chinese words"),
    Case("答案：一共是 31 个。", "31", 1.0, "Chinese words before the value, a counter behind it"),
    Case(boxed("31个"), "31", 1.0, "a counter behind the value"),
    Case(boxed("31万"), "31", 0.0, "ten thousands are no counter"),
    Case("B不是C", "B", 1.0, "what it is not, in Chinese"),
    Case("Answer: The length of the fence is 31.", "31", 1.0, "a subject before the value"),
    Case("Answer: It is wrong that the length is 31.", "31", 0.0, "a subject that judges"),
    Case(r"$a=\boxed{3}$, $b = \boxed{4}$", "a=3, b=4", 1.0, "names before the boxes"),
    Case(r"\boxed{3} \quad \text{or} \quad \boxed{4}", "4,3", 1.0, "spaces and words between boxes"),
    Case(r"\boxed{3} is too low but \boxed{4}", "4", 1.0, "other words end the list"),
    Case(r"Half is \boxed{3}. So twice that. Final Answer: The final answer is $6$.", "6", 1.0, "a box of a step"),
    Case(r"\boxed{31\}", "31", 1.0, "a closing brace that was escaped"),
    Case("The Old Man and the Sea", "the old man and the sea", 1.0, "the reference's words and nothing else"),
    Case("7", "The answer is 7", 1.0, "a sentence as the reference"),
    Case(boxed("31"), "31\\", 1.0, "a stray backslash behind the reference"),
    Case(boxed(r"\frac{1}{3}"), r"\\frac{1}{3}", 1.0, "a backslash that JSON doubled"),
]

DENIED = [
    Case("Neither A nor option B is correct.", "B", 0.0, "a choice that is denied"),
    Case("It is not true that option B is correct.", "B", 0.0, "at a distance"),
    Case("If option B is correct, we have a contradiction.", "B", 0.0, "a condition"),
    Case("There is no doubt that option B is correct.", "B", 1.0, "no doubt"),
    Case("Since 7 is not even, option B is correct.", "B", 1.0, "another clause is denied"),
    Case("It is not hard to see that the answer is 31.", "31", 1.0, "not hard to see"),
    Case("The wrong answer is 31.", "31", 0.0, "a wrong answer"),
    Case("The initial answer was 31.", "31", 0.0, "an early one"),
    Case("The wrong answer is 30, so the answer is 31.", "31", 1.0, "a wrong one before it"),
    Case("The answer is 31. No wait, that is wrong.", "31", 0.0, "taken back"),
    Case("The answer is 31. That is a prime.", "31", 1.0, "praised"),
    Case("The answer is 31, which is clearly wrong.", "31", 0.0, "taken back behind a comma"),
    Case("The answer is 31, which is half of 62.", "31", 1.0, "a reason"),
    Case("The answer is 31 (in millions).", "31", 0.0, "a scale in brackets"),
    Case("The answer is 31 (as above).", "31", 1.0, "an aside in brackets"),
    Case("The answer is 31 - squared", "31", 0.0, "an operation behind a dash"),
    Case(tagged("31, in thousands"), "31", 0.0, "a scale behind a comma"),
    Case(tagged("31, as a negative number"), "31", 0.0, "a sign behind a comma"),
    Case(tagged("31, the square root of it"), "31", 0.0, "an operation behind a comma"),
    Case(tagged("31, in all"), "31", 1.0, "an aside"),
]

ANNOUNCED = [
    *[Case(text, "18", 1.0, f"said: {text}") for text in (
        "We add.\nAnswer\n18", "The result is 18.", "Result: 18", "The solution is x = 18.", "The value of k is 18.",
        "Die Antwort ist 18.", "Antwort: 18", "Das Ergebnis beträgt 18.", "Die Lösung lautet **18**.",
        "La réponse est 18.", "Réponse finale : 18", "Le résultat est 18.", "La respuesta es 18.", "Respuesta: $18$",
        "El resultado es 18.", "A resposta é 18.", "La risposta è 18.", "Het antwoord is 18.", "Ответ: 18.",
        "Правильный ответ — 18.", "答案为18", "18 is the answer.",
        "We add. $x=18$ is our final answer.", "The answer is 18 and not 17.", "所以结果是18。",
        "最终答案：18", "答えは18です。", "答え：18",
        "したがって、正解は 18 個となります。", "정답은 18입니다.", "답: 18",
        "Die Antwort ist 18. Ich hoffe, das hilft.",
    )],
    *[Case(text, "18", 0.0, f"not said: {text}") for text in (
        "The result is not 18.", "The result is 18. We double it and get 36 of them.",
        "Das Ergebnis ist 18. Also 36.",
        "Die Antwort ist nicht 18.", "La réponse n'est pas 18.", "La respuesta no es 18.", "答えは18ではありません。",
        "Ответ не 18.", "The result is wrong for 18", "Die Antwort ist 17.", "Answer\n17",
        "17 or 18 is the answer", "18 is the answer to another question",
        "It is false that 18 is the answer",
        "The resulting sum: 18 now",
    )],
    *[Case(text, "D", 1.0, f"chosen: {text}") for text in (
        "I choose D.", "I choose option D.", "So I'd go with (D).", "I pick **D** because it fits.",
        "故选：D", "因此，选项D正确。",
    )],
    *[Case(text, "D", 0.0, f"not chosen: {text}") for text in (
        "I do not choose D.", "I would choose C.", "Never pick D.", "We choose D as the centre of a circle.",
    )],
]  # fmt: skip

EXTRACTION = [*DENIED, *ANNOUNCED, *MARKERS, *SENTENCES, *REFERENCES, *HOSTILE]
