"""``grpo-eval rewards list|show|check``."""

from pathlib import Path

import pytest
from grpokit.commands.eval import main
from grpokit.rewards import names


def test_list_names_them_all(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["rewards", "list"]) == 0
    out = capsys.readouterr().out
    assert all(f" {name} " in out for name in names())


def test_show_gives_parameters_and_documentation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rewards", "show", "length(target=200)"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("length(target=200)   range 0 to 1   fingerprint ")
    assert "target = 200" in out
    assert "Closeness to an ideal length" in out


def test_check_passes_a_sound_reward(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rewards", "check", "xml_tag_count"]) == 0
    assert "checks hold" in capsys.readouterr().out


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine_to_check.py").write_text(
        "def by_place(completions, **kwargs):\n    return list(range(len(completions)))\n"
        "def contains(completions, answer, **kwargs):\n"
        "    return [float(str(right) in str(text)) for text, right in zip(completions, answer)]\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("mine")
def test_check_fails_a_broken_function(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rewards", "check", "mine_to_check:by_place"]) == 1
    assert "FAILED  order: not the same in any order" in capsys.readouterr().out


@pytest.mark.usefixtures("mine")
def test_check_against_a_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rewards", "check", "mine_to_check:contains", "--family", "correctness"]) == 1
    out = capsys.readouterr().out
    assert "passed  case: an answer block" in out
    assert "FAILED  case: one digit too many" in out


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["show", "lenght"], "no reward 'lenght'. Did you mean 'length'?"),
        (["check", "nowhere.at.all:f"], "importing 'nowhere.at.all' raised"),
        (["check", "length", "--family", "lenght"], "--family 'lenght' is no reward. Did you mean 'length'?"),
    ],
)
def test_mistakes_exit_with_2_and_one_line(arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rewards", *arguments]) == 2
    err = capsys.readouterr().err
    assert hint in err
    assert err.count("\n") == 1
