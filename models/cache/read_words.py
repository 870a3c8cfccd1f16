"""Cached states and surprisals of the words of texts: a language model reads each text once.

A folder for each network and number of tokens, with the arrays of each text, see `hotwire.models.cache.array_store`::

    TEXT-layer-8.npy, TEXT-surprisal.npy    TEXT being the SHA-256 of its tokens, shortened
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ...errors import AssetError, InputError
from ..cache_folder import cache_folder
from ..networks.language.language_model import LanguageModel
from ..networks.language.reading import Text, WordsRead, read_text
from ..networks.language.sliding_pass import SlidingPass
from .array_store import ArrayStore
from .ingredients import content_of, key_of, versions

_PROBE = "probe.npy"
_CLOSE = 1e-2
"""In nats: other kernels and threads round otherwise, other code says something else."""


def texts_folder() -> Path:
    """The folder of all texts that were read."""
    return cache_folder() / "texts"


def read_words(
    network: LanguageModel,
    layers: Iterable[str],
    texts: Sequence[Text],
    *,
    n_tokens: int = 32,
    folder: Path | None = None,
) -> list[WordsRead]:
    """Return the states and surprisals of the words of texts; those that are not cached yet are read.

    Parameters
    ----------
    network : LanguageModel
        Of the Llama family.
    layers : iterable of str
        Whose states are read; several at once cost little more than one. Without any only surprisals are.
    texts : sequence of sequence of sequence of int
        The tokens of each word of each text.
    n_tokens : int
        How many tokens a token attends to, see `hotwire.models.networks.language.sliding_pass.SlidingPass`.
    folder : Path, optional
        The cache; by default `texts_folder`.

    Raises
    ------
    InputError
        A word has no token, or the network is of another family.
    UnknownNameError
        There is no such layer.
    AssetError
        The folder cannot be used, or the code that reads has changed since its texts were read.

    Warns
    -----
    UserWarning
        A file is damaged, and its text is read again.
    """
    for number, text in enumerate(texts, start=1):
        if not len(text):
            raise InputError(f"texts: expected words in each, got none in text {number}")
    numbers = sorted({SlidingPass(network, layer, n_tokens=n_tokens).layer for layer in layers})
    sliding = SlidingPass(network, str(numbers[0]) if numbers else next(iter(network.layers)), n_tokens=n_tokens)
    about = {
        "network": network.name,
        "fingerprint": network.fingerprint,
        "n_tokens": n_tokens,
        "versions": versions(),
    }
    store = ArrayStore((folder or texts_folder()) / key_of(about), about)
    names = [_names(numbers, text) for text in texts]
    with store.locked():
        _check_code(store, sliding, network.model.config.get_text_config().vocab_size)
        missing = set(store.missing(list(dict.fromkeys(name for one in names for name in one.values()))))
        to_read = {one["surprisal"]: i for i, one in enumerate(names) if missing & set(one.values())}
        n_tokens_left = sum(len(word) for i in to_read.values() for word in texts[i])
        with tqdm(total=n_tokens_left, desc="reading", unit="token", delay=1, disable=None) as progress:
            for i in to_read.values():
                read = read_text(sliding, numbers, texts[i], progress)
                rows = {names[i][layer]: table for layer, table in read.states.items()}
                rows[names[i]["surprisal"]] = read.surprisal
                _put(store, {name: table for name, table in rows.items() if name in missing})
        return [
            WordsRead(
                {str(layer): store.mapped(of[str(layer)]) for layer in numbers},
                store.mapped(of["surprisal"])[:, 0],
            )
            for of in names
        ]


def _names(layers: Sequence[int], text: Text) -> dict[str, str]:
    """The file of each layer's states of a text, and of its surprisals."""
    key = content_of([list(word) for word in text])[:24]
    parts = {str(layer): f"layer-{layer}" for layer in layers} | {"surprisal": "surprisal"}
    return {part: f"{key}-{name}.npy" for part, name in parts.items()}


def _put(store: ArrayStore, rows: dict[str, np.ndarray]) -> None:
    with store.writing(list(rows), len(next(iter(rows.values())))) as writing:
        writing.add(rows)


def _check_code(store: ArrayStore, sliding: SlidingPass, n_vocabulary: int) -> None:
    """Raise AssetError unless a few tokens are read as they were when the folder was begun."""
    tokens = np.arange(sliding.n_tokens + 8) % n_vocabulary
    read = read_text(sliding, [], tokens[:, None].tolist())
    if store.missing([_PROBE]):
        _put(store, {_PROBE: read.surprisal})
    elif not np.allclose(store.mapped(_PROBE)[:, 0], read.surprisal, rtol=0, atol=_CLOSE):
        raise AssetError(f"{store.folder}: its texts were read by other code than this; delete this folder")
