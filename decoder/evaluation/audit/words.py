"""Whether the network can say the words at all: from their own activations, before anything is fitted."""

from __future__ import annotations

from numpy.typing import NDArray

from ....models.networks.network import Network
from ...finding import Finding
from ...readouts.entry import make_entry
from ...readouts.read_out import read_out
from ...recordings.events import listed
from ...settings import Settings, prompted
from ...targets import WordTargets

WORDS = "words"


def words_finding(network: Network, targets: WordTargets, settings: Settings, table: NDArray) -> Finding:
    """Name the words that the readout does not give from their own activations, the `table` (n_keys, n_units).

    No decoder can be right more often than from the true activations.
    """
    readout = settings.readout.before_fit()
    if readout is None:
        return Finding(WORDS, "fine", "The readout compares activations and needs no words.")
    entry = make_entry(prompted(network, settings.prompt), settings.layer, targets, table, table.mean(axis=0))
    scores, texts = read_out(readout, entry, table)
    wrong = []
    for key, (word, truth, best) in enumerate(
        zip(targets.answers, targets.truth(), scores.argmax(axis=1), strict=True)
    ):
        if texts is not None and targets.meant(texts[key]) != key:
            wrong.append(f"{word!r} (it says {texts[key].strip()!r})")
        elif best != truth:
            wrong.append(f"{word!r} (it chooses {targets.answers[best]!r})")
    n = len(targets.answers)
    if not wrong:
        return Finding(WORDS, "fine", f"From its own activation the network gives each of the {n} words.")
    return Finding(
        WORDS,
        "warning",
        f"From their own activations the network does not give {len(wrong)} of {n} words, so no decoder can: "
        f"{listed(wrong)}. Take a commoner word (a label may have several), another layer or prompt, or "
        'readout = { type = "NearestReadout" }, which compares activations and needs no words.',
    )
