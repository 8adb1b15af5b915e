"""A model's path is read once, and says whether it is the demo, a folder or a hub id."""

from pathlib import Path

import pytest
from grpokit.evaluate import EvaluationError
from grpokit.evaluate.demo import checkpoint_path
from grpokit.evaluate.engines.model_path import ModelPath
from hypothesis import given
from hypothesis import strategies as st

PART = st.from_regex(r"[a-z][a-z0-9._-]{0,8}(/[a-z][a-z0-9._-]{0,8})?", fullmatch=True)


@given(PART, st.none() | PART, st.none() | PART)
def test_what_is_shown_reads_back(base: str, revision: str | None, adapter: str | None) -> None:
    path = ModelPath(base, revision, adapter)
    assert ModelPath.parse(str(path)) == path


@pytest.mark.parametrize("text", ["org/model@", "@v1", "org/model+", "+adapter", "org/model@+adapter"])
def test_a_mark_with_nothing_beside_it_is_an_error(text: str) -> None:
    with pytest.raises(EvaluationError, match="something is missing beside"):
        ModelPath.parse(text)


KINDS = [
    # base, has a folder here, is a hub id
    ("demo", True, False),
    ("org/model", False, True),
    ("gpt2", False, True),  # of the hub's oldest models, without an organisation
    ("org/Model-1.5_b", False, True),
    ("./org/model", False, False),  # folders that are not there
    ("../model", False, False),
    ("/org/model", False, False),
    ("~/model", False, False),
    ("~nobody-of-this-name/model", False, False),
    (".hidden/model", False, False),
    ("org/model/part", False, False),
    ("org/mo del", False, False),
    ("here", True, False),
    ("here/model", True, False),  # a folder goes before the hub
    ("file", False, True),
]


@pytest.mark.parametrize(("base", "folder", "hub"), KINDS)
def test_a_base_is_a_folder_or_a_hub_id_or_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str, folder: bool, hub: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here" / "model").mkdir(parents=True)
    (tmp_path / "file").write_text("")
    path = ModelPath(base, "main", "adapter")
    assert path.folder == ((checkpoint_path() if base == "demo" else Path(base)) if folder else None)
    assert path.hub_id == (base if hub else None)


def test_a_home_is_expanded_in_base_and_adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "model").mkdir()
    path = ModelPath("~/model", None, "~/adapter")
    assert (path.folder, path.adapter_folder) == (tmp_path / "model", tmp_path / "adapter")
    assert (path.without_adapter, path.name) == (ModelPath("~/model"), "adapter")
