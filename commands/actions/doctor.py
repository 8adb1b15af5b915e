"""What of this package works on this machine, thing by thing; nothing is assumed that can be asked."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import Literal, NamedTuple

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from rich.console import Console
from rich.table import Table
from rich.text import Text

PACKAGE = "grpokit"

OF_DEVELOPERS = "dev"
"""The extra that only work on this package itself needs."""

SIGNS = {"works": ("✓", "green"), "optional": ("·", "dim"), "missing": ("✗", "red")}


class Finding(NamedTuple):
    """One thing that was looked at: it works, it is optional and not there, or it is missing."""

    what: str
    state: Literal["works", "optional", "missing"]
    detail: str


def examine() -> list[Finding]:
    """Look at everything; imports torch, and asks the hub once."""
    return [_python(), *_packages(), _device(), _memory(), _hub(), _cache(), *_extras(), _chromium()]


def show(findings: list[Finding]) -> None:
    """Print a line per finding: sign, what, detail."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for what, state, detail in findings:
        sign, style = SIGNS[state]
        table.add_row(Text(sign, style), what, Text("" if state == "works" else state, style), Text(detail))
    Console().print(table)


def _python() -> Finding:
    wanted = SpecifierSet(str(metadata(PACKAGE)["Requires-Python"]))
    here = platform.python_version()
    if here in wanted:
        return Finding("Python", "works", here)
    return Finding("Python", "missing", f"{here}; {PACKAGE} wants {wanted}")


def _requirements(extra: str) -> list[Requirement]:
    """Return what the package declares for an extra, or for everybody where ``extra`` is empty, on this machine."""
    declared = [Requirement(line) for line in requires(PACKAGE) or []]
    if not extra:
        return [one for one in declared if one.marker is None or one.marker.evaluate({"extra": ""})]
    return [
        one for one in declared if one.marker and one.marker.evaluate({"extra": extra}) and "extra" in str(one.marker)
    ]


def _lacks(requirement: Requirement) -> str | None:
    """Say what is wrong with an installed package; None where it is as wanted."""
    try:
        here = version(requirement.name)
    except PackageNotFoundError:
        return f"pip install '{requirement.name}{requirement.specifier}'"
    if requirement.specifier.contains(here, prereleases=True):
        return None
    return f"{here} is installed; pip install '{requirement.name}{requirement.specifier}'"


def _packages() -> Iterator[Finding]:
    """Yield one line for all packages that are as declared, and one each for the others."""
    wanted = _requirements("")
    lacking = {one.name: lack for one in wanted if (lack := _lacks(one))}
    shown = ", ".join(
        f"{name} {version(name)}" for name in ("torch", "transformers", "trl", "peft") if name not in lacking
    )
    yield Finding("packages", "works", f"{len(wanted) - len(lacking)} of {len(wanted)} as declared ({shown})")
    for name, lack in lacking.items():
        yield Finding(name, "missing", lack)


def _device() -> Finding:
    try:
        import torch
    except ImportError as error:
        return Finding("models run on", "missing", f"torch cannot be imported: {error}")
    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(one) for one in range(torch.cuda.device_count())]
        return Finding("models run on", "works", f"GPU: {', '.join(names)} (CUDA {torch.version.cuda})")
    if torch.backends.mps.is_available():
        return Finding("models run on", "works", "Apple GPU (mps)")
    built = (
        f"torch is built for CUDA {torch.version.cuda}, no GPU answers"
        if torch.version.cuda
        else "a CPU build of torch"
    )
    return Finding("models run on", "works", f"CPU, {torch.get_num_threads()} threads ({built})")


def _memory() -> Finding:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on every system
        return Finding("memory", "works", "of unknown size")
    return Finding("memory", "works", f"{size / 1e9:.1f} GB, {os.cpu_count()} CPUs")


def _hub() -> Finding:
    from huggingface_hub import constants

    from ...evaluate.engines.hub import unreachable

    if reason := unreachable():
        return Finding(
            "model hub", "optional", f"cannot be reached ({reason}); folders, demo and --data FILE work without it"
        )
    return Finding("model hub", "works", constants.ENDPOINT)


def _cache() -> Finding:
    from huggingface_hub.constants import HF_HUB_CACHE

    folder = Path(HF_HUB_CACHE)
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = f"{shutil.disk_usage(there).free / 1e9:.0f} GB free"
    if _writable(there):
        return Finding("hub's cache", "works", f"{folder}, {free}")
    return Finding("hub's cache", "missing", f"{folder} cannot be written; set HF_HOME to a folder that can")


def _writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _extras() -> Iterator[Finding]:
    """Yield a line per optional part."""
    for extra in metadata(PACKAGE).get_all("Provides-Extra") or []:
        wanted = _requirements(extra)
        if extra == OF_DEVELOPERS or not wanted:
            continue
        lacking = [lack for one in wanted if (lack := _lacks(one))]
        if lacking:
            yield Finding(f"extra {extra}", "optional", f"pip install '{PACKAGE}[{extra}]'")
        else:
            yield Finding(f"extra {extra}", "works", ", ".join(f"{one.name} {version(one.name)}" for one in wanted))


def _chromium() -> Finding:
    """Say whether pages can be tested; only this package's own tests need it."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((path for name in names if (path := shutil.which(name))), None)
    return Finding("Chromium", "works" if path else "optional", path or "only the tests of the pages need it")
