"""``grpo-eval`` as it is typed: what it prints, writes and returns."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from xml.etree import ElementTree

import pytest
import torch
from grpokit.commands.eval import main
from grpokit.evaluate import load_task
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.runs.run import Run
from grpokit.evaluate.types import Row
from grpokit.tests.commands.answers import COLUMNS
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM


def test_score_compares_models_and_writes_what_is_asked(
    answers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, report, junit = tmp_path / "out", tmp_path / "c.json", tmp_path / "j.xml"
    asked = [*COLUMNS, "--model-column", "model", "--out", str(out), "--json", str(report), "--junit", str(junit)]
    assert main(["score", str(answers), *asked]) == 0
    shown = capsys.readouterr()
    assert "0.500" in shown.out
    assert str(out / "a") in shown.out
    written = json.loads(report.read_text())
    assert written["schema"] == 1
    assert [model["rewards"]["correctness"]["mean"] for model in written["models"]] == [0.5, 1.0]
    (pair,) = written["pairs"]
    assert (pair["base"], pair["tuned"], pair["rewards"]["correctness"]["delta"]) == ("a", "b", 0.5)
    assert {"delta", "low", "high", "p", "p_holm", "fixed", "broken", "mde"} <= set(pair["total"])
    suites = ElementTree.fromstring(junit.read_text())
    assert [case.get("name") for case in suites.iter("testcase")] == ["verdict (correctness)", "correctness", "total"]


def test_json_on_standard_output_is_json_alone(
    answers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["score", str(answers), *COLUMNS, "--model-column", "model", "--out", str(tmp_path / "o"), "--json", "-"])
        == 0
    )
    assert json.loads(capsys.readouterr().out)["task"] == "answers"


def score_against(tmp_path: Path, base: list[int], tuned: list[int]) -> Path:
    """Make two runs whose answers are right where the lists say 1."""
    rows = [
        {"idx": index, "gold": "1", "output": f"#### {right}", "model": model}
        for model, answers in (("base", base), ("tuned", tuned))
        for index, right in enumerate(answers)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    main(["score", str(path), *COLUMNS, "--model-column", "model", "--out", str(tmp_path / "runs")])
    return tmp_path / "runs"


@pytest.mark.parametrize(
    ("base", "tuned", "options", "status"),
    [
        ([0] * 40, [1] * 40, [], 0),  # improved
        ([1] * 40, [0] * 40, [], 1),  # regressed
        ([1, 0] * 5, [0, 1] * 5, [], 0),  # underpowered, and nobody asked to be strict
        ([1, 0] * 5, [0, 1] * 5, ["--strict"], 3),
        ([1, 0] * 20, [1, 0] * 20, ["--strict", "--margin", "0.5"], 0),  # held
    ],
)
def test_exit_status_is_the_verdict(
    tmp_path: Path, base: list[int], tuned: list[int], options: list[str], status: int
) -> None:
    runs = score_against(tmp_path, base, tuned)
    assert main(["compare", str(runs), *options]) == status


def test_run_resumes_and_compares_base_with_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "runs"
    asked = ["run", "--task", "arithmetic", "--limit", "8", "--out", str(out), "--noise-floor"]
    models = ["--model", "base=demo", "--model", "again=demo"]
    assert main([*asked, *models]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["again", "base"]
    before = (out / "base" / "completions.jsonl").read_bytes()
    assert (out / "base" / "noise.json").exists()
    capsys.readouterr()
    assert main([*asked, *models]) == 2
    assert "--resume" in capsys.readouterr().err
    assert main([*asked, *models, "--resume"]) == 0
    assert (out / "base" / "completions.jsonl").read_bytes() == before


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of checkpoints, as a trainer leaves them: two LoRAs on the demo checkpoint."""
    folder = tmp_path_factory.mktemp("trained")
    torch.manual_seed(0)
    for step in (2, 10):
        model = AutoModelForCausalLM.from_pretrained(checkpoint_path())
        lora = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
        get_peft_model(model, lora).save_pretrained(folder / f"checkpoint-{step}")
    return folder


def asked_with(out: Path, *options: str) -> tuple[Run, list[Row]]:
    """Ask the demo two questions."""
    assert main(["run", "--task", "arithmetic", "--model", "demo", "--limit", "2", "--out", str(out), *options]) == 0
    run = Run.open(out)
    return run, list(run.rows())


def test_run_stops_at_each_text_that_is_given(tmp_path: Path) -> None:
    run, rows = asked_with(tmp_path / "out", "--stop", "</reasoning>", "--stop", "+")
    assert run.manifest.sampling is not None
    assert run.manifest.sampling["stop"] == ["</reasoning>", "+"]
    assert {row.finish_reason for row in rows} == {"stop"}
    assert not any(stop in str(row.text) for row in rows for stop in ("</reasoning>", "+"))


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("sum {question}", [("system", "sum {question}"), ("user", "{question}")]),  # a template, as in a card
        ("", [("user", "{question}")]),
        (" ", [("user", "{question}")]),
    ],
)
def test_run_asks_with_the_system_message_that_is_given(
    tmp_path: Path, text: str, messages: list[tuple[str, str]]
) -> None:
    run, _ = asked_with(tmp_path / "out", "--system", text, "--max-new-tokens", "1")
    for prompt in run.asked():
        question = prompt.columns["question"]
        wanted = [{"role": role, "content": content.format(question=question)} for role, content in messages]
        assert list(prompt.text) == wanted


def test_run_takes_the_cluster_column_that_is_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, _ = asked_with(tmp_path / "out", "--cluster-column", "question", "--max-new-tokens", "1")
    assert run.manifest.task.cluster == "question"
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(f'{{"question": "{n}+1", "answer": "{n + 1}", "page": 1}}\n' for n in range(3)))
    asked = [
        "run",
        "--model",
        "demo",
        "--data",
        str(rows),
        "--prompt-column",
        "question",
        "--reference-column",
        "answer",
    ]
    for column, said in (("page", "so all questions are one cluster"), ("pge", "no column 'pge' for --cluster-column")):
        assert main([*asked, "--cluster-column", column, "--out", str(tmp_path / column)]) == 2
        assert said in capsys.readouterr().err
        assert not (tmp_path / column).exists()


def test_a_trajectory_of_several_models_resumes_where_it_was_cut(tmp_path: Path, trained: Path) -> None:
    out = tmp_path / "runs"
    asked = ["run", "--task", "arithmetic", "--limit", "4", "--out", str(out), "--margin", "1"]
    asked += ["--model", "base=demo", "--model", f"tuned=demo+{trained}"]
    main([*asked, "--json", str(tmp_path / "whole.json")])
    journals = {name: out / name / "completions.jsonl" for name in ("base", "tuned-2", "tuned-10")}
    whole = {name: journal.read_bytes() for name, journal in journals.items()}
    weights = {name: {json.loads(line)["weights"] for line in text.splitlines()} for name, text in whole.items()}
    assert len(set.union(*weights.values())) == 3, "each row says which weights wrote it"
    journals["tuned-2"].write_bytes(whole["tuned-2"][:700])
    shutil.rmtree(out / "tuned-10")
    main([*asked, "--resume", "--json", str(tmp_path / "resumed.json")])
    assert {name: journal.read_bytes() for name, journal in journals.items()} == whole
    models = json.loads((tmp_path / "resumed.json").read_text())["models"]
    assert [model["name"] for model in models] == ["base", "tuned-2", "tuned-10"]


def test_a_cards_cluster_column_widens_the_interval(tmp_path: Path, trained: Path) -> None:
    """Ten questions, each there six times: by clusters these are ten observations, and not sixty."""
    card = """
        name: sums
        source: {file: rows.jsonl}
        user: "what is {question}?"
        reference: gold
        rewards: edit_similarity
        primary: edit_similarity
        max_new_tokens: 24
    """
    rows = [{"question": f"1{seed}+2{seed}", "gold": str(30 + 2 * seed), "seed": seed} for seed in range(10)] * 6
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "plain.yaml").write_text(dedent(card))
    (tmp_path / "clustered.yaml").write_text(dedent(card) + "cluster: seed\n")
    widths = {}
    for name in ("plain", "clustered"):
        found = tmp_path / f"{name}.json"
        asked = [
            "--task",
            str(tmp_path / f"{name}.yaml"),
            "--data",
            str(tmp_path / "rows.jsonl"),
            "--out",
            str(tmp_path / name),
            "--json",
            str(found),
        ]
        main(["run", *asked, "--model", "base=demo", "--model", f"tuned=demo+{trained / 'checkpoint-2'}"])
        (pair,) = json.loads(found.read_text())["pairs"]
        delta = pair["rewards"]["edit_similarity"]
        widths[name] = delta["high"] - delta["low"]
    assert widths["clustered"] > 2 * widths["plain"] > 0  # the square root of six, and t with fewer degrees of freedom


def test_run_on_a_file_of_columns(tmp_path: Path) -> None:
    data = tmp_path / "questions.csv"
    data.write_text("q,a\nwhat is 19+15?,34\nwhat is 28+14?,42\n")
    columns = ["--prompt-column", "q", "--reference-column", "a"]
    settings = ["--max-new-tokens", "24", "--out", str(tmp_path / "run"), "--model", "demo"]
    assert main(["run", "--data", str(data), *columns, *settings]) == 0
    rows = [json.loads(line) for line in (tmp_path / "run" / "completions.jsonl").open()]
    assert {row["finish_reason"] for row in rows} <= {"eos", "length"}
    assert all(
        set(row) >= {"prompt_id", "sample", "text", "finish_reason", "tokens", "model", "weights"} for row in rows
    )


def test_signal_writes_prompts_that_a_task_takes_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, prompts = str(tmp_path / "run"), tmp_path / "worth.jsonl"
    asked = ["run", "--task", "arithmetic", "--model", "demo", "--limit", "12", "--samples", "4", "--out", run]
    assert main(asked) == 0
    capsys.readouterr()
    assert main(["signal", run, "--group", "4", "--prompts", str(prompts), "--json", "-"]) == 0
    forecast = json.loads(capsys.readouterr().out)
    rows = [json.loads(line) for line in prompts.open()]
    assert [row["id"] for row in rows] == forecast["worth"] != []
    again = ["run", "--task", "arithmetic", "--data", str(prompts), "--model", "demo", "--out", str(tmp_path / "again")]
    assert main(again) == 0


def test_signal_writes_prompts_under_the_columns_of_their_task(tmp_path: Path) -> None:
    """Recipes train on them by --data; where the reader of the forecast leaves, they are written all the same."""
    rows, prompts = tmp_path / "rows.jsonl", tmp_path / "worth.jsonl"
    rows.write_text("".join(json.dumps({"question": f"2+{n}?", "answer": f"#### {2 + n}"}) + "\n" for n in range(2)))
    asked = ["--data", str(rows), "--model", "demo", "--samples", "2", "--temperature", "2", "--max-new-tokens", "9"]
    mix = ["--rewards", "edit_similarity"]
    main(["run", "--task", "gsm8k", *asked, *mix, "--out", str(tmp_path / "run")])
    command = shlex.join([sys.executable, "-m", "grpokit.commands.eval", "signal", str(tmp_path / "run")])
    line = f"{command} --group 2 --prompts {prompts} >&-"
    assert subprocess.run(["bash", "-c", line], check=False).returncode == 0
    assert list(load_task("gsm8k").prompts(data=prompts))


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("PYTHONIOENCODING=ascii {eval} compare {runs} --margin 1", 1),
        ("PYTHONIOENCODING=ascii {eval} rewards list", 0),
        ("{eval} compare {runs} | head -1; exit ${{PIPESTATUS[0]}}", 1),
        ("{eval} compare {runs} >&-", 1),
    ],
    ids=["comparison in ascii", "rewards in ascii", "reader that leaves", "no output at all"],
)
def test_output_that_cannot_be_written_changes_no_verdict(tmp_path: Path, line: str, status: int) -> None:
    runs = score_against(tmp_path, [1] * 30, [0] * 30)
    command = shlex.join([sys.executable, "-m", "grpokit.commands.eval"])
    done = subprocess.run(["bash", "-c", line.format(eval=command, runs=runs)], capture_output=True, text=True)
    assert (done.returncode, [line for line in done.stderr.splitlines() if not line.startswith("hint: ")]) == (
        status,
        [],
    )


@pytest.mark.parametrize("command", [[], ["run"], ["score"], ["compare"], ["signal"], ["rewards"], ["audit"]])
def test_help_loads_nothing_heavy(command: list[str]) -> None:
    code = (
        "import sys\nfrom grpokit.commands.eval import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'transformers', 'sympy', 'scipy', 'numpy', 'datasets', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, *command, "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "usage: grpo-eval" in done.stdout


def test_field_13_scoring_and_comparing_never_load_torch(answers: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom grpokit.commands.eval import main\nmain(sys.argv[1:])\n"
        "sys.exit('torch was loaded' if 'torch' in sys.modules else 0)"
    )
    asked = ["score", str(answers), *COLUMNS, "--model-column", "model", "--out", str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-c", code, *asked], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_kramabench_38_a_file_of_references_that_cannot_be_read_ends_with_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every row was "unreadable", and the status 0; a list of accepted answers is read."""
    source = tmp_path / "answers.jsonl"
    for gold, status in (([""], 2), (["4", "four"], 0)):
        source.write_text(json.dumps({"output": "The answer is four.", "gold": gold}) + "\n")
        argv = ["score", str(source), "--completion-column", "output", "--reference-column", "gold"]
        assert main([*argv, "--out", str(tmp_path / f"out-{status}")]) == status
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("! 1 of 1 completions of model have no value of correctness: 1 unreadable reference")
