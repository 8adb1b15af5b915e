"""The panels of the HTML report in a real browser: cells that add up, one reward, folds on a phone, CSV files."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.runs.run import Run
from grpokit.files import write_lines
from grpokit.reports.glossary import GLOSSARY
from grpokit.reports.html import to_html, write_html
from grpokit.tests.reports.conftest import Compared
from grpokit.tests.reports.pages import Watched, sync_api
from grpokit.tests.reports.runs import BASE, TUNED, rescored, write_run


def cells(page: sync_api.Page) -> dict[str, int]:
    """Return the numbers of the cells of questions by their filters."""
    buttons = page.locator(".flips button").evaluate_all("all => all.map((one) => [one.dataset.filter, one.innerText])")
    return {filter: int(text.split()[0].replace(",", "")) for filter, text in buttons}


KINDS = [
    # samples per question, scores of correctness in turn (base and tuned alike, some shifted) -> the cells
    (4, [("correct", 1.0), ("wrong", 0.0)], {"fixed", "broken", "right", "wrong", "same"}),
    (1, [("correct", 1.0), ("wrong", 0.0)], {"fixed", "broken", "right", "wrong"}),
    (1, [("scored", 0.3), ("scored", 0.7), ("scored", 1.0)], {"fixed", "broken", "same"}),
]


@pytest.mark.parametrize(("samples", "statuses", "kinds"), KINDS)
def test_the_cells_add_up_to_the_questions_and_filter_them(
    browser: sync_api.Browser, tmp_path: Path, samples: int, statuses: list[tuple[str, float | None]], kinds: set[str]
) -> None:
    """With several samples per question two of four cells said other things than their heads, and did not add up."""
    runs = [write_run(tmp_path / model.name, model, questions=24, samples=samples) for model in (BASE, TUNED)]
    missing: list[tuple[str, float | None]] = [("verifier error", None)] * samples  # a question without a value
    runs = [rescored(run, statuses * 3 + rest) for run, rest in zip(runs, (missing, statuses[::-1]), strict=True)]
    comparison = compare(runs)
    write_html(comparison, runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html")
    counted = cells(watched.page)
    assert set(counted) == kinds
    assert sum(counted.values()) == comparison.pairs[0].gain.n < 24
    for kind, count in counted.items():
        watched.page.locator(f'.flips [data-filter="{kind}"]').click()
        sync_api.expect(watched.page.locator("#found")).to_have_text(f"{count} of 24")
    assert watched.complaints == []
    watched.page.close()


def _of_one_reward(folder: Path) -> list[Run]:
    runs = []
    for model in (BASE, TUNED):
        run = write_run(folder / model.name, model, questions=24)
        scores = list(run.scores())
        mix = replace(run.manifest.mix, weights={"correctness": 1.0}, fingerprints={"correctness": "1"})
        replace(run.manifest, mix=mix).write(run.path)
        judged = [score.rewards["correctness"] for score in scores]
        alone = [
            score._replace(total=one.value, rewards={"correctness": one})
            for score, one in zip(scores, judged, strict=True)
        ]
        write_lines(run.path / "scores.jsonl", (score.to_json() for score in alone))
        runs.append(Run.open(run.path))
    return runs


def test_one_reward_has_no_total_and_no_weights(browser: sync_api.Browser, tmp_path: Path) -> None:
    runs = _of_one_reward(tmp_path)
    write_html(compare(runs), runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html", "#weights=7")
    assert watched.page.locator("tr.total").count() == 0
    assert watched.page.locator("[data-weight], [data-jump=weights], #reweighed").count() == 0
    assert "total" not in watched.page.locator("main").inner_text().lower().replace("the weighted sum", "")
    assert watched.page.locator("article [data-chart=forest] svg .mark-symbol path").count() == 1
    assert "weights" not in watched.page.locator(".chip").first.inner_text()
    watched.page.keyboard.press("j")
    assert "weights=" not in watched.page.url
    assert watched.complaints == []
    watched.page.close()


SHORT = 2500
"""So high, in pixels, the page may be on a phone before anything is opened: three screens."""


def test_a_phone_folds_its_panels_and_links_open_them(browser: sync_api.Browser, report: Path) -> None:
    phone = Watched(browser, report, viewport={"width": 390, "height": 800})
    height = phone.page.evaluate("document.documentElement.scrollHeight")
    assert height < SHORT
    assert phone.page.locator("details.panel[open]").count() == 0
    sync_api.expect(phone.page.locator("[data-chart=lengths] svg")).to_have_count(0)
    for brief in phone.page.locator("details.panel > summary .brief").all():
        assert brief.is_visible()
    phone.page.locator("[data-jump=why]").click()
    sync_api.expect(phone.page.locator("[data-part=why]")).to_have_attribute("open", "")
    sync_api.expect(phone.page.locator("[data-chart=lengths] svg")).to_have_count(1)  # drawn when it is seen
    assert phone.page.locator("[data-part=why] .brief").is_hidden()
    phone.page.locator("details.panel").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    assert phone.page.evaluate("document.documentElement.scrollHeight") > 2 * height
    phone.page.close()
    wide = Watched(browser, report, viewport={"width": 1280, "height": 800})
    assert wide.page.locator("details.panel:not([open])").count() == 1  # the glossary
    wide.page.close()


@pytest.mark.parametrize("way", ["read", "skip", "address", "key", "hash"])
def test_whatever_leads_to_a_sample_opens_the_samples(browser: sync_api.Browser, report: Path, way: str) -> None:
    phone = Watched(browser, report, "#show=fixed" if way == "address" else "", viewport={"width": 390, "height": 800})
    if way == "read":
        phone.page.locator("[data-question]").first.click()
    if way == "skip":
        phone.page.locator(".skip").focus()
        phone.page.keyboard.press("Enter")
    if way == "key":
        phone.page.keyboard.press("/")
    if way == "hash":
        phone.page.evaluate("location.hash = '#search=what'")
    sync_api.expect(phone.page.locator("#samples")).to_have_attribute("open", "")
    sync_api.expect(phone.page.locator(".item").first).to_be_visible()  # the list is drawn when it has a height
    assert phone.page.locator(".item").count() > 3
    phone.page.close()


def test_a_panel_says_its_main_number(compared: Compared) -> None:
    (pair,) = compared.comparison.pairs
    page = re.sub(r"\s+", " ", to_html(compared.comparison, compared.runs))
    briefs = dict(re.findall(r"<h2[^>]*>([^<]+)</h2> <span class=\"brief\">([^<]+)</span>", page))
    points = {name: f"{100 * (pair.rewards[name].delta or 0):+.1f} points" for name in ("correctness", "xml_format")}
    rest = f"length {pair.rewards['length(target=200)'].delta:+.3f}"  # graded: no points
    last = next(curve for curve in pair.curves if curve.reward == "correctness").points[-1]
    assert pair.lengths is not None
    assert briefs == {
        "What changed": f"correctness {points['correctness']}, xml_format {points['xml_format']}, {rest}",
        "Which questions moved": f"{pair.gain.fixed} fixed, {pair.gain.broken} broken of 60 questions",
        "Why it moved": f"median length {pair.lengths.base_median:g} → {pair.lengths.tuned_median:g} tokens",
        "With more attempts": f"pass@4 {100 * (last.estimate.mean or 0):+.1f} points",
        "What if the weights were others": "correctness × 1, xml_format × 0.5, length × 0.25",
        "Samples": "60 questions",
        "How this was made": "2 runs, 2 values that differ",
        "Glossary": f"{len(GLOSSARY)} terms",
    }


def saved(page: sync_api.Page, label: str) -> list[list[str]]:
    with page.expect_download() as download:
        page.get_by_role("button", name=label).click()
    text = download.value.path().read_text(encoding="utf-8")
    assert download.value.suggested_filename.endswith(".csv")
    return list(csv.reader(io.StringIO(text)))


def test_every_chart_has_its_table_as_csv(opened: Watched, compared: Compared) -> None:
    (pair,) = compared.comparison.pairs
    change = pair.rewards["correctness"]
    forest = saved(opened.page, "Save Change of each reward on sums with its 95 % interval as CSV")
    assert forest[0] == ["metric", "change", "low", "high"]
    assert [row[0] for row in forest[1:]] == ["correctness", "xml_format", "length", "total"]
    assert [float(value) for value in forest[1][1:]] == [change.delta, change.low, change.high]
    lengths = saved(opened.page, "Save Share of the completions of both models by their number of tokens as CSV")
    assert pair.lengths is not None
    assert len(lengths) == 1 + len(pair.lengths.bins)
    assert sum(float(row[3]) for row in lengths[1:]) == pytest.approx(1)
    curves = saved(opened.page, "Save pass@k of both models with 95 % bands as CSV")
    points = sum(len(curve.points) for model in compared.comparison.models for curve in model.curves)
    assert len(curves) == 1 + points
    completions = saved(opened.page, "Save Completions by what each reward found as CSV")
    assert sum(int(row[3]) for row in completions[1:]) == 2 * 3 * 240
    buttons = opened.page.locator("article [data-chart], article [data-rows]").count()
    assert opened.page.locator("article .csv").count() == buttons == 6


def test_a_name_is_no_formula_for_a_spreadsheet(opened: Watched) -> None:
    rows = [["=1+1", "a,b", 'say "hi"', "two\nlines", None, -2.5, "-x", "@y", "plain"]]
    text = opened.page.evaluate("(rows) => Csv.text(rows)", rows)
    assert text == '\'=1+1,"a,b","say ""hi""","two\nlines",,-2.5,\'-x,\'@y,plain\r\n'
