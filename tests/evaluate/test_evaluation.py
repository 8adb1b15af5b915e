"""The loop with the real demo checkpoint: journalled, killed, resumed, and never mixed up with another run."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from grpokit.commands.eval import main
from grpokit.evaluate import (
    EvaluationError,
    Prompt,
    Request,
    Run,
    Sampling,
    compare,
    find_runs,
    load_task,
    rescore,
    task_record,
)
from grpokit.evaluate.engines.transformers import TransformersEngine
from grpokit.evaluate.runs.journal import Batches, read_batches
from grpokit.evaluate.runs.shards import Shard
from grpokit.files import write_lines
from grpokit.rewards import RewardMix
from grpokit.tests.evaluate.demo_evaluation import LIMIT, evaluation


def test_a_run_holds_what_was_asked_and_answered(whole: Run) -> None:
    rows, scores = list(whole.rows()), list(whole.scores())
    assert len(rows) == len(scores) == LIMIT * 4
    assert [(row.prompt_id, row.sample) for row in rows] == [(score.prompt_id, score.sample) for score in scores]
    assert {row.weights for row in rows} == {whole.manifest.weights}
    assert {prompt.id for prompt in whole.asked()} == {
        prompt.id for prompt in load_task("arithmetic").prompts(limit=LIMIT)
    }
    assert whole.manifest.sampling is not None
    assert whole.manifest.sampling["samples"] == 4


def test_scores_are_what_the_rewards_say(whole: Run) -> None:
    mix = RewardMix.parse(load_task("arithmetic").rewards)
    references = {prompt.id: prompt.columns["reference"] for prompt in whole.asked()}
    for row, score in zip(whole.rows(), whole.scores(), strict=True):
        reference = references[row.prompt_id]
        expected = mix.score(completions=[row.text], reference=[reference])
        assert {name: judged.value for name, judged in score.rewards.items()} == {
            name: values[0] for name, values in expected.rewards.items()
        }
        assert score.total == expected.total[0]


class Killed(Exception):
    """Stands for the end of a process."""


@pytest.fixture(scope="module")
def journal(engine: TransformersEngine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that was killed after its last row was written, and before anything else was."""
    out, finished = tmp_path_factory.mktemp("journal") / "run", 0

    def advance(count: int, tokens: int = 0) -> None:
        nonlocal finished
        finished += count
        if finished == LIMIT * 4:
            raise Killed

    with pytest.raises(Killed):
        evaluation().run(engine, out, advance=advance)
    return out


def test_a_finished_run_is_in_the_order_of_its_data_and_its_journal_in_the_engines(whole: Run, journal: Path) -> None:
    asked = [prompt.id for prompt in load_task("arithmetic").prompts(limit=LIMIT)]
    planned = [row.prompt_id for row in Run.open(journal).rows()]
    assert planned != sorted(planned, key=asked.index)  # the plan is another order, or this test could not fail
    assert [prompt.id for prompt in whole.asked()] == asked
    assert [(row.prompt_id, row.sample) for row in whole.rows()] == [
        (id, sample) for id in asked for sample in range(4)
    ]


@pytest.mark.parametrize("kept", [0, 1, 7, 30, LIMIT * 4])
def test_a_resumed_run_equals_an_uninterrupted_one(
    engine: TransformersEngine, whole: Run, journal: Path, tmp_path: Path, kept: int
) -> None:
    out = tmp_path / "run"
    shutil.copytree(journal, out)
    lines = (out / "completions.jsonl").read_bytes().splitlines(keepends=True)
    torn = lines[kept][:20] if kept < len(lines) else b""
    (out / "completions.jsonl").write_bytes(b"".join(lines[:kept]) + torn)
    evaluation().run(engine, out, resume=True)
    for name in ("completions.jsonl", "scores.jsonl", "prompts.jsonl"):
        assert (out / name).read_bytes() == (whole.path / name).read_bytes()


def test_a_finished_run_is_resumed_without_a_change(engine: TransformersEngine, whole: Run, tmp_path: Path) -> None:
    out = tmp_path / "run"
    shutil.copytree(whole.path, out)
    (out / "scores.jsonl").unlink()
    evaluation().run(engine, out, resume=True)
    for path in whole.path.iterdir():
        assert (out / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("kept", [5, LIMIT * 4])
def test_a_run_of_an_earlier_version_keeps_the_order_of_its_prompts(
    engine: TransformersEngine, whole: Run, journal: Path, tmp_path: Path, kept: int
) -> None:
    """Earlier versions wrote the prompts in the order of the plan, and a finished run stayed in it."""
    out = tmp_path / "run"
    shutil.copytree(journal, out)
    lines = (out / "completions.jsonl").read_bytes().splitlines(keepends=True)
    planned = list(dict.fromkeys(row.prompt_id for row in Run.open(out).rows()))
    prompts = {prompt.id: prompt for prompt in whole.asked()}
    write_lines(out / "prompts.jsonl", (prompts[id]._asdict() for id in planned))
    (out / "completions.jsonl").write_bytes(b"".join(lines[:kept]))
    old = evaluation().run(engine, out, resume=True)
    assert (out / "completions.jsonl").read_bytes() == b"".join(lines)
    new_first, old_first = compare([whole, old]).pairs[0], compare([old, whole]).pairs[0]
    for pair in (new_first, old_first):
        assert (pair.gain.n, pair.gain.delta, pair.gain.broken, pair.changes) == (LIMIT, 0.0, 0, ())


def test_an_unfinished_run_is_scored_as_far_as_it_is(journal: Path, whole: Run, tmp_path: Path) -> None:
    shutil.copytree(journal, tmp_path / "run")
    path = tmp_path / "run" / "completions.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:6]))
    task = load_task("arithmetic")
    half = rescore(Run.open(tmp_path / "run"), RewardMix.parse(task.rewards), task.primary, tmp_path / "scored")
    totals = {(score.prompt_id, score.sample): score.total for score in whole.scores()}
    assert [totals[score.prompt_id, score.sample] for score in half.scores()] == [
        score.total for score in half.scores()
    ]
    assert len(list(half.scores())) == 6


SCRIPT = """
import sys
from grpokit.commands.eval import main
sys.exit(main(sys.argv[1:]))
"""


def test_field_3_a_killed_process_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    asked = ["run", "--task", "arithmetic", "--model", "demo", "--limit", "12", "--batch-size", "2"]
    assert main([*asked, "--out", str(tmp_path / "whole")]) == 0
    killed = tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *asked, "--out", str(killed)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    journal = killed / "completions.jsonl"
    deadline = time.monotonic() + 60
    while not (journal.exists() and journal.stat().st_size > 2_000) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    kept = journal.read_bytes()
    assert 0 < len(kept) < (tmp_path / "whole" / "completions.jsonl").stat().st_size
    assert main([*asked, "--out", str(killed), "--resume"]) == 0
    assert journal.read_bytes() == (tmp_path / "whole" / "completions.jsonl").read_bytes()


def test_a_process_killed_before_its_first_row_is_resumed(
    engine: TransformersEngine, whole: Run, tmp_path: Path
) -> None:
    shutil.copy(whole.path / "manifest.json", tmp_path)
    (tmp_path / ".prompts.jsonl.123.tmp").write_text("torn")
    evaluation().run(engine, tmp_path, resume=True)
    for name in ("completions.jsonl", "scores.jsonl", "prompts.jsonl"):
        assert (tmp_path / name).read_bytes() == (whole.path / name).read_bytes()


def test_what_a_process_left_before_its_manifest_is_in_nobodys_way(engine: TransformersEngine, tmp_path: Path) -> None:
    (tmp_path / ".manifest.json.123.tmp").write_text("torn")
    assert evaluation(limit=1).run(engine, tmp_path).manifest.task.prompts == 1


def test_field_5_the_batches_that_memory_held_are_recorded(
    engine: TransformersEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = engine.base.model.generate

    def scarce(**inputs: torch.Tensor) -> torch.Tensor:
        if len(inputs["input_ids"]) > 4:
            raise torch.OutOfMemoryError("out of memory")
        return real(**inputs)

    monkeypatch.setattr(engine.base.model, "generate", scarce)
    run = evaluation(limit=2).run(replace(engine, batch_size=16), tmp_path / "run")
    assert list(read_batches(run.path)) == [Batches(process=0, row=0, rows=4)]


def test_a_folder_that_holds_a_run_is_refused(engine: TransformersEngine, whole: Run) -> None:
    with pytest.raises(EvaluationError, match="give --resume to finish it, or another --out"):
        evaluation().run(engine, whole.path)


def test_a_folder_with_other_files_is_refused(engine: TransformersEngine, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(EvaluationError, match="is not empty and holds no run"):
        evaluation().run(engine, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_ids_that_come_twice_are_refused() -> None:
    with pytest.raises(EvaluationError, match="id '1' comes twice"):
        task_record("t", "correctness", None, [Prompt("1", "a", {}), Prompt("1", "b", {})], "here")


def test_no_prompts_are_refused() -> None:
    with pytest.raises(EvaluationError, match="has no prompts"):
        task_record("t", "correctness", None, [], "here")


def test_the_prompts_order_does_not_change_the_task() -> None:
    prompts = [Prompt(str(index), "q", {}) for index in range(5)]
    first = task_record("t", "correctness", None, prompts, "here")
    assert task_record("t", "correctness", None, prompts[::-1], "here") == first
    changed = [*prompts[:4], Prompt("4", "q", {"reference": "7"})]
    assert task_record("t", "correctness", None, changed, "here").fingerprint != first.fingerprint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "holds no run"),
        ("{", "not readable JSON"),
        ("[" * 100_000, "not readable JSON"),
        ("[]", "has no 'schema'"),
        ('{"schema": 99}', "has schema 99"),
        ('{"schema": 1}', "not a manifest of a run"),
    ],
)
def test_foreign_manifests_are_told(tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(EvaluationError, match=said):
        find_runs([tmp_path])


@pytest.mark.parametrize("key", ["model", "engine", "environment", "created"])
def test_a_manifest_of_foreign_values_is_told(whole: Run, tmp_path: Path, key: str) -> None:
    values = json.loads((whole.path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**values, key: 3}))
    with pytest.raises(EvaluationError, match=f"is not a manifest of a run: {key} is 3"):
        find_runs([tmp_path])


def test_foreign_rows_are_told_by_line(whole: Run, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text((whole.path / "manifest.json").read_text())
    (tmp_path / "completions.jsonl").write_text(json.dumps({"prompt": "a"}) + "\n")
    with pytest.raises(EvaluationError, match=r"completions.jsonl, line 1: not a row of a run"):
        list(Run.open(tmp_path).rows())


def test_sampling_settings_come_from_the_card_unless_overridden() -> None:
    task = load_task("arithmetic")
    assert task.sampling(samples=None, temperature=0.5) == Sampling(4, 0.5, max_new_tokens=32)


def test_two_processes_write_what_one_writes(whole: Run, two_processes: list[str], tmp_path: Path) -> None:
    asked = ["run", "--task", "arithmetic", "--model", "demo", "--limit", f"first:{LIMIT}"]
    asked += ["--out", str(tmp_path / "two")]
    launch = [*two_processes, "-m", "grpokit.commands.eval", *asked]
    done = subprocess.run(launch, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("runs:") == 1, "only the first process reports"
    two = Run.open(tmp_path / "two")
    assert {batches.process for batches in read_batches(two.path)} == {0, 1}
    assert [row.text for row in two.rows()] == [row.text for row in whole.rows()]
    assert [score.total for score in two.scores()] == [score.total for score in whole.scores()]
    assert sorted(path.name for path in two.path.iterdir()) == sorted(path.name for path in whole.path.iterdir())


def test_another_number_of_processes_cannot_take_over(tmp_path: Path) -> None:
    (tmp_path / "completions-0-of-2.jsonl").touch()
    with pytest.raises(EvaluationError, match="was begun by 2 process"):
        Shard(0, 3).check_resumable(tmp_path)
    Shard(1, 2).check_resumable(tmp_path)


def test_shards_share_all_rows_and_merge_in_order(tmp_path: Path) -> None:
    requests = [Request(Prompt(str(number), "q", {}), 0) for number in range(7)]
    for rank in range(3):
        shard = Shard(rank, 3)
        shard.journal(tmp_path).write_text("".join(f"{r.prompt.id}\n" for r in shard.share(requests)))
    Shard(0, 3).merge(tmp_path)
    assert (tmp_path / "completions.jsonl").read_text() == "".join(f"{number}\n" for number in range(7))
    assert [path.name for path in tmp_path.iterdir()] == ["completions.jsonl"]
