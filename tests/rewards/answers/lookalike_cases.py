r"""Answers that look like the reference and are not it, and right ones in another dress, by kind."""

from grpokit.tests.rewards.answers.correctness_cases import Case, boxed, tagged

COLUMN = r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}"

SYMBOLS = [  # what the LaTeX parser takes for one symbol
    Case(boxed("R"), "r", 0.0, "a capital is another symbol"),
    Case(boxed("r+1"), "R+1", 0.0, "within a sum"),
    Case(boxed(r"2\delta"), r"2\Delta", 0.0, "a Greek capital"),
    Case(boxed(r"\frac{R-r}{2}"), r"\frac{r-R}{2}", 0.0, "both in one expression"),
    Case(boxed("(R+r)^2"), "R^2+2Rr+r^2", 1.0, "both, and equal"),
    Case(boxed("2R"), "R+R", 1.0, "capitals alone"),
    Case(boxed("3+4I"), "3+4i", 1.0, "sympy's imaginary unit"),
    Case(boxed(r"\mathbb{R}"), "r", 0.0, "a set is no symbol"),
    Case(boxed("f(x)"), "f'(x)", 0.0, "a function is not its derivative"),
    Case(boxed("f'(x)"), "f(x)", 0.0, "nor the other way round"),
    Case(boxed("f''(x)+1"), "f'(x)+1", 0.0, "the second derivative"),
    Case(boxed("f'(x)+g(x)"), "f(x)+g'(x)", 0.0, "a prime elsewhere"),
    Case(boxed("1+f'(x)"), "f'(x)+1", 1.0, "a prime in the same place"),
    Case(boxed(r"1+f^{\prime}(x)"), "f'(x)+1", 1.0, "a prime spelt out"),
    Case(boxed("(ab)'"), "ab", 0.0, "the derivative of a product"),
    Case(boxed("A^T"), "A", 0.0, "transposed"),
    Case(boxed("A^{T}B"), "AB", 0.0, "transposed, in braces"),
    Case(boxed("2^T"), "2", 0.0, "a power"),
    Case(boxed("B+A^T"), "A^T+B", 1.0, "transposed on both sides"),
    Case(boxed(r"\sim p"), "p", 0.0, "a negation is not 'about'"),
    Case("Answer: ~p", "p", 0.0, "nor in plain text"),
    Case(boxed(r"\sim 5"), "5", 1.0, "about a number"),
    Case(boxed("CO"), "Co", 0.0, "carbon monoxide is no cobalt"),
    Case(boxed("BB Bb"), "Bb Bb", 0.0, "genotypes"),
    Case(tagged("NO"), "No", 1.0, "a short word is no symbol"),
    Case(tagged("al gore"), "Al Gore", 1.0, "nor is one beside longer words"),
]

RUNS = [
    Case(tagged("2-0"), "3-1", 0.0, "scores are not subtracted"),
    Case(tagged("2/1"), "4-2", 0.0, "nor compared with a fraction"),
    Case(tagged("2"), "3-1", 0.0, "nor with their difference"),
    Case(tagged("3 - 1"), "3–1", 1.0, "blanks and dashes"),
    Case(tagged("10 to 12"), "10-12", 1.0, "a range in words"),
    Case(tagged("2023-06-05"), "2023-05-06", 0.0, "another date"),
    Case(tagged("2023-06-05"), "2012", 0.0, "a date is no difference"),
    Case(tagged("2/4/2020"), "1/2/2020", 0.0, "dates are not divided"),
    Case(tagged("05/06/2020"), "5/6/2020", 1.0, "zeros in front"),
    Case(tagged("6/05"), "5/06", 0.0, "a day and a month"),
    Case(tagged("5/06"), "05/06", 1.0, "a zero in front of a day"),
    Case(tagged("5-3"), "2", 1.0, "an answer that is not worked out"),
    Case(tagged("6/5"), "12/10", 1.0, "fractions are divided"),
]

SINGLES = [
    Case(boxed("1.5"), "1,5", 0.0, "a list of two digits is no decimal"),
    Case(boxed("1.25"), "1,25", 1.0, "a decimal comma of two digits"),
    Case(boxed("x^{-1} = 31"), "31", 0.0, "a reciprocal is no name"),
    Case(boxed("f^{-1} = 31"), "31", 1.0, "an inverse function is"),
    Case(tagged("falsch = 31"), "31", 0.0, "a judgement in German"),
    Case(tagged("31 ist falsch"), "31", 0.0, "behind the number"),
    Case(tagged("31 est faux"), "31", 0.0, "in French"),
    Case(tagged("31 не"), "31", 0.0, "in Russian"),
    Case(boxed("100"), "100_2", 0.0, "another base"),
    Case(tagged("100 (base 2)"), "100_2", 1.0, "the base in words"),
    Case(tagged("100 in base 3"), "100_2", 0.0, "another base in words"),
    Case(boxed(r"\emptyset"), r"\{\emptyset\}", 0.0, "a set that holds the empty set"),
    Case(boxed(r"\{\emptyset\}"), r"\emptyset", 0.0, "is not empty"),
    Case(boxed(r"\{\}"), r"\emptyset", 1.0, "empty braces"),
    Case(tagged("part 1.2"), "part 12", 0.0, "a point between digits"),
    Case(tagged("rooms 1 2"), "rooms 12", 0.0, "a blank between digits"),
    Case(tagged("part 12."), "part 12", 1.0, "a point at the end"),
]

CHOICES = [
    Case(tagged("D (Oslo)"), "D", 1.0, "an option's text in brackets"),
    Case(tagged("Oslo (D)"), "D", 1.0, "its letter in brackets"),
    Case(tagged("Oslo (D)"), "Oslo", 1.0, "for its text"),
    Case(tagged("D - Oslo"), "D", 1.0, "behind a dash"),
    Case(tagged("Letter D"), "D", 1.0, "announced"),
    Case(tagged("(D) 5"), "(D) 6", 0.0, "another number with the same letter"),
    Case(tagged("(D) 0.5"), "(D) 1/2", 1.0, "the same number"),
    Case(tagged("(D) the city of Oslo"), "(D) Oslo", 1.0, "the letter decides over words"),
    Case(tagged("(D) 5"), "D", 1.0, "and over what the reference does not say"),
    Case(boxed("A = lwh"), "A = xyz", 0.0, "an area is no option"),
    Case(tagged("D (maybe B)"), "D", 0.0, "a second letter in brackets"),
    Case(tagged("D - or rather B"), "D", 0.0, "a second letter behind a dash"),
    Case(boxed("D (x+1)"), "D", 0.0, "a product is no option"),
    Case(boxed(r"\sin (A)"), r"\sin A", 1.0, "nor is a function"),
]

UNITS = [
    Case(tagged("5 MB"), "5 GB", 0.0, "another unit, whatever it is"),
    Case(tagged("5 megabytes"), "5 MB", 1.0, "a unit spelt out"),
    Case(tagged("5 mW"), "5 MW", 0.0, "the case of a unit"),
    Case(tagged("5 eggs"), "5 hens", 0.0, "another noun"),
    Case(tagged("5 egg"), "5 eggs", 1.0, "a plural"),
    Case(tagged("5 red eggs in a box"), "5 eggs", 1.0, "more of the same noun"),
    Case(tagged("5 units"), "5 eggs", 1.0, "a word for anything"),
    Case(tagged("5 km north"), "5 km south", 0.0, "another direction"),
    Case(tagged("5 km north"), "5 km", 1.0, "a direction that was not asked for"),
    Case(tagged("5% increase"), "5% decrease", 0.0, "an opposite"),
    Case(tagged("3 quarters"), "3", 0.0, "a fraction in words"),
    Case(tagged("3 quarters"), "3/4", 1.0, "is its value"),
    Case(tagged("18 (eggs)"), "18", 1.0, "a unit in brackets"),
    Case(tagged("18 (million)"), "18", 0.0, "a scale in brackets"),
    *[
        Case(tagged(f"18 {unit}"), "18", 1.0, f"a unit: {unit}")
        for unit in ("N", "J", "W", "V", "A", "K", "C", "F", "kHz")
    ],
    Case(boxed(r"18\,\mathrm{N}"), r"18\text{ J}", 0.0, "another symbol"),
    Case(boxed("18N"), "18", 0.0, "a glued letter is a variable"),
    Case(boxed("18 x"), "18", 0.0, "a small letter is too"),
]

AMOUNTS = [
    Case(tagged("two and a half hours"), "2.5", 1.0, "a mixed number in words"),
    Case(tagged("three and two thirds"), "11/3", 1.0, "with another fraction"),
    Case(tagged("2 and a half"), "5/2", 1.0, "digits and words"),
    Case(tagged("two and three"), "2.5", 0.0, "two numbers"),
    Case(tagged("USD 18"), "$18", 1.0, "a currency's code before the number"),
    Case(tagged("US$18"), "18", 1.0, "a currency's full sign"),
    Case(tagged("Rs. 18"), "18", 1.0, "rupees"),
    Case(tagged("EUR 18"), "$18", 0.0, "another currency"),
    Case(tagged("3/10"), "3:10", 1.0, "a ratio that looks like a time"),
    Case(tagged("3 to 10"), "3:10", 1.0, "a ratio in words"),
    Case(tagged("0.3"), "3:10", 1.0, "a ratio as a number"),
    Case(tagged("6:20"), "3:10", 0.0, "another time"),
    Case(tagged("50:30"), "5:3", 1.0, "no time of a day"),
    Case(tagged("2 hours 30 minutes"), "2 hours and 30 minutes", 1.0, "an amount in two units"),
    Case(tagged("2 hours 30 minutes"), "2.5 hours", 1.0, "is one in the first"),
    Case(tagged("25 cents"), "$0.25", 1.0, "another unit of the same kind"),
    Case(tagged("1 hour 5 minutes"), "1 hour 50 minutes", 0.0, "another number of minutes"),
    Case(tagged("5 minutes 1 hour"), "65 minutes", 0.0, "units that rise"),
    Case(tagged("5 km"), "5 mi", 0.0, "units of two systems"),
    Case(tagged("1 2 3"), "3 2 1", 0.0, "numbers in a row are no product"),
    Case(boxed(r"\log_2 8"), "3", 1.0, "an index is none of them"),
    Case(tagged("0x1f"), "0x1e", 0.0, "digits of base sixteen"),
    Case(boxed(r"{5 \choose 2}"), "10", 1.0, "plain TeX's binomial"),
    Case(boxed(r"0.1\dot{6}"), "1/6", 1.0, "a dot over what repeats"),
    Case(boxed(r"k\pi, k\in\mathbb Z"), r"k\pi, k \in \mathbb{Z}", 1.0, "a set's name without braces"),
    Case(boxed(r"\lbrack 1,2 \rbrack"), "[1,2]", 1.0, "a bracket's name"),
    Case(boxed(r"\{1,2\}\cup\{3\}"), r"\{3,2,1\}", 1.0, "sets united"),
    Case(boxed(r"\{1,2\}\cup\{4\}"), r"\{3,2,1\}", 0.0, "others united"),
]

INEQUALITIES = [
    Case(boxed(r"x\in[1,2]"), "[1,2]", 1.0, "a member without a blank"),
    Case(boxed("[1,2]"), r"x\in[1,2]", 1.0, "and in the reference"),
    Case(boxed("x>1, x<3"), "1<x<3", 1.0, "two bounds"),
    Case(boxed(r"x<3 \text{ and } x\ge 1"), "[1,3)", 1.0, "in another order"),
    Case(boxed("x>1, y<3"), "(1,3)", 0.0, "of two variables"),
    Case(boxed("x>3, x<1"), "(1,3)", 0.0, "bounds that exclude each other"),
    Case(boxed("x<1, x<3"), "(1,3)", 0.0, "bounds on one side"),
    Case(boxed("x>3, x<1"), "(3,1)", 0.0, "an empty interval"),
    Case(boxed(r"\{x \mid 1<x<3\}"), "(1,3)", 1.0, "a set by its condition"),
    Case(boxed(r"\{x\in\mathbb{R} : x \ge 3\}"), r"[3,\infty)", 1.0, "with its domain"),
    Case(boxed(r"\{x \mid 1<x\le 3\}"), "(1,3)", 0.0, "another bracket"),
    Case(boxed(r"\{x\in\mathbb{Z} : 1<x<3\}"), "(1,3)", 0.0, "whole numbers only"),
    Case(boxed(r"x<1 \text{ or } x>3"), r"(-\infty,1)\cup(3,\infty)", 1.0, "a union in words"),
    Case(boxed(r"x<1 \text{ or } x\ge 3"), r"(-\infty,1)\cup(3,\infty)", 0.0, "another bracket of a union"),
    Case(boxed(r"(-\infty,2)\cup(2,\infty)"), r"x \ne 2", 1.0, "all but one"),
]  # fmt: skip

LENIENT = [
    *[Case(text, "18", 1.0, f"the last value: {text}") for text in (
        "First 5, so we get 18.", "That leaves 18!", "Therefore x = 18", "We have:\n- 18", "So 9*2 = 18",
        "He has 18 (in total)", "Add 18 to the box", "We are left with 18 of them", "He is 18 km away.",
        "We have $x=18$ or $18 = x$", "It is not 17 but 18", "On the 18th",
        "They cost $18 in all.", "We find \\(18\\) of them",
    )],
    *[Case(text, "18", 0.0, f"another one: {text}") for text in (
        "So it is \u221218", "So it is \u2212 18", "We get \u221a18", "We get sqrt(18)", "We get 1/18", "We get 2^18",
        "We get 5 * 18", "We get 18\u00b2", "We get 18 * 2", "It is 16-18", "It is 18x", "So 2x = 18", "So x^2 = 18",
        "It is not 18", "It isn't 18", "It cannot be 18", "It is less than 18", "It is more than 18",
        "It is half of 18", "minus 18", "3 times 18", "It is 18 million", "18 is clearly wrong", "17 or 18",
        "It is not $18$", "18 too many",
    )],
    Case("It is 5 km", "5 m", 0.0, "a unit behind the last value"),
    Case("It is 5 kilometres", "5 km", 1.0, "the right one"),
    Case("It is 50 percent", "0.5", 1.0, "a percentage"),
]  # fmt: skip

ATTACKS = [  # wrong answers that were once paid
    Case(boxed(r"31\approx 7"), "31", 0.0, "a value that is far from its decimal"),
    Case(boxed("--31"), "-31", 0.0, "two signs"),
    Case(boxed(r"\pm -31"), "-31", 0.0, "two values"),
    Case(boxed("-31_2"), "-31", 0.0, "a negative number in another base"),
    Case(boxed(r"\$31_8"), r"\$31", 0.0, "an amount in another base"),
    Case(boxed(r"7\sqrt21"), r"7\sqrt2", 0.0, "a longer root"),
    Case(boxed(f"x^2 = {COLUMN}"), COLUMN, 0.0, "a square"),
    Case(boxed(f"7 = {COLUMN}"), COLUMN, 0.0, "another side"),
    Case(boxed(f"v = {COLUMN}"), COLUMN, 1.0, "a name"),
    Case("The answer is $31$? No.", "31", 0.0, "a question"),
    Case(r"The answer is anything except $\text{(E)}$.", "E", 0.0, "all other choices"),
    Case("The answer is three times (E).", "E", 0.0, "an operation on a letter"),
    Case("The answer is close to $x \\in [1,2]$.", "[1,2]", 0.0, "words before a member"),
]

QUALIFIED = [
    *[Case("The answer is " + text, "18", 0.0, f"not said: {text}") for text in (
        "2x = 18", "x² = 18", "1/x = 18", "18 (not)", "18 (x2)", "e to the 18", "the number after 18",
        "the digit sum of 18", "18 in hex", "18 does not work", "18 but not exactly", "18 hundredths", "18 mio",
    )],
    *[Case("The answer is " + text, "18", 1.0, f"said: {text}") for text in (
        "x = 18", "18 (in total)", "found after 18 minutes", "18 but not 19", "the cost = 18",
    )],
    Case(boxed("y = 2x - y = 2x"), "y = 2x", 0.0, "a chain whose middle is another value"),
]  # fmt: skip

LOOKALIKES = [*QUALIFIED, *ATTACKS, *UNITS, *AMOUNTS, *INEQUALITIES, *CHOICES, *SYMBOLS, *RUNS, *SINGLES]
