"""What a language model makes of each word of a long text, read in stretches that each know what came before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ....errors import InputError
from .language_model import LanguageModel
from .layer_shells import recording_shell

N_CONTEXT = 512
"""How many tokens are read at once, after as many that came before them."""


@dataclass(frozen=True, eq=False)
class WordStates:
    """What a language model makes of words.

    Attributes
    ----------
    states : dict of str to array (n_words, n_units)
        For each layer, the state at the last token of each word, float32.
    surprisal : array (n_words,)
        Minus the log probability of each word after those before it, in nats.
    """

    states: dict[str, NDArray[np.float32]]
    surprisal: NDArray[np.float64]


@torch.inference_mode()
def word_states(
    network: LanguageModel, words: Sequence[str], layers: Sequence[str], *, n_context: int = N_CONTEXT
) -> WordStates:
    """Read words one after the other, each with the words before it, never those after.

    Parameters
    ----------
    network : LanguageModel
    words : sequence of str
        A text, word by word, as the tokenizer is to see them; a space is put before each.
    layers : sequence of str
    n_context : int
        Tokens read at once, from 1. A token sees at least as many before it as that, where there are as many.

    Raises
    ------
    InputError
        A word has no token, or the text is read in longer pieces than the network can see.
    UnknownNameError
        There is no such layer.
    """
    for layer in layers:
        network.shape_of(layer)
    config = network.model.config.get_text_config()
    if not 1 <= n_context <= config.max_position_embeddings // 2:
        raise InputError(f"n_context: expected 1 to {config.max_position_embeddings // 2} tokens, got {n_context}")
    tokens = [config.eos_token_id if config.bos_token_id is None else config.bos_token_id]
    stops = []
    for word in words:
        of_word = network.tokenizer(f" {word}", add_special_tokens=False)["input_ids"]
        if not of_word:
            raise InputError(f"words: expected words with tokens, got {word!r}")
        tokens += of_word
        stops.append(len(tokens))
    recorded: dict[int, torch.Tensor] = {}
    shell = recording_shell(network.model, recorded)
    states = {layer: np.empty((len(tokens), *network.layers[layer]), np.float32) for layer in layers}
    surprisal = np.zeros(len(tokens))
    for first in range(0, len(tokens), n_context):
        start, stop = max(0, first - n_context), min(first + n_context, len(tokens))
        piece = torch.tensor(tokens[start:stop])
        logits = shell(piece[None], use_cache=False).logits[0, :-1]
        nats = torch.logsumexp(logits, dim=1) - logits.gather(1, piece[1:, None])[:, 0]
        after = max(first, 1)  # nothing is known of the first token, with which every text begins
        surprisal[after:stop] = nats[after - 1 - start :].numpy()
        for layer in layers:
            states[layer][first:stop] = recorded[int(layer)][0, first - start :].numpy()
    starts = [1, *stops[:-1]]
    return WordStates(
        {layer: of[np.array(stops) - 1] for layer, of in states.items()}, np.add.reduceat(surprisal, starts)
    )
