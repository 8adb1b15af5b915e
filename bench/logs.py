"""Speed and memory of reading another tool's log: samples of lm-eval, or a log of inspect as one JSON document.

Writes a synthetic log of so many megabytes, then runs ``grpo-eval compare LOG`` on it in one process of its own.
Prints seconds and the peak of resident memory. The goal: under 500 MB for a log of 1 GB.

    python bench/logs.py [--megabytes 1000] [--format lm-eval|inspect] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, TextIO

from grpokit.bench.processes import spend

LIMIT = 500e6
PROSE = "The shop sold some of its apples in the morning and the rest of them in the afternoon. "


def main() -> None:
    """Write the log, compare it, and print what that took."""
    size = _arguments()
    with tempfile.TemporaryDirectory(dir=size.folder) as name:
        writers = {"lm-eval": ("samples.jsonl", _write_lm_eval), "inspect": ("log.json", _write_inspect)}
        file, write = writers[size.format]
        path = Path(name) / file
        with path.open("w", encoding="utf-8") as log:
            write(log, size.megabytes * 10**6)
        command = [sys.executable, "-m", "grpokit.commands.eval", "compare", str(path), "--workers", "1"]
        spent = spend(command, Path(name) / "output.txt")
        told = "yes" if spent.peak < LIMIT else "no"
        print(f"{size.format}, {path.stat().st_size / 1e6:,.0f} MB: {spent.seconds:.1f} s, {spent.peak / 1e6:,.0f} MB")
        print(f"under {LIMIT / 1e6:,.0f} MB: {told}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1000, help="size of the log (%(default)s)")
    parser.add_argument("--format", default="lm-eval", choices=("lm-eval", "inspect"), help="default: %(default)s")
    parser.add_argument("--folder", type=Path, help="where the log goes for the time of the bench")
    return parser.parse_args()


def _write_lm_eval(log: TextIO, size: int) -> None:
    for number in count():
        log.write(json.dumps(_document(number)) + "\n")
        if log.tell() >= size:
            return


def _document(number: int) -> dict[str, Any]:
    question = f"{number}. {PROSE * 8}"
    return {
        "doc_id": number,
        "doc": {"question": question, "answer": str(number)},
        "target": str(number),
        "arguments": {"gen_args_0": {"arg_0": f"<user>{question}", "arg_1": {"until": ["</s>"]}}},
        "resps": [[f"{PROSE * 16}#### {number}"]],
        "filtered_resps": [str(number)],
        "filter": "strict-match",
        "metrics": ["exact_match"],
        "exact_match": number % 3 / 2,
    }


def _write_inspect(log: TextIO, size: int) -> None:
    header = {"version": 2, "status": "success", "eval": {"task": "sums", "model": "m", "scorers": [{"name": "match"}]}}
    log.write(json.dumps(header)[:-1] + ', "samples": [')
    for number, sample in enumerate(_samples()):
        log.write(("," if number else "") + json.dumps(sample))
        if log.tell() >= size:
            break
    log.write("]}")


def _samples() -> Iterator[dict[str, Any]]:
    for number in count():
        said = f"{PROSE * 16}#### {number}"
        yield {
            "id": number,
            "epoch": 1,
            "input": f"{number}. {PROSE * 8}",
            "target": str(number),
            "output": {"choices": [{"message": {"content": said}, "stop_reason": "stop"}], "completion": said},
            "scores": {"match": {"value": "CI"[number % 2], "answer": str(number)}},
            "events": [{"event": "model", "output": said}],
        }


if __name__ == "__main__":
    main()
