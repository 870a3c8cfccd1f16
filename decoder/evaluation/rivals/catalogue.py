"""The classifiers of the field by name: the allow-list for study files. Other packages add theirs as entry points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....errors import InputError, UnknownNameError
from ...kinds import Kinds, settings_from_dict
from .base import Rival
from .cca import CCA
from .spatial import CSPThenLDA, TangentThenLogistic, XDawnThenLDA, XDawnThenTangent
from .vectors import LDA, Centroid, Logistic

RIVALS: Kinds[Rival] = Kinds(
    "hotwire.classifiers",
    Rival,
    (LDA, Logistic, Centroid, CSPThenLDA, XDawnThenLDA, TangentThenLogistic, XDawnThenTangent, CCA),
    named_by="name",
)


def rival_named(given: str | Mapping[str, Any] | Rival) -> Rival:
    """Return the classifier of that name, or of a table ``{"type": name, setting: value, ...}``.

    It raises UnknownNameError for an unknown name or setting, and InputError for a missing setting or a wrong value.

    Examples
    --------
    >>> rival_named("csp+lda")
    CSPThenLDA()
    >>> rival_named({"type": "cca", "frequencies_hz": {"left": 8.0, "right": 12.0}}).harmonics
    2
    """
    if isinstance(given, Rival):
        return given
    if isinstance(given, str):
        if given not in RIVALS:
            raise UnknownNameError("classifier of the field", given, RIVALS)
        given = {"type": given}
    if not isinstance(given, Mapping):
        raise InputError(f"field: expected a name or a table {{ type = ..., ... }}, got {given!r}")
    return settings_from_dict("classifier of the field", RIVALS, given)
