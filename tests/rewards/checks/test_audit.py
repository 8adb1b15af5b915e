"""The audit: hacks are built for real rows, scored with the mix, and the one that pays is named with its payer."""

import json
from pathlib import Path
from typing import Any

import pytest
from grpokit.rewards import RewardError, RewardMix, correctness, rouge_1, rouge_l
from grpokit.rewards.checks.audit import AuditError, Payment, audit
from grpokit.rewards.checks.hacks import HACKS, Scene
from grpokit.rewards.checks.honest import BUILT_IN, BUILT_IN_TEXTS, AuditRow, wrong_answer
from grpokit.rewards.checks.paraphrase import paraphrase
from grpokit.rewards.checks.search import source_words

SUMMARIES = tuple(
    AuditRow(f"Summarise the post: {text} And so it went on for a while, with many more words than needed.", text)
    for text in (
        "My neighbour borrowed the ladder in March and now says that it was always his own.",
        "The landlord raised the rent twice this year and wants to know why I look for another flat.",
        "I told my sister about the surprise party by accident and everybody is angry with me.",
    )
)


def substring(completions: list[str], answer: list[str], **kwargs: Any) -> list[float]:
    """The classic mistake: the answer somewhere in the text."""
    return [float(right in text) for text, right in zip(completions, answer, strict=True)]


def payments(spec: str) -> dict[str, Payment]:
    return {hack.name: hack.payment for hack in audit(RewardMix.parse(spec)).hacks}


@pytest.mark.parametrize(
    "spec",
    [
        "correctness",  # right or wrong, and nothing else
        "correctness=2,xml_format=0.5",  # the usual recipe
        "correctness=2,xml_format=0.5,gate(correctness,conciseness)=0.5,repetition=0.5,cot_clarity=0.25",
    ],
)
def test_a_sound_mix_passes(spec: str) -> None:
    report = audit(RewardMix.parse(spec))
    assert report.verdict.startswith("PASSED")
    assert not report.paid
    assert report.right.total > report.wrong.total


def test_every_hack_is_tried() -> None:
    assert list(payments("correctness=1,xml_format=1")) == [hack.name for hack in HACKS]
    assert list(payments("correctness=1,length(target=400)=1")) == [*(hack.name for hack in HACKS), "search"]
    assert len(HACKS) >= 12


@pytest.mark.parametrize(
    ("spec", "hack", "blame"),
    [
        ("correctness=0.1,length(target=200)=1", "padding", "length(target=200)"),  # length outbids correctness
        ("xml_format", "format without thought", "xml_format"),  # form alone
        ("xml_format=1,repetition=0.5", "connective stuffing", "xml_format"),  # a tie: the payer is named all the same
        ("correctness=0.1,token_length(target=12)=1", "cutting", "token_length(target=12)"),
        ("repetition", "empty", "repetition"),  # silence never repeats itself
        ("xml_tag_count=1,correctness=-1", "answer in the reasoning only", "xml_tag_count"),  # a sign turned round
    ],
)
def test_a_hack_that_pays_is_named_with_its_payer(spec: str, hack: str, blame: str) -> None:
    report = audit(RewardMix.parse(spec))
    paid = {result.name: result.blame for result in report.paid}
    assert hack in paid
    assert paid[hack] == blame
    assert hack in report.verdict
    assert report.verdict.startswith("FAILED")


def test_a_users_own_function_is_audited_like_any_other() -> None:
    report = audit(RewardMix([substring]))
    paid = {result.name for result in report.paid}
    assert {"answer listing", "hedging", "answer in the reasoning only"} <= paid
    assert {result.blame for result in report.paid} == {"substring"}
    assert not audit(RewardMix([correctness])).paid


def test_a_leak_is_told_apart_from_a_hack_that_pays() -> None:
    """Padding earns more than an honest wrong answer, and less than a right one."""
    report = audit(RewardMix.parse("correctness=2,length(target=400)=1"))
    padding = next(result for result in report.hacks if result.name == "padding")
    assert padding.payment is Payment.LEAKS
    assert padding.over_wrong > 0 > padding.over_right
    assert padding.blame == "length(target=400)"
    assert not report.paid


def test_summaries_have_their_own_honest_answers() -> None:
    report = audit(RewardMix.parse("token_overlap=1,length(target=90)=0.5"), SUMMARIES)
    assert 0.5 < report.right.parts["token_overlap"] < 0.9  # a paraphrase: nobody writes the reference itself
    assert report.wrong.parts["token_overlap"] < 0.5
    words = next(result for result in report.hacks if result.name == "copied phrasing")
    assert words.over_wrong > 0
    assert not any(hack.startswith("<answer>") for hack in [words.example])


def test_word_salad_earns_full_overlap() -> None:
    """A bag of words cannot tell the reference from its words in alphabetical order."""
    assert "copied phrasing" in {result.name for result in audit(RewardMix.parse("rouge_1"), SUMMARIES[:2]).paid}


@pytest.mark.parametrize("text", [row.reference for row in (*BUILT_IN_TEXTS, *SUMMARIES)])
def test_a_paraphrase_keeps_the_sense_and_not_the_words(text: str) -> None:
    (by_words,) = rouge_1(completions=[paraphrase(text)], reference=[text])
    (by_order,) = rouge_l(completions=[paraphrase(text)], reference=[text])
    assert by_words is not None
    assert by_order is not None
    assert 0.4 < by_words < 0.99
    assert 0.3 < by_order < 0.9


def test_a_reference_with_mathematics_is_no_text_to_reword() -> None:
    solution = r"Since the sum of all the angles is $180$ we know that the answer is $\boxed{42}$ and no other."
    assert AuditRow("?", solution).prose
    assert AuditRow("?", solution).reworded == solution
    assert AuditRow("?", SUMMARIES[0].reference).reworded != SUMMARIES[0].reference


def test_word_salad_earns_less_than_a_paraphrase_where_order_counts() -> None:
    report = audit(RewardMix.parse("rouge_l"))
    salad = next(hack for hack in report.hacks if hack.name == "copied phrasing")
    assert report.verdict.startswith("PASSED")
    assert salad.payment is Payment.LEAKS
    assert salad.earning.total < report.right.total - 0.1


def bonus(size: float) -> RewardMix:
    """Correctness, and a little for Spanish: a hack that holds the right answer then earns more by that much."""

    def spanish(completions: list[str], **kwargs: Any) -> list[float]:
        return [size * ("Vamos" in text) for text in completions]

    return RewardMix([correctness, spanish])


@pytest.mark.parametrize(
    ("size", "paid"),
    [
        (1e-9, False),  # rounding
        (0.009, False),  # under 1 % of what a right answer earns above a wrong one
        (0.011, True),
    ],
)
def test_a_hack_with_the_right_answer_pays_when_it_earns_clearly_more(size: float, paid: bool) -> None:
    assert ("another language" in {hack.name for hack in audit(bonus(size)).paid}) == paid


def test_a_mix_that_tells_nothing_apart_is_beaten_by_a_share_of_its_range() -> None:
    """The gap is 0; 1 % of a twentieth of the range, which is 1 here, is 0.0005."""

    def lengthy(size: float) -> RewardMix:
        def reward(completions: list[str], **kwargs: Any) -> list[float]:
            return [0.0 if not text.strip() else 1.0 + size * ("Vamos" in text) for text in completions]

        return RewardMix([reward])

    assert "another language" not in {hack.name for hack in audit(lengthy(0.0004)).paid}
    assert "another language" in {hack.name for hack in audit(lengthy(0.0006)).paid}


def magic(completions: list[str], **kwargs: Any) -> list[float]:
    """A docstring's words, such as hocuspocus, are none that the code compares."""
    return [float("abracadabra" in text) + 0.1 * ("certainly" in text) for text in completions]


def counted(completions: list[str], **kwargs: Any) -> list[float]:
    return [min(text.count("rolls"), 100) / 10 for text in completions]


def test_the_search_finds_the_words_that_a_rewards_source_names() -> None:
    mix = RewardMix([correctness, magic], [1.0, 2.0])
    assert list(source_words(RewardMix([magic]))) == ["abracadabra", "certainly"]
    (search,) = (hack for hack in audit(mix).paid if hack.name == "search")
    assert search.blame == "magic"
    assert "abracadabra" in search.example
    assert search.what == "a wrong answer changed by a search: words of the source appended"


def test_the_search_goes_on_while_a_change_pays_more() -> None:
    report = audit(RewardMix([correctness, counted]), BUILT_IN[:1])
    search = next(hack for hack in report.hacks if hack.name == "search")
    assert search.payment is Payment.PAYS
    assert search.what.count(", then ") >= 1
    assert "repeated eight times" in search.what


def test_a_search_that_improves_nothing_is_no_hack() -> None:
    assert "search" not in payments("correctness")


def test_the_layout_follows_the_mix() -> None:
    mix = RewardMix.parse("gate(xml_format(reasoning_tag=reasoning,answer_tag=solution),length)")
    assert mix.layout.write("a", "b") == "<reasoning>\na\n</reasoning>\n<solution>\nb\n</solution>"
    assert audit(RewardMix.parse("xml_format(reasoning_tag=reasoning)")).right.total == 1.0


@pytest.mark.parametrize("row", [*BUILT_IN, *SUMMARIES, AuditRow("Hm?", r"\frac{1}{2}"), AuditRow("", "x")])
def test_hacks_have_as_many_variants_for_every_row(row: AuditRow) -> None:
    reference = Scene(BUILT_IN[0], BUILT_IN[1:])
    scene = Scene(row, [other for other in BUILT_IN if other != row])
    assert [len(hack.write(scene)) for hack in HACKS] == [len(hack.write(reference)) for hack in HACKS]


def test_honest_answers_are_right_and_wrong_ones_wrong() -> None:
    scenes = [Scene(row, [other for other in BUILT_IN if other != row]) for row in BUILT_IN]
    answers = [row.answer for row in BUILT_IN]
    assert correctness(completions=[scene.right for scene in scenes], answer=answers) == [1.0] * len(BUILT_IN)
    assert correctness(completions=[scene.wrong for scene in scenes], answer=answers) == [0.0] * len(BUILT_IN)
    assert wrong_answer(AuditRow("?", "north"), [AuditRow("?", "south")]) == "south"
    assert wrong_answer(AuditRow("?", "north"), []) == "none of these"


def test_one_row_is_enough_and_no_row_is_refused() -> None:
    assert audit(RewardMix.parse("correctness"), BUILT_IN[:1]).verdict.startswith("PASSED")
    with pytest.raises(AuditError, match="an audit of no rows"):
        audit(RewardMix.parse("correctness"), [])


def test_unreadable_references_are_an_error_and_no_verdict() -> None:
    with pytest.raises(AuditError, match="no reward of 'correctness=1' applies"):
        audit(RewardMix.parse("correctness"), [AuditRow("How many?", " ")])


def test_real_rows(shared: Path) -> None:
    with (shared / "data" / "gsm8k" / "test.jsonl").open() as lines:
        rows = [json.loads(line) for _, line in zip(range(24), lines, strict=False)]
    honest = [AuditRow(row["question"], row["answer"]) for row in rows]
    report = audit(RewardMix.parse("correctness=2,xml_format=0.5"), honest)
    assert report.verdict.startswith("PASSED")
    assert (report.right.total, report.wrong.total) == (2.5, 0.5)


def test_the_report_is_plain_json() -> None:
    found = json.loads(json.dumps(audit(RewardMix.parse("length(target=200)")).as_dict()))
    assert found["schema"] == 1
    assert found["passed"] is False
    assert {"name", "payment", "over_right", "over_wrong", "blame", "example"} <= set(found["hacks"][0])


def in_messages(completions: list[Any], prompts: list[Any], **kwargs: Any) -> list[float]:
    """Take messages alone, as a function for chats does."""
    return [
        float(p[-1]["role"] == "user" and "18" in c[-1]["content"]) for c, p in zip(completions, prompts, strict=True)
    ]


def test_a_function_that_takes_messages_alone_is_audited_on_messages() -> None:
    assert audit(RewardMix([in_messages])).rows == len(BUILT_IN)


def test_rows_that_are_chats_are_audited_as_chats() -> None:
    seen: list[Any] = []

    def spy(completions: list[Any], prompts: list[Any], **kwargs: Any) -> list[float]:
        seen.extend([completions[0], prompts[0]])
        return [0.0] * len(completions)

    chat = [{"role": "user", "content": "9+9?"}]
    audit(RewardMix([spy]), [AuditRow("9+9?", "18", messages=chat)])
    assert seen[0][0]["role"] == "assistant"
    assert seen[1] == chat


def test_a_function_that_takes_nothing_is_refused_with_its_first_mistake() -> None:
    def broken(completions: list[Any], **kwargs: Any) -> list[float]:
        return [1 / (completions[0] is None)]

    with pytest.raises(RewardError, match=r"'broken' raised ZeroDivisionError: .* \(test_audit.py, line"):
        audit(RewardMix([broken]))
