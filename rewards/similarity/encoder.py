"""Sentence encoders: loaded once per process, called in batches, references remembered, long texts in chunks."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from functools import cache, partial
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from ..text import RewardError
from .base import MAX_CHARACTERS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

    Embedding = NDArray[np.float32]

REMEMBERED = 4096
"""So many reference embeddings are kept by each encoder: 6 MB for 384 dimensions."""

WINDOWS = 32
"""Texts are read to so many of the encoder's windows, so that no text takes long."""

BATCH = 64
"""Chunks in one forward pass."""

SAFE = {"use_safetensors": True}
"""Pickled weights are not loaded."""

HUB_SECONDS = 5.0
"""How long the hub may take to answer at all."""

_loading = Lock()


def encoder(model: str, device: str) -> Encoder:
    """Return this process's encoder of ``model`` on ``device``, loaded at the first call.

    Raises :class:`RewardError` when it cannot be loaded.
    """
    with _loading:  # or two threads would load it twice
        return _encoder(model, device)


@cache
def _encoder(model: str, device: str) -> Encoder:
    return Encoder(_load(model, device))


def _load(model: str, device: str) -> SentenceTransformer:
    """Load what is on this machine; else ask the hub once, which loading would do for half a minute."""
    # torch comes with these: only a mix with an embedding reward pays for it
    from huggingface_hub import constants, get_session
    from sentence_transformers import SentenceTransformer

    load = partial(SentenceTransformer, model, device=device, trust_remote_code=False, model_kwargs=SAFE)
    try:
        try:
            return load(local_files_only=True)
        except Exception:  # whatever is missing or broken: another try says what, where there is one
            if os.path.exists(model):
                raise
            get_session().head(constants.ENDPOINT, timeout=HUB_SECONDS)
            return load()
    except Exception as error:  # hub, configuration, weights and device each raise their own kinds
        cause = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise RewardError(
            f"cannot load the sentence encoder model={model!r} on device={device!r}: {cause.rstrip('.')}. Give the "
            "folder of a sentence-transformers model with safetensors weights, or a hub name and a way to the hub."
        ) from error


class Chunk(NamedTuple):
    """A part of a text that fits the encoder's window, and its number of tokens."""

    text: str
    tokens: int


class Encoder:
    """Turns texts into embeddings of length 1; remembers those of references."""

    def __init__(self, model: SentenceTransformer) -> None:
        self._model = model
        self._remembered: OrderedDict[str, Embedding] = OrderedDict()
        self._lock = Lock()  # tokenizers cannot be shared by threads while they run

    def embed(self, texts: Iterable[str], references: Collection[str]) -> dict[str, Embedding]:
        """Return the embedding of each distinct text and reference; what is not remembered is encoded in one batch."""
        distinct = dict.fromkeys([*references, *texts])
        with self._lock:
            known = {text: self._remembered[text] for text in distinct if text in self._remembered}
            new = [text for text in distinct if text not in known]
            known.update(zip(new, self._encode(new), strict=True))
            for text in references:
                self._remembered[text] = known[text]
                self._remembered.move_to_end(text)
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return known

    def _encode(self, texts: Sequence[str]) -> list[Embedding]:
        if not texts:
            return []
        chunked = self._chunked(texts)
        embedded = iter(
            self._model.encode(
                [chunk.text for chunks in chunked for chunk in chunks],
                batch_size=BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        )
        return [_mean([next(embedded) for _ in chunks], [chunk.tokens for chunk in chunks]) for chunks in chunked]

    def _chunked(self, texts: Sequence[str]) -> list[list[Chunk]]:
        tokenizer = self._model.tokenizer
        window = self._model.max_seq_length
        read = [text[:MAX_CHARACTERS] for text in texts]
        if window is None:
            return [[Chunk(text, 1)] for text in read]
        room = window - tokenizer.num_special_tokens_to_add()
        encoding = tokenizer(read, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        return [
            chunks_of(text, encoding["offset_mapping"][index], encoding.word_ids(index), room)
            for index, text in enumerate(read)
        ]


def chunks_of(text: str, offsets: Sequence[tuple[int, int]], words: Sequence[int | None], room: int) -> list[Chunk]:
    """Cut a text into chunks of at most ``room`` tokens, between words where a word fits.

    ``offsets`` are the tokens' characters, ``words`` the number of the word each belongs to.

    >>> chunks_of("one two three", [(0, 3), (4, 7), (8, 11), (11, 13)], [0, 1, 2, 2], room=3)
    [Chunk(text='one two', tokens=2), Chunk(text='three', tokens=2)]
    """
    chunks: list[Chunk] = []
    start = 0
    while start < len(offsets) and len(chunks) < WINDOWS:
        stop = _stop(words, start, room)
        chunks.append(Chunk(text[offsets[start][0] : offsets[stop - 1][1]], stop - start))
        start = stop
    return chunks or [Chunk(text, 1)]


def _stop(words: Sequence[int | None], start: int, room: int) -> int:
    """Return where the chunk ends: at the last word that fits whole, or inside a word longer than the window."""
    full = start + room
    if full >= len(words):
        return len(words)
    return next((stop for stop in range(full, start, -1) if words[stop] != words[stop - 1]), full)


def _mean(embeddings: Sequence[Embedding], weights: Sequence[int]) -> Embedding:
    """Return the weighted mean of the embeddings, brought to length 1."""
    import numpy as np  # heavy at start-up; loaded with the encoder anyway

    mean = np.average(np.stack(embeddings), axis=0, weights=weights)
    normalised: Embedding = (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)
    return normalised
