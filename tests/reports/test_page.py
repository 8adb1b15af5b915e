"""The HTML report in a real browser: it opens from disk without a network, shows hostile text as text, and works."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.evaluate.comparison import Comparison, NoiseFloor
from grpokit.evaluate.pairing import compare
from grpokit.evaluate.run import Run, Score
from grpokit.files import write_lines
from grpokit.reports.html import write_html
from grpokit.tests.reports.conftest import Compared
from grpokit.tests.reports.runs import BASE, HOSTILE, TUNED, write_run

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pages not tested")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: pages not tested")

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


class Watched:
    """A page with everything that it asked of a network, complained of, or popped up."""

    def __init__(self, browser: sync_api.Browser, path: Path, hash: str = "", **options: object) -> None:
        self.complaints: list[str] = []
        self.page = browser.new_page(**options)
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", self._request)
        self.page.goto(path.as_uri() + hash)
        self.page.wait_for_selector("html[data-ready]")
        self.page.wait_for_selector(".chart svg")

    def _request(self, request: sync_api.Request) -> None:
        if not request.url.startswith("file:"):
            self.complaints.append(f"request: {request.url}")

    @property
    def found(self) -> str:
        return self.page.locator("#found").inner_text()

    @property
    def chosen(self) -> str:
        return self.page.locator("#detail h3").inner_text()


@pytest.fixture(scope="module")
def report(compared: Compared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_html(compared.comparison, compared.runs, path)
    return path


@pytest.fixture
def opened(browser: sync_api.Browser, report: Path) -> Iterator[Watched]:
    watched = Watched(browser, report, viewport={"width": 1280, "height": 900})
    yield watched
    watched.page.close()
    assert watched.complaints == []


def test_it_opens_from_disk_with_no_request_and_no_complaint(opened: Watched) -> None:
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


@pytest.mark.parametrize("kind", ["fixed", "broken", "right", "wrong"])
def test_cells_of_the_flips_filter_the_samples(opened: Watched, compared: Compared, kind: str) -> None:
    primary = compared.comparison.pairs[0].rewards["correctness"]
    counts = {"fixed": primary.fixed, "broken": primary.broken}
    counts |= {"right": primary.both_right, "wrong": primary.both_wrong}
    opened.page.locator(f'.flips [data-filter="{kind}"]').click()
    sync_api.expect(opened.page.locator("#found")).to_have_text(f"{counts[kind]} of 60")
    assert opened.page.locator("#filter").input_value() == kind


@pytest.mark.parametrize("kind", ["truncated", "unanswered", "different"])
def test_the_menu_filters_the_samples(opened: Watched, kind: str) -> None:
    opened.page.locator("#filter").select_option(kind)
    sync_api.expect(opened.page.locator("#found")).not_to_have_text("60 of 60" if kind != "different" else "")
    assert f"show={kind}" in opened.page.url


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


OTHER = {"correctness": 0.3, "xml_format": 1.7, "length(target=200)": 0.0}


def slide(page: sync_api.Page, weights: Mapping[str, float]) -> None:
    for place, weight in enumerate(weights.values()):
        slider = page.locator(f"input[type=range][data-weight='{place}']")
        slider.evaluate("(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }", weight)


def at_weights(runs: list[Run], weights: Mapping[str, float], folder: Path) -> Comparison:
    """Compare the runs scored anew with other weights, as a mix adds totals up."""
    made = []
    for run in runs:
        path = folder / run.path.name
        shutil.copytree(run.path, path)
        replace(run.manifest, mix=replace(run.manifest.mix, weights=weights)).write(path)
        lines = [{**score.to_json(), "total": total(score, weights)} for score in run.scores()]
        write_lines(path / "scores.jsonl", lines)
        made.append(Run.open(path))
    return compare(made)


def total(score: Score, weights: Mapping[str, float]) -> float | None:
    applying = [weights[name] * found.value for name, found in score.rewards.items() if found.value is not None]
    return sum(applying) if applying else None


def shown_values(page: sync_api.Page, selector: str) -> list[float]:
    return [float(text) for text in page.locator(selector).evaluate_all("all => all.map(one => one.dataset.value)")]


def test_sliders_give_the_totals_that_scoring_with_those_weights_gives(
    opened: Watched, compared: Compared, tmp_path: Path
) -> None:
    slide(opened.page, OTHER)
    expected = at_weights(compared.runs, OTHER, tmp_path)
    base, tuned = (model.total.estimate for model in expected.models)
    change = expected.pairs[0].total
    row = [shown_values(opened.page, f"tr.total [data-cell={name}]")[0] for name in ("base", "tuned", "delta")]
    assert row == pytest.approx([base.mean, tuned.mean, change.delta], abs=1e-9)
    ranking = [
        shown_values(opened.page, f"#ranking tr:nth-child({place}) [data-value]:not([data-value=''])")
        for place in (1, 2)
    ]
    assert ranking[0] == pytest.approx([tuned.mean, tuned.low, change.delta, change.low], abs=1e-9)
    assert ranking[1] == pytest.approx([base.mean, base.low], abs=1e-9)
    assert (
        opened.page.locator("tr.total [data-cell=interval]").inner_text() == f"{change.low:+.3f} to {change.high:+.3f}"
    )
    sync_api.expect(opened.page.locator("#reweighed")).to_be_visible()


def test_totals_of_samples_follow_the_weights(opened: Watched, compared: Compared) -> None:
    first = next(score for score in compared.runs[0].scores() if score.prompt_id == opened.chosen)
    slide(opened.page, OTHER)
    sync_api.expect(opened.page.locator(".side .chip", has_text="total").first).to_have_text(
        f"total {total(first, OTHER):.3f}"
    )


def test_the_ranking_turns_with_the_sign_of_a_weight(opened: Watched) -> None:
    opened.page.locator("input[type=number][data-weight='0']").fill("-3")
    assert opened.page.locator("#ranking th").all_inner_texts() == ["base", "tuned"]
    opened.page.locator("#weights [data-reset]").click()
    assert opened.page.locator("#ranking th").all_inner_texts() == ["tuned", "base"]


def test_a_reset_gives_the_runs_own_numbers_back(opened: Watched, compared: Compared) -> None:
    before = opened.page.locator("article").inner_text()
    slide(opened.page, OTHER)
    assert "weights=0.3%2C1.7%2C0" in opened.page.url
    assert opened.page.locator("article").inner_text() != before
    opened.page.locator("#reweighed [data-reset]").click()
    assert "weights" not in opened.page.url
    assert opened.page.locator("article").inner_text() == before
    assert shown_values(opened.page, "tr.total [data-cell=delta]") == [compared.comparison.pairs[0].total.delta]
    sync_api.expect(opened.page.locator("#reweighed")).to_be_hidden()


def test_weights_are_kept_in_the_address(browser: sync_api.Browser, report: Path) -> None:
    watched = Watched(browser, report, "#weights=2,nonsense,0.125")
    values = watched.page.locator("input[type=number][data-weight]").evaluate_all("all => all.map(one => one.value)")
    assert values == ["2", "0.5", "0.125"]  # what is no number is the run's own
    assert watched.complaints == []
    watched.page.close()


def test_the_noise_floor_is_a_box_on_its_reward(browser: sync_api.Browser, compared: Compared, tmp_path: Path) -> None:
    noise = NoiseFloor("base", "correctness", 240, 0.25, 0.125)
    write_html(replace(compared.comparison, noise=noise), compared.runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html")
    assert watched.page.locator("[data-chart=forest] svg [stroke-dasharray='3,2']").count() == 1
    assert "12.5 % got another correctness" in watched.page.locator("article").inner_text()
    assert watched.complaints == []
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


def test_a_point_of_a_chart_tells_its_numbers(browser: sync_api.Browser, hostile: Compared, tmp_path: Path) -> None:
    write_html(hostile.comparison, hostile.runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html", viewport={"width": 1280, "height": 1600})
    watched.page.locator('[data-chart="forest"] svg .mark-symbol path').first.hover()
    sync_api.expect(watched.page.locator("#vg-tooltip-element")).to_contain_text("correctness")
    assert watched.complaints == []
    watched.page.close()


@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen(browser: sync_api.Browser, report: Path, width: int, scheme: str) -> None:
    watched = Watched(browser, report, viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
    assert watched.complaints == []
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
