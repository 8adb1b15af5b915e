"""All models of a comparison in one table, wherever more than two are compared."""

from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import pytest
from grpokit.evaluate.paired.comparison import Comparison
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.runs.run import Run
from grpokit.reports.html import to_html
from grpokit.reports.markdown import to_markdown
from grpokit.reports.ranking import ranked
from grpokit.reports.terminal import print_comparison
from grpokit.tests.reports.conftest import Compared
from grpokit.tests.reports.runs import BASE, TUNED, write_run
from rich.console import Console


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    folder = tmp_path_factory.mktemp("several")
    models = [BASE, TUNED._replace(name="worse", right=0.05), TUNED, BASE._replace(name="alike")]
    return [write_run(folder / model.name, model) for model in models]


@pytest.fixture(scope="module")
def several(runs: Sequence[Run]) -> Comparison:
    return compare(runs)


def shown(comparison: Comparison) -> list[str]:
    console = Console(file=StringIO(), width=80)
    print_comparison(comparison, console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


def test_models_are_ranked_by_their_means_and_the_base_is_among_them(several: Comparison) -> None:
    order = ranked(several)
    means = [one.mean or 0.0 for one in order]
    assert means == sorted(means, reverse=True)
    assert [one.place for one in order] == [1, 2, 3, 4]
    assert (order[0].name, order[0].verdict) == ("tuned", "IMPROVED")
    assert (order[-1].name, order[-1].verdict) == ("worse", "REGRESSED")
    base = next(one for one in order if one.name == "base")
    assert (base.gain, base.verdict) == (None, "base")
    assert [one.gain for one in order if one.name == "tuned"] == [several.pairs[1].gain]


def test_a_model_without_a_mean_is_last(several: Comparison) -> None:
    from dataclasses import replace

    first = several.models[2]
    emptied = replace(first.rewards["correctness"].estimate, mean=None)
    summary = replace(first.rewards["correctness"], estimate=emptied)
    model = replace(first, rewards={**first.rewards, "correctness": summary})
    changed = replace(several, models=(*several.models[:2], model, several.models[3]))
    assert ranked(changed)[-1].name == "tuned"


def test_the_terminal_has_a_row_per_model_with_p_over_the_models(several: Comparison) -> None:
    lines = shown(several)
    head = next(at for at, line in enumerate(lines) if "p models" in line)
    rows = lines[head + 1 : head + 5]
    assert [row.split()[:2] for row in rows] == [[str(one.place), one.name] for one in ranked(several)]
    assert "98.3 % interval" in lines[head]
    assert rows[0].split()[-1] == "IMPROVED"
    assert "<0.001" in rows[0]
    assert max(map(len, lines)) <= 80


def test_two_models_need_no_table_of_all(compared: Compared) -> None:
    assert not any("p models" in line for line in shown(compared.comparison))
    assert "All models" not in to_html(compared.comparison, compared.runs)
    assert "p (models)" not in to_markdown(compared.comparison)


def test_page_and_markdown_have_the_same_rows(several: Comparison, runs: Sequence[Run]) -> None:
    page = to_html(several, runs)
    table = page[page.index("<h2>All models") : page.index("In the order of the means alone")]
    assert [table.index(f'<th scope="row">{one.name}') for one in ranked(several)] == sorted(
        table.index(f'<th scope="row">{one.name}') for one in ranked(several)
    )
    markdown = to_markdown(several).splitlines()
    head = next(at for at, line in enumerate(markdown) if "p (models)" in line)
    assert [line.split("|")[1].strip() for line in markdown[head + 2 : head + 6]] == [
        one.name for one in ranked(several)
    ]


def test_an_outsider_may_hold_no_folder(tmp_path: Path) -> None:
    """One model is compared with nothing, and is no ranking."""
    alone = compare([write_run(tmp_path / "base", BASE)])
    assert not any("p models" in line for line in shown(alone))
