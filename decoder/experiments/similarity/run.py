"""Comparing regions and layers by their representational dissimilarity matrices (RDMs)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import InputError
from ....errors.checks import check_least
from ....models.cache.recorded import record
from ....models.networks.network import Network
from ...evaluation.nuisance import picture_nuisance, small_pictures
from ...evaluation.threads import progress
from ...statistics.bootstrapped import Bootstrapped, Ends, mean_of_bootstrapped
from ...statistics.dissimilarities import dissimilarities, n_stimuli_of, rdm_correlation

PIXELS, NUISANCE, UNTRAINED, BEST = "pixels", "nuisance", "untrained network", "best layer, nested"
N_HALVES = 50


@dataclass(frozen=True)
class SimilaritySettings:
    """How regions and layers are compared.

    Parameters
    ----------
    layers : sequence of str
        Of the network, in the order of computation.
    n_untrained : int
        How many networks with random weights are the control.
    n_draws : int
        Of the bootstrap over stimuli.
    seed : int
    """

    layers: Sequence[str]
    n_untrained: int = 2
    n_draws: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        check_least(self, n_untrained=1, n_draws=100, seed=0)
        if not self.layers:
            raise InputError("layers: expected one or more, got none")


@dataclass(frozen=True)
class RegionRdm:
    """A region's RDM (n_pairs,), the mean over subjects, and the RDM of each subject (n_subjects, n_pairs)."""

    rdm: NDArray[np.float64]
    subjects: NDArray[np.float64]

    @cached_property
    def ceiling(self) -> tuple[float, float] | None:
        """How well the true RDM would be correlated with a subject's, at least and at most; None for one subject.

        Each subject's RDM with the mean of the others, and with the mean of all (Nili et al. 2014, A toolbox for
        representational similarity analysis. PLoS Comput. Biol. 10, e1003553). Of single subjects: the mean over
        subjects, with less noise, may be correlated more highly.
        """
        if len(self.subjects) < 2:
            return None
        others = [np.delete(self.subjects, i, axis=0).mean(axis=0) for i in range(len(self.subjects))]
        pairs = zip(self.subjects, others, strict=True)
        low = float(np.mean([rdm_correlation(one, other) for one, other in pairs]))
        return low, float(np.mean([rdm_correlation(one, self.rdm) for one in self.subjects]))


@dataclass(frozen=True, kw_only=True)
class RegionSimilarity:
    """One region: Spearman's correlation of its RDM with that of every layer, of controls and of other regions.

    `gains` has each layer minus pixels, nuisance, and the same layer of untrained networks; `nested` is the mean over
    halves of the stimuli of the layer that the other half chose, `chosen` how often each layer was.
    """

    region: str
    layers: dict[str, Ends]
    untrained: dict[str, Ends]
    controls: dict[str, Ends]
    gains: dict[str, dict[str, Ends]]
    nested: float
    chosen: dict[str, float]
    ceiling: tuple[float, float] | None
    per_subject: dict[str, float]
    regions: dict[str, Ends]


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """All regions of a comparison."""

    network: str
    fingerprint: str
    n_stimuli: int
    regions: tuple[RegionSimilarity, ...]
    settings: SimilaritySettings
    seconds: float


def compare_rdms(
    pictures: Sequence[Any], regions: Mapping[str, RegionRdm], network: Network, settings: SimilaritySettings
) -> Similarity:
    """Correlate the RDM of each layer with that of each region, over all pairs of pictures.

    Parameters
    ----------
    pictures : sequence of length n_stimuli
        As the network takes them.
    regions : mapping of str to RegionRdm
        Of the same pictures, in the same order.
    network : Network
    settings : SimilaritySettings

    Raises
    ------
    InputError
        There is another number of pictures than of stimuli in an RDM.
    UnknownNameError
        The network has no such layer.
    """
    start, n = time.perf_counter(), len(pictures)
    for name, region in regions.items():
        if n_stimuli_of(len(region.rdm)) != n:
            raise InputError(
                f"regions.{name}: expected dissimilarities of the {n} pictures, got those of "
                f"{n_stimuli_of(len(region.rdm))} stimuli"
            )
    layers = {layer: dissimilarities(of) for layer, of in record(network, pictures, settings.layers).tables.items()}
    untrained = [
        {layer: dissimilarities(of) for layer, of in record(random, pictures, settings.layers).tables.items()}
        for random in (network.untrained(settings.seed + draw) for draw in range(settings.n_untrained))
    ]
    small, plain = small_pictures(pictures), picture_nuisance(pictures)
    if small is None or plain is None:
        raise InputError("pictures: expected uint8 arrays (height, width, 3) or (height, width), or files")
    controls = {PIXELS: dissimilarities(small), NUISANCE: _distances(plain)}
    draws = np.random.default_rng(settings.seed).integers(0, n, (settings.n_draws, n))
    found = []
    for name in progress(regions, "regions", len(regions)):
        own = _Correlations(regions[name].rdm, draws)
        of_layers = {layer: own.with_(rdm) for layer, rdm in layers.items()}
        of_controls = {control: own.with_(rdm) for control, rdm in controls.items()}
        random = {layer: mean_of_bootstrapped([own.with_(one[layer]) for one in untrained]) for layer in layers}
        beside = {layer: {**of_controls, UNTRAINED: random[layer]} for layer in layers}
        nested, chosen = _nested(regions[name].rdm, layers, n, settings.seed)
        found.append(
            RegionSimilarity(
                region=name,
                layers={layer: of.ends for layer, of in of_layers.items()},
                untrained={layer: of.ends for layer, of in random.items()},
                controls={control: of.ends for control, of in of_controls.items()},
                gains={
                    layer: {control: of.minus(other).ends for control, other in beside[layer].items()}
                    for layer, of in of_layers.items()
                },
                nested=nested,
                chosen=chosen,
                ceiling=regions[name].ceiling,
                per_subject={
                    layer: float(np.mean([rdm_correlation(one, rdm) for one in regions[name].subjects]))
                    for layer, rdm in layers.items()
                },
                regions={other: own.with_(of.rdm).ends for other, of in regions.items() if other != name},
            )
        )
    return Similarity(
        network=network.name,
        fingerprint=network.fingerprint,
        n_stimuli=n,
        regions=tuple(found),
        settings=settings,
        seconds=time.perf_counter() - start,
    )


class _Correlations:
    """Correlations of one RDM with others, over all stimuli and over drawn ones (n_draws, n_stimuli)."""

    def __init__(self, rdm: NDArray[np.float64], draws: NDArray[np.intp]) -> None:
        self._rdm, self._draws = rdm, draws

    def with_(self, other: NDArray[np.float64]) -> Bootstrapped:
        of_draws = [rdm_correlation(self._rdm, other, drawn) for drawn in self._draws]
        return Bootstrapped(rdm_correlation(self._rdm, other), np.array(of_draws))


def _nested(
    rdm: NDArray[np.float64], layers: Mapping[str, NDArray[np.float64]], n: int, seed: int
) -> tuple[float, dict[str, float]]:
    """The layer that is best over one half of the stimuli, over the other half; the mean over random halves."""
    rng, names = np.random.default_rng(seed), list(layers)
    values, chosen = [], dict.fromkeys(names, 0)
    for _ in range(N_HALVES):
        halves = np.array_split(rng.permutation(n), 2)
        of = np.array([[rdm_correlation(rdm, layers[name], half) for name in names] for half in halves])
        for best, held_out in zip(of.argmax(axis=1), of[::-1], strict=True):
            values.append(held_out[best])
            chosen[names[best]] += 1
    return float(np.mean(values)), {name: n / len(values) for name, n in chosen.items()}


def _distances(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Euclidean distances (n_pairs,) of standardised values: five of them are too few for correlations of patterns."""
    spread = values.std(axis=0)
    scaled = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    first, second = np.triu_indices(len(values), 1)
    return np.linalg.norm(scaled[first] - scaled[second], axis=1)
