"""How the runs of a page were made: what differs is apart, what all share is said once, what no run has is left out."""

from __future__ import annotations

from dataclasses import replace

from grpokit.reports.html import to_html
from grpokit.reports.manifests import manifest_table
from grpokit.tests.reports.conftest import Compared


def test_differences_are_apart_and_nulls_are_left_out(compared: Compared) -> None:
    base, tuned = compared.runs
    engine = {**base.manifest.engine, "adapter": None, "versions": {"torch": "2", "gpu": None}, "stop": []}
    first = replace(base, manifest=replace(base.manifest, engine=engine))
    second = replace(tuned, manifest=replace(tuned.manifest, engine={**engine, "adapter": "runs/a", "size": 0}))
    table = manifest_table([first, second])
    assert table.models == ("base", "tuned")
    different = {row.label: row.values for row in table.different}
    assert different == {
        "directory": ("base", "tuned"),
        "weights": ("w-base", "w-tuned"),
        "engine · adapter": ("–", "runs/a"),
        "engine · size": ("–", "0"),  # zero is a value
    }
    same = {row.label: row.values for row in table.same}
    assert same["engine · versions · torch"] == ("2",)
    assert same["sampling · temperature"] == ("1.0",)
    assert same["task · name"] == ("sums",)
    assert not [label for label in same if "gpu" in label or "stop" in label]


def test_of_one_run_nothing_differs(compared: Compared) -> None:
    table = manifest_table(compared.runs[:1])
    assert table.different == ()
    assert len(table.same) > 10


def test_completions_from_elsewhere_have_no_sampling(compared: Compared) -> None:
    run = compared.runs[0]
    made = manifest_table([replace(run, manifest=replace(run.manifest, sampling=None))])
    assert ("sampling", ("made elsewhere",)) in made.same


def test_the_page_says_both(compared: Compared) -> None:
    page = to_html(compared.comparison, compared.runs)
    assert '<td data-label="tuned">w-tuned</td>' in page
    assert "<div><dt>sampling · seed</dt><dd>0</dd></div>" in page
    assert ">null<" not in page
