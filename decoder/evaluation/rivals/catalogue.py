"""The classifiers of the field that there are, by name: the allow-list for study files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....errors import InputError, UnknownNameError
from ...kinds import settings_from_dict
from .base import FieldClassifier
from .cca import CCA
from .csp_lda import CSPThenLDA
from .tangent_logistic import TangentThenLogistic
from .vectors import LDA, Logistic
from .xdawn_lda import XDawnThenLDA

FIELD: dict[str, type[FieldClassifier]] = {
    kind.name: kind for kind in (LDA, Logistic, CSPThenLDA, XDawnThenLDA, TangentThenLogistic, CCA)
}


def field_classifier(given: str | Mapping[str, Any] | FieldClassifier) -> FieldClassifier:
    """Return the classifier of that name, or that a table ``{"type": name, setting: value, ...}`` describes.

    Raises
    ------
    UnknownNameError
        There is none of that name, or it has no such setting.
    InputError
        It lacks a setting, or has one with a value that it cannot have.

    Examples
    --------
    >>> field_classifier("csp+lda")
    CSPThenLDA()
    >>> field_classifier({"type": "cca", "frequencies_hz": {"left": 8.0, "right": 12.0}}).harmonics
    2
    """
    if isinstance(given, FieldClassifier):
        return given
    if isinstance(given, str):
        if given not in FIELD:
            raise UnknownNameError("classifier of the field", given, FIELD)
        given = {"type": given}
    if not isinstance(given, Mapping):
        raise InputError(f"field: expected a name or a table {{ type = ..., ... }}, got {given!r}")
    return settings_from_dict("classifier of the field", FIELD, given)
