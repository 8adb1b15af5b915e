"""The samples of the HTML report in a real browser: filters, search, keyboard, marks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.evaluate.paired.pairing import compare
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
