"""Speed and memory of the evaluation loop, side by side with its peers in one run.

loop    Plan, tokens, batches, journal and scores over a bare batched ``model.generate`` on the same batches, greedy
        and sampled. Processor time of this process, which other work on the machine disturbs least; wall time
        beside it. Goal: under 5 % more.
peer    ``grpo-eval run`` with base and adapter beside two runs of ``lm_eval --model hf``, process to process, on the
        same prompts, batch size, number of new tokens and threads; all texts must agree. Goal: 2.5 times as fast.
memory  Peak of ``grpo-eval run`` with a base of 67 million random parameters alone, and with an adapter on it.
        Goal: what the adapter adds (PEFT's modules and its own weights) is under half of a second base.

lm-eval stands in an environment of its own: --install makes it.

    python bench/evaluation.py [--parts loop peer memory] [--model FOLDER] [--lm-eval FOLDER] [--install]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from grpokit.bench.processes import Spent, spend
from grpokit.bench.workload import MIX, Bench, evaluate, make_prompts, write_adapter, write_base, write_prompts
from grpokit.evaluate import Evaluation, Prompt, Run, Sampling, task_record
from grpokit.evaluate.engines.model_path import ModelPath
from grpokit.files import read_lines
from grpokit.rewards import RewardMix

if TYPE_CHECKING:
    from grpokit.evaluate.engines.transformers import TransformersEngine

ROOT = Path(__file__).resolve().parent.parent
STORIES = ROOT.parent / "shared" / "models" / "stories260K"
PEER = "lm-eval[hf]==0.4.13"
OVERHEAD, SPEEDUP = 0.05, 2.5
TASK = """\
task: grpokit_bench
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{asked}}}}"
doc_to_target: "{{{{reference}}}}"
generation_kwargs: {{until: [], max_gen_toks: {tokens}, do_sample: false}}
metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]
"""


def main() -> None:
    """Run the parts that were asked for; each prints its lines."""
    args = _arguments()
    if args.install:
        _install(args.lm_eval)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(args.model, args.prompts, args.tokens, args.batch_size, args.threads, args.rounds, Path(folder))
        print(f"{bench.model.name}: {bench.prompts} prompts, {bench.tokens} new tokens, batches of {bench.batch_size}")
        if "loop" in args.parts:
            measure_loop(bench)
        if "peer" in args.parts:
            measure_peer(bench, args.lm_eval)
        if "memory" in args.parts:
            measure_memory(bench)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ("loop", "peer", "memory")
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts, help="what to measure (default: all)")
    parser.add_argument("--model", type=Path, default=_default_model(), metavar="FOLDER", help="default: %(default)s")
    for name, value in (("prompts", 256), ("tokens", 64), ("batch-size", 64), ("threads", 1), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=value, metavar="N", help=f"default: {value}")
    environment = Path(tempfile.gettempdir()) / "lm-eval-0.4.13"
    parser.add_argument("--lm-eval", type=Path, default=environment, metavar="FOLDER", help="default: %(default)s")
    parser.add_argument("--install", action="store_true", help="make the environment of lm-eval first, from PyPI")
    return parser.parse_args()


def _default_model() -> Path:
    from grpokit.evaluate.demo import checkpoint_path

    return STORIES if STORIES.is_dir() else checkpoint_path()


def _install(folder: Path) -> None:
    """Make an environment with lm-eval and the very torch and transformers that this package is tested with."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", "-c", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, "torch", PEER], check=True)


class Timed(NamedTuple):
    """Seconds of wall-clock and of this process's processor time."""

    wall: float
    cpu: float


def _timed(call: Callable[[], object]) -> Timed:
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return Timed(time.perf_counter() - wall, time.process_time() - cpu)


def measure_loop(bench: Bench) -> None:
    """Print how much longer the loop takes than a bare ``generate``, greedy and sampled."""
    from grpokit.evaluate.engines import load_engines
    from grpokit.evaluate.engines.spec import ModelSpec
    from grpokit.evaluate.engines.transformers import TransformersEngine

    engine = next(load_engines([ModelSpec("base", ModelPath(str(bench.model)))], batch_size=bench.batch_size))
    assert isinstance(engine, TransformersEngine)
    prompts = make_prompts(engine.base.tokenizer, bench.prompts)
    _loop(bench, engine, prompts, "greedy", Sampling(max_new_tokens=bench.tokens))
    _loop(bench, engine, prompts, "sampled", Sampling(max_new_tokens=bench.tokens, temperature=1.0))


def _loop(bench: Bench, engine: TransformersEngine, prompts: Sequence[Prompt], mode: str, sampling: Sampling) -> None:
    """Time both in turns, each loop on a fresh engine that has not seen the prompts."""
    evaluation = Evaluation(task_record("bench", "correctness", None, prompts, "bench"), prompts, sampling, _mix())
    batches = list(_batches(engine, prompts, sampling, bench.batch_size))
    _generate(engine, batches[:1], sampling)
    bare, loop = [], []
    for number in range(bench.rounds):
        bare.append(_timed(lambda: _generate(engine, batches, sampling)))
        fresh, out = replace(engine), bench.folder / f"{mode}-{number}"
        loop.append(_timed(lambda fresh=fresh, out=out: evaluation.run(fresh, out)))  # type: ignore[misc]  # bound as defaults
    _print_loop(mode, bare, loop)


def _mix() -> RewardMix:
    return RewardMix.parse(MIX)


def _batches(
    engine: TransformersEngine, prompts: Sequence[Prompt], sampling: Sampling, size: int
) -> Iterator[dict[str, Any]]:
    """Yield the padded batches that the engine makes of its plan."""
    from grpokit.evaluate.rendering import encode

    tokenizer = engine.base.tokenizer
    ids = [encode(tokenizer, prompt.text) for prompt in engine.plan(prompts, sampling)]
    for start in range(0, len(ids), size):
        padded = tokenizer.pad({"input_ids": ids[start : start + size]}, return_tensors="pt")
        yield dict(padded.to(engine.base.device))


def _generate(engine: TransformersEngine, batches: Sequence[dict[str, Any]], sampling: Sampling) -> None:
    import torch

    settings = {"temperature": sampling.temperature, "top_k": 0} if sampling.temperature else {}
    with torch.inference_mode():
        for batch in batches:
            engine.base.model.generate(
                **batch, max_new_tokens=sampling.max_new_tokens, do_sample=bool(settings), **settings
            )


def _print_loop(mode: str, bare: Sequence[Timed], loop: Sequence[Timed]) -> None:
    cpu = min(one.cpu for one in loop) / min(one.cpu for one in bare) - 1
    wall = min(one.wall for one in loop) / min(one.wall for one in bare) - 1
    print(
        f"loop    {mode:8} bare generate {min(one.cpu for one in bare):6.2f} s   with journal and scores "
        f"{min(one.cpu for one in loop):6.2f} s   overhead {cpu:+.1%} (wall {wall:+.1%})   "
        f"under {OVERHEAD:.0%}: {_word(cpu < OVERHEAD)}"
    )


def _word(reached: bool) -> str:
    return "yes" if reached else "NO"


def measure_peer(bench: Bench, environment: Path) -> None:
    """Print how long base and adapter take beside two runs of lm-eval; end the bench when the texts differ."""
    program = environment / "bin" / "lm_eval"
    if not program.is_file():
        print(f"peer    no lm_eval in {environment}: give its environment with --lm-eval, or --install to make one")
        return
    prompts = write_prompts(bench)
    adapter = write_adapter(bench.model, bench.folder / "adapter")
    ours = evaluate(bench, bench.model, adapter, "ours")
    base = _peer(bench, program, "base", "")
    tuned = _peer(bench, program, "tuned", f",peft={adapter}")
    theirs = base.seconds + tuned.seconds
    print(
        f"peer    grpo-eval {ours.seconds:.1f} s, {ours.peak / 2**20:,.0f} MiB   two runs of lm_eval "
        f"{base.seconds:.1f} + {tuned.seconds:.1f} s, {max(base.peak, tuned.peak) / 2**20:,.0f} MiB   "
        f"{theirs / ours.seconds:.1f} times as fast   at least {SPEEDUP}: {_word(theirs >= SPEEDUP * ours.seconds)}"
    )
    for name in ("base", "tuned"):
        _check_texts(bench, name, prompts)


def _peer(bench: Bench, program: Path, name: str, peft: str) -> Spent:
    card = TASK.format(data=bench.folder / "prompts.jsonl", tokens=bench.tokens)
    (bench.folder / "task").mkdir(exist_ok=True)
    (bench.folder / "task" / "grpokit_bench.yaml").write_text(card)
    model = ["--model", "hf", "--model_args", f"pretrained={bench.model},dtype=float32{peft}", "--device", "cpu"]
    task = ["--tasks", "grpokit_bench", "--include_path", str(bench.folder / "task")]
    output = ["--batch_size", str(bench.batch_size), "--output_path", str(bench.folder / name), "--log_samples"]
    return spend([str(program), "run", *model, *task, *output], bench.folder / f"{name}.log", bench.environment)


def _check_texts(bench: Bench, name: str, prompts: Sequence[Prompt]) -> None:
    """Say how many completions are the same in both harnesses: they must have done the same work."""
    ours = {row.prompt_id: str(row.text).strip() for row in Run.open(bench.folder / "ours" / name).rows()}
    (path,) = (bench.folder / name).rglob("samples_*.jsonl")
    theirs = {str(line.value["doc"]["id"]): str(line.value["resps"][0][0]).strip() for line in read_lines(path)}
    same = sum(ours[prompt.id] == theirs[prompt.id] for prompt in prompts)
    print(f"        {name}: {same} of {len(prompts)} texts are the same in both")


def measure_memory(bench: Bench) -> None:
    """Print the peak memory of a base alone and with an adapter, in processes of their own."""
    small = replace(bench, prompts=8, tokens=4, folder=bench.folder / "memory")
    small.folder.mkdir()
    base = write_base(bench.model, small.folder / "base")
    adapter = write_adapter(base, small.folder / "adapter")
    write_prompts(small)
    alone = evaluate(small, base, None, "alone").peak
    both = evaluate(small, base, adapter, "both").peak
    weights = _size(base)
    print(
        f"memory  base {alone / 2**20:,.0f} MiB (its weights {weights / 2**20:.0f})   with adapter "
        f"{both / 2**20:,.0f} MiB (its weights {_size(adapter) / 2**20:.0f})   {(both - alone) / 2**20:+.0f} MiB   "
        f"one base: {_word(both - alone < weights / 2)}"
    )


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))


if __name__ == "__main__":
    main()
