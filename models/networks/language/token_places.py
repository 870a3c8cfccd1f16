"""A bounded memory of the tokens of a text: where each is, and at which position it is attended to. It needs no torch.

The first token of a text is always there. Each of the others takes the place of the oldest once all are full.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

EMPTY = float(np.finfo(np.float32).min)
"""Added to the score of a place without a token: its weight is then zero."""


def place_of(position: int, n_places: int) -> int:
    """Where the token at a position, from 1, is stored.

    Examples
    --------
    >>> [place_of(position, n_places=3) for position in range(1, 8)]
    [0, 1, 2, 0, 1, 2, 0]
    """
    return (position - 1) % n_places


def emptiness(position: int, n_places: int) -> NDArray[np.float32]:
    """What the token at a position adds to the scores of the places, (n_places,): zero where there is a token before
    it.

    Examples
    --------
    >>> emptiness(3, n_places=4) == 0
    array([ True,  True, False, False])
    """
    return np.where(np.arange(n_places) < position - 1, 0.0, EMPTY).astype(np.float32)


def turns(position: int, n_places: int, frequencies: ArrayLike) -> NDArray[np.float32]:
    """Cosine and sine, (2, 2, n_frequencies), of the angles of the token at a position, and of the first one.

    Only differences of positions count. The first token is never further away than one place more than there are, as if
    it had been read just before the oldest of the others.

    Examples
    --------
    >>> turns(2, n_places=4, frequencies=[0.0, np.pi / 2]).round(2)[0]
    array([[ 1., -1.],
           [ 0.,  0.]], dtype=float32)
    """
    positions = np.array([position, max(position - n_places - 1, 0)], np.float64)
    angles = np.outer(positions, np.asarray(frequencies, np.float64))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
