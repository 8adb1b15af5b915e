"""The evaluation in a model card: what the hub reads, what people read, and what stays."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.commands.report import main
from grpokit.evaluate.paired.pairing import compare
from grpokit.reports.model_card import BEGIN, CardError, write_card
from grpokit.tests.reports.conftest import Compared
from grpokit.tests.reports.runs import BASE, TUNED, write_run
from huggingface_hub import ModelCard


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    """An adapter's folder, without a card."""
    folder = tmp_path / "my-adapter"
    folder.mkdir()
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "org/base"}')
    return folder


def test_metadata_has_each_reward_with_its_paired_change(adapter: Path, compared: Compared) -> None:
    data = ModelCard.load(write_card(adapter, compared.comparison, compared.runs)).data
    pair = compared.comparison.pairs[0]
    results = {result.metric_type: result for result in data.eval_results}
    assert list(results) == [*pair.rewards, "total"]
    tuned = compared.comparison.models[1].rewards["correctness"].estimate.mean
    assert tuned is not None
    assert results["correctness"].metric_value == pytest.approx(tuned, abs=1e-6)
    assert results["correctness"].metric_args["change"] == pytest.approx(pair.rewards["correctness"].delta, abs=1e-6)
    assert results["correctness"].metric_args["samples"] == 4
    assert data.base_model == "org/base"
    assert data.model_name == "my-adapter"


def test_text_of_a_person_stays_and_the_evaluation_is_written_anew(adapter: Path, compared: Compared) -> None:
    card = adapter / "README.md"
    card.write_text("---\nlicense: mit\ntags: [grpo]\n---\n\n# Mine\n\nBefore.\n")
    write_card(adapter, compared.comparison, compared.runs)
    first = card.read_text()
    write_card(adapter, compared.comparison, compared.runs)
    assert card.read_text() == first
    assert first.count(BEGIN) == 1
    assert first.index("# Mine") < first.index("Before.") < first.index("IMPROVED")
    assert ModelCard.load(card).data.license == "mit"


def test_results_on_another_task_stay(adapter: Path, compared: Compared, tmp_path: Path) -> None:
    write_card(adapter, compared.comparison, compared.runs)
    others = [write_run(tmp_path / "runs" / one.name, one, questions=8, task="products") for one in (BASE, TUNED)]
    write_card(adapter, compare(others), others)
    results = ModelCard.load(adapter / "README.md").data.eval_results
    assert [result.dataset_name for result in results] == ["sums"] * 4 + ["products"] * 4


LOCAL = ["FOLDER", "/somewhere/base", "None"]


@pytest.mark.parametrize("base", LOCAL)
def test_base_that_is_no_hub_id_is_not_in_the_metadata(
    adapter: Path, compared: Compared, tmp_path: Path, base: str
) -> None:
    name = str(tmp_path) if base == "FOLDER" else base
    (adapter / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": name}))
    card = write_card(adapter, compared.comparison, compared.runs)
    assert "base_model" not in card.read_text()
    assert name not in card.read_text()


def test_pair_is_the_one_whose_adapter_lies_in_the_folder(adapter: Path, compared: Compared, tmp_path: Path) -> None:
    third = write_run(tmp_path / "third", TUNED._replace(name="third", right=0.5))
    engine = {**third.manifest.engine, "adapter": str(adapter)}
    runs = [*compared.runs, replace(third, manifest=replace(third.manifest, engine=engine))]
    comparison = compare(runs)
    text = write_card(adapter, comparison, runs).read_text()
    assert "third is better than base" in text
    assert "tuned" not in text
    with pytest.raises(CardError, match="compared here: tuned, third"):
        write_card(adapter, comparison, [*compared.runs, third])


def test_step_of_a_training_run_is_known_by_its_weights(adapter: Path, compared: Compared, tmp_path: Path) -> None:
    from grpokit.evaluate.demo import checkpoint_path
    from grpokit.evaluate.engines.checkpoint import fingerprint

    (adapter / "adapter_model.safetensors").write_bytes(b"weights of step 20")
    kept = fingerprint(checkpoint_path(), adapter)
    runs = [compared.runs[0]]
    for step, weights in ((10, "other"), (20, kept), (30, "another")):
        run = write_run(tmp_path / f"step-{step}", TUNED._replace(name=f"step {step}"))
        engine = {**run.manifest.engine, "checkpoint": str(checkpoint_path()), "adapter": str(adapter)}
        runs.append(replace(run, manifest=replace(run.manifest, engine=engine, weights=weights)))
    text = write_card(adapter, compare(runs), runs).read_text()
    assert "step 20 is better than base" in text
    assert "step 10" not in text
    assert "step 30" not in text


def test_hostile_names_make_no_markup(adapter: Path, hostile: Compared) -> None:
    card = write_card(adapter, hostile.comparison, hostile.runs)
    assert "<img" not in card.read_text().split("---")[2].replace("\\<img", "")
    assert ModelCard.load(card).data.eval_results


MISTAKES = [
    ("", None, "no model there"),
    ("adapter_config.json", "---\n- a list\n---\n", "cannot read the card"),
    ("adapter_config.json", "---\nmodel-index: 7\n---\n", "cannot read the card"),
    ("adapter_config.json", "---\n{: {\n---\n", "cannot read the card"),
]


@pytest.mark.parametrize(("file", "card", "message"), MISTAKES)
def test_mistake_is_one_line_and_the_card_stays(
    tmp_path: Path, compared: Compared, capsys: pytest.CaptureFixture[str], file: str, card: str | None, message: str
) -> None:
    if file:
        (tmp_path / file).write_text("{}")
    if card is not None:
        (tmp_path / "README.md").write_text(card)
    status = main([*(str(run.path) for run in compared.runs), "--card", str(tmp_path)])
    assert status == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not card or (tmp_path / "README.md").read_text() == card


def test_command_writes_the_card(adapter: Path, compared: Compared, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*(str(run.path) for run in compared.runs), "--card", str(adapter)]) == 0
    assert f"card: {adapter / 'README.md'}" in capsys.readouterr().err
    assert "IMPROVED" in (adapter / "README.md").read_text()
