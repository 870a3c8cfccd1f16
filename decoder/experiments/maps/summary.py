"""A map for ``--json``."""

from __future__ import annotations

from typing import Any

from ...report.data import plain_data
from .labels import MAIN
from .result import InjectionMap


def map_summary(result: InjectionMap) -> dict[str, Any]:
    """A map as JSON data; `None` where there is no number.

    ``nested_pairwise``, ``interval``, ``chance``, ``p_value``, ``ceiling`` and ``controls`` are the pairwise accuracy
    of the nested choice; ``nested`` has every measure of it, ``map`` all cells.
    """
    nested, main = result.nested, result.nested.measures[MAIN]
    made = ("inner_folds", "inner_trials", "n_shuffles", "n_permutations", "seed", "controls_redo")
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
            "nested_by_region": result.nested_by_region,
            "map": [one.cell._asdict() | _without(one, "cell") for one in result.cells.values()],
            "regions": result.regions,
            "times": result.times,
            "networks": result.networks,
            "sessions": [_without(one, "findings") for one in result.sessions],
            "findings": {session.name: session.findings for session in result.sessions},
            "settings": result.settings | {name: getattr(result, name) for name in made},
            "seconds": result.seconds,
        }
    )


def _without(one: object, name: str) -> dict[str, Any]:
    return {field: value for field, value in vars(one).items() if field != name}
