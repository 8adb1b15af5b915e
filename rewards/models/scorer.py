"""A reward model in memory: loaded once per process and device, called in batches of texts of like length."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from ...bounded import ProgramError, ProgramOverrun, ProgramRefusal
from ...chat_template import apply_template
from ...errors import first_line
from ..text import RewardError, Text, UnusableReward
from .checkpoint import ADAPTER, JudgePath, located, read_json

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TOKENS = 8192
"""Tokens in one forward pass, padding included, unless a single text has more."""

CHARACTERS = 32
"""Per token of the context: a longer text is too long in any language, and is not even cut into tokens."""

TOKENIZERS = ("tokenizer*", "vocab*", "*.model")

_loading = Lock()


class TooLong(NamedTuple):
    """In place of a score: the size of a text and the context that it exceeds, in words."""

    size: str
    context: str


def scorer(model: str, device: str) -> Scorer:
    """Return this process's scorer of ``model`` on ``device``, loaded at the first call.

    Raises :class:`RewardError` when it cannot be loaded.
    """
    with _loading:  # or two threads would load it twice
        return _scorer(model, device)


@cache
def _scorer(model: str, device: str) -> Scorer:
    path = located(model)
    return Scorer(model, _load(path, _own(device)), _tokenizer(path))


def _own(device: str) -> str:
    """Return a device by its full name: "cuda" is the GPU of this process under a launcher."""
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if device == "cuda" else device


class Scorer:
    """Gives each text the one logit of a sequence classifier."""

    def __init__(self, name: str, model: Any, tokenizer: PreTrainedTokenizerBase) -> None:
        self._name = name
        self._model = model
        self._tokenizer = tokenizer
        self._context: int | None = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        self._lock = Lock()  # tokenizers cannot be shared by threads while they run
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        model.config.get_text_config().pad_token_id = tokenizer.pad_token_id  # the score stands at the last other token

    def score(self, texts: Sequence[Text]) -> list[float | TooLong]:
        """Return the score of each text; messages go through the model's chat template.

        Equal texts are scored once, so that rounding makes no difference between them. Raises :class:`RewardError` for
        messages where the model has no template, or one that refuses them, and :class:`UnusableReward` for a template
        that takes more time or memory than it may.
        """
        with self._lock:
            strings = [self._string(text) for text in texts]
            ids = {string: self._ids(string) for string in dict.fromkeys(strings)}
            scores: dict[str, float | TooLong] = {one: own for one, own in ids.items() if isinstance(own, TooLong)}
            fitting = {one: own for one, own in ids.items() if not isinstance(own, TooLong)}
            for some in _batches(fitting):
                scores |= zip(some, self._scores([fitting[one] for one in some]), strict=True)
        return [scores[string] for string in strings]

    def _string(self, text: Text) -> str:
        return (text if isinstance(text, str) else self._rendered(text)).encode("utf-8", "replace").decode()

    def _ids(self, string: str) -> list[int] | TooLong:
        context = f"the model's context has {self._context} tokens"
        if self._context and len(string) > CHARACTERS * self._context:
            return TooLong(f"{len(string):,} characters", context)
        ids: list[int] = self._tokenizer(string, add_special_tokens=False, verbose=False)["input_ids"]
        if self._context and len(ids) > self._context:
            return TooLong(f"{len(ids)} tokens", context)
        return ids or [self._tokenizer.pad_token_id]

    def _rendered(self, messages: Any) -> str:
        if self._tokenizer.chat_template is None:
            raise RewardError(
                f"reward_model: {self._name} has no chat template, and the prompts are messages; give a model whose "
                "tokenizer has one, or a task of plain prompts (chat: false)."
            )
        try:
            return apply_template(self._tokenizer, messages)
        except ProgramRefusal as error:
            reason = f"refuses these messages: {error}"
            raise RewardError(f"reward_model: the chat template of {self._name} {reason}") from None
        except ProgramError as error:
            kind = UnusableReward if isinstance(error, ProgramOverrun) else RewardError
            raise kind(f"reward_model: the chat template of {self._name} {error}.") from None

    def _scores(self, ids: list[list[int]]) -> list[float]:
        import torch  # loaded with the model anyway

        inputs = self._tokenizer.pad({"input_ids": ids}, padding_side="right", return_tensors="pt")
        with torch.inference_mode():
            logits = self._model(**inputs.to(self._model.device)).logits
        return [float(score) for score in logits[:, 0].float()]


def _batches(ids: Mapping[str, Sequence[int]]) -> Iterator[list[str]]:
    """Yield texts, the longest first, as many at once as make up :data:`TOKENS`."""
    left = sorted(ids, key=lambda text: -len(ids[text]))
    while left:
        room = max(1, TOKENS // len(ids[left[0]]))
        yield left[:room]
        left = left[room:]


def _load(path: JudgePath, device: str) -> Any:
    # torch comes with these: only a mix with a reward model pays for it
    from transformers import AutoModelForSequenceClassification

    head = {} if path.adapter is None else {"num_labels": 1}  # an adapter brings its head, which must be of one label
    try:
        with _quiet():
            model, report = AutoModelForSequenceClassification.from_pretrained(
                path.base,
                dtype="float32" if device == "cpu" else "auto",
                device_map={"": device},
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
                **head,
            )
            missing = set(report["missing_keys"])
            if path.adapter is not None:
                from peft import PeftModel

                missing -= _saved(path)
                model = PeftModel.from_pretrained(model, str(path.adapter))
    except Exception as error:  # configuration, weights and device each raise their own kinds
        raise RewardError(
            f"reward_model: cannot load {path.named} as a sequence classifier of one label on device={device!r}: "
            f"{first_line(error).rstrip('.')}."
        ) from None
    if missing:
        raise RewardError(
            f"reward_model: {path.named} holds no {min(missing)}, so its scores would be random; give a checkpoint "
            "that was trained as a reward model (a sequence classifier)."
        )
    labels = model.config.num_labels
    if labels != 1:
        raise RewardError(f"reward_model: {path.named} has {labels} labels; a reward model has one, its score.")
    return model.eval()


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out the bars of loading, and the notes on a head that is missing, which is refused."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _saved(path: JudgePath) -> set[str]:
    """Return the names of the base's weights that the adapter replaces as a whole."""
    from safetensors import safe_open

    assert path.adapter is not None, "asked of adapters alone"
    whole = read_json(path.adapter / ADAPTER).get("modules_to_save") or []
    with safe_open(path.adapter / "adapter_model.safetensors", "pt") as tensors:
        names = [name.removeprefix("base_model.model.") for name in tensors.keys()]  # noqa: SIM118  # it is no mapping
    return {name for name in names if name.split(".")[0] in whole}


def _tokenizer(path: JudgePath) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    own = any(file for pattern in TOKENIZERS for file in path.named.glob(pattern))
    folder = path.named if own else path.base
    try:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # every kind of tokenizer file breaks in a way of its own
        raise RewardError(f"reward_model: cannot load the tokenizer of {folder}: {first_line(error)}") from None
