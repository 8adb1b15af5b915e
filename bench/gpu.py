"""GRPO on one GPU: memory and time a step for Phi-2 at its true size, against the same run in plain TRL.

    python bench/gpu.py [--out FILE.json]     under ten minutes on one GPU; ends with 2 where there is none
    python bench/gpu.py --eval                evaluation alone: tokens per second, with a batch that finds its size
    python bench/gpu.py --tiny --cpu          the same code at tiny size, to see that it runs
    bash bench/gpu_wheels.sh [FOLDER]         what a GPU machine without a network needs beside PyTorch

Measured: QLoRA r 8 and bfloat16 LoRA r 16, micro-batches of 4, groups of 4 and 8, prompts of 256 tokens and 256 new
ones. Peak memory is what torch's allocator counts: tensors, without the GPU's own context. The weights are random:
memory and speed do not depend on them, and nothing is learned. What is learned is shown by the arithmetic recipe on
a model of some 10 million parameters at the end.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from gpu_inputs import Inputs
    from grpokit.train import Recipe

WARM_UP, STEPS = 1, 2
TOKENS, TINY_TOKENS = 256, 8
LIMIT = 360
"""Seconds after which no further run is begun."""


class Case(NamedTuple):
    """A way to train Phi-2."""

    name: str
    quantization: str | None
    r: int
    group: int


CASES = [
    Case("QLoRA r 8, groups of 4", "4bit", 8, 4),
    Case("QLoRA r 8, groups of 8", "4bit", 8, 8),
    Case("bf16 LoRA r 16, groups of 4", None, 16, 4),
    Case("bf16 LoRA r 16, groups of 8", None, 16, 8),
]


@dataclass(frozen=True)
class Measured:
    """One run: seconds per step and by phase, peak and estimated bytes (None: not measured, or no estimate made).

    ``adapter`` is the dtype of the weights that were trained.
    """

    case: str
    trainer: str
    seconds: float
    phases: dict[str, float]
    peak: float | None
    estimated: float | None
    adapter: str


class Learned(NamedTuple):
    """The arithmetic recipe: seconds with both evaluations, and the share of right answers before and after."""

    seconds: float
    base: float
    tuned: float


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench; return 2 where there is no GPU."""
    import torch

    args = _parser().parse_args(argv)
    if not torch.cuda.is_available() and not args.cpu:
        print("bench/gpu.py: no GPU here, so nothing is measured; --tiny --cpu runs the same code at tiny size.")
        return 2
    device = "cpu" if args.cpu else "cuda"
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        if args.eval:
            return _evaluate(Path(folder), device, args.out, tiny=args.tiny)
        measured = _phi_runs(Path(folder), device, tiny=args.tiny, until=start + LIMIT)
        result = {"device": _device_name(device), "runs": [asdict(run) for run in measured]}
        _print_runs(measured, device)
        _write(result, args.out)  # before what follows, which may be cut off
        learned = _arithmetic(Path(folder), device, tiny=args.tiny)
    print(
        f"\narithmetic: right answers {learned.base:.3f} -> {learned.tuned:.3f} on held-out problems, "
        f"{learned.seconds:.0f} s in all"
    )
    _write({**result, "arithmetic": learned._asdict()}, args.out)
    return 0


def _write(result: dict[str, Any], out: Path | None) -> None:
    if out:
        out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench/gpu.py", description="Measure GRPO on one GPU.")
    parser.add_argument("--tiny", action="store_true", help="tiny models, to see that the bench runs")
    parser.add_argument("--cpu", action="store_true", help="on the CPU; sensible with --tiny alone")
    parser.add_argument("--eval", action="store_true", help="measure evaluation, and no training")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures as JSON")
    return parser


def _evaluate(folder: Path, device: str, out: Path | None, *, tiny: bool) -> int:
    from gpu_eval import measure_throughput
    from gpu_inputs import write_phi

    inputs = write_phi(folder, device, tiny=tiny, prompt_tokens=TINY_TOKENS if tiny else TOKENS)
    speed = measure_throughput(inputs, device, tiny=tiny)
    print(f"\n{_device_name(device)}\n\nrows per batch as they grew: {', '.join(map(str, speed.batches))}")
    print("| tokens per second | |\n|---|---|")
    for what, figure in (
        ("growing", speed.growing),
        ("at the size found", speed.engine),
        ("bare generate", speed.bare),
    ):
        print(f"| {what} | {figure:,.0f} |")
    print(f"\noverhead over bare generate {speed.overhead:+.1%}")
    _write({"device": _device_name(device), **speed._asdict(), "overhead": speed.overhead}, out)
    return 0


def _phi_runs(folder: Path, device: str, *, tiny: bool, until: float) -> list[Measured]:
    from gpu_inputs import write_phi

    inputs = write_phi(folder, device, tiny=tiny, prompt_tokens=TINY_TOKENS if tiny else TOKENS)
    measured: list[Measured] = []
    for number, case in enumerate(CASES[::3] if tiny else CASES):
        recipe = _recipe(case, inputs, device, tiny=tiny)
        for trainer, run in (("grpokit", _ours), ("plain TRL", _plain)):
            if time.monotonic() > until:
                print(f"out of time: {case.name} in {trainer} and what follows were left out", file=sys.stderr)
                return measured
            measured.append(_measure(case, trainer, recipe, inputs, run, folder / f"{number}-{trainer}"))
            print(f"{case.name}, {trainer}: {measured[-1].seconds:.2f} s a step", file=sys.stderr)
    return measured


def _recipe(case: Case, inputs: Inputs, device: str, *, tiny: bool) -> Recipe:
    from grpokit.train import Recipe

    on_cpu = device == "cpu"
    dtype = "auto" if on_cpu else "bfloat16"
    sections = {
        "model": {"path": str(inputs.base), "quantization": case.quantization, "dtype": dtype},
        "task": {"name": str(inputs.card)},
        "rewards": "length(target=600)=1",
        "lora": {"r": case.r, "alpha": 2 * case.r, "target_modules": "all-linear"},
        "grpo": {
            "max_steps": WARM_UP + STEPS,
            "learning_rate": 1e-4,
            "per_device_train_batch_size": 4,
            "num_generations": case.group,
            "max_completion_length": TINY_TOKENS if tiny else TOKENS,
            "save_strategy": "no",
            "report_to": "none",
            "bf16": not on_cpu,
            "use_cpu": on_cpu,
            "seed": 0,
        },
    }
    return Recipe.model_validate(sections)


def _measure(
    case: Case, trainer: str, recipe: Recipe, inputs: Inputs, run: Callable[[Recipe, Path], None], out: Path
) -> Measured:
    from gpu_phases import fresh_memory, peak_memory, timed
    from grpokit.train import make_plan
    from grpokit.train.recipe.architecture import Architecture
    from grpokit.train.recipe.memory import estimate

    fresh_memory()
    with timed(WARM_UP) as clock:
        run(recipe, out)
    prompt_tokens = recipe.grpo["max_completion_length"]  # prompts are as long as completions
    estimated = estimate(recipe, Architecture.of(inputs.config), make_plan(recipe, None).geometry, prompt_tokens).peak
    figures = (clock.step(STEPS), clock.shares(STEPS), peak_memory(), estimated)
    return Measured(case.name, trainer, *figures, " ".join(sorted(clock.trained)))


def _ours(recipe: Recipe, out: Path) -> None:
    from grpokit.train import train

    train(recipe, out)


def _plain(recipe: Recipe, out: Path) -> None:
    """The same run as someone writes it with TRL alone."""
    import torch
    from datasets import Dataset
    from grpokit.train import make_plan
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig
    from trl.trainer.grpo_config import GRPOConfig
    from trl.trainer.grpo_trainer import GRPOTrainer

    arguments: dict[str, Any] = {"device_map": {"": "cpu" if recipe.grpo["use_cpu"] else 0}}
    dtype = torch.float32 if recipe.grpo["use_cpu"] else torch.bfloat16
    if recipe.model.quantization:
        arguments["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        )
    model = AutoModelForCausalLM.from_pretrained(recipe.model.path, dtype=dtype, **arguments)
    rows = [prompt.text[-1]["content"] + "\n\n" for prompt in recipe.task.load().prompts("train")]  # type: ignore[index]  # messages
    accumulation = make_plan(recipe, len(rows)).geometry.accumulation
    trainer = GRPOTrainer(
        model,
        [*recipe.mix.reward_funcs],
        args=GRPOConfig(
            output_dir=str(out),
            gradient_accumulation_steps=accumulation,
            logging_steps=1,
            disable_tqdm=True,
            **recipe.grpo,
        ),
        train_dataset=Dataset.from_dict({"prompt": rows}),
        processing_class=AutoTokenizer.from_pretrained(
            recipe.model.path, padding_side="left", pad_token="<|endoftext|>"
        ),
        peft_config=LoraConfig(
            r=recipe.lora.r, lora_alpha=recipe.lora.alpha, target_modules="all-linear", task_type="CAUSAL_LM"
        ),
    )
    trainer.train()


def _arithmetic(folder: Path, device: str, *, tiny: bool) -> Learned:
    """Train the arithmetic recipe on a larger model, by the command, and evaluate before and after."""
    from gpu_inputs import write_arithmetic
    from grpokit.commands.train import main as grpo_train

    base, report = write_arithmetic(folder, device, tiny=tiny), folder / "report.json"
    overrides = ["learning_rate=3e-4", f"use_cpu={str(device == 'cpu').lower()}", "report_to=none"]
    overrides += ["max_steps=2", "evaluation.limit=8"] if tiny else []
    start = time.monotonic()
    argv = ["arithmetic-tiny", *overrides, "--model", str(base), "--out", str(folder / "run"), "--json", str(report)]
    with redirect_stdout(sys.stderr):
        status = grpo_train(argv)
    if status not in (0, 1):
        raise SystemExit("the arithmetic recipe did not run")
    seconds = time.monotonic() - start
    models = json.loads(report.read_text(encoding="utf-8"))["models"]
    right = [model["rewards"]["correctness"]["mean"] for model in models]
    return Learned(seconds, right[0], right[-1])  # of a run that learned nothing, the base alone


def _print_runs(measured: Sequence[Measured], device: str) -> None:
    print(f"\n{_device_name(device)}\n")
    print(
        "| case | trainer | adapter | s a step | peak GB | estimated GB |",
        *(f" {phase} |" for phase in measured[0].phases),
        sep="",
    )
    print("|---" * (6 + len(measured[0].phases)) + "|")
    for run in measured:
        figures = [f"{run.seconds:.2f}", _gigabytes(run.peak), _gigabytes(run.estimated)]
        figures += [f"{seconds:.2f}" for seconds in run.phases.values()]
        print(f"| {run.case} | {run.trainer} | {run.adapter} | {' | '.join(figures)} |")


def _gigabytes(size: float | None) -> str:
    return "not measured" if size is None else f"{size / 1e9:.2f}"


def _device_name(device: str) -> str:
    import torch

    return torch.cuda.get_device_name() if device == "cuda" else "CPU: these figures say only that the bench runs"


if __name__ == "__main__":
    sys.exit(main())
