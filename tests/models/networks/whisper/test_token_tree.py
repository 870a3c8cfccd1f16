from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax, logsumexp

from hotwire.models.networks.whisper.token_tree import TokenTree

N_TOKENS = 6
TEXT = st.lists(st.integers(0, N_TOKENS - 1), min_size=1, max_size=4)
TEXTS = st.lists(st.lists(TEXT, min_size=1, max_size=3), min_size=1, max_size=4)


def logits_behind(tokens: list[int]) -> np.ndarray:
    """Of a model that looks at all that was said, in its order."""
    return np.random.default_rng(tokens).normal(size=N_TOKENS)


@given(prompt=st.lists(st.integers(0, N_TOKENS - 1), min_size=1, max_size=3), candidates=TEXTS)
def test_scores_are_those_of_each_text_on_its_own(prompt: list[int], candidates: list[list[list[int]]]) -> None:
    tree = TokenTree(prompt, candidates)
    tokens = tree.tokens[0].tolist()
    looks_at = (tree.mask[0, 0] == 0).numpy()
    logits = []
    for place in range(len(tokens)):
        seen = np.flatnonzero(looks_at[place])
        # In the order of their depths, which is each one's position: one token at each.
        assert tree.depths[0, seen].tolist() == list(range(len(seen)))
        assert tree.depths[0, place] == len(seen) - 1
        logits.append(logits_behind([tokens[i] for i in seen]))
    found = tree.scores(torch.tensor(np.stack(logits))).numpy()

    def of_text(text: list[int]) -> float:
        return sum(log_softmax(logits_behind([*prompt, *text[:i]]))[text[i]] for i in range(len(text)))

    expected = [logsumexp([of_text(text) for text in texts]) for texts in candidates]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_what_several_texts_begin_with_is_there_once() -> None:
    tree = TokenTree([0], [[[1, 2, 5], [1, 2, 3, 5]], [[1, 4, 5]]])
    assert tree.tokens.tolist() == [[0, 1, 2, 3, 4]]
