"""The figures of the HTML report in a real browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.evaluate.paired.doubts import NoiseFloor
from grpokit.evaluate.paired.lengths import LengthBin, Lengths
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.runs.run import Run
from grpokit.reports.html import write_html
from grpokit.tests.reports.conftest import Compared
from grpokit.tests.reports.pages import Watched, sync_api
from grpokit.tests.reports.runs import BASE, TUNED, write_run


def figure(page: sync_api.Page, kind: str) -> sync_api.Locator:
    return page.locator(f'article:not([hidden]) [data-chart="{kind}"] svg')


def test_every_figure_is_there_and_says_what_it_shows(opened: Watched) -> None:
    for kind in ("forest", "contributions", "divergence", "lengths", "curves"):
        sync_api.expect(figure(opened.page, kind)).to_have_count(1)
    labels = opened.page.locator("[data-chart]").evaluate_all("all => all.map(one => one.ariaLabel ?? '')")
    assert len(set(labels)) == 5
    assert all(len(label) > 20 for label in labels)


def test_the_forest_names_its_task(opened: Watched) -> None:
    assert "change on sums, tuned minus base" in (figure(opened.page, "forest").text_content() or "")


DIRECTIONS = [
    # the ends of the interval of a change of 0.1, or of −0.1 -> what its point says
    (0.1, 0.05, 0.15, "better"),
    (-0.1, -0.15, -0.05, "worse"),
    (-0.1, -0.15, 0.0, "not told apart from zero"),  # an interval that ends at zero reaches it
    (0.1, 0.0, 0.15, "not told apart from zero"),
    (-0.1, None, None, "not told apart from zero"),  # too few questions for an interval
]


@pytest.mark.parametrize(("delta", "low", "high", "direction"), DIRECTIONS)
def test_the_point_of_a_change_says_its_direction(
    delta: float,
    low: float | None,
    high: float | None,
    direction: str,
    browser: sync_api.Browser,
    compared: Compared,
    tmp_path: Path,
) -> None:
    pair = compared.comparison.pairs[0]
    change = replace(pair.rewards["correctness"], delta=delta, low=low, high=high)
    pair = replace(pair, rewards={"correctness": change})
    write_html(replace(compared.comparison, pairs=(pair,)), compared.runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html")
    point = figure(watched.page, "forest").locator(".mark-symbol path").first
    assert f"; direction: {direction};" in (point.get_attribute("aria-label") or "")
    watched.page.close()


def test_lengths_of_both_models_are_outlined(opened: Watched, compared: Compared) -> None:
    lengths = compared.comparison.pairs[0].lengths
    assert lengths is not None
    assert figure(opened.page, "lengths").locator("[stroke-dasharray='5,3']").count() == 2  # outline and median of base
    medians = f"The median is {lengths.base_median:g} tokens for base and {lengths.tuned_median:g} tokens for tuned."
    assert medians in opened.page.locator("article").inner_text()


def test_a_bin_of_lengths_tells_both_shares(opened: Watched, compared: Compared) -> None:
    lengths = compared.comparison.pairs[0].lengths
    assert lengths is not None
    place, fullest = max(enumerate(lengths.bins), key=lambda found: found[1].tuned_share)
    figure(opened.page, "lengths").locator(".mark-rect path").nth(place).hover()
    told = opened.page.locator("#vg-tooltip-element")
    sync_api.expect(told).to_contain_text(f"{fullest.base_share:.1%}")
    sync_api.expect(told).to_contain_text(f"{fullest.tuned_share:.1%}")


def test_runaways_stand_apart_in_the_figure(browser: sync_api.Browser, compared: Compared, tmp_path: Path) -> None:
    bins = (*(LengthBin(low, low + 9, 0.09, 0.1) for low in range(0, 100, 10)), LengthBin(100, None, 0.1, 0.0))
    pair = replace(compared.comparison.pairs[0], lengths=Lengths(50.5, 4096.0, bins))  # a median among the runaways
    write_html(replace(compared.comparison, pairs=(pair,)), compared.runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html", viewport={"width": 390, "height": 900})
    watched.page.locator("[data-jump=why]").click()  # on a phone it is folded
    assert "over 99" in (figure(watched.page, "lengths").text_content() or "")
    assert watched.complaints == []
    watched.page.close()


def test_the_models_are_a_path_through_what_is_rewarded_and_what_is_wanted(
    browser: sync_api.Browser, tmp_path: Path
) -> None:
    models = [BASE, TUNED, TUNED._replace(name="later", right=0.1)]
    runs = [write_run(tmp_path / model.name, model, questions=30) for model in models]
    write_html(compare(runs), runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html", "#pair=1")
    found = figure(watched.page, "divergence")
    assert found.locator(".mark-symbol path").count() == 3
    assert found.locator(".mark-text.role-mark").all_text_contents() == ["base", "later"]
    assert watched.complaints == []
    watched.page.close()


def test_no_path_is_drawn_where_only_the_metric_is_rewarded(
    browser: sync_api.Browser, compared: Compared, tmp_path: Path
) -> None:
    models = tuple(replace(model, proxy=None) for model in compared.comparison.models)
    write_html(replace(compared.comparison, models=models), compared.runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html")
    assert watched.page.locator('[data-chart="divergence"]').count() == 0
    assert watched.complaints == []
    watched.page.close()


def test_a_model_without_other_rewards_is_left_out_of_the_path(
    browser: sync_api.Browser, compared: Compared, tmp_path: Path
) -> None:
    found, runs = compared.comparison, [*compared.runs, compared.runs[1]]
    models = (*found.models, replace(found.models[1], name="later", proxy=None))
    pairs = (*found.pairs, replace(found.pairs[0], tuned="later"))
    write_html(replace(found, models=models, pairs=pairs), runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html")
    assert figure(watched.page, "divergence").locator(".mark-symbol path").count() == 2
    assert watched.complaints == []
    watched.page.close()


def test_models_whose_tasks_name_other_primaries_are_one_path(browser: sync_api.Browser, tmp_path: Path) -> None:
    primaries = {"base": "correctness", "tuned": "xml_format", "later": "total"}
    runs = [write_run(tmp_path / name, TUNED._replace(name=name), questions=30) for name in primaries]
    for run, primary in zip(runs, primaries.values(), strict=True):
        replace(run.manifest, task=replace(run.manifest.task, primary=primary)).write(run.path)
    runs = [Run.open(run.path) for run in runs]
    write_html(compare(runs), runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html")
    assert figure(watched.page, "divergence").locator(".mark-symbol path").count() == 3
    assert watched.complaints == []
    watched.page.close()


def test_weights_of_nothing_leave_no_contribution(opened: Watched) -> None:
    for number in opened.page.locator("input[type=number][data-weight]").all():
        number.fill("0")
    sync_api.expect(figure(opened.page, "contributions")).to_have_count(0)
    sync_api.expect(figure(opened.page, "divergence")).to_have_count(1)
    label = opened.page.locator("[data-chart=divergence]").get_attribute("aria-label")
    assert label is not None  # drawing again keeps what screen readers say
    assert label.startswith("Total of the other rewards against correctness")


def test_the_noise_floor_is_a_box_on_its_reward(browser: sync_api.Browser, compared: Compared, tmp_path: Path) -> None:
    noise = NoiseFloor("base", "correctness", 240, 0.25, 0.125)
    write_html(replace(compared.comparison, noise=noise), compared.runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html")
    assert watched.page.locator("[data-chart=forest] svg [stroke-dasharray='3,2']").count() == 1
    assert "12.5 % got another correctness" in watched.page.locator("article").inner_text()
    assert watched.complaints == []
    watched.page.close()


def test_a_point_of_a_chart_tells_its_numbers(browser: sync_api.Browser, hostile: Compared, tmp_path: Path) -> None:
    write_html(hostile.comparison, hostile.runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html", viewport={"width": 1280, "height": 1600})
    watched.page.locator('[data-chart="forest"] svg .mark-symbol path').first.hover()
    sync_api.expect(watched.page.locator("#vg-tooltip-element")).to_contain_text("correctness")
    assert watched.complaints == []
    watched.page.close()


def test_no_two_ticks_of_a_small_change_read_the_same(
    browser: sync_api.Browser, compared: Compared, tmp_path: Path
) -> None:
    pair = compared.comparison.pairs[0]
    change = replace(pair.rewards["correctness"], delta=0.0, low=-0.008, high=0.008)
    pair = replace(pair, rewards={"correctness": change}, total=replace(pair.total, delta=None))
    write_html(replace(compared.comparison, pairs=(pair,)), compared.runs, tmp_path / "report.html")
    watched = Watched(browser, tmp_path / "report.html")
    ticks = figure(watched.page, "forest").locator(".role-axis-label text").all_text_contents()
    assert len(ticks) > 3
    assert len(set(ticks)) == len(ticks)
    watched.page.close()
