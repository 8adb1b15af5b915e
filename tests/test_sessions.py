"""The recorded sessions of the documentation: the pictures show what a terminal shows, and fetch nothing."""

import os
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from grpokit.bench.sessions import FRAMES, IMAGES, PLAYED_S, Frame, Screen, on_terminal, paced, svg, to_file
from rich.text import Text

SHOWN = [
    # output, and the lines that it leaves on a terminal of ten columns
    ("one\r\ntwo", ["one", "two"]),
    ("half\rdone", ["done"]),
    ("longer\rs", ["songer"]),  # what is not written over stays
    ("a bar\r\nbelow\r\x1b[2K\x1b[1A\x1b[2Knew", ["new", ""]),  # as rich draws a bar again
    ("keep this\x1b[5D", ["keep this"]),  # a control that rich does not use
    ("abcdefg\r\x1b[K", [""]),
    ("0123456789ab", ["0123456789", "ab"]),  # the terminal folds
    ("\x1b]8;;file\x1b\\link\x1b]8;;\x1b\\", ["link"]),
    ("up\x1b[3Aon", ["upon"]),  # there is nothing above
]


@pytest.mark.parametrize(("output", "lines"), SHOWN)
def test_the_screen_shows_what_a_terminal_would(output: str, lines: list[str]) -> None:
    screen = Screen(10)
    screen.feed(output)
    assert [line.plain for line in screen.lines()] == lines


def test_colours_last_until_they_are_reset() -> None:
    screen = Screen(20)
    screen.feed("\x1b[1m\x1b[31mred\x1b[0m plain\r\n")
    (line, _) = screen.lines()
    styles = {line.plain[span.start : span.end]: str(span.style) for span in line.spans}
    assert styles["red"] == "bold color(1)"
    assert "bold" not in styles.get(" plain", "")


def test_a_program_runs_on_a_terminal_and_off(tmp_path: Path) -> None:
    script = "import sys; print(sys.stdout.isatty(), flush=True)"
    (tmp_path / "show.py").write_text(script)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    *_, last = on_terminal("python show.py", tmp_path, environment)
    assert [line.plain for line in last.lines[:2]] == ["$ python show.py", "True"]
    lines = to_file("python show.py > demo.log 2>&1", tmp_path, environment)
    assert [line.plain for line in lines] == ["$ python show.py > demo.log 2>&1", "$ cat demo.log", "False"]
    with pytest.raises(SystemExit, match="ended with"):
        list(on_terminal("python absent.py", tmp_path, environment))
    with pytest.raises(SystemExit, match="ended with"):
        to_file("python absent.py > demo.log 2>&1", tmp_path, environment)


def test_a_long_run_is_played_in_some_seconds_and_ends_where_it_ended() -> None:
    frames = [Frame(float(at), [Text(str(at))]) for at in range(500)]
    played = paced(frames)
    assert len(played) == FRAMES
    assert (played[0], played[-1]) == (frames[0], Frame(PLAYED_S, [Text("499")]))
    short = frames[:5]
    assert paced(short) == short  # no faster than it was


def test_a_session_is_one_moving_picture_that_needs_nothing_from_elsewhere() -> None:
    frames = [Frame(float(at), [Text(f"<{at}> & more", style="bold red")]) for at in range(3)]
    drawn = svg(frames, "grpo-eval run")
    root = ElementTree.fromstring(drawn)
    assert root.attrib["aria-label"] == "grpo-eval run"
    drawn_texts = [str(text.text) for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert [text for text in drawn_texts if text.strip()] == [
        f"<{at}>\N{NO-BREAK SPACE}&\N{NO-BREAK SPACE}more" for at in range(3)
    ]
    assert re.findall(r"@keyframes (\w+)", drawn) == ["f0", "f1", "f2"]
    assert "g[class] { display: none } g.f2 { display: inline; animation: none }" in drawn  # without motion: the end
    assert "@keyframes" not in svg(frames[:1], "still")


def test_the_documentation_shows_both_sessions() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in IMAGES.parent.glob("*.md"))
    for name in ("session-terminal.svg", "session-file.svg"):
        drawn = (IMAGES / name).read_text(encoding="utf-8")
        assert f"(images/{name})" in text
        assert set(re.findall(r"(?:https?:)?//[\w.]+", drawn)) == {"http://www.w3.org"}
        assert "hint:" in drawn.replace("\N{NO-BREAK SPACE}", " ").replace("&#160;", " ")
