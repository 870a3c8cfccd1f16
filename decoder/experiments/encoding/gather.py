"""From predictions of held-out responses to scores: each layer, the nested choice, controls, and their differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...receptive_fields import FIELDS
from ...statistics.bootstrapped import Bootstrapped, mean_of_bootstrapped
from ...statistics.ceilings import unbiased_r2
from ...statistics.correlations import profile_correlation
from ...statistics.hierarchy import rise
from ...statistics.sites import SiteBootstrap
from ..kernel.cache import ArrayCache, Arrays
from ..session.holding_out import HoldOut
from ..session.settings import TimeRange
from .cells import EncodingCell, entry_of
from .predictors import ALL_LAYERS, LAYERS, NUISANCE, UNTRAINED, Predictor
from .result import FIELD_COLUMNS, EncodingScore, Hierarchy, RegionEncoding
from .session import EncodingSession

BEST = "best layer, nested"
SHUFFLED = "shuffled stimuli"
Scored = tuple[Bootstrapped, EncodingScore]
"""A median with its draws, for differences, and what is reported."""


@dataclass(frozen=True)
class HeldOutRegion:
    """One region of a session at one time, and what predicts it in folds that hold out so."""

    session: EncodingSession
    cache: ArrayCache
    region: str
    time: TimeRange
    way: HoldOut

    @cached_property
    def columns(self) -> NDArray[np.intp]:
        return self.session.columns(self.region)

    @cached_property
    def bootstrap(self) -> SiteBootstrap:
        ceiling = self.session.ceilings[self.time.name]
        true = self.session.responses(self.time.name)[:, self.columns]
        groups, settings = self.session.holding_out(self.way)[0], self.session.settings
        of = None if ceiling is None else ceiling[self.columns]
        return SiteBootstrap(true, groups, of, settings.n_draws, settings.seed)

    @cached_property
    def repeats(self) -> NDArray[np.float64] | None:
        of = self.session.repeats(self.time.name)
        return None if of is None else of[:, self.columns]

    def arrays(self, predictor: Predictor) -> Arrays:
        """The results of a job, of this region's sites: the last axis of each array."""
        whole = self.cache.get(entry_of(self.session, EncodingCell(self.time.name, self.way, predictor)))
        return {name: of[..., self.columns] for name, of in whole.items()}

    def score(self, predicted: NDArray) -> Scored:
        explained = self.bootstrap.median(predicted)
        r = np.nan_to_num(profile_correlation(self.bootstrap.true, predicted))
        unbiased = None if self.repeats is None else float(np.nanmedian(unbiased_r2(self.repeats, predicted)))
        return explained, EncodingScore(explained.ends, float(np.median(r)), unbiased)

    def best(self, errors: NDArray) -> NDArray[np.intp]:
        """For each fold the layer with the least error within the training, relative to the site's mean over layers,
        on average over sites; `errors` are (n_layers, n_folds, n_sites).
        """
        return np.argmin((errors / errors.mean(axis=0)).mean(axis=2), axis=0)

    def chosen(self, errors: NDArray, predicted: NDArray) -> NDArray:
        """The prediction (n_stimuli, n_sites) by each fold's best layer; `predicted` (n_layers, n_stimuli, n_sites)."""
        found = np.empty(predicted.shape[1:])
        for best, (_, test) in zip(self.best(errors), self.session.holding_out(self.way)[1], strict=True):
            found[test] = predicted[best, test]
        return found

    def fields(self, errors: NDArray, of_layers: Sequence[NDArray | None]) -> dict[str, NDArray[np.float64]]:
        """Each site's receptive field by each fold's best layer, mean over folds; nothing without such fields."""
        known = [of for of in of_layers if of is not None]
        if not known:
            return {}
        each = np.array([known[best][fold] for fold, best in enumerate(self.best(errors))])
        return dict(zip(FIELD_COLUMNS, np.array(FIELDS)[each].mean(axis=0).T, strict=True))

    def rows(self) -> dict[str, Scored]:
        """The nested choice and every control."""
        trained = [self.arrays(one) for one in self.layers(LAYERS)]
        stacked = {name: np.stack([one[name] for one in trained]) for name in trained[0]}
        rows = {BEST: self.score(self.chosen(stacked["errors"], stacked["predicted"]))}
        if self.way == self.session.settings.hold_out[0]:
            draws = range(self.session.settings.n_untrained)
            rows[UNTRAINED] = _mean([self._best_of(self.layers(UNTRAINED, draw)) for draw in draws])
        controls = self.session.controls_in(self.way)
        for kind in dict.fromkeys(one.kind for one in controls):
            rows[kind] = self._best_of([one for one in controls if one.kind == kind])
        if "pls" in stacked:
            rows[self.pls] = self.score(self.chosen(stacked["errors"], stacked["pls"]))
        shuffled = [
            self._of_shuffled(order, self.chosen(stacked["shuffled errors"][:, i], stacked["shuffled"][:, i]))
            for i, order in enumerate(self.session.orders)
        ]
        return rows | {SHUFFLED: _mean(shuffled)}

    @property
    def pls(self) -> str:
        return f"PLS, {self.session.settings.pls} components"

    def layers(self, kind: str, draw: int = -1) -> list[Predictor]:
        return [one for one in self.session.layers if one.kind == kind and one.draw == draw]

    def depth(self, network: str) -> float:
        """The place of the network's best single layer, 0 (first) to 1, as chosen in each fold, mean over folds."""
        single = [one for one in self.layers(LAYERS) if one.network == network and one.layer != ALL_LAYERS]
        errors = np.stack([self.arrays(one)["errors"] for one in single])
        return float(np.mean(self.best(errors) / (len(single) - 1)))

    def _best_of(self, predictors: Sequence[Predictor]) -> Scored:
        each = [self.arrays(one) for one in predictors]
        errors, predicted = (np.stack([one[name] for one in each]) for name in ("errors", "predicted"))
        return self.score(self.chosen(errors, predicted))

    def _of_shuffled(self, order: NDArray[np.intp], predicted: NDArray) -> Scored:
        """The score of predictions of shuffled responses, brought back to the stimuli that gave the responses."""
        back = np.empty_like(predicted)
        back[order] = predicted
        return self.score(back)


def region_result(gathered: HeldOutRegion, *others: HeldOutRegion) -> RegionEncoding:
    """Everything of a region at a time; `others` hold out in other ways."""
    session, bootstrap = gathered.session, gathered.bootstrap
    rows = gathered.rows()
    layers = gathered.layers(LAYERS)
    arrays = {(one.network, one.layer): gathered.arrays(one) for one in layers}
    errors = np.stack([one["errors"] for one in arrays.values()])
    best = gathered.chosen(errors, np.stack([one["predicted"] for one in arrays.values()]))
    count = np.bincount(gathered.best(errors), minlength=len(layers))
    unique = None
    if all("with nuisance" in one for one in arrays.values()):
        both = gathered.chosen(errors, np.stack([one["with nuisance"] for one in arrays.values()]))
        unique = bootstrap.median(both, beyond=gathered.arrays(Predictor(NUISANCE))["predicted"]).ends
    untrained = {
        (one.network, one.layer): _mean(
            [
                gathered.score(gathered.arrays(one._replace(kind=UNTRAINED, draw=draw))["predicted"])
                for draw in range(session.settings.n_untrained)
            ]
        )[1]
        for one in layers
    }
    names, ceiling = session.prepared.feature_names, bootstrap.ceiling
    r = profile_correlation(bootstrap.true, best)
    return RegionEncoding(
        session=session.name,
        region=gathered.region,
        time=gathered.time,
        sites=tuple(names[site] for site in session.sites[gathered.columns]),
        ceiling=None if ceiling is None else float(np.median(ceiling)),
        rows={name: score for name, (_, score) in rows.items()},
        gains={name: rows[BEST][0].minus(median).ends for name, (median, _) in rows.items() if name != BEST},
        unique=unique,
        layers={key: gathered.score(one["predicted"])[1] for key, one in arrays.items()},
        untrained=untrained,
        pls={key: gathered.score(one["pls"])[1] for key, one in arrays.items() if "pls" in one},
        chosen=dict(zip(arrays, (count / count.sum()).tolist(), strict=True)),
        beside={one.way: {name: score for name, (_, score) in one.rows().items()} for one in others},
        of_sites={"explained": bootstrap.score(r), "r": r}
        | ({} if ceiling is None else {"ceiling": ceiling})
        | gathered.fields(errors, [one.get("fields") for one in arrays.values()]),
    )


def hierarchies_of(session: EncodingSession, cache: ArrayCache, time: TimeRange) -> list[Hierarchy]:
    """The test of the session's hierarchy, if it has one, for each network of several layers."""
    stage_of = {region: i for i, stage in enumerate(session.settings.hierarchy or (), 1) for region in stage}
    first = session.settings.hold_out[0]
    of = {region: HeldOutRegion(session, cache, region, time, first) for region in stage_of}
    found = []
    for network, spec in session.networks.items():
        if len(spec.layers) > 1 and stage_of:
            regions = {region: (stage, of[region].depth(network)) for region, stage in stage_of.items()}
            risen = rise(*zip(*regions.values(), strict=True))
            found.append(Hierarchy(session=session.name, time=time, network=network, regions=regions, rise=risen))
    return found


def _mean(each: Sequence[Scored]) -> Scored:
    """The mean over several draws of a control."""
    whole = mean_of_bootstrapped([median for median, _ in each])
    unbiased = [score.unbiased_r2 for _, score in each if score.unbiased_r2 is not None]
    r = float(np.mean([score.r for _, score in each]))
    return whole, EncodingScore(whole.ends, r, float(np.mean(unbiased)) if unbiased else None)
