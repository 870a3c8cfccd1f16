"""A study of encoding to begin with, written for responses to pictures or sounds that were just read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..readers.stimuli import StimulusKind
from ..recordings.events import listed
from .draft import toml_field

NETWORKS: dict[StimulusKind, str] = {"pictures": "efficientnet-lite0", "sounds": "whisper-tiny.en"}
LONGEST_S = 30.0
"""Of sounds that the network hears."""
LAYERS = ("blocks.2", "blocks.5", "blocks.10", "blocks.14")
"""From early to late, of the network for pictures."""
POOL = 7
"""Positions a side to which maps are averaged."""
N_FOLDS = 10
FEWEST_CLASSES = 5
"""So many are held out in turn beside the stimuli: of fewer, each fold would leave too little to fit on."""


def draft_responses(
    fields: Mapping[str, Any],
    names: Sequence[str],
    left_out: Mapping[str, str],
    kind: StimulusKind,
    *,
    seconds: float | None,
    n_groups: int,
    n_classes: int | None,
) -> str:
    """Write a study that `hotwire encode` runs.

    The fields are those of the section of the recording, the names those of the stimuli; `left_out` says why each
    excluded column is no site. Sounds last up to so many `seconds`. Stimuli are of so many groups that look the same,
    and so many labelled classes, None without labels.
    """
    lines = [
        "# Written by `hotwire init` from what the table and the folder hold. Run `hotwire encode` with this file."
    ]
    lines += ["", "[recording]"]
    for name, of in fields.items():
        if name == "exclude":
            lines += [f"# {_quoted(column)} {why}." for column, why in left_out.items()]
        lines.append(toml_field(name, of, HINTS.get(name, "")))
    if "stimulus" not in fields:
        lines.append(f"# Its columns are in the order of the names: {listed(map(_quoted, names), 3)}.")
        lines.append(
            '# repeats = "repeats.npy"  # (sites, stimuli, repeats), NaN where there was none: tells the ceiling'
        )
    lines += ['unit = "a.u."  # of the responses, such as "spikes/s" or "z"', "", "[network]"]
    lines.append(toml_field("name", NETWORKS[kind], "`hotwire models` lists others"))
    if seconds is not None:
        lines.append(toml_field("seconds", seconds, "of the longest sound"))
    lines += ["", "[targets]", 'stimuli = "recording"', "", "[map]"]
    if kind == "pictures":
        lines.append(toml_field("layers", LAYERS, "from early to late; by default all"))
    lines += ["# regions = { V4 = { features = [...] }, IT = { features = [...] } }  # names of sites, or patterns"]
    return "\n".join([*lines, "", *_encode(kind, n_groups, n_classes)]) + "\n"


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _encode(kind: StimulusKind, n_groups: int, n_classes: int | None) -> list[str]:
    of = {"stimuli that do not look alike": n_groups}
    by_class = n_classes is not None and n_classes >= FEWEST_CLASSES
    if n_classes is not None and by_class:
        of["classes"] = n_classes
    fewest = min(of, key=lambda one: of[one])
    lines = ["[encode]"]
    if of[fewest] < N_FOLDS:
        lines.append(toml_field("n_folds", of[fewest], f"by default {N_FOLDS}; there are {of[fewest]} {fewest}"))
    lines.append(toml_field("hold_out", ["stimulus", *(["class"] if by_class else [])], "the first counts"))
    if kind == "sounds":
        return [*lines, toml_field("pool", 1, "the mean of each layer over the sound; 4: four stretches of it")]
    positions = f'maps are averaged to {POOL} x {POOL} positions; "receptive field": each site has its own field'
    return [*lines, toml_field("pool", POOL, positions)]


HINTS = {
    "stimulus": "the column that names the file",
    "label": "the column of its class",
}
