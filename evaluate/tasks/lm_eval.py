"""Tasks of lm-evaluation-harness: its prompts, examples, stop strings, filters and metrics, asked by our engines.

A task is loaded by the library's own ``TaskManager``: by name, or from a YAML file of the user's. Each document becomes
a row whose prompt is the library's context, byte for byte, and each metric that is a number per document a reward.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ...bounded import ProgramError, ProgramOverrun
from ...errors import first_line, nearest
from ...plain_yaml import dump_yaml
from ...rewards.accepted import plain
from ...rewards.reward import Batch
from ...rewards.text import RewardError, UnusableReward
from ..engines.hub import unreachable
from ..types import BEFORE_CONTINUATIONS, EvaluationError
from .lm_eval_bounds import bound_templates, bounded_value
from .lm_eval_code import check_code

PROMPT, CHOICES, TARGET = "lm_eval_prompt", "lm_eval_choices", "lm_eval_target"
TASK, SPLIT, DOCUMENT = "lm_eval_task", "lm_eval_split", "lm_eval_document"
"""Columns of a row: what is asked, what may be chosen, the target, and where its document is found again."""

FEWSHOT_SEED = 1234
"""The seed with which the library draws its examples, unless its own command line says otherwise."""

MAX_NEW_TOKENS = 256
"""Where the library cuts a completion, unless the task says otherwise."""


class Metric(NamedTuple):
    """A metric of a task that is a number per document, behind one of its filters; "none" where it has none."""

    name: str
    filter: str


_loaded: dict[str, Any] = {}
"""The library's tasks that this process has loaded, by name."""

_trusted: set[str] = set()
"""Those whose patterns and functions run in this process: the library's own, and files that code was allowed to."""

_documents: dict[tuple[str, str], Sequence[Mapping[str, Any]]] = {}
"""Their documents, by name and split."""


def load(name: str, *, allow_code: bool = False) -> Any:
    """Return the library's task ``name``, or the one of a YAML file.

    Raises :class:`EvaluationError` where lm-eval is not installed, for a name that it does not have, a group, a task
    that cannot be asked here, and a file with code in it unless ``allow_code`` says that it may run.
    """
    if name not in _loaded:
        with in_one_line(name):
            _loaded[name] = _checked(name, _load(name, allow_code), allow_code)
    return _loaded[name]


def _load(name: str, allow_code: bool) -> Any:
    try:
        from lm_eval.tasks import TaskManager
    except ImportError:
        raise EvaluationError(
            f"task 'lm_eval:{name}' needs the package lm-eval: pip install 'grpokit[lm-eval]'."
        ) from None
    own = name.endswith((".yaml", ".yml"))
    if allow_code or not own:
        _trusted.add(name)
    if own and not Path(name).is_file():
        raise EvaluationError(f"no file {name}; give the path of a task of lm-eval's, or the name of one that it has.")
    if own and not allow_code:
        check_code(Path(name))
    if not allow_code:
        bound_templates()
    with _without_hub(), _seeded():
        manager = TaskManager(include_defaults=not own)
        if not own and name not in manager.task_index:
            raise _unknown(name, manager.all_subtasks)
        tasks = manager.load([name])["tasks"]
    if len(tasks) != 1:
        shown = ", ".join(sorted(tasks)[:5])
        raise EvaluationError(f"lm-eval's {name!r} is {len(tasks)} tasks; give one of them ({shown}, …), or a suite.")
    (task,) = tasks.values()
    return task


@contextmanager
def in_one_line(name: str) -> Iterator[None]:
    """Raise :class:`EvaluationError` for whatever a task's settings, data and templates raise."""
    try:
        yield
    except EvaluationError:
        raise
    except Exception as error:  # the library checks few settings, each of which fails in its own way
        away = unreachable()
        reason = _reason(error) + (f"; {away}" if away else "")
        raise EvaluationError(f"lm-eval cannot load task {name!r} ({reason}).") from None


def _reason(error: Exception) -> str:
    return first_line(error) if isinstance(error, ProgramError) else f"{type(error).__name__}: {first_line(error)}"


def _unknown(name: str, known: Sequence[str]) -> EvaluationError:
    close = get_close_matches(name, known, n=3)
    hint = f"Did you mean {' or '.join(map(repr, close))}? " if close else ""
    return EvaluationError(f"lm-eval has no task {name!r}. {hint}All: lm-eval ls tasks.")


@contextmanager
def _without_hub() -> Iterator[None]:
    """Let the library look into its cache at once where no hub can be reached."""
    import datasets

    before = datasets.config.HF_HUB_OFFLINE
    datasets.config.HF_HUB_OFFLINE = before or bool(unreachable())
    try:
        yield
    finally:
        datasets.config.HF_HUB_OFFLINE = before


@contextmanager
def _seeded() -> Iterator[None]:
    """Set the random seeds as the library's own command does: some tasks shuffle choices while they are loaded."""
    import numpy as np

    state, numpy_state = random.getstate(), np.random.get_state()
    random.seed(0)
    np.random.seed(1234)
    try:
        yield
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)


def _checked(name: str, task: Any, allow_code: bool) -> Any:
    """Return a task that can be asked here; raise :class:`EvaluationError` for any other."""
    kind = str(task.OUTPUT_TYPE)
    if kind not in ("generate_until", "multiple_choice") or getattr(task, "multiple_input", False):
        what = "several prompts per question" if getattr(task, "multiple_input", False) else f"what it calls {kind}"
        raise EvaluationError(f"lm-eval's {name!r} asks {what}; what is asked here is text, or one of several choices.")
    if getattr(task, "MULTIMODAL", False):
        raise EvaluationError(f"lm-eval's {name!r} asks about images or sounds, which is not done here.")
    if getattr(task, "UNSAFE_CODE", False) and not allow_code:
        raise EvaluationError(f"lm-eval's {name!r} runs the code that a model writes; --allow-code lets it.")
    if (task.config.repeats or 1) > 1:
        raise EvaluationError(
            f"lm-eval's {name!r} judges {task.config.repeats} answers to a question together (repeats); a reward here "
            "judges one."
        )
    shots = task.config.num_fewshot
    if shots is not None and (isinstance(shots, bool) or not isinstance(shots, int) or shots < 0):
        raise EvaluationError(f"lm-eval's {name!r} has num_fewshot: {shots!r:.80}; write a whole number from 0 on.")
    if not metrics(task):
        raise EvaluationError(
            f"lm-eval's {name!r} has no metric that is a number per document, the higher the better, but "
            f"{', '.join(task.aggregation()) or 'none'}."
        )
    return task


def metrics(task: Any) -> list[Metric]:
    """Return the metrics of a task whose mean over documents is reported, and of which more is better.

    In multiple choice they are those that follow from the log-probabilities: ``exact_match`` asks whether a choice is
    what the model would write.
    """
    higher, kinds = task.higher_is_better(), task.aggregation()
    means = [name for name, kind in kinds.items() if getattr(kind, "__name__", "") in ("mean", "nanmean")]
    if task.OUTPUT_TYPE == "multiple_choice":
        means = [name for name in means if name not in ("exact_match", "acc_mutual_info")]
        if "acc_mutual_info" in kinds:
            means = []
    filters = [str(one.name) for one in task._filters]
    return [Metric(name, one) for one in filters for name in means if higher.get(name, True)]


def documents(name: str, split: str) -> Sequence[Mapping[str, Any]]:
    """Return the documents of a split of a task: those to test on are its validation split where it has no other.

    Raises :class:`EvaluationError` for a split that the task does not have.
    """
    if (name, split) not in _documents:
        _documents[name, split] = _read(load(name), split)
    return _documents[name, split]


def _read(task: Any, split: str) -> Sequence[Mapping[str, Any]]:
    ways = {
        "test": lambda: task.task_docs,
        **({"train": task.training_docs} if task.has_training_docs() else {}),
        **({"validation": task.validation_docs} if task.has_validation_docs() else {}),
    }
    if split not in ways:
        raise EvaluationError(f"lm-eval's {task.config.task!r} has no split {split!r}. {nearest(split, list(ways))}")
    with _seeded():
        read: Sequence[Mapping[str, Any]] = ways[split]()
    return read


def rows(name: str, split: str, shots: int | None, system: str | None) -> Iterator[Mapping[str, Any]]:
    """Yield a row per document: its own simple columns, the prompt as the library writes it, choices and target.

    Examples are drawn as the library draws them, document by document from its seed.
    """
    task = load(name)
    task.set_fewshot_seed(FEWSHOT_SEED)
    wanted = task.config.num_fewshot or 0 if shots is None else shots
    for number, document in enumerate(documents(name, split)):
        try:
            row = _row(task, document, wanted, system)
        except Exception as error:  # a task's templates and functions fail on a document each in its own way
            raise EvaluationError(f"lm-eval's {name!r}, document {number}: {_reason(error)}.") from None
        yield row | {TASK: name, SPLIT: split, DOCUMENT: number}


def _row(task: Any, document: Mapping[str, Any], shots: int, system: str | None) -> dict[str, Any]:
    prompt = task.fewshot_context(
        document, num_fewshot=shots, system_instruction=system, gen_prefix=task.doc_to_prefix(document)
    )
    target = task.doc_to_target(document)
    row = {column: value for column, value in document.items() if _is_simple(value)}
    row |= {PROMPT: prompt, TARGET: target if _is_simple(target) else str(target)}
    if task.OUTPUT_TYPE == "multiple_choice":
        row[CHOICES] = [str(choice) for choice in task.doc_to_choice(document)]
        row[BEFORE_CONTINUATIONS] = task.config.target_delimiter
    return row


def _is_simple(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str | int | float) for one in value)
    return value is None or isinstance(value, str | int | float)


def stops(task: Any) -> tuple[str, ...]:
    """Return the texts that end a completion."""
    until = (task.config.generation_kwargs or {}).get("until") or []
    return tuple(filter(None, [until] if isinstance(until, str) else until))


def sampling(task: Any) -> dict[str, Any]:
    """Return the settings of generation by the names that a card has for them; greedy unless the task samples."""
    given = task.config.generation_kwargs or {}
    sampled = bool(given.get("do_sample", False))
    return {
        "max_new_tokens": int(given.get("max_gen_toks", MAX_NEW_TOKENS)),
        "temperature": float(given.get("temperature", 1.0)) if sampled else 0.0,
        "top_p": float(given.get("top_p", 1.0)) if sampled else 1.0,
        "stop": stops(task),
    }


def values(metric: Metric, batch: Batch, answers: Sequence[Any]) -> list[float | None]:
    """Return what a metric says of each answer: a text, or a list of log-probabilities; None where it says no number.

    The library's filter and ``process_results`` are called with the document and the one answer. Raises
    :class:`UnusableReward` where those of a file take more time or memory than they may.
    """
    given: list[float | None] = []
    for place, answer in enumerate(answers):
        name, split, number = (batch.columns[column][place] for column in (TASK, SPLIT, DOCUMENT))
        document = documents(str(name), str(split))[int(number)]
        given.append(_valued(str(name), document, metric, answer))
    return given


def _valued(name: str, document: Mapping[str, Any], metric: Metric, answer: Any) -> float | None:
    judge = partial(_value, load(name))
    if name in _trusted:
        return judge(document, metric, answer)
    try:
        return bounded_value(name, judge, document, metric, answer)
    except ProgramError as error:
        kind = UnusableReward if isinstance(error, ProgramOverrun) else RewardError
        raise kind(f"the filter or the metric {metric.name} of {name} {error}.") from error


def _value(task: Any, document: Mapping[str, Any], metric: Metric, answer: Any) -> float | None:
    from lm_eval.api.instance import Instance

    chosen = next((one for one in task._filters if one.name == metric.filter), None)
    if chosen is None or answer is None:
        return None
    if isinstance(answer, str):
        for stop in stops(task):
            answer = answer.split(stop)[0]
        responses = [answer]
    else:
        responses = [(logprob, False) for logprob in answer]
    asked = [
        Instance(task.OUTPUT_TYPE, document, ("",), place, resps=[response]) for place, response in enumerate(responses)
    ]
    chosen.apply(asked)
    result = task.process_results(document, [one.filtered_resps[metric.filter] for one in asked])
    value = plain(result.get(metric.name)) if isinstance(result, Mapping) else None
    return float(value) if isinstance(value, int | float) else None


def card_text(name: str) -> str:
    """Return the settings of a task that is loaded as YAML: those of its file and of what that includes."""
    return dump_yaml(_plain(load(name).dump_config()))


def digest(name: str) -> str:
    """Return eight hex digits over the settings of a task that is loaded, and the library's version."""
    from importlib.metadata import version

    settings = _plain(load(name).dump_config())
    settings.pop("metadata", None)  # which says where the file is
    text = json.dumps([version("lm_eval"), settings], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if callable(value):
        return f"{value.__module__}.{value.__qualname__}"
    return value if value is None or isinstance(value, str | int | float) else str(value)
