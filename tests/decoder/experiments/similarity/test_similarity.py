"""RDMs of a network's layers beside those of made-up regions: one that is a layer's own, one of noise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.spatial.distance import squareform

from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.experiments.similarity import study as similarity_study
from hotwire.decoder.experiments.similarity.run import NUISANCE, PIXELS, UNTRAINED, RegionRdm
from hotwire.decoder.statistics.dissimilarities import dissimilarities, rdm_correlation

from ...small_encoding import network, pictures, small_network

N = 20
STUDY = """
kind = "similarity"
[pictures]
path = "rdms.npz"
pictures = "pictures"
[regions.seeing]
path = "rdms.npz"
rdm = "seeing"
per_subject = 2
[regions.blind]
path = "rdms.npz"
rdm = "blind"
[network]
name = "efficientnet-lite0"
[similarity]
layers = ["blocks.0", "blocks.1"]
n_draws = 100
"""


def save(folder: Path, text: str = STUDY, **changes: np.ndarray) -> Path:
    shown, rng = np.stack([np.asarray(one) for one in pictures(N)]), np.random.default_rng(0)
    states = network().activations(shown, ["blocks.1"])["blocks.1"].reshape(N, -1)
    # Three subjects, two noisy sessions each.
    noise = 0.3 * states.std(axis=0).mean() * rng.normal(size=(6, *states.shape))
    subjects = [squareform(dissimilarities(states + one)) for one in noise]
    arrays = {"pictures": shown, "seeing": np.array(subjects), "blind": dissimilarities(rng.normal(size=(N, 30)))}
    everything: dict[str, Any] = arrays | changes
    np.savez(folder / "rdms.npz", **everything)
    (folder / "study.toml").write_text(text)
    return folder / "study.toml"


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(similarity_study, "compiled", lambda opened: opened)
    with small_network():
        yield


def test_the_own_layer_is_found_and_noise_is_like_none(tmp_path: Path) -> None:
    result = CliRunner().invoke(hotwire, ["encode", str(save(tmp_path)), "--json"])
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    seeing, blind = found["regions"]
    assert seeing["layers"]["blocks.1"]["value"] > 0.9
    assert seeing["chosen"] == {"blocks.0": 0.0, "blocks.1": 1.0}
    assert seeing["nested"] > 0.85
    for control in (PIXELS, NUISANCE, UNTRAINED):
        assert seeing["gains"]["blocks.1"][control]["low"] > 0
    gain = seeing["layers"]["blocks.1"]["value"] - seeing["controls"][PIXELS]["value"]
    assert seeing["gains"]["blocks.1"][PIXELS]["value"] == pytest.approx(gain)
    low, high = seeing["ceiling"]
    assert 0.5 < low < high <= 1
    assert blind["ceiling"] is None
    assert blind["layers"]["blocks.1"]["low"] < 0 < blind["layers"]["blocks.1"]["high"]
    page = Path(found["report"]).read_text()
    assert "Nili et al. 2014" in page
    assert "2 layers" not in page


def test_the_ceiling_is_of_subjects_with_the_others_and_with_all() -> None:
    rng = np.random.default_rng(1)
    subjects = np.stack([dissimilarities(rng.normal(size=(N, 5))) for _ in range(3)])
    mean = subjects.mean(axis=0)
    found = RegionRdm(mean, subjects).ceiling
    assert found is not None
    others = [subjects[[1, 2]].mean(axis=0), subjects[[0, 2]].mean(axis=0), subjects[[0, 1]].mean(axis=0)]
    pairs = list(zip(subjects, others, strict=True))
    assert found[0] == pytest.approx(np.mean([rdm_correlation(one, other) for one, other in pairs]))
    assert found[1] == pytest.approx(np.mean([rdm_correlation(one, mean) for one in subjects]))


def test_wrong_inputs(tmp_path: Path) -> None:
    def said(*changes: tuple[str, str], **arrays: np.ndarray) -> str:
        text = STUDY
        for old, new in changes:
            text = text.replace(old, new)
        result = CliRunner().invoke(hotwire, ["encode", str(save(tmp_path, text, **arrays))])
        assert (result.exit_code, result.stdout) == (1, "")
        return result.stderr

    assert "regions.blind: expected dissimilarities of the 20 pictures, got those of 5" in said(blind=np.ones(10))
    assert "regions.blind.blind: expected finite" in said(blind=np.full(190, np.nan))
    assert "regions.seeing.per_subject: expected a divisor of 6" in said(("per_subject = 2", "per_subject = 4"))
    assert "regions.blind.position: expected 0 to 0, got 3" in said(('rdm = "blind"', 'rdm = "blind"\nposition = 3'))
    assert "blocks.99" in said(('"blocks.1"]', '"blocks.99"]'))
    assert "expected one that sees pictures" in said(("efficientnet-lite0", "all-minilm-l6-v2"))
    assert "expected paths, PIL images or uint8 arrays" in said(pictures=np.zeros((N, 4, 4, 2), np.uint8))
