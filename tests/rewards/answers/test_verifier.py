"""The verifier pool: verdicts, deadlines, restarts, and every kind of caller."""

import asyncio
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from grpokit.rewards import correctness, get
from grpokit.rewards.answers.verifier import _SIMPLE, Verdict, VerifierCounts, _pool, counts, settle
from grpokit.rewards.answers.verifier_process import Outcome, Pair, Worker

EQUAL = (r"\frac{1}{\sqrt{2}}", r"\frac{\sqrt{2}}{2}")
# Sympy's simplification of this takes minutes, yet the expression is small and has no powers to guard against.
SLOW = "+".join(rf"\sqrt{{{number}+\sqrt{{{number + 1}+\sqrt{{x+{number}}}}}}}" for number in range(2, 13))


def fresh(number: int) -> Pair:
    """Return a pair that needs algebra and was not asked before."""
    return Pair(rf"\sqrt{{{number}}}\cdot x", rf"x\sqrt{{{number}}}")


def children() -> list[int]:
    """The verifier's workers among this process's children: other tests may have left helpers of their own."""
    task = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    found = [int(child) for child in task.read_text().split()]
    return [child for child in found if b"verifier_worker" in Path(f"/proc/{child}/cmdline").read_bytes()]


def is_equal(pair: Pair) -> bool | None:
    return settle([pair], 20.0)[0].equal


def test_settled_exactly_verified_then_cached() -> None:
    pairs = [Pair("1/2", "0.5"), fresh(100_003), fresh(100_003)]
    assert settle(pairs, 20.0) == [Verdict(True, "exact"), Verdict(True, "verified"), Verdict(True, "cached")]
    assert settle(pairs[1:2], 20.0) == [Verdict(True, "cached")]


def test_counts_run_on() -> None:
    before = counts()
    settle([Pair("1", "2"), fresh(100_019)], 20.0)
    after = counts()
    assert VerifierCounts(*(now - then for now, then in zip(after, before, strict=True))) == VerifierCounts(1, 0, 1, 0)


def test_a_missed_deadline_is_a_failure_and_the_pool_goes_on() -> None:
    _pool.remember({Pair(_SIMPLE, r"\pi"): "different"}, 0.01)  # a machine that answers a simple pair in time
    assert settle([Pair(SLOW, r"\pi")], 0.01) == [Verdict(None, "failed")]
    assert [verdict.equal for verdict in settle([fresh(100_043), fresh(100_049)], 20.0)] == [True, True]


def test_field_12_a_hanging_verifier_is_no_wrong_answer() -> None:
    """huggingface/Math-Verify#65: a hang is 'verifier error' (None), not 'wrong'."""
    judged = get("correctness", timeout=0.01).explain(completions=[rf"\boxed{{{SLOW}+1}}"], answer=[r"\pi"])
    assert (judged[0].value, judged[0].status) == (None, "verifier error")


LATE = r"\int_0^1 \frac{\sin(x^7+4)\ln(x+2)}{x^7+x+1} dx"
"""An integral that sympy works on for minutes."""


def test_an_answer_on_which_algebra_works_too_long_is_wrong_and_counted_apart() -> None:
    assert settle([Pair(LATE, "5")], 20.0) == [Verdict(False, "verified", True)]
    assert settle([Pair(LATE, "5")], 20.0) == [Verdict(False, "cached", True)]
    judged = get("correctness", timeout=20.0).explain(completions=[rf"\boxed{{{LATE}}}"], answer=["5"])[0]
    assert (judged.value, judged.status) == (0.0, "too complex")


def test_a_reference_on_which_algebra_works_too_long_gives_no_verdict() -> None:
    assert settle([Pair("5", LATE)], 20.0) == [Verdict(None, "failed")]
    judged = get("correctness", timeout=20.0).explain(completions=["<answer>5</answer>"], answer=[["7", LATE]])[0]
    assert (judged.value, judged.status) == (None, "verifier error")  # what is not 7 may be the other


def test_what_a_batch_has_no_time_for_has_no_verdict_and_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("grpokit.rewards.answers.verifier.MOST_SECONDS", 0.0)
        assert settle([fresh(100_279)], 20.0) == [Verdict(None, "failed")]
    assert settle([fresh(100_279)], 20.0) == [Verdict(True, "verified")]


def test_values_at_a_point_spare_the_simplification_of_a_wrong_answer() -> None:
    assert settle([Pair(SLOW, "x")], 20.0) == [Verdict(False, "verified")]


def test_sixteen_exploding_answers_are_sixteen_zeros_at_once() -> None:
    pairs = [Pair(f"(a+b+c+d+e+f)^{{{power}}}", "5") for power in range(60, 76)]
    assert settle(pairs, 20.0) == [Verdict(False, "exact", True)] * 16  # their text decides: no worker is asked
    completions = [rf"\boxed{{{pair.answer}}}" for pair in pairs]
    assert correctness(completions=completions, answer=["5"] * 16) == [0.0] * 16


def test_a_failure_in_little_time_is_tried_again_with_more() -> None:
    pair = Pair(r"\sqrt{100237}\cdot x+\frac{x^2-1}{x-1}", r"x+1+x\sqrt{100237}")
    is_equal(fresh(100_271))  # so that a worker is ready
    assert settle([pair], 0.0001)[0].how == "failed"
    assert settle([pair], 20.0)[0] == Verdict(True, "verified")


def test_a_killed_worker_is_replaced() -> None:
    is_equal(fresh(100_057))
    for child in children():
        os.kill(child, signal.SIGKILL)
    time.sleep(0.1)
    assert is_equal(fresh(100_069)) is True


def test_a_pair_whose_worker_is_killed_is_given_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    died = 0
    ask = Worker.ask

    def killed_once(self: Worker, pair: Pair, seconds: float) -> Outcome:
        nonlocal died
        if died == 0:
            died += 1
            ask(self, fresh(100_151), 20.0)  # it has started, and works
            os.kill(self._process.pid, signal.SIGKILL)
        return ask(self, pair, seconds)

    monkeypatch.setattr(Worker, "ask", killed_once)
    assert settle([fresh(100_153)], 20.0) == [Verdict(True, "verified")]
    assert died == 1


def test_a_death_is_never_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict of "failed" stayed for the life of the process, though the next worker would have lived."""
    pair = fresh(100_169)

    def killed(self: Worker, pair: Pair, seconds: float) -> Outcome:
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        return ask(self, pair, seconds)

    ask = Worker.ask
    with monkeypatch.context() as patch:
        patch.setattr(Worker, "ask", killed)
        assert settle([pair], 20.0) == [Verdict(None, "failed")]
    assert settle([pair], 20.0) == [Verdict(True, "verified")]


def test_field_12_deadlines_hold_outside_the_main_thread() -> None:
    """huggingface/open-r1#411: signal-based time-outs fail outside the main thread."""
    found: list[bool | None] = []
    thread = threading.Thread(target=lambda: found.append(is_equal(fresh(100_103))))
    thread.start()
    thread.join()
    assert found == [True]


def test_many_threads_at_once() -> None:
    with ThreadPoolExecutor(8) as executor:
        assert list(executor.map(is_equal, [fresh(101_000 + number) for number in range(40)])) == [True] * 40
    assert len(children()) <= (os.cpu_count() or 1)


def test_inside_asyncio() -> None:
    async def both() -> list[bool | None]:
        inside = is_equal(fresh(100_109))
        return [inside, await asyncio.to_thread(is_equal, fresh(100_129))]

    assert asyncio.run(both()) == [True, True]


CALL = {"completions": [rf"\boxed{{{EQUAL[0]}}}"], "answer": [EQUAL[1]]}


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_in_daemonic_processes(method: str) -> None:
    is_equal(fresh(100_151))  # the parent has workers, which a fork must not use
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.apply(correctness, kwds=CALL) == [1.0]
    assert is_equal(fresh(100_153)) is True


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_in_worker_processes(method: str) -> None:
    """AsyncGRPO pickles rewards and calls them in processes of its own."""
    is_equal(fresh(100_183))
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as executor:
        assert executor.submit(correctness, **CALL).result(60) == [1.0]
    assert is_equal(fresh(100_189)) is True


def test_a_script_without_a_main_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            rf"""
            print("once", flush=True)
            from grpokit.rewards import correctness, get
            print(correctness(completions=[r"\boxed{{{EQUAL[0]}}}"], answer=[r"{EQUAL[1]}"]))
            """
        )
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split("\n")[:2] == ["once", "[1.0]"]
    assert done.stderr == ""


def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os, signal, pathlib\n"
        "from grpokit.rewards.answers.verifier import settle\n"
        "from grpokit.rewards.answers.verifier_process import Pair\n"
        "settle([Pair(r'\\sqrt{2}x', r'x\\sqrt{2}')], 20.0)\n"
        "print(pathlib.Path(f'/proc/{os.getpid()}/task/{os.getpid()}/children').read_text(), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    workers = [int(child) for child in done.stdout.split()]
    assert workers
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{worker}/cmdline").exists() and Path(f"/proc/{worker}/cmdline").read_bytes()
              for worker in workers):  # fmt: skip
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_no_zombie_and_no_leak_over_ten_thousand_calls() -> None:
    is_equal(fresh(100_169))
    gc.collect()
    files, processes, threads = len(os.listdir("/proc/self/fd")), len(children()), threading.active_count()
    for number in range(10_000):
        settle([Pair(str(number), str(number + 1)), Pair(*EQUAL)], 20.0)
    for number in range(200):
        settle([fresh(110_000 + number)], 20.0)
    assert len(os.listdir("/proc/self/fd")) <= files
    assert len(children()) <= processes
    assert threading.active_count() <= threads
    states = [Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] for child in children()]
    assert "Z" not in states


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grpokit.rewards.answers.verifier.MOST_RESULTS", 10)
    _pool.remember({Pair(str(number), "x"): "different" for number in range(50)}, 5.0)
    assert len(_pool.known([Pair(str(number), "x") for number in range(50)], 5.0)) == 10


def test_neither_sympy_nor_math_verify_in_this_process() -> None:
    program = (
        "import sys; from grpokit.rewards import correctness; "
        rf"correctness(completions=[r'\boxed{{{EQUAL[0]}}}'], answer=[r'{EQUAL[1]}']); "
        "print([name for name in ('sympy', 'math_verify', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"
