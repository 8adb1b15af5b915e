"""``grpo-eval audit`` as a person or a CI job meets it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from grpokit.commands.eval import main
from grpokit.evaluate.tasks import load_cards
from grpokit.rewards import RewardMix
from grpokit.rewards.checks.audit import audit
from grpokit.train.recipe.catalog import read_recipe, recipe_names


def test_a_sound_mix_exits_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--rewards", "correctness=2,xml_format=0.5"]) == 0
    out = capsys.readouterr().out
    assert "PASSED: no hack of 16 outearns honest right answers." in " ".join(out.split())
    assert "Honest right answers earn 2.500, wrong ones 0.500." in out


def test_a_hack_that_pays_exits_with_1_and_names_the_payer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--rewards", "correctness=0.1,length(target=200)"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "FAILED" in out
    assert "padding: a wrong answer blown up to please a length term, paid by length(target=200)." in out


def test_json_on_standard_output_is_nothing_but_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--rewards", "xml_format", "--json", "-"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["passed"] is False
    assert {hack["payment"] for hack in report["hacks"]} <= {"pays", "leaks", "closed"}


def test_json_into_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "--rewards", "correctness", "--json", str(tmp_path / "audit.json")]) == 0
    assert json.loads((tmp_path / "audit.json").read_text())["spec"] == "correctness=1"


def rows(folder: Path, *lines: dict[str, object]) -> str:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return str(path)


def test_real_rows_by_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = rows(
        tmp_path,
        {"q": "What is 6 times 3?", "gold": "6 * 3 = 18\n#### 18"},
        {"q": [{"role": "user", "content": "What is 7 times 6?"}], "gold": 42},
        {"q": "A row without a reference is left out.", "gold": None},
    )
    given = ["--data", data, "--prompt-column", "q", "--reference-column", "gold"]
    assert main(["audit", "--rewards", "correctness", *given]) == 0
    said = capsys.readouterr()
    assert "on 2 rows" in said.out
    assert said.err.splitlines()[0] == "note: 1 of 3 rows have no 'gold': left out."
    assert main(["audit", "--rewards", "correctness(reference_column=gold)", *given]) == 0


def test_usual_columns_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = rows(tmp_path, {"question": "What is 6 times 3?", "answer": "18"})
    assert main(["audit", "--rewards", "correctness", "--data", data]) == 0


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--rewards", "corectness"], "Did you mean 'correctness'?"),
        (["--rewards", "correctness="], "is no finite number"),
        (["--rewards", "correctness", "--data", "nowhere.jsonl"], "nowhere.jsonl"),
        (["--rewards", "correctness", "--data", "ROWS", "--prompt-column", "x"], "no column 'x'; columns here: a, b"),
        (["--rewards", "correctness", "--data", "ROWS"], "no column 'prompt' or 'question'"),
        (["--rewards", "correctness", "--json", "/no/such/folder/x.json"], "cannot write"),
    ],
)
def test_mistakes_exit_with_2_and_one_line(
    arguments: list[str], hint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = rows(tmp_path, {"a": 1, "b": 2})
    assert main(["audit", *(data if argument == "ROWS" else argument for argument in arguments)]) == 2
    err = capsys.readouterr().err
    assert hint in err
    assert err.count("\n") == 1


def test_names_of_columns_in_a_mistake_stay_on_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = rows(tmp_path, {"a\n\x1b[2Jb": 1})
    assert main(["audit", "--rewards", "correctness", "--data", data]) == 2
    err = capsys.readouterr().err
    assert "columns here: a [2Jb." in err
    assert err.count("\n") == 1


def test_a_users_module_beside_the_caller_is_found(tmp_path: Path) -> None:
    """The console script must see the current folder, as `python -m` does."""
    (tmp_path / "mine.py").write_text(
        "def contains(completions, answer, **kwargs):\n"
        "    return [float(right in text) for text, right in zip(completions, answer)]\n"
    )
    script = Path(sys.executable).with_name("grpo-eval")
    done = subprocess.run(
        [script, "audit", "--rewards", "mine:contains"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "contains" in done.stdout


def test_audit_never_imports_torch() -> None:
    script = (
        "import sys; from grpokit.commands.eval import main; main(['audit', '--rewards', 'correctness']); "
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


SHIPPED = sorted(
    spec
    for spec in {
        *(card.rewards for card in load_cards()),
        *(str(read_recipe(name).get("rewards", "correctness")) for name in recipe_names()),
    }
    if not any(name in spec for name in ("summary_quality", "reasoning_gym", "choice"))
)
"""The mixes of the cards and recipes, but for those that need a package or a model that is not here, or no text."""

BY_LENGTH = "length(target=600)=1,repetition=0.5"
"""A mix for questions without a reference, which pays for a length: any text of that length gets it."""


@pytest.mark.parametrize("spec", SHIPPED)
def test_the_shipped_mixes_pass_or_say_why_not(spec: str) -> None:
    report = audit(RewardMix.parse(spec))
    assert bool(report.paid) == report.blind == (spec == BY_LENGTH), report.verdict
    assert report.blind == ("It pays right work hardly more than wrong work" in report.verdict)


def test_a_length_alone_is_paid_for_anything_and_what_reads_the_content_mends_it() -> None:
    """The mix of the summaries' recipes without what reads them, as docs/recipes.md has it, and with it."""
    alone = "length(target=120)=1,token_length(target=30)=0.5,rouge_l=0"
    failed, mended = (audit(RewardMix.parse(spec)) for spec in (alone, alone.replace("rouge_l=0", "rouge_l=1")))
    assert {hack.name for hack in failed.paid} >= {"padding", "repetition", "connective stuffing"}
    assert failed.verdict.endswith("add a reward that reads the content, such as correctness, rouge_l, reward_model.")
    assert not mended.paid
    assert not mended.blind


def test_the_shipped_mixes_are_all_here() -> None:
    assert BY_LENGTH in SHIPPED
    assert any("rouge_l=1" in spec for spec in SHIPPED)
    assert len(SHIPPED) >= 4
