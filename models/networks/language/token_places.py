"""Where a bounded memory of tokens has each of them, and how long ago it was read; needs no torch.

The first token of a text stays at the first place. Each of the others takes the place of the oldest once all are full.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def place_of_next(n_read: int, n_places: int) -> int:
    """Where the token that comes after `n_read` others is put.

    Examples
    --------
    >>> [place_of_next(n_read, n_places=4) for n_read in range(9)]
    [0, 1, 2, 3, 1, 2, 3, 1, 2]
    """
    return 1 + (n_read - 1) % (n_places - 1) if n_read else 0


def ages(n_read: int, n_places: int) -> NDArray[np.int64]:
    """How many tokens before the next one each place's token was read, (n_places,); 0 for an empty place.

    The first token is never further away than the others reach.

    Examples
    --------
    >>> ages(2, n_places=4), ages(6, n_places=4)
    (array([2, 1, 0, 0]), array([4, 2, 1, 3]))
    """
    made = np.zeros(n_places, np.int64)
    made[0] = min(n_read, n_places)
    for token in range(max(1, n_read - n_places + 1), n_read):
        made[place_of_next(token, n_places)] = n_read - token
    return made
