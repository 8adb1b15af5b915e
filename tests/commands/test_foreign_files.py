"""Files of others name code, and none of it runs: every command, on a file that wants to write ``ran.txt``."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from grpokit.commands.eval import main
from grpokit.rewards import RewardMix
from grpokit.rewards.spec import ForeignCode, import_paths, registered_only
from grpokit.tests.evaluate.stored_runs import write_run

MODULE = """\
from pathlib import Path

Path(__file__).with_name("ran.txt").write_text("imported")


def pay(completions, **kwargs):
    return [0.5] * len(completions)


def command(cmd):
    Path(__file__).with_name("called.txt").write_text("called")
"""

CARD = "name: sums\nsource: {generator: arithmetic}\nuser: '{question}'\nreference: reference\nprimary: correctness\n"

RECIPE = "model: demo\ntask: arithmetic\ngrpo: {max_steps: 1, report_to: none, max_completion_length: 32}\n"

SPECS = [
    "evil:pay=1",  # as a reward is named
    "correctness=1,gate(xml_format,evil:pay)=0.5",  # within a gate
    "layout(answer_tag=result);correctness=1,evil:command(cmd=id)=1",  # behind a layout, no reward at all
    "evil:No.Such=1",  # importing is enough
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "evil.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def typed(command: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as it is typed, in a process of its own, with somebody at the keyboard who says yes."""
    line = [sys.executable, "-m", f"grpokit.commands.{command}", *words]
    return subprocess.run(line, capture_output=True, text=True, check=False, input="y\n" * 9, timeout=120)


def stored(folder: Path, spec: str) -> Path:
    """Write a run whose manifest says that it was scored by ``spec``."""
    made = write_run(folder, {"correctness": [[1.0, 0.0], [0.0, 0.0]]}).manifest
    replace(made, mix=replace(made.mix, spec=spec)).write(folder)
    return folder


def refused(done: subprocess.CompletedProcess[str], place: Path) -> None:
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr.count("\n") == 1, done.stderr
    assert "--rewards " in done.stderr
    assert not (place / "ran.txt").exists()


@pytest.mark.parametrize("spec", SPECS)
def test_a_manifest_cannot_choose_code(spec: str, place: Path) -> None:
    stored(place / "run", spec)
    refused(typed("eval", "score", "run", "--out", "again"), place)
    assert not (place / "again").exists()


def test_a_run_scored_by_code_is_still_compared_and_reported(place: Path) -> None:
    stored(place / "run", SPECS[0])
    for line in (["eval", "compare", "run"], ["eval", "signal", "run", "--group", "2"]):
        assert typed(*line).returncode == 0, line
    assert typed("report", "run", "--html", "page.html").returncode == 0
    assert not (place / "ran.txt").exists()


def test_what_is_typed_is_imported(place: Path) -> None:
    """The way that the refusal names: the spec on the command line, or leave for the files named there."""
    stored(place / "run", SPECS[0])
    for out, option in (("typed", ["--rewards", "evil:pay=1"]), ("allowed", ["--allow-code"])):
        done = typed("eval", "score", "run", "--out", out, *option)
        assert done.returncode == 0, done.stderr
        assert json.loads((place / out / "scores.jsonl").read_text().splitlines()[0])["total"] == 0.5


def test_what_takes_no_completions_is_no_reward(place: Path) -> None:
    stored(place / "run", "correctness=1")
    done = typed("eval", "score", "run", "--rewards", "evil:command(cmd=id)=1")
    assert done.returncode == 2
    assert "takes no completions" in done.stderr
    assert not (place / "called.txt").exists()


@pytest.mark.parametrize("spec", SPECS[:2])
def test_a_task_card_cannot_choose_code(spec: str, place: Path) -> None:
    (place / "card.yaml").write_text(f"{CARD}rewards: {json.dumps(spec)}\n")
    refused(typed("eval", "run", "--task", "card.yaml", "--model", "demo", "--limit", "2"), place)
    assert not (place / "runs").exists()
    for action in ("show", "check"):  # which score nothing
        assert typed("eval", "tasks", action, "card.yaml", "--limit", "2").returncode == 0
    assert not (place / "ran.txt").exists()


@pytest.mark.parametrize("spec", SPECS[:2])
def test_a_recipe_cannot_choose_code(spec: str, place: Path) -> None:
    (place / "recipe.yaml").write_text(f"{RECIPE}rewards: {json.dumps(spec)}\n")
    refused(typed("train", "recipe.yaml", "--dry-run"), place)
    refused(typed("train", "recipe.yaml", "--out", "made"), place)
    assert not (place / "made").exists()
    assert typed("train", "--show", "recipe.yaml").returncode == 0
    assert not (place / "ran.txt").exists()


def test_a_dry_run_imports_nothing_of_the_users(place: Path) -> None:
    (place / "recipe.yaml").write_text(f"{RECIPE}rewards: correctness=1\n")
    done = typed("train", "recipe.yaml", "--rewards", "evil:pay=1", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert not (place / "ran.txt").exists()


def test_an_exported_page_cannot_choose_code(place: Path) -> None:
    kept = {"models": [], "rewards": SPECS[1], "examples": [], "sampling": {"stop": []}}
    (place / "chat.json").write_text(json.dumps(kept))
    script = "from pathlib import Path; from grpokit.reports.chat.space import open_space; open_space(Path('.'))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "ForeignCode: chat.json names the reward 'evil:pay'" in done.stderr
    assert not (place / "ran.txt").exists()


def test_a_mix_in_a_yaml_file_cannot_choose_code(place: Path) -> None:
    (place / "mix.yaml").write_text("correctness: 1\n'evil:pay': {weight: 0.5}\n")
    with pytest.raises(ForeignCode, match=r"mix\.yaml names the reward 'evil:pay'"):
        RewardMix.from_yaml(place / "mix.yaml")
    assert not (place / "ran.txt").exists()


def test_the_spec_to_type_is_quoted_for_a_shell() -> None:
    """It is somebody else's text, made to be copied."""
    with pytest.raises(ForeignCode) as refusal:
        registered_only("evil:pay(text='; rm -rf ~; ')=1", "card.yaml")
    assert """--rewards 'evil:pay(text='"'"'; rm -rf ~; '"'"')=1'""" in str(refusal.value)


@pytest.mark.parametrize("spec", SPECS)
def test_every_import_path_is_seen(spec: str) -> None:
    assert [path.partition(":")[0] for path in import_paths(spec)] == ["evil"]


EDITED = {
    "another reference": lambda prompts: [{**prompts[0], "columns": {"reference": "1"}}, *prompts[1:]],
    "another text": lambda prompts: [{**prompts[0], "text": "2+2?"}, *prompts[1:]],
    "one less": lambda prompts: prompts[1:],
    "one twice": lambda prompts: [*prompts, prompts[0]],
}


@pytest.mark.parametrize("edit", EDITED)
def test_edited_questions_do_not_pass_for_those_of_the_manifest(
    edit: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Scored again they gave other numbers, which compared with those of the questions that were asked."""
    file = stored(place / "run", "repetition=1") / "prompts.jsonl"
    prompts = [json.loads(line) for line in file.read_text().splitlines()]
    assert main(["score", "run", "--rewards", "repetition=1", "--out", "same"]) == 0
    file.write_text("".join(json.dumps(prompt) + "\n" for prompt in EDITED[edit](prompts)))
    capsys.readouterr()
    assert main(["score", "run", "--rewards", "repetition=1", "--out", "again"]) == 2
    assert "run/prompts.jsonl does not hold the questions that the manifest says were asked" in capsys.readouterr().err
    assert not (place / "again").exists()
