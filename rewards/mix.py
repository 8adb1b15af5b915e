"""Rewards with weights: what a training run maximises and a benchmark reports."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import GrpokitError
from .function import FunctionReward
from .layout import Layout, LayoutError, agree
from .registry import build, spec_of
from .reward import Batch, Judgement, Reward, RewardFunction, make_batch
from .spec import RewardSpec, import_paths, parse_layout, parse_mix, parse_reward, registered_only
from .text import Text


class MixError(GrpokitError):
    """A mix that cannot be built as asked."""


@dataclass(frozen=True)
class MixScore:
    """The values of each reward by ``__name__``, and their weighted total; None: not applicable."""

    rewards: Mapping[str, list[float | None]]
    total: list[float | None]


@dataclass(frozen=True, init=False)
class RewardMix:
    """Rewards and their weights. A weight may have either sign; weight 0 is measured and not trained on.

        total_i = sum over the rewards that apply to completion i of weight * value

    None when no reward applies: the same as TRL's ``nansum`` over ``reward_weights``. A missing weight is 1.
    Plain functions are taken as rewards. All rewards read one ``layout``: the one that is given, else the one that
    their own parameters make up.

    Raises :class:`MixError` for two rewards with one ``__name__``, whose curves TRL would merge, for weights that do
    not match, and for an empty mix; :class:`~grpokit.rewards.layout.LayoutError` where parameters of rewards contradict
    each other or the layout.

    >>> mix = RewardMix.parse("correctness=2,length(target=200)=0.25")
    >>> mix.reward_weights
    [2.0, 0.25]
    >>> mix.score(completions=["<answer>18</answer>"], answer=["18"]).rewards["correctness"]
    [1.0]
    >>> mix = RewardMix.parse("layout(answer_tag=result);correctness=2,token_overlap=1")
    >>> mix.score(completions=["<result>18</result>"], answer=["18"]).total
    [3.0]
    """

    rewards: tuple[Reward, ...]
    weights: tuple[float, ...]
    layout: Layout

    def __init__(
        self,
        rewards: Sequence[Reward | RewardFunction],
        weights: Sequence[float] | None = None,
        layout: Layout | None = None,
    ) -> None:
        made = tuple(reward if isinstance(reward, Reward) else FunctionReward(reward) for reward in rewards)
        given = tuple(1.0 for _ in made) if weights is None else tuple(weights)
        if not made:
            raise MixError("a mix of no rewards; name at least one, such as 'correctness'.")
        if len(given) != len(made):
            raise MixError(f"{len(given)} weights for {len(made)} rewards; give one for each.")
        _check_unique(made)
        named = [setting for reward in made for setting in (*reward.settings(), *reward.inherited())]
        layout = agree(named, layout)
        object.__setattr__(self, "layout", layout)
        object.__setattr__(self, "rewards", tuple(reward.within(layout) for reward in made))
        object.__setattr__(self, "weights", tuple(map(_finite, given)))

    @classmethod
    def parse(cls, spec: str) -> RewardMix:
        """Build a mix from a spec string such as ``"correctness=2,gate(xml_format,conciseness)=0.5"``.

        A layout stands before the rewards: ``"layout(answer_tag=result,extraction=lenient);correctness=1"``.

        Raises :class:`~grpokit.rewards.spec.SpecError`, :class:`~grpokit.rewards.registry.UnknownReward`,
        :class:`~grpokit.rewards.text.RewardError` or :class:`~grpokit.rewards.layout.LayoutError`, each with what to
        write instead.
        """
        written = parse_layout(spec)
        parts = parse_mix(written.rest)
        layout = None if written.settings is None else Layout.of(written.settings)
        return cls([build(part.reward) for part in parts], [part.weight for part in parts], layout)

    @classmethod
    def check(cls, spec: str) -> None:
        """Raise what :meth:`parse` raises, as far as it can be known without importing what the spec names by path."""
        if not import_paths(spec):
            cls.parse(spec)
            return
        for part in parse_mix(parse_layout(spec).rest):
            if not part.reward.import_paths:
                build(part.reward)

    @classmethod
    def from_yaml(cls, source: str | Path | Mapping[str, object], *, allow_code: bool = False) -> RewardMix:
        """Build a mix from a YAML file, or the mapping that stands in one.

        Keys are names or specs; values are a weight, or a mapping of parameters with an optional ``weight``. The key
        ``layout`` holds the settings of the layout. A file may name rewards by import path with ``allow_code`` alone;
        else they raise :class:`~grpokit.rewards.spec.ForeignCode`.

        >>> RewardMix.from_yaml({"correctness": 2, "length": {"target": 200, "weight": 0.25}}).spec
        'correctness=2,length(target=200)=0.25'
        >>> RewardMix.from_yaml({"layout": {"answer_tag": "result"}, "correctness": 2}).spec
        "layout(answer_tag='result');correctness=2"
        """
        mapping = dict(source if isinstance(source, Mapping) else _read_yaml(Path(source)))
        settings = mapping.pop("layout", None)
        if settings is not None and not isinstance(settings, Mapping):
            raise LayoutError(f"layout: {settings!r} is no mapping; write its settings, such as 'answer_tag: result'.")
        layout = None if settings is None else Layout.of(settings)
        pairs = [_yaml_item(str(name), value) for name, value in mapping.items()]
        if not (allow_code or isinstance(source, Mapping)):
            for name in mapping:
                registered_only(str(name), str(source))
        return cls([build(spec) for spec, _ in pairs], [_finite(weight) for _, weight in pairs], layout)

    @property
    def reward_funcs(self) -> list[Reward]:
        """The rewards, as TRL's ``reward_funcs``."""
        return list(self.rewards)

    @property
    def reward_weights(self) -> list[float]:
        """The weights, as TRL's ``reward_weights``."""
        return list(self.weights)

    @property
    def names(self) -> list[str]:
        """The rewards' ``__name__``s, all different."""
        return [reward.__name__ for reward in self.rewards]

    @property
    def spec(self) -> str:
        """The spec string that builds this mix again."""
        pairs = zip(self.rewards, self.weights, strict=True)
        written = ",".join(f"{spec_of(reward)}={repr(weight).removesuffix('.0')}" for reward, weight in pairs)
        named = agree(setting for reward in self.rewards for setting in reward.settings())
        return written if named == self.layout else f"{self.layout.spec};{written}"

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits of the rewards' fingerprints and weights: equal means the same totals."""
        parts = [(reward.fingerprint, weight) for reward, weight in zip(self.rewards, self.weights, strict=True)]
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]

    def judge(self, batch: Batch) -> dict[str, list[Judgement]]:
        """Return every reward's judgements by ``__name__``; the text is normalised once for all."""
        return {reward.__name__: reward.judge_apart(batch) for reward in self.rewards}

    def explain(
        self,
        *,
        completions: Sequence[Text],
        prompts: Sequence[Text] | None = None,
        completion_ids: Sequence[Sequence[int]] | None = None,
        **columns: Any,
    ) -> dict[str, list[Judgement]]:
        """Return value, status, reason and span of every reward for every completion."""
        return self.judge(make_batch(completions, prompts, completion_ids, columns))

    def score(
        self,
        *,
        completions: Sequence[Text],
        prompts: Sequence[Text] | None = None,
        completion_ids: Sequence[Sequence[int]] | None = None,
        **columns: Any,
    ) -> MixScore:
        """Return the values of every reward and the weighted totals."""
        return self.combine(self.judge(make_batch(completions, prompts, completion_ids, columns)))

    def combine(self, judged: Mapping[str, Sequence[Judgement]]) -> MixScore:
        """Turn the judgements of :meth:`judge` into values and weighted totals."""
        values = {name: [judgement.value for judgement in judged[name]] for name in self.names}
        return MixScore(values, [self.total(row) for row in zip(*values.values(), strict=True)])

    def total(self, row: Sequence[float | None]) -> float | None:
        """Return the weighted sum of one completion's values, in the order of the rewards.

        None where no reward that counts applies; one of weight 0 does not count.
        """
        applying = [w * v for w, v in zip(self.weights, row, strict=True) if v is not None and w]
        return sum(applying) if applying else None


def _check_unique(rewards: tuple[Reward, ...]) -> None:
    seen: set[str] = set()
    for reward in rewards:
        if reward.__name__ in seen:
            raise MixError(
                f"two rewards are named {reward.__name__!r}, and training would merge their curves; keep one and "
                "add up the weights, or give them different parameters."
            )
        seen.add(reward.__name__)


def _finite(weight: object) -> float:
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight):
        raise MixError(f"weight {weight!r} is no finite number; write such as 0.5.")
    return float(weight)


def _yaml_item(name: str, value: object) -> tuple[RewardSpec, object]:
    spec = parse_reward(name)
    if not isinstance(value, Mapping):
        return spec, value
    parameters = {str(key): item for key, item in value.items() if key != "weight"}
    return spec._replace(parameters=(*spec.parameters, *parameters.items())), value.get("weight", 1.0)


def _read_yaml(path: Path) -> Mapping[str, object]:
    from ..plain_yaml import YamlError, read_yaml

    try:
        loaded = read_yaml(path)
    except (OSError, UnicodeDecodeError, YamlError) as error:
        raise MixError(f"cannot read a reward mix from {str(path)!r}: {' '.join(str(error).split())}") from error
    if not isinstance(loaded, Mapping):
        raise MixError(
            f"{str(path)!r} holds {type(loaded).__name__}; write reward names with weights, such as 'correctness: 2'."
        )
    return loaded
