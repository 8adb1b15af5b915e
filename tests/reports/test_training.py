"""How models came about, in every report: which looks chose them, and how lucky their seeds were."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.evaluate.paired.arms import Arm
from grpokit.evaluate.paired.change import Verdict
from grpokit.evaluate.paired.choice import Choice, Part
from grpokit.evaluate.paired.comparison import Comparison, Pair
from grpokit.evaluate.paired.pairing import compare
from grpokit.evaluate.runs.run import Run
from grpokit.reports.html import to_html
from grpokit.reports.json_report import to_json
from grpokit.reports.markdown import to_markdown
from grpokit.reports.terminal import print_comparison
from grpokit.reports.training import best_of, claim, origins, seed_changes
from grpokit.reports.units import NUMBERS, PERCENT
from grpokit.tests.reports.conftest import Compared
from grpokit.tests.reports.runs import BASE, HOSTILE, TUNED, write_run
from rich.cells import cell_len
from rich.console import Console

HALF, REST = Part(250, "one half of the test split"), Part(250, "the other half of the test split")
SAME = Part(60, "test split")


def of(comparison: Comparison) -> Pair:
    return comparison.pairs[0]


def shown(comparison: Comparison, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    print_comparison(comparison, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def chosen(compared: Compared, *choices: Choice) -> Comparison:
    return replace(compared.comparison, pairs=(replace(of(compared.comparison), choices=choices),))


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Comparison, list[Run | Arm]]:
    """Three seeds of one recipe against their base."""
    folder = tmp_path_factory.mktemp("seeds")
    base = write_run(folder / "base", BASE)
    runs = [write_run(folder / f"seed-{at}", TUNED._replace(name=f"s{at}", right=0.5 + 0.1 * at)) for at in range(3)]
    arm = Arm("new", tuple(runs))
    return compare([base, arm]), [base, arm]


def test_questions_that_chose_a_checkpoint_stand_in_its_claim(compared: Compared) -> None:
    same = chosen(compared, Choice(40, 12, SAME, SAME, False, 0.0213))
    assert claim(of(same)) == "tuned is better than base, on the very 60 questions that chose it."
    (line,) = origins(of(same), same)
    assert line == (
        "Step 40 was chosen by 12 looks at the same 60 questions that judge it here, which flatters it by up to about "
        "0.021."
    )
    apart = chosen(compared, Choice(40, 12, HALF, REST, True, 0.0213))
    assert claim(of(apart)) == "tuned is better than base."
    assert claim(of(compared.comparison)) == "tuned is better than base."
    nothing = replace(of(same), rewards={name: replace(one, verdict=None) for name, one in of(same).rewards.items()})
    assert "that chose it" not in claim(nothing)


def test_several_seeds_say_once_how_they_were_chosen(compared: Compared) -> None:
    apart = chosen(compared, *(Choice(step, 12, HALF, REST, True, 0.02) for step in (40, 20, 60)))
    assert origins(of(apart), apart) == [
        "In each of 3 seeds a checkpoint (step 20 to 60) was chosen by 12 looks at 250 questions (one half of the test "
        "split); it is judged by 250 questions (the other half of the test split), which no look saw."
    ]
    same = chosen(compared, *(Choice(40, looks, SAME, SAME, False, 0.01 * looks) for looks in (2, 4)))
    assert origins(of(same), same) == [
        "In each of 2 seeds a checkpoint (step 40) was chosen by 2 to 4 looks at the same 60 questions that judge it "
        "here, which flatters it by up to about 0.030."
    ]


def test_one_seed_says_what_it_cannot_know(compared: Compared) -> None:
    lone = replace(compared.comparison, pairs=(replace(of(compared.comparison), lone_seed=True),))
    (line,) = origins(of(lone), lone)
    assert line.startswith("One training seed: the recipe's own luck is in no interval")
    assert origins(of(compared.comparison), compared.comparison) == []


def test_every_report_shows_each_seed_and_how_far_they_lie_apart(seeds: tuple[Comparison, list[Run | Arm]]) -> None:
    comparison, sides = seeds
    model = comparison.model("new")
    assert model.seeds is not None
    base = comparison.model("base").rows()["correctness"].estimate.mean
    assert base is not None
    means = [one.mean or 0.0 for one in model.seeds.means]
    assert [one.change for one in seed_changes(of(comparison), comparison)] == pytest.approx([m - base for m in means])
    terminal, markdown, page = shown(comparison), to_markdown(comparison), to_html(comparison, sides)
    texts = [(" ".join(terminal.split()), NUMBERS), (markdown.replace("\\", ""), NUMBERS), (page, PERCENT)]
    for text, unit in texts:
        assert f"SD between seeds {unit.size(model.seeds.between)}." in text
        for one in seed_changes(of(comparison), comparison, unit):
            assert one.shown in text
    assert terminal.count("seed-") == markdown.count("seed-") == 3
    assert page.count('class="dot"') == 3
    assert "grpo-eval compare base new=seed-0,seed-1,seed-2" in page
    document = to_json(comparison)
    assert [one["arm"] and one["arm"]["between_seeds"] for one in document["models"]] == [None, model.seeds.between]
    assert [one["name"] for one in document["models"][1]["arm"]["seeds"]] == ["seed-0", "seed-1", "seed-2"]
    assert (document["pairs"][0]["choices"], document["pairs"][0]["lone_seed"], document["best_of"]) == (
        [],
        False,
        None,
    )


def test_too_few_seeds_are_told_what_would_do(tmp_path: Path) -> None:
    rights = (0.2, 0.9)
    runs = [
        write_run(tmp_path / f"s{at}", TUNED._replace(name=f"s{at}", right=right)) for at, right in enumerate(rights)
    ]
    comparison = compare([write_run(tmp_path / "base", BASE), Arm("new", tuple(runs))])
    assert "Next: Train more seeds (grpo-train --seeds), or ask more questions." in " ".join(shown(comparison).split())


def test_five_seeds_and_their_verdict_fit_one_screen(tmp_path: Path) -> None:
    base = write_run(tmp_path / "base", BASE)
    runs = [write_run(tmp_path / f"seed-{at}", TUNED._replace(name=f"s{at}")) for at in range(5)]
    lines = shown(compare([base, Arm("new", tuple(runs))])).splitlines()
    verdict = next(at for at, line in enumerate(lines) if line.startswith("IMPROVED"))
    last = max(at for at, line in enumerate(lines) if "seed-4" in line)
    assert last - verdict < 24
    assert max(cell_len(line) for line in lines) <= 80


@pytest.fixture(scope="module")
def twenty(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """A base and twenty checkpoints, of which the last is the best."""
    folder = tmp_path_factory.mktemp("twenty")
    models = [BASE, *(TUNED._replace(name=f"step {at}", right=0.3 + 0.02 * at) for at in range(1, 21))]
    return compare([write_run(folder / f"{at:02}", model) for at, model in enumerate(models)])


def test_the_best_of_twenty_is_on_one_screen_with_its_flattery(twenty: Comparison) -> None:
    assert twenty.best_of is not None
    assert twenty.best_of.flattery is not None
    assert twenty.best_of.models == 20
    sentence = best_of(twenty)
    assert f"The best of 20 by correctness is {twenty.best_of.name}." in sentence
    assert f"flattered by up to about {twenty.best_of.flattery:.3f}" in sentence
    lines = shown(twenty).splitlines()
    table = next(at for at, line in enumerate(lines) if line.split()[:1] == ["model"])
    assert lines[table + 1].split("  ")[1].strip() == twenty.best_of.name  # the table of all begins with it
    assert lines[table + 21].split()[1] == "base"
    assert sum(line.split(":")[0] in set(Verdict) for line in lines) == 1  # one is shown in full
    assert max(map(cell_len, lines)) <= 80
    assert sentence in " ".join(" ".join(lines).split())
    assert sentence.replace("_", "\\_") in to_markdown(twenty)
    assert to_json(twenty)["best_of"] == twenty.best_of._asdict()


def test_one_model_is_the_best_of_nothing(compared: Compared) -> None:
    assert best_of(compared.comparison) == ""


def test_hostile_names_of_seeds_make_no_markup(tmp_path: Path) -> None:
    base = write_run(tmp_path / "base", BASE)
    arm = Arm(f"n{HOSTILE}", tuple(write_run(tmp_path / f"s{at}", TUNED._replace(name=f"s{at}")) for at in range(2)))
    comparison = compare([base, arm])
    assert HOSTILE not in to_html(comparison, [base, arm])
    assert HOSTILE not in to_markdown(comparison)
