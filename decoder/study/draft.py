"""A study file to begin with, written for a recording that was just read: fields, labels, windows that suit it."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import RecordingError
from ..readouts.label import LabelReadout
from ..readouts.nearest import NearestReadout
from ..readouts.readout import Readout
from ..readouts.text import TextReadout
from ..recordings.cutting import cut_runs
from ..recordings.recording import Recording

NETWORK, LAYER = "smollm2-135m-instruct", "8"
READOUTS: tuple[Readout, ...] = (TextReadout(max_tokens=4), LabelReadout(), NearestReadout())
"""From the one that asks most of the network to the one that asks nothing."""
NO_CLASSES = re.compile(
    r"(rest|fix\w*|baseline|base|n/?a|iti|isi|blank|null|cross|break|pause|instruct\w*|button\w*|response|keypress|"
    r"start|stop|end|begin|trigger|sync|boundary|new segment/?|bad.*|edge.*)",
    re.IGNORECASE,
)
"""Labels that say when nothing was shown, or what the machine did."""
REST = re.compile(r"rest|fix\w*|baseline|base", re.IGNORECASE)
"""What a single task is told from."""
FEWEST_TRIALS = 5
"""Of a class, in a part of a continuous recording that is cut into runs."""
FEWEST_RUNS = 4
"""One is held out; choices hold out another, and the strength, of two that are left, a third."""
MOST_RUNS = 20
"""So many blocks of events, with long pauses between them, are taken for runs."""
MUCH_LONGER = 3.0
"""How many times longer the pauses between blocks are than those within."""


def classes_of(recording: Recording) -> list[str]:
    """The labels of events that may be classes: each at least twice, and none that says that nothing was shown.

    Where one is left, rest is the other class, as in neurofeedback.
    """
    often = [label for label, n in sorted(Counter(recording.events.label.tolist()).items()) if n > 1]
    shown = [label for label in often if not NO_CLASSES.fullmatch(label.strip())]
    return shown if len(shown) != 1 else [label for label in often if label in shown or REST.fullmatch(label.strip())]


def draft(
    recording: Recording,
    fields: Mapping[str, Any],
    words: Mapping[str, str],
    readout: Readout,
    *,
    scanner: bool,
    hints: Mapping[str, str],
) -> str:
    """Write a study of a recording whose section has these fields; hints are comments behind them, by field.

    Labels without a word are left out. The readout is used for scanners; electrodes choose among the words.
    """
    count = Counter(recording.events.label.tolist())
    lines = ["# Written by `hotwire init` from what the recording holds. Words, windows and choices are guesses."]
    lines += ["", "[recording]", *(toml_field(name, of, hints.get(name, "")) for name, of in fields.items())]
    if scanner and "mask" not in fields:
        lines += [
            '# mask = "region.nii.gz"  # on the images\' grid; else the brain mask of fMRIPrep, or all voxels, air too'
        ]
    if len(recording.runs) == 1:
        lines += _cut(recording, [count[label] for label in words], scanner=scanner)
    lines += ["", "[network]", f'name = "{NETWORK}"', "", "[targets]"]
    lines += ["# Events whose label has no word below are left out.", 'others = "leave out"', "", "[targets.words]"]
    lines += [f"{_key(label)} = {_toml(word)}  # {count[label]} events" for label, word in words.items()]
    lines += [f"# {_key(one)} = {_toml(one)}  # {n} events" for one, n in sorted(count.items()) if one not in words]
    duration_s = float(np.median(recording.events.duration_s)) if len(recording.events) else 0.0
    if scanner:
        lines += ["", *_scanner(duration_s, readout)]
    elif str(recording.unit).startswith("spikes"):
        lines += ["", *_spikes(duration_s, recording.rate_hz)]
    else:
        lines += ["", *_electrodes(duration_s, recording.rate_hz)]
    return "\n".join(lines) + "\n"


def words_of(labels: list[str]) -> dict[str, str]:
    """Guess the word of each label: its parts, without a number at the end, unless two labels would share it.

    Examples
    --------
    >>> words_of(["scrambledPix", "shoe_01", "face/happy", "face/sad"])
    {'scrambledPix': 'scrambled pix', 'shoe_01': 'shoe', 'face/happy': 'face happy', 'face/sad': 'face sad'}
    >>> words_of(["face1", "face2"])
    {'face1': 'face1', 'face2': 'face2'}
    >>> words_of(["Cat", "cat"])
    {'Cat': 'cat', 'cat': 'cat 2'}
    """

    def parts(label: str) -> str:
        return " ".join(re.sub(r"[_\-./]+|(?<=[a-z])(?=[A-Z])", " ", label).lower().split()) or label

    short = {label: re.sub(r"\s*\d+$", "", parts(label)) or label for label in labels}
    shared = Counter(short.values())
    words: dict[str, str] = {}
    for label, brief in short.items():
        word = brief if shared[brief] == 1 else parts(label)
        taken = {other.casefold() for other in words.values()}
        numbered = (word if number == 1 else f"{word} {number}" for number in itertools.count(1))
        words[label] = next(one for one in numbered if one.casefold() not in taken)
    return words


def _scanner(duration_s: float, readout: Readout) -> list[str]:
    """A window from 4 s after the onset to 5 s after the end, and those of labels that follow the response already."""
    lasts_s = max(duration_s, 2.5)
    windows = [
        f'{{ type = "BlockAverage", start_s = {start:g}, stop_s = {stop:g}, incomplete = "partial" }}'
        for start, stop in ((4.0, duration_s + 5.0), (2.5, lasts_s + 2.5), (0.0, lasts_s))
    ]
    return [
        *_decoder('steps = [{ type = "Detrend", order = 2 }]', windows[0], _inline(readout), 8),
        'whiten = "samples"',
        'adapter = { gain = "total", choose_by = "direction" }',
        *_evaluation(["lda", "logistic", "centroid"]),
        *_choice("whiten", ['"samples"', '"none"']),
        *_choice("steps", [f'[{{ type = "Detrend", order = {order} }}]' for order in (1, 2, 3)]),
        "",
        "# Blood responds about 5 s late. The last window is for labels that follow the response already.",
        *_choice("window", windows)[1:],
        *_choice("layer", ["4", "8", "12"], "readout"),
    ]


def _spikes(duration_s: float, rate_hz: float) -> list[str]:
    """The square root of rates, whose noise is of one size, averaged over the event or in each bin, up to 1 s."""
    bin_s = 1.0 / rate_hz
    stops = [round(max(1, round(stop / bin_s)) * bin_s, 6) for stop in (0.5, min(max(duration_s, 0.2), 1.0))]
    windows = [
        f'{{ type = "{kind}", start_s = 0.0, stop_s = {stop:g}, incomplete = "drop" }}'
        for stop in dict.fromkeys(stops)
        for kind in ("Epoch", "BlockAverage")
    ]
    return [
        *_decoder('steps = [{ type = "SquareRoot" }]', windows[0], _inline(LabelReadout("remove")), 8),
        'adapter = { scale = "unit_variance" }',
        *_evaluation(["lda", "logistic"]),
        *_choice("window", windows),
        *_choice("layer", ["8", "12"]),
    ]


def _electrodes(duration_s: float, rate_hz: float) -> list[str]:
    """Potentials that follow an event, up to 0.8 s; of long events as much as the first second and a half."""
    top_hz = min(30.0, np.floor(0.4 * rate_hz))
    bands = [(0.5, min(10.0, top_hz / 2)), (0.5, top_hz)]
    steps = [f'[{{ type = "BandPass", low_hz = {low:g}, high_hz = {high:g}, order = 2 }}]' for low, high in bands]
    bin_s = round(max(1.0, np.round(0.05 * rate_hz)) / rate_hz, 6)
    windows = [
        f'{{ type = "Epoch", start_s = 0.0, stop_s = {round(bin_s * round(stop / bin_s), 6):g}, bin_s = {bin_s:g}, '
        'incomplete = "drop" }'
        for stop in (0.8, min(max(duration_s, 1.0), 1.5))
    ]
    return [
        *_decoder(f"steps = {steps[0]}", windows[0], _inline(LabelReadout("remove")), 12),
        *_evaluation(["lda", "logistic"]),
        *_choice("steps", steps),
        *_choice("window", windows),
        "",
        "# For rhythms, such as those of imagined movements, take the power of a band instead:",
        '#   steps = [{ type = "BandPass", low_hz = 8.0, high_hz = 30.0 }]',
        '#   window = { type = "Epoch", start_s = 0.5, stop_s = 3.5 }',
        '#   features = { type = "TangentSpace" }',
    ]


def _decoder(steps: str, window: str, readout: str, layer: int) -> list[str]:
    return ["[decoder]", f"layer = {layer}", steps, f"window = {window}", f"readout = {readout}"]


def _evaluation(field: list[str]) -> list[str]:
    return ["", "[evaluation]", "# Classifiers to compare with, on the same trials.", f"field = {json.dumps(field)}"]


def _choice(setting: str, values: list[str], judge: str = "nearest") -> list[str]:
    listed = [f"    {value}," for value in values]
    return ["", "[[evaluation.choose]]", f'setting = "{setting}"', "values = [", *listed, "]", f'judge = "{judge}"']


def _inline(readout: Readout) -> str:
    return "{ " + ", ".join(f"{name} = {_toml(of)}" for name, of in readout.to_dict().items()) + " }"


def _cut(recording: Recording, counts: list[int], *, scanner: bool) -> list[str]:
    """A recording made in one go has to be cut into runs, for a run is never split between training and test."""
    blocks = _n_blocks(recording)
    n_runs = blocks if blocks > 2 else min(10, max(FEWEST_RUNS, min(counts, default=0) // FEWEST_TRIALS))
    margins = [(0.0, 10.0), (0.0, 5.0)] if scanner else [(0.5, 1.0), (0.1, 0.5)]
    margin = next((one for one in margins if _can_be_cut(recording, n_runs, one)), (0.0, 0.0))
    return [
        "# It was made in one go; it is cut between events, as a run is never split between training and test.",
        f"cut = {{ n_runs = {n_runs}, margin_s = {json.dumps(margin)} }}",
    ]


def _n_blocks(recording: Recording) -> int:
    """How many blocks of events there are, by pauses that are much longer than all others; 1 where none are."""
    order = np.argsort(recording.events.onset_s, kind="stable")
    onset_s, duration_s = recording.events.onset_s[order], recording.events.duration_s[order]
    pauses = np.sort(onset_s[1:] - np.maximum.accumulate(onset_s + duration_s)[:-1])[::-1].clip(1 / recording.rate_hz)
    ratios = (pauses[:-1] / pauses[1:])[: min(MOST_RUNS, len(onset_s) // 2) - 1]
    return int(np.argmax(ratios)) + 2 if len(ratios) and ratios.max() >= MUCH_LONGER else 1


def _can_be_cut(recording: Recording, n_runs: int, margin_s: tuple[float, float]) -> bool:
    """Whether there are pauses enough between the events."""
    try:
        cut_runs(recording, n_runs, margin_s=margin_s)
    except RecordingError:
        return False
    return True


def toml_field(name: str, value: Any, hint: str = "") -> str:
    """A line of a study file; the hint is a comment behind it."""
    return f"{name} = {_toml(value)}" + (f"  # {hint}" if hint else "")


def _key(label: str) -> str:
    return label if re.fullmatch(r"[A-Za-z0-9_-]+", label) else _toml(label)


def _toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
