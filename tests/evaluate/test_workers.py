"""Scores that several processes make are those that one makes, byte for byte, and so are the faults."""

from __future__ import annotations

import gc
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from grpokit.errors import GrpokitError
from grpokit.evaluate import scoring
from grpokit.evaluate.runs.run import Run
from grpokit.evaluate.scoring import BLOCK, ScoringJob, score_run
from grpokit.evaluate.workers import RARELY, Workers, cores
from grpokit.files import read_lines, write_lines
from grpokit.rewards import RewardMix
from grpokit.rewards.answers import verifier
from grpokit.rewards.fault_isolation import Calls
from grpokit.tests.evaluate.stored_runs import write_run

QUESTIONS, SAMPLES = 900, 4  # in four blocks
MIX = "correctness=1,gate(xml_format,conciseness)=0.5,repetition"
SAME = "with the same command.\n"
PICKY = f"correctness,{__name__}:picky"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    values = [[0.0] * SAMPLES] * QUESTIONS
    texts = [[f"<answer>{(q * s) % 7}</answer>" + " so" * (q % 5) for s in range(SAMPLES)] for q in range(QUESTIONS)]
    made = write_run(tmp_path / "run", {"correctness": values}, texts=texts)
    rows = [line.value for line in read_lines(made.path / "completions.jsonl")]
    rows[BLOCK + 1]["finish_reason"] = "missing"
    write_lines(made.path / "completions.jsonl", rows)
    prompts = [line.value | {"columns": {"answer": "6"}} for line in read_lines(made.path / "prompts.jsonl")]
    prompts[7]["columns"]["answer"] = None
    write_lines(made.path / "prompts.jsonl", prompts)
    return made


def scored(run: Run, mix: str, workers: int | None) -> tuple[bytes | None, str, list[str], list[int]]:
    """Return the scores, the error, the notes and the progress."""
    notes: list[str] = []
    steps: list[int] = []
    path = run.path / "scores.jsonl"
    path.unlink(missing_ok=True)
    try:
        score_run(
            run, RewardMix.parse(mix), lambda count, tokens=0: steps.append(count), Calls(None, notes.append, workers)
        )
    except GrpokitError as error:
        return None, str(error), notes, steps
    return path.read_bytes(), "", notes, steps


def test_several_processes_write_the_same_bytes(run: Run) -> None:
    alone = scored(run, MIX, 1)
    assert alone[0] is not None
    assert sum(alone[3]) == QUESTIONS * SAMPLES
    assert scored(run, MIX, 3) == alone


@pytest.mark.parametrize(
    ("line", "change"),
    [
        (2 * BLOCK + 9, '{"torn'),  # after two whole blocks
        (2 * BLOCK + 9, '{"prompt_id": "q900", "sample": 0, "text": "a stranger\'s"}'),
        (5, '{"prompt_id": "q1", "sample": 0, "text": 7}'),
        (QUESTIONS * SAMPLES - 1, '{"prompt_id": "q0", "sample": 0, "text": "again"}'),
    ],
)
def test_a_fault_in_a_row_is_reported_as_by_one_process(run: Run, line: int, change: str) -> None:
    path = run.path / "completions.jsonl"
    lines = path.read_text().splitlines()
    lines[line] = change
    path.write_text("\n".join(lines) + "\n")
    alone = scored(run, MIX, 1)
    assert f"line {line + 1}" in alone[1]
    assert scored(run, MIX, 2) == alone
    assert not (run.path / "scores.jsonl").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_row_whose_line_says_two_ids_is_no_answer_to_the_first(run: Run, workers: int) -> None:
    path = run.path / "completions.jsonl"
    lines = path.read_text().splitlines()
    lines[5] = lines[5].removesuffix("}") + ', "prompt_id": "q7"}'  # of which parsers take the last
    path.write_text("\n".join(lines) + "\n")
    assert "answers 'q7' where prompts.jsonl does not ask it" in scored(run, MIX, workers)[1]


def picky(completions: list[str], **columns: object) -> list[float]:
    """A reward that fails on some texts; as no built-in one does, it is let into the processes."""
    if any("!" in text for text in completions):
        raise ValueError("no shouting")
    return [1.0] * len(completions)


@pytest.mark.parametrize("failing", [3, 40])  # within the budget, and beyond it
def test_failures_of_a_reward_are_counted_as_by_one_process(
    run: Run, failing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [line.value for line in read_lines(run.path / "completions.jsonl")]
    for row in rows[3 * BLOCK : 3 * BLOCK + failing]:
        row["text"] += "!"
    write_lines(run.path / "completions.jsonl", rows)
    monkeypatch.setattr(scoring, "_processes", lambda run, mix, workers: workers)
    alone = scored(run, PICKY, 1)
    assert len(alone[2]) == (2 if failing == 3 else 1)  # on the first failure, and on how many there were
    assert ("failure 36 in 3599 completions" in alone[1]) is (failing == 40)
    assert scored(run, PICKY, 2) == alone


@pytest.mark.parametrize(
    ("mix", "spreads"),
    [
        (MIX, True),
        ("correctness,textwrap:wrap", False),  # another's code
        ("gate(textwrap:wrap,xml_format)", False),
        ("correctness,semantic_similarity", False),  # a model that each process would load
        ("gate(xml_format,summary_quality)", False),
        ("reward_model(model=org/judge)", False),
    ],
)
def test_which_mixes_are_spread(run: Run, mix: str, spreads: bool) -> None:
    assert scoring._processes(run, RewardMix.parse(mix), 3) == (3 if spreads else 1)


@pytest.mark.parametrize(("many", "spreads"), [(QUESTIONS * SAMPLES, True), (QUESTIONS * SAMPLES + 1, False)])
def test_large_runs_are_spread_unasked(run: Run, monkeypatch: pytest.MonkeyPatch, many: int, spreads: bool) -> None:
    monkeypatch.setattr("grpokit.evaluate.workers.MANY", many)
    assert scoring._processes(run, RewardMix.parse(MIX), None) == (cores() if spreads else 1)


def test_what_a_killed_process_leaves_is_done_here(run: Run) -> None:
    alone = scored(run, MIX, 1)[0]
    mix = RewardMix.parse(MIX)
    blocks = list(scoring._blocks(run.stored()))
    with Workers(2, ScoringJob(run, mix, 2)) as workers:
        lines, undone = b"", 0
        for block, result in workers.map(iter(blocks * 3)):
            if result is None:
                undone += 1
                result = scoring.score_block(run, block, scoring.GuardedMix(mix))
            lines += result.lines
            workers._processes[0].kill()
    assert alone is not None
    assert lines == alone * 3
    assert undone > 0


def test_garbage_is_collected_rarely_for_as_long_as_they_work(run: Run) -> None:
    before = gc.get_threshold()
    with Workers(1, ScoringJob(run, RewardMix.parse(MIX), 1)):
        assert gc.get_threshold() == RARELY
    assert gc.get_threshold() == before


def test_where_no_process_can_start_all_is_done_here(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = scored(run, MIX, 1)
    monkeypatch.setattr("grpokit.rewards.child_process.sys.executable", str(run.path / "nothing"))
    assert scored(run, MIX, 2) == alone


def test_the_verifiers_of_several_processes_share_the_processors(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setattr(scoring, "cores", lambda: 8)
    assert [ScoringJob(run, RewardMix.parse(MIX), count).verifiers for count in (1, 3, 20)] == [8, 2, 1]
    pool = verifier._Pool()
    monkeypatch.setattr(verifier, "_pool", pool)
    verifier.limit_processes(1)
    pairs = [verifier.Pair(rf"\sqrt{{{n}}}x", "y") for n in (2, 3, 5)]
    assert [verdict.equal for verdict in verifier.settle(pairs, 60.0)] == [False] * 3
    assert len(pool._workers) == 1
    pool.close()


def test_a_block_whose_verifier_failed_is_left_to_the_parent(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    job = ScoringJob(run, RewardMix.parse(MIX), 1)
    block = next(scoring._blocks(run.stored()))
    assert job.done(block) is not None
    totals = iter([verifier.VerifierCounts(failed=3), verifier.VerifierCounts(failed=4)])
    monkeypatch.setattr(verifier, "counts", lambda: next(totals))
    assert job.done(block) is None


def children(parent: int) -> set[int]:
    listed = Path(f"/proc/{parent}/task/{parent}/children")
    paths = listed.parent.parent.glob("*/children") if listed.exists() else []
    return {int(number) for path in paths for number in path.read_text().split()}


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_the_processes_end_with_their_parent(tmp_path: Path, number: signal.Signals, status: int) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps({"completion": "a b c d " * 50, "gold": "7"}) + "\n" for n in range(60_000)))
    command = [sys.executable, "-m", "grpokit.commands.eval", "score", str(source), "--workers", "2"]
    command += ["--reference-column", "gold", "--out", str(tmp_path / "out")]
    command += ["--rewards", "correctness=1,cot_clarity=1,repetition=1"]  # enough to do until the signal is there
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while len(started := children(process.pid)) < 2:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == status
    assert said == (
        ""
        if status == -9
        else f"grpo-eval: interrupted; nothing is in {tmp_path / 'out'} yet, so start again with the same command.\n"
    )
    while any(map(alive, started)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
