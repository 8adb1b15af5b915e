"""The held-out comparison of a recipe: the same prompts, settings and rewards for base and tuned."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
from transformers import AutoConfig, PreTrainedTokenizerBase

from ...evaluate.engines import Loading
from ...evaluate.engines.checkpoint import fingerprint, locate
from ...evaluate.engines.loading import load_tokenizer
from ...evaluate.engines.prompts import continuations
from ...evaluate.engines.spec import ModelSpec
from ...evaluate.engines.transformers import TransformersEngine
from ...evaluate.evaluation import Evaluation, task_record
from ...evaluate.paired.alarms import EVALUATIONS, FINAL, GREEDY_EVALUATIONS, GREEDY_FINAL
from ...evaluate.paired.drift import FILE as PLAUSIBILITY
from ...evaluate.paired.drift import measure_plausibility
from ...evaluate.progress import Advance, unwatched
from ...evaluate.runs.manifest import Manifest
from ...evaluate.runs.run import Run
from ...evaluate.runs.shards import Shard
from ...evaluate.scoring import check_primary, primary_of
from ...evaluate.statistics.clusters import cluster_degrees
from ...evaluate.types import Engine, Prompt, Sampling
from ...files import write_lines
from ...rewards.fault_isolation import Calls
from ..data import fitting, held_out_parts, prompt_limit
from ..recipe.recipe import Recipe
from .earlier import is_taken, start_weights, take_earlier
from .parts import HeldOutPart
from .samples import SAMPLES, answer_samples


class HeldOutQuestions(NamedTuple):
    """Held-out questions with one way of decoding, and the folder, in a training run's, of the runs that answer them.

    ``decoding`` is "greedy" or "sampled". Verdicts, and the choice of a checkpoint, go by the ``leading`` one.
    """

    decoding: str
    folder: str
    evaluation: Evaluation

    @property
    def leading(self) -> bool:
        """True for what the recipe and the task's card ask; False for the greedy evaluation beside a sampled one."""
        return self.folder in (EVALUATIONS, FINAL)

    @property
    def completions(self) -> int:
        """How many completions one model gives."""
        return len(self.evaluation.prompts) * self.evaluation.sampling.samples

    @property
    def units(self) -> float:
        """How many independent questions there are; of clusters, one more than their error has degrees of freedom."""
        prompts, column = self.evaluation.prompts, self.evaluation.task.cluster
        if column is None:
            return len(prompts)
        keys = [prompt.columns.get(column) for prompt in prompts]
        counts = Counter(str(key) for key in keys if key is not None)
        sizes = [*counts.values(), *([1] * keys.count(None))]  # a cluster of its own where it is not known
        return 1 + cluster_degrees(np.array(sizes, np.int64))


class HeldOutSets(NamedTuple):
    """What is asked while training (``looks``), and what base and tuned are both asked in the end (``final``).

    Each is one way of decoding or two, the leading one first. Both are the same unless they are ``apart``: then what a
    checkpoint was chosen by and what it is judged by have no question in common.
    """

    looks: list[HeldOutQuestions]
    final: list[HeldOutQuestions]
    apart: bool


def held_out(recipe: Recipe, note: Callable[[str], None] = lambda text: None) -> HeldOutSets:
    """Return what is asked, as the recipe's ``evaluation`` and the task's card say.

    The leading way comes first; with ``evaluation.greedy`` a greedy one follows where that is sampled. Prompts too
    long for the model are left out, of which ``note`` is called with a sentence.

    >>> from grpokit.train import load_recipe
    >>> for one in held_out(load_recipe("arithmetic-tiny")).final:
    ...     print(one.decoding, len(one.evaluation.prompts), one.evaluation.sampling.samples, one.leading)
    sampled 500 4 True
    greedy 500 1 False
    >>> apart = held_out(load_recipe("arithmetic-tiny", ["evaluation.load_best=true"]))
    >>> [(one.folder, len(one.evaluation.prompts)) for one in (*apart.looks, *apart.final) if one.leading]
    [('evaluation', 250), ('final', 250)]
    """
    parts = held_out_parts(recipe)
    final = _ways(
        recipe, parts.final, (FINAL, GREEDY_FINAL) if parts.apart else (EVALUATIONS, GREEDY_EVALUATIONS), note
    )
    looks = _ways(recipe, parts.looks, (EVALUATIONS, GREEDY_EVALUATIONS), note) if parts.apart else final
    return HeldOutSets(looks, final, parts.apart)


def _ways(
    recipe: Recipe, part: HeldOutPart, folders: tuple[str, str], note: Callable[[str], None]
) -> list[HeldOutQuestions]:
    """Return the ways in which some prompts are asked."""
    task, section = recipe.load_task(), recipe.evaluation
    if recipe.primary is not None:
        check_primary(recipe.mix, recipe.primary, "primary=")
    primary, sampling = primary_of(recipe.mix, recipe.primary or task.primary), section.sampling(task)
    prompts = fitting_prompts(recipe, part.prompts, sampling, note)
    record = task_record(task.name, primary, task.cluster, prompts, part.source, task.reference)
    evaluation = Evaluation(record, prompts, sampling, recipe.mix, Calls(recipe.reward_timeout, note))
    if not evaluation.sampling.temperature:
        return [HeldOutQuestions("greedy", folders[0], evaluation)]
    greedy = replace(evaluation, sampling=replace(evaluation.sampling, samples=1, temperature=0.0))
    beside = [HeldOutQuestions("greedy", folders[1], greedy)] if section.greedy else []
    return [HeldOutQuestions("sampled", folders[0], evaluation), *beside]


def fitting_prompts(
    recipe: Recipe, prompts: list[Prompt], sampling: Sampling, note: Callable[[str], None]
) -> list[Prompt]:
    """Leave out prompts that are too long, as training does: the engine would refuse them, after training.

    Behind a prompt there must be room for a completion, or for the longest of the texts to choose from.
    """
    trust = recipe.model.trust_remote_code
    folder = locate(recipe.model.base, code=trust)
    tokenizer = load_tokenizer(folder, trust_remote_code=trust)
    room = _longest_choice(prompts, tokenizer) if sampling.likelihood else sampling.max_new_tokens
    config = AutoConfig.from_pretrained(folder, trust_remote_code=trust)
    longest = prompt_limit(config, recipe.task.max_prompt_tokens, room)
    kept = fitting(prompts, tokenizer, longest, recipe.load_task().template)
    if len(kept) < len(prompts):
        note(
            f"{len(prompts) - len(kept)} of {len(prompts)} held-out prompts have more than {longest} tokens; left out."
        )
    return kept


def _longest_choice(prompts: Sequence[Prompt], tokenizer: PreTrainedTokenizerBase) -> int:
    texts = list(chain.from_iterable(continuations(prompt) for prompt in prompts))
    return 1 + max(map(len, tokenizer(texts, add_special_tokens=False)["input_ids"]))  # 1: the space before a text


def loading(recipe: Recipe) -> Loading:
    """Return how the base is loaded, in training and in the comparison alike."""
    device = "cpu" if recipe.settings.get("use_cpu") else "auto"
    model = recipe.model
    return Loading(
        dtype=model.dtype,
        device=device,
        quantization=model.quantization,
        trust_remote_code=model.trust_remote_code,
    )


class Place(NamedTuple):
    """A model of the comparison at the end, what it is asked, and where its run is, or is to be."""

    spec: ModelSpec
    questions: HeldOutQuestions
    folder: Path
    finished: bool


def places(recipe: Recipe, adapter: Path, questions: Sequence[HeldOutQuestions]) -> list[Place]:
    """Return base and tuned for each of ``questions``, in this order; the tuned model's adapter is in ``adapter``.

    Either may have been evaluated while training: a finished run of the very same weights is not done again.
    """
    Shard.current().wait()  # the first process writes the adapter
    folder, start = locate(recipe.model.base), recipe.model.start
    base, tuned = ModelSpec("base", start), ModelSpec("tuned", replace(start, adapter=str(adapter)))
    weights = {base: start_weights(recipe), tuned: fingerprint(folder, adapter)}
    take_earlier(recipe, questions, adapter)
    for run in (adapter / one.folder / tuned.name for one in questions):
        clear_other(run, weights[tuned])
    Shard.current().wait()
    return [place(recipe, spec, one, own, adapter / one.folder) for one in questions for spec, own in weights.items()]


def base_places(recipe: Recipe, questions: Sequence[HeldOutQuestions], out: Path) -> list[Place]:
    """Return where the base's answers to each of ``questions`` are in the folder ``out``, or are to be."""
    spec, weights = ModelSpec("base", recipe.model.start), start_weights(recipe)
    take_earlier(recipe, questions, out)
    return [place(recipe, spec, one, weights, out / one.folder) for one in questions]


def clear_other(run: Path, weights: str) -> None:
    """Make room where the run of a model with other weights is, such as before training went on."""
    if Shard.current().first and (run / "manifest.json").exists() and Manifest.read(run).weights != weights:
        shutil.rmtree(run)


def place(recipe: Recipe, spec: ModelSpec, questions: HeldOutQuestions, weights: str, evaluations: Path) -> Place:
    """Return where the run of a model with these ``weights`` is among ``evaluations``, or is to be."""
    for scores in sorted(evaluations.glob("*/scores.jsonl")):
        if Manifest.read(scores.parent).weights == weights:
            owed = questions.leading and recipe.samples and not (scores.parent / SAMPLES).exists()
            return Place(spec, questions, scores.parent, not owed)
    return Place(spec, questions, evaluations / spec.name, False)


def ask(recipe: Recipe, questions: HeldOutQuestions, engine: Engine, folder: Path, advance: Advance = unwatched) -> Run:
    """Ask a model the held-out prompts, and the recipe's sample questions once; answers in ``folder`` are kept.

    What is answered is read again, for how far the model has moved from what training began with; not over several
    processes.
    """
    if is_taken(folder):  # which may have been loaded in another way: the comparison says so
        run = Run.open(folder)
    else:
        run = questions.evaluation.run(engine, folder, resume=True, advance=advance)
    if (
        isinstance(engine, TransformersEngine)
        and engine.base.folder == locate(recipe.model.base)  # what was merged is a load of its own
        and questions.leading
        and not questions.evaluation.sampling.likelihood
        and Shard.current().count == 1
        and not (folder / PLAUSIBILITY).exists()
    ):
        measure_plausibility(run, engine, recipe.model.start.adapter_folder)
    if questions.leading and recipe.samples and not (folder / SAMPLES).exists():
        answers = answer_samples(recipe, engine)
        if Shard.current().first:
            write_lines(folder / SAMPLES, (answer._asdict() for answer in answers))
    Shard.current().wait()
    return run
