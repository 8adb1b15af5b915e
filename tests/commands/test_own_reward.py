"""Rewards of users' own on the command line: docs/own-reward.md does what it says, and failures are one line."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from grpokit.commands.eval import main as grpo_eval
from grpokit.commands.train import main as grpo_train

PAGE = Path(__file__).resolve().parents[2] / "docs" / "own-reward.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^```\n(grpo-.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[0]

OWN = """
import sys, time
print("importing")

def number(completions, **kwargs):
    print("judging")
    return [float(text) for text in completions]

def leaves(completions, **kwargs):
    sys.exit(0)

def sleeps(completions, **kwargs):
    time.sleep(600)

def once(completions, **kwargs):
    return [0.5]

def gold(completions, gold, reference, **kwargs):
    assert gold == reference
    return [float(right in text) for text, right in zip(completions, gold)]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with answers and rewards in it."""
    rows = [{"output": "18", "gold": "18"}, {"output": "none", "gold": "18"}, {"output": "17", "gold": "18"}]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "own_functions.py").write_text(OWN)
    (tmp_path / "my_rewards.py").write_text(BLOCKS[0] + BLOCKS[1])
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for module in ("own_functions", "my_rewards"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    return tmp_path


SCORE = ["score", "answers.jsonl", "--completion-column", "output", "--reference-column", "gold"]


def test_the_page_does_what_it_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    namespace: dict[str, object] = {}
    for block in BLOCKS:
        exec(block, namespace)
    check, score, train = re.sub(r"\\\n\s*", "", COMMANDS).splitlines()
    assert grpo_eval(check.split()[1:]) == 0, capsys.readouterr().out
    assert "all 11 checks hold" in capsys.readouterr().out
    assert grpo_eval([*score.replace("'", "").split()[1:], "--json", "-"]) == 0
    report = json.loads(capsys.readouterr().out)
    rewards = report["models"][0]["rewards"]
    assert rewards["cites"]["mean"] == pytest.approx(1 / 3)
    assert rewards["short(limit=200)"]["mean"] == pytest.approx(1 - 8 / 600)
    manifest = json.loads((folder / "runs/scored/manifest.json").read_text())
    assert manifest["task"]["primary"] == "cites"
    assert grpo_train(train.split()[1:]) == 0
    assert "primary: my_rewards:cites" in capsys.readouterr().out


def test_readme_links_the_page() -> None:
    assert "(docs/own-reward.md)" in (PAGE.parents[1] / "README.md").read_text(encoding="utf-8")


def test_a_row_that_a_reward_raises_on_costs_that_row(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert grpo_eval([*SCORE, "--rewards", "own_functions:number,correctness", "--out", "run", "--json", "-"]) == 0
    out, err = capsys.readouterr()
    counts = {name: row["counts"] for name, row in json.loads(out)["models"][0]["rewards"].items()}
    assert counts["number"] == {"scored": 2, "failed": 1}
    assert sum(counts["correctness"].values()) == 3
    assert "note: id 1: reward 'number' raised ValueError" in err
    assert "(own_functions.py, line 7)" in err
    assert "importing\n" in err


def test_the_reference_comes_under_its_own_name_too(folder: Path) -> None:
    assert grpo_eval([*SCORE, "--rewards", "own_functions:gold", "--out", "run"]) == 0
    assert grpo_eval(["score", "run", "--rewards", "own_functions:gold", "--out", "again"]) == 0
    first, second = (
        [json.loads(line)["total"] for line in (folder / name / "scores.jsonl").read_text().splitlines()]
        for name in ("run", "again")
    )
    assert first == second == [1.0, 0.0, 0.0]


REFUSALS = [
    # reward, what the one line says
    ("once", "reward 'once' returned 1 values for 2 completions; return one for each."),
    ("leaves", "reward 'leaves' fails on every completion: reward 'leaves' raised SystemExit: 0 (own_functions.py"),
    ("sleeps", "reward 'sleeps' gave no value at all within 0.3 s"),
]


@pytest.mark.parametrize(("reward", "said"), REFUSALS)
def test_a_process_ends_with_one_line_and_status_2(reward: str, said: str, folder: Path) -> None:
    """``sys.exit()`` in a reward ended the command with 0; one that hung never ended it."""
    command = [sys.executable, "-m", "grpokit.commands.eval", *SCORE, "--rewards", f"own_functions:{reward}"]
    ran = subprocess.run(
        [*command, "--reward-timeout", "0.3", "--out", "run"], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert said in ran.stderr.splitlines()[-1]
    assert "Traceback" not in ran.stderr
