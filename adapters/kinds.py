"""The kinds of adapter that can be saved. A file may name no other class."""

from __future__ import annotations

from collections.abc import Mapping

from numpy.typing import NDArray

from ..errors import BundleError
from .checks import params_of, require_arrays
from .factored import FactoredAdapter
from .other.banded import BandedAdapter
from .other.delayed import DelayedAdapter
from .other.pls import PLSAdapter
from .other.recursive import RecursiveAdapter
from .other.reduced_rank import ReducedRankAdapter
from .ridge.ridge import RidgeAdapter

KINDS: dict[str, type[FactoredAdapter]] = {
    kind.kind: kind
    for kind in (RidgeAdapter, BandedAdapter, DelayedAdapter, ReducedRankAdapter, PLSAdapter, RecursiveAdapter)
}


def adapter_from_arrays(arrays: Mapping[str, NDArray]) -> FactoredAdapter:
    """A fitted adapter of any kind from the arrays of its `to_arrays`.

    BundleError if the kind is unknown, an array is missing, or shapes do not match.
    """
    require_arrays("the adapter", arrays, ["params"])
    # Adapters saved before kinds existed are ridge.
    kind = params_of(arrays).get("kind", RidgeAdapter.kind)
    if kind not in KINDS:
        raise BundleError(f"the adapter is of kind {kind!r}, expected one of: {', '.join(KINDS)}")
    return KINDS[kind].from_arrays(arrays)
