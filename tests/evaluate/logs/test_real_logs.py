"""Real logs give the figures that their tools gave, and the verdicts that the same completions give by another way."""

import json
from pathlib import Path

import pytest
from grpokit.evaluate import Columns, compare, import_completions
from grpokit.evaluate.logs.imports import Grading, import_log
from grpokit.evaluate.logs.log import LogChoice
from grpokit.evaluate.logs.recognition import open_log
from grpokit.files import read_lines
from grpokit.rewards import RewardMix

GSM8K = ("strict-match", "flexible-extract")
SVAMP = ("first-number", "last-number")


@pytest.mark.parametrize("model", ["base", "tuned"])
@pytest.mark.parametrize(
    ("task", "filter"),
    [("mmlu_stem_local", None), *(("gsm8k_local", one) for one in GSM8K), *(("svamp_local", one) for one in SVAMP)],
)
def test_lm_evals_own_figures_row_by_row(
    model: str, task: str, filter: str | None, shared: Path, tmp_path: Path
) -> None:
    folder = shared / "data" / "logs" / "lm_eval" / model
    log = open_log(folder, LogChoice(task=task, filter=filter))
    (run,) = import_log(log, Grading(None), tmp_path / "run")
    (samples,) = folder.glob(f"samples_{task}_*.jsonl")
    said = [line.value for line in read_lines(samples) if filter is None or line.value["filter"] == filter]
    results = json.loads((folder / samples.name.replace(f"samples_{task}", "results")[:-1]).read_text())["results"][
        task
    ]
    means = compare([run]).models[0].rewards
    for metric in said[0]["metrics"]:
        name = f"lm_eval/{metric}" + (f"[{filter}]" if filter else "")
        ours = {score.prompt_id: score.rewards[name].value for score in run.scores()}
        assert ours == {str(row["doc_id"]): row[metric] for row in said}
        assert means[name].estimate.mean == pytest.approx(results[f"{metric},{filter or 'none'}"])


@pytest.mark.parametrize("ending", ["eval", "json"])
def test_inspects_logs_give_the_verdict_of_the_stored_solutions(ending: str, shared: Path, tmp_path: Path) -> None:
    names = ("6b_finetuning", "6b_verification")
    logs = [open_log(shared / f"data/logs/inspect/{name}.{ending}", LogChoice()) for name in names]
    runs = [import_log(log, Grading(None), tmp_path / log.path.stem)[0] for log in logs]
    asked = {int(prompt.id.removeprefix("q")) for prompt in runs[0].asked()}
    rows = [line.value for line in read_lines(shared / "data/gsm8k/solutions_6b.jsonl") if line.value["idx"] in asked]
    stored = tmp_path / "stored.jsonl"
    stored.write_text("".join(json.dumps(row) + "\n" for row in rows))
    columns = Columns("output", reference="gold", model="model", id="idx")
    scored = import_completions(stored, columns, RewardMix.parse("correctness"), "correctness", tmp_path / "scored")
    (by_log,), (by_us,) = compare(runs).pairs, compare(scored).pairs
    assert (by_log.gain.delta, by_log.gain.low, by_log.verdict) == (by_us.gain.delta, by_us.gain.low, by_us.verdict)
    assert (by_log.gain.fixed, by_log.gain.broken, by_log.gain.n) == (by_us.gain.fixed, by_us.gain.broken, 60)
    assert by_log.gain.delta == pytest.approx(0.15)


def test_three_runs_of_verifiers_agree_with_their_metadata(shared: Path, tmp_path: Path) -> None:
    files = sorted((shared / "data/logs/verifiers").glob("*[0-9a-f].jsonl"))
    runs = [import_log(open_log(file, LogChoice()), Grading(None), tmp_path / file.stem)[0] for file in files]
    for file, model in zip(files, compare(runs).models, strict=True):
        said = json.loads((file.parent / f"{file.stem}.metadata.json").read_text())
        assert model.rewards["verifiers/reward"].estimate.mean == pytest.approx(said["avg_reward"])
        assert (model.prompts, model.samples) == (said["num_examples"], said["rollouts_per_example"])
