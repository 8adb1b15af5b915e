"""The shipped configurations of accelerate launch: every key is known, and each means what its name says."""

import subprocess
import sys
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

FOLDER = Path(str(files("grpokit.train"))) / "accelerate"
MEANT: dict[str, dict[str, bool | int]] = {
    # file -> how accelerate understands it
    "ddp.yaml": {"multi_gpu": True, "use_deepspeed": False, "use_fsdp": False},
    "deepspeed-zero2.yaml": {"multi_gpu": False, "use_deepspeed": True, "use_fsdp": False, "zero_stage": 2},
    "fsdp2.yaml": {"multi_gpu": False, "use_deepspeed": False, "use_fsdp": True, "fsdp_version": 2},
}


def test_every_configuration_is_here() -> None:
    assert {path.name for path in FOLDER.glob("*.yaml")} == set(MEANT)


@pytest.mark.parametrize("name", MEANT)
def test_launch_understands_the_configuration(name: str) -> None:
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser

    argv = ["--config_file", str(FOLDER / name), "-m", "grpokit.commands.train", "phi2-oasst1-lora"]
    args, _, _ = _validate_launch_command(launch_command_parser().parse_args(argv))
    assert {key: getattr(args, key) for key in MEANT[name]} == MEANT[name]
    assert (args.num_processes, args.mixed_precision) == (8, "bf16")


@pytest.mark.parametrize("name", MEANT)
def test_every_key_of_a_section_is_an_option_of_launch(name: str) -> None:
    """accelerate refuses unknown keys at the top, and passes over those of a section."""
    from accelerate.commands.launch import launch_command_parser

    options = {action.dest for action in launch_command_parser()._actions}
    values = yaml.safe_load((FOLDER / name).read_text())
    sections = [section for section in values.values() if isinstance(section, dict)]
    assert {key for section in sections for key in section} <= options


LAUNCHED = [name for name in MEANT if name != "deepspeed-zero2.yaml" or find_spec("deepspeed")]


@pytest.mark.parametrize("name", LAUNCHED)
def test_dry_run_under_the_configuration(name: str, tmp_path: Path) -> None:
    """The launcher starts all eight processes without a GPU; they agree on the plan, and one of them tells it."""
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(FOLDER / name)]
    command = [*launch, "-m", "grpokit.commands.train", "arithmetic-tiny", "--dry-run"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=200)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("60 steps of 512 completions") == 1
    assert "on 8 process(es)" in done.stdout


VLLM = [
    ["use_vllm=true", "vllm_mode=colocate", "vllm_gpu_memory_utilization=0.3", "vllm_tensor_parallel_size=1"],
    ["use_vllm=true", "vllm_mode=server", "vllm_server_host=10.0.0.2", "vllm_server_port=8000"],
    ["use_vllm=true", "vllm_mode=colocate", "vllm_enable_sleep_mode=true", "vllm_max_model_length=1024"],
]


@pytest.mark.parametrize("overrides", VLLM)
def test_vllm_is_set_by_keys_of_the_recipe(overrides: list[str]) -> None:
    from grpokit.train import load_recipe

    settings = load_recipe("phi2-oasst1-lora", overrides).settings
    assert all(key.split("=")[0] in settings for key in overrides)


def test_sixty_four_processes_share_the_batch() -> None:
    from grpokit.train import load_recipe, make_plan

    geometry = make_plan(load_recipe("phi2-oasst1-lora"), 10_000, processes=64).geometry
    assert (geometry.completions_per_step, geometry.prompts) == (256, 32)
