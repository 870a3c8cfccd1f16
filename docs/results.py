"""The tables of results in README.md and in these pages, written from what the commands print as JSON.

``python docs/results.py`` writes each table again from ``docs/results/*.json``; ``--check`` only compares.
``python studies/tables.py`` runs the commands that print these outputs, and puts them there without the decisions one
by one.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from statistics import mean, median
from typing import Any, NamedTuple

DOCS = Path(__file__).parent
OUTPUTS = DOCS / "results"
PAGES = [DOCS.parent / "README.md", *sorted(DOCS.glob("**/*.md"))]


class Row(NamedTuple):
    """One result: the output it comes from, and what was recorded and asked."""

    name: str
    recording: str
    question: str
    measure: str


SCANNER = [
    Row("demo", "fMRI, one slice, 96 blocks of eight categories (Haxby 2001)", "the word, said freely", "free"),
    Row("demo", "", "the word among eight", "candidate"),
    Row("demo", "", "one word against another", "pairwise"),
    Row("haxby-live", "the same, **live**: 864 single volumes, causal steps", "the word, said freely", "free"),
    Row("haxby-live", "", "one word against another", "pairwise"),
    Row("haxby-slice", "fMRI, one slice, 96 blocks, by the discriminant readout", "the word among eight", "candidate"),
    Row("haxby-vt", "fMRI, ventral temporal cortex, 96 blocks (Haxby 2001)", "the word among eight", "candidate"),
]
NEURONS = [
    Row("v4-210621", "macaque V4, 51 neurons, 1,200 photographs", "the network's class, against another", "pairwise"),
    Row("v4-210621", "", "that class among 371", "candidate"),
    Row("it-objects", "macaque IT, 132 neurons, seven objects", "the word among seven", "candidate"),
]
EEG = [
    Row("openbmi-imagery", "EEG, motor imagery, 3 channels, 100 trials", "left or right", "candidate"),
    Row("openbmi-p300", "EEG, P300, 2 channels, 4,140 single flashes", "target or not (area under the curve)", "auc"),
    Row("openbmi-ssvep", "EEG, flicker, 1 channel, 100 trials", "one of four directions", "candidate"),
]
ONE_NEW = "one new class against another"
NEW = [
    Row("v4-new-classes", "macaque V4, 51 neurons, 1,200 photographs", ONE_NEW, "pairwise"),
    Row("v4-new-classes-190923", "session 190923, 33 neurons, 1,200 photographs", ONE_NEW, "pairwise"),
    Row("v4-new-classes-190925", "session 190925, 36 neurons, 1,200 photographs", ONE_NEW, "pairwise"),
    Row("v4-new-classes-190928", "session 190928, 24 neurons, 1,200 photographs", ONE_NEW, "pairwise"),
    Row("v4-new-classes-190929", "session 190929, 33 neurons, 1,200 photographs", ONE_NEW, "pairwise"),
    Row("v4-new-classes-210224", "session 210224, 67 neurons, 800 photographs", ONE_NEW, "pairwise"),
    Row("v4-new-classes-210325", "session 210325, 50 neurons, 640 grey objects", ONE_NEW, "pairwise"),
    Row("it-new-objects", "macaque IT, 132 neurons, seven objects", "one new word against another", "pairwise"),
    Row("haxby-new-words", "fMRI, one slice, eight categories", "one new word against another", "pairwise"),
]
"""Classes that no training trial showed: no classifier of labels answers there."""
MAPS = [
    Row("it-map", "macaque IT, 132 neurons, 5 times, SmolLM2", "the word among seven", "candidate"),
    Row("it-map", "", "one word against another", "pairwise"),
    Row("digits69-map", "V1, V2, V3 of one person, 100 digits, a small network", "six or nine", "candidate"),
    Row("haxby-vt-map", "ventral temporal cortex, single volumes, 12 layers", "one word against another", "pairwise"),
]
FRESH = [
    Row("v4-190928", "24 neurons, 1,200 photographs", "the network's class, against another", "pairwise"),
    Row("v4-190929", "33 neurons, 1,200 photographs", "the network's class, against another", "pairwise"),
    Row("v4-210224", "67 neurons, 800 photographs", "the network's class, against another", "pairwise"),
]
"""Sessions that nobody had looked at: evaluated once, with the settings of `v4-210621`."""
ADDS = [
    NEW[0],
    Row("haxby-live", "fMRI, one slice, **live**: 864 single volumes", "the word, said freely", "free"),
    Row("demo", "the same, 96 blocks of eight categories", "the word, said freely", "free"),
]
"""For README: what no classifier of trained labels gives."""
TRAINED = [
    *[row for row in SCANNER if row.name in ("haxby-slice", "haxby-vt")],
    *[row for row in [*NEURONS, *EEG] if row.recording and not row.name.startswith("v4")],
]
"""For README: where classifiers of the field answer, too."""
RETRIEVED = {
    "retrieval-alice": "18 listeners, six language regions, a chapter of Alice in Wonderland",
    "retrieval-pieman": "24 listeners, 100 hubs, the story Pie Man",
}
ENCODED = {
    "encode-v4-objects": "macaque V4, 50 neurons, 640 grey objects (Majaj et al. 2015)",
    "encode-v4-190923": "macaque V4, 33 neurons, 1,200 photographs",
}
STORIES = {
    "encode-alice": "18 listeners, six language regions, a chapter of Alice in Wonderland",
    "encode-pieman": "24 listeners, 100 hubs, the story Pie Man",
}
READING = "encode-reading-times"
HEARD = "encode-natsound"
"""A study of sounds, each of whose regions is one component of auditory cortex."""
SIMILAR = "encode-images92"
"""A study of dissimilarity matrices."""
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
SIMULATED = "intervals"
"""The output of ``benchmarks/intervals.py --json``."""
SIMULATED_PARTS = ("n", "n_maps", "coverage", "difference", "refits", "map", "evaluate", "goals")
BUNDLE = ".bundle"
"""An output of this suffix is that of the study with ``--engine bundle``: the graph of 8 bits that a rig runs."""
LIVE = ["haxby-live", "it-objects", "openbmi-imagery", "openbmi-p300", "openbmi-ssvep"]
"""Studies whose decoder can go live, in which the graph is compared with the network."""
MEASURED = {"candidate": "accuracy", "pairwise": "pairs", "auc": "AUC"}
GOALS = {
    "coverage_candidate": "coverage of accuracy, 6 runs and more",
    "coverage_pairwise": "coverage of pairs, 6 runs and more",
    "coverage_auc": "coverage of the AUC, 6 runs and more",
    "coverage_unequal_without_signal": "the same of accuracy and pairs, 5 : 1, without signal",
    "p_is_even": "Kolmogorov-Smirnov test that p is even",
    "p_below_0.05": "p at most 0.05 without signal",
    "equal_decoders_differ": "intervals of equal decoders' difference that miss 0",
    "family_wise_error": "maps of noise with a significant cell",
    "coverage_of_evaluate": "coverage of `evaluate` on noise",
}
ROWS_OF_ENCODING = ("untrained network", "nuisance", "pixels", "PLS", "shuffled stimuli")
ROWS_OF_RETRIEVAL = ("language model and nuisance", "nuisance alone", "other listeners' brains")
ROWS_OF_STORIES = {
    "layer, nuisance and position": "all together",
    "layer alone": "layer alone",
    "nuisance alone": "nuisance alone",
    "position in time alone": "position alone",
}
CONTROLS = {"shuffled pairing": "shuffled", "mean activation": "mean", "untrained network": "untrained"}


def output(name: str) -> dict[str, Any]:
    return json.loads((OUTPUTS / f"{name}.json").read_text(encoding="utf-8"))


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def interval(measure: dict[str, Any]) -> str:
    return "none" if measure["low"] is None else f"{measure['low']:.3f}–{measure['high']:.3f}"


def p_value(measure: dict[str, float]) -> str:
    return f"{measure['p_value']:.1g}".replace("e-05", "e-5")


def judged(measure: dict[str, float], ceiling: float) -> list[str]:
    """A value, its interval, chance and p, and the ceiling."""
    value = f"**{measure['value']:.3f}**"
    return [value, interval(measure), number(measure["chance"]), p_value(measure), number(ceiling)]


def table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def evaluations(rows: list[Row]) -> str:
    """Everything that a result needs to be judged: chance, interval, p, ceiling, controls, best rival."""
    lines = []
    for row in rows:
        found = output(row.name)
        measures = found["measures"]
        own = measures["decoder"][row.measure]
        controls = [number(measures.get(name, {}).get(row.measure, {}).get("value")) for name in CONTROLS]
        lines.append(
            [
                *(row.recording, row.question),
                *judged(own, measures["ceiling"][row.measure]["value"]),
                *(*controls, said(found, row.measure), rival(found, row.measure)),
            ]
        )
    head = ["recording", "question", "hotwire", "95 % interval", "chance", "p", "ceiling", *CONTROLS.values()]
    return table([*head, "the network says", "best rival; hotwire minus it"], lines)


def rival(found: dict[str, Any], measure: str) -> str:
    """The classifier of the field that did best on the same trials, and the difference with its interval."""
    names = [name for name in found.get("field") or {} if measure in found["measures"].get(name, {})]
    if not names:
        return ""
    best = max(names, key=lambda name: found["measures"][name][measure]["value"])
    value = found["measures"][best][measure]["value"]
    difference = found["field"][best]["differences"].get(measure)
    if difference is None:
        return f"{best} {value:.3f}"
    low, high = difference["low"], difference["high"]
    between = "" if low is None else f" [{signed(low)}, {signed(high)}]"
    return f"{best} {value:.3f}; {signed(difference['value'])}{between}"


def signed(value: float) -> str:
    return f"{round(value, 3) + 0.0:+.3f}"


def said(found: dict[str, Any], measure: str) -> str:
    """What the network itself says of the same predictions, where another readout decides."""
    row = found["measures"].get("LabelReadout")
    if row is None:
        return ""
    free = found["measures"]["decoder"].get("free")
    return number(row[measure]["value"]) + ("" if free is None else f"; freely {number(free['value'])}")


def adds(rows: list[Row]) -> str:
    """For README: what the network adds, with all sessions of new classes in one row."""
    lines = []
    for row in rows:
        measures = output(row.name)["measures"]
        own = measures["decoder"][row.measure]
        others = (measures["shuffled pairing"][row.measure], measures["ceiling"][row.measure])
        value = f"**{own['value']:.3f}** [{interval(own)}]"
        lines.append(
            [row.recording, row.question, value, number(own["chance"]), *(number(one["value"]) for one in others)]
        )
        if row == NEW[0]:
            lines.append(other_sessions())
    return table(["recording", "question", "hotwire [95 %]", "chance", "shuffled", "ceiling"], lines)


def other_sessions() -> list[str]:
    """Of the other sessions of V4 the least and the largest value of each column."""
    sessions = [output(row.name)["measures"] for row in NEW[1:] if row.name.startswith("v4")]
    own = [one["decoder"]["pairwise"] for one in sessions]
    columns = [[one[what] for one in own] for what in ("value", "chance")]
    columns += [[one[name]["pairwise"]["value"] for one in sessions] for name in ("shuffled pairing", "ceiling")]
    spans = [" to ".join(dict.fromkeys(number(end) for end in (min(of), max(of)))) for of in columns]
    return [f"the same, other sessions ({len(sessions)})", NEW[0].question, *spans]


def short(rows: list[Row]) -> str:
    """For README: the result of the discriminant readout beside what the network says, and the best rival."""
    lines = []
    for row in rows:
        found = output(row.name)
        own = found["measures"]["decoder"][row.measure]
        value = f"{own['value']:.3f} [{interval(own)}]"
        parts = (value, said(found, row.measure), number(own["chance"]), rival(found, row.measure))
        lines.append([row.recording, row.question, *parts])
    head = ["recording", "question", "hotwire [95 %]", "the network says", "chance", "best rival; hotwire minus it"]
    return table(head, lines)


def maps(rows: list[Row]) -> str:
    """The cell of a map that inner folds chose, judged on what the outer folds held out."""
    lines = []
    for row in rows:
        nested = output(row.name)["nested"]
        own = nested["measures"][row.measure]
        controls = [
            number(nested["controls"].get(name, {}).get(row.measure, {}).get("value"))
            for name in [*CONTROLS, "nuisance"]
        ]
        lines.append(
            [
                *(f"`{row.name}`: {row.recording}" if row.recording else "", row.question),
                *judged(own, nested["ceiling"][row.measure]),
                *controls,
            ]
        )
    head = ["map", "question", "hotwire, nested", "95 % interval", "chance", "p", "ceiling", *CONTROLS.values()]
    return table([*head, "nuisance"], lines)


def retrieved() -> str:
    """Which stretch of a story is heard: pairs of windows, and those of nuisance features alone and of other brains."""
    lines = []
    for name, recording in RETRIEVED.items():
        for window_s, of in output(name)["windows"].items():
            own, nuisance, ceiling = (of["scores"][row] for row in ROWS_OF_RETRIEVAL)
            gain = of["gain_over"][ROWS_OF_RETRIEVAL[1]]
            lines.append(
                [
                    f"`{name}`: {recording}, {window_s} s",
                    f"**{own['one_listener']['value']:.3f}** [{interval(own['one_listener'])}]",
                    f"{own['one_listener_shifted']['z']:.1f}",
                    number(nuisance["one_listener"]["value"]),
                    f"{signed(gain['value'])} [{signed(gain['low'])}, {signed(gain['high'])}]",
                    number(ceiling["one_listener"]["value"]),
                    f"**{own['half']:.3f}**",
                    number(nuisance["half"]),
                    number(ceiling["half"]),
                    number(own["whole_run"]["one_listener"]),
                ]
            )
    head = ["study, window", "one unseen listener [95 %]", "z", "nuisance", "gain", "ceiling"]
    return table([*head, "half of them", "nuisance", "ceiling", "one, drift over whole run"], lines)


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


def explained(row: dict[str, Any]) -> str:
    return ends(row["explained"])


def ends(of: dict[str, float] | None, sign: str = "") -> str:
    if of is None:
        return ""
    value = f"{of['value']:{sign}.3f}"
    return value if of["low"] is None else f"{value} [{of['low']:{sign}.3f}, {of['high']:{sign}.3f}]"


def stories() -> str:
    """What a layer adds to nuisance and position in brains that hear a story, in per cent of variance; both folds."""
    lines = []
    for study, recording in STORIES.items():
        whole = output(study)
        for folds, rows in whole["folds"].items():
            contiguous = folds == "contiguous"
            unique = percents(rows["layer, nuisance and position"]["unique"], "+")
            controls = [
                percents(rows[name]["unique"], "+") if name in rows else ""
                for name in ("untrained layer, nuisance and position", "layer at another time, nuisance and position")
            ]
            lines.append(
                [
                    f"`{study}`: {recording}" if contiguous else "",
                    f"{folds}" if contiguous else "shuffled, which flatter",
                    f"**{unique}**" if contiguous else unique,
                    *controls,
                    *(percents(rows[name]["explained"]) for name in ROWS_OF_STORIES),
                    f"{100 * whole['ceiling']:.1f}" if contiguous else "",
                ]
            )
    head = ["study", "folds", "layer beyond nuisance and position", "untrained", "at another time"]
    return table([*head, *ROWS_OF_STORIES.values(), "ceiling"], lines)


def reading() -> str:
    """What surprisal adds to nuisance in reading times, in per cent of variance."""
    whole = output(READING)
    lines = [
        [
            name,
            f"**{percents(row['explained'])}**" if i == 0 else percents(row["explained"]),
            f"{row['r']:.3f}",
            percents(row["gain"], "+") if "gain" in row else "",
        ]
        for i, (name, row) in enumerate(whole["rows"].items())
    ]
    return table(["predicted from", "explained, %", "r", "beyond the same without surprisal"], lines)


def percents(of: dict[str, float], sign: str = "") -> str:
    value = f"{100 * of['value']:{sign}.2f}"
    return value if of["low"] is None else f"{value} [{100 * of['low']:{sign}.2f}, {100 * of['high']:{sign}.2f}]"


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


def graphs(names: list[str]) -> str:
    """The network's measures and those of the graph with weights of 8 bits, in the same folds."""
    lines = []
    for name in names:
        both = [output(of)["measures"]["decoder"] for of in (name, f"{name}{BUNDLE}")]
        for measure, network in both[0].items():
            if measure == "pairwise" and "auc" in both[0]:  # between two classes a pair is the choice
                continue
            graph = both[1][measure]
            change = signed(graph["value"] - network["value"])
            lines.append(
                [
                    f"`{name}`",
                    measure,
                    *(f"{number(one['value'])} [{interval(one)}]" for one in (network, graph)),
                    change,
                ]
            )
    return table(["study", "measure", "network", "graph of 8 bits", "change"], lines)


def probabilities(names: list[str]) -> str:
    """How far the probabilities of held-out trials can be believed, and before they were calibrated."""
    lines = []
    for name in names:
        both = output(name)["probabilities"]
        ours, before = both["decoder"], both["network"]
        errors = [number(of["calibration_error"]) for of in (before, ours)]
        briers = [number(of["brier"]) for of in (before, ours)]
        lines.append([f"`{name}`", *errors, number(ours["if_perfect"]), *briers])
    head = ["study", "calibration error before", "calibrated", "if perfect", "Brier score before", "calibrated"]
    return table(head, lines)


def coverage() -> str:
    """For each kind of recording and measure, how many intervals cover the truth; a column for each number of runs."""
    cells: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
    for case, of in output(SIMULATED)["coverage"].items():
        kind, runs = case.rsplit(", ", 1)
        for name, one in of.items():
            cells.setdefault((kind, name), {})[runs] = one
    lines = []
    for (kind, name), by_runs in cells.items():
        truths = [one["truth"] for one in by_runs.values()]
        span = dict.fromkeys(f"{end:.2f}" for end in (min(truths), max(truths)))
        lines.append([kind, MEASURED[name], "–".join(span), *(number(one["covered"]) for one in by_runs.values())])
    whole = table(["classes, how frequent, signal", "measure", "truth", *next(iter(cells.values()))], lines)
    n = output(SIMULATED)["n"]
    off = 1.96 * (0.95 * 0.05 / n) ** 0.5
    return f"{whole}\n\n{n:,} recordings in each cell: 0.950 may be off by {off:.3f} either way."


def simulations() -> str:
    """The goals of the simulations: over all cases the least and the most, and which case that is."""
    lines = []
    for name, one in output(SIMULATED)["goals"].items():
        low, high = one["goal"]
        ends = [
            "" if one[end] is None else f"{one[end]:.3f} ({in_words(one[f'{end}_of'])})" for end in ("least", "most")
        ]
        goal = f"over {low:.2g}" if one["most"] is None else f"{low:.2f} to {high:.2f}"
        lines.append([GOALS[name], str(one["n_cases"]), *ends, goal, "yes" if one["met"] else "**no**"])
    return table(["simulated", "cases", "least", "most", "goal", "met"], lines)


def in_words(case: str) -> str:
    """A case of the simulations, its measure by the name that tables use."""
    head, comma, name = case.rpartition(", ")
    return head + comma + MEASURED.get(name, name)


TABLES = {
    "coverage": coverage,
    "simulations": simulations,
    "adds": lambda: adds(ADDS),
    "trained": lambda: short(TRAINED),
    "new": lambda: evaluations(NEW),
    "scanner": lambda: evaluations(SCANNER),
    "neurons": lambda: evaluations(NEURONS),
    "eeg": lambda: evaluations(EEG),
    "maps": lambda: maps(MAPS),
    "fresh": lambda: evaluations(FRESH),
    "retrieved": retrieved,
    "encoded": encoded,
    "stories": stories,
    "reading": reading,
    "similar": similar,
    "recorded": recorded,
    "driven": driven,
    "heard": heard,
    "rising": rising,
    "metamers": metamers,
    "graphs": lambda: graphs(LIVE),
    "probabilities": lambda: probabilities(
        [
            "demo",
            "haxby-live",
            "haxby-slice",
            "haxby-vt",
            "it-objects",
            "openbmi-imagery",
            "openbmi-p300",
            "openbmi-ssvep",
        ]
    ),
}


def filled(text: str) -> str:
    """The page with each table between its two marks written anew."""

    def put(mark: re.Match[str]) -> str:
        return f"<!-- results: {mark[1]} -->\n{TABLES[mark[1]]()}\n<!-- end of results -->"

    return re.sub(r"<!-- results: (\w+) -->\n.*?<!-- end of results -->", put, text, flags=re.DOTALL)


def outputs() -> list[str]:
    """The names of the outputs of the demo and the studies."""
    rows = [*SCANNER, *NEURONS, *EEG, *NEW, *FRESH, *MAPS]
    return [
        *dict.fromkeys(row.name for row in rows),
        *RETRIEVED,
        *ENCODED,
        *STORIES,
        READING,
        HEARD,
        SIMILAR,
        RECORDED,
        *DRIVEN,
        METAMERS,
        *(f"{name}{BUNDLE}" for name in LIVE),
        SIMULATED,
    ]


def take(folder: Path, names: list[str]) -> None:
    """Take over the outputs NAME.json of a folder, without what is listed trial by trial."""
    wanted = (
        "measures",
        "field",
        "probabilities",
        "nested",
        "windows",
        "regions",
        "hierarchies",
        "held_out",
        "n_blocks",
        "network",
        "engine",
        "rows",
        "shares",
        "metamers",
        "untrained",
        "recognised",
        "fall",
        *SIMULATED_PARTS,
    )
    of_words = ("network", "unique", "ceiling", "folds", "layers", "gain", "rows", "ms_per_nat")
    OUTPUTS.mkdir(exist_ok=True)
    for name in names:
        whole = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        keys = of_words if name in (*STORIES, READING) else wanted
        part = {key: whole[key] for key in keys if whole.get(key) is not None}
        text = json.dumps(part, indent=1, ensure_ascii=False)
        (OUTPUTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def outdated() -> list[Path]:
    """The pages whose tables are not what the outputs say."""
    return [page for page in PAGES if filled(page.read_text(encoding="utf-8")) != page.read_text(encoding="utf-8")]


def write() -> None:
    """Write the tables of all pages anew."""
    for page in outdated():
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail where a table is not up to date")
    if not parser.parse_args().check:
        write()
    elif old := outdated():
        sys.exit(f"not what docs/results/*.json say, run python docs/results.py: {', '.join(map(str, old))}")


if __name__ == "__main__":
    main()
