"""Encoders of the sites: for each network the layer, or all its layers, that predict best within the training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.base import BaseEstimator

from ....adapters.factored import FactoredAdapter
from ....adapters.ridge.ridge import RidgeAdapter
from ....models.cache.ingredients import code_of_class
from ...encoder import Encoder
from ...pooling import Pool
from ...receptive_fields import FIELDS, RECEPTIVE_FIELD, FieldRidge
from ...report.checks import SIGNIFICANT
from ...statistics.correlations import profile_correlation
from ..kernel.cache import ArrayCache, Arrays
from ..kernel.jobs import Experiment
from ..kernel.keys import content_key
from ..session.holding_out import nearly_alone
from .session import SynthesisSession

FORMAT = 2
"""The format of cached fits: with another number they are computed again."""

TRAINED, UNTRAINED, SHUFFLED = "trained", "untrained network", "shuffled map"
HELD_OUT = "held out"
"""A fit of the trained network without the stimuli that show how well it predicts."""
FIELDS_HELD_OUT = "held out, receptive fields"
"""The same through receptive fields, where the study does not name them: do they predict better?"""


class EncoderFit(NamedTuple):
    """An encoder of all sites from a network, of a kind above."""

    network: str
    kind: str = TRAINED


def fits_of(session: SynthesisSession, lacks: Callable[[str], bool] = lambda _: True) -> list[EncoderFit]:
    """All fits whose results are missing."""
    jobs = [
        EncoderFit(network, kind) for network in session.networks for kind in (TRAINED, HELD_OUT, UNTRAINED, SHUFFLED)
    ]
    jobs += [EncoderFit(network, kind) for network in session.judging for kind in (TRAINED, HELD_OUT)]
    jobs += [EncoderFit(network, FIELDS_HELD_OUT) for network in session.without_fields]
    return [job for job in jobs if lacks(entry_of(session, job))]


def entry_of(session: SynthesisSession, job: EncoderFit) -> str:
    """The file of a fit, named by a key of all that it depends on."""
    ingredients = session.ingredients(job.network, job.kind == UNTRAINED)
    ingredients = [
        "encoders",
        FORMAT,
        job.kind,
        *ingredients,
        code_of_class(Encoder, BaseEstimator),
        code_of_class(RidgeAdapter, FactoredAdapter),
    ]
    if job.kind == FIELDS_HELD_OUT or RECEPTIVE_FIELD in session.settings.pool:
        ingredients += [code_of_class(FieldRidge, object), FIELDS]
    return content_key(*ingredients) + ".npz"


def fit(session: SynthesisSession, job: EncoderFit) -> Arrays:
    """Fit the encoder, and predict all stimuli.

    ``predicted`` is (n_stimuli, n_sites); ``layers``, ``pool`` and ``fields`` (n_sites, 3), none where the pool is a
    number, say what was chosen. There are the ``weights.LAYER`` (n_sites, n_units) after pooling, and the ``intercept``
    (n_sites,), but not for a fit that only shows how well held-out stimuli are predicted.
    """
    untrained = job.kind == UNTRAINED
    only_held_out = job.kind in (HELD_OUT, FIELDS_HELD_OUT)
    rows = session.training if only_held_out else session.natural
    responses = session.responses[rows]
    if job.kind == SHUFFLED:
        responses = np.random.default_rng(session.settings.seed).permutation(responses)
    pools: Sequence[Pool] = [RECEPTIVE_FIELD] if job.kind == FIELDS_HELD_OUT else session.settings.pool
    encoder = chosen_encoder(session, job.network, untrained, pools, rows, responses)
    assert encoder.pool is not None
    activations = session.tables(job.network, untrained, encoder.pool)
    arrays: Arrays = {"predicted": encoder.predict_activations(activations)}
    if not only_held_out:
        arrays |= {f"weights.{layer}": of.astype(np.float32) for layer, of in encoder.weights().items()}
        arrays["intercept"] = encoder.intercept()
    about = {"layers": np.array(list(encoder.spaces_)), "pool": np.array(encoder.pool)}
    return arrays | about | {"fields": np.array(encoder.fields_).reshape(-1, 3)}


def chosen_encoder(
    session: SynthesisSession,
    network: str,
    untrained: bool,
    pools: Sequence[Pool],
    rows: NDArray[np.intp],
    responses: NDArray[np.float64],
) -> Encoder:
    """The encoder with the least error within the training relative to the site's variance, on average over sites.

    Candidates are each layer, and all layers together, with each pooling; `rows` are the stimuli to fit on. Where many
    look alike, errors are over whole groups of them.
    """
    layers, best, least = session.layers(network), None, np.inf
    groups = None if nearly_alone(session.groups[rows]) else session.groups[rows]
    for pool in pools:
        tables = {layer: of[rows] for layer, of in session.tables(network, untrained, pool).items()}
        for several in [*((layer,) for layer in layers), *([layers] if len(layers) > 1 else [])]:
            encoder = Encoder(session.network(network, untrained), several, pool=pool)
            encoder.fit_activations({layer: tables[layer] for layer in several}, responses, groups)
            assert encoder.adapter_.cv_errors_ is not None
            error = float((encoder.adapter_.cv_errors_.min(axis=0) / responses.var(axis=0)).mean())
            if best is None or error < least:
                best, least = encoder, error
    assert best is not None
    return best


def choices(session: SynthesisSession, cache: ArrayCache) -> dict[str, str]:
    """In words, which layers and which pooling predict the sites, for each network."""
    found = {}
    for name in (*session.networks, *session.judging):
        of = cache.get(entry_of(session, EncoderFit(name)), lambda array: array in ("layers", "pool"))
        pool = of["pool"].item()
        if session.medium.noun == "sound":
            how = "averaged over the sound" if pool == 1 else f"averaged over {pool} stretches of time"
        else:
            how = "through receptive fields" if pool == RECEPTIVE_FIELD else f"pooled to {pool} x {pool}"
        layers = ", ".join(of["layers"].tolist())
        found[name] = layers if layers == name else f"{layers}; {how}"
    return found


def fields_of(session: SynthesisSession, cache: ArrayCache) -> dict[str, NDArray[np.float64]]:
    """The receptive fields (3, n_sites) of each network that was chosen with them: top, left, width."""
    found = {}
    for name in (*session.networks, *session.judging):
        of = cache.get(entry_of(session, EncoderFit(name)), lambda array: array == "fields")["fields"]
        if len(of):
            found[name] = of.T
    return found


def notes_on_pooling(session: SynthesisSession, cache: ArrayCache) -> list[str]:
    """Where receptive fields, which the study does not name, predict more sites better than not by chance (sign test):
    natural pictures that were held out.
    """
    notes = []
    for name in session.without_fields:
        plain, through = (
            profile_correlation(
                session.responses[session.held_out],
                cache.get(entry_of(session, EncoderFit(name, kind)))["predicted"][session.held_out],
            )
            for kind in (HELD_OUT, FIELDS_HELD_OUT)
        )
        n_better, n_sites = int(np.count_nonzero(through > plain)), len(session.sites)
        if binomtest(n_better, n_sites, alternative="greater").pvalue < SIGNIFICANT:
            pools = ", ".join(map(str, session.settings.pool))
            notes.append(
                f"{name}: through a receptive field {n_better} of {n_sites} sites are predicted better than by pooling "
                f"(held-out natural pictures, median r {np.nanmedian(through):.2f} in place of "
                f'{np.nanmedian(plain):.2f}): write pool = [{pools}, "{RECEPTIVE_FIELD}"].'
            )
    return notes


def _entries(session: SynthesisSession, job: EncoderFit) -> list[str]:
    return [entry_of(session, job)]


def _results(session: SynthesisSession, job: EncoderFit) -> list[Arrays]:
    return [fit(session, job)]


ENCODERS = Experiment("encoders", fits_of, _entries, _results)
