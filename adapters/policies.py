"""The named policies of several estimators, and the check of a parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import UnknownNameError

Policies = Mapping[str, Sequence[str]]

ALPHA_PER = {"alpha_per": ("all", "unit")}
CHOOSE_BY = {"choose_by": ("error", "direction")}
GAIN = {"gain": ("none", "total", "unit")}
"""No gain; one factor that restores the variance summed over units; a factor for each unit."""
SCALE = {"scale": ("none", "unit_variance")}


def require_policies(estimator: object, *policies: Policies) -> None:
    """Raise UnknownNameError if a parameter of the estimator is not one of its policies."""
    for of_names in policies:
        for name, known in of_names.items():
            if getattr(estimator, name) not in known:
                raise UnknownNameError(name, getattr(estimator, name), known)
