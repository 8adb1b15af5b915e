"""``grpo-eval tasks``: what a person sees, and one line with exit status 2 for every wrong input."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from grpokit.commands.eval import main
from grpokit.evaluate import load_task, task_names
from grpokit.evaluate.suites import suite_names

GSM8K = [
    {"question": "How much is 40+32?", "answer": "40+32 = 72\n#### 72"},
    {"question": "How much is 6*3?", "answer": "6*3 = 18\n#### 18"},
    {"question": "How much is 6*3?", "answer": "#### 18"},
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in GSM8K))
    return path


def test_list_names_every_task(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "list"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in [*task_names(), *suite_names()])


def test_show_prints_prompts_and_references(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "show", "gsm8k", "--data", str(data), "--rows", "1"]) == 0
    out = capsys.readouterr().out
    assert "inside <think>" in out  # the format that is asked for
    assert "How much is 40+32?" in out
    assert "#### 72" in out
    assert "6*3" not in out


def test_show_prints_what_there_is_to_choose(capsys: pytest.CaptureFixture[str]) -> None:
    example = Path(__file__).parents[2] / "examples" / "science.yaml"
    assert main(["tasks", "show", str(example), "--rows", "1"]) == 0
    assert "choices\nA. milk\nB. honey\nreference\n1\n" in capsys.readouterr().out


def test_show_with_a_model_renders_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "show", "arithmetic", "--model", "demo", "--rows", "1", "--limit", "50"]) == 0
    out = capsys.readouterr().out
    assert "<|im_start|>user\nwhat is" in out
    assert "prompt tokens of 50 rows" in out
    assert "median" in out


def test_show_leaves_no_control_character_to_the_terminal(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data.write_text(json.dumps({"question": "\x1b[2Jhi [bold]\x07", "answer": "1"}))
    assert main(["tasks", "show", "gsm8k", "--data", str(data)]) == 0
    out = capsys.readouterr().out
    assert "�[2Jhi [bold]�" in out
    assert "\x1b" not in out


def test_ids_and_findings_are_single_lines_without_control_characters(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = tmp_path / "card.yaml"
    card.write_text(CARD + "primary: correctness\nid: id\n")
    data.write_text(json.dumps({"id": "a\nb\x1b[2J", "question": "2?", "answer": "####"}))
    assert main(["tasks", "show", str(card), "--data", str(data)]) == 0
    assert "row a b[2J" in capsys.readouterr().out
    assert main(["tasks", "check", str(card), "--data", str(data)]) == 1
    assert "\nrow a b[2J: unreadable: " in "\n" + capsys.readouterr().out


def test_check_finds_nothing_wrong(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "check", "gsm8k", "--data", str(data)]) == 0
    assert "all 3 references" in capsys.readouterr().out


def test_check_lists_doubtful_references_and_exits_with_1(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data.write_text(data.read_text() + json.dumps({"question": "2+2?", "answer": "####"}) + "\n")
    assert main(["tasks", "check", "--data", str(data), "--reference-column", "answer"]) == 1
    out = capsys.readouterr().out
    assert "row 3: unreadable" in out
    assert "1 of 4 references are doubtful: 1 unreadable." in out


def test_check_notes_bare_latex_which_the_reward_reads(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data.write_text(data.read_text() + json.dumps({"question": "5/2?", "answer": r"2\frac{1}{2}"}) + "\n")
    assert main(["tasks", "check", "--data", str(data), "--reference-column", "answer"]) == 0
    out = capsys.readouterr().out
    assert "note: 1 of 4 references are bare LaTeX (rows 3)" in out
    assert "all 4 references can be judged by." in out


def test_prepare_writes_rows_that_run_takes(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    bounds = ["--model", "demo", "--min-prompt-tokens", "5", "--max-prompt-tokens", "400"]
    assert main(["tasks", "prepare", "gsm8k", "--data", str(data), "--out", str(out), *bounds]) == 0
    said = capsys.readouterr().out
    assert "2 of 3 rows kept" in said
    assert "1 dropped: prompt came before" in said
    assert "prompt tokens of 2 rows" in said
    assert len(list(load_task("gsm8k").prompts(data=out / "test.jsonl"))) == 2
    run = ["run", "--task", str(out / "gsm8k.yaml"), "--data", str(out / "test.jsonl"), "--model", "demo"]
    assert (
        main([*run, "--max-new-tokens", "4", "--out", str(tmp_path / "run"), "--where", "question=How much is 6*3?"])
        == 0
    )
    rows = (tmp_path / "run/completions.jsonl").read_text().splitlines()
    assert [json.loads(row)["prompt_id"] for row in rows] == ["1"]


CARD = "name: mine\nsource: {file: rows.jsonl}\nuser: '{question}'\nreference: answer\nrewards: correctness\n"


@pytest.mark.parametrize(
    ("files", "arguments", "said"),
    [
        ({}, "show gsm8", "no task 'gsm8'. Did you mean 'gsm8k'"),
        ({}, "show gsm8k --data none.jsonl", "no file none.jsonl"),
        ({"rows.jsonl": ""}, "show gsm8k --data rows.jsonl", "rows.jsonl is empty"),
        ({"rows.csv": "question,answer\n"}, "show gsm8k --data rows.csv", "its data is empty"),
        ({"rows.csv": "question,answer\n"}, "check gsm8k --data rows.csv", "the data is empty"),
        ({"rows.csv": "question,answer\n"}, "prepare gsm8k --data rows.csv --out out", "the data is empty"),
        ({"rows.jsonl": '{"question": "2"\n'}, "show gsm8k --data rows.jsonl", "rows.jsonl, line 1: not valid JSON"),
        (
            {"rows.jsonl": '{"problem": "2"}'},
            "show gsm8k --data rows.jsonl",
            "no column 'answer' in the data. All: problem",
        ),
        ({"rows.jsonl": '{"question": "2", "answer": "2"}'}, "show gsm8k --data rows.jsonl --where lang=en", "'lang'"),
        ({}, "show gsm8k --where lang", "--where 'lang': write COLUMN=VALUE"),
        (
            {"card.yaml": CARD + "primry: x"},
            "show card.yaml",
            "card.yaml: unknown key 'primry'. Did you mean 'primary'?",
        ),
        (
            {"card.yaml": CARD + "primary: correctness\nsampels: 4"},
            "show card.yaml",
            "unknown key 'sampels'. Did you mean",
        ),
        (
            {"card.yaml": CARD + "primary: correctness\nsamples: x"},
            "show card.yaml",
            "samples: Input should be a valid",
        ),
        (
            {
                "card.yaml": CARD.replace("{q", "{Q") + "primary: correctness",
                "rows.jsonl": '{"question": "2", "answer": 2}',
            },
            "show card.yaml",
            "no column 'Question' in the data. Did you mean 'question'",
        ),
        ({}, "show arithmetic --split dev", "no split 'dev'"),
        ({}, "show arithmetic --model ./nowhere", "no folder ./nowhere"),
        ({}, "check", "give a task, or --data FILE with --reference-column"),
        ({}, "check arithmetic --reference-column answer", "goes with --data alone"),
        ({}, "prepare arithmetic --out out --max-prompt-tokens 9", "needs --model"),
        ({}, "prepare arithmetic --out out --model demo --max-prompt-tokens 1 --min-prompt-tokens 2", "is more than"),
        ({}, "prepare arithmetic --out out --model demo --max-prompt-tokens 1", "500 rows: more than 1 tokens"),
    ],
)
def test_wrong_input_is_one_line_and_exit_status_2(
    files: dict[str, str],
    arguments: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in files.items():
        Path(name).write_text(content)
    assert main(["tasks", *arguments.split()]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("grpo-eval: ")


def test_without_network_a_hub_task_names_data() -> None:
    code = "import sys; from grpokit.commands.eval import main; sys.exit(main(['tasks', 'show', 'gsm8k']))"
    environment = {"HF_HUB_OFFLINE": "1", "HF_HOME": "/nowhere", "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "cannot load data set 'openai/gsm8k' from the hub" in done.stderr
    assert "--data FILE" in done.stderr


def test_tasks_start_without_anything_heavy() -> None:
    code = (
        "import sys; from grpokit.commands.eval import main; main(['tasks', 'list']);"
        "print([name for name in ('torch', 'transformers', 'datasets', 'pyarrow', 'sympy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
