"""``grpo-train``: what it prints, writes and returns."""

import json
import re
import shutil
import subprocess
import sys

import pytest
from grpokit.commands.train import main
from grpokit.evaluate.demo import checkpoint_path

SMALL = ["per_device_train_batch_size=16", "num_generations=4", "max_steps=2", "report_to=none", "evaluation.limit=8"]

LIGHT = [["--help"], ["--list"], ["--show", "arithmetic-tiny"], ["arithmetic-tiny", "--dry-run"]]


@pytest.mark.parametrize("argv", LIGHT)
def test_looking_imports_no_torch(argv):
    code = (
        "import sys\n"
        "from grpokit.commands.train import main\n"
        "try:\n"
        f"    status = main({argv!r})\n"
        "except SystemExit as stop:\n"
        "    status = stop.code\n"
        "assert not status, status\n"
        "heavy = {'torch', 'transformers', 'trl', 'peft', 'datasets', 'scipy'} & sys.modules.keys()\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_list_has_every_recipe_with_its_description(capsys):
    assert main(["--list"]) == 0
    assert "arithmetic-tiny" in capsys.readouterr().out


def test_dry_run_tells_steps_geometry_and_notes(capsys):
    assert main(["arithmetic-tiny", "--dry-run", "per_device_train_batch_size=4", "learning_rate=1e-6"]) == 0
    out = capsys.readouterr().out
    assert "60 steps of 8 completions" in out
    assert "note: learning_rate=1e-06" in out
    assert "note: gradient_accumulation_steps=2" in out


SAVED = [
    ("save_strategy=epoch", "a checkpoint per epoch"),
    ("save_strategy=no", "no checkpoints"),  # a word, which YAML 1.1 read as false
    ("save_steps=20", "a checkpoint every 20 steps"),
]


@pytest.mark.parametrize(("setting", "said"), SAVED)
def test_dry_run_says_how_often_checkpoints_are_saved(setting, said, capsys):
    assert main(["arithmetic-tiny", "--dry-run", setting]) == 0
    assert said in capsys.readouterr().out


def test_shortcuts_set_keys_of_the_recipe(capsys, tmp_path):
    model = tmp_path / "it's 1"
    shutil.copytree(checkpoint_path(), model)
    argv = [
        "arithmetic-tiny",
        "--rewards",
        "length(target=60)=0.25,correctness",
        "--model",
        str(model),
        "--dry-run",
    ]
    assert main(argv) == 0
    out = capsys.readouterr().out
    assert "rewards: length(target=60)=0.25,correctness" in out
    assert f"path: {model}" in re.sub(r"\n +", " ", out)  # a long path is folded at its blank


MISTAKES = [
    ([], "name a recipe"),
    (["nothing"], "no recipe 'nothing'"),
    (["arithmetic-tiny", "max_stepz=2"], "Did you mean 'max_steps'?"),
    (["arithmetic-tiny", "--rewards", "corectness"], "Did you mean 'correctness'?"),
    (["arithmetic-tiny", "--resume"], "--resume needs --out"),
    (["arithmetic-tiny", "--dry-run", "evaluation.temperature=0"], "greedy samples are all equal"),  # the card's 4
    (["arithmetic-tiny", "--dry-run", "evaluation.data=/no/rows.jsonl"], "no file /no/rows.jsonl"),
    (["arithmetic-tiny", "--dry-run", "evaluation.data=EMPTY"], "has no prompts"),
    (["arithmetic-tiny", "--dry-run", "evaluation.split=dev"], "no split 'dev'"),
    (["arithmetic-tiny", "--dry-run", "evaluation.base=/nowhere"], "it holds no run; give the folder of one"),
    (["phi2-tldr-qlora", "--dry-run", "evaluation.split=dev"], "no split 'dev'"),  # of the hub: nothing is fetched
    (["arithmetic-tiny", "--dry-run", "max_steps=-3"], "give at least 1, or -1"),
    (["arithmetic-tiny", "--dry-run", "lora.r=100000"], "lora.r=100000"),
    (["arithmetic-tiny", "--dry-run", "lora.r=65"], "the adapted layers are at most 64 wide"),
    (["arithmetic-tiny", "--dry-run", "report_to=wandbb"], "Did you mean 'wandb'?"),
    (["arithmetic-tiny", "--dry-run", "report_to=swanlab"], "needs the package swanlab"),
    (["arithmetic-tiny", "--dry-run", "--model", "./absent"], "no folder ./absent"),
    (["arithmetic-tiny", "--dry-run", "lora.target_modules=[q_proj, qkv]"], "the model has no module 'qkv'"),
    (["arithmetic-tiny", "--dry-run", "max_completion_length=128"], "no prompt leaves room for 128 new tokens"),
    (["arithmetic-tiny", "--data", "/no/rows.jsonl", "--out", "OUT"], "/no/rows.jsonl"),
    (["arithmetic-tiny", "--model", "/no/model", "--out", "OUT"], "no folder /no/model"),
    (["arithmetic-tiny", "evaluation.data=/no/rows.jsonl", "--out", "OUT"], "/no/rows.jsonl"),  # not after training
]


@pytest.mark.parametrize(("argv", "message"), MISTAKES)
def test_mistake_is_one_line_and_status_2(argv, message, capsys, tmp_path):
    out, empty = tmp_path / "run", tmp_path / "empty.csv"
    empty.write_text("id,question,reference\n")
    assert main([str(out) if part == "OUT" else part.replace("EMPTY", str(empty)) for part in argv]) == 2
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert line.startswith("grpo-train: ")
    assert message in line
    assert not said.out
    assert not out.exists()


def test_dry_run_without_evaluation_looks_at_no_evaluation(capsys):
    assert main(["arithmetic-tiny", "--dry-run", "--no-evaluation", "evaluation.temperature=0"]) == 0


def test_training_ends_with_the_comparison_of_base_and_tuned(tmp_path, capsys):
    out, report = tmp_path / "run", tmp_path / "report.json"
    argv = ["arithmetic-tiny", *SMALL, "evaluation.every=null", "--out", str(out), "--json", str(report)]
    assert main(argv) in (0, 1)  # two steps may go either way
    comparison = json.loads(report.read_text())
    assert [(model["name"], model["prompts"], model["samples"]) for model in comparison["models"]] == [
        ("base", 8, 4),
        ("tuned", 8, 4),
    ]
    assert comparison["pairs"][0]["comparable"]
    assert "adapter: " in capsys.readouterr().err


CHOOSING = ["evaluation.every=1", "evaluation.load_best=true", "evaluation.samples=1", "evaluation.temperature=0"]


def test_dry_run_says_which_questions_choose_and_which_judge(capsys):
    assert main(["arithmetic-tiny", "--dry-run", *CHOOSING]) == 0
    assert "note: 250 questions (one half of the test split) choose the checkpoint, 250 questions " in (
        capsys.readouterr().out
    )
    assert main(["arithmetic-tiny", "--dry-run", *CHOOSING, "evaluation.limit=99"]) == 0
    assert "note: the same 99 questions (test split) choose the checkpoint and judge it" in capsys.readouterr().out


def test_a_chosen_checkpoint_is_compared_on_questions_that_no_look_saw(tmp_path, capsys):
    out, report = tmp_path / "run", tmp_path / "report.json"
    small = [key for key in SMALL if "limit" not in key]
    argv = ["arithmetic-tiny", *small, *CHOOSING, "evaluation.limit=100", "--out", str(out), "--json", str(report)]
    assert main(argv) in (0, 1)
    (looked, judged) = (
        {json.loads(line)["id"] for line in (out / folder / "base" / "prompts.jsonl").read_text().splitlines()}
        for folder in ("evaluation", "final")
    )
    assert (len(looked), len(judged), looked & judged) == (50, 50, set())
    assert {path.name for path in (out / "evaluation").iterdir()} == {"base", "step-00001", "step-00002"}
    assert {path.name for path in (out / "final").iterdir()} == {"base", "tuned"}
    assert [model["prompts"] for model in json.loads(report.read_text())["models"]] == [50, 50]
    choice = json.loads((out / "choice.json").read_text())
    assert (choice["looks"], choice["apart"], choice["judged"]["questions"]) == (2, True, 50)
    assert f"Step {choice['step']} was chosen by 2 looks at 50 questions" in (out / "README.md").read_text()


def test_training_that_evaluates_asks_no_model_twice(tmp_path, capsys):
    out, report = tmp_path / "run", tmp_path / "report.json"
    argv = ["arithmetic-tiny", *SMALL, "evaluation.every=1", "--out", str(out), "--json", str(report)]
    assert main(argv) in (0, 1)
    names = [model["name"] for model in json.loads(report.read_text())["models"]]
    assert names == ["base", "step 2"]
    for folder in ("evaluation", "evaluation-greedy"):
        assert {path.name for path in (out / folder).iterdir()} == {"base", "step-00001", "step-00002"}
    said = capsys.readouterr()
    assert "held out, base, sampled: correctness" in said.err
    assert "held out, step 2, greedy: correctness" in said.err
    full, beside = said.out.split("greedy answers")
    assert "fixed/broken" in full  # the sampled comparison as a whole, the greedy one as its verdict
    assert "fixed/broken" not in beside
    assert str(out / "evaluation-greedy" / "step-00002") in beside


def interrupt(*arguments, **keywords):
    raise KeyboardInterrupt


def test_comparison_that_was_interrupted_is_gone_on_with(tmp_path, capsys, monkeypatch):
    out, report = tmp_path / "run", tmp_path / "report.json"
    argv = ["arithmetic-tiny", *SMALL, "evaluation.every=null", "--out", str(out), "--json", str(report)]
    with monkeypatch.context() as patch:
        patch.setattr("grpokit.commands.actions.train.answer", interrupt)
        assert main(argv) == 130
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"grpo-train: interrupted; go on with the same command, --out {out} and --resume."
    assert main([*argv, "--resume"]) in (0, 1)
    assert [model["name"] for model in json.loads(report.read_text())["models"]] == ["base", "tuned"]


INTERRUPTED_EARLY = [
    ([], "nothing is in {out} yet, so start again with the same command."),  # while loading: no folder was made
    (["checkpoints/"], "nothing is in {out} yet, so start again with the same command."),  # empty folders are no matter
    (["recipe.yaml"], "{out} holds no checkpoint yet, so start again with another --out."),
]


@pytest.mark.parametrize(("left", "said"), INTERRUPTED_EARLY)
def test_interrupted_before_the_first_checkpoint_there_is_nothing_to_go_on_with(
    left, said, tmp_path, capsys, monkeypatch
):
    out = tmp_path / "run"

    def leave(*arguments):
        for name in left:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).mkdir() if name.endswith("/") else (out / name).touch()
        raise KeyboardInterrupt

    monkeypatch.setattr("grpokit.commands.actions.train.held_out", leave)
    assert main(["arithmetic-tiny", "--out", str(out)]) == 130
    assert capsys.readouterr().err == f"grpo-train: interrupted; {said.format(out=out)}\n"


def test_the_command_that_is_told_to_be_given_again_starts(tmp_path, monkeypatch):
    argv = ["arithmetic-tiny", *SMALL, "--no-evaluation", "--out", str(tmp_path / "run")]
    with monkeypatch.context() as patch:
        patch.setattr("grpokit.train.run.load_base", interrupt)
        assert main(argv) == 130
    assert main(argv) == 0


WRONG_OPTIONS = [
    (["--resum2"], "unrecognized arguments: --resum2; did you mean --resume?"),
    (["arithmetic-tiny", "--dryrun", "max_steps=5"], "unrecognized arguments: --dryrun; did you mean --dry-run?"),
    (["--outt=x"], "did you mean --out?"),
    (["--qqqq"], "unrecognized arguments: --qqqq (options: grpo-train --help)"),
    (["arithmetic-tiny", "--max_steps=5"], "unrecognized arguments: --max_steps=5; write max_steps=5 (options"),
    (["arithmetic-tiny", "--learning-rate", "1e-4"], "write learning_rate=VALUE"),  # a field of GRPOConfig
    (["--evaluation.every=5"], "write evaluation.every=5"),  # a key of the recipe
    (["--output_dir=x"], "unrecognized arguments: --output_dir=x; give --out ("),  # a field that no recipe sets
    (["--margin", "much"], "argument --margin: 'much': give 0 or a positive number"),
]


@pytest.mark.parametrize(("argv", "said"), WRONG_OPTIONS)
def test_wrong_options_are_one_line_with_the_nearest_right_one(argv, said, capsys):
    with pytest.raises(SystemExit) as caught:
        main(argv)
    (line,) = capsys.readouterr().err.splitlines()
    assert caught.value.code == 2
    assert line.startswith("grpo-train: ")
    assert said in line


def test_a_dry_run_counts_and_refuses_what_is_trained_and_asked(tmp_path, capsys):
    """The whole file: refused with the repair. A part of it: counted. A part kept back: fine."""
    rows = tmp_path / "rows.jsonl"
    lines = [f'{{"question": "What is {number} + 1?", "answer": "{number + 1}"}}\n' for number in range(40)]
    rows.write_text("".join(lines))
    (tmp_path / "asked.jsonl").write_text("".join(lines[:5]).replace("What is", "what  is"))
    card = tmp_path / "card.yaml"
    card.write_text(
        "name: own\nsource: {file: rows.jsonl}\nuser: '{question}'\nreference: answer\n"
        "rewards: correctness=1\nprimary: correctness\nmax_new_tokens: 32\n"
    )
    argv = ["arithmetic-tiny", "--dry-run", f"task={card}", "rewards=correctness=1"]
    assert main(argv) == 2
    assert "all 40 training rows are held-out rows too" in capsys.readouterr().err
    assert main([*argv, "--no-evaluation"]) == 0
    capsys.readouterr()
    assert main([*argv, f"evaluation.data={tmp_path / 'asked.jsonl'}"]) == 0
    assert "note: 5 of 40 training rows were held-out rows too" in capsys.readouterr().out
    assert main([*argv, "evaluation.holdout=0.2"]) == 0
    assert "held-out rows too" not in capsys.readouterr().out


@pytest.mark.parametrize(("strict", "status"), [([], 0), (["--strict"], 3)])
def test_a_run_in_which_nothing_was_learned_ends_with_the_base(strict, status, tmp_path, capsys):
    """Nobody can be right, so all completions of each group earn the same."""
    out, report, card = tmp_path / "run", tmp_path / "report.json", tmp_path / "card.yaml"
    rows = "".join(f'{{"question": "{number}+15", "answer": "none"}}\n' for number in range(10, 40))
    (tmp_path / "rows.jsonl").write_text(rows)
    card.write_text(
        "name: own\nsource: {file: rows.jsonl}\nuser: '{question}'\nreference: answer\n"
        "rewards: correctness=1\nprimary: correctness\nmax_new_tokens: 32\n"
    )
    argv = ["arithmetic-tiny", *SMALL, f"task={card}", "rewards=correctness=1", "evaluation.every=null", "--merge"]
    argv += ["evaluation.holdout=0.2", "evaluation.samples=1", "--out", str(out), "--json", str(report), *strict]
    assert main(argv) == status
    assert "nothing was learned: the adapter is as it was before the first step" in capsys.readouterr().err
    assert [model["name"] for model in json.loads(report.read_text())["models"]] == ["base"]
    assert not (out / "merged").exists()
    assert main([*argv, "--resume"]) == status  # said again, though nothing is done again


def test_shortcuts_of_training(capsys):
    assert main(["arithmetic-tiny", "--dry-run", "--steps", "7", "--lr", "3e-4", "--batch", "16"]) == 0
    out = capsys.readouterr().out
    assert "7 steps of 16 completions" in out
    assert "learning_rate: 0.0003" in out
    with pytest.raises(SystemExit):
        main(["--base-model", "x"])
    assert "unrecognized arguments: --base-model; write model (" in capsys.readouterr().err
