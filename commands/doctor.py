"""``grpo-eval doctor``: what works on this machine, and what to install for the rest."""

from __future__ import annotations

import argparse

from .ending import FAILED, OK, reader_may_leave
from .main import Subparsers, command


def add_parser(commands: Subparsers) -> None:
    """Add the command to ``grpo-eval``."""
    command(
        commands,
        "doctor",
        run,
        help="check this machine: packages, GPU, hub, caches, extras",
        description="Check Python and packages, the device that models run on, the hub and its cache, and the\n"
        "optional parts; say what to install for what is missing. Exit status 1 when something needed is missing.",
    )


def run(args: argparse.Namespace) -> int:
    """Print one line per thing that was checked."""
    from .actions import doctor

    findings = doctor.examine()
    with reader_may_leave():
        doctor.show(findings)
    return FAILED if any(finding.state == "missing" for finding in findings) else OK
