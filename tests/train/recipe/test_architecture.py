"""Where a base's config.json is found before anything is fetched."""

from pathlib import Path

import pytest
from grpokit.evaluate.engines.model_path import ModelPath
from grpokit.train import TrainingError
from grpokit.train.recipe.architecture import read_config

COMMIT = "0" * 40


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub cache with one model, as huggingface_hub lays it out."""
    model = tmp_path / "models--org--model"
    for folder in ("refs", f"snapshots/{COMMIT}"):
        (model / folder).mkdir(parents=True)
    (model / "refs" / "main").write_text(COMMIT)
    (model / "snapshots" / COMMIT / "config.json").write_text('{"model_type": "phi"}')
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path


REVISIONS = [
    # model, revision, found
    ("org/model", None, True),  # the branch main
    ("org/model", "main", True),
    ("org/model", COMMIT, True),
    ("org/model", "v2", False),  # a tag that was never fetched
    ("org/model", "1" * 40, False),  # another commit
    ("org/other", None, False),
    ("./org/model", None, False),  # a folder that is not there is no hub id
    ("model", None, False),
]


@pytest.mark.parametrize(("model", "revision", "found"), REVISIONS)
def test_a_fetched_config_is_found_where_the_hubs_client_finds_it(
    cache: Path, model: str, revision: str | None, found: bool
) -> None:
    from huggingface_hub import try_to_load_from_cache

    assert read_config(ModelPath(model, revision)) == ({"model_type": "phi"} if found else None)
    if model.startswith("org/"):
        assert (
            isinstance(try_to_load_from_cache(model, "config.json", cache_dir=cache, revision=revision), str) == found
        )


def test_a_folder_goes_before_the_hub(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    assert read_config(ModelPath(str(tmp_path))) == {"model_type": "gpt2"}


def test_a_broken_config_is_told_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(TrainingError, match=r"cannot read .*config\.json"):
        read_config(ModelPath(str(tmp_path)))
