"""A map for ``--json``."""

from __future__ import annotations

from typing import Any

from ...report.data import plain_data
from .labels import MAIN
from .result import InjectionMap


def map_summary(found: InjectionMap) -> dict[str, Any]:
    """A map ready for JSON; `None` where there is no number.

    ``nested_pairwise``, ``interval``, ``chance``, ``p_value``, ``ceiling`` and ``controls`` are the pairwise accuracy
    of the nested choice; ``nested`` has every measure of it, ``map`` all cells.
    """
    nested, main = found.nested, found.nested.measures[MAIN]
    made = ("inner_folds", "inner_trials", "n_shuffles", "n_permutations", "seed")
    return plain_data(
        {
            **{f"nested_{name}": one.value for name, one in nested.measures.items()},
            "interval": [main.low, main.high],
            "chance": main.chance,
            "p_value": main.p_value,
            "ceiling": nested.ceiling[MAIN],
            "controls": {name: of[MAIN].value for name, of in nested.controls.items()},
            "chosen": nested.chosen,
            "nested": nested,
            "nested_by_region": found.nested_by_region,
            "map": [one.cell._asdict() | _without(one, "cell") for one in found.cells.values()],
            "regions": found.regions,
            "times": found.times,
            "networks": found.networks,
            "sessions": [_without(one, "findings") for one in found.sessions],
            "findings": {session.name: session.findings for session in found.sessions},
            "settings": found.settings | {name: getattr(found, name) for name in made},
            "seconds": found.seconds,
        }
    )


def _without(one: object, name: str) -> dict[str, Any]:
    return {field: value for field, value in vars(one).items() if field != name}
