"""Names by content: equal ingredients have equal keys, different ingredients have different keys."""

from __future__ import annotations

import json
from typing import Any

from numpy.typing import NDArray

from ....models.files import sha256_of


def digest_of(array: NDArray) -> str:
    """SHA-256 of an array's type, shape and content."""
    return sha256_of(f"{array.dtype.str} {array.shape} ", array.tobytes())


def content_key(*ingredients: Any) -> str:
    """SHA-256 of any JSON data, and of arrays within it.

    Examples
    --------
    >>> import numpy as np
    >>> content_key({"a": 1, "b": np.zeros(2)}) == content_key({"b": np.zeros(2), "a": 1}) != content_key({"a": 1})
    True
    """
    return sha256_of(json.dumps(ingredients, sort_keys=True, default=digest_of))
