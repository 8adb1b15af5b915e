"""A chat as a folder for Hugging Face Spaces: the same page, with everything it needs beside it.

The folder holds ``app.py``, ``chat.json`` (models and how they are loaded, rewards, sampling, examples),
``requirements.txt``, a ``README.md`` with the header that Spaces read, the adapters and local bases with their
tokenizers, and the sources of this package that the page runs on, so that it needs no release of it. A base that is a
hub id stays one and is fetched there.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

from ...errors import GrpokitError, first_line
from ...evaluate.engines.checkpoint import locate
from ...evaluate.engines.model_path import ModelPath
from ...evaluate.engines.spec import Loading, ModelSpec
from ...evaluate.types import Sampling
from ...files import read_json, replacing_folder, write_atomically
from ...rewards import Reward, RewardMix
from ...rewards.spec import import_paths, registered_only
from .chat import Chat, ChatError, Question, open_chat

PACKAGE = Path(__file__).parents[2]
FLOORS = ("rewards", "evaluate", "reports")
SOURCES = ("*.py", "*.yaml", "*.jsonl", "chat.css")
UNUSED = ("trl", "datasets", "vl-convert-python", "python-dotenv")
"""Requirements of this package that a page on ready adapters never imports."""

QUANTISING = "bitsandbytes"
"""The requirement that only a quantised base needs."""

LOADING: dict[str, tuple[str | None, ...]] = {
    "dtype": ("auto", "float32", "bfloat16", "float16"),
    "quantization": (None, "4bit", "8bit"),
    "attention": (None, "eager", "sdpa"),
}
"""How an exported page may load weights: another attention is a package or a kernel that would be fetched and run."""

TOKENIZER = ("tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.*", "merges.txt", "*.jinja")
BASE_FILES = ("config.json", "generation_config.json", "*.safetensors", "*.safetensors.index.json", *TOKENIZER)
ADAPTER_FILES = ("adapter_model*.safetensors", *TOKENIZER)


def check_target(folder: Path) -> None:
    """Raise :class:`ChatError` when ``folder`` cannot take an export, before anything is loaded."""
    if folder.exists() and not folder.is_dir():
        raise ChatError(f"{folder} is a file; give a new folder to --export-space.")
    if folder.is_dir() and any(folder.iterdir()):
        raise ChatError(f"{folder} is not empty; give a new folder to --export-space.")


def check_mix(mix: RewardMix) -> None:
    """Raise :class:`ChatError` for a mix that an exported page could not build.

    It has no code of the user's or of other packages, and no models of this machine.
    """
    paths = import_paths(mix.spec) or [reward.__name__ for reward in mix.rewards if reward.foreign]
    if paths:
        raise ChatError(
            f"--export-space: the reward {paths[0]!r} is code of your own or of another package, which the exported "
            "page does not have; name rewards of this package."
        )
    for model in _local_models(mix.rewards):
        raise ChatError(
            f"--export-space: a reward judges by {model!r:.80}, which is no model of the hub and is not exported; give "
            "a hub id such as org/model."
        )


def _local_models(rewards: Iterable[Reward]) -> Iterator[str]:
    """Yield the models that rewards load from a folder."""
    for reward in rewards:
        yield from _local_models(reward.parts().values())
        model = getattr(reward, "model", "")
        if reward.loads_model and model and ModelPath(model).hub_id is None:
            yield model


def check_space_loading(loading: Loading) -> None:
    """Raise :class:`ChatError` for weights that are loaded in a way that an exported page could not follow."""
    for name, values in LOADING.items():
        value = getattr(loading, name)
        if value not in values:
            others = ", ".join(filter(None, values))
            raise ChatError(f"--{name} {value} is not for --export-space: a Space lacks it; give one of {others}.")
    if loading.trust_remote_code:
        raise ChatError(
            "--trust-remote-code is not for --export-space: the exported page runs no code of a checkpoint; leave it "
            "out."
        )


def export_space(chat: Chat, folder: Path) -> None:
    """Write the folder, whole or not at all. Raises :class:`ChatError` when it is not empty or cannot be written."""
    check_target(folder)
    check_mix(chat.mix)
    check_space_loading(chat.loading)
    try:
        with replacing_folder(folder) as rising:
            _fill(chat, rising)
    except OSError as error:
        raise ChatError(f"cannot write {folder}: {error.strerror}.") from None


def open_space(folder: Path) -> Chat:
    """Load the chat of an exported folder. Raises :class:`ChatError` for one whose chat.json no export wrote."""
    file = folder / "chat.json"
    try:
        kept = read_json(file)
        sampling = Sampling(**kept["sampling"] | {"stop": tuple(kept["sampling"]["stop"])})
        examples = [Question(**example) for example in kept["examples"]]
        specs = [_spec(model, folder) for model in kept["models"]]
        mix = RewardMix.parse(registered_only(kept["rewards"], str(file)))
        loading = _loading(kept["loading"])
    except GrpokitError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:  # whatever it holds instead
        raise ChatError(f"{file} is not what an export wrote ({type(error).__name__}: {first_line(error)}).") from None
    for model in _local_models(mix.rewards):
        raise ChatError(f"{file} names {model!r:.80}, which is no model of the hub.")
    return open_chat(specs, mix, sampling, examples, loading)


def _loading(kept: dict[str, Any]) -> Loading:
    for name, values in LOADING.items():
        if kept[name] not in values:
            raise ValueError(f"{name}: {kept[name]!r:.80}")
    return Loading(**{name: kept[name] for name in LOADING})


def _spec(model: dict[str, Any], folder: Path) -> ModelSpec:
    name, template = model.pop("name"), model.pop("template", {})
    return ModelSpec(name, _placed(ModelPath(**model), folder), template=dict(template))


def _placed(path: ModelPath, folder: Path) -> ModelPath:
    """Return a path of ``chat.json`` with the folders that are in the export found from anywhere.

    Raises :class:`ChatError` for a folder outside of it: whoever wrote the file names no other files here.
    """
    places = {place: folder / place for place in (path.base, path.adapter) if place is not None}
    for place, there in places.items():
        on_the_hub = place == path.base and path.hub_id is not None and not there.is_dir()
        if not on_the_hub and not (there.is_dir() and there.resolve().is_relative_to(folder.resolve())):
            raise ChatError(f"{folder / 'chat.json'} names {place!r:.80}, which is no folder of the export.")
    base = str(places[path.base]) if places[path.base].is_dir() else path.base
    return replace(path, base=base, adapter=path.adapter and str(folder / path.adapter))


def _fill(chat: Chat, folder: Path) -> None:
    _copy_package(folder / "grpokit")
    kept = {
        "models": [
            {"name": spec.name, **asdict(spec.path), "template": dict(spec.template)}
            for spec in _copy_models(chat, folder)
        ],
        "loading": {name: getattr(chat.loading, name) for name in LOADING},
        "rewards": chat.mix.spec,
        "sampling": asdict(chat.sampling),
        "examples": [example._asdict() for example in chat.examples],
    }
    write_atomically(folder / "chat.json", json.dumps(kept, indent=2) + "\n")
    write_atomically(
        folder / "requirements.txt",
        "".join(f"{line}\n" for line in requirements(quantised=chat.loading.quantization is not None)),
    )
    bases = sorted({spec.path.hub_id for spec in chat.specs if spec.path.hub_id})
    for name in ("app.py", "README.md"):
        write_atomically(folder / name, _rendered(f"space_{name}.jinja", names=chat.names, bases=bases))


def _copy_package(target: Path) -> None:
    for path in [*PACKAGE.glob("*.py"), PACKAGE / "LICENSE", *(path for floor in FLOORS for path in _sources(floor))]:
        if path.is_file():
            _copy(path, target / path.relative_to(PACKAGE))


def _sources(floor: str) -> Iterator[Path]:
    for pattern in SOURCES:
        yield from (PACKAGE / floor).rglob(pattern)


def _copy_models(chat: Chat, folder: Path) -> list[ModelSpec]:
    """Copy what stands on this machine alone; return the specs as they are found in the export."""
    bases: dict[str, str] = {}
    specs = []
    for number, spec in enumerate(chat.specs):
        path = spec.path
        if path.base not in bases:
            bases[path.base] = path.hub_id or _copy_base(path, folder, len(bases))
        base = bases[path.base]
        source = path.adapter_folder
        adapter = None if source is None else _copy_adapter(source, base, folder / f"adapters/{number}")
        specs.append(replace(spec, path=ModelPath(base, path.revision if path.hub_id else None, adapter)))
    return specs


def _copy_base(path: ModelPath, folder: Path, number: int) -> str:
    name = f"models/base{number or ''}"
    _copy_matching(locate(path), folder / name, BASE_FILES)
    return name


def _copy_adapter(source: Path, base: str, target: Path) -> str:
    """Copy an adapter; its settings then name the base as the export does, not by a path of this machine."""
    _copy_matching(source, target, ADAPTER_FILES)
    settings = json.loads((source / "adapter_config.json").read_text(encoding="utf-8"))
    settings["base_model_name_or_path"] = base
    write_atomically(target / "adapter_config.json", json.dumps(settings, indent=2) + "\n")
    return f"{target.parent.name}/{target.name}"


def _copy_matching(source: Path, target: Path, patterns: tuple[str, ...]) -> None:
    cached = source.parent.name == "snapshots"  # in the hub's cache files are links to those of all revisions
    whole = (source.parents[1] if cached else source).resolve()
    for path in {path for pattern in patterns for path in source.glob(pattern) if path.is_file()}:
        if not path.resolve().is_relative_to(whole):
            raise ChatError(f"{path} is a link that leads out of {whole}; an export would publish what is there.")
        _copy(path, target / path.name)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)  # of a link to a cache the file, and none of its permissions


def requirements(*, quantised: bool) -> list[str]:
    """Return what the page needs, each from the minor version installed here to before the next major one.

    >>> [line.split("~=")[0] for line in requirements(quantised=False) if line.startswith("tr")]
    ['transformers']
    """
    declared = [
        line for line in requires("grpokit") or [] if "extra ==" not in line or "'app'" in line or '"app"' in line
    ]
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in declared]  # a bound follows, or several
    return [
        f"{name}~={_minor(version(name))}" for name in names if name not in UNUSED and (quantised or name != QUANTISING)
    ]


def _minor(number: str) -> str:
    return ".".join(number.split("+")[0].split(".")[:2])


def _rendered(template: str, **values: Any) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # neither file is markup; values go through tojson
    )
    gradio, python = version("gradio"), "3.12"
    return environment.get_template(template).render(gradio=gradio, python=python, **values)
