"""How alike texts are to a sentence encoder: the cosine of their vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...models.networks.sentence import SentenceEncoder
from .window_identification import Words

Floats = NDArray[np.float64]


class SentenceSimilarity:
    """A sentence encoder's vectors of texts; each text is embedded once.

    Called with texts and others it implements `hotwire.decoder.gist.window_identification.Alike`.
    """

    def __init__(self, encoder: SentenceEncoder) -> None:
        self.name = encoder.name
        self._encoder = encoder
        self._known: dict[str, Floats] = {}

    def __call__(self, texts: Sequence[Words], others: Sequence[Words]) -> Floats:
        return self._vectors(texts) @ self._vectors(others).T

    def pairs(self, texts: Sequence[Words], others: Sequence[Words]) -> Floats:
        """How alike each text (n_texts,) is to the other at its place."""
        return (self._vectors(texts) * self._vectors(others)).sum(axis=1)

    def _vectors(self, texts: Sequence[Words]) -> Floats:
        joined = [" ".join(text).lower() for text in texts]
        new = sorted({text for text in joined if text not in self._known}, key=len)  # little padding
        if new:
            self._known |= zip(new, self._encoder.outputs(new).astype(np.float64), strict=True)
        found = np.array([self._known[text] for text in joined])
        return found * np.array([bool(text) for text in joined])[:, None]  # where nothing is said, nothing is alike
