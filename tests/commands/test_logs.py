"""Logs of other tools where runs are named: one command each, and what cannot be read refused in one line."""

import json
from pathlib import Path

import pytest
from grpokit.commands.eval import main
from grpokit.commands.report import main as report
from grpokit.tests.evaluate.logs import peer_logs as peers


@pytest.fixture
def logs(tmp_path: Path) -> tuple[str, str]:
    """Two models' logs of inspect, of eight questions."""
    for name, right in (("base", "CIIIIIIC"), ("tuned", "CCCCCCCC")):
        samples = [peers.inspect_sample(f"q{at}", "18", {"match": letter}) for at, letter in enumerate(right)]
        peers.write_eval(tmp_path / f"{name}.eval", peers.inspect_log(samples))
    return str(tmp_path / "base.eval"), str(tmp_path / "tuned.eval")


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


def test_compare_takes_logs_and_leaves_nothing(
    logs: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    base, tuned = logs
    assert main(["compare", f"first={base}", f"second={tuned}", "--json", "c.json"]) == 0
    shown = capsys.readouterr()
    assert "IMPROVED: second is better than first." in shown.out
    assert "runs:" not in shown.out
    pair = json.loads(Path("c.json").read_text())["pairs"][0]
    assert (pair["base"], pair["rewards"]["inspect/match"]["delta"]) == ("first", 0.75)
    assert [path.name for path in Path().iterdir()] == ["c.json"]


def test_a_report_of_two_logs_says_how_it_is_made_again(
    logs: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, typed = tmp_path / "report.html", [*logs, "--html", str(tmp_path / "report.html")]
    monkeypatch.setattr("sys.argv", ["/usr/bin/grpo-report", *typed])
    assert report(typed) == 0
    shown = page.read_text()
    assert "inspect/match" in shown
    assert f'<pre class="command">grpo-report {" ".join(typed)}</pre>' in shown


def test_score_keeps_the_runs_of_logs_and_scores_them_again(
    logs: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base, tuned = logs
    out = tmp_path / "out"
    assert main(["score", f"base={base}", f"tuned={tuned}", "--rewards", "correctness=0.5", "--out", str(out)]) == 0
    assert f"runs: {out / 'base'} {out / 'tuned'}" in capsys.readouterr().out
    assert main(["compare", str(out)]) == 0
    assert main(["compare", f"b={out / 'base'}", f"t={out / 'tuned'}"]) == 0
    assert "t is better than b" in capsys.readouterr().out
    again = tmp_path / "again"
    assert main(["score", str(out), "--out", str(again)]) == 0  # the manifest's mix has the grades
    shown = capsys.readouterr().out
    assert "inspect/match" in shown
    assert "correctness" in shown


def test_tables_of_two_models_by_one_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, said in (("a", "17"), ("b", "18")):
        rows = [{"id": at, "resps": [[f"#### {said}"]], "doc": {"answer": "18"}, "q": 8.0} for at in range(8)]
        peers.write_lines(tmp_path / f"{name}.jsonl", rows)
    files = [f"base={tmp_path / 'a.jsonl'}", f"tuned={tmp_path / 'b.jsonl'}"]
    columns = ["--completion-column", "resps.0.0", "--reference-column", "doc.answer", "--id-column", "id"]
    assert main(["compare", *files, *columns]) == 0
    assert "correctness changed by +1.000" in capsys.readouterr().out
    assert (
        main(
            [
                "score",
                *files,
                "--score-column",
                "q=0..10",
                "--id-column",
                "id",
                *columns[:2],
                "--out",
                str(tmp_path / "o"),
            ]
        )
        == 0
    )
    manifest = json.loads((tmp_path / "o" / "base" / "manifest.json").read_text())
    assert manifest["mix"]["ranges"] == {"q": [0.0, 10.0]}


@pytest.mark.parametrize("text", ["q=", "q=1", "q=2..1", "q=a..b", "=0..1"])
def test_a_range_that_is_none(text: str, logs: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert f"--score-column '{text}': write NAME" in refused(["compare", logs[0], "--score-column", text], capsys)


def test_options_of_logs_are_not_for_runs(
    logs: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    main(["score", *logs, "--out", out])
    capsys.readouterr()
    said = refused(["compare", out, "--scorer", "match", "--rewards", "correctness"], capsys)
    assert "--scorer and --rewards is for logs of other tools, and these are runs" in said
    assert "--skip-bad-rows is for logs" in refused(["score", out, "--skip-bad-rows"], capsys)
    assert "holds 2 runs: leave out x=" in refused(["compare", f"x={out}"], capsys)
    assert "one directory at a time" in refused(["score", out, logs[0]], capsys)
    assert "one directory at a time" in refused(["score", f"x={out}"], capsys)


def test_no_output_takes_the_place_of_a_log(logs: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["compare", f"a={logs[0]}"], ["score", logs[0]]):
        assert "is the place of" in refused([*arguments, "--json", logs[0]], capsys)


def test_what_is_neither_a_run_nor_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no file or folder" in refused(["compare", str(tmp_path / "none")], capsys)
    (tmp_path / "empty").mkdir()
    assert "holds no run" in refused(["compare", str(tmp_path / "empty")], capsys)


def test_logs_of_two_tasks_are_refused(
    logs: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = peers.write_lines(tmp_path / "samples.jsonl", [peers.lm_eval_row(0, "1", 1)])
    assert "cannot be compared (prompts: sums (8 prompts" in refused(["compare", logs[0], str(other)], capsys)


def test_questions_that_one_log_lacks(
    logs: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = [peers.inspect_sample(f"q{at}", "18", {"match": "C"}) for at in range(7)]
    short = str(peers.write_json(tmp_path / "short.json", peers.inspect_log(samples)))
    assert "q7: not asked of 'short'" in refused(["compare", logs[0], f"short={short}"], capsys)
    assert main(["compare", f"base={logs[0]}", f"short={short}", "--on", "shared"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "note: base: 1 of its 8 questions are left out" in shown
    assert "on 7 questions" in shown


REAL = {
    "lm-eval": ["base=lm_eval/base", "tuned=lm_eval/tuned", "--task", "mmlu_stem_local"],
    "inspect": ["base=inspect/6b_finetuning.eval", "tuned=inspect/6b_verification.json"],
    "inspect, cancelled": ["inspect/popularity.json"],
    "inspect, choices": ["inspect/mmlu.eval"],
    "lighteval": ["lighteval/details_gsm_local_0.parquet"],
    "verifiers": ["verifiers/gpt-4.1-mini_578769a7.jsonl", "verifiers/gpt-5-nano_cb7a1799.jsonl"],
    "promptfoo": ["promptfoo/out.json"],
}


@pytest.mark.parametrize("arguments", REAL.values(), ids=REAL)
def test_each_real_log_becomes_a_report_by_one_command(
    arguments: list[str], shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shared / "data" / "logs")
    page = tmp_path / "report.html"
    assert report([*arguments, "--html", str(page)]) == 0
    assert page.stat().st_size > 10_000
