"""Public names of a folder, each loaded at its first use (PEP 562): a command then loads only what it works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module


def deferred(package: str, homes: Mapping[str, tuple[str, ...]]) -> Callable[[str], object]:
    """Return the ``__getattr__`` of a package; ``homes`` maps each of its modules to the public names it holds.

    >>> load = deferred("grpokit.rewards", {"types": ("Reward", "Range"), "mix": ("RewardMix",)})
    >>> load("RewardMix").__module__
    'grpokit.rewards.mix'
    >>> load("Mix")
    Traceback (most recent call last):
    AttributeError: module 'grpokit.rewards' has no attribute 'Mix'
    """
    modules = {name: module for module, names in homes.items() for name in names}

    def load(name: str) -> object:
        here = import_module(package)
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=here)
        value: object = getattr(import_module(f"{package}.{modules[name]}"), name)
        setattr(here, name, value)  # the next access does not come here
        return value

    return load
