"""The house stands: a floor imports only what lies below it, and nothing heavy is loaded at its door."""

import ast
import importlib
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

BELOW = {
    "rewards": set(),
    "evaluate": {"rewards"},
    "train": {"rewards", "evaluate"},
    "reports": {"rewards", "evaluate"},
    "commands": {"rewards", "evaluate", "train", "reports"},
}
"""Which floors each floor may use, besides itself and the ground."""

GROUND = {"bounded", "chat_template", "errors", "lazy", "files", "locks", "names", "plain_yaml", "__version__"}
"""What every floor stands on: the root's own modules, which import no floor."""

HEAVY = ("torch", "transformers", "trl", "peft", "sympy", "datasets", "sentence_transformers", "scipy", "numpy")

DOORS = {
    "grpokit": HEAVY,
    "grpokit.rewards": (*HEAVY, "pydantic", "yaml", "rich", "rapidfuzz", "math_verify", "multiprocessing"),
    "grpokit.commands.eval": HEAVY,
    "grpokit.commands.report": HEAVY,
    "grpokit.commands.train": HEAVY,
}


def files(floor: str) -> list[Path]:
    return sorted((ROOT / floor).rglob("*.py"))


def rooms(path: Path) -> Iterator[str]:
    """Yield the top-level room of the package that each import in a file leads to."""
    inside = path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("grpokit."))
        if isinstance(node, ast.ImportFrom):
            package = list(inside[: len(inside) - node.level]) if node.level else []
            target = [*package, *(node.module or "").split(".")] if node.module else package
            if not node.level:
                target = target[1:] if target[:1] == ["grpokit"] else []
                yield from target[:1]
            elif target:
                yield target[0]
            else:
                yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("floor", BELOW)
def test_a_floor_imports_only_what_lies_below(floor: str) -> None:
    allowed = BELOW[floor] | GROUND | {floor}
    found = [(path.relative_to(ROOT), room) for path in files(floor) for room in rooms(path)]
    assert [f"{path} imports {room}" for path, room in found if room not in allowed] == []


def test_the_ground_imports_no_floor() -> None:
    found = [(path.name, room) for path in ROOT.glob("*.py") for room in rooms(path)]
    assert [f"{name} imports {room}" for name, room in found if room not in GROUND] == []


def test_the_reader_of_imports_sees_them() -> None:
    """The test above could not fail if no import were read."""
    seen = {room for path in files("rewards") for room in rooms(path)}
    assert "errors" in seen
    assert "rewards" in seen
    assert "evaluate" in {room for path in files("commands") for room in rooms(path)}


def imported(path: Path) -> Iterator[str]:
    """Yield the modules of the package that a file imports, in its functions too; those for the type checker apart."""
    inside = list(path.relative_to(ROOT).with_suffix("").parts)
    nodes: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            nodes += node.orelse
            continue
        nodes += ast.iter_child_nodes(node)
        if isinstance(node, ast.ImportFrom) and node.level:
            package = [*inside[: len(inside) - node.level], *(node.module or "").split(".")]
            base = ".".join(filter(None, package))
            yield from (base, *(f"{base}.{alias.name}" for alias in node.names))


def module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def in_circles(imports: dict[str, set[str]]) -> set[str]:
    """Return the modules on a circle or between two: what is left when those at either end are taken away."""
    left = dict(imports)
    while True:
        used = set[str]().union(*left.values()) if left else set[str]()
        ends = {name for name in left if name not in used or not left[name] & left.keys()}
        if not ends:
            return set(left)
        left = {name: targets & left.keys() - ends for name, targets in left.items() if name not in ends}


def test_no_module_imports_itself_by_way_of_others() -> None:
    paths = {module(path): path for floor in BELOW for path in files(floor)}
    imports = {name: set(imported(path)) & paths.keys() - {name} for name, path in paths.items()}
    assert in_circles(imports) == set()


def test_a_circle_is_seen() -> None:
    assert in_circles({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}) == {"b", "c"}


@pytest.mark.parametrize("floor", BELOW)
def test_imports_inside_the_package_are_relative(floor: str) -> None:
    absolute = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in files(floor)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").split(".")[0] == "grpokit"
    ]
    assert not absolute


@pytest.mark.parametrize("module", DOORS)
def test_nothing_heavy_is_loaded_at_the_door(module: str) -> None:
    script = f"import sys, {module}; print(*[name for name in {DOORS[module]!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


@pytest.mark.parametrize("package", ["grpokit.evaluate", "grpokit.train", "grpokit.reports"])
def test_every_public_name_is_found_at_its_first_use(package: str) -> None:
    module = importlib.import_module(package)
    assert all(getattr(module, name) is not None for name in module.__all__)
    assert {name for _, names in _deferred(package) for name in names} == set(module.__all__) == set(dir(module))
    assert {*module.__all__} <= vars(module).keys()  # looked for once, and then at hand
    with pytest.raises(AttributeError, match="has no attribute 'nothing'") as caught:
        module.nothing  # noqa: B018  # to look it up is the test
    assert (caught.value.name, caught.value.obj) == ("nothing", module)  # of which Python makes "Did you mean"


def _deferred(package: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the modules and names that a type checker sees in a package's ``__init__``."""
    tree = ast.parse((ROOT / package.split(".")[1] / "__init__.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
            yield node.module, [alias.name for alias in node.names]


FLOORS = ("rewards", "evaluate", "train", "reports")


@pytest.mark.parametrize("floor", FLOORS)
def test_no_folder_or_file_bears_the_name_of_a_public_object(floor: str) -> None:
    """``from grpokit.rewards import length`` would give the module once somebody has imported it."""
    rooms = {path.stem for path in (ROOT / floor).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert rooms & set(importlib.import_module(f"grpokit.{floor}").__all__) == set()


@pytest.mark.parametrize("floor", FLOORS)
def test_public_names_stay_what_they_are_after_every_submodule_was_imported(floor: str) -> None:
    script = (
        "import importlib, pkgutil, types\n"
        f"import grpokit.{floor} as floor\n"
        "for module in pkgutil.walk_packages(floor.__path__, floor.__name__ + '.'):\n"
        "    importlib.import_module(module.name)\n"
        "print(*[name for name in floor.__all__ if isinstance(getattr(floor, name), types.ModuleType)])\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


def test_every_folder_of_the_package_is_installed() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    folders = {path.parent.relative_to(ROOT) for floor in BELOW for path in files(floor)}
    assert set(listed) == {"grpokit", *(f"grpokit.{'.'.join(folder.parts)}" for folder in folders)}
    assert listed == sorted(listed)


def test_importing_the_rewards_reads_no_file_and_no_network() -> None:
    script = (
        "import sys\n"
        "seen = []\n"
        "def watch(event, arguments):\n"
        "    code = str(arguments[:1]).rstrip(\"',)\").endswith(('.py', '.pyc', '.so'))\n"
        "    if event == 'socket.connect' or (event == 'open' and not code):\n"
        "        seen.append((event, arguments[0]))\n"
        "sys.addaudithook(watch)\n"
        "import grpokit.rewards\n"
        "print([entry for entry in seen if 'site-packages' not in str(entry[1])])\n"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
