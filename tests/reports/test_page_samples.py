"""The samples of the HTML report in a real browser: filters, search, keyboard, marks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.runs.run import Run
from grpokit.files import dump_line
from grpokit.reports.html import write_html
from grpokit.rewards.reward import NO_ANSWER
from grpokit.tests.reports.conftest import Compared
from grpokit.tests.reports.pages import Watched, sync_api
from grpokit.tests.reports.runs import BASE, TUNED, rescored, write_run


@pytest.mark.parametrize("kind", ["fixed", "broken", "right", "wrong"])
def test_cells_of_the_flips_filter_the_samples(opened: Watched, compared: Compared, kind: str) -> None:
    primary = compared.comparison.pairs[0].rewards["correctness"]
    counts = {"fixed": primary.fixed, "broken": primary.broken}
    counts |= {"right": primary.both_right, "wrong": primary.both_wrong}
    opened.page.locator(f'.flips [data-filter="{kind}"]').click()
    sync_api.expect(opened.page.locator("#found")).to_have_text(f"{counts[kind]} of 60")
    assert opened.page.locator("#filter").input_value() == kind


@pytest.mark.parametrize("kind", ["cut", "unanswered", "different"])
def test_the_menu_filters_the_samples(opened: Watched, kind: str) -> None:
    opened.page.locator("#filter").select_option(kind)
    sync_api.expect(opened.page.locator("#found")).not_to_have_text("60 of 60" if kind != "different" else "")
    assert f"show={kind}" in opened.page.url


def test_the_filter_of_cut_answers_takes_those_of_either_model(opened: Watched, compared: Compared) -> None:
    cut = [{row.prompt_id for row in run.rows() if row.finish_reason == "length"} for run in compared.runs]
    assert cut[0] - cut[1]
    opened.page.locator("#filter").select_option("cut")
    sync_api.expect(opened.page.locator("#found")).to_have_text(f"{len(cut[0] | cut[1])} of 60")


def test_chips_say_right_wrong_and_cut(opened: Watched) -> None:
    colours = {"correct": "chip up", "wrong": "chip down", "cut": "chip warn"}
    for kind, wanted in (("fixed", {"correct", "wrong"}), ("cut", {"cut"})):
        opened.page.locator("#filter").select_option(kind)
        shown: set[str] = set()
        for _ in range(6):
            for tab in opened.page.locator(".tabs button").all():
                tab.click()
                for chip in opened.page.locator(".side .chip").all():
                    if (text := chip.inner_text()) in colours:
                        assert chip.get_attribute("class") == colours[text]
                        shown.add(text)
            opened.page.keyboard.press("j")
        assert shown >= wanted


def test_the_next_question_begins_with_its_first_sample(opened: Watched) -> None:
    opened.page.locator(".tabs button").nth(2).click()
    sync_api.expect(opened.page.locator(".tabs [aria-pressed=true]")).to_have_attribute("aria-label", "Sample 3")
    opened.page.keyboard.press("j")
    sync_api.expect(opened.page.locator(".tabs [aria-pressed=true]")).to_have_attribute("aria-label", "Sample 1")


def test_the_filter_of_no_answer_counts_what_the_report_counts(browser: sync_api.Browser, tmp_path: Path) -> None:
    """Every status without an answer: the filter knew one of them alone."""
    statuses = [("correct", 1.0), *((status, 0.0) for status in NO_ANSWER), ("wrong", 0.0)]
    runs = [write_run(tmp_path / model.name, model, questions=24, samples=1) for model in (BASE, TUNED)]
    runs = [rescored(run, statuses) for run in runs]
    comparison = compare(runs)
    shares = [model.unanswered for model in comparison.models]
    assert shares == [len(NO_ANSWER) / len(statuses)] * 2
    write_html(comparison, runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html", "#show=unanswered")
    assert watched.found == f"{round(24 * shares[0])} of 24"
    assert f"without an answer\t{shares[0]:.1%}".replace("%", " %") in watched.page.locator("article").inner_text()
    assert watched.complaints == []
    watched.page.close()


@pytest.mark.parametrize("primary", ["correctness", "total"])
def test_cells_filter_what_they_count_where_values_are_missing(
    browser: sync_api.Browser, tmp_path: Path, primary: str
) -> None:
    """A sample without a value is neither right nor wrong; and a total may be the primary metric."""
    right, wrong, missing = ("correct", 1.0), ("wrong", 0.0), ("verifier error", None)
    runs = []
    for model in (BASE, TUNED):
        run = write_run(tmp_path / model.name, model._replace(formatted=0.0), questions=24, samples=2)
        only = {"correctness": 1.0, "xml_format": 0.0, "length(target=200)": 0.0}
        task, mix = replace(run.manifest.task, primary=primary), replace(run.manifest.mix, weights=only)
        statuses = [right, right, wrong, wrong, right, missing, missing, wrong]
        runs.append(rescored(run, statuses, replace(run.manifest, task=task, mix=mix)))
    comparison = compare(runs)
    gain = comparison.pairs[0].gain
    assert gain.both_right > 0 < gain.both_wrong
    write_html(comparison, runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html")
    for kind, count in {"right": gain.both_right, "wrong": gain.both_wrong}.items():
        watched.page.locator(f'.flips [data-filter="{kind}"]').click()
        sync_api.expect(watched.page.locator("#found")).to_have_text(f"{count} of 24")
    watched.page.close()


def test_search_finds_words_in_any_block(opened: Watched) -> None:
    opened.page.locator("#search").fill("sum-0059")
    sync_api.expect(opened.page.locator("#found")).to_have_text("1 of 60")
    assert opened.chosen == "sum-0059"
    opened.page.locator("#search").fill("no such words")
    sync_api.expect(opened.page.locator("#found")).to_have_text("0 of 60")
    assert "No question fits." in opened.page.locator("#detail").inner_text()


def test_the_keyboard_alone_reads_samples(opened: Watched) -> None:
    first = opened.chosen
    opened.page.keyboard.press("j")
    sync_api.expect(opened.page.locator("#detail h3")).not_to_have_text(first)
    opened.page.keyboard.press("k")
    sync_api.expect(opened.page.locator("#detail h3")).to_have_text(first)
    opened.page.locator("#list").focus()
    opened.page.keyboard.press("ArrowRight")
    sync_api.expect(opened.page.locator(".tabs [aria-pressed=true]")).to_have_attribute("aria-label", "Sample 2")
    opened.page.keyboard.press("/")
    opened.page.keyboard.type("sum-0003")
    sync_api.expect(opened.page.locator("#found")).to_have_text("1 of 60")
    opened.page.keyboard.press("Escape")
    sync_api.expect(opened.page.locator("#found")).to_have_text("60 of 60")


def test_the_worst_loss_comes_first(opened: Watched, compared: Compared) -> None:
    assert opened.chosen == compared.comparison.pairs[0].changes[0].prompt_id


def test_the_answer_and_the_differing_words_are_marked(opened: Watched) -> None:
    opened.page.locator("#filter").select_option("fixed")
    marks = opened.page.locator("#detail mark.answer")
    sync_api.expect(marks).to_have_count(2)
    assert all(mark.isdigit() for mark in marks.all_inner_texts())
    assert opened.page.locator("#detail .side .changed").count() >= 1


def test_suspects_of_reward_hacking_are_a_filter(opened: Watched, compared: Compared) -> None:
    suspects = compared.comparison.pairs[0].suspects
    opened.page.locator("#filter").select_option("suspects")
    sync_api.expect(opened.page.locator("#found")).to_have_text(f"{len(suspects)} of 60")


def test_spans_count_characters_beyond_the_basic_plane(
    browser: sync_api.Browser, compared: Compared, tmp_path: Path
) -> None:
    say = "\U0001f600 a\u0301 \ud83d"  # an emoji, a combining accent and half a character
    runs = [write_run(tmp_path / model.name, model, questions=3, say=say) for model in (BASE, TUNED)]
    comparison = compare(runs)
    named = replace(comparison, task="task \ud83d")
    write_html(named, runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html", "#question=sum-0001")
    assert all(mark.isdigit() for mark in watched.page.locator("mark.answer").all_inner_texts())
    assert "\U0001f600" in watched.page.locator("#detail").inner_text()
    assert watched.complaints == []
    watched.page.close()


def test_each_question_says_what_it_asks(opened: Watched) -> None:
    words = opened.page.locator(".item .words").all_inner_texts()
    assert len(words) > 5
    assert all(text.startswith("What is ") for text in words)


def test_filters_count_what_they_show(browser: sync_api.Browser, tmp_path: Path) -> None:
    models = [BASE, TUNED, TUNED._replace(name="later", right=0.1)]
    runs = [write_run(tmp_path / model.name, model, questions=30) for model in models]
    write_html(compare(runs), runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html")
    options = watched.page.locator("#filter option")
    seen = []
    for pair in ("0", "1"):
        watched.page.locator(f"[data-choose-pair='{pair}']").click()
        kinds = options.evaluate_all("all => all.map(one => one.value)")
        counts = dict(zip(kinds, options.all_inner_texts(), strict=True))
        seen.append(counts["fixed"])
        for kind, text in counts.items():
            watched.page.locator("#filter").select_option(kind)
            count = text.rpartition("(")[2].rstrip(")")
            sync_api.expect(watched.page.locator("#found")).to_have_text(f"{count} of 30")
    assert seen[0] != seen[1]  # the second pair has counts of its own
    watched.page.close()


def test_the_answer_that_was_found_is_said_with_what_was_wanted(opened: Watched) -> None:
    opened.page.locator("#filter").select_option("fixed")
    for side in opened.page.locator(".side").all():
        found, wanted = side.locator("mark.answer").inner_text(), opened.page.locator(".reference").inner_text()
        chip = side.locator(".chip.answered").inner_text()
        said = f"answered {found}"
        assert chip == (said if found == wanted.split()[-1] else f"{said}, wanted {wanted.split()[-1]}")
    opened.page.locator("#filter").select_option("unanswered")
    cut = opened.page.locator(".side", has=opened.page.locator(".chip.warn")).first
    for tab in opened.page.locator(".tabs button").all():
        tab.click()
        if cut.count():
            break
    assert cut.locator(".answered").count() == 0  # nothing was found in it


def _said(folder: Path, texts: tuple[str, str]) -> list[Run]:
    """Write two runs of one question whose answers are ``texts``; what is found in each is its last word."""
    runs = []
    for model, text in zip((BASE, TUNED), texts, strict=True):
        run = write_run(folder / model.name, model, questions=1, samples=1)
        row = json.loads((run.path / "completions.jsonl").read_text())
        (run.path / "completions.jsonl").write_text(dump_line({**row, "text": text, "finish_reason": "eos"}))
        score = json.loads((run.path / "scores.jsonl").read_text())
        score["rewards"]["correctness"]["span"] = [len(text) - len(text.split()[-1]), len(text)]
        (run.path / "scores.jsonl").write_text(dump_line(score))
        runs.append(Run.open(run.path))
    return runs


def test_a_long_text_is_scrolled_to_its_answer(browser: sync_api.Browser, tmp_path: Path) -> None:
    runs = _said(tmp_path, ("step\n" * 200 + "42", "step\n" * 200 + "a " * 60 + "43"))
    write_html(compare(runs), runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html")
    for text in watched.page.locator("pre.text").all():
        box, mark = text.bounding_box(), text.locator("mark").bounding_box()
        assert box is not None
        assert mark is not None
        assert box["y"] <= mark["y"] <= box["y"] + box["height"]
    watched.page.close()


ALIKE = [
    # two texts -> whether their differing words are marked by themselves
    ("one two three 4", "one two three 5", True),
    ("one two 3", "six seven eight nine 4", False),
    ("a b c d", "a b x y", True),  # half of the words
    ("a b c d e", "a b x y z", False),  # less than half
    ("a b c", "a b c d e f g h i", False),  # all of one, a third of the other
]


@pytest.mark.parametrize(("left", "right", "marked"), ALIKE)
def test_words_are_marked_where_texts_are_alike_and_where_it_is_asked_for(
    browser: sync_api.Browser, tmp_path: Path, left: str, right: str, marked: bool
) -> None:
    runs = _said(tmp_path, (left, right))
    write_html(compare(runs), runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html")
    changed, button = watched.page.locator(".side .changed"), watched.page.locator("#marks")
    assert (changed.count() > 0) == marked
    assert ("little in common" in watched.page.locator(".marking").inner_text()) == (not marked)
    button.click()
    sync_api.expect(button).to_have_attribute("aria-pressed", str(not marked).lower())
    assert (changed.count() > 0) == (not marked)
    assert f"marks={'off' if marked else 'on'}" in watched.page.url
    assert watched.complaints == []
    watched.page.close()


def test_texts_are_copied_as_they_are(browser: sync_api.Browser, hostile: Compared, tmp_path: Path) -> None:
    write_html(hostile.comparison, hostile.runs, tmp_path / "report.html")
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    page.wait_for_selector("html[data-ready]")
    for copied, shown in ((page.locator(".side .copy").last, "pre.text"), (page.locator(".asked .copy"), "pre.prompt")):
        copied.click()
        sync_api.expect(copied).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == page.locator(shown).last.text_content()
    context.close()
