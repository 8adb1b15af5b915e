"""What a model was trained for, and which of what is measured lies outside of it: the judges that it did not study."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import GrpokitError
from ...rewards.spec import RewardSpec, parse_layout, parse_mix
from ..engines.checkpoint import trained_for as recipes_rewards
from ..runs.run import Run
from .alarms import BASE, EVALUATIONS, FINAL, GREEDY_EVALUATIONS, GREEDY_FINAL
from .summary import TOTAL
from .table import Table


def trained_for(run: Run, said: str | None = None) -> tuple[str, ...]:
    """Return the names of the rewards that a run's model was trained for, those of a gate too; none where unknown.

    They are those with a weight above 0 in the mix that the user ``said``, else in the recipe in the folder of the
    adapter, or of the training run that asked the questions. Raises :class:`~grpokit.rewards.spec.SpecError` for a mix
    that is none.
    """
    if said is not None:
        return _names(said)
    spec = run.manifest.engine.get("trained_for")
    of_training = (EVALUATIONS, GREEDY_EVALUATIONS, FINAL, GREEDY_FINAL)
    folder = run.path.resolve()
    if spec is None and folder.parent.name in of_training and folder.name != BASE:
        spec = recipes_rewards(folder.parent.parent)
    try:
        return _names(spec) if isinstance(spec, str) else ()
    except GrpokitError:  # a file of the user's own that happens to be called as a recipe is
        return ()


def _names(spec: str) -> tuple[str, ...]:
    """Return the names in a mix.

    >>> _names("layout(answer_tag=result);length(target=200)=1,cot_clarity=0,gate(xml_format,correctness)=0.5")
    ('length', 'gate', 'xml_format', 'correctness')
    """
    weighted = [one.reward for one in parse_mix(parse_layout(spec).rest) if one.weight > 0]
    return tuple(dict.fromkeys(name for reward in weighted for name in _of(reward)))


def _of(reward: RewardSpec) -> Iterable[str]:
    yield reward.name.rpartition(":")[2]
    for inner in reward.nested:
        yield from _of(inner)


def outside(table: Table, trained: Iterable[str]) -> tuple[str, ...]:
    """Return the rewards that a table has values of and that are not among those which were ``trained`` for.

    Other parameters do not make another reward: who learns to write 200 words has studied length.
    """
    studied = set(trained)
    measured = [name for name, samples in table.values.items() if name != TOTAL and samples.known.any()]
    return tuple(name for name in measured if name.partition("(")[0] not in studied)
