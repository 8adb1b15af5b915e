"""An exported Space: whole or not at all, nothing of this machine in it, and it runs from its own folder."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from grpokit.evaluate import Sampling, load_task
from grpokit.evaluate.engines.spec import Loading, parse_models
from grpokit.reports.chat.chat import Chat, ChatError, open_chat, questions
from grpokit.reports.chat.space import check_mix, export_space, open_space
from grpokit.rewards import RewardMix
from grpokit.tests.reports.chat.chats import make_adapter, talk

pytest.importorskip("gradio", reason="gradio is not installed: its page not tested")


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Chat:
    adapter = make_adapter(tmp_path_factory.mktemp("adapter"))
    task = load_task("arithmetic")
    sampling = Sampling(temperature=0.5, max_new_tokens=24, stop=("</answer>",), seed=3)
    specs = parse_models(["base=demo", f"tuned=demo+{adapter}"])
    return open_chat(specs, RewardMix.parse(task.rewards), sampling, questions(task.prompts(), 2))


@pytest.fixture(scope="module")
def space(chat: Chat, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "space"
    export_space(chat, folder)
    return folder


def test_the_folder_holds_what_spaces_ask_for(space: Path) -> None:
    assert {"app.py", "requirements.txt", "README.md", "chat.json", "grpokit"} <= {p.name for p in space.iterdir()}
    for needed in ("adapter_config.json", "adapter_model.safetensors"):
        assert (space / "adapters" / "1" / needed).is_file()
    for needed in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"):
        assert (space / "models" / "base" / needed).is_file()
    header = yaml.safe_load((space / "README.md").read_text(encoding="utf-8").split("---")[1])
    assert header["sdk"] == "gradio"
    assert header["app_file"] == "app.py"
    lines = (space / "requirements.txt").read_text(encoding="utf-8").split()
    assert {"torch", "transformers", "peft", "gradio"} <= {line.split("~=")[0] for line in lines}
    assert all("~=" in line for line in lines)


def test_it_names_no_folder_of_this_machine(space: Path, chat: Chat) -> None:
    adapter = str(chat.specs[1].path.adapter).encode()
    home = str(chat.engines[0].base.folder).encode()
    found = [path for path in space.rglob("*") if path.is_file() and (adapter in (b := path.read_bytes()) or home in b)]
    assert found == []
    settings = json.loads((space / "adapters" / "1" / "adapter_config.json").read_text(encoding="utf-8"))
    assert settings["base_model_name_or_path"] == "models/base"


def test_it_opens_as_the_chat_that_was_exported(space: Path, chat: Chat) -> None:
    opened = open_space(space)
    assert (opened.names, opened.sampling, opened.examples) == (chat.names, chat.sampling, chat.examples)
    assert opened.mix.fingerprint == chat.mix.fingerprint
    assert [engine.weights for engine in opened.engines] == [engine.weights for engine in chat.engines]


NO_EXPORT = {
    "": "JSONDecodeError",
    "[]": "TypeError",
    "{}": "KeyError: 'sampling'",
    '{"sampling": {"stop": 1}}': "TypeError",
    '{"sampling": {"stop": [], "exec": 1}}': "TypeError",
    '{"sampling": {"stop": []}, "examples": [1]}': "TypeError",
    '{"sampling": {"stop": []}, "examples": [], "models": [{"base": "demo"}]}': "KeyError: 'name'",
    '{"sampling": {"stop": []}, "examples": [], "models": [{"name": "a", "base": 1}]}': "TypeError",
    "[" * 100_000: "nested too deep",
}


@pytest.mark.parametrize("text", NO_EXPORT)
def test_what_no_export_wrote_is_one_line(text: str, tmp_path: Path) -> None:
    (tmp_path / "chat.json").write_text(text)
    with pytest.raises(ChatError, match="is not what an export wrote") as caught:
        open_space(tmp_path)
    assert NO_EXPORT[text] in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("dtype", "float8", "ValueError: dtype: 'float8'"),
        ("quantization", "gptq", "ValueError: quantization: 'gptq'"),
        ("attention", "org/kernel", "ValueError: attention: 'org/kernel'"),  # code that would be fetched and run
        ("attention", ["sdpa"], "ValueError: attention"),
    ],
)
def test_a_space_says_only_what_an_export_says_of_loading(
    key: str, value: object, said: str, space: Path, tmp_path: Path
) -> None:
    kept = json.loads((space / "chat.json").read_text())
    kept["loading"][key] = value
    shutil.copytree(space, tmp_path / "space", ignore=shutil.ignore_patterns("grpokit"))
    (tmp_path / "space" / "chat.json").write_text(json.dumps(kept))
    with pytest.raises(ChatError, match=said):
        open_space(tmp_path / "space")


@pytest.mark.parametrize("model", ["/etc", "../judge", "./judge", "~nobody/judge", "judges/a/b", "models/base"])
@pytest.mark.parametrize("reward", ["reward_model", "semantic_similarity", "gate(correctness,summary_quality"])
def test_a_space_judges_by_no_model_of_a_folder(
    model: str, reward: str, space: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(space, tmp_path / "space", ignore=shutil.ignore_patterns("grpokit"))
    monkeypatch.chdir(tmp_path / "space")
    kept = json.loads((space / "chat.json").read_text())
    kept["rewards"] = f"{reward}(model='{model}')" + ")" * reward.count("(")
    (tmp_path / "space" / "chat.json").write_text(json.dumps(kept))
    with pytest.raises(ChatError, match="which is no model of the hub"):
        open_space(tmp_path / "space")
    mix = RewardMix.parse(kept["rewards"])
    with pytest.raises(ChatError, match="which is no model of the hub and is not exported"):
        check_mix(mix)


def test_a_model_of_the_hub_may_judge_in_a_space() -> None:
    check_mix(RewardMix.parse("semantic_similarity,reward_model(model=org/judge)=0.5"))


def test_rewards_of_other_packages_are_not_exported() -> None:
    for spec in ("textwrap:wrap", "grpokit.evaluate.tasks.reasoning_gym:solved"):
        with pytest.raises(ChatError, match="which the exported page does not have; name rewards of this package"):
            check_mix(RewardMix.parse(spec))


@pytest.mark.parametrize(
    ("loading", "said"),
    [
        (Loading(attention="flash_attention_2"), "--attention flash_attention_2 is not for --export-space"),
        (Loading(trust_remote_code=True), "--trust-remote-code is not for --export-space"),
    ],
)
def test_what_a_space_cannot_load_is_refused(loading: Loading, said: str, chat: Chat, tmp_path: Path) -> None:
    with pytest.raises(ChatError, match=said):
        export_space(replace(chat, loading=loading), tmp_path / "space")
    assert not (tmp_path / "space").exists()


def test_how_weights_are_loaded_goes_with_a_space(chat: Chat, tmp_path: Path) -> None:
    loading = Loading(dtype="bfloat16", device="cpu", attention="eager")
    opened = open_chat(chat.specs, chat.mix, chat.sampling, chat.examples, loading)
    export_space(opened, tmp_path / "space")
    assert "bitsandbytes" not in (tmp_path / "space" / "requirements.txt").read_text()
    again = open_space(tmp_path / "space")
    assert again.loading == replace(loading, device="auto")  # which is the other machine's
    assert again.engines[0].base.model.dtype == torch.bfloat16
    assert again.engines[0].base.model.config._attn_implementation == "eager"
    export_space(replace(chat, loading=Loading(quantization="4bit")), tmp_path / "quantised")
    assert "bitsandbytes~=" in (tmp_path / "quantised" / "requirements.txt").read_text()
    assert json.loads((tmp_path / "quantised" / "chat.json").read_text())["loading"]["quantization"] == "4bit"


@pytest.mark.parametrize("place", ["..", "/", "../model", "link", "./absent"])
@pytest.mark.parametrize("role", ["base", "adapter"])
def test_a_space_reads_no_folder_outside_of_it(role: str, place: str, tmp_path: Path) -> None:
    space = tmp_path / "space"
    (tmp_path / "model").mkdir()
    (space / "own").mkdir(parents=True)
    (space / "link").symlink_to(tmp_path / "model")
    model = {"name": "a", "base": "own", "adapter": "own", role: place}
    kept = {"sampling": {"stop": []}, "examples": [], "models": [model], "rewards": "correctness=1"}
    (space / "chat.json").write_text(json.dumps(kept))
    with pytest.raises(ChatError, match="which is no folder of the export"):
        open_space(space)


def test_a_space_does_not_publish_what_a_link_leads_to(chat: Chat, tmp_path: Path) -> None:
    """A checkpoint of others may have a link whose name an export copies, to any file of this machine."""
    (tmp_path / "id_rsa").write_text("secret")
    adapter = Path(shutil.copytree(str(chat.specs[1].path.adapter), tmp_path / "adapter"))
    (adapter / "tokenizer_notes.txt").symlink_to(tmp_path / "id_rsa")
    specs = (chat.specs[0], replace(chat.specs[1], path=replace(chat.specs[1].path, adapter=str(adapter))))
    with pytest.raises(ChatError, match=r"tokenizer_notes.txt is a link that leads out of .*adapter; an export would"):
        export_space(replace(chat, specs=specs), tmp_path / "space")
    assert not (tmp_path / "space").exists()


def test_links_within_the_cache_of_the_hub_are_followed(chat: Chat, tmp_path: Path) -> None:
    cached = tmp_path / "models--org--adapter"
    shutil.copytree(str(chat.specs[1].path.adapter), cached / "blobs")
    snapshot = cached / "snapshots" / "0123"
    snapshot.mkdir(parents=True)
    for file in (cached / "blobs").iterdir():
        (snapshot / file.name).symlink_to(Path("../../blobs") / file.name)
    specs = (chat.specs[0], replace(chat.specs[1], path=replace(chat.specs[1].path, adapter=str(snapshot))))
    export_space(replace(chat, specs=specs), tmp_path / "space")
    assert (tmp_path / "space" / "adapters" / "1" / "adapter_model.safetensors").is_file()


def test_arguments_of_a_models_own_template_are_exported(chat: Chat, tmp_path: Path) -> None:
    specs = tuple(replace(spec, template={"enable_thinking": False}) for spec in chat.specs)
    export_space(replace(chat, specs=specs), tmp_path / "space")
    assert [spec.template for spec in open_space(tmp_path / "space").specs] == [{"enable_thinking": False}] * 2


def test_a_base_of_the_hub_stays_there(chat: Chat, tmp_path: Path) -> None:
    specs = tuple(replace(spec, path=replace(spec.path, base="org/model", revision="v1")) for spec in chat.specs)
    export_space(replace(chat, specs=specs), tmp_path / "space")
    kept = json.loads((tmp_path / "space" / "chat.json").read_text(encoding="utf-8"))
    assert [(model["base"], model["revision"]) for model in kept["models"]] == [("org/model", "v1")] * 2
    assert not (tmp_path / "space" / "models").exists()
    assert "- org/model" in (tmp_path / "space" / "README.md").read_text(encoding="utf-8")


def test_an_empty_folder_is_filled_and_a_full_one_is_left_alone(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    export_space(chat, tmp_path / "empty")
    assert (tmp_path / "empty" / "app.py").is_file()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ChatError, match="is not empty"):
        export_space(chat, tmp_path / "empty")
    assert sorted(tmp_path.rglob("*")) == before


def test_an_export_that_fails_leaves_nothing(chat: Chat, tmp_path: Path) -> None:
    tuned = chat.specs[1]
    gone = (chat.specs[0], replace(tuned, path=replace(tuned.path, adapter=str(tmp_path / "gone"))))
    with pytest.raises(ChatError, match="cannot write"):
        export_space(replace(chat, specs=gone), tmp_path / "space")
    assert list(tmp_path.iterdir()) == []


@contextmanager
def _running(space: Path) -> Iterator[str]:
    """Start the Space from its own folder, in an interpreter that does not see this checkout's package."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = os.environ | {"GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1", "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen([sys.executable, "app.py"], cwd=space, env=env)
    try:
        url = f"http://127.0.0.1:{port}/"
        _wait(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.3)
    pytest.fail("the space did not start")


def test_it_runs_from_its_own_folder_on_its_own_package(space: Path, chat: Chat) -> None:
    from gradio_client import Client

    where = [sys.executable, "-c", "import grpokit.reports.chat.space as found; print(found.__file__)"]
    found = subprocess.run(where, cwd=space, capture_output=True, text=True, check=True).stdout.strip()
    assert Path(found).is_relative_to(space)
    example = chat.examples[0]
    expected = [answer.text for answer in list(chat.ask(example, chat.sampling))[-1]]
    sampling = chat.sampling
    with _running(space) as url:
        client = Client(url, verbose=False)
        settings = (sampling.temperature, sampling.top_p, sampling.max_new_tokens, sampling.seed)
        answered = client.predict(*example, *settings, api_name="/ask")
        assert list(answered[2:4]) == expected  # after what was said before
        assert "correctness" in answered[6]  # the notes come after the formulas
        with talk(url) as talking:
            assert talking.ask(example.prompt, example.reference) == expected
            assert talking.page.get_by_role("button", name="is better").count() == 0
            assert talking.complaints == []
