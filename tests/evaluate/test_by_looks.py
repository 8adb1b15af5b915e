"""Models that are asked in turns, look by look: what is asked, what is left, and how it goes on."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.evaluate import Evaluation, EvaluationError, Prompt, Run, Sampling, compare, task_record
from grpokit.evaluate.by_looks import ask_by_looks
from grpokit.evaluate.engines.replay import ReplayEngine
from grpokit.evaluate.order import shuffled
from grpokit.evaluate.progress import Advance, unwatched
from grpokit.evaluate.types import Row
from grpokit.files import write_lines
from grpokit.rewards import RewardMix

PROMPTS = [Prompt(f"q{n}", "1?", {"reference": "1", "topic": n // 2}) for n in range(200)]


def engine(folder: Path, name: str, right: int) -> ReplayEngine:
    """An engine that answers every ``right``-th question rightly."""
    path = folder / f"{name}.jsonl"
    rows = [Row(one.id, 0, f"#### {int(n % right == 0)}", "eos", 3, None, name, name) for n, one in enumerate(PROMPTS)]
    write_lines(path, (row._asdict() for row in rows))
    return ReplayEngine(name, path)


def evaluation(order: int | None = 3, cluster: str | None = None, count: int = 200) -> Evaluation:
    prompts = PROMPTS[:count] if order is None else shuffled(PROMPTS[:count], cluster, order)
    record = task_record("ones", "correctness", cluster, prompts, "by hand", order=order)
    return Evaluation(record, prompts, Sampling(max_new_tokens=8), RewardMix.parse("correctness"))


def track(what: str, total: int) -> nullcontext[Advance]:
    return nullcontext(unwatched)


def answered(run: Run) -> list[str]:
    return [row.prompt_id for row in run.rows()]


def test_every_look_asks_the_next_questions_of_the_order_and_no_others(tmp_path: Path) -> None:
    engines = [engine(tmp_path, "base", 3), engine(tmp_path, "tuned", 2)]
    folders, asked = [tmp_path / "a", tmp_path / "b"], evaluation()
    order = [prompt.id for prompt in asked.prompts]
    counts = []
    for runs in ask_by_looks(asked, engines, folders, track):
        assert answered(runs[0]) == answered(runs[1]) == order[: len(answered(runs[0]))]
        assert [score.prompt_id for score in runs[1].scores()] == answered(runs[1])
        (pair,) = compare(runs).pairs
        assert pair.gain.n == len(answered(runs[0]))
        counts.append(pair.gain.n)
    assert counts == [50, 100, 200]


def test_clusters_are_asked_whole(tmp_path: Path) -> None:
    engines = [engine(tmp_path, "base", 3), engine(tmp_path, "tuned", 2)]
    runs = next(ask_by_looks(evaluation(cluster="topic"), engines, [tmp_path / "a", tmp_path / "b"], track))
    topics = [int(name[1:]) // 2 for name in answered(runs[0])]
    assert topics[::2] == topics[1::2]
    assert len(topics) == 50


def test_what_stopped_goes_on_to_the_end_with_the_bytes_of_a_run_that_did_not(tmp_path: Path) -> None:
    made = engine(tmp_path, "base", 3)
    next(ask_by_looks(evaluation(), [made, engine(tmp_path, "tuned", 2)], [tmp_path / "a", tmp_path / "b"], track))
    stopped = evaluation().run(made, tmp_path / "a", resume=True)
    whole = evaluation().run(made, tmp_path / "whole")
    for file in ("completions.jsonl", "scores.jsonl", "prompts.jsonl"):
        assert (stopped.path / file).read_bytes() == (whole.path / file).read_bytes()


def test_progress_counts_what_was_there_before(tmp_path: Path) -> None:
    engines = [engine(tmp_path, "base", 3), engine(tmp_path, "tuned", 2)]
    jobs: dict[str, list[int]] = {}

    def watched(what: str, total: int) -> nullcontext[Advance]:
        jobs[what] = [total, 0]

        def advance(count: int, tokens: int = 0) -> None:
            jobs[what][1] += count

        return nullcontext(advance)

    list(ask_by_looks(evaluation(), engines, [tmp_path / "a", tmp_path / "b"], watched))
    assert jobs["base, look 1 of 3"] == jobs["tuned, look 1 of 3"] == [50, 50]
    assert jobs["tuned, look 3 of 3"] == [200, 200]
    list(ask_by_looks(evaluation(), engines, [tmp_path / "a", tmp_path / "b"], watched, resume=True))
    assert jobs["tuned, look 2 of 3"] == [100, 100]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (evaluation(order=None), "its prompts are in the order of the data, no start of which is fair"),
        (evaluation(count=98), "with 98 questions no look has 50 questions before the last one"),
    ],
)
def test_what_cannot_be_looked_at_early_is_refused_before_anything_is_asked(
    tmp_path: Path, asked: Evaluation, said: str
) -> None:
    with pytest.raises(EvaluationError, match=said):
        next(ask_by_looks(asked, [], [tmp_path / "a"], track))
    assert not (tmp_path / "a").exists()


def test_another_order_is_another_run(tmp_path: Path) -> None:
    made = engine(tmp_path, "base", 3)
    evaluation().run(made, tmp_path / "a", first=50)
    with pytest.raises(EvaluationError, match="its task differ"):
        evaluation(order=4).run(made, tmp_path / "a", resume=True)
    assert replace(evaluation().task, order=4) == evaluation(order=4).task
