"""Tables of what a decoder reaches: evaluations, their rivals, graphs of 8 bits, probabilities."""

from __future__ import annotations

from typing import Any, NamedTuple

from .outputs import interval, number, output, p_value, signed, table


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
BUNDLE = ".bundle"
"""An output of this suffix is that of the study with ``--engine bundle``: the graph of 8 bits that a rig runs."""
LIVE = ["haxby-live", "it-objects", "openbmi-imagery", "openbmi-p300", "openbmi-ssvep"]
"""Studies whose decoder can go live, in which the graph is compared with the network."""
CALIBRATED = ["demo", "haxby-live", "haxby-slice", "haxby-vt", *LIVE[1:]]
"""Studies whose probabilities are compared with what happened."""
CONTROLS = {"shuffled pairing": "shuffled", "mean activation": "mean", "untrained network": "untrained"}


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


def judged(measure: dict[str, float], ceiling: float) -> list[str]:
    """A value, its interval, chance and p, and the ceiling."""
    value = f"**{measure['value']:.3f}**"
    return [value, interval(measure), number(measure["chance"]), p_value(measure), number(ceiling)]


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
