from __future__ import annotations

from importlib.metadata import EntryPoint

import numpy as np
import pytest

from hotwire.adapters import BandedAdapter
from hotwire.decoder import Decoder, NearestReadout, Recording, Settings, WordTargets, evaluate
from hotwire.decoder import registry as registry_module
from hotwire.decoder.evaluation import controls
from hotwire.decoder.evaluation.controls import NUISANCE, Control, Controls, control_named, register
from hotwire.decoder.evaluation.result import Evaluation
from hotwire.errors import InputError, UnknownNameError
from hotwire.models import Network

HALF = Control("half", "half of what is predicted", activations=lambda predicted, mean: (predicted + mean) / 2)
LABELS = ("cat", "face", "house", "shoe")


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controls, "REGISTERED", Controls("hotwire.controls", dict(controls.REGISTERED)))


def evaluated(network: Network, recording: Recording, words: dict[str, str], *names: str) -> Evaluation:
    settings = Settings("first", whiten="samples", readout=NearestReadout())
    return evaluate(Decoder(network, WordTargets(words), settings), recording, controls=names, n_permutations=10)


def test_a_control_of_ones_own(network: Network, recording: Recording) -> None:
    """Half of a deviation points where the whole does, so the nearest target is the same; the opposite does not."""
    register(HALF)
    register(Control("opposite", "the other way", activations=lambda predicted, mean: 2 * mean - predicted))
    result = evaluated(network, recording, dict(zip(LABELS, LABELS, strict=True)), "half", "opposite")
    np.testing.assert_allclose(result.controls["half"].scores, result.decoder.scores, atol=1e-5)
    assert result.controls["opposite"].measures["candidate"].value < 0.1 < result.decoder.measures["candidate"].value


def test_plain_features_of_the_stimuli_in_place_of_the_brain(network: Network, recording: Recording) -> None:
    """The words' lengths tell some of them apart; words that are all of one length have no such features."""
    words = {"cat": "cat", "face": "face", "house": "a big house", "shoe": "shoe"}
    alone = evaluated(network, recording, words, NUISANCE).controls[NUISANCE]
    assert alone.measures["pairwise"].value > 0.6
    alike = {"cat": "tabby", "face": "cheek", "house": "house", "shoe": "boots"}
    without = evaluated(network, recording, alike, NUISANCE)
    assert without.controls == {}
    [finding] = [one for one in without.findings if one.check == "controls"]
    assert finding.verdict == "warning"
    assert finding.reason.startswith(
        "The control 'nuisance' was left out: it needs words, texts or pictures that differ"
    )
    assert not any(one.check == "controls" for one in evaluated(network, recording, words, NUISANCE).findings)


@pytest.mark.parametrize("bands", ["regions", ["front"] * 8 + ["back"] * 12])
def test_plain_features_are_in_no_band_of_the_brain(network: Network, recording: Recording, bands: str | list) -> None:
    parts = (recording.data, recording.rate_hz, recording.feature_names, recording.run, recording.events)
    regions = Recording(*parts, regions={"front": np.arange(8), "back": np.arange(8, 20)})
    settings = Settings("first", adapter=BandedAdapter(bands=bands, n_iter=2), readout=NearestReadout())
    decoder = Decoder(
        network, WordTargets({"cat": "cat", "face": "face", "house": "a big house", "shoe": "shoe"}), settings
    )
    result = evaluate(decoder, regions, controls=[NUISANCE], n_permutations=10)
    assert result.controls[NUISANCE].measures["pairwise"].value > 0.6


def test_predictors_are_computed_once(network: Network, recording: Recording) -> None:
    """Not for each fold: reading all pictures takes long."""
    calls = []
    register(Control("letters", "", predictors=lambda targets: calls.append(targets) or np.eye(len(targets.keys))))
    evaluated(network, recording, dict(zip(LABELS, LABELS, strict=True)), "letters")
    assert len(calls) == 1


def test_every_name_once() -> None:
    assert register(HALF) is register(HALF)
    with pytest.raises(InputError, match="control 'half': expected a name of its own"):
        register(Control("half", "another one"))
    with pytest.raises(UnknownNameError, match="There are: shuffled pairing"):
        control_named("quarter")


def test_other_packages_bring_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the control's own name."""
    point = EntryPoint("half", "package:HALF", "hotwire.controls")
    monkeypatch.setattr(registry_module, "entry_points", lambda group, name=None: [point] if name == "half" else [])
    monkeypatch.setattr(EntryPoint, "load", lambda self: HALF)
    assert control_named("half") is HALF
    monkeypatch.setattr(EntryPoint, "load", lambda self: controls.OWN[0])
    with pytest.raises(InputError, match=r"entry point 'half' of hotwire\.controls: expected a Control of that name"):
        control_named("half")
