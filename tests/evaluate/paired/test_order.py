"""Questions are paired by their ids, whatever order an engine answered them in."""

import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from grpokit.evaluate import Evaluation, Prompt, Run, Sampling, compare, task_record
from grpokit.evaluate.engines import load_engines
from grpokit.evaluate.engines.checkpoint import locate
from grpokit.evaluate.engines.model_path import ModelPath
from grpokit.evaluate.engines.spec import ModelSpec
from grpokit.evaluate.engines.transformers import TransformersEngine
from grpokit.evaluate.paired.table import read_table
from grpokit.rewards import RewardMix
from grpokit.tests.evaluate.stored_runs import write_run
from tokenizers import Regex, Tokenizer, pre_tokenizers

PROMPTS = [
    Prompt(name, text, {"topic": topic})
    for name, text, topic in (
        ("q0", "1234567", "long"),  # seven characters and one number
        ("q1", "what", "short"),
        ("q2", "12345678901", "long"),
        ("q3", "1+2=", "short"),
    )
]
SAMPLING = Sampling(samples=2, temperature=1.0, max_new_tokens=12)


@pytest.fixture(scope="module")
def whole_numbers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo checkpoint with a tokenizer that makes one token of a number, where the demo's makes one per digit."""
    folder = tmp_path_factory.mktemp("checkpoint") / "whole-numbers"
    shutil.copytree(locate(ModelPath("demo")), folder)
    path = str(folder / "tokenizer.json")
    tokenizer = Tokenizer.from_file(path)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"\d+|</?(?:reasoning|answer)>|[\s\S]"), "isolated")
    tokenizer.save(path)
    return folder


def _ask(checkpoint: str, out: Path) -> tuple[Run, list[str]]:
    """Return the run of a model, and the order in which its engine answers."""
    engine = next(load_engines([ModelSpec.parse(checkpoint)]))
    assert isinstance(engine, TransformersEngine)
    record = task_record("four", "length(target=5)", "topic", PROMPTS, "by hand")
    mix = RewardMix.parse("length(target=5)")
    plan = [prompt.id for prompt in engine.plan(PROMPTS, SAMPLING)]
    return Evaluation(record, PROMPTS, SAMPLING, mix).run(engine, out), plan


def _check(demo: str, other: str, folder: Path) -> None:
    """Two models whose engines answer in different orders are compared question by question."""
    (base, order), (tuned, another) = _ask(demo, folder / "base"), _ask(other, folder / "tuned")
    assert order != another, "the engines answer in one order: this test could not fail"
    assert [prompt.id for run in (base, tuned) for prompt in run.asked()] == ["q0", "q1", "q2", "q3"] * 2
    means = [
        {id: np.mean([score.total for score in run.scores() if score.prompt_id == id]) for id in order}
        for run in (base, tuned)
    ]
    changes = {change.prompt_id: (change.base, change.tuned) for change in compare([base, tuned]).pairs[0].changes}
    assert changes == {id: (means[0][id], means[1][id]) for id in order if means[0][id] != means[1][id]}
    assert changes, "the models answer alike: this test could not fail"


def test_two_tokenizers_are_compared(whole_numbers: Path, tmp_path: Path) -> None:
    _check("demo", str(whole_numbers), tmp_path)


def test_another_family_of_models_is_compared(shared: Path, tmp_path: Path) -> None:
    _check("demo", str(shared / "models" / "stories260K"), tmp_path)


SCORES = {
    name: [[float(draw.random() < 0.4) for _ in range(3)] for _ in range(30)]
    for name, draw in (("correctness", random.Random(0)), ("xml_format", random.Random(1)))
}
OTHERS = {name: [row[::-1] if place % 3 else [1.0] * 3 for place, row in enumerate(SCORES[name])] for name in SCORES}


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    clusters = [place // 3 for place in range(30)]
    models = {"base": SCORES, "tuned": OTHERS}
    return [write_run(tmp_path / name, scores, name, clusters=clusters) for name, scores in models.items()]


def _shuffle(folder: Path, *names: str) -> None:
    """Bring the lines of files, each with as many, into one and the same random order."""
    order = random.Random(2)
    files = [(folder / name).read_text().splitlines(keepends=True) for name in names]
    places = order.sample(range(len(files[0])), len(files[0]))
    for name, lines in zip(names, files, strict=True):
        (folder / name).write_text("".join(lines[place] for place in places))


@pytest.mark.parametrize("side", [0, 1])
def test_shuffled_rows_give_the_same_comparison(runs: list[Run], side: int) -> None:
    expected = compare(runs)
    _shuffle(runs[side].path, "completions.jsonl", "scores.jsonl")
    assert compare(runs) == expected


def test_shuffled_prompts_of_the_tuned_model_give_the_same_comparison(runs: list[Run]) -> None:
    expected = compare(runs)
    _shuffle(runs[1].path, "prompts.jsonl")
    assert compare(runs) == expected


def test_shuffled_prompts_of_the_base_change_no_figure(runs: list[Run]) -> None:
    """Nothing may depend on the order of the base's prompts, the parts of the change by factors included."""
    expected = compare(runs).pairs[0]
    _shuffle(runs[0].path, "prompts.jsonl")
    found = compare(runs).pairs[0]
    assert {change.prompt_id: change.delta for change in found.changes} == {
        change.prompt_id: change.delta for change in expected.changes
    }
    for name, difference in expected.rows().items():
        other = found.rows()[name]
        assert (other.delta, other.low, other.high, other.p) == pytest.approx(
            (difference.delta, difference.low, difference.high, difference.p)
        )


def test_a_table_has_the_order_that_it_is_given(runs: list[Run]) -> None:
    own = read_table(runs[0])
    turned = read_table(runs[0], order=own.ids[::-1])
    assert turned.ids == own.ids[::-1]
    turned_means, own_means = (table.values["correctness"].means() for table in (turned, own))
    np.testing.assert_equal(turned_means, own_means[::-1])
    assert turned.clusters is not None
    assert turned.clusters.tolist() == [place // 3 for place in range(30)]  # numbered as they come
