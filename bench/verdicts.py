"""Who judges answers best: correctness beside math-verify and TRL's accuracy_reward, on any JSONL of cases, in one run.

    python bench/verdicts.py shared/conformance/verdicts.jsonl shared/data/gsm8k/solutions_6b.jsonl

A case has ``completion`` (or ``output``), ``reference`` (or ``gold``) and the right verdict: ``expect``, ``is_correct``
or ``correct``, where null means that no verdict can be given. Parameters of a case (``params``) are ours alone: the
judge "as the case says" uses them, "strict" and "lenient" do not. Every judge sees the same rows. A final line "A: 18"
is put into a box for math-verify and TRL, which do not read it. "No verdict" is right for null and for nothing else.

right             verdicts as expected
false positives   paid although wrong
false negatives   not paid although right
no verdict        neither paid nor refused, although the case has a verdict (a peer that raises gives none)
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

_LAST_LINE = re.compile(r"(?<=\n)A: (.*)\Z")
_CONDITIONS = ("batch", "in_thread", "time_limit_s", "must_not_execute")
_WARM = r"\boxed{(x+1)^2}"


class Case(NamedTuple):
    """One answer, its reference and the right verdict."""

    completion: str
    reference: Any
    expect: bool | None
    parameters: dict[str, Any]


Judge = Callable[[Sequence[Case]], list[float | None]]


class Outcome(NamedTuple):
    """How a judge did on a file."""

    right: int
    false_positives: int
    false_negatives: int
    no_verdict: int
    seconds: float


def read(path: Path) -> list[Case]:
    """Return the cases of a file; those of other rewards than correctness are passed over."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [_case(row) for row in rows if row.get("reward", "correctness") == "correctness" and _is_one(row)]


def _is_one(row: dict[str, Any]) -> bool:
    expect = _first(row, "expect", "is_correct", "correct")
    return isinstance(_first(row, "completion", "output"), str) and (expect is None or isinstance(expect, bool))


def _case(row: dict[str, Any]) -> Case:
    parameters = {key: value for key, value in row.get("params", {}).items() if key not in _CONDITIONS}
    expect: bool | None = _first(row, "expect", "is_correct", "correct")
    return Case(_first(row, "completion", "output"), _first(row, "reference", "gold"), expect, parameters)


def _first(row: dict[str, Any], *keys: str) -> Any:
    return next((row[key] for key in keys if key in row), None)


def ours(**parameters: Any) -> Judge:
    """Return the reward of this package with these parameters."""

    def judge(cases: Sequence[Case]) -> list[float | None]:
        from grpokit.rewards import get

        reward = get("correctness", **parameters)
        return reward(completions=[case.completion for case in cases], answer=[case.reference for case in cases])

    return judge


def as_the_case_says(cases: Sequence[Case]) -> list[float | None]:
    """Judge with the parameters of each case."""
    groups: dict[str, list[int]] = {}
    for index, case in enumerate(cases):
        groups.setdefault(json.dumps(case.parameters, sort_keys=True), []).append(index)
    values: list[float | None] = [None] * len(cases)
    for written, indices in groups.items():
        judged = ours(**json.loads(written))([cases[index] for index in indices])
        for index, value in zip(indices, judged, strict=True):
            values[index] = value
    return values


def math_verify(boxed: bool) -> Judge:
    """Return math-verify as its documentation says, the reference as it is or in a box."""

    def judge(cases: Sequence[Case]) -> list[float | None]:
        from math_verify import parse, verify

        def one(case: Case) -> float | None:
            reference = rf"\boxed{{{case.reference}}}" if boxed else str(case.reference)
            gold = parse(reference)
            return float(verify(gold, parse(_with_box(case.completion)))) if gold else None

        return [_guarded(one, case) for case in cases]

    return judge


def trl(cases: Sequence[Case]) -> list[float | None]:
    """Judge with TRL's accuracy_reward; its references need a box."""
    from trl.rewards.accuracy_rewards import accuracy_reward

    def one(case: Case) -> float | None:
        completion = [{"role": "assistant", "content": _with_box(case.completion)}]
        value: float | None = accuracy_reward([completion], [rf"\boxed{{{case.reference}}}"])[0]
        return value

    return [_guarded(one, case) for case in cases]


def _guarded(judge: Callable[[Case], float | None], case: Case) -> float | None:
    """Return None where a peer raises: in a training run its exception would end the run."""
    try:
        return judge(case)
    except Exception:  # whatever a peer raises, it gave no verdict
        return None


def _with_box(text: str) -> str:
    return _LAST_LINE.sub(r"\\boxed{\1}", text)


JUDGES: dict[str, Judge] = {
    "grpokit, as the case says": as_the_case_says,
    "grpokit strict": ours(),
    "grpokit lenient": ours(extraction="lenient"),
    "math-verify": math_verify(boxed=False),
    "math-verify, boxed": math_verify(boxed=True),
    "TRL accuracy_reward": trl,
}


def measure(judge: Judge, cases: Sequence[Case]) -> Outcome:
    """Judge all cases and count."""
    start = time.perf_counter()
    values = judge(cases)
    seconds = time.perf_counter() - start
    pairs = [(None if value is None else value == 1.0, case.expect) for value, case in zip(values, cases, strict=True)]
    return Outcome(
        right=sum(given is wanted for given, wanted in pairs),
        false_positives=sum(given is True and wanted is not True for given, wanted in pairs),
        false_negatives=sum(given is False and wanted is True for given, wanted in pairs),
        no_verdict=sum(given is None and wanted is not None for given, wanted in pairs),
        seconds=seconds,
    )


def main() -> None:
    """Print a table for each file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="JSONL of cases")
    parser.add_argument("--ours", action="store_true", help="leave out the peers")
    args = parser.parse_args()
    judges = {name: judge for name, judge in JUDGES.items() if name.startswith("grpokit") or not args.ours}
    for judge in judges.values():
        judge([Case(_WARM, "x^2+2x+1", True, {})])  # imports and workers are started before anything is timed
    for path in args.files:
        cases = read(path)
        print(f"{path.name}: {len(cases)} cases")
        print(f"  {'':27}{'right':>7}{'false positives':>17}{'false negatives':>17}{'no verdict':>12}{'seconds':>9}")
        for name, judge in judges.items():
            outcome = measure(judge, cases)
            print(
                f"  {name:27}{outcome.right:>7}{outcome.false_positives:>17}{outcome.false_negatives:>17}"
                f"{outcome.no_verdict:>12}{outcome.seconds:>9.2f}"
            )


if __name__ == "__main__":
    main()
