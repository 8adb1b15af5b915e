"""Work in the background: every result that was handed over is read, whatever ends it."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable

import pytest
from grpokit.evaluate.engines.background import in_background

HandOver = Callable[[int], None]


async def count(hand_over: HandOver) -> None:
    for number in range(5):
        hand_over(number)
        await asyncio.sleep(0)


async def count_and_hang(hand_over: HandOver) -> None:
    await count(hand_over)
    await asyncio.sleep(600)


async def count_and_fail(hand_over: HandOver) -> None:
    await count(hand_over)
    raise LookupError("no more")


def interrupt_soon(number: int, after: float = 0.2) -> None:
    threading.Timer(after, os.kill, (os.getpid(), number)).start()


def test_results_come_as_they_are_handed_over() -> None:
    assert list(in_background(count)) == [0, 1, 2, 3, 4]


def test_an_error_comes_after_the_results() -> None:
    read: list[int] = []
    with pytest.raises(LookupError, match="no more"):
        read.extend(in_background(count_and_fail))
    assert read == [0, 1, 2, 3, 4]


def test_it_goes_on_while_the_reader_is_busy() -> None:
    ended = threading.Event()

    async def work(hand_over: HandOver) -> None:
        await count(hand_over)
        ended.set()

    results = in_background(work)
    assert next(results) == 0
    assert ended.wait(10)
    assert list(results) == [1, 2, 3, 4]


def test_it_works_where_a_loop_is_running() -> None:
    """As in a notebook."""

    async def cell() -> list[int]:
        return list(in_background(count))

    assert asyncio.run(cell()) == [0, 1, 2, 3, 4]


def test_it_works_in_another_thread() -> None:
    read: list[int] = []
    thread = threading.Thread(target=lambda: read.extend(in_background(count)))
    thread.start()
    thread.join(10)
    assert read == [0, 1, 2, 3, 4]


def test_an_interrupt_while_it_hangs_ends_it() -> None:
    read: list[int] = []
    interrupt_soon(signal.SIGINT)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        read.extend(in_background(count_and_hang))
    assert time.monotonic() - start < 2
    assert read == [0, 1, 2, 3, 4]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_reader_is_not_interrupted_between_two_results() -> None:
    read: list[int] = []

    def busy(number: int) -> int:
        if number == 0:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)
        return number

    with pytest.raises(KeyboardInterrupt):
        read.extend(map(busy, in_background(count_and_hang)))
    assert read == [0, 1, 2, 3, 4]


def test_a_signal_behind_the_last_result_is_not_lost() -> None:
    def interrupt(number: int) -> None:
        if number == 4:
            time.sleep(0.1)  # the work has ended
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        list(map(interrupt, in_background(count)))


def test_work_that_does_not_let_go_is_left_behind() -> None:
    async def stubborn(hand_over: HandOver) -> None:
        await count(hand_over)
        time.sleep(8)  # it blocks its loop, as a look-up of a name may

    read: list[int] = []
    interrupt_soon(signal.SIGINT)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        read.extend(in_background(stubborn))
    assert time.monotonic() - start < 2
    assert read == [0, 1, 2, 3, 4]


def test_a_handler_of_the_program_gets_its_signal_after_the_results() -> None:
    got: list[int] = []
    read: list[int] = []
    previous = signal.signal(signal.SIGTERM, lambda number, frame: got.append(len(read)))
    try:
        interrupt_soon(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            read.extend(in_background(count_and_hang))
    finally:
        signal.signal(signal.SIGTERM, previous)
    assert got == [5]


def test_a_reader_who_leaves_ends_the_work() -> None:
    cancelled = threading.Event()

    async def work(hand_over: HandOver) -> None:
        try:
            await count_and_hang(hand_over)
        finally:
            cancelled.set()

    results = in_background(work)
    next(results)
    results.close()  # type: ignore[attr-defined]  # it is a generator
    assert cancelled.wait(5)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
