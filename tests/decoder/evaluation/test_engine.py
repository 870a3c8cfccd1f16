"""An evaluation by the graph that a rig runs: nearly the figures of the network, and errors that say what to change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hotwire.adapters import RidgeAdapter
from hotwire.decoder import (
    Decoder,
    DiscriminantReadout,
    LabelReadout,
    NearestReadout,
    Recording,
    Settings,
    StimulusTargets,
    evaluate,
)
from hotwire.decoder.bundle.save import compiled
from hotwire.decoder.evaluation.engine import Graphs
from hotwire.decoder.statistics.calibration import softmax
from hotwire.decoder.steps import RunningBaseline, ZScore
from hotwire.decoder.targets import WordTargets
from hotwire.errors import InputError, UnknownNameError
from hotwire.models import Network, OnnxNetwork

from ...realtime.bundles import LABELS, save_network
from ..conftest import make_recording

QUICK: dict[str, Any] = {"controls": ["shuffled pairing"], "n_shuffles": 1, "n_permutations": 20, "audit": "warn"}


@pytest.fixture
def shown() -> Recording:
    """Of every trial the picture that stands for its label."""
    made = make_recording(n_runs=4)
    classes = np.unique(made.events.label).tolist()
    stimuli = np.array([f"{LABELS[classes.index(label)]}.png" for label in made.events.label.tolist()])
    return replace(made, events=replace(made.events, stimulus=stimuli))


@pytest.fixture
def decoder(tmp_path: Path) -> Decoder:
    rng = np.random.default_rng(4)
    network = OnnxNetwork(save_network(tmp_path / "small.onnx", rng), labels=LABELS)
    pictures = {f"{label}.png": rng.normal(size=6).astype(np.float32) for label in LABELS}
    adapter = RidgeAdapter(alphas=1.0, gain="total")
    settings = Settings("active", steps=[RunningBaseline()], adapter=adapter, whiten="samples")
    return Decoder(network, StimulusTargets(pictures, network), settings)


def with_settings(decoder: Decoder, **changes: Any) -> Decoder:
    return Decoder(decoder.network, decoder.targets, replace(decoder.settings, **changes))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    "readout",
    [LabelReadout(), LabelReadout("remove"), NearestReadout(), DiscriminantReadout()],
    ids=["keep", "remove", "nearest", "discriminant"],
)
def test_both_engines_decide_alike(decoder: Decoder, shown: Recording, readout: Any) -> None:
    decoder = with_settings(decoder, readout=readout)
    network, bundle = evaluate(decoder, shown, **QUICK), evaluate(decoder, shown, engine="bundle", **QUICK)
    assert (network.engine, bundle.engine) == ("network", "bundle")
    np.testing.assert_allclose(softmax(bundle.decoder.scores), softmax(network.decoder.scores), atol=1e-4)
    assert bundle.decoder.measures == network.decoder.measures
    np.testing.assert_array_equal(bundle.ceiling.scores, network.ceiling.scores)
    for name, control in network.controls.items():
        np.testing.assert_array_equal(bundle.controls[name].scores, control.scores)


@pytest.mark.parametrize("prior", ["keep", "remove"])
def test_a_network_is_exported_once_for_all_fits(
    decoder: Decoder, shown: Recording, prior: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And each fit's graph is that which would be exported of it, bit for bit."""
    decoder = with_settings(decoder, readout=LabelReadout(prior), probabilities="network")
    fits = [with_settings(decoder).fit(shown.select(runs=shown.runs[first:])) for first in (0, 1)]
    expected = [compiled(one, "int8").predict(shown) for one in fits]
    exported: list[Any] = []
    export = LabelReadout.export
    monkeypatch.setattr(LabelReadout, "export", lambda *of: exported.append(of) or export(*of))
    graphs = Graphs("int8")
    assert [graphs.of(one).predict(shown) for one in fits] == expected
    assert len(exported) == 1
    assert expected[0] != expected[1]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_fold_is_decided_on_by_the_graph_of_its_own_decoder(decoder: Decoder, shown: Recording) -> None:
    found = evaluate(decoder, shown, engine="bundle", **QUICK)
    first, others = shown.select(runs=shown.runs[:1]), shown.select(runs=shown.runs[1:])
    decided = [list(one.probabilities.values()) for one in compiled(decoder.fit(others)).predict(first)]
    np.testing.assert_allclose(found.probabilities[found.fold == 0], decided, rtol=1e-5)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_cannot_run_live_says_what_to_change(decoder: Decoder, shown: Recording, network: Network) -> None:
    with pytest.raises(InputError, match="the step ZScore needs the whole run"):
        evaluate(with_settings(decoder, steps=[ZScore()]), shown, engine="bundle", **QUICK)
    labels = np.unique(shown.events.label).tolist()
    tiny = Decoder(network, WordTargets({label: label for label in labels}), Settings("second"))
    with pytest.raises(InputError, match=r'engine: .* cannot run live: network: tiny .*; take engine = "network"'):
        evaluate(tiny, shown, engine="bundle", **QUICK)
    with pytest.raises(UnknownNameError, match="There are: network, bundle"):
        evaluate(decoder, shown, engine="rig", **QUICK)  # type: ignore[arg-type]
