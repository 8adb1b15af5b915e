"""The HTML file itself: its size, that it is whole, and that nothing in it can leave its place."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.errors import GrpokitError
from grpokit.evaluate.paired.alarms import Alarm
from grpokit.evaluate.paired.change import HackingCheck
from grpokit.evaluate.paired.doubts import Mismatch
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.runs.run import Run
from grpokit.reports.html import write_html
from grpokit.tests.reports.conftest import Compared
from grpokit.tests.reports.runs import BASE, HOSTILE, TUNED, write_run


def page(compared: Compared, folder: Path) -> str:
    write_html(compared.comparison, compared.runs, folder / "report.html")
    return (folder / "report.html").read_text(encoding="utf-8")


def test_the_page_of_500_questions_stays_under_two_megabytes(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / model.name, model, questions=500) for model in (BASE, TUNED)]
    write_html(compare(runs), runs, tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size < 2_000_000


def test_no_markup_of_a_model_is_in_the_file(hostile: Compared, tmp_path: Path) -> None:
    text = page(hostile, tmp_path)
    assert HOSTILE not in text
    assert "<img" not in re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)


def test_every_script_is_admitted_by_its_hash_and_nothing_else_is(compared: Compared, tmp_path: Path) -> None:
    text = page(compared, tmp_path)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    allowed = set(re.findall(r"sha256-[\w+/=]+", policy[1]))
    scripts = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    hashes = {"sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts}
    assert hashes == allowed
    assert "default-src 'none'" in policy[1].replace("&#39;", "'")
    assert "unsafe-eval" not in policy[1]


def test_nothing_is_loaded_from_elsewhere(compared: Compared, tmp_path: Path) -> None:
    markup = re.sub(r"<script[^>]*>.*?</script>", "", page(compared, tmp_path), flags=re.DOTALL)
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", markup)
    assert "@import" not in markup
    assert "url(" not in markup


def test_warnings_stand_above_the_numbers(compared: Compared, tmp_path: Path) -> None:
    found = compared.comparison.pairs[0]
    suspected = HackingCheck(True, found.contributions["xml_format"], "format rose")
    pair = replace(found, mismatches=(Mismatch("temperature", "1.0", "0.7", False),), hacking=suspected)
    text = page(Compared(compared.runs, replace(compared.comparison, pairs=(pair,))), tmp_path)
    assert text.index("temperature differs: base has 1.0, tuned has 0.7") < text.index("What changed")
    assert text.index("Reward hacking suspected") < text.index("What changed")


def test_an_alarm_of_the_training_stands_above_the_numbers(compared: Compared, tmp_path: Path) -> None:
    assert 'class="strip fine"' in page(compared, tmp_path)
    raised = (
        Alarm(20, "reward hacking", "the total rose while <correctness> fell.", 0.025),
        Alarm(40, "reward failing", "it raised 3 times.", None),
    )
    pair = replace(compared.comparison.pairs[0], alarms=raised)
    text = page(Compared(compared.runs, replace(compared.comparison, pairs=(pair,))), tmp_path)
    assert 'class="strip doubtful"' in text
    first = (
        "step 20: reward hacking: the total rose while &lt;correctness&gt; fell. At most 2.5 % of healthy runs raise"
    )
    assert text.index(first) < text.index("step 40: reward failing: it raised 3 times.<") < text.index("What changed")


def test_repetition_is_told_with_its_change(compared: Compared, tmp_path: Path) -> None:
    base, tuned = (model.repeated for model in compared.comparison.models)
    change = compared.comparison.pairs[0].behaviour["repeated"]
    row = page(compared, tmp_path).partition("repeated word triples")[2].partition("</tr>")[0]
    shown = re.findall(r">([^<]+)</td>", row)
    points = [f"{100 * found:+.1f}" for found in (change.mean, change.low, change.high)]
    assert shown == [
        f"{base:.1%}".replace("%", " %"),
        f"{tuned:.1%}".replace("%", " %"),
        f"{points[0]} points",
        f"{points[1]} to {points[2]} points",
    ]


def test_one_run_is_told_what_is_known_of_its_completions(tmp_path: Path) -> None:
    run = write_run(tmp_path / "base", BASE, questions=5)
    known = compare([run])
    hint = r'class="hint">(Cut at the token limit: [\d.]+ %\. )(Without an answer: [\d.]+ %\. )(Mean tokens: [\d.]+\. )'
    ending = r"Distinct texts: [\d.]+ %\. Give grpo-report"
    assert re.search(hint + r"Repeated word triples: [\d.]+ %\. " + ending, page(Compared([run], known), tmp_path))
    (model,) = known.models
    scored_before = replace(known, models=(replace(model, repeated=None, repeated_unit=None),))
    assert re.search(hint + ending, page(Compared([run], scored_before), tmp_path))
    stored = replace(known, models=(replace(model, cut=None, tokens=None, repeated=None, repeated_unit=None),))
    text = page(Compared([run], stored), tmp_path)
    assert re.search(r'class="hint">Without an answer: [\d.]+ %\. ' + ending, text)


def test_means_of_one_run_are_shares_where_scores_are_0_or_1(tmp_path: Path) -> None:
    """In percent as where runs are compared; a graded reward and the total, a sum, are numbers."""
    run = write_run(tmp_path / "base", BASE, questions=20)
    known = compare([run])
    cells = re.findall(
        r'data-label="Mean">([^<]+)</td><td data-label="95 % interval">([^<]+)<', page(Compared([run], known), tmp_path)
    )
    assert len(cells) == 4
    for (mean, interval), (name, scored) in zip(cells, known.models[0].rows().items(), strict=True):
        assert scored.graded == (name not in ("correctness", "xml_format"))
        if scored.graded:
            assert mean == f"{scored.estimate.mean:.3f}"
            assert interval == f"{scored.estimate.low:.3f} to {scored.estimate.high:.3f}"
        else:
            assert mean == f"{100 * (scored.estimate.mean or 0):.1f} %"
            ends = (scored.estimate.low or 0, scored.estimate.high or 0)
            assert interval == "{:.1f} % to {:.1f} %".format(*(100 * end for end in ends))


def test_the_page_goes_by_the_metric_that_gives_the_verdicts(tmp_path: Path) -> None:
    """The task's own where the mix measures it, else the total: not a name that is nowhere in the comparison."""
    run = write_run(tmp_path / "base", BASE, questions=5)
    task = replace(run.manifest.task, primary="rouge")
    other = Run(run.path, replace(run.manifest, task=task))
    assert '"primary": "total"' in page(Compared([other], compare([other])), tmp_path)


SMALL = {"length(target=200)": 0.25}

SLIDERS = [
    # the weights, the ends of their sliders
    ({"correctness": 1.0, "xml_format": 0.5}, (0.0, 2.0)),
    ({"correctness": 0.25, "xml_format": 0.5}, (0.0, 2.0)),  # room up to 2 at the least
    ({"correctness": 4.0, "xml_format": -0.5}, (-8.0, 8.0)),  # a penalty may be turned round
]


@pytest.mark.parametrize(("weights", "ends"), SLIDERS)
def test_sliders_reach_twice_the_largest_weight(
    compared: Compared, tmp_path: Path, weights: dict[str, float], ends: tuple[float, float]
) -> None:
    text = page(Compared(compared.runs, replace(compared.comparison, weights={**SMALL, **weights})), tmp_path)
    assert set(re.findall(r'type="range"[^>]* min="([^"]+)" max="([^"]+)"', text)) == {tuple(map(str, ends))}


def test_an_unwritable_target_is_one_line_and_leaves_nothing(compared: Compared, tmp_path: Path) -> None:
    with pytest.raises(GrpokitError, match="cannot write"):
        write_html(compared.comparison, compared.runs, tmp_path / "no" / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_a_failing_report_leaves_the_old_one(compared: Compared, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("the old one")
    run = write_run(tmp_path / "base", BASE, questions=60)
    (run.path / "scores.jsonl").unlink()
    with pytest.raises(GrpokitError):
        write_html(compared.comparison, [run, compared.runs[1]], target)
    assert target.read_text() == "the old one"


def test_half_a_character_in_a_name_does_not_spoil_the_file(compared: Compared, tmp_path: Path) -> None:
    odd = replace(compared.comparison, task="half \ud83d")
    assert "half ?" in page(Compared(compared.runs, odd), tmp_path)
