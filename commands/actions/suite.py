"""``grpo-eval run`` over several tasks: each model is loaded once and asked all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...evaluate.evaluation import Evaluation, check_free
from ...evaluate.runs.run import SUITE
from ...evaluate.runs.shards import Shard
from ...evaluate.suites import load_suite
from ...evaluate.suites.card import Suite, SuiteTask
from ...evaluate.suites.folder import SuiteFolder
from ..ending import OK
from ..numbers import RowLimit
from ..options import UsageError, note
from ..output import output_folder
from ..progress import progress
from ..suites import show_suites
from ..targets import check_outputs
from ..task_options import DRAWN
from .models import Models, Work
from .run import Job


def chosen_suite(tasks: Sequence[str], card: str | None, job: Job) -> Suite:
    """Return the suite of ``--suite``, with every ``--task`` as a target beside its own.

    Raises EvaluationError for a card or a task with a mistake, and for one that is named twice.
    """
    targets = [SuiteTask(task=task, split=job.asked.split, data=job.asked.data) for task in tasks]
    if card is None:
        suite, where = Suite(name="suite", targets=tuple(targets)), "--task"
    else:
        suite = load_suite(card, allow_code=job.asked.allow_code)
        suite, where = suite.model_copy(update={"targets": (*targets, *suite.targets)}), f"--suite {card}"
    suite.check(where, allow_code=job.asked.allow_code)
    return suite


@dataclass(frozen=True)
class SuiteJob:
    """A suite as the command line asks for it; ``job`` has all that holds for each of its tasks."""

    job: Job
    suite: Suite

    def run(self) -> int:
        """Ask every model all tasks, and show what they prove together."""
        options, job = self.job.models, self.job
        self._check_options()
        models = job.chosen_models()
        check_outputs(job.report.outputs, options.out)
        names = [spec.name for spec in models.specs]
        if options.resume and options.out is not None and not (options.out / SUITE).exists():
            raise UsageError(f"--resume: {options.out} holds no suite to go on with; leave the option out.")
        evaluations = [self._evaluation(one) for one, _ in self.suite.roles()]
        with output_folder(options.out, self.suite.name) as out:
            folder = SuiteFolder.of(self.suite, out, allow_code=job.asked.allow_code)
            works = [
                Work(evaluation, folder.places(entry, names))
                for evaluation, entry in zip(evaluations, folder.tasks, strict=True)
            ]
            for work in works:
                self._check_before(models, work)
            if Shard.current().first:
                self._begin(folder)
            try:
                with progress() as bars:
                    models.answer(works, bars)
            except KeyboardInterrupt as stop:
                stop.add_note(f"finished rows are kept; go on with the same command, --out {out} and --resume.")
                raise
            if not Shard.current().first:
                return OK
            drawn = [
                entry.task for entry, one in zip(folder.tasks, evaluations, strict=True) if DRAWN in one.task.source
            ]
            if drawn:
                note(f"questions were drawn at random with seed {job.sampling.seed or 0}: {', '.join(drawn)}.")
            return show_suites([folder], job.report)

    def _check_options(self) -> None:
        """Refuse what only one task can mean."""
        job = self.job
        if job.models.resume and job.models.out is None:
            raise UsageError("--resume needs --out, the folder of the suite to go on with.")
        asked, several = job.asked, len(self.suite.targets) != 1
        given = {
            "--rewards": job.scoring.rewards,
            "--primary": job.scoring.primary,
            "--system": asked.system,
            "--cluster-column": job.cluster,
            "--where": asked.where or None,
            "--prompt-column": asked.prompt_column,
            "--reference-column": asked.reference_column,
            "--id-column": asked.id_column,
            "--by": job.report.by,
            "--until-decided": job.stopping.early or None,
            "--data": asked.data if several else None,
        }
        if wrong := [name for name, value in given.items() if value is not None]:
            raise UsageError(f"{' and '.join(wrong)} is for one task, and a suite has several: say it in their cards.")

    def _evaluation(self, one: SuiteTask) -> Evaluation:
        """Return what is asked of a task; --limit goes before the limit of the card."""
        own = None if one.limit is None else RowLimit(one.limit, first=False)
        limit = self.job.asked.limit or own
        asked = replace(self.job.asked, task=one.task, data=one.data, split=one.split, limit=limit)
        return replace(self.job, asked=asked).evaluation()

    def _check_before(self, models: Models, work: Work) -> None:
        work.evaluation.check()
        models.check_finished(work)
        if Shard.current().first:  # the others may find it writing into them by now
            models.check_folders(work)

    def _begin(self, folder: SuiteFolder) -> None:
        if not self.job.models.resume:
            check_free(folder.path)
        folder.path.mkdir(parents=True, exist_ok=True)
        folder.write()
