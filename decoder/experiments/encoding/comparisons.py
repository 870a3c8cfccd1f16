"""Tables of an encoding that compare regions with each other, and one direction with the other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...report.numbers import interval
from ...report.result import Table
from ...statistics.measures import Measure
from .figures import ends_text, what
from .gather import BEST
from .result import Encoding, Hierarchy, RegionEncoding


def risen_text(one: Hierarchy) -> str:
    """Whether later regions are predicted best by deeper layers, in words."""
    found, name = one.rise, " · ".join(filter(None, (one.session, one.time.name, one.network)))
    if np.isnan(found.rho):
        return f"{name}: the best layer is the same for all regions of the hierarchy."
    return (
        f"{name}: rank correlation of stage and depth of the best layer {found.rho:+.2f}, p = {found.p:.2g} (regions "
        f"exchanged; the least that these {len(one.regions)} regions can have is {found.least_p:.2g})."
    )


def hierarchy_table(one: Hierarchy) -> Table:
    """Stage and depth of each region."""
    rows = [[region, str(stage), f"{depth:.2f}"] for region, (stage, depth) in one.regions.items()]
    return Table(("", "stage", "depth of the best layer"), rows, risen_text(one))


def both_directions(result: Encoding, one: RegionEncoding, decoded: Mapping[tuple[str, ...], Measure]) -> Table:
    """What is decoded from a region with each layer, and how well each layer encodes the region.

    `decoded` has pairs by region, time, network and layer; by region and time where the layer was chosen.
    """
    place = one.region, one.time.name

    def decoded_text(*layer: str) -> str:
        known = decoded.get((*place, *layer))
        return "–" if known is None else interval(known)

    rows = [[BEST, decoded_text(), ends_text(one.best.explained)]]
    for (network, layer), score in one.layers.items():
        name = layer if len(result.networks) == 1 else f"{network} · {layer}"
        rows.append([name, decoded_text(network, layer), ends_text(score.explained)])
    chance = max(100 * of.chance for of in decoded.values())
    caption = (
        f"{result.name(one)}, in %. Decoded: one class against another (by guessing {chance:.0f}), from the region's "
        "activity through the layer and the rest of the network; controls of that are in the report of hotwire map. "
        "Encoded: the region's activity from the layer."
    )
    return Table(("", "decoded, pairs", f"encoded, {what(result)}"), rows, caption, bold=0)
