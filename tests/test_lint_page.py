"""The check of the page's scripts needs npm, says so where there is none, and holds where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_without_npm_it_says_what_is_missing(tmp_path: Path) -> None:
    for tool in ("make", "sh", "bash"):
        found = shutil.which(tool)
        if found:
            (tmp_path / tool).symlink_to(found)
    done = subprocess.run(
        ["make", "lint-page"], cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert done.stdout.startswith("lint-page needs npm, which comes with Node.js")


@pytest.mark.skipif(not (ROOT / "lint/node_modules").is_dir(), reason="make lint-page has not installed its tools here")
def test_the_scripts_pass(tmp_path: Path) -> None:
    tools, scripts = ROOT / "lint/node_modules/.bin", sorted(map(str, (ROOT / "reports/templates").glob("*.js")))
    for command in (
        [tools / "biome", "lint", f"--config-path={ROOT / 'lint'}", *scripts],
        [tools / "tsc", "-p", ROOT / "lint"],
    ):
        done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
