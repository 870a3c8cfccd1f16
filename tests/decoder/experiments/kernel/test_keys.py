"""Keys tell apart whatever results depend on."""

from __future__ import annotations

import numpy as np

from hotwire.decoder.experiments.kernel.keys import content_key


def test_equal_content_has_equal_keys_and_other_content_others() -> None:
    array = np.arange(6, dtype=np.float32)
    assert content_key("a", array, [1]) == content_key("a", array.copy(), [1])
    assert content_key("a", array[::2]) == content_key("a", array[::2].copy())
    others = [array.reshape(2, 3), array.astype(np.float64), array + 1, array[:5], "a", {"a": 1}, 1]
    assert len({content_key(one) for one in [array, *others]}) == 1 + len(others)
