"""How much may be lost and still counts as held: in units of a metric, or as a share of the base's mean of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from ...errors import GrpokitError, nearest

MARGIN = 0.02
"""The loss that is still called HELD when its excess can be excluded, unless the user sets another."""


class MarginError(GrpokitError):
    """A margin that is none, or that is set for something which is not measured."""


class Margin(NamedTuple):
    """A loss: ``amount`` in the metric's own units, or (``relative``) as a share of the base's mean."""

    amount: float
    relative: bool = False

    def of(self, mean: float | None) -> float:
        """Return the loss in the metric's own units, beside a base with this mean (None: it has none).

        >>> Margin(0.02).of(0.104), Margin(0.05, relative=True).of(0.5)
        (0.02, 0.025)
        """
        return self.amount * abs(mean or 0.0) if self.relative else self.amount

    def __str__(self) -> str:
        return f"{100 * self.amount:.10g}%" if self.relative else f"{self.amount:.10g}"

    @classmethod
    def parse(cls, text: str) -> Margin:
        """Read a margin as it is written on the command line; raise :class:`MarginError` for what is none.

        >>> Margin.parse("0.02"), Margin.parse("5%")
        (Margin(amount=0.02, relative=False), Margin(amount=0.05, relative=True))
        """
        relative = text.rstrip().endswith("%")
        try:
            amount = float(text.rstrip().removesuffix("%"))
        except ValueError:
            amount = inf
        if relative and amount == 0:
            raise MarginError(f"{text!r}: no share of the base's mean is no margin; for no loss at all write 0")
        if not 0 <= amount < inf or (relative and amount > 100):
            raise MarginError(
                f"{text!r}: give 0 or a positive number, such as {MARGIN}, or a share of the base's mean, such as 5%"
            )
        return cls(amount / 100, relative=True) if relative else cls(amount)


DEFAULT = Margin(MARGIN)


@dataclass(frozen=True)
class Margins:
    """The margin of each metric: its own in ``by_metric``, else the ``default``."""

    default: Margin = DEFAULT
    by_metric: Mapping[str, Margin] = field(default_factory=dict)

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Margins:
        """Read margins as they are written on the command line: ``X``, ``X%``, ``REWARD=X`` or ``REWARD=X%``.

        Raises :class:`MarginError` for one that is none, and for two of one metric.

        >>> Margins.parse(["0.01", "length(target=200)=5%"]).options
        ('0.01', 'length(target=200)=5%')
        """
        read: dict[str, Margin] = {}
        for text in texts:
            name, _, amount = text.rpartition("=")
            if name in read:
                raise MarginError(f"two margins {'of ' + name if name else 'for all metrics'}: give one.")
            read[name] = Margin.parse(amount)
        return cls(read.pop("", DEFAULT), read)

    @property
    def options(self) -> tuple[str, ...]:
        """The margins as :meth:`parse` reads them."""
        return (str(self.default), *(f"{name}={margin}" for name, margin in self.by_metric.items()))

    def over(self, metrics: Sequence[str]) -> dict[str, Margin]:
        """Return the margin of each of these metrics; a reward may be named without its parameters.

        Raises :class:`MarginError` for a margin of a metric that is not among them, or of more than one.
        """
        margins = dict.fromkeys(metrics, self.default)
        for name, margin in self.by_metric.items():
            meant = [name] if name in metrics else [one for one in metrics if one.partition("(")[0] == name]
            if not meant:
                raise MarginError(f"margin {name}={margin}: no metric {name!r}. {nearest(name, list(metrics))}")
            if len(meant) > 1:
                raise MarginError(f"margin {name}={margin}: write one of {', '.join(meant)} in full.")
            margins[meant[0]] = margin
        return margins
