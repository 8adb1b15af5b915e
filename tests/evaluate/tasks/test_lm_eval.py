"""Tasks of lm-evaluation-harness asked by our engines: its prompts and its metrics, on local files."""

import json
from pathlib import Path
from typing import Any

import pytest
from grpokit.commands.eval import main
from grpokit.evaluate import EvaluationError, load_task
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.runs.run import Run
from grpokit.rewards import RewardMix
from grpokit.rewards.text import RewardError

pytest.importorskip("lm_eval", reason="lm-eval is an extra: pip install 'grpokit[lm-eval]'")

SUMS = """\
task: sums
dataset_path: json
dataset_kwargs: {data_files: {train: FOLDER/train.jsonl, test: FOLDER/test.jsonl}}
training_split: train
test_split: test
fewshot_split: train
description: "Add.\\n\\n"
doc_to_text: "what is {{question}}?\\nAnswer:"
doc_to_target: "{{answer}}"
output_type: generate_until
num_fewshot: 2
generation_kwargs: {until: ["\\n", "what"], do_sample: false, max_gen_toks: 12}
metric_list:
  - {metric: exact_match, aggregation: mean, higher_is_better: true, ignore_case: true}
filter_list:
  - {name: last, filter: [{function: regex, regex_pattern: "([0-9]+)", group_select: -1}, {function: take_first}]}
  - {name: first, filter: [{function: regex, regex_pattern: "([0-9]+)"}, {function: take_first}]}
"""

PICK = """\
task: pick
dataset_path: json
dataset_kwargs: {data_files: {test: FOLDER/pick.jsonl}}
test_split: test
doc_to_text: "what is {{question}}?"
doc_to_target: right
doc_to_choice: "{{options}}"
target_delimiter: "\\n"
output_type: multiple_choice
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
  - {metric: acc_norm, aggregation: mean, higher_is_better: true}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two tasks of one's own, and their rows."""
    rows = [{"question": f"{n}+{n}", "answer": str(2 * n)} for n in range(11, 41)]
    picks = [{"question": f"{n}+{n}", "options": [str(2 * n), f"1{n}", "7"], "right": 0} for n in range(11, 31)]
    for name, part in (("train", rows[:10]), ("test", rows[10:]), ("pick", picks)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))
    (tmp_path / "sums.yaml").write_text(SUMS.replace("FOLDER", str(tmp_path)))
    (tmp_path / "pick.yaml").write_text(PICK.replace("FOLDER", str(tmp_path)))
    return tmp_path


def theirs(path: Path, limit: int | None = None) -> dict[str, Any]:
    """What lm-eval's own engine makes of the demo checkpoint and a task."""
    import lm_eval

    arguments = f"pretrained={checkpoint_path()},dtype=float32"
    return dict(
        lm_eval.simple_evaluate(
            "hf", model_args=arguments, tasks=[str(path)], limit=limit, device="cpu", log_samples=True, batch_size=4
        )
    )


def run(name: Path, out: Path, *options: str) -> Run:
    words = ["run", "--task", f"lm_eval:{name}", "--model", "demo", "--out", str(out), *options]
    assert main(words) == 0
    return Run.open(out)


def values(run: Run, reward: str) -> list[float | None]:
    return [score.rewards[reward].value for score in run.scores()]


def test_prompts_completions_and_metrics_are_the_peers_own(folder: Path) -> None:
    run_ = run(folder / "sums.yaml", folder / "out")
    samples = theirs(folder / "sums.yaml")["samples"]["sums"]
    first = [sample for sample in samples if sample["filter"] == "last"]
    asked = [prompt.text for prompt in run_.asked()]
    assert asked == [sample["arguments"][0][0] for sample in first]
    assert str(asked[0]).startswith("Add.\n\nwhat is ")  # description and examples
    assert str(asked[0]).count("Answer:") == 3
    assert [row.text for row in run_.rows()] == [sample["resps"][0][0] for sample in first]
    for name in ("last", "first"):
        own = [sample["exact_match"] for sample in samples if sample["filter"] == name]
        assert values(run_, f"exact_match[{name}]") == own
    assert run_.manifest.task.primary == "exact_match[last]"
    assert run_.manifest.mix.weights == {"exact_match[last]": 1.0, "exact_match[first]": 0.0}


def test_choices_are_asked_by_our_likelihoods_and_equal_the_peers(folder: Path) -> None:
    run_ = run(folder / "pick.yaml", folder / "out")
    samples = theirs(folder / "pick.yaml")["samples"]["pick"]
    assert [prompt.text for prompt in run_.asked()] == [sample["arguments"][0][0] for sample in samples]
    for name in ("acc", "acc_norm"):
        assert values(run_, name) == [sample[name] for sample in samples]
    for row, sample in zip(run_.rows(), samples, strict=True):
        assert not isinstance(row.text, str)
        own = [choice["logprob"] for choice in row.text[-1]["choices"]]
        assert own == pytest.approx([response[0][0] for response in sample["resps"]], abs=1e-3)


def test_a_run_is_resumed_and_rescored_and_compared_as_any_other(folder: Path) -> None:
    out = folder / "out"
    before = run(folder / "sums.yaml", out, "--limit", "first:6")
    texts, scores = [row.text for row in before.rows()], (out / "scores.jsonl").read_bytes()
    lines = (out / "completions.jsonl").read_text().splitlines(keepends=True)
    (out / "completions.jsonl").write_text("".join(lines[:2]))
    (out / "scores.jsonl").unlink()
    again = run(folder / "sums.yaml", out, "--limit", "first:6", "--resume")
    assert [row.text for row in again.rows()] == texts
    assert (out / "scores.jsonl").read_bytes() == scores
    assert main(["score", str(out)]) == 0
    assert (out / "scores.jsonl").read_bytes() == scores


def test_a_suite_of_the_peers_tasks_says_of_each_what_it_says_alone(folder: Path) -> None:
    (folder / "suite.yaml").write_text(
        "name: peers\ntargets: ['lm_eval:sums.yaml']\nguards: [{task: 'lm_eval:pick.yaml', margin: 0.05}]\n"
    )
    words = ["run", "--suite", str(folder / "suite.yaml"), "--model", "base=demo", "--model", "same=demo"]
    assert main([*words, "--out", str(folder / "suite"), "--json", str(folder / "suite.json")]) == 0
    written = json.loads((folder / "suite.json").read_text())
    assert [(one["role"], one["verdict"]) for one in written["suite"]["tasks"]] == [
        ("target", "UNDERPOWERED"),
        ("guard", "UNDERPOWERED"),
    ]
    for part, name in zip(written["tasks"], ("sums", "pick"), strict=True):
        alone = run(folder / f"{name}.yaml", folder / name)
        primary = alone.manifest.task.primary
        numbers = [value for value in values(alone, primary) if value is not None]
        assert part["models"][0]["rewards"][primary]["mean"] == pytest.approx(sum(numbers) / len(numbers))


def test_another_number_of_examples_a_system_message_and_a_draw(folder: Path) -> None:
    task = load_task(f"lm_eval:{folder / 'sums.yaml'}")
    alone = next(task.with_shots(0).with_system("Be brief.").prompts())
    assert alone.text == "Be brief.\n\nAdd.\n\nwhat is 21+21?\nAnswer:"
    drawn = task.draw("test", 5, seed=0).prompts
    assert drawn == [prompt for prompt in task.prompts() if prompt.id in {one.id for one in drawn}]
    assert len(drawn) == 5
    assert [prompt for prompt in drawn if "answer" in prompt.columns] == []  # rewards see the target alone
    assert [prompt.columns["reference"] for prompt in task.prompts("train", limit=2)] == ["22", "24"]
    with pytest.raises(EvaluationError, match=r"'sums' has no split 'dev'\. All: test, train"):
        list(task.prompts("dev"))


def test_the_metric_is_a_reward_that_training_calls(folder: Path) -> None:
    task = load_task(f"lm_eval:{folder / 'sums.yaml'}")
    prompts = list(task.prompts("train", limit=2))
    columns = {name: [prompt.columns[name] for prompt in prompts] for name in prompts[0].columns}
    mix = RewardMix.parse(task.rewards)
    scored = mix.score(prompts=[one.text for one in prompts], completions=["It is 1 or 22\nwhat is 5", "24"], **columns)
    assert scored.rewards == {"exact_match[last]": [1.0, 1.0], "exact_match[first]": [0.0, 1.0]}
    assert scored.total == [1.0, 1.0]
    assert RewardMix.parse(mix.spec).names == mix.names
    assert [reward.fingerprint for reward in RewardMix.parse(mix.spec).rewards] == [
        reward.fingerprint for reward in mix.rewards
    ]


def test_settings_that_differ_are_another_reward(folder: Path) -> None:
    other = folder / "other.yaml"
    other.write_text((folder / "sums.yaml").read_text().replace("ignore_case: true", "ignore_case: false"))
    one, two = (load_task(f"lm_eval:{path}") for path in (folder / "sums.yaml", other))
    assert one.rewards != two.rewards


CODE = [
    # what is added to the file, what is said
    ("process_results: !function steal.results\n", "names code, '!function steal.results'"),
    ("fewshot_config: {samples: !function steal.samples}\n", "names code, '!function steal.samples'"),
    ("class: steal.Task\n", "names code, 'class: steal.Task'"),
    ("unsafe_code: true\n", "names code, 'unsafe_code: True'"),
    ("include: other.yaml\n", "other.yaml names code, '!function steal.process'"),
    ("metadata: !!python/object/apply:os.system [touch stolen]\n", "names code, 'python/object/apply:os.system'"),
    # what a loader calls, although the value is no part of what the file says
    ("process_docs: !function steal.a\nprocess_docs: null\n", "names code, '!function steal.a'"),
    ("<<: {process_docs: !function steal.b}\nprocess_docs: null\n", "names code, '!function steal.b'"),
    ("? !function steal.c\n: 1\n", "names code, '!function steal.c'"),
    ("metadata: !!set {? !function steal.d}\n", "names code, '!function steal.d'"),
    ("metadata: !!pairs [a: !function steal.e]\n", "names code, '!function steal.e'"),
    ("include: linked.yaml\n", "sub/base.yaml names code, '!function steal.process'"),
    (f"description: '{'a' * 1_000_000}'\nprocess_docs: !function steal.f\n", "it is longer than 1,000,000 bytes"),
    ("metadata: &a [*a]\n", "more than 100,000 values"),
    ("metric_list: [{metric: ./steal, aggregation: mean}]\n", "names code, 'metric: ./steal'"),
    # what imports a class to read data, or writes where it likes
    ("dataset_path: iceberg\n", "names code, 'dataset_path: iceberg'"),
    ("dataset_kwargs: {data_files: {test: test.jsonl}, cache_dir: stolen}\n", "names code, 'cache_dir: stolen'"),
    ("metric_list: [{metric: exact_match, hf_evaluate: true}]\n", "names code, 'hf_evaluate: True'"),
]


@pytest.mark.parametrize(("added", "said"), CODE)
def test_code_in_a_file_needs_leave(
    added: str, said: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    text = (folder / "sums.yaml").read_text()
    if added.startswith("metric_list"):
        text = text[: text.index("metric_list")] + text[text.index("filter_list") :]
    (folder / "mine.yaml").write_text(text + added)
    (folder / "other.yaml").write_text("process_docs: !function steal.process\n")
    (folder / "sub").mkdir()
    (folder / "sub" / "link.yaml").write_text("include: base.yaml\n")
    (folder / "sub" / "base.yaml").write_text("process_docs: !function steal.process\n")
    (folder / "linked.yaml").symlink_to("sub/link.yaml")
    (folder / "base.yaml").write_text("metadata: {}\n")
    for place in (folder, folder / "sub"):
        (place / "steal.py").write_text("open('stolen', 'w')\n")
    assert main(["run", "--task", "lm_eval:mine.yaml", "--model", "demo", "--out", "out"]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert ("--allow-code runs it" in error) == ("names code" in said)
    assert error.count("\n") == 1
    assert not (folder / "stolen").exists()
    assert not (folder / "out").exists()


def test_code_runs_with_leave(folder: Path) -> None:
    (folder / "mine.py").write_text("def judge(doc, results):\n    return {'exact_match': len(results[0]) > 0}\n")
    text = (folder / "sums.yaml").read_text()
    (folder / "mine.yaml").write_text(text + "process_results: !function mine.judge\n")
    run_ = run(folder / "mine.yaml", folder / "out", "--allow-code", "--limit", "first:2")
    assert {*values(run_, "exact_match[last]")} == {1.0}


def test_a_template_reaches_no_python_objects(folder: Path) -> None:
    text = (folder / "sums.yaml").read_text().replace("{{question}}", "{{''.__class__.__mro__[1].__subclasses__()}}")
    (folder / "mine.yaml").write_text(text)
    with pytest.raises(EvaluationError, match="access to attribute '__class__'"):
        list(load_task(f"lm_eval:{folder / 'mine.yaml'}").prompts())


LOOP = "{% for i in range(100000) %}{% for j in range(100000) %}{% set k = j %}{% endfor %}{% endfor %}"

RUNAWAYS = [
    # what is in the file, and what is there instead, what is said
    ("what is {{question}}", LOOP, "takes more than 0.5 s for one text"),
    ("what is {{question}}", "{{ 9 ** (9 ** 9) }}", "takes more than 0.5 s for one text"),
    ("what is {{question}}", "{{ 'a' * 10 ** 10 }}", "takes more than 1,073,741,824 bytes"),
    ("what is {{question}}", "{% for i in range(9999) %}{{ 'a' * 1000 }}{% endfor %}", "makes a text of 9,999,0"),
    ("{{answer}}", LOOP, "takes more than 0.5 s for one text"),
    ("Add.", LOOP, "takes more than 0.5 s for one text"),  # the description, which is rendered with each row
    # a pattern that looks for ever into what matches nearly, as a filter of Jinja's too
    ("what is {{question}}", "{{ ('a' * 40) | regex_replace('(a+)+b', '') }}", "takes more than 0.5 s"),
    (
        "([0-9]+)",
        "(.+)+\\u0000",
        "the filter or the metric exact_match of FILE takes more than 0.5 s",
    ),
]


@pytest.mark.parametrize(("old", "new", "said"), RUNAWAYS)
def test_what_goes_on_for_ever_is_one_line_within_time_and_memory(
    old: str, new: str, said: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("grpokit.bounded.SECONDS", 0.5 if "0.5 s" in said else 60.0)
    text, mine = (folder / "sums.yaml").read_text(), folder / "mine.yaml"
    assert old in text
    mine.write_text(text.replace(old, new))
    words = ["run", "--task", f"lm_eval:{mine}", "--model", "demo", "--limit", "first:6", "--out", str(folder / "out")]
    assert main(words) == 2
    assert said.replace("FILE", str(mine)) in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("generate_until", "loglikelihood"), "asks what it calls loglikelihood; what is asked here is text"),
        (("num_fewshot: 2", "repeats: 4"), "judges 4 answers to a question together (repeats)"),
        (("aggregation: mean", "aggregation: median"), "has no metric that is a number per document"),
        (("higher_is_better: true", "higher_is_better: false"), "has no metric that is a number per document"),
        (("what is {{question}}", "what is {{questoin}}"), "cannot load task"),
        (("test.jsonl", "none.jsonl"), "cannot load task"),
        (("task: sums", "task: [sums"), "cannot read"),
        ((SUMS, "- sums"), "is a mapping of keys to values"),
        (("max_gen_toks: 12", "max_gen_toks: many"), "cannot load task"),
        (("num_fewshot: 2", "num_fewshot: -1"), "has num_fewshot: -1; write a whole number from 0 on"),
        (("num_fewshot: 2", "num_fewshot: 1.5"), "has num_fewshot: 1.5; write a whole number from 0 on"),
        (("num_fewshot: 2", "num_fewshot: true"), "has num_fewshot: True; write a whole number from 0 on"),
        (('until: ["\\n", "what"]', "until: 5"), "cannot load task"),
        (('until: ["\\n", "what"]', "until: [5, 7]"), "cannot load task"),
        (("num_fewshot: 2", "repeats: two"), "cannot load task"),
        (("metric: exact_match", "metric: [exact_match]"), "names code"),
    ],
)
def test_tasks_that_cannot_be_asked(
    change: tuple[str, str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = change
    text = SUMS if old == SUMS else (folder / "sums.yaml").read_text()
    assert old in text
    (folder / "mine.yaml").write_text(text.replace(old, new))
    assert main(["tasks", "show", f"lm_eval:{folder / 'mine.yaml'}"]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert said in error


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lm_eval:gsm8", "lm-eval has no task 'gsm8'. Did you mean 'gsm8k'"),
        ("lm_eval:none.yaml", "no file none.yaml"),
        ("lm_eval", "Name one of its tasks, such as lm_eval:gsm8k"),
    ],
)
def test_names_that_the_peer_does_not_have(name: str, said: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        load_task(name)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 600


def test_its_settings_are_printed_as_a_card(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "show", f"lm_eval:{folder / 'sums.yaml'}", "--card"]) == 0
    assert "doc_to_target: '{{answer}}'" in capsys.readouterr().out


def test_a_metric_says_which_rows_it_judges() -> None:
    mix = RewardMix.parse("grpokit.evaluate.tasks.lm_eval_metric:LmEvalMetric(metric='acc')")
    with pytest.raises(RewardError, match="acc judges rows of lm_eval: tasks, which have a column 'lm_eval_task'"):
        mix.rewards[0](completions=["4"])
