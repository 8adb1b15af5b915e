"""``--by COLUMN`` on the commands that compare."""

import json
from pathlib import Path

import pytest
from grpokit.commands.eval import main
from grpokit.commands.report import main as report


@pytest.fixture
def compared(tmp_path: Path) -> Path:
    """A folder with the runs of two models on 44 questions of three topics."""
    rows = [
        {
            "idx": n,
            "topic": "few" if n >= 40 else ("sums", "products")[n % 2],
            "gold": "1",
            "output": f"#### {int(name == 'b' and n % 4 == 0)}",
            "model": name,
        }
        for name in ("a", "b")
        for n in range(44)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    columns = ["--completion-column", "output", "--reference-column", "gold", "--id-column", "idx"]
    columns += ["--model-column", "model"]
    assert main(["score", str(tmp_path / "rows.jsonl"), *columns, "--out", str(tmp_path / "stored")]) == 0
    (tmp_path / "asked.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:44]))
    asked = ["run", "--data", str(tmp_path / "asked.jsonl"), "--prompt-column", "idx", "--id-column", "idx"]
    asked += ["--reference-column", "gold", "--out", str(tmp_path / "runs"), "--by", "topic"]
    assert main([*asked, *(f"--model={name}=replay:{tmp_path / 'stored' / name}" for name in ("a", "b"))]) == 0
    return tmp_path


def test_every_report_shows_the_groups(compared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    runs = [str(compared / "runs")]
    outputs = {name: compared / f"report.{name}" for name in ("json", "html", "markdown")}
    given = [part for name, path in outputs.items() for part in (f"--{name}", str(path))]
    assert main(["compare", *runs, "--by", "topic", *given]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    groups = json.loads(outputs["json"].read_text())["pairs"][0]["subgroups"]
    assert groups["column"] == "topic"
    assert sum(group["n"] for group in groups["groups"]) == 44
    for group in groups["groups"]:
        assert set(group) == {
            *("name", "base", "tuned", "n", "delta", "low", "high", "level", "p", "p_holm", "verdict"),
        }
        assert (group["verdict"] is None) == (group["n"] < 5)
    assert "topic questions base tuned change interval p Holm verdict" in shown
    for text in (shown, outputs["markdown"].read_text(), outputs["html"].read_text()):
        assert "labels permuted, sum of squares between groups" in text
        assert "Too small for a verdict: few (4 questions)." in text
    assert "<h2>By topic</h2>" in outputs["html"].read_text()
    assert report([*runs, "--by", "topic"]) == 0
    assert "topic questions base" in " ".join(capsys.readouterr().out.split())


def test_a_wrong_column_is_refused_before_a_model_is_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["run", "--task", "arithmetic", "--model", "demo", "--model", "b=demo", "--out", str(tmp_path / "out")]
    assert main([*asked, "--by", "topic"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("grpo-eval: --by: no column 'topic' in the prompts.")
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_column_of_a_table_groups_its_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No option but --by names the column; a row without a value there is in a group of its own."""
    for name in "ab":
        rows = [
            {"idx": n, "gold": "1", "topic": ("sums", "products", None)[n % 3], "output": f"#### {n % 2}"}
            for n in range(30)
        ]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = [f"{name}={tmp_path / name}.jsonl" for name in "ab"]
    columns = ["--completion-column", "output", "--reference-column", "gold", "--id-column", "idx"]
    out = ["--out", str(tmp_path / "out"), "--json", str(tmp_path / "report.json")]
    assert main(["score", *files, *columns, *out, "--by", "topic"]) == 0
    groups = json.loads((tmp_path / "report.json").read_text())["pairs"][0]["subgroups"]["groups"]
    assert {group["name"]: group["n"] for group in groups} == {"sums": 10, "products": 10, "(no value)": 10}
    assert main(["score", str(tmp_path / "out" / "b"), "--out", str(tmp_path / "again")]) == 0
    assert main(["compare", *files, *columns, "--by", "topic"]) == 0
    assert main(["compare", *(str(tmp_path / "out" / name) for name in "ab"), "--by", "topic"]) == 0
    capsys.readouterr()
    assert main(["compare", *files, *columns, "--by", "topik"]) == 2
    assert "no column 'topik' for --by. Did you mean 'topic'?" in capsys.readouterr().err
