"""Cached states and surprisals of the words of texts: a language model reads each text once.

A folder for each network and number of tokens, with the arrays of each text, see `hotwire.models.cache.array_store`::

    TEXT-layer-8.npy, TEXT-surprisal.npy    TEXT being the SHA-256 of its tokens, shortened
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ...errors import AssetError, InputError
from ..cache_folder import cache_folder
from ..networks.language.language_model import LanguageModel
from ..networks.language.reading import WordsRead, read_texts
from ..networks.language.sliding_pass import SlidingPass
from .array_store import ArrayStore
from .ingredients import content_of, key_of, versions

AT_ONCE = 40
"""Texts that are read side by side: with fewer a token takes longer, with more a killed reading loses more."""
_PROBE = "probe.npy"
_CLOSE = 1e-4

Text = Sequence[Sequence[int]]


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
        Whose states are read; several at once cost little more than one.
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
    passes = [SlidingPass(network, layer, n_tokens=n_tokens) for layer in sorted(set(layers), key=int)]
    about = {
        "network": network.name,
        "fingerprint": network.fingerprint,
        "n_tokens": n_tokens,
        "versions": versions(),
    }
    store = ArrayStore((folder or texts_folder()) / key_of(about), about)
    names = [_names(passes, text) for text in texts]
    with store.locked():
        _check_code(store, passes[-1], network.model.config.get_text_config().vocab_size)
        missing = set(store.missing(list(dict.fromkeys(name for one in names for name in one.values()))))
        to_read = {one["surprisal"]: i for i, one in enumerate(names) if missing & set(one.values())}
        order = sorted(to_read.values(), key=lambda i: -sum(map(len, texts[i])))
        for start in range(0, len(order), AT_ONCE):
            batch = order[start : start + AT_ONCE]
            for i, read in zip(batch, read_texts(passes, [texts[i] for i in batch]), strict=True):
                rows = {names[i][layer]: table for layer, table in read.states.items()}
                rows[names[i]["surprisal"]] = read.surprisal
                _put(store, {name: table for name, table in rows.items() if name in missing})
        return [
            WordsRead(
                {str(one.layer): store.mapped(of[str(one.layer)]) for one in passes},
                store.mapped(of["surprisal"])[:, 0],
            )
            for of in names
        ]


def _names(passes: Sequence[SlidingPass], text: Text) -> dict[str, str]:
    """The file of each layer's states of a text, and of its surprisals."""
    key = content_of([list(word) for word in text])[:24]
    parts = {str(one.layer): f"layer-{one.layer}" for one in passes} | {"surprisal": "surprisal"}
    return {part: f"{key}-{name}.npy" for part, name in parts.items()}


def _put(store: ArrayStore, rows: dict[str, np.ndarray]) -> None:
    with store.writing(list(rows), len(next(iter(rows.values())))) as writing:
        writing.add(rows)


def _check_code(store: ArrayStore, sliding: SlidingPass, n_vocabulary: int) -> None:
    """Raise AssetError unless a few tokens are read as they were when the folder was begun."""
    tokens = np.arange(sliding.n_tokens + 8) % n_vocabulary
    [read] = read_texts([sliding], [tokens[:, None].tolist()])
    if store.missing([_PROBE]):
        _put(store, {_PROBE: read.surprisal})
    elif not np.allclose(store.mapped(_PROBE)[:, 0], read.surprisal, rtol=0, atol=_CLOSE):
        raise AssetError(f"{store.folder}: its texts were read by other code than this; delete this folder")
