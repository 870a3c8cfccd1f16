"""Reading texts word by word: what layers hold at each word, and how much the word was a surprise."""

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
    """Of each word: by layer, the state (n_words, n_units) at its last token; and minus its log probability
    (n_words,).
    """

    states: dict[str, NDArray[np.float32]]
    surprisal: NDArray[np.float32]


def read_texts(passes: Sequence[SlidingPass], texts: Sequence[Sequence[Sequence[int]]]) -> list[WordsRead]:
    """Read several texts side by side, each from its beginning.

    Parameters
    ----------
    passes : sequence of SlidingPass
        Of one network and as many tokens, one for each layer whose states are read.
    texts : sequence of sequence of sequence of int
        The tokens of each word of each text.

    Raises
    ------
    InputError
        A word has no token, or there is no pass.
    """
    if not passes:
        raise InputError("passes: expected one or more, got none")
    for text in texts:
        for position, word in enumerate(text):
            if not len(word):
                raise InputError(f"texts: expected a token or more for each word, got none for word {position + 1}")
    order = sorted(range(len(texts)), key=lambda i: -sum(map(len, texts[i])))
    tokens = [[token for word in texts[i] for token in word] for i in order]
    word_of = [[number for number, word in enumerate(texts[i]) for _ in word] for i in order]
    first, *others = sorted(passes, key=lambda one: one.layer)
    read = [_empty(len(text), passes) for text in texts]
    if not texts:
        return read
    memory, log_p = first.begin(len(texts))
    steps = tqdm(total=sum(map(len, tokens)), desc="reading", unit="token", delay=1, disable=None)
    for step in range(len(tokens[0])):
        n = sum(len(of) > step for of in tokens)  # the longest come first
        if n < len(memory):
            memory, log_p = memory.take(torch.arange(n)), log_p[:n]
        newest = torch.tensor([of[step] for of in tokens[:n]])
        surprisal = -log_p[torch.arange(n), newest]
        entered = [first.enter(memory, newest)]
        for one in others:
            entered.append(one.go_up(memory, entered[-1]))
        memory, log_p = (first, *others)[-1].go_on(memory, entered[-1])
        for row, surprise in enumerate(surprisal.numpy()):
            word, text = word_of[row][step], read[order[row]]
            text.surprisal[word] += surprise
            for one, here in zip((first, *others), entered, strict=True):
                text.states[str(one.layer)][word] = here.states[row].numpy()  # the last token of a word stays
        steps.update(n)
    steps.close()
    return read


def _empty(n_words: int, passes: Sequence[SlidingPass]) -> WordsRead:
    states = {str(one.layer): np.empty((n_words, one.n_units), np.float32) for one in passes}
    return WordsRead(states, np.zeros(n_words, np.float32))
