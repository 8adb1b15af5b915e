"""What ``--model`` means."""

from pathlib import Path

import pytest
from grpokit.evaluate.engines.model_path import ModelPath
from grpokit.evaluate.engines.spec import ModelSpec, VllmSettings, parse_models
from grpokit.evaluate.types import EvaluationError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("demo", ModelSpec("demo", ModelPath("demo"))),
        ("org/model", ModelSpec("model", ModelPath("org/model"))),
        ("base=org/model", ModelSpec("base", ModelPath("org/model"))),
        ("org/model@v1.0", ModelSpec("model", ModelPath("org/model", "v1.0"))),
        ("org/model+runs/tuned", ModelSpec("tuned", ModelPath("org/model", None, "runs/tuned"))),
        ("t=org/model@main+a/b", ModelSpec("t", ModelPath("org/model", "main", "a/b"))),
        ("vllm:org/model+a", ModelSpec("a", ModelPath("org/model", None, "a"), "vllm")),
        ("v=vllm:org/model", ModelSpec("v", ModelPath("org/model"), "vllm")),
        ("openai:http://h:1/v1#m", ModelSpec("m", ModelPath("http://h:1/v1"), "openai", "m")),
        ("openai:https://h/v1#org/m=x", ModelSpec("m=x", ModelPath("https://h/v1"), "openai", "org/m=x")),
        ("replay:runs/a/completions.jsonl", ModelSpec("a", ModelPath("runs/a/completions.jsonl"), "replay")),
        ("replay:rows.jsonl", ModelSpec("rows", ModelPath("rows.jsonl"), "replay")),
    ],
)
def test_forms(text: str, expected: ModelSpec) -> None:
    assert ModelSpec.parse(text) == expected


def test_an_existing_folder_may_have_marks_in_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "a+b@c"
    folder.mkdir()
    assert ModelSpec.parse(str(folder)) == ModelSpec("a+b@c", ModelPath(str(folder)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "write \\[NAME=\\]PATH_OR_ID"),
        ("org/model+", "--model 'org/model\\+': something is missing beside '\\+'"),
        ("@main", "something is missing beside '@'"),
        ("openai:http://h/v1", "write openai:URL#MODEL"),
        ("openai:localhost#m", "write openai:URL#MODEL"),
        ("openai:ftp://h/v1#m", "write openai:URL#MODEL"),
        ("openai:http://#m", "write openai:URL#MODEL"),
        ("openai:http://h:0/v1#m", "write openai:URL#MODEL"),
        ("openai:http://h:65536/v1#m", "write openai:URL#MODEL"),
        ("openai:http://h:port/v1#m", "write openai:URL#MODEL"),
        ("openai:http://[::1/v1#m", "write openai:URL#MODEL"),
        ("openai:http://h\x00/v1#m", "write openai:URL#MODEL"),
        ("openai:http://\ud800@h/v1#m", "write openai:URL#MODEL"),
        ("openai:http://h/v1?key=k#m", r"has no \?query"),
        ("openai:http://u:secret@h/v1#", r"http://\*\*\*@h/v1#"),
    ],
)
def test_wrong_forms_are_told(text: str, said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        ModelSpec.parse(text)


def test_a_folder_of_checkpoints_is_a_trajectory_in_the_order_of_steps(tmp_path: Path) -> None:
    for step in (100, 20, 3):
        (tmp_path / f"checkpoint-{step}").mkdir()
    specs = parse_models(["demo", f"t=demo+{tmp_path}"])
    assert [spec.name for spec in specs] == ["demo", "t-3", "t-20", "t-100"]
    assert specs[1].path.adapter == str(tmp_path / "checkpoint-3")


def test_a_folder_of_adapters_needs_its_base(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-1").mkdir()
    (tmp_path / "checkpoint-1" / "adapter_config.json").write_text("{}")
    with pytest.raises(EvaluationError, match=r"holds an adapter: write BASE\+"):
        parse_models([str(tmp_path)])


def test_two_models_of_one_name_are_told() -> None:
    with pytest.raises(EvaluationError, match="two models are named 'model'"):
        parse_models(["org/model", "other/model"])


def test_settings_of_vllm_are_read_as_their_types() -> None:
    texts = ["tensor_parallel_size=2", "gpu_memory_utilization=.5", "max_model_len=2048", "enforce_eager=false"]
    assert VllmSettings.parse(texts) == VllmSettings(2, 0.5, 2048, False)
    assert VllmSettings.parse([]).given == {}
    assert VllmSettings.parse(["gpu_memory_utilization=1"]).given == {"gpu_memory_utilization": 1.0}


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["max_len=9"], r"--vllm max_len=9: no setting 'max_len'\. Did you mean 'max_model_len'\?"),
        (["dtype"], r"--vllm dtype: no setting 'dtype'\. All: enforce_eager, gpu_memory_utilization, max_model_len, "),
        (["max_model_len=0"], "--vllm max_model_len=0: give a number of tokens, such as 4096"),
        (["max_model_len=4k"], "give a number of tokens"),
        (["max_model_len"], "give a number of tokens"),
        (["tensor_parallel_size=-1"], "give a number of GPUs, such as 2"),
        (["gpu_memory_utilization=0.0"], "give a share above 0 and at most 1, such as 0.8"),
        (["gpu_memory_utilization=1.1"], "give a share above 0"),
        (["gpu_memory_utilization=90"], "give a share above 0"),
        (["enforce_eager=yes"], "give true or false"),
        (["enforce_eager=true", "enforce_eager=false"], "enforce_eager is given twice; give it once"),
    ],
)
def test_settings_that_vllm_has_not_are_refused(texts: list[str], said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        VllmSettings.parse(texts)
