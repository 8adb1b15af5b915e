"""Commands that only look something up start at once: they load no library that they do not work with."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

MODELS = ("torch", "transformers", "trl", "peft", "accelerate", "sentence_transformers", "math_verify", "sympy")
NUMBERS = ("numpy", "scipy", "pyarrow", "datasets")
NETWORK = ("huggingface_hub.file_download", "http.client")
PAGES = ("jinja2", "vl_convert")
HEAVY = (*MODELS, *NUMBERS, *NETWORK, *PAGES)

QUICK = [
    # command, arguments, what besides the heavy libraries must stay unloaded
    ("train", ["--help"], ("pydantic", "yaml", "orjson")),
    ("train", ["--list"], ("pydantic", "orjson", "grpokit.rewards")),
    ("train", ["arithmetic-tiny", "--dry-run"], ("orjson", "huggingface_hub")),  # with all its prompts
    ("train", ["phi2-tldr-qlora", "--dry-run"], ("orjson",)),  # a hub id: the cache is looked through for its config
    ("train", ["--show", "phi2-tldr-qlora"], ("orjson", "huggingface_hub")),
    ("eval", ["--help"], ("pydantic", "yaml", "orjson")),
    ("eval", ["run", "--help"], ("pydantic", "yaml", "orjson")),
    ("eval", ["score", "--help"], ("pydantic", "yaml", "orjson")),
    ("eval", ["compare", "--help"], ("pydantic", "yaml", "orjson")),
    ("eval", ["tasks", "list"], ("orjson", "huggingface_hub")),
    ("eval", ["rewards", "list"], ("pydantic", "yaml", "orjson")),
    ("report", ["--help"], ("pydantic", "yaml", "orjson")),
]

SCRIPT = """
import contextlib, io, sys
from grpokit.commands.{command} import main
with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.suppress(SystemExit):
    main({arguments!r})
assert shown.getvalue().strip()
print(*[name for name in {unwanted!r} if name in sys.modules])
"""


@pytest.mark.parametrize(("command", "arguments", "besides"), QUICK)
def test_nothing_is_loaded_that_is_not_needed(command: str, arguments: list[str], besides: tuple[str, ...]) -> None:
    script = SCRIPT.format(command=command, arguments=arguments, unwanted=(*HEAVY, *besides))
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


@pytest.mark.parametrize("name", sorted({*HEAVY, *(name for *_, besides in QUICK for name in besides)}))
def test_such_a_module_exists(name: str) -> None:
    """The test above could not fail for a misspelt name."""
    assert find_spec(name) is not None
