"""The HTML report in a real browser: it opens from disk without a network, and shows hostile text as text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.evaluate.paired.pairing import compare
from grpokit.reports.html import write_html
from grpokit.tests.reports.conftest import Compared
from grpokit.tests.reports.pages import Watched, sync_api
from grpokit.tests.reports.runs import BASE, HOSTILE, TUNED, write_run


def test_field_15_the_page_opens_from_disk_with_no_request_and_no_complaint(opened: Watched) -> None:
    assert "tuned is better than base." in opened.page.locator("h1").inner_text()
    assert opened.page.locator('[data-chart="forest"] svg').count() == 1
    assert opened.found == "60 of 60"


def test_hostile_text_is_text_everywhere(browser: sync_api.Browser, hostile: Compared, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_html(hostile.comparison, hostile.runs, path)
    watched = Watched(browser, path)
    detail = watched.page.locator("#detail").inner_text()
    assert detail.count(HOSTILE) >= 4
    assert HOSTILE in watched.page.locator("h1").inner_text()
    assert watched.page.locator("img").count() == 0
    assert watched.page.evaluate("document.scripts.length") == watched.page.locator("body > script").count()
    assert watched.complaints == []
    watched.page.close()


def test_a_script_that_is_not_the_pages_own_never_runs(browser: sync_api.Browser, report: Path, tmp_path: Path) -> None:
    path = tmp_path / "injected.html"
    text = report.read_text(encoding="utf-8")
    path.write_text(text.replace("</main>", "<img src=x onerror=alert(1)><script>alert(2)</script></main>", 1), "utf-8")
    watched = Watched(browser, path)
    assert watched.complaints
    assert not [complaint for complaint in watched.complaints if complaint.startswith(("dialog", "request: http"))]
    watched.page.close()


def test_state_is_kept_in_the_address(browser: sync_api.Browser, report: Path) -> None:
    watched = Watched(browser, report, "#show=fixed&question=sum-0010&sample=2")
    assert watched.chosen == "sum-0010"
    assert watched.page.locator("#filter").input_value() == "fixed"
    assert watched.page.locator(".tabs [aria-pressed=true]").get_attribute("aria-label") == "Sample 3"
    watched.page.close()


def test_the_skip_link_keeps_the_state(browser: sync_api.Browser, report: Path) -> None:
    watched = Watched(browser, report, "#show=fixed")
    watched.page.keyboard.press("Tab")
    watched.page.keyboard.press("Enter")
    sync_api.expect(watched.page.locator("#search")).to_be_in_viewport()
    assert watched.page.locator("#filter").input_value() == "fixed"
    assert "show=fixed" in watched.page.url
    watched.page.close()


def test_the_verdict_its_figures_and_what_was_compared_are_above_the_fold(opened: Watched, compared: Compared) -> None:
    (pair,) = compared.comparison.pairs
    for seen in (".facts", ".jumps", ".badge", ".figures .bar .point", ".figures"):
        sync_api.expect(opened.page.locator(seen)).to_be_in_viewport()
    figures = opened.page.locator(".figures").inner_text()
    base, tuned = (model.rewards["correctness"].estimate.mean for model in compared.comparison.models)
    assert f"{100 * (base or 0):.1f} % → {100 * (tuned or 0):.1f} %" in figures
    assert f"{100 * (pair.gain.delta or 0):+.1f} points" in figures
    row = opened.page.locator("table.cards").first.inner_text()
    assert f"{100 * (pair.gain.delta or 0):+.1f} points" in row
    assert f"{pair.total.delta:+.3f}" in row


def test_the_verdicts_pill_is_filled(opened: Watched) -> None:
    colour = "(one) => getComputedStyle(one).backgroundColor"
    page, pill = opened.page.locator("body"), opened.page.locator(".badge")
    assert pill.evaluate(colour) == "rgb(0, 104, 168)" != page.evaluate(colour)


def test_links_jump_to_the_parts_of_the_pair_that_is_shown(browser: sync_api.Browser, tmp_path: Path) -> None:
    models = [BASE, TUNED, TUNED._replace(name="later")]
    runs = [write_run(tmp_path / model.name, model, questions=10) for model in models]
    comparison = compare(runs)
    plain = replace(comparison.pairs[0], curves=())  # the first pair has no part that the second has
    write_html(replace(comparison, pairs=(plain, comparison.pairs[1])), runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html", "#show=cut", viewport={"width": 1280, "height": 900})
    link = watched.page.locator('[data-jump="attempts"]')
    sync_api.expect(link).to_be_hidden()
    watched.page.locator("[data-choose-pair='1']").click()
    link.click()
    heading = watched.page.locator("article:not([hidden]) [data-part=attempts] h2")
    sync_api.expect(heading).to_be_in_viewport()
    sync_api.expect(heading).to_be_focused()
    assert "show=cut" in watched.page.url  # the address keeps the state
    parts = "all => all.filter((one) => !one.hidden).map((one) => one.dataset.jump)"
    wanted = ["changed", "questions", "why", "attempts", "trajectory", "weights", "samples", "made"]
    assert watched.page.locator("[data-jump]").evaluate_all(parts) == wanted
    assert watched.complaints == []
    watched.page.close()


def test_answers_that_are_lost_are_a_bar_that_shows_them(
    browser: sync_api.Browser, compared: Compared, tmp_path: Path
) -> None:
    base, tuned = compared.comparison.models
    models = (replace(base, cut=0.08, unanswered=0.02), replace(tuned, cut=0.01, unanswered=0.0))
    write_html(replace(compared.comparison, models=models), compared.runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html")
    bar = watched.page.locator(".lost")
    assert "8.0 % of base's and 1.0 % of tuned's completions were cut at the token limit" in bar.inner_text()
    bar.get_by_role("button").click()
    sync_api.expect(watched.page.locator("#filter")).to_have_value("cut")
    watched.page.close()


@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen(browser: sync_api.Browser, report: Path, width: int, scheme: str) -> None:
    watched = Watched(browser, report, viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = watched.page.locator(".scroll")
    assert boxes.count() == 6
    assert not boxes.evaluate_all(
        "all => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.ariaLabel)"
    )
    assert watched.complaints == []
    watched.page.close()


def test_cells_of_tables_are_labelled_on_a_phone(browser: sync_api.Browser, report: Path) -> None:
    watched = Watched(browser, report, viewport={"width": 390, "height": 900})
    unlabelled = "all => all.filter((one) => one.innerText && !one.dataset.label).map((one) => one.innerText)"
    assert watched.page.locator("table.cards:not(.manifest) td").count() > 20
    assert watched.page.locator("table.cards:not(.manifest) td").evaluate_all(unlabelled) == []
    assert "Change" in watched.page.evaluate(
        "getComputedStyle(document.querySelector('td[data-cell=delta]'), '::before').content"
    )
    watched.page.close()


def test_a_pair_is_chosen_among_several(browser: sync_api.Browser, tmp_path: Path) -> None:
    models = [BASE, TUNED, TUNED._replace(name="later", right=0.1)]
    runs = [write_run(tmp_path / model.name, model, questions=30) for model in models]
    write_html(compare(runs), runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html")
    assert watched.page.locator("h1:visible").inner_text() == "tuned is better than base."
    watched.page.locator("[data-choose-pair='1']").click()
    sync_api.expect(watched.page.locator("h1:visible")).to_contain_text("later")
    sync_api.expect(watched.page.locator(".side h4").nth(1)).to_contain_text("later")
    watched.page.wait_for_selector('article:not([hidden]) [data-chart="forest"] svg')
    assert watched.page.locator('[data-chart="trajectory"] svg').count() == 1
    assert watched.complaints == []
    watched.page.close()


def test_one_run_has_a_page_of_its_own(browser: sync_api.Browser, tmp_path: Path) -> None:
    run = write_run(tmp_path / "base", BASE, questions=10)
    write_html(compare([run]), [run], tmp_path / "report.html")
    page = browser.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    page.wait_for_selector("html[data-ready]")
    assert page.locator("#found").inner_text() == "10 of 10"
    assert page.locator(".side").count() == 1
    page.close()
