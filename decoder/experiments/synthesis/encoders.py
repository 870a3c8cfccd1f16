"""Encoders of the sites: for each network the layer, or all its layers, that predict best within the training."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from ....adapters.factored import FactoredAdapter
from ....adapters.ridge.ridge import RidgeAdapter
from ....models.cache.ingredients import code_of_class
from ...encoder import Encoder
from ..kernel.cache import ArrayCache, Arrays
from ..kernel.jobs import Experiment
from ..kernel.keys import content_key
from .session import SynthesisSession

FORMAT = 1
"""The format of cached fits: with another number they are computed again."""

TRAINED, UNTRAINED, SHUFFLED = "trained", "untrained network", "shuffled map"
HELD_OUT = "held out"
"""A fit of the trained network without the pictures that show how well it predicts."""


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
    return content_key(*ingredients) + ".npz"


def fit(session: SynthesisSession, job: EncoderFit) -> Arrays:
    """Fit the encoder, and predict all pictures.

    ``predicted`` is (n_pictures, n_sites); ``layers`` and ``pool`` say what was chosen. There are the
    ``weights.LAYER`` (n_sites, n_units) after pooling, and the ``intercept`` (n_sites,), but not for a fit that only
    shows how well held-out pictures are predicted.
    """
    untrained = job.kind == UNTRAINED
    rows = session.training if job.kind == HELD_OUT else session.natural
    responses = session.responses[rows]
    if job.kind == SHUFFLED:
        responses = np.random.default_rng(session.settings.seed).permutation(responses)
    encoder = chosen_encoder(session, job.network, untrained, rows, responses)
    assert encoder.pool is not None
    activations = session.tables(job.network, untrained, encoder.pool)
    arrays: Arrays = {"predicted": encoder.predict_activations(activations)}
    if job.kind != HELD_OUT:
        arrays |= {f"weights.{layer}": of.astype(np.float32) for layer, of in encoder.weights().items()}
        arrays["intercept"] = encoder.intercept()
    return arrays | {"layers": np.array(list(encoder.spaces_)), "pool": np.array(encoder.pool)}


def chosen_encoder(
    session: SynthesisSession, network: str, untrained: bool, rows: NDArray[np.intp], responses: NDArray[np.float64]
) -> Encoder:
    """The encoder with the least generalised error relative to the site's variance, on average over sites.

    Candidates are each layer, and all layers together, with each pooling; `rows` are the pictures to fit on.
    """
    layers, best, least = session.layers(network), None, np.inf
    for pool in session.settings.pool:
        tables = {layer: of[rows] for layer, of in session.tables(network, untrained, pool).items()}
        for several in [*((layer,) for layer in layers), *([layers] if len(layers) > 1 else [])]:
            encoder = Encoder(session.network(network, untrained), several, pool=pool)
            encoder.fit_activations({layer: tables[layer] for layer in several}, responses)
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
        found[name] = f"{', '.join(of['layers'].tolist())}; pooled to {int(of['pool'])} x {int(of['pool'])}"
    return found


def _entries(session: SynthesisSession, job: EncoderFit) -> list[str]:
    return [entry_of(session, job)]


def _results(session: SynthesisSession, job: EncoderFit) -> list[Arrays]:
    return [fit(session, job)]


ENCODERS = Experiment("encoders", fits_of, _entries, _results)
