"""Run folders that somebody edited: never a traceback, and never a comparison with a wrong number in silence."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from grpokit.commands.eval import main
from grpokit.commands.report import main as report

MUTATIONS = 100
"""Of each file, by every command."""

RUN_FILES = ("manifest.json", "prompts.jsonl", "completions.jsonl", "scores.jsonl")

DEEP: Any = json.loads("[" * 200 + "]" * 200)

VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 7, 10**30, 1e308, float("nan"), float("inf"), 0.5, "", "x", "NaN", "\ud800", "a\0b",
    "../..", "9" * 5000, [], [0], [[]], {}, {"a": 1}, [1, "x"], ["x"] * 3, DEEP, "2026-99-99T99:99:99+00:00",
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to every value within a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inside for place in places(one, (*path, key)))] if path or inside else []


def edited(value: Any, random: Random) -> Any:
    """Put something else in one place, or take it away, or another key beside it."""
    place = random.choice(places(value)[1:])
    *above, last = place
    holder = value
    for key in above:
        holder = holder[key]
    what = random.random()
    if what < 0.2:
        del holder[last]
    elif what < 0.3 and isinstance(holder, dict):
        holder["another"] = random.choice(VALUES)
    else:
        holder[last] = random.choice(VALUES)
    return value


def mutate(text: str, whole: bool, random: Random) -> bytes:
    """Change a file as an editor, a torn disk, or a merge of two would."""
    what = random.random()
    if what < 0.1:
        raw = bytearray(text.encode())
        for _ in range(random.randint(1, 3)):
            raw[random.randrange(len(raw))] = random.randrange(256)
        return bytes(raw)
    if what < 0.15:
        return text.encode()[: random.randrange(len(text))]
    if whole:
        return json.dumps(edited(json.loads(text), random)).encode()
    lines = text.splitlines(keepends=True)
    at = random.randrange(len(lines))
    if what < 0.2:
        lines.insert(random.randrange(len(lines)), lines[at])
    elif what < 0.25:
        del lines[at]
    elif what < 0.3:
        lines[at], lines[at - 1] = lines[at - 1], lines[at]
    else:
        lines[at] = json.dumps(edited(json.loads(lines[at]), random)) + "\n"
    return "".join(lines).encode()


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one model on eight questions, two samples each."""
    folder = tmp_path_factory.mktemp("scored")
    rows = [
        {"id": f"q{n}", "completion": f"<answer>{n + (s and n % 3)}</answer>", "answer": str(n), "prompt": f"{n}+0?"}
        for n in range(8)
        for s in range(2)
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    columns = ["--reference-column", "answer", "--prompt-column", "prompt", "--id-column", "id"]
    mix = ["--rewards", "correctness=1,xml_format=0.5"]
    assert main(["score", str(folder / "rows.jsonl"), *columns, *mix, "--out", str(folder / "run")]) == 0
    return folder / "run"


def numbers(target: Path) -> Any:
    """What a comparison says of values and verdicts, and all that a forecast says."""
    comparison = json.loads(target.read_text())
    if "models" not in comparison:  # a forecast, whose questions are in the order of their file
        return {**comparison, "worth": sorted(comparison["worth"])}
    kept = [{key: model[key] for key in ("prompts", "samples", "rewards", "total")} for model in comparison["models"]]
    return kept, [pair["verdict"] for pair in comparison["pairs"]]


COMMANDS: dict[str, Callable[[Path, Path], int]] = {
    "compare": lambda run, out: main(["compare", str(run), "--json", str(out / "json")]),
    "report": lambda run, out: report([str(run), "--json", str(out / "json"), "--html", str(out / "html")]),
    "signal": lambda run, out: main(["signal", str(run), "--group", "2", "--json", str(out / "json")]),
    "score": lambda run, out: main(["score", str(run), "--out", str(out / "run"), "--json", str(out / "json")]),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", RUN_FILES)
def test_an_edited_run_is_refused_or_says_the_same(
    scored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, command: str
) -> None:
    random = Random(f"{name} {command}".encode())
    text, whole = (scored / name).read_text(), name == "manifest.json"
    run, out = tmp_path / "edited", tmp_path / "out"
    shutil.copytree(scored, run)
    out.mkdir()
    assert COMMANDS[command](run, out) == 0
    expected = numbers(out / "json")
    unlike, refused = [], 0
    for _ in range(MUTATIONS if command != "report" else MUTATIONS // 4):
        shutil.rmtree(out)
        out.mkdir()
        raw = mutate(text, whole, random)
        (run / name).write_bytes(raw)
        capsys.readouterr()
        status = COMMANDS[command](run, out)
        said = capsys.readouterr().err
        assert status in (0, 2), (status, said, raw)
        refused += status == 2
        if status == 2:
            assert said.count("\n") == 1, said
            assert not (out / "json").exists()
        elif numbers(out / "json") != expected and not honest(name, command, raw, text):
            unlike.append(raw)
    assert unlike == []
    assert refused > 0 or (name, command) == ("scores.jsonl", "score")  # which reads no scores


def honest(name: str, command: str, raw: bytes, text: str) -> bool:
    """Whether other numbers are right: what was edited is what they are made of, and is as it could have been."""
    if name == "manifest.json":  # another metric, weight or task is another comparison
        return True
    if command == "score":  # other questions, references and answers have other scores; so has the order of rows
        return name != "scores.jsonl"
    return raw.count(b"\n") != text.count("\n")  # fewer rows in both files


def test_a_folder_where_a_file_belongs_is_refused(
    scored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in RUN_FILES:
        shutil.copytree(scored, run := tmp_path / name)
        os.remove(run / name)
        (run / name).mkdir()
        capsys.readouterr()
        assert main(["compare", str(run)]) in (0, 2)
        assert report([str(run), "--html", str(tmp_path / "page")]) == 2
        assert "fault of this program" not in capsys.readouterr().err
