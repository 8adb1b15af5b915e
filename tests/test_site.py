"""The documentation builds as a site: every page, every link and anchor, and the reference made from the code."""

import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def build(root: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=root, capture_output=True, text=True, env=environment)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    built = build(ROOT, out)
    assert built.returncode == 0, built.stderr
    return out


def words(page: Path) -> str:
    return unescape(re.sub(r"<[^>]*>", "", page.read_text()))


REFERENCE = [
    ("commands", ["usage: grpo-eval run", "usage: grpo-eval tasks prepare", "usage: grpo-train", "--html FILE"]),
    ("card", ["max_new_tokens", "choices", "generator", "splits"]),
    ("recipe", ["target_modules", "reward_timeout", "early_stop", "push_to_hub"]),
    ("rewards", ["cot_clarity", "reasoning_tag", "Range 0 to 1."]),
    ("run-folder", ["weights", "finish_reason", "temperature", "fingerprint"]),
]


@pytest.mark.parametrize(("page", "known"), REFERENCE)
def test_the_reference_is_that_of_the_code(site: Path, page: str, known: list[str]) -> None:
    shown = words(site / "reference" / page / "index.html")
    for word in known:
        assert word in shown
    assert ":class:" not in shown
    assert "``" not in shown


def test_a_page_asks_nothing_of_other_servers(site: Path) -> None:
    for page in site.rglob("index.html"):
        assert not re.findall(r'(?:src|href)="https?://[^"]*\.(?:js|css|woff2?)"', page.read_text())


def test_a_broken_link_fails_the_build(tmp_path: Path) -> None:
    """The build above could not fail otherwise."""
    (tmp_path / "docs").mkdir()
    settings = (ROOT / "mkdocs.yml").read_text()
    (tmp_path / "mkdocs.yml").write_text(re.sub(r"^hooks:.*|^nav:\n(?: .*\n)*", "", settings, flags=re.MULTILINE))
    for text in ("[there](nowhere.md)", "[there](#nowhere)"):
        (tmp_path / "docs" / "index.md").write_text(f"# Here\n\n{text}\n")
        assert build(tmp_path, tmp_path / "site").returncode != 0
    (tmp_path / "docs" / "index.md").write_text("# Here\n\n[there](#here)\n")
    assert build(tmp_path, tmp_path / "site").returncode == 0
