"""``grpo-eval run`` on endpoints as a process of its own: interrupted, killed, flooded, and with secrets to keep."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from grpokit.bench.processes import spend
from grpokit.commands.eval import main
from grpokit.tests.evaluate.engines.faulty_server import Act, Exchange, FaultyServer, errs, huge, right

COUNT = 40
BASIC = "bWU6c2VjcmV0LW9mLXRoZS11cmw="
BAD = "question 3\n#### 3"
WHOLE = ("completions.jsonl", "scores.jsonl", "prompts.jsonl")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a file of questions."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "secret-of-the-environment")
    rows = [{"id": f"{n}", "question": f"question {n}\n#### {n}", "answer": f"{n}"} for n in range(COUNT)]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def arguments(url: str, out: str, *more: str) -> list[str]:
    columns = ["--prompt-column", "question", "--reference-column", "answer", "--id-column", "id"]
    asked = ["--data", "rows.jsonl", *columns, "--samples", "2", "--temperature", "1"]
    concurrency = [] if "--concurrency" in more else ["--concurrency", "8"]
    return ["run", *asked, "--model", f"m=openai:{url}#org/m", *concurrency, "--out", out, *more]


def command(url: str, out: str, *more: str) -> list[str]:
    return [sys.executable, "-m", "grpokit.commands.eval", *arguments(url, out, *more)]


def start(url: str, out: str, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(command(url, out, *more), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


def wait_for_rows(out: str, least: int, process: subprocess.Popen[str]) -> None:
    journal, deadline = Path(out, "completions.jsonl"), time.monotonic() + 60
    while not journal.exists() or journal.read_bytes().count(b"\n") < least:
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        assert time.monotonic() < deadline
        time.sleep(0.01)


def meets(prompt: str, act: Act) -> Act:
    return lambda exchange: act(exchange) if exchange.prompt == prompt else exchange.reply()


async def hang(exchange: Exchange) -> None:
    await asyncio.sleep(600)


def unequal(last: Callable[[Exchange], bool]) -> Act:
    """Answer late and later, so that rows come in another order than asked, and some ``last``."""

    async def act(exchange: Exchange) -> None:
        await asyncio.sleep(0.5 if last(exchange) else 0.01 * (int(exchange.prompt.split()[1]) % 5))
        await exchange.reply()

    return act


def test_an_interrupt_ends_it_in_two_seconds_with_every_row(folder: Path) -> None:
    with FaultyServer(meets(BAD, hang)) as server, start(server.url, "cut") as process:
        wait_for_rows("cut", 2 * COUNT - 2, process)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
        assert time.monotonic() - begun < 2
        assert process.returncode == 130
        assert said.splitlines()[-1] == (
            "grpo-eval: interrupted; finished rows are kept; go on with the same command, --out cut and --resume."
        )
        assert Path("cut/completions.jsonl").read_bytes().count(b"\n") == 2 * COUNT - 2
        server.act = right
        asked = server.tries.total()
        assert main(arguments(server.url, "cut", "--resume")) == 0
        assert server.tries.total() == asked + 2
        server.act = unequal(lambda exchange: exchange.prompt.endswith("# 0"))
        assert main(arguments(server.url, "whole")) == 0
    for name in WHOLE:
        assert Path("cut", name).read_bytes() == Path("whole", name).read_bytes()


def test_a_killed_process_resumes_to_the_same_bytes(folder: Path) -> None:
    with FaultyServer(unequal(lambda exchange: exchange.prompt.endswith("5"))) as server:
        with start(server.url, "killed") as process:
            wait_for_rows("killed", 20, process)
            os.kill(process.pid, signal.SIGKILL)
        kept = Path("killed/completions.jsonl").read_bytes()
        asked = server.tries.total()
        assert 20 <= kept.count(b"\n") < 2 * COUNT
        assert main(arguments(server.url, "killed", "--resume")) == 0
        assert server.tries.total() - asked == 2 * COUNT - kept.count(b"\n")
        assert main(arguments(server.url, "whole")) == 0
    for name in WHOLE:
        assert Path("killed", name).read_bytes() == Path("whole", name).read_bytes()


def test_an_unfinished_run_can_be_scored(folder: Path) -> None:
    """Its rows are in no order: the samples of a question came apart."""
    with FaultyServer(meets(BAD, hang)) as server, start(server.url, "cut") as process:
        wait_for_rows("cut", 2 * COUNT - 2, process)
        os.kill(process.pid, signal.SIGKILL)
    assert main(["score", "cut", "--rewards", "correctness=1", "--out", "scored"]) == 0
    assert Path("scored/scores.jsonl").read_bytes().count(b"\n") == 2 * COUNT - 2


def test_the_run_goes_on_without_the_rows_that_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FaultyServer(meets(BAD, errs(400, {"message": "too long\x1b[31m"}))) as server:
        assert main(arguments(server.url, "run", "--json", "found.json")) == 0
    shown = capsys.readouterr()
    assert "m: 2 completions refused (status 400: too long [31m)" in shown.err
    assert "refused 2" in " ".join(shown.out.split())
    (model,) = json.loads(Path("found.json").read_text())["models"]
    assert model["refused"] == 2
    assert model["rewards"]["correctness"]["mean"] == pytest.approx(1 - 1 / COUNT)
    rows = [json.loads(line) for line in Path("run/completions.jsonl").read_text().splitlines()]
    assert [row["text"] for row in rows if row["finish_reason"] == "refused"] == ["", ""]


def test_a_refused_key_is_one_line_and_the_rows_are_kept(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FaultyServer(meets(BAD.replace("3", "30"), errs(401, {"message": "expired"}))) as server:
        assert main(arguments(server.url, "run")) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.endswith("/v1/ does not answer: status 401: expired. Finished rows are kept; use --resume.")
        assert Path("run/completions.jsonl").read_bytes().count(b"\n") > 20
        server.act = right
        assert main(arguments(server.url, "run", "--resume")) == 0


def test_no_server_leaves_nothing_behind(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments("http://127.0.0.1:9/v1", "run")) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("grpo-eval: cannot connect to http://127.0.0.1:9/v1/: ")
    assert not Path("run").exists()


def test_a_finished_run_is_resumed_without_its_server(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FaultyServer(right) as server:
        assert main(arguments(server.url, "run")) == 0
    kept = [Path("run", name).read_bytes() for name in (*WHOLE, "manifest.json")]
    assert main(arguments(server.url, "run", "--resume")) == 0
    assert [Path("run", name).read_bytes() for name in (*WHOLE, "manifest.json")] == kept
    rows = kept[0].splitlines(keepends=True)
    Path("run/completions.jsonl").write_bytes(b"".join(rows[:-1]))  # one is owed, and nobody there to ask
    capsys.readouterr()
    assert main(arguments(server.url, "run", "--resume", "--retries", "0")) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "does not answer" in line


def test_memory_does_not_grow_with_what_servers_send(folder: Path) -> None:
    with FaultyServer(right) as server:
        usual = spend(command(server.url, "usual"), folder / "usual.log").peak
        server.act = lambda exchange: exchange.reply() if exchange.prompt == "Hi" else huge(exchange)
        limits = ["--retries", "0", "--request-timeout", "60", "--limit", "8", "--concurrency", "16"]
        flooded = spend(command(server.url, "flooded", *limits), folder / "flooded.log").peak
    assert flooded < usual + 16 * 3 * 2**23  # the bodies, and pieces of them twice while they grow and are read


def repeats(status: int) -> Act:
    """Repeat what opened the server, as some servers do in their errors."""
    return meets(BAD, lambda e: e.error(status, f"{e.headers['authorization']} secret-of-the-url is wrong"))


@pytest.mark.parametrize("act", [right, repeats(400), repeats(401)], ids=["right", "refused", "ends"])
def test_no_secret_is_found_in_any_file(folder: Path, act: Act, capfd: pytest.CaptureFixture[str]) -> None:
    Path(".env").write_text("OPENAI_API_KEY=secret-of-the-file\nOTHER=secret-of-the-file\n")
    files = ["--html", "a.html", "--json", "a.json", "--markdown", "a.md", "--junit", "a.xml", "--limit", "8"]
    with FaultyServer(act) as server:
        url = server.url.replace("//", "//me:secret-of-the-url@")
        subprocess.run(command(url, "one", *files), check=False)
        assert server.keys == {f"Basic {BASIC}"}
        without = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}
        subprocess.run(command(server.url, "two", *files), check=False, env=without)
    assert server.keys == {f"Basic {BASIC}", "Bearer secret-of-the-file"}
    assert Path("two/manifest.json").exists()
    shown = capfd.readouterr()
    texts = [path.read_text() for path in folder.rglob("*") if path.is_file() and path.name != ".env"]
    for secret in ("secret-of-the-environment", "secret-of-the-file", BASIC):
        assert all(secret not in text for text in [*texts, shown.out, shown.err])
    assert all("secret-of-the-url" not in text for text in texts)


MISTAKES: list[tuple[Sequence[str], str]] = [
    (["--concurrency", "4"], "--concurrency is for endpoints (openai:URL#MODEL), and no --model is one; leave it out."),
    (["--request-timeout", "9", "--retries", "0"], "--request-timeout and --retries is for endpoints"),
    (["--concurrency", "0"], "'0': give a whole number, at least 1"),
    (["--retries", "-1"], "'-1': give a whole number, at least 0"),
    (["--request-timeout", "0"], "'0': give a positive number of seconds, such as 60"),
    (["--request-timeout", "nan"], "'nan': give a positive number of seconds, such as 60"),
    (
        ["--model", "openai:http://u:hunter2@h/v1?key=hunter2#m"],
        "'openai:http://***@h/v1?***#m': an endpoint's URL has no",
    ),
    (["--model", "openai:http://u:hunter2@h:x/v1#m"], "write openai:URL#MODEL"),
    (["--model", "openai:http://#m"], "write openai:URL#MODEL"),
]


@pytest.mark.parametrize(("more", "fault"), MISTAKES)
def test_what_makes_no_sense_is_refused(
    more: Sequence[str], fault: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = main(["run", "--task", "arithmetic", "--model", "demo", "--out", "run", *more])
    except SystemExit as error:
        status = int(str(error.code))
    (line,) = capsys.readouterr().err.splitlines()
    assert status == 2
    assert fault in line
    assert "hunter2" not in line
    assert not Path("run").exists()


def test_a_batch_size_is_not_the_concurrency(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments("http://127.0.0.1:9/v1", "run", "--batch-size", "4")) == 2
    assert capsys.readouterr().err.endswith("for endpoints give --concurrency.\n")
