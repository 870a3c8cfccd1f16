"""Reading texts word by word: what a layer holds at each word, and how much the word was a surprise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from ....errors import InputError
from .sliding_pass import SlidingPass


class WordsRead(NamedTuple):
    """Of each word: the state (n_words, n_units) at its last token, and minus its log probability (n_words,)."""

    states: NDArray[np.float32]
    surprisal: NDArray[np.float64]


def read_texts(sliding: SlidingPass, texts: Sequence[Sequence[Sequence[int]]]) -> list[WordsRead]:
    """Read several texts side by side, each from its beginning.

    Parameters
    ----------
    sliding : SlidingPass
    texts : sequence of sequence of sequence of int
        The tokens of each word of each text.

    Raises
    ------
    InputError
        A word has no token.
    """
    for text in texts:
        for position, word in enumerate(text):
            if not len(word):
                raise InputError(f"texts: expected a token or more for each word, got none for word {position + 1}")
    order = sorted(range(len(texts)), key=lambda i: -sum(map(len, texts[i])))
    tokens = [[token for word in texts[i] for token in word] for i in order]
    word_of = [[number for number, word in enumerate(texts[i]) for _ in word] for i in order]
    width = sliding.n_units
    read = [WordsRead(np.empty((len(text), width), np.float32), np.zeros(len(text))) for text in texts]
    if not texts:
        return read
    memory, log_p = sliding.begin(len(texts))
    for step in tqdm(range(len(tokens[0])), desc="reading", unit="token", delay=1, disable=None):
        n = sum(len(of) > step for of in tokens)  # the longest come first
        if n < len(memory):
            memory, log_p = memory.take(torch.arange(n)), log_p[:n]
        newest = torch.tensor([of[step] for of in tokens[:n]])
        surprisal = -log_p[torch.arange(n), newest]
        entered = sliding.enter(memory, newest)
        memory, log_p = sliding.go_on(memory, entered)
        for row, (state, one) in enumerate(zip(entered.states.numpy(), surprisal.tolist(), strict=True)):
            word, text = word_of[row][step], read[order[row]]
            text.states[word] = state  # the last token of a word stays
            text.surprisal[word] += one
    return read
