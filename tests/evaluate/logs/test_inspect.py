"""inspect's logs, whichever way they are written: its scorers' values, epochs, statuses, errors and damage."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from grpokit.evaluate import EvaluationError, compare
from grpokit.evaluate.logs import inspect_ai
from grpokit.evaluate.logs.imports import Grading
from grpokit.tests.evaluate.logs import peer_logs as peers
from grpokit.tests.evaluate.logs.log_runs import refusal, run_of, runs_of, values


@pytest.fixture(params=["zstd", "deflate", "json", "indented"])
def write_inspect(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    def write(log: dict[str, Any]) -> Path:
        if request.param in ("zstd", "deflate"):
            return peers.write_eval(tmp_path / "log.eval", log, method=request.param)
        return peers.write_json(tmp_path / "log.json", log, 2 if request.param == "indented" else None)

    return write


def test_inspects_letters_numbers_and_epochs(write_inspect: Callable[[dict[str, Any]], Path]) -> None:
    given = [("q", 1, "C"), ("q", 2, "I"), ("r", 1, "P"), ("r", 2, "N")]
    samples = [peers.inspect_sample(name, "18", {"match": value}, epoch=epoch) for name, epoch, value in given]
    run = run_of(write_inspect(peers.inspect_log(samples)))
    assert [(score.prompt_id, score.sample, score.total) for score in run.scores()] == [
        ("q", 0, 1.0),
        ("q", 1, 0.0),
        ("r", 0, 0.5),
        ("r", 1, 0.0),
    ]
    assert run.manifest.mix.ranges == {"inspect/match": [0.0, 1.0]}
    assert {(row.text, row.finish_reason, row.tokens) for row in run.rows()} == {("18", "eos", 7)}
    prompt = next(run.asked())
    assert (prompt.text, prompt.columns["reference"], prompt.columns["kind"]) == ("What is q?", "18", "sum")
    assert (run.model, run.manifest.task.name) == ("openai/m", "sums")
    assert run.manifest.engine["generation"] == {"temperature": 0.0}
    model = compare([run]).models[0]
    assert (model.unanswered, model.cut) == (None, 0.0)  # whether it saw an answer the tool alone knows


def test_a_scorer_that_gives_several_values_or_numbers(tmp_path: Path) -> None:
    samples = [
        peers.inspect_sample("q", "x", {"judge": {"tone": 7, "facts": True, "style": 0.5}}),
        peers.inspect_sample("r", "x", {"judge": {"tone": None, "facts": False, "style": 1.0}}),
    ]
    run = run_of(peers.write_json(tmp_path / "log.json", peers.inspect_log(samples, ("judge",))))
    assert values(run) == {
        "inspect/judge.tone": {"q": 7.0, "r": None},
        "inspect/judge.facts": {"q": 1.0, "r": 0.0},
        "inspect/judge.style": {"q": 0.5, "r": 1.0},
    }
    assert run.manifest.mix.ranges == {"inspect/judge.facts": [0.0, 1.0]}  # of numbers the range is not known


def test_what_a_solver_notes_beside_a_question_makes_it_no_other(tmp_path: Path) -> None:
    changes: list[dict[str, Any]] = [{}, {"metadata": {"tries": 3}}, {"target": "19"}]
    runs = []
    for number, change in enumerate(changes):
        log = peers.inspect_log([peers.inspect_sample("q", f"{number}", {"match": "C"}, **change)])
        runs.append(run_of(peers.write_json(tmp_path / f"{number}.json", log)))
    assert compare(runs[:2]).pairs[0].gain.n == 1
    with pytest.raises(EvaluationError, match="q: another question in each"):
        compare([runs[0], runs[2]])


def test_one_scorer_of_inspect_is_chosen(tmp_path: Path) -> None:
    samples = [peers.inspect_sample("q", "18", {"match": "C", "model_graded": "I"})]
    path = peers.write_json(tmp_path / "log.json", peers.inspect_log(samples, ("match", "model_graded")))
    assert refusal(path) == f"{path} holds 2 scorers: match, model_graded; choose one with --scorer NAME."
    assert "has no scorer 'mach'. Did you mean 'match'?" in refusal(path, scorer="mach")
    assert values(run_of(path, scorer="model_graded")) == {"inspect/model_graded": {"q": 0.0}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "cancelled"}, 'its status is "cancelled", so samples may be missing.'),
        ({"status": "error", "error": {"message": "no quota"}}, 'its status is "error" (no quota), so'),
    ],
)
def test_a_status_that_is_no_success_is_said_above_the_numbers(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    log = peers.inspect_log([peers.inspect_sample("q", "18", {"match": "C"})], **changes)
    (note,) = compare([run_of(peers.write_json(tmp_path / "log.json", log))]).models[0].notes
    assert said in note


def test_a_log_that_inspect_never_ended_is_read_from_its_journal(tmp_path: Path) -> None:
    log = peers.inspect_log([peers.inspect_sample("q", "18", {"match": "C"})])
    run = run_of(peers.write_eval(tmp_path / "log.eval", log, ended=False))
    assert values(run) == {"inspect/match": {"q": 1.0}}
    assert 'its status is "started"' in compare([run]).models[0].notes[0]


def test_a_sample_that_ended_in_an_error_has_no_value_and_is_counted(tmp_path: Path) -> None:
    failed = peers.inspect_sample("r", None, {}, error={"message": "connection lost"})
    path = peers.write_json(
        tmp_path / "a.json", peers.inspect_log([peers.inspect_sample("q", "18", {"match": "C"}), failed])
    )
    run = run_of(path)
    assert values(run) == {"inspect/match": {"q": 1.0, "r": None}}
    (note,) = compare([run]).models[0].notes
    assert note == f"{path}: 1 of 2 outputs are missing (sample 2, id r: connection lost): not applicable."
    path = peers.write_json(tmp_path / "b.json", peers.inspect_log([failed, failed]))
    assert "none of its 2 outputs is there (sample 1, id r: connection lost)" in refusal(path)


def test_a_sample_that_ended_in_an_error_does_not_count_though_it_was_scored(tmp_path: Path) -> None:
    failed = peers.inspect_sample("r", "17", {"match": "I"}, error={"message": "time limit"})
    log = peers.inspect_log([peers.inspect_sample("q", "18", {"match": "C"}, error=None), failed])
    run = run_of(path := peers.write_json(tmp_path / "log.json", log))
    assert values(run) == {"inspect/match": {"q": 1.0, "r": None}}
    assert [(row.text, row.finish_reason) for row in run.rows()] == [("18", "eos"), ("", "missing")]
    (note,) = compare([run]).models[0].notes
    assert note == f"{path}: 1 of 2 outputs are missing (sample 2, id r: time limit): not applicable."


def test_long_texts_that_inspect_keeps_apart_are_put_back(tmp_path: Path) -> None:
    attached = {"a1": "What is a long story?", "b2": "a long answer"}
    sample = peers.inspect_sample("q", "attachment://b2", {"match": "C"}, input="attachment://a1", attachments=attached)
    run = run_of(peers.write_json(tmp_path / "log.json", peers.inspect_log([sample])))
    assert (next(run.asked()).text, next(run.rows()).text) == ("What is a long story?", "a long answer")


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (peers.inspect_log([], version=1), "is of version 1 of inspect's format; this reads version 2"),
        (peers.inspect_log([]), "holds no row that can be read"),
        (peers.inspect_log([{"id": "q", "epoch": 1}]), "sample 1, id q: no 'input' and no 'target'"),
        (
            peers.inspect_log([peers.inspect_sample("q", "18", {})]),
            "has no grades; give what to score it by: --rewards",
        ),
    ],
)
def test_logs_of_inspect_that_are_refused(log: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert said in refusal(peers.write_json(tmp_path / "log.json", log))


def test_a_damaged_archive(tmp_path: Path) -> None:
    samples = [peers.inspect_sample(name, "18" * 99, {"match": "C"}) for name in "qr"]
    path = peers.write_eval(tmp_path / "log.eval", peers.inspect_log(samples))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "log.eval is not a whole zip file" in refusal(path)
    with zipfile.ZipFile(tmp_path / "other.eval", "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    assert "is a zip file, and no log of inspect" in refusal(tmp_path / "other.eval")
    with zipfile.ZipFile(path := peers.write_eval(tmp_path / "bits.eval", peers.inspect_log(samples))) as archive:
        member = archive.getinfo("samples/r_epoch_1.json")
    raw = bytearray(path.read_bytes())
    at = member.header_offset + 30 + len(member.filename) + member.compress_size // 2
    raw[at] ^= 0xFF
    path.write_bytes(raw)
    assert "samples/r_epoch_1.json: it cannot be read" in refusal(path)
    (run,) = runs_of(path, Grading(None, skip_bad_rows=True))
    assert values(run) == {"inspect/match": {"q": 1.0}}


def test_a_member_whose_checksum_is_another_one(tmp_path: Path) -> None:
    path = peers.write_eval(tmp_path / "log.eval", peers.inspect_log([peers.inspect_sample("q", "18", {"match": "C"})]))
    with zipfile.ZipFile(path) as archive:
        checksum = archive.getinfo("samples/q_epoch_1.json").CRC.to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(checksum, b"\x01\x02\x03\x04"))
    assert "samples/q_epoch_1.json: its checksum is another one" in refusal(path)


def test_a_member_that_would_fill_the_memory_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspect_ai, "LARGEST", 600)
    samples = [peers.inspect_sample("q", "18", {"match": "C"}), peers.inspect_sample("r", "18" * 600, {"match": "C"})]
    path = peers.write_eval(tmp_path / "log.eval", peers.inspect_log(samples))
    assert "samples/r_epoch_1.json: it cannot be read" in refusal(path)
    assert "would unpack to 0 MB" in refusal(path)


def test_json_that_is_cut_off_names_the_sample_and_goes_on_when_asked(tmp_path: Path) -> None:
    log = peers.inspect_log([peers.inspect_sample(name, "18", {"match": "C"}) for name in "qrs"])
    path = peers.write_json(tmp_path / "log.json", log)
    text = path.read_text()
    path.write_text(text[: text.index('"id": "s"') + 40])
    assert "sample 3: it and what follows cannot be read" in refusal(path)
    (run,) = runs_of(path, Grading(None, skip_bad_rows=True))
    assert list(values(run)["inspect/match"]) == ["q", "r"]
    (note,) = compare([run]).models[0].notes
    assert "1 of 3 rows left out (sample 3: it and what follows cannot be read" in note
