"""The real vLLM, on a CPU, with a real model: `GRPOKIT_VLLM=FOLDER pytest -m slow tests/vllm`.

FOLDER is an environment of its own, which environment.sh makes at the first time: 5 GB. What vLLM answers is laid
beside what transformers answers from the same weights in float32.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from grpokit.commands.eval import main
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.runs.run import Run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

ROOT = Path(__file__).resolve().parent.parent.parent

QUESTIONS = [
    "Name three colours.",
    "What is the capital of France?",
    "Write one sentence about rain.",
    "Why do leaves fall in autumn?",
    "Give me a word that rhymes with blue.",
    "How many days has a week?",
]

CARD = """
name: capitals
source: {{file: {file}}}
user: "{{question}}"
chat: false
choices: options
reference: answer
rewards: choice=1
primary: choice
"""


@pytest.fixture(scope="module")
def programs() -> Path:
    """The folder of the programs of an environment with vLLM and this checkout."""
    folder = os.environ.get("GRPOKIT_VLLM")
    if not folder:
        pytest.skip("GRPOKIT_VLLM names no folder for an environment with the real vLLM (5 GB, made at the first time)")
    if not (Path(folder) / ".ready").exists():
        subprocess.run([Path(__file__).with_name("environment.sh"), folder], check=True)
    return Path(folder) / "bin"


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """One thread and 1 GB for what vLLM remembers of texts; the code is this checkout's."""
    own = {"VLLM_CPU_KVCACHE_SPACE": "1", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    return {**os.environ, **own, "PYTHONPATH": str(ROOT / ".links")}


@pytest.fixture(scope="module")
def adapter(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA that moves the model, as far as some steps of training do."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    lora = LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj", "v_proj"])
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(smollm2, dtype=torch.float32), lora)
    for name, weights in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=0.02)
    folder = tmp_path_factory.mktemp("moved") / "adapter"
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    file = tmp_path_factory.mktemp("asked") / "rows.jsonl"
    file.write_text("".join(json.dumps({"question": one}) + "\n" for one in QUESTIONS))
    return [
        "--data",
        str(file),
        "--prompt-column",
        "question",
        "--rewards",
        "length(target=60)",
        "--max-new-tokens",
        "24",
    ]


@pytest.fixture(scope="module")
def through_transformers(
    asked: list[str], smollm2: Path, adapter: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "transformers"
    models = ["--model", f"base={smollm2}", "--model", f"tuned={smollm2}+{adapter}"]
    assert main(["run", *asked, *models, "--no-drift", "--out", str(folder)]) in (0, 1)
    return folder


def evaluated(programs: Path, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(programs / "grpo-eval"), "run", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    print(done.stderr)
    return done


def texts(folder: Path) -> list[Any]:
    return [row.text for row in Run.open(folder).rows()]


def equal_share(one: Path, other: Path) -> float:
    pairs = list(zip(texts(one), texts(other), strict=True))
    return sum(first == second for first, second in pairs) / len(pairs)


def test_base_and_adapter_in_one_load_answer_as_through_transformers(
    programs: Path,
    environment: dict[str, str],
    asked: list[str],
    smollm2: Path,
    adapter: Path,
    through_transformers: Path,
    tmp_path: Path,
) -> None:
    models = ["--model", f"base=vllm:{smollm2}", "--model", f"tuned=vllm:{smollm2}+{adapter}"]
    options = ["--vllm", "max_model_len=512", "--vllm", "enforce_eager=true", "--batch-size", "4", "--json", "-"]
    done = evaluated(programs, environment, *asked, *models, *options, "--out", str(tmp_path / "vllm"))
    assert done.returncode in (0, 1)
    assert [model["name"] for model in json.loads(done.stdout)["models"]] == ["base", "tuned"]  # and nothing else
    assert done.stderr.count("100% Completed") in (1, 2)  # one load, whose bar is drawn once or twice
    for name in ("base", "tuned"):
        there, here = Run.open(tmp_path / "vllm" / name), Run.open(through_transformers / name)
        said = there.manifest.engine
        assert said["dtype"] == here.manifest.engine["dtype"] == "float32"
        assert said["device"] == "cpu"
        assert said["settings"] == {"max_model_len": 512, "enforce_eager": True, "max_num_seqs": 4}
        assert said["prompt_tokens"] == here.manifest.engine["prompt_tokens"]
        assert there.manifest.weights == here.manifest.weights
        assert [row.finish_reason for row in there.rows()] == [row.finish_reason for row in here.rows()]
        assert equal_share(there.path, here.path) >= 0.5
    assert Run.open(tmp_path / "vllm" / "tuned").manifest.engine["adapter_probe_change"] > 0.01
    assert texts(tmp_path / "vllm" / "base") != texts(tmp_path / "vllm" / "tuned")


def test_choices_are_as_likely_as_through_transformers(
    programs: Path, environment: dict[str, str], smollm2: Path, adapter: Path, tmp_path: Path
) -> None:
    capitals = {"France": "Paris", "Italy": "Rome", "Japan": "Tokyo", "Egypt": "Cairo"}
    options = list(capitals.values())
    lines = [
        {"question": f"The capital of {country} is", "options": options, "answer": place}
        for place, country in enumerate(capitals)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "card.yaml").write_text(CARD.format(file=tmp_path / "rows.jsonl"))
    asked = ["--task", str(tmp_path / "card.yaml")]
    models = ["--model", f"base=vllm:{smollm2}", "--model", f"tuned=vllm:{smollm2}+{adapter}"]
    there, here = tmp_path / "there", tmp_path / "here"
    done = evaluated(programs, environment, *asked, *models, "--out", str(there))
    assert done.returncode in (0, 1)
    models = ["--model", f"base={smollm2}", "--model", f"tuned={smollm2}+{adapter}"]
    assert main(["run", *asked, *models, "--out", str(here)]) in (0, 1)
    for name in ("base", "tuned"):
        for one, other in zip(texts(there / name), texts(here / name), strict=True):
            likely = [choice["logprob"] for choice in one[-1]["choices"]]
            assert likely == pytest.approx([choice["logprob"] for choice in other[-1]["choices"]], abs=0.01)
    assert [text[-1]["content"] for text in texts(there / "base")] == options  # it knows them


@pytest.fixture
def server(programs: Path, environment: dict[str, str], smollm2: Path, adapter: Path, tmp_path: Path) -> Iterator[str]:
    """The URL of `vllm serve`, whose checkpoint asks for greedy texts without repetitions, as some do."""
    folder = tmp_path / "served"
    folder.mkdir()
    for file in smollm2.iterdir():
        (folder / file.name).symlink_to(file)
    (folder / "generation_config.json").unlink()
    own = json.loads((smollm2 / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps({**own, "top_k": 1, "repetition_penalty": 1.3}))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(programs / "vllm"), "serve", str(folder), "--served-model-name", "smol", "--port", str(port)]
    command += ["--dtype", "float32", "--max-model-len", "512", "--enable-lora", "--lora-modules", f"tuned={adapter}"]
    process = subprocess.Popen(command, env=environment, cwd=tmp_path)
    url = f"http://127.0.0.1:{port}"
    try:
        while process.poll() is None:
            try:
                urllib.request.urlopen(f"{url}/health", timeout=5).close()
                break
            except OSError:
                time.sleep(2)
        assert process.poll() is None, "vllm serve has ended"
        yield f"{url}/v1"
    finally:
        process.terminate()
        process.wait()


def test_a_server_answers_as_the_engine_does(
    server: str, asked: list[str], through_transformers: Path, tmp_path: Path
) -> None:
    models = ["--model", f"base=openai:{server}#smol", "--model", f"tuned=openai:{server}#tuned"]
    assert main(["run", *asked, *models, "--out", str(tmp_path / "greedy")]) in (0, 1)
    sampled = ["--samples", "4", "--temperature", "1"]
    assert main(["run", *asked, *models, *sampled, "--out", str(tmp_path / "sampled")]) in (0, 1)
    for name in ("base", "tuned"):
        assert Run.open(tmp_path / "greedy" / name).manifest.engine["vllm"] is True
        assert equal_share(tmp_path / "greedy" / name, through_transformers / name) >= 0.5
        groups = texts(tmp_path / "sampled" / name)
        assert all(len(set(groups[start : start + 4])) > 1 for start in range(0, len(groups), 4))


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        (f"vllm:{checkpoint_path()}", [], "checkpoint: Unsupported CPU attention configuration: head_dim=16"),
        ("vllm:{smollm2}", ["--vllm", "max_model_len=999999"], "max_model_len (999999) is greater than"),
        ("vllm:{smollm2}", ["--device", "cpu"], "--device cpu is not for"),
        ("vllm:{smollm2}+{empty}", [], "holds no adapter"),
    ],
)
def test_what_vllm_cannot_do_is_one_line(
    model: str,
    options: list[str],
    said: str,
    programs: Path,
    environment: dict[str, str],
    asked: list[str],
    smollm2: Path,
    tmp_path: Path,
) -> None:
    named = model.format(smollm2=smollm2, empty=tmp_path)
    done = evaluated(programs, environment, *asked, "--model", named, *options, "--out", str(tmp_path / "run"))
    assert (done.returncode, done.stdout) == (2, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("grpo-eval: ")
    assert said in last
    assert not (tmp_path / "run").exists()
