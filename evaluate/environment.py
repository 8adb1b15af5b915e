"""What a run was made with: versions of the packages that matter, and the hardware."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

_PACKAGES = ("grpokit", "torch", "transformers", "peft", "trl", "bitsandbytes", "math-verify", "sentence-transformers")


def environment() -> dict[str, Any]:
    """Return versions and hardware for the manifest; a package that is not installed is left out.

    >>> "grpokit" in environment()["versions"]
    True
    """
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    torch = sys.modules.get("torch")  # if in use already: scoring stored completions must not load it for this
    return {
        "python": platform.python_version(),
        "versions": versions,
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "gpu": torch.cuda.get_device_name(0) if torch and torch.cuda.is_available() else None,
    }
