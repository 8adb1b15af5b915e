"""What-if weights of the HTML report in a real browser: the numbers are those that scoring with them gives."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.evaluate.paired.comparison import Comparison
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.runs.run import Run, Score
from grpokit.files import write_lines
from grpokit.tests.reports.conftest import Compared
from grpokit.tests.reports.pages import Watched, shown_values, sync_api

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


def test_the_other_rewards_follow_the_weights_too(opened: Watched, compared: Compared, tmp_path: Path) -> None:
    own = [model.proxy.mean for model in compared.comparison.models if model.proxy]
    assert shown_values(opened.page, "[data-proxy]") == own
    slide(opened.page, OTHER)
    expected = [model.proxy for model in at_weights(compared.runs, OTHER, tmp_path).models]
    found = opened.page.evaluate("Weights.comparison.models.map(Weights.ofProxy)")
    for one, other in zip(found, expected, strict=True):
        assert other is not None
        assert (one["mean"], one["low"], one["high"]) == pytest.approx((other.mean, other.low, other.high), abs=1e-9)
    assert shown_values(opened.page, "[data-proxy]") == [one["mean"] for one in found]


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
    for _ in range(100):  # charts are drawn again one after the other
        if opened.page.locator("article").inner_text() == before:
            break
        opened.page.wait_for_timeout(50)
    assert opened.page.locator("article").inner_text() == before
    assert shown_values(opened.page, "tr.total [data-cell=delta]") == [compared.comparison.pairs[0].total.delta]
    sync_api.expect(opened.page.locator("#reweighed")).to_be_hidden()


def test_weights_are_kept_in_the_address(browser: sync_api.Browser, report: Path) -> None:
    watched = Watched(browser, report, "#weights=2,nonsense,0.125")
    values = watched.page.locator("input[type=number][data-weight]").evaluate_all("all => all.map(one => one.value)")
    assert values == ["2", "0.5", "0.125"]  # what is no number is the run's own
    assert watched.complaints == []
    watched.page.close()
