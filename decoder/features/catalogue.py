"""The kinds of features there are, by name: the allow-lists for bundles and study files, and how they are saved."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np

from ...errors import UnknownNameError
from ..kinds import Kinds, settings_from_dict
from .base import Features, FittedFeatures
from .csp import CSP
from .log_variance import LogVariance
from .spectrum import Spectrum
from .tangent_space import TangentSpace
from .xdawn import XDawn

FEATURES: Kinds[Features] = Kinds("hotwire.features", Features, (LogVariance, CSP, XDawn, TangentSpace, Spectrum))

KIND = "kind"


def features_from_dict(saved: Mapping[str, Any]) -> Features:
    """Return the features that ``to_dict`` described.

    Raises
    ------
    UnknownNameError
        There is no such kind, or it has no such setting.
    InputError
        A setting has a value that it cannot have.
    """
    return settings_from_dict("features", FEATURES, saved)


def packed(features: FittedFeatures) -> bytes:
    """Return fitted features as the bytes of a ``.npz`` file, which numpy reads without running any code."""
    file = BytesIO()
    arrays: dict[str, Any] = {KIND: np.array(features.kind), **features.to_arrays()}
    np.savez(file, **arrays)
    return file.getvalue()


def unpacked(content: bytes) -> FittedFeatures:
    """Return the features that `packed` saved.

    UnknownNameError for an unknown kind; ValueError or KeyError where bytes are damaged or arrays are missing.
    """
    with np.load(BytesIO(content), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    kind = str(arrays.pop(KIND))
    if kind not in FEATURES:
        raise UnknownNameError("features", kind, FEATURES)
    return FEATURES[kind].fitted.from_arrays(arrays)
