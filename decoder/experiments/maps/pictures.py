"""What a network draws from brain activity, and how similar that is to the pictures of the trials."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from ....adapters.blending import blended
from ....errors import InputError, ShapeError, UnknownNameError
from ....models.networks.network import Network
from ...statistics.correlations import similarity
from ...statistics.identification import identification
from .activity import Blends
from .session import MapSession


@dataclass(frozen=True)
class Drawings:
    """The picture of each trial, and what a network drew after a state was injected into a layer; from 0 (black) to 1.

    `label` (n_trials,) is the recording's. `stimulus`, `ceiling` (drawn from the true activation) and the drawings from
    each region's activity are (n_trials, height, width). `shuffled` drawings (n_shuffles, n_trials, height, width) come
    from random pairings of activity and pictures in training.
    """

    layer: str
    label: NDArray[np.str_]
    stimulus: NDArray[np.float32]
    ceiling: NDArray[np.float32]
    regions: dict[str, NDArray[np.float32]]
    shuffled: dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Likeness:
    """How similar drawings are to the pictures, on average over the trials.

    `correlation` is over the pixels. Most pictures of a kind correlate with each other: compare with the shuffled
    pairing. `identified` is how often a drawing is more similar to its trial's picture than to that of another trial,
    `identified_within` the same among trials of one label; chance is 0.5.
    """

    correlation: float
    identified: float
    identified_within: float


def likeness(drawn: NDArray, stimulus: NDArray, label: NDArray) -> Likeness:
    """Compare drawings with pictures, both (n_trials, height, width); each label (n_trials,) has at least two trials.

    Examples
    --------
    >>> pictures = np.random.default_rng(0).random((6, 4, 4))
    >>> likeness(pictures / 2, pictures, np.array(list("aaabbb")))
    Likeness(correlation=1.0, identified=1.0, identified_within=1.0)
    """
    if drawn.shape != stimulus.shape or label.shape != stimulus.shape[:1]:
        raise ShapeError(
            f"drawn, label: expected one for each picture {stimulus.shape}, got {drawn.shape}, {label.shape}"
        )
    n_trials = len(stimulus)
    scores = similarity(drawn.reshape(n_trials, -1), stimulus.reshape(n_trials, -1))
    trials = np.arange(n_trials)
    within = np.empty(n_trials)
    for own in (np.flatnonzero(label == kind) for kind in np.unique(label)):
        within[own] = identification(scores[np.ix_(own, own)], np.arange(len(own)), 2)
    return Likeness(
        correlation=float(scores[trials, trials].mean()),
        identified=float(identification(scores, trials, 2).mean()),
        identified_within=float(within.mean()),
    )


def mean_likeness(drawn: NDArray, stimulus: NDArray, label: NDArray) -> Likeness:
    """The mean of `likeness` over several sets of drawings, (n_sets, n_trials, height, width)."""
    each = [astuple(likeness(one, stimulus, label)) for one in drawn]
    return Likeness(*np.mean(each, axis=0).tolist())


def draw_trials(
    session: MapSession, network: str, drawing: Network, *, time: str = "", layer: str | None = None
) -> Drawings:
    """Draw what a network sees in the activity of each trial while it is held out, region by region.

    Each trial of the session must be held out in one fold. `drawing` needs the layers of the session's `network` up to
    `layer`, and gives a square picture from 0 to 1. By default `layer` is the deepest one that is mapped and that
    `drawing` has. It is an InputError if the network's targets are not pictures, an UnknownNameError if the layer is
    not mapped or `drawing` lacks it.
    """
    targets, keys = session.networks[network].targets, session.keys(network)
    stimuli = getattr(targets, "stimuli", None)
    if stimuli is None:
        raise InputError(f"network: the targets of {network} are no pictures that drawings could be compared with")
    common = [name for name in session.networks[network].layers if name in drawing.layers]
    layer = common[-1] if layer is None and common else layer
    if layer not in common:
        raise UnknownNameError("layer that is mapped and can be drawn from", layer, common)
    table, gram = session.table(network, "trained", layer), session.gram(network, "trained", layer)

    def laid_out(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        return pixels.reshape(len(pixels), isqrt(pixels.shape[1]), -1)

    def drawn(blends: Blends) -> NDArray[np.float32]:
        pixels = drawing.resume(layer, blended(blends.rows, table))
        # From the order of the splits back to that of the trials.
        return laid_out(pixels[np.argsort(blends.trial)])

    sources = {region: session.sources(region, time).outer for region in session.regions}
    pictures = np.stack([np.asarray(stimuli[key].convert("L"), np.float32) for key in targets.keys])
    return Drawings(
        layer=layer,
        label=session.trials.label,
        stimulus=pictures[keys] / np.float32(255),
        ceiling=laid_out(drawing.resume(layer, table))[keys],
        regions={region: drawn(source.blends(gram, keys)) for region, source in sources.items()},
        shuffled={
            region: np.stack([drawn(source.blends(gram, keys[order])) for order in session.shuffles])
            for region, source in sources.items()
        },
    )
