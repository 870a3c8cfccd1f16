"""The plan: what stimuli and network alone say about how many samples and categories a study needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from tqdm import tqdm

from ....adapters.blending import gram
from ....errors import InputError
from ....models.networks.network import Network
from ...settings import Settings
from ...sound_targets import SoundTargets
from ...statistics.chance import chance_of
from ...targets import StimulusTargets, Targets, WordTargets, plain
from .held_out import number_tested, picture_spans, word_spans
from .noise import DEMO, Noise
from .pool import NOUNS
from .result import Accuracy, LayerSpan, PlanResult
from .scene import Scene
from .simulate import reached
from .span import dimensions, explained, span_weights

LEVELS = (0.25, 0.5, 1.0, 2.0)
"""Simulated signal-to-noise ratios, as multiples of that of `noise`."""
TRIALS = (2, 3, 4, 6, 8, 11, 16, 24)
PICTURES = (8, 16, 32, 64, 128, 256, 512)
MOST_TRAINING = 1000
MOST_PICTURES = 300
FEWEST = {"words": 2, "pictures": 16}


def plan(
    network: Network,
    targets: Targets,
    settings: Settings,
    *,
    noise: Noise = DEMO,
    levels: Sequence[float] | None = None,
    trials: Sequence[int] | None = None,
    pool: Sequence[str] = NOUNS,
    target: float = 0.9,
    n_draws: int = 4,
    seed: int = 0,
) -> PlanResult:
    """Estimate from stimuli and network how many samples and categories a study needs, before anything is recorded.

    Parameters
    ----------
    network : Network
    targets : WordTargets or StimulusTargets
        Of many pictures, 300 are drawn.
    settings : Settings
        Only layer, adapter, readout and prompt are used.
    noise : Noise
        The noise of one trial; see `noise_like`.
    levels : sequence of float, optional
        Signal-to-noise ratios to simulate; by default a quarter, a half, one and two times that of `noise`.
    trials : sequence of int, optional
        Numbers of trials of each word, or of pictures, to train on.
    pool : sequence of str
        Words for extra categories, to see how many it takes to decode one that was not trained on.
    target : float
        The pairwise accuracy aimed at.
    n_draws, seed : int
        Number and seed of random choices and synthetic brains.

    Raises
    ------
    InputError
        Too few stimuli, or impossible numbers.
    UnknownNameError
        The network has no such layer.
    """
    network.shape_of(settings.layer)
    settings.readout.check(network)
    targets = _at_most(targets, network, seed)
    kind = "pictures" if isinstance(targets, StimulusTargets) else "words"
    n_keys = len(targets.keys)
    if n_keys < FEWEST[kind]:
        raise InputError(f"{kind}: expected at least {FEWEST[kind]}, to leave some out, got {n_keys}")
    if len(targets.answers) < 2:
        raise InputError(f"{kind}: {network.name} gives all of them the same answer, so there is nothing to decode")
    sizes = _checked_sizes(trials, kind, n_keys)
    ratios = tuple(sorted(noise.signal_to_noise * part for part in LEVELS) if levels is None else sorted(levels))
    if not ratios or not all(level > 0 for level in ratios):
        raise InputError(f"levels: expected signal-to-noise ratios above 0, got {levels}")
    if not 0.5 < target < 1 or n_draws < 1:
        raise InputError(f"expected a target between 0.5 and 1 and n_draws of at least 1, got {target} and {n_draws}")

    layers = _layer_spans(network, targets)
    widened = _with_pool(targets, pool)
    table = widened.activations(network, [settings.layer])[settings.layer]
    scene = Scene(network, targets, settings, table)
    spans = word_spans(scene, n_draws, seed) if kind == "words" else picture_spans(scene, n_draws, seed)
    return PlanResult(
        network=network.name,
        fingerprint=network.fingerprint,
        layer=settings.layer,
        readout=repr(settings.readout),
        stimuli=kind,
        n_stimuli=n_keys,
        n_pool=len(table) - n_keys,
        answers=targets.answers,
        chance=Accuracy(*(chance_of(name, targets.truth(), len(targets.answers)).value for name in Accuracy._fields)),
        ceiling=_ceiling(scene),
        layers=tuple(layers),
        spans=tuple(spans),
        noise=noise,
        reach=tuple(reached(scene, noise.n_features, ratios, sizes, n_draws, seed)),
        target=target,
        n_draws=n_draws,
        seed=seed,
    )


def _checked_sizes(trials: Sequence[int] | None, kind: str, n_keys: int) -> list[int]:
    if kind == "pictures":
        most = n_keys - number_tested(n_keys)
        given = [size for size in PICTURES if size < most] + [most] if trials is None else trials
        fewest, unit = 4, 1
    else:
        most = MOST_TRAINING // n_keys
        given = [size for size in TRIALS if size <= max(most, TRIALS[0])] if trials is None else trials
        most, fewest, unit = 3 * most, 2, n_keys
    if not given or min(given) < fewest or max(given) > most:
        what = "pictures" if kind == "pictures" else f"trials of each of {unit} words"
        raise InputError(f"trials: expected numbers of {what} from {fewest} to {most}, got {list(given)}")
    return sorted(set(given))


def _at_most(targets: Targets, network: Network, seed: int) -> Targets:
    if not isinstance(targets, StimulusTargets) or len(targets.keys) <= MOST_PICTURES:
        return targets
    some = np.sort(np.random.default_rng(seed).permutation(len(targets.keys))[:MOST_PICTURES])
    return StimulusTargets({targets.keys[i]: targets.stimuli[targets.keys[i]] for i in some}, network)


def _with_pool(targets: Targets, pool: Sequence[str]) -> Targets:
    """The same targets, followed by those words of the pool that are not among them."""
    if not isinstance(targets, WordTargets) or isinstance(targets, SoundTargets):  # the pool has no sounds
        return targets
    own = {plain(word) for of in targets.words.values() for word in of}
    more = {f"pool: {word}": word for word in dict.fromkeys(pool) if plain(word) not in own}
    return replace(targets, words={**targets.words, **more})


def _layer_spans(network: Network, targets: Targets) -> list[LayerSpan]:
    tables = targets.activations(network, list(network.layers))
    spans = []
    for layer, table in tqdm(tables.items(), desc="what the layers span", delay=1, disable=None):
        K = gram(table)
        n = len(K)
        shares = []
        for test in np.array_split(np.arange(n), min(n, 20)):
            train = np.setdiff1d(np.arange(n), test)
            shares.append(explained(K, span_weights(K, train, test), train, test))
        share = float(np.concatenate(shares).mean())
        spans.append(LayerSpan(layer, math.prod(network.layers[layer]), dimensions(K), share))
    return spans


def _ceiling(scene: Scene) -> Accuracy:
    truth = np.eye(scene.n_keys, len(scene.table))
    mean = np.full((1, len(scene.table)), 0.0)
    mean[:, : scene.n_keys] = 1 / scene.n_keys
    [scores] = scene.scores([truth], mean)
    return scene.accuracy(scores, np.arange(scene.n_keys))


def layer_by_default(network: Network) -> str:
    """The default layer: of a language model at a quarter of its depth, of any other network the last but one."""
    from ....models.networks.language.language_model import LanguageModel

    names = list(network.layers)
    return names[len(names) // 4] if isinstance(network, LanguageModel) else names[-2:][0]
