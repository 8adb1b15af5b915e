"""Speed beside lm-evaluation-harness on its own kind of task, base and adapter, process to process.

choices     multiple-choice rows by likelihood: one command of ours beside two runs of lm_eval, which must give the same
            scores. Goal: 2.5 times as fast.
generation  questions answered greedily: as above, and the texts must agree. Goal: 1.6 times as fast.

Both sides ask the same YAML task of lm-eval's, in the environment of the bench, which must have lm-eval.

    python bench/harness.py --model FOLDER --choices ROWS.jsonl --questions ROWS.jsonl
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from grpokit.bench.processes import Spent, spend
from grpokit.bench.workload import write_adapter
from grpokit.evaluate import Run
from grpokit.files import read_lines

GOALS = {"choices": 2.5, "generation": 1.6}

CHOICES = """\
task: bench_choices
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "Question: {{{{question.strip()}}}}\\nAnswer:"
doc_to_target: answer
doc_to_choice: "{{{{choices}}}}"
metric_list:
  - {{metric: acc, aggregation: mean, higher_is_better: true}}
  - {{metric: acc_norm, aggregation: mean, higher_is_better: true}}
"""

GENERATION = """\
task: bench_generation
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: generate_until
doc_to_text: "Question: {{{{question}}}}\\nAnswer:"
doc_to_target: "{{{{answer}}}}"
generation_kwargs: {{until: ["Question:"], do_sample: false, max_gen_toks: 128}}
metric_list:
  - {{metric: exact_match, aggregation: mean, higher_is_better: true}}
"""


class Part(NamedTuple):
    """What is measured: the task, its rows, how many of them, and how many are asked at once."""

    name: str
    card: str
    data: Path
    rows: int
    batch: int


def main() -> None:
    """Measure the parts that were asked for; each prints its lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--choices", type=Path, metavar="FILE", help="rows with question, choices and answer")
    parser.add_argument("--questions", type=Path, metavar="FILE", help="rows with question and answer")
    parser.add_argument("--rounds", type=int, default=1, metavar="N", help="the fastest counts (default: 1)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        adapter = write_adapter(args.model, Path(folder) / "adapter")
        parts = [("choices", CHOICES, args.choices, 200, 8), ("generation", GENERATION, args.questions, 16, 16)]
        for name, card, data, rows, batch in parts:
            if data is not None:
                place = Path(folder) / name
                place.mkdir()
                measure(Part(name, card, data, rows, batch), args.model, adapter, place, args.rounds)


def measure(part: Part, model: Path, adapter: Path, place: Path, rounds: int) -> None:
    """Print how long both sides take, and how many of their answers are the same."""
    rows = [line.value for line in islice(read_lines(part.data), part.rows)]
    (place / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    card = place / f"bench_{part.name}.yaml"
    card.write_text(part.card.format(data=place / "rows.jsonl"))
    ours, theirs = [], []
    for number in range(rounds):
        out = place / f"ours-{number}"
        ours.append(_ours(part, card, model, adapter, out))
        theirs.append(
            [_theirs(part, card, model, peft, place / f"theirs-{number}") for peft in ("", f",peft={adapter}")]
        )
    fastest = min(one.seconds for one in ours)
    runs = min(theirs, key=lambda pair: sum(one.seconds for one in pair))
    peer = sum(one.seconds for one in runs)
    word = "yes" if peer >= GOALS[part.name] * fastest else "NO"
    print(
        f"{part.name:10}  grpo-eval {fastest:.1f} s   "
        f"two runs of lm_eval {runs[0].seconds:.1f} + {runs[1].seconds:.1f} s   {peer / fastest:.2f} times as fast   "
        f"at least {GOALS[part.name]}: {word}",
        flush=True,
    )
    for name, peft in (("base", ""), ("tuned", "tuned")):
        print(f"            {name}: {_agreement(part, place / 'ours-0' / name, place / 'theirs-0' / (peft or 'base'))}")


def _ours(part: Part, card: Path, model: Path, adapter: Path, out: Path) -> Spent:
    words = [sys.executable, "-m", "grpokit.commands.eval", "run", "--task", f"lm_eval:{card}", "--no-drift"]
    models = ["--model", f"base={model}", "--model", f"tuned={model}+{adapter}", "--batch-size", str(part.batch)]
    return spend([*words, *models, "--out", str(out)], out.with_suffix(".log"))


def _theirs(part: Part, card: Path, model: Path, peft: str, place: Path) -> Spent:
    name = "tuned" if peft else "base"
    words = [sys.executable, "-m", "lm_eval", "run", "--model", "hf", "--device", "cpu", "--tasks", str(card)]
    arguments = ["--model_args", f"pretrained={model},dtype=float32{peft}", "--batch_size", str(part.batch)]
    place.mkdir(exist_ok=True)
    return spend([*words, *arguments, "--log_samples", "--output_path", str(place / name)], place / f"{name}.log")


def _agreement(part: Part, ours: Path, theirs: Path) -> str:
    """Return how many rows have the same text, or the same scores."""
    run = Run.open(ours)
    (path,) = theirs.rglob("samples_*.jsonl")
    samples = {str(line.value["doc_id"]): line.value for line in read_lines(path)}
    if part.name == "generation":
        same = sum(str(row.text) == samples[row.prompt_id]["resps"][0][0] for row in run.rows())
        return f"{same} of {len(samples)} texts are the same"
    names = ("acc", "acc_norm")
    own = {score.prompt_id: [score.rewards[name].value for name in names] for score in run.scores()}
    same = sum(own[identity] == [sample[name] for name in names] for identity, sample in samples.items())
    return f"{same} of {len(samples)} rows have the same acc and acc_norm"


if __name__ == "__main__":
    main()
