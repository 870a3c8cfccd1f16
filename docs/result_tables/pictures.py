"""Tables of pictures that were made: metamers, and what drives neurons."""

from __future__ import annotations

from statistics import mean, median

from .outputs import ends, number, output, table

RECORDED = "control-v4-recorded"
"""A study of synthesised pictures that were presented."""
NOT_LOOKED_AT = ",".join(f"neuron_{i}" for i in range(33) if i % 4 or i == 32)
DRIVEN = {
    "control-v4-190923": ("25 neurons of macaque V4", "stretch", NOT_LOOKED_AT),
    "control-v4-190923.one-hot": (
        "four of them, and no other one",
        "one-hot",
        "neuron_1,neuron_10,neuron_18,neuron_27",
    ),
}
"""Studies of synthesised pictures, judged by models of neurons: what they are for, and what is asked. A suffix tells
several runs of one study apart.
"""
METAMERS = "metamers-lite0"


def metamers() -> str:
    """For each layer: whether metamers succeed, and how many of them other networks recognise."""
    found = output(METAMERS)
    random = {of["layer"]: of for of in found["untrained"]}
    lines = []
    for of in found["metamers"]:
        beyond = [rho > of["null"] for rho in of["rho"]]
        of_random = random.get(of["layer"])
        lines.append(
            [
                of["layer"],
                *(f"{sum(of[name])} of {len(of[name])}" for name in ("kept", "success")),
                *(f"{sum(beyond)} of {len(beyond)}", number(median(of["rho"])), number(of["null"])),
                f"**{ends(found['recognised'][of['layer']])}**",
                "" if of_random is None else number(mean(map(mean, of_random["recognised"].values()))),
                *map(ends, of["judged"].values()),
            ]
        )
    head = ["layer", "class kept", "success", "more alike than pairs", "correlation", "of pairs, 99th percentile"]
    return table([*head, "recognised by other networks", "the same, untrained layer", "V4"], lines)


def recorded() -> str:
    """How well recorded responses to synthesised pictures are predicted, and those of controls."""
    lines = [
        [name, f"**{ends(of['r'])}**" if name == "encoders" else ends(of["r"]), ends(of["top"])]
        for name, of in output(RECORDED)["rows"].items()
    ]
    return table(["predicted by", "r, median over neurons", "top tenth, beyond 95 % of natural"], lines)


def driven() -> str:
    """Shares of pictures that are beyond natural ones, by the own prediction, by the judge, and by controls."""
    lines = []
    for name, (what, *_) in DRIVEN.items():
        whose = [what]
        for judge, by in output(name)["shares"].items():
            for kind, of in by.items():
                value = ends(of["beyond_best"])
                made = kind != "trained"
                lines.append(
                    [
                        *(whose.pop() if whose else "", judge, kind if made else "encoders"),
                        *(value if made or judge.startswith("own") else f"**{value}**", ends(of["beyond_high"])),
                        *(ends(of["natural_high"]), ends(of["gain"], "+")),
                    ]
                )
    head = ["pictures for", "judge", "made by", "beyond the best of 1,200", "beyond 99 %", "natural one, beyond 99 %"]
    return table([*head, "score above the natural one"], lines)
