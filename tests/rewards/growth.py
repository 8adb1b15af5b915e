"""How time grows with a text: ratios of process times, which say the same on fast and on slow machines."""

import time
from collections.abc import Callable

_NOISE_S = 0.001
"""Times below this are taken for it: a text that is read so fast may be read at any pace."""

_REPEATS = 3


def assert_linear(read: Callable[[str], object], piece: str, wrapper: str = "{}") -> None:
    """Fail where four times the pieces take ten times as long: a linear reader takes four, a quadratic one sixteen.

    Short texts are tried too, since what looks at a bounded part of a text may still be slow within it.
    """
    for length in (400, 25_000):
        count = max(1, length // len(piece))
        short, long = (_seconds(read, piece, wrapper, many) for many in (count, 4 * count))
        assert long < 10 * max(short, _NOISE_S), (
            f"{short:.4f} s for {count} times {piece!r}, {long:.4f} s for 4 times that"
        )


def _seconds(read: Callable[[str], object], piece: str, wrapper: str, count: int) -> float:
    """Return the least process time of several texts, all different, so that none is remembered."""
    times = []
    for more in range(_REPEATS):
        text = wrapper.format(piece * (count + more))
        start = time.process_time()
        read(text)
        times.append(time.process_time() - start)
    return min(times)
