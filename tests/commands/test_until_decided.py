"""``grpo-eval run --until-decided`` as a person meets it."""

import json
import random
from pathlib import Path

import pytest
from grpokit.commands.eval import main
from grpokit.evaluate import Run

COUNT = 400


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A folder with a file of questions, and with a run for each of three models that answer them."""
    draw = random.Random(0)
    right = {"base": 0.3, "same": 0.3, "tuned": 0.6}
    rows = [{"idx": n, "question": f"{n}?", "gold": "1"} for n in range(COUNT)]
    answers = []
    for row in rows:
        luck = draw.random()
        answers += [{**row, "model": name, "output": f"#### {int(luck < share)}"} for name, share in right.items()]
    for file, lines in (("rows.jsonl", rows), ("answers.jsonl", answers)):
        (tmp_path / file).write_text("".join(json.dumps(line) + "\n" for line in lines))
    columns = ["--completion-column", "output", "--reference-column", "gold", "--id-column", "idx"]
    columns += ["--prompt-column", "question", "--model-column", "model"]
    assert main(["score", str(tmp_path / "answers.jsonl"), *columns, "--out", str(tmp_path / "stored")]) == 0
    return tmp_path


def command(stored: Path, *options: str, models: tuple[str, ...] = ("base", "tuned")) -> list[str]:
    data = ["--data", str(stored / "rows.jsonl"), "--prompt-column", "question", "--reference-column", "gold"]
    given = [part for name in models for part in ("--model", f"{name}=replay:{stored / 'stored' / name}")]
    return ["run", *data, "--id-column", "idx", *given, "--out", str(stored / "out"), *options]


def answered(stored: Path, name: str) -> int:
    return sum(1 for _ in Run.open(stored / "out" / name).rows())


def test_it_stops_as_soon_as_the_verdict_is_sure_and_goes_on_to_the_end(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(command(stored, "--until-decided", "--json", str(stored / "a.json"))) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "IMPROVED: tuned is better than base." in out
    assert "Look 1 of 4: 50 of 400 questions asked, in random order (seed 0)." in out
    assert "A change at which asking stops is too large on average" in out
    assert "2 of 4 100 3.017 99.75 % - - to come" in out
    assert answered(stored, "base") == answered(stored, "tuned") == 50
    looks = json.loads((stored / "a.json").read_text())["pairs"][0]["looks"]
    assert (looks["seed"], looks["of"], looks["made"]) == (0, 400, 1)
    assert [look["questions"] for look in looks["looks"]] == [50, 100, 200, 400]
    assert [look["verdict"] for look in looks["looks"]] == ["IMPROVED", None, None, None]

    assert main(command(stored, "--until-decided", "--resume")) == 0  # decided: nothing more is asked
    assert answered(stored, "base") == 50
    assert main(command(stored, "--resume")) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "Look 4 of 4: 400 of 400 questions asked" in out
    assert "too large on average" not in out.partition("Look 4 of 4")[2]
    assert answered(stored, "base") == answered(stored, "tuned") == 400


def test_equal_models_are_asked_to_the_end_unless_held_is_enough(stored: Path) -> None:
    report = stored / "a.json"
    margin = ("--margin", "0.08", "--json", str(report))
    equal = ("base", "same")
    assert main(command(stored, "--until-decided", *margin, models=equal)) == 0
    first = json.loads(report.read_text())["pairs"][0]
    assert first["verdict"] == "HELD"
    assert answered(stored, "base") == first["looks"]["looks"][first["looks"]["made"] - 1]["questions"]


def test_the_order_is_that_of_the_seed(stored: Path) -> None:
    orders = []
    for seed in ("0", "5"):
        out = ["--out", str(stored / f"seed{seed}")]
        given = command(stored, "--until-decided", "--seed", seed)
        given[given.index("--out") : given.index("--out") + 2] = out
        assert main(given) == 0
        orders.append([prompt.id for prompt in Run.open(stored / f"seed{seed}" / "base").asked()])
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1] != [str(n) for n in range(COUNT)]


def test_the_page_and_the_comment_list_the_looks(stored: Path) -> None:
    page, comment = stored / "a.html", stored / "a.md"
    assert main(command(stored, "--until-decided", "--html", str(page), "--markdown", str(comment))) == 0
    assert "When it was looked at" in page.read_text()
    assert "to come" in page.read_text()
    assert "Look 1 of 4: 50 of 400 questions asked" in comment.read_text()


@pytest.mark.parametrize(
    ("models", "options", "said"),
    [
        (("base",), ["--until-decided"], "compares a base with one other model, and 1 are given"),
        (("base", "same", "tuned"), ["--until", "held"], "compares a base with one other model, and 3 are given"),
        (("base", "tuned"), ["--until-decided", "--limit", "90"], "no look has 50 questions before the last one"),
        (("base", "tuned"), ["--until", "improved"], "invalid choice: 'improved'"),
    ],
)
def test_what_cannot_end_early_is_refused_in_one_line(
    stored: Path, models: tuple[str, ...], options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    try:
        status = main(command(stored, *options, models=models))
    except SystemExit as refusal:  # argparse's own
        status = int(str(refusal.code))
    err = capsys.readouterr().err
    assert status == 2
    assert said in err
    assert err.count("\n") == 1
    assert not (stored / "out").exists()


def test_two_bases_do_not_share_one_vllm(capsys: pytest.CaptureFixture[str]) -> None:
    models = ["--model", "vllm:demo", "--model", "other=vllm:org/other"]
    assert main(["run", "--task", "arithmetic", *models, "--until-decided"]) == 2
    assert "vLLM holds one base at a time" in capsys.readouterr().err


def test_several_processes_cannot_decide_together(
    stored: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert main(command(stored, "--until-decided")) == 2
    assert "is for one process, and 2 share this run" in capsys.readouterr().err


def test_a_run_in_the_order_of_its_data_cannot_be_finished_early(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(stored)) == 0
    capsys.readouterr()
    assert main(command(stored, "--until-decided", "--resume")) == 2
    assert "its prompts are in the order of the data, no start of which is fair" in capsys.readouterr().err
