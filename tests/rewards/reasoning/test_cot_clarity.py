"""Clarity: real steps in several languages earn, and what merely looks like steps does not."""

import json
from pathlib import Path

import pytest
from grpokit.rewards.reasoning.cot_clarity import CotClarity, cot_clarity
from grpokit.rewards.reasoning.steps import read_step
from grpokit.rewards.text import RewardError
from hypothesis import given
from hypothesis import strategies as st

SOLVED = {
    "arithmetic": "A ticket costs 7 euros, so 3 * 7 = 21 is paid. The bus adds 4: 21 + 4 = 25. 50 - 25 = 25 remain.",
    "prose": "The baker opens at dawn with forty loaves. By noon the school has bought half of them. "
    "A late customer takes another five. Only fifteen loaves remain on the shelf.",
    "Chinese": "第一步：每张票7元，所以3*7=21元。\n第二步：公交车另收4元，一共21+4=25元。\n第三步：剩下50-25=25元。",
    "Chinese prose": "面包师早上烤了四十个面包。中午学校买走了一半。晚上有位客人又拿了五个。",
    "Spanish": "Cada entrada cuesta 7 euros: 3 * 7 = 21. El autobús suma 4, así que 21 + 4 = 25. Le quedan 25 al niño.",
    "French": "Chaque billet coûte 7 euros, donc 3 * 7 = 21. Le bus ajoute 4 euros : 21 + 4 = 25. Il reste 25 euros.",
    "German": "Jede Karte kostet 7 Euro, also 3 * 7 = 21. Der Bus kostet noch 4: 21 + 4 = 25. Ihm bleiben 25 übrig.",
    "Russian": "Билет стоит 7 евро, значит 3 * 7 = 21. Автобус добавляет 4: 21 + 4 = 25. У ребёнка остаётся 25 евро.",
    "Hindi": "हर टिकट की कीमत 7 यूरो है, इसलिए 3 * 7 = 21। बस के 4 और जुड़ते हैं: 21 + 4 = 25। बच्चे के पास 25 यूरो बचे।",
    "algebra": "From 3x - 5 = 10 we get 3x = 15. Dividing both sides by three leaves x alone. Check: 3 * 5 - 5 = 10.",
}


@pytest.mark.parametrize("text", SOLVED.values(), ids=SOLVED)
def test_real_steps_reach_the_target(text: str) -> None:
    assert cot_clarity(completions=[text, f"<think>{text}</think><answer>25</answer>"]) == [1.0, 1.0]


EMPTY = {
    "nothing": "",
    "empty block": "<think> </think>The ticket costs 7 euros, so 3 * 7 = 21.",
    "connectives": "First, Second, Next, Finally,",
    "sentences of connectives": "First, we think. Second, we reason. Then, we calculate. Finally, we conclude.",
    "stuffed keywords": "therefore because thus hence since step equation solve " * 50,
    "empty list": "1.\n2.\n3.\n4.\n",
    "announcements": "Step 1: compute the value.\nStep 2: determine the result.\nStep 3: give the final answer.",
    "counter": "".join(f"Step {n}: compute value {n}.\n" for n in range(30)),
    "trivial equations": "1 = 1. 2 = 2. a = 1. b = 2.",
    "words without a sentence": "apples oranges\nchairs tables\nrivers mountains",
    "bare answer": "The answer is 18.",
    "let me think": "Let me think about this step by step. I need to carefully consider the problem.",
    "Chinese markers": "首先，然后，接着，最后，因此答案是。第一步：计算。第二步：计算。",
    "Spanish markers": "Primero, pensemos. Segundo, calculamos el resultado. Finalmente, la respuesta.",
    "German markers": "Zuerst, dann, danach, schließlich. Schritt 1: berechnen. Schritt 2: die Lösung finden.",
    "French markers": "Premièrement, réfléchissons. Ensuite, calculons. Donc, la réponse.",
    "Russian markers": "Сначала подумаем. Затем вычислим. Следовательно, ответ.",
    "Hindi markers": "पहला चरण, दूसरा चरण, इसलिए, अंत में उत्तर।",
}


@pytest.mark.parametrize("text", EMPTY.values(), ids=EMPTY)
def test_what_only_looks_like_steps_earns_nothing(text: str) -> None:
    assert cot_clarity(completions=[text]) == [0.0]


def test_one_step_with_its_number_changed_is_one_step() -> None:
    text = "".join(f"We add one more apple to the basket: {n} + 1 = {n + 1}.\n" for n in range(20))
    assert CotClarity(target=10)(completions=[text]) == [0.1]


def test_markers_add_nothing_to_real_steps() -> None:
    bare = "Each box holds 6 pens. 4 * 6 = 24 pens are packed. A teacher keeps two of them."
    marked = "Step 1: Each box holds 6 pens. Therefore, 4 * 6 = 24 pens are packed. Then, a teacher keeps two of them."
    reward = CotClarity(target=6)
    assert reward(completions=[bare]) == reward(completions=[marked]) == [0.5]


def test_the_copied_prompt_is_no_reasoning() -> None:
    prompt = "A farm has 12 cows. Each cow gives 9 litres of milk. How much milk is there in a week?"
    chat = [{"role": "user", "content": [{"type": "text", "text": prompt}]}]
    for prompts in ([prompt], [chat]):
        assert cot_clarity(completions=[prompt], prompts=prompts) == [0.0]
        assert cot_clarity(completions=[prompt + " 12 * 9 = 108."], prompts=prompts) == [pytest.approx(1 / 3)]


def test_several_prompts_keep_the_order_of_completions() -> None:
    texts = ["a", SOLVED["prose"], "b", SOLVED["prose"]]
    assert cot_clarity(completions=texts, prompts=["p", "q", "q", "p"]) == [0.0, 1.0, 0.0, 1.0]


POOL = [*SOLVED.values(), "x = 5", "3 + 4 = 7", EMPTY["counter"], EMPTY["announcements"], EMPTY["Chinese markers"]]
STEPS = st.lists(st.sampled_from(POOL), min_size=1, max_size=5)


@given(STEPS, st.data())
def test_saying_a_step_again_never_raises_the_value(steps: list[str], data: st.DataObject) -> None:
    again = data.draw(st.sampled_from(steps))
    place = data.draw(st.integers(0, len(steps)))
    reward = CotClarity(target=30)
    before, after = reward(completions=["\n".join(steps), "\n".join([*steps[:place], again, *steps[place:]])])
    assert before == after


@pytest.mark.parametrize(
    ("text", "equations"),
    [
        ("so 16 - 3 = 13 are left", {"16-3=13"}),
        ("16 - 3 = <<16-3=13>>13", {"16-3=13"}),  # GSM8K's calculator annotations
        (r"\frac{1}{2} + \frac{1}{3} = \frac{5}{6}", {r"\frac{1}{2}+\frac{1}{3}=\frac{5}{6}"}),
        ("2x + 3 = 7", {"2x+3=7"}),
        ("所以剩下16-3=13个", {"16-3=13"}),
        ("1 = 1", set()),
        ("a = 1", set()),
        ("total = 13", set()),
    ],
)
def test_equations(text: str, equations: set[str]) -> None:
    assert read_step(text).equations == equations


@pytest.mark.parametrize("target", [0, -1, 1.5, True])
def test_the_target_is_checked(target: int) -> None:
    with pytest.raises(RewardError, match="at least 1"):
        CotClarity(target=target)


QUESTION = "A shop has 16 boxes. Each box holds 24 pens, and 9 pens are broken. How many pens are whole?"
ABOUT = "The 16 boxes hold 16 * 24 = 384 pens. Of these 384 - 9 = 375 are whole. So the shop can sell 375 whole pens."


def test_one_text_for_every_question_earns_nothing() -> None:
    assert cot_clarity(completions=[ABOUT, SOLVED["arithmetic"]], prompts=[QUESTION] * 2) == [1.0, 0.0]
    judged = cot_clarity.explain(completions=[SOLVED["arithmetic"]], prompts=[QUESTION])[0]
    assert judged.reason == "the steps take up no more than half of the prompt's quantities"


def test_reasoning_carries_more_than_half_of_the_prompts_quantities() -> None:
    half = "The 16 boxes are packed. Then 16 * 24 = 384 pens are counted. So 384 / 2 = 192 are sold."
    asked = ["A shop has 16 boxes of 24 pens.", "A shop has 16 boxes of 24 pens, 19 crates and 37 bags."]
    assert cot_clarity(completions=[half, half], prompts=asked) == [1.0, 0.0]


@pytest.mark.parametrize(
    ("more", "value", "why"),
    [
        ("", 1.0, "what the question gives and what equations make of it"),
        ("Of 77 kings 88 rule.", 1.0, "three of five quantities that are given stand in the question"),
        ("Of 77 kings 88 rule over 99 lands.", 0.0, "three of six are no more than half"),
        ("Of 7 kings 8 rule over 5 lands and 3 seas.", 1.0, "numbers up to ten count a third"),
        ("He earns 66 since 33 * 2 = 66, and 44 as 22 * 2 = 44.", 1.0, "what its own sentence makes is not given"),
        ("As 33 + 44 = 44 and 55 + 66 = 66.", 0.0, "but what is beside an operation is"),
        ("So 11 * 33 = 44 * 66.", 0.0, "so is what an operation follows"),
        ("= 44. = 55. = 66. = 77. 44 + 55 = 99 and 66 + 77 = 143.", 1.0, "what stands behind an equals sign is not"),
    ],
)
def test_what_is_taken_as_given_stands_mostly_in_the_question(more: str, value: float, why: str) -> None:
    question = QUESTION.replace("9 pens", "19 pens")
    text = "The 16 boxes hold 16 * 24 = 384 pens. Of these 384 - 19 = 365 are whole. So 365 pens are sold. "
    assert cot_clarity(completions=[text + more], prompts=[question]) == [value], why


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        ("Half of 1,250.0 litres", "The 1250 litres: 1250 / 2 = 625."),
        ("25% of 80", "So .25 * 80 = 20."),
        ("鸡有三只，每只十二个蛋", "3只鸡，10个和2个。"),
        ("12.50 dollars in 4 quarters", "12.5 dollars, 12.5 * 4 = 50."),
    ],
)
def test_a_quantity_is_the_same_in_any_spelling(asked: str, taken: str) -> None:
    assert read_step(asked.casefold()).quantities <= read_step(taken.casefold()).quantities | {"5"}


def mean(values: list[float | None]) -> float:
    return sum(filter(None, values)) / len(values)


FIXED = (
    "First, 3 + 4 = 7. Then 7 * 2 = 14. Next 14 - 5 = 9. Therefore 9 / 3 = 3. Finally 3 + 10 = 13.",
    "2 + 3 = 5. 5 + 4 = 9. 9 + 6 = 15. 15 + 10 = 25. 25 * 2 = 50. 50 + 50 = 100. 100 - 20 = 80. 80 / 8 = 10.",
    "There are 4 apples, 3 pears and 2 plums. So 4 * 3 = 12 figs are sold. So 3 * 2 = 6 nuts are sold.",
    "2 + 0 = 2 apples. 3 + 0 = 3 pears. 4 + 0 = 4 plums. 5 + 0 = 5 figs. 10 + 0 = 10 nuts. 20 + 0 = 20 eggs.",
)


def test_one_text_for_many_questions_earns_next_to_nothing_where_their_solutions_earn_most(shared: Path) -> None:
    lines = (shared / "data" / "gsm8k" / "test.jsonl").read_text(encoding="utf-8").splitlines()[:200]
    rows = [json.loads(line) for line in lines]
    questions = [row["question"] for row in rows]
    for text in FIXED:
        assert mean(cot_clarity(completions=[text] * len(rows), prompts=questions)) < 0.1
    assert mean(cot_clarity(completions=[row["answer"] for row in rows], prompts=questions)) > 0.8


def test_a_step_that_carries_nothing_of_the_question_is_none() -> None:
    text = "The 16 boxes hold 24 pens each. Yet 7 + 8 = 15. A king had 5 horses in the stable."
    assert cot_clarity(completions=[text], prompts=[QUESTION + " Pack them."]) == [pytest.approx(1 / 3)]


def test_quantities_in_words_are_quantities() -> None:
    prompt = "Ann has three hens, and each lays twelve eggs. How many eggs are there?"
    assert cot_clarity(completions=["The hens lay 3 * 12 = 36 eggs together."], prompts=[prompt]) == [
        pytest.approx(1 / 3)
    ]


def test_prose_without_a_quantity_is_no_step() -> None:
    prose = "The weather was fine and the garden was full of roses. Birds sang in the old tree above the wall."
    assert cot_clarity(completions=[prose]) == [0.0]
    assert cot_clarity(completions=[prose] * 2, prompts=[QUESTION, "Who tends the roses?"]) == [
        0.0,
        pytest.approx(1 / 3),  # where the question has no quantity, a sentence that takes up its words is one
    ]
