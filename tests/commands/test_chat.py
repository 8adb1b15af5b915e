"""grpo-eval chat: its help is light, it serves and ends, and bad input is one clear line."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from grpokit.commands.eval import main
from grpokit.tests.reports.chat.chats import make_adapter

pytest.importorskip("gradio", reason="gradio is not installed: its page not tested")


def test_the_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; from grpokit.commands.eval import main\n"
        "try: main(['chat', '--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "print(*[name for name in ('torch', 'transformers', 'gradio', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "--export-space" in done.stdout
    assert done.stdout.splitlines()[-1] == ""


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_it_serves_this_machine_alone_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    port = _free_port()
    interruptible = ["env", "--default-signal=INT"]  # tests that run in the background ignore SIGINT, for children too
    command = [*interruptible, sys.executable, "-m", "grpokit.commands.eval", "chat", "--model", "demo"]
    process = subprocess.Popen([*command, "--port", str(port)], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(f"chat: http://127.0.0.1:{port}/")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as page:
            assert page.status == 200
        listening = subprocess.run(["ss", "-ltn"], capture_output=True, text=True, check=False).stdout
        assert not re.search(rf"(0\.0\.0\.0|\*|\[::\]):{port}\b", listening)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()


UNLINKED = """
import sys
import gradio.networking
from grpokit.commands.eval import main

def unreachable(*arguments):
    raise OSError("no network")

gradio.networking.setup_tunnel = unreachable
gradio.Blocks.block_thread = lambda page: page.close(verbose=False)
sys.exit(main(sys.argv[1:]))
"""


def test_without_a_public_link_the_page_is_served_here_and_the_user_told(tmp_path: Path) -> None:
    command = [sys.executable, "-c", UNLINKED, "chat", "--model", "demo", "--share", "--port", str(_free_port())]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"chat: http://127\.0\.0\.1:\d+/ .*\n", done.stdout)
    assert "note: Gradio's servers gave no public link, so the page is served here alone.\n" in done.stderr


def _full(folder: Path) -> list[str]:
    (folder / "full").mkdir()
    (folder / "full" / "mine").write_text("kept")
    return ["--model", "demo", "--export-space", str(folder / "full")]


WRONG = {
    "no folder": (lambda folder: ["--model", str(folder / "absent")], "no folder .*absent"),
    "not here": (lambda folder: ["--model", "openai:http://localhost:1/v1#m"], "openai models do not stream here"),
    "two of a name": (lambda folder: ["--model", "demo", "--model", "demo"], "two models are named"),
    "a vote's name": (lambda folder: ["--model", "tie=demo"], "a model is named 'tie', as a vote for no model is"),
    "no such reward": (lambda folder: ["--model", "demo", "--rewards", "corectness"], "Did you mean 'correctness'"),
    "no such task": (lambda folder: ["--model", "demo", "--task", "arithmetik"], "Did you mean 'arithmetic'"),
    "full folder": (_full, "is not empty; give a new folder"),
    "space's kernels": (
        lambda folder: ["--model", "demo", "--attention", "flash_attention_2", "--export-space", str(folder / "s")],
        "--attention flash_attention_2 is not for --export-space: a Space lacks it; give one of eager, sdpa",
    ),
    "temperature": (lambda folder: ["--model", "demo", "--temperature", "-1"], "temperature=-1.0"),
    "no port": (lambda folder: ["--model", "demo", "--port", "70000"], "cannot serve at 127.0.0.1:70000"),
    "no host": (lambda folder: ["--model", "demo", "--host", "192.0.2.1"], "cannot serve at 192.0.2.1"),
}


@pytest.mark.parametrize("case", WRONG)
def test_bad_input_is_one_clear_line(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, said = WRONG[case]
    given = arguments(tmp_path)
    port = [] if "--port" in given else ["--port", str(_free_port())]
    assert main(["chat", *port, *given]) == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith("grpo-eval: ")
    assert re.search(said, line)


def test_a_port_in_use_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["chat", "--model", "demo", "--port", str(taken.getsockname()[1])]) == 2
    assert "Address already in use" in capsys.readouterr().err.strip().splitlines()[-1]


def test_without_gradio_the_repair_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("grpokit.reports.chat.page.find_spec", lambda name: None)
    assert main(["chat", "--model", "demo"]) == 2
    assert capsys.readouterr().err.strip().endswith("pip install 'grpokit[app]'.")


def test_a_space_is_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    adapter, target = make_adapter(tmp_path / "adapter"), tmp_path / "space"
    arguments = ["--model", "base=demo", "--model", f"tuned=demo+{adapter}", "--task", "arithmetic"]
    assert main(["chat", *arguments, "--limit", "2", "--export-space", str(target)]) == 0
    assert capsys.readouterr().out.startswith(f"space: {target}")
    assert (target / "app.py").is_file()
