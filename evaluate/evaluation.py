"""The evaluation loop: prompts -> plan -> engine -> journal -> scores, in a run directory that can be resumed.

An engine answers in the order that suits it (its plan), and the journal grows in that order. A finished run is in the
order of its prompts, whatever the engine, so that the runs of any two models can be laid side by side.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..files import write_lines
from ..locks import locked
from ..rewards import RewardMix
from ..rewards.fault_isolation import UNWATCHED, Calls
from .environment import environment
from .progress import Advance, unwatched
from .redaction import without_secrets
from .runs.journal import BatchRecord, Journal, owed, settle
from .runs.manifest import Manifest, TaskRecord, prompt_digest, prompts_fingerprint
from .runs.run import Run
from .runs.shards import Shard
from .scoring import mix_record, score_run, try_mix
from .types import Engine, EvaluationError, Prompt, Request, Sampling

OF_THE_TEXT = ("kind", "dtype", "quantization", "attention", "template", "template_arguments", "prompt_tokens")
"""What an engine says that a text depends on: rows made another way are not the same run's."""


MOST_COMPLETIONS = 100_000_000
"""Completions of one run, whose requests are in memory at once."""


@dataclass(frozen=True)
class Evaluation:
    """What is asked of every model: the same prompts, settings and rewards; ``calls`` says how these are called."""

    task: TaskRecord
    prompts: Sequence[Prompt]
    sampling: Sampling
    mix: RewardMix
    calls: Calls = UNWATCHED

    def run(
        self,
        engine: Engine,
        out: Path,
        *,
        resume: bool = False,
        advance: Advance = unwatched,
        first: int | None = None,
    ) -> Run:
        """Evaluate one model into the directory ``out`` and return the run.

        With ``resume`` a run that was cut short is finished: rows that are there are kept. ``first`` asks only so many
        of the prompts, in their order; the rest may be asked later by resuming. Raises :class:`EvaluationError` when
        ``out`` holds another run, and :class:`~grpokit.files.FileError` when another process writes into it.
        """
        self.check()
        plan = engine.plan(self.prompts, self.sampling)
        shard = Shard.current()
        with locked(out) if shard.first else nullcontext():
            if shard.first:
                self._begin(engine, out, resume)
            shard.wait()
            self._generate(engine, plan, out, shard, advance, {prompt.id for prompt in self.prompts[:first]})
            run = Run.open(out)
            if shard.first:
                settle(out / "completions.jsonl", run.asked())
                score_run(run, self.mix, calls=self.calls)
            shard.wait()
        return run

    def check(self) -> None:
        """Refuse what needs no model to be seen.

        Raises :class:`EvaluationError` for more completions than a run can hold, and
        :class:`~grpokit.rewards.text.RewardError` for a reward that cannot judge these prompts.
        """
        prompts, samples = len(self.prompts), self.sampling.samples
        if prompts * samples > MOST_COMPLETIONS:
            raise EvaluationError(
                f"{prompts:,} prompts x {samples:,} samples are more completions than one run holds "
                f"({MOST_COMPLETIONS:,}); give fewer samples or prompts."
            )
        try_mix(self.mix, self.prompts[0], [], self.task.reference, self.calls)

    def check_out(self, out: Path, *, resume: bool, engine: Engine | None = None) -> None:
        """Raise :class:`EvaluationError` when ``out`` holds anything but this very run, to ``resume``.

        Without the engine, which may take long to load, this is all that is compared but the model.
        """
        if not (out / "manifest.json").exists():
            check_free(out)
            return
        old = Run.open(out).manifest
        if not resume:
            raise EvaluationError(f"{out} holds a run of {old.model!r}; give --resume to finish it, or another --out.")
        asked = {"task": self.task, "mix": mix_record(self.mix), "sampling": self.settings}
        differing = [name for name, value in asked.items() if getattr(old, name) != value]
        if engine is not None:
            said = engine.describe()
            if old.weights != engine.weights:
                if "fingerprint" in said and "fingerprint" not in old.engine:
                    raise EvaluationError(
                        f"{out} was begun by an earlier version, whose fingerprint of the weights left out their "
                        "settings, so nothing says that these are the same; it can be compared and scored, not "
                        "finished: give another --out."
                    )
                differing.insert(0, "weights")
            differing += [name for name in OF_THE_TEXT if old.engine.get(name) != said.get(name)]
        if differing:
            raise EvaluationError(
                f"{out} holds another run: its {' and '.join(differing)} differ from what is asked now; give another "
                "--out."
            )

    def _begin(self, engine: Engine, out: Path, resume: bool) -> None:
        self.check_out(out, resume=resume, engine=engine)
        if not (out / "manifest.json").exists():
            claim(out)
            self._manifest(engine).write(out)
        if not (out / "prompts.jsonl").exists():  # a process killed right after the manifest left none
            write_lines(out / "prompts.jsonl", (prompt._asdict() for prompt in self.prompts))

    @property
    def settings(self) -> dict[str, Any]:
        """How completions are drawn, as a manifest keeps it.

        That something is generated, and that the chat template has no arguments, goes without saying.
        """
        settings: dict[str, Any] = json.loads(json.dumps(asdict(self.sampling)))
        unsaid = [name for name in ("likelihood", "template") if not settings[name]]
        return {name: value for name, value in settings.items() if name not in unsaid}

    def _generate(
        self,
        engine: Engine,
        plan: Sequence[Prompt],
        out: Path,
        shard: Shard,
        advance: Advance,
        asked: Collection[str],
    ) -> None:
        """Generate what is owed of the prompts whose ids are ``asked``; the journal may hold others of the plan."""
        requests = [Request(prompt, sample) for prompt in plan for sample in range(self.sampling.samples)]
        wanted = len(asked) * self.sampling.samples
        if not _only(asked, owed(out / "completions.jsonl", requests, engine.weights)):
            advance(wanted)
            return
        shard.check_resumable(out)
        mine = shard.share(requests)
        path = shard.journal(out)
        left = _only(asked, owed(path, mine, engine.weights))
        done = len(_only(asked, mine)) - len(left)
        advance(done)
        batches = BatchRecord(out, shard.rank, done)
        with Journal(path) as journal:
            for rows in engine.generate(left, self.sampling, lambda tokens: advance(0, tokens)):
                journal.append(rows)
                batches.add(len(rows))
                advance(len(rows))
        shard.wait()
        if shard.first:
            shard.merge(out)

    def _manifest(self, engine: Engine) -> Manifest:
        return Manifest(
            model=engine.name,
            weights=engine.weights,
            task=self.task,
            mix=mix_record(self.mix),
            sampling=self.settings,
            engine=engine.describe(),
            environment=environment(),
            command=command_line(),
            created=now(),
        )


def _only(asked: Collection[str], requests: Sequence[Request]) -> list[Request]:
    return [request for request in requests if request.prompt.id in asked]


def task_record(
    name: str,
    primary: str,
    cluster: str | None,
    prompts: Sequence[Prompt],
    source: str,
    reference: str | None = None,
    order: int | None = None,
) -> TaskRecord:
    """Describe a task for the manifest; ``reference`` is the data's own name of the reference's column.

    ``order`` is the seed of the random order that the prompts are in, None where it is that of the data.

    Raises :class:`EvaluationError` for no prompts or an id that comes twice.
    """
    if not prompts:
        raise EvaluationError(f"task {name!r} has no prompts: its data is empty, or the filter keeps no row.")
    seen: set[str] = set()
    for prompt in prompts:
        if prompt.id in seen:
            raise EvaluationError(f"id {prompt.id!r} comes twice in the data: name a column of unique ids.")
        seen.add(prompt.id)
    fingerprint = prompts_fingerprint(map(prompt_digest, prompts))
    return TaskRecord(name, primary, cluster, fingerprint, len(prompts), source, reference, order)


def require_clusters(values: Collection[object], column: str, where: str) -> None:
    """Raise :class:`EvaluationError` where a cluster column has one value: one cluster has no error of its mean."""
    if len(set(map(str, values))) < 2:
        raise EvaluationError(
            f"{where}: column {column!r} has one value, so all questions are one cluster, and nothing can be said of "
            "the error; give --cluster-column a column that tells groups of questions apart, or leave it out."
        )


def claim(out: Path) -> None:
    """Make the directory ``out``, or take an empty one; never write among a user's other files."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EvaluationError(f"cannot write into {out}: {error.strerror}.") from None
    check_free(out)


def check_free(out: Path) -> None:
    """Raise :class:`EvaluationError` for a directory that holds anything but what is ours and temporary."""
    try:
        occupied = any(not re.fullmatch(r"\.lock|\..*\.tmp", path.name) for path in out.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise EvaluationError(f"cannot write into {out}: {error.strerror}.") from None
    if occupied:
        raise EvaluationError(f"{out} is not empty and holds no run that could be resumed; give another --out.")


def command_line() -> str:
    """Return the command that is running, as it would be typed but for the secrets in URLs."""
    return shlex.join([Path(sys.argv[0]).name, *map(without_secrets, sys.argv[1:])])


def now() -> str:
    """Return the time in UTC, in ISO 8601 to the microsecond: runs are distinguished and ordered by it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
