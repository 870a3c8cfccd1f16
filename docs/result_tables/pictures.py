"""Tables of pictures and sounds that were made: metamers, and what drives sites."""

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
SOUNDED = {
    "control-natsound": ("six components of auditory cortex", "stretch", "*"),
    "control-natsound.one-hot": ("each of them, and no other one", "one-hot", "*"),
}
"""The same of synthesised sounds."""
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
    """Of pictures, see `beyond_natural`."""
    return beyond_natural(DRIVEN, "pictures", "1,200")


def sounded() -> str:
    """Of sounds, see `beyond_natural`."""
    return beyond_natural(SOUNDED, "sounds", "125")


def beyond_natural(studies: dict[str, tuple[str, str, str]], made: str, n_natural: str) -> str:
    """Shares of what is beyond natural ones, by the own prediction, by judges, and by controls."""
    lines = []
    for name, (what, *_) in studies.items():
        whose = [what]
        for judge, by in output(name)["shares"].items():
            for kind, of in by.items():
                value = ends(of["beyond_best"])
                control = kind != "trained"
                lines.append(
                    [
                        *(whose.pop() if whose else "", judge, kind if control else "encoders"),
                        *(value if control or judge.startswith("own") else f"**{value}**", ends(of["beyond_high"])),
                        *(ends(of["natural_high"]), ends(of["gain"], "+")),
                    ]
                )
    head = [f"{made} for", "judge", "made by", f"beyond the best of {n_natural}", "beyond 99 %"]
    return table([*head, "natural one, beyond 99 %", "score above the natural one"], lines)
