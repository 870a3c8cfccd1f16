"""Tables of how well layers predict sites: explained shares, dissimilarities, components of sounds."""

from __future__ import annotations

from typing import Any

from .outputs import ends, explained, number, output, table

ENCODED = {
    "encode-v4-objects": "macaque V4, 50 neurons, 640 grey objects (Majaj et al. 2015)",
    "encode-v4-190923": "macaque V4, 33 neurons, 1,200 photographs",
}
HEARD = "encode-natsound"
"""A study of sounds, each of whose regions is one component of auditory cortex."""
SIMILAR = "encode-images92"
"""A study of dissimilarity matrices."""
ROWS_OF_ENCODING = ("untrained network", "nuisance", "pixels", "PLS", "shuffled stimuli")


def encoded() -> str:
    """How well a network's layers predict sites: the nested choice beside its controls, in per cent explained."""
    head = [
        "study",
        "explained [95 %]",
        "of",
        "r",
        "unbiased r2",
        "beyond nuisance",
        *ROWS_OF_ENCODING,
        "whole classes",
    ]
    lines = []
    for study, recording in ENCODED.items():
        for one in output(study)["regions"]:
            best, *_ = one["rows"].values()
            of = "variance" if one["ceiling"] is None else f"ceiling, r {max(one['ceiling'], 0) ** 0.5:.2f}"
            others = [control(one, name) for name in ROWS_OF_ENCODING]
            classes = next(iter(one["beside"].get("class", {}).values()), None)
            lines.append(
                [
                    f"`{study}`: {recording}",
                    f"**{explained(best)}**",
                    *(of, f"{best['r']:.2f}", number(best["unbiased_r2"]), ends(one["unique"], "+"), *others),
                    "" if classes is None else explained(classes),
                ]
            )
    head = ["study", "explained [95 %]", "of", "r", "unbiased r2", "beyond nuisance"]
    return table([*head, *ROWS_OF_ENCODING, "whole classes"], lines)


def control(one: dict[str, Any], name: str) -> str:
    """What a control explains; of another model also by how much ridge is better."""
    row = next((row for row in one["rows"] if row.startswith(name)), None)
    if row is None:
        return ""
    gain = f"; ridge minus it {ends(one['gains'][row], '+')}" if name == "PLS" else ""
    return explained(one["rows"][row]) + gain


def heard() -> str:
    """How well a network's layers predict components of auditory cortex, beside a model of spectrum and modulation."""
    rival, lines = "spectrum and modulation", []
    for one in output(HEARD)["regions"]:
        best, *_ = one["rows"].values()
        by_classes, *_ = one["beside"]["class"].values()
        single = [of for of in one["layers"] if of["layer"] != "all layers"]
        layer = max(single, key=lambda of: of["explained"]["value"])
        lines.append(
            [
                one["region"],
                f"**{explained(best)}**",
                f"{layer['layer']}: {layer['explained']['value']:.3f}",
                *(explained(one["rows"][rival]), ends(one["gains"][rival], "+")),
                *(explained(one["rows"][name]) for name in ("cochleagram", "labels", "untrained network")),
                *(explained(by_classes), explained(one["beside"]["class"][rival])),
            ]
        )
    head = ["component", "explained [95 %]", "best single layer", rival, "above it", "cochleagram", "labels"]
    return table([*head, "untrained network", "whole categories held out", f"{rival} there"], lines)


def rising() -> str:
    """The sentence of the hierarchy test of the study of sounds."""
    [one] = output(HEARD)["hierarchies"]
    of = one["rise"]
    depths = ", ".join(f"{region} {depth:.2f}" for region, (_, depth) in one["regions"].items())
    return (
        f"Depth of the best layer, 0 (first) to 1 (last): {depths}. Rank correlation with the stage {of['rho']:+.2f}, "
        f"p = {of['p']:.2g}."
    )


def similar() -> str:
    """The correlation of dissimilarities of layers and regions: the nested layer, the best late one, the controls."""
    lines = []
    for one in output(SIMILAR)["regions"]:
        layer = max(one["chosen"], key=one["chosen"].get)
        gains = one["gains"][layer]
        lines.append(
            [
                f"`{SIMILAR}`: {one['region'].replace('_', ' ')}",
                f"**{one['nested']:.3f}**",
                *(f"{layer}: {ends(one['layers'][layer])}", ends(one["controls"]["pixels"])),
                *(ends(gains[control], "+") for control in ("pixels", "nuisance", "untrained network")),
            ]
        )
    head = [
        "region",
        "nested",
        "layer chosen most often",
        "pixels",
        "above pixels",
        "above nuisance",
        "above untrained",
    ]
    return table(head, lines)
