"""Reading texts word by word: what layers hold at each word, and how much the word was a surprise.

A known text need not be fed token by token: many tokens go through a layer at once, each of them attending to what it
attends to in a `SlidingPass`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from ....errors import InputError
from .sliding_pass import SlidingPass, turned
from .token_places import EMPTY, turns

AT_ONCE = 256
"""Tokens that go through a layer together: with more, a token takes no less time."""

Text = Sequence[Sequence[int]]


class WordsRead(NamedTuple):
    """Of each word: by layer, the state (n_words, n_units) at its last token; and minus its log probability
    (n_words,).
    """

    states: dict[str, NDArray[np.float32]]
    surprisal: NDArray[np.float32]


def read_text(sliding: SlidingPass, layers: Sequence[int], text: Text, progress: tqdm | None = None) -> WordsRead:
    """Read one text from its beginning.

    Parameters
    ----------
    sliding : SlidingPass
        How many tokens each token attends to is its own; its layer does not matter.
    layers : sequence of int
        Whose states are read.
    text : sequence of sequence of int
        The tokens of each word.
    progress : tqdm, optional
        Counts the tokens.

    Raises
    ------
    InputError
        A word has no token.
    """
    for position, word in enumerate(text):
        if not len(word):
            raise InputError(f"texts: expected a token or more for each word, got none for word {position + 1}")
    tokens = torch.tensor([token for word in text for token in word], dtype=torch.long)
    last = np.cumsum([len(word) for word in text]) - 1
    states = {layer: np.empty((len(tokens), sliding.n_units), np.float32) for layer in layers}
    nats = np.empty(len(tokens), np.float32)
    for here, entering, log_p in read_tokens(sliding, layers, tokens):
        for layer, hidden in entering.items():
            states[layer][here] = hidden.numpy()
        nats[here] = -log_p[torch.arange(len(log_p)), tokens[here]].numpy()
        if progress is not None:
            progress.update(len(log_p))
    starts = np.r_[0, last[:-1] + 1]
    return WordsRead({str(layer): table[last] for layer, table in states.items()}, np.add.reduceat(nats, starts))


def read_tokens(
    sliding: SlidingPass, layers: Sequence[int], tokens: torch.Tensor
) -> Iterator[tuple[slice, dict[int, torch.Tensor], torch.Tensor]]:
    """Read the tokens (n_tokens,) of a text, `AT_ONCE` together.

    Yield which they are, their states (n, n_units) by layer, and the log probabilities (n, n_vocabulary) before each.
    """
    known: list[Known] = [None] * len(sliding.layers)
    next_log_p = sliding.first_log_p
    for start in range(0, len(tokens), AT_ONCE):
        here, states = slice(start, start + AT_ONCE), {}
        with torch.inference_mode():
            hidden, turn = sliding.backbone.embed_tokens(tokens[here]), _turns(sliding, here, len(tokens))
            for number in range(len(sliding.layers) + 1):
                if number in layers:
                    states[number] = hidden
                if number < len(sliding.layers):
                    hidden, known[number] = _layer(sliding, number, hidden, known[number], turn)
            log_p = torch.cat([next_log_p, sliding.log_p(hidden)])
        next_log_p = log_p[-1:]
        yield here, states, log_p[:-1]


Known = tuple[torch.Tensor, torch.Tensor] | None
"""Turned keys and values (n_known, n_heads, n_dimensions) of the newest tokens; none before the text."""


def _turns(sliding: SlidingPass, here: slice, n_tokens: int) -> torch.Tensor:
    """The angles of tokens and, for each, of the first one: (2, 2, n, n_frequencies), see `turns`."""
    positions = range(here.start + 1, min(here.stop, n_tokens) + 1)
    each = [turns(position, sliding.n_places, sliding.frequencies) for position in positions]
    return torch.from_numpy(np.stack(each, axis=2))


def _layer(
    sliding: SlidingPass, number: int, hidden: torch.Tensor, known: Known, turn: torch.Tensor
) -> tuple[torch.Tensor, Known]:
    """One layer for tokens (n, n_units) that follow the known ones; returns what leaves it, and what is known then."""
    own, of_first = turn[0][:, :, None], turn[1][:, :, None]
    query, keys, values = sliding.entering(number, hidden)
    query, keys = turned(query * sliding.width**-0.5, own[:, :, None]), turned(keys, own)
    if known is not None:
        keys, values = (torch.cat(pair) for pair in zip(known, (keys, values), strict=True))
    n_before = len(keys) - len(hidden)
    distance = torch.arange(len(hidden))[:, None] + n_before - torch.arange(len(keys))
    outside = torch.where((distance >= 0) & (distance <= sliding.n_places), 0.0, EMPTY)
    first_key = turned(sliding.first_keys[number].expand(len(hidden), -1, -1), of_first)
    scores = torch.einsum("nhqd,mhd->nhqm", query, keys) + outside[:, None, None]
    to_first = torch.einsum("nhqd,nhd->nhq", query, first_key)
    weights = torch.softmax(torch.cat([scores, to_first[..., None]], dim=-1), dim=-1)
    heard = torch.einsum("nhqm,mhd->nhqd", weights[..., :-1], values)
    heard = heard + weights[..., -1:] * sliding.first_values[number][:, None]
    return sliding.leaving(number, hidden, heard), (keys[-sliding.n_places :], values[-sliding.n_places :])
