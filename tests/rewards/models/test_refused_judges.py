"""What is no reward model, or cannot judge what it is given, is refused in one line."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from grpokit.commands.eval import main
from grpokit.rewards import Batch, RewardError, get
from grpokit.rewards.fault_isolation import GuardedReward
from grpokit.rewards.models.checkpoint import located
from grpokit.rewards.models.reward_model import RewardModel
from grpokit.rewards.text import UnusableReward
from grpokit.tests.rewards.models.judges import ANSWERS, CHAT, write_adapter, write_causal, write_judge


def broken(kind: str, folder: Path) -> Path:
    if kind == "two labels":
        return write_judge(folder, num_labels=2)
    if kind == "no template":
        return write_judge(folder, template=False)
    if kind == "language model":
        return write_causal(folder)
    if kind == "adapter without head":
        return write_adapter(folder, write_causal(folder.with_name("base")), head=False)
    write_judge(folder)
    if kind == "pickle":
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    elif kind == "torn":
        (folder / "model.safetensors").write_bytes(b"torn")
    elif kind in TEMPLATES:
        (folder / "chat_template.jinja").write_text(TEMPLATES[kind])
    return folder


LOOP = "{% for i in range(100000) %}{% for j in range(100000) %}{% set k = j %}{% endfor %}{% endfor %}"


TEMPLATES = {
    "refusing": "{{ raise_exception('no assistant here') }}",
    "looping": LOOP,
    "greedy": "{{ 'a' * 10 ** 10 }}",
    "long": "{% for i in range(9999) %}{{ 'a' * 1000 }}{% endfor %}",
    "faulty": "{{ 1 / 0 }}",
}


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("two labels", "has 2 labels; a reward model has one, its score"),
        ("no template", r"has no chat template, and the prompts are messages; give .* \(chat: false\)"),
        ("language model", r"holds no score\.weight, so its scores would be random"),
        ("adapter without head", r"holds no score\.weight, so its scores would be random"),
        ("pickle", r"there is no \*\.safetensors in .*; pickled weights are not loaded"),
        ("torn", "cannot load .* as a sequence classifier of one label on device='cpu'"),
        ("refusing", "the chat template of .* refuses these messages: no assistant here"),
        ("looping", r"the chat template of .* takes more than 0\.5 s for one text\.$"),
        ("greedy", "the chat template of .* takes more than 1,073,741,824 bytes"),
        ("long", "the chat template of .* makes a text of 9,999,000 characters"),
        ("faulty", "the chat template of .* fails: ZeroDivisionError"),
        ("absent", "no folder .*absent; give that of a checkpoint, or a hub id"),
    ],
)
def test_what_is_no_reward_model_is_refused_in_words(
    kind: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grpokit.bounded.SECONDS", 0.5 if kind == "looping" else 60.0)
    folder = tmp_path / kind.replace(" ", "-")
    reward = RewardModel(model=str(folder if kind == "absent" else broken(kind, folder)))
    with pytest.raises(RewardError, match=said) as caught:
        reward(prompts=CHAT, completions=ANSWERS)
    assert "\n" not in str(caught.value)


def test_a_template_that_loops_on_one_prompt_ends_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The completion at fault is not looked for, since each try takes as long as a template may."""
    monkeypatch.setattr("grpokit.bounded.SECONDS", 0.5)
    folder = write_judge(tmp_path / "model")
    shown = "{% for m in messages %}{{ m.content }}{% endfor %}"
    (folder / "chat_template.jinja").write_text(f"{shown}{{% if '60' in messages[0].content %}}{LOOP}{{% endif %}}")
    reward = GuardedReward(RewardModel(model=str(folder)))
    assert [one.status for one in reward.judge(Batch(ANSWERS[:2], CHAT[:2], None, {}), ["1", "2"])] == ["scored"] * 2
    with pytest.raises(UnusableReward, match=r"takes more than 0\.5 s for one text"):
        reward.judge(Batch(ANSWERS, CHAT, None, {}), ["1", "2", "3"])


def test_a_template_that_loops_is_one_line_of_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("grpokit.bounded.SECONDS", 0.5)
    (write_judge(tmp_path / "judge") / "chat_template.jinja").write_text(LOOP)
    table = tmp_path / "table.jsonl"
    rows = [{"id": number, "prompt": CHAT[0], "completion": "41"} for number in range(40)]
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = ["score", str(table), "--out", str(tmp_path / "out"), "--prompt-column", "prompt"]
    asked += ["--rewards", f"reward_model(model={tmp_path}/judge)"]
    assert main(asked) == 2
    assert "takes more than 0.5 s for one text" in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_checkpoint_and_adapter_at_once_is_refused(judge: Path, tmp_path: Path) -> None:
    """Of such a base transformers loads what its adapter names, which is in no fingerprint."""
    adapter = write_adapter(tmp_path / "adapter", judge, head=True)
    both = Path(shutil.copytree(judge, tmp_path / "both"))
    shutil.copyfile(adapter / "adapter_config.json", both / "adapter_config.json")
    on_both = Path(shutil.copytree(adapter, tmp_path / "on_both"))
    settings = json.loads((adapter / "adapter_config.json").read_text()) | {"base_model_name_or_path": str(both)}
    (on_both / "adapter_config.json").write_text(json.dumps(settings))
    with pytest.raises(RewardError, match=r"the base .*both holds an adapter; give that of a checkpoint alone"):
        located(str(on_both))
    shutil.copyfile(adapter / "adapter_model.safetensors", both / "adapter_model.safetensors")
    with pytest.raises(RewardError, match=r"both holds a checkpoint and an adapter; put each into a folder"):
        located(str(both))


@pytest.mark.parametrize("model", ["~nosuch/judge", "~nosuch", "./nosuch", "/nosuch/judge", "a/b/c"])
def test_a_folder_that_is_not_there_is_said_as_it_was_written(model: str) -> None:
    for use in (lambda: RewardModel(model=model).fingerprint, lambda: located(model)):
        with pytest.raises(RewardError, match=f"^reward_model: no folder {model}; give that of a checkpoint, or a hub"):
            use()


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"model": 3}, "model=3; write a name"),
        ({"center": "mean"}, "center='mean'; write a number"),
        ({"center": math.inf}, "center=inf; write a number"),
        ({"scale": 0}, "scale=0; write a number other than 0"),
        ({"low": 1, "high": 1}, "low=1, high=1; write numbers of which low is the smaller one"),
        ({"low": math.nan}, "low=nan"),
        ({"low": math.inf}, "low=inf"),
        ({"high": "-inf"}, "high='-inf'"),
    ],
)
def test_wrong_parameters_are_refused(parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(RewardError, match=said):
        get("reward_model", **parameters)


def test_it_needs_a_model_and_prompts(judge: Path) -> None:
    with pytest.raises(RewardError, match=r"write reward_model\(model=PATH_OR_ID\)"):
        get("reward_model")(prompts=["2+2="], completions=["4"])
    with pytest.raises(RewardError, match="and there are no prompts here"):
        RewardModel(model=str(judge))(completions=["4"])
    with pytest.raises(RewardError, match="on device='tpu9'"):
        RewardModel(model=str(judge), device="tpu9")(prompts=["2+2="], completions=["4"])


def test_without_a_way_to_the_hub_an_id_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    reward = RewardModel(model="org/absent")
    for use in (lambda: reward.fingerprint, lambda: reward(prompts=["2+2="], completions=["4"])):
        with pytest.raises(RewardError, match="no folder org/absent here, and the hub does not give it: ") as caught:
            use()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_table_without_prompts_is_not_judged_by_its_ids(
    weighted: bool, judge: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no column is named, the id of a row stands where its prompt would: a model would score that."""
    table, spec = tmp_path / "table.jsonl", f"reward_model(model={judge},low=0,high=1)"
    spec = f"gate(xml_format,{spec})" if weighted else spec
    table.write_text("".join(json.dumps({"id": n, "prompt": f"{n}+1=", "completion": "41"}) + "\n" for n in range(3)))
    asked = ["score", str(table), "--id-column", "id"]
    assert main([*asked, "--rewards", spec, "--out", str(tmp_path / "a")]) == 2
    said = "judges an answer to its prompt; name the column of the prompts with --prompt-column."
    assert said in capsys.readouterr().err
    assert not (tmp_path / "a").exists()
    assert main([*asked, "--rewards", "xml_format", "--out", str(tmp_path / "a")]) == 0
    assert main(["score", str(tmp_path / "a"), "--rewards", spec, "--out", str(tmp_path / "b")]) == 2
    assert said in capsys.readouterr().err
    assert main([*asked, "--prompt-column", "prompt", "--rewards", spec, "--out", str(tmp_path / "c")]) == 0
    assert main(["score", str(tmp_path / "c"), "--rewards", spec, "--out", str(tmp_path / "d")]) == 0
