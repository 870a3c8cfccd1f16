"""Tables of people who hear a story, or read it: retrieval, encoding in time, reading times."""

from __future__ import annotations

from .outputs import interval, number, output, percents, signed, table

RETRIEVED = {
    "retrieval-alice": "18 listeners, six language regions, a chapter of Alice in Wonderland",
    "retrieval-pieman": "24 listeners, 100 hubs, the story Pie Man",
}
STORIES = {
    "encode-alice": "18 listeners, six language regions, a chapter of Alice in Wonderland",
    "encode-pieman": "24 listeners, 100 hubs, the story Pie Man",
}
READING = "encode-reading-times"
ROWS_OF_RETRIEVAL = ("language model and nuisance", "nuisance alone", "other listeners' brains")
ROWS_OF_STORIES = {
    "layer, nuisance and position": "all together",
    "layer alone": "layer alone",
    "nuisance alone": "nuisance alone",
    "position in time alone": "position alone",
}


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
