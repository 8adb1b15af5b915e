"""How the runs of a page were made, value by value: what differs between them, and what all have in common."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..evaluate.runs.run import Run


class ManifestRow(NamedTuple):
    """One value of the manifests: ``values`` has one text per run, or a single one that all share."""

    label: str
    values: tuple[str, ...]


class ManifestTable(NamedTuple):
    """The manifests of the runs called ``models``; values that no run has are left out."""

    models: tuple[str, ...]
    different: tuple[ManifestRow, ...]
    same: tuple[ManifestRow, ...]


def manifest_table(runs: Sequence[Run]) -> ManifestTable:
    """Return the manifests of ``runs`` side by side; of a single run nothing differs."""
    flat = [dict(_values(run)) for run in runs]
    labels = dict.fromkeys(label for values in flat for label in values)
    rows = [ManifestRow(label, tuple(values.get(label, "–") for values in flat)) for label in labels]
    return ManifestTable(
        tuple(run.model for run in runs),
        tuple(row for row in rows if len(set(row.values)) > 1),
        tuple(ManifestRow(row.label, row.values[:1]) for row in rows if len(set(row.values)) == 1),
    )


def _values(run: Run) -> Iterator[tuple[str, str]]:
    """Yield the labels and texts of a run's manifest, without what is null or empty."""
    manifest = run.manifest
    nested = {
        "directory": run.path.name,
        "weights": manifest.weights,
        "task": {"name": manifest.task.name, "source": manifest.task.source, "fingerprint": manifest.task.fingerprint},
        "rewards": manifest.mix.spec,
        "sampling": manifest.sampling or "made elsewhere",
        "engine": manifest.engine,
        "environment": manifest.environment,
        "created": manifest.created,
        "command": manifest.command,
    }
    return _flat(nested, ())


def _flat(values: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, (*above, name))
        elif value not in (None, "", []):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield " · ".join((*above, name)), text
