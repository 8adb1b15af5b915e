"""The recorded sessions in ``docs/images``: what a run looks like on a terminal, and where its output goes to a file.

``python bench/sessions.py`` makes both from real runs, on this machine and without a network: an evaluation of what the
demo trains, on a terminal and off one. Each becomes an SVG: the first moves, and is its last frame where a reader wants
no motion; the second is a page of text. ``--demo DIR`` takes what ``grpo-eval demo --out DIR`` has trained before.
"""

from __future__ import annotations

import argparse
import fcntl
import io
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"

COLUMNS, ROWS = 104, 50
"""The terminal that is recorded; lines that leave it at the top are kept."""

SHOWN = "grpo-eval run --task arithmetic --limit 100 --model base=demo --model tuned=demo+grpokit-demo/train"
PIPED = f"{SHOWN} > run.log 2>&1"

TICK_S = 0.2
"""Output within so many seconds is one frame."""

FRAMES = 40
"""So many frames are kept at most."""

PLAYED_S, END_S = 12.0, 8.0
"""A run that took longer is played within so many seconds; then the last frame stands still."""

CELL, LINE, EDGE = 12.2, 24.4, 16.0
"""Width of a character, height of a line, and the border, in the units of rich's SVG."""

STILL = "display: inline; animation: none"
"""How the last frame is shown to a reader who wants no motion."""

FRAME = '<g class="{unique_id}"><style>{styles}</style>{backgrounds}{matrix}</g>'

_TOKEN = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|(\r|\n|[^\x1b\r\n])", re.DOTALL)
_CLIP = re.compile(r' clip-path="[^"]*"')


class Screen:
    """What a terminal shows of a program's output, as far as rich makes use of one: colours, cursor up, erased lines.

    >>> screen = Screen(20)
    >>> screen.feed("half 1/2\\r\\n\\x1b[1A\\x1b[2Kdone\\r\\n")
    >>> [text.plain for text in screen.lines()]
    ['done', '']
    """

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._cells: list[list[tuple[str, str]]] = [[]]
        self._row = self._column = 0
        self._style = ""

    def feed(self, text: str) -> None:
        """Show more output."""
        for match in _TOKEN.finditer(text):
            arguments, command, character = match.groups()
            if command is not None:
                self._control(arguments, command)
            elif character is not None:
                self._put(character)

    def _control(self, arguments: str, command: str) -> None:
        if command == "m":
            self._style = "" if arguments in ("", "0") else f"{self._style};{arguments}".lstrip(";")
        elif command == "A":
            self._row = max(0, self._row - int(arguments or 1))
        elif command == "K":
            self._cells[self._row] = [] if arguments == "2" else self._cells[self._row][: self._column]

    def _put(self, character: str) -> None:
        if character == "\r":
            self._column = 0
            return
        if character == "\n" or self._column >= self._columns:
            self._row, self._column = self._row + 1, 0
            if self._row == len(self._cells):
                self._cells.append([])
        if character == "\n":
            return
        line = self._cells[self._row]
        line.extend([(" ", "")] * (self._column + 1 - len(line)))
        line[self._column] = (character, self._style)
        self._column += 1

    def lines(self) -> list[Text]:
        """Return the lines with their colours."""
        return [Text.from_ansi("".join(_runs(line))) for line in self._cells]


def _runs(line: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield the parts of a line that have one style, each with its codes."""
    for style, cells in groupby(line, key=lambda cell: cell[1]):
        yield f"\x1b[0;{style or 0}m{''.join(sign for sign, _ in cells)}"


class Frame(NamedTuple):
    """What is to be seen from a second on."""

    at: float
    lines: list[Text]


def on_terminal(command: str, folder: Path, environment: dict[str, str]) -> Iterator[Frame]:
    """Run a command on a terminal of its own and yield what is to be seen there, frame by frame."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = {**environment, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": str(ROWS)}
    screen, begun, shown = Screen(COLUMNS), time.monotonic(), 0.0
    screen.feed(f"$ {command}\r\n")
    yield Frame(0.0, screen.lines())
    with subprocess.Popen(
        shlex.split(command), cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    ) as running:
        os.close(theirs)
        for text in _read(ours):
            screen.feed(text)
            now = time.monotonic() - begun
            if now - shown >= TICK_S:
                shown = now
                yield Frame(now, screen.lines())
    os.close(ours)
    if running.returncode:
        raise SystemExit(f"{command}: ended with {running.returncode}")
    yield Frame(time.monotonic() - begun, screen.lines())


def _read(terminal: int) -> Iterator[str]:
    """Yield what is written to a terminal until its program ends, which is an error of reading here."""
    from codecs import getincrementaldecoder

    decoder = getincrementaldecoder("utf-8")("replace")
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            return
        if not data:
            return
        yield decoder.decode(data)


def to_file(command: str, folder: Path, environment: dict[str, str]) -> list[Text]:
    """Run a command whose output goes to a file; return what a reader of the file sees."""
    done = subprocess.run(command, shell=True, cwd=folder, env=environment, check=False)
    name = command.split("> ")[1].split()[0]
    log = (folder / name).read_text(encoding="utf-8")
    if done.returncode:
        raise SystemExit(f"{command}: ended with {done.returncode}\n{log}")
    return [Text(f"$ {command}"), *map(Text, f"$ cat {name}\n{log}".rstrip("\n").split("\n"))]


def paced(frames: Sequence[Frame]) -> list[Frame]:
    """Return some of the frames, the first and the last among them, with the times at which they are played.

    >>> [frame.at for frame in paced([Frame(float(at), [Text(str(at))]) for at in range(100)])][::13]
    [0.0, 4.0, 8.0, 12.0]
    """
    last, speed = len(frames) - 1, max(1.0, frames[-1].at / PLAYED_S)
    kept = sorted({round(place * last / (FRAMES - 1)) for place in range(FRAMES)})
    return [Frame(frames[place].at / speed, frames[place].lines) for place in kept]


def svg(frames: Sequence[Frame], label: str) -> str:
    """Return frames as one moving SVG that needs nothing from elsewhere; a single one as a picture."""
    rows = max(len(frame.lines) for frame in frames)
    width, height = COLUMNS * CELL + 2 * EDGE, rows * LINE + 2 * EDGE
    whole = frames[-1].at + END_S
    starts = [100 * frame.at / whole for frame in frames]
    groups, rules = [], []
    for number, (frame, start, end) in enumerate(zip(frames, starts, [*starts[1:], 100.0], strict=True)):
        groups.append(_group(frame.lines, f"f{number}"))
        if len(frames) > 1:
            rules.append(_shown_between(f"f{number}", start, end, whole))
    last = f"f{len(frames) - 1}"
    still = f"@media (prefers-reduced-motion: reduce) {{ g[class] {{ display: none }} g.{last} {{ {STILL} }} }}"
    font = "20px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
    style = f"text {{ font: {font}; white-space: pre }} {' '.join(rules)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(label)}"><style>{style} {still if len(frames) > 1 else ""}</style>'
        f'<rect width="100%" height="100%" rx="10" fill="#292929"/>'
        f'<g transform="translate({EDGE:g} {EDGE:g})">{"".join(groups)}</g></svg>\n'
    )


def _group(lines: Sequence[Text], name: str) -> str:
    """Return the lines as a group of an SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for line in lines:
        console.print(line, no_wrap=False, highlight=False)
    return _CLIP.sub("", console.export_svg(code_format=FRAME, unique_id=name))


def _shown_between(name: str, start: float, end: float, whole: float) -> str:
    """Return the style of a frame that is to be seen from ``start`` to ``end`` percent of the ``whole`` time."""
    before = "" if start == 0 else "0% { visibility: hidden } "
    after = "" if end == 100 else f"{end:.2f}% {{ visibility: hidden }} "
    steps = f"{before}{start:.2f}% {{ visibility: visible }} {after}"
    return f"@keyframes {name} {{ {steps}}} .{name} {{ animation: {name} {whole:.1f}s step-end infinite }}"


def main() -> None:
    """Record both sessions and print the size of each picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=IMAGES, metavar="DIR", help="%(default)s")
    parser.add_argument("--demo", type=Path, metavar="DIR", help="a demo that was made before (default: make one)")
    given = parser.parse_args()
    here = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{here}{os.pathsep}{os.environ['PATH']}", "TOKENIZERS_PARALLELISM": "false"}
    with TemporaryDirectory() as made:
        folder = Path(made)
        if given.demo is None:
            subprocess.run(
                ["grpo-eval", "demo", "--quiet"], cwd=folder, env=environment, check=True, capture_output=True
            )
        else:
            (folder / "grpokit-demo").symlink_to(given.demo.resolve())
        sessions: list[tuple[str, str, Callable[[], Sequence[Frame]]]] = [
            ("session-file", PIPED, lambda: [Frame(0.0, to_file(PIPED, folder, environment))]),
            ("session-terminal", SHOWN, lambda: paced(list(on_terminal(SHOWN, folder, environment)))),
        ]
        for name, command, record in sessions:
            path = given.out / f"{name}.svg"
            path.write_text(svg(record(), command), encoding="utf-8")
            print(f"{path.name} {path.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
