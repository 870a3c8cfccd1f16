"""A saved decoder of gist says what the fitted one says, and the same again each time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hotwire.decoder.bundle.compiled import CompiledDecoder
from hotwire.decoder.bundle.compiled_gist import PARTS, CompiledGist
from hotwire.decoder.bundle.save_gist import save_gist
from hotwire.decoder.bundle.sealed import describe, seal, unseal
from hotwire.decoder.gist.meter import Meter
from hotwire.decoder.statistics.surrogates import phase_randomised
from hotwire.decoder.steps import Detrend
from hotwire.errors import BundleError, InputError, RecordingError

from .gist_study import SPACE, SavedGist, fit_and_save


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> SavedGist:
    return fit_and_save(tmp_path_factory.mktemp("gist"))


def test_says_what_the_fitted_one_says(saved: SavedGist) -> None:
    expected = saved.fitted.decode(saved.recording, "d", saved.words["d"])
    words = saved.loaded.decode(saved.recording, "d", saved.words["d"])
    assert words == expected
    true = [word == said for word, said in zip(saved.words["d"].word, words, strict=True)]
    assert np.mean(true) > 0.5


def test_the_same_bits_again(saved: SavedGist) -> None:
    words = saved.words["d"]
    scores = []
    for loaded in (saved.loaded, CompiledGist.load(saved.loaded.path)):
        decoder = loaded.decoder()
        decoder.push(loaded.samples(saved.recording, "d"), words.middle_s, words.duration_s)
        decoder.finish()
        scores.append(decoder.scores)
    np.testing.assert_array_equal(*scores)


def test_the_meter_tells_a_brain_from_one_without_words(saved: SavedGist) -> None:
    words, samples = saved.words["d"], saved.loaded.samples(saved.recording, "d")
    found = []
    for given in (samples, phase_randomised(samples, np.random.default_rng(5))):
        decoder = saved.loaded.decoder()
        assert decoder.gained is None
        decoder.push(given, words.middle_s, words.duration_s)
        decoder.finish()
        assert saved.loaded.meter is not None
        assert decoder.gained is not None
        found.append([saved.loaded.meter.z(gained) for gained in (*decoder.gains, decoder.gained)])
    brain, surrogate = np.mean(found, axis=1)
    assert brain > 2
    assert abs(surrogate) < 1
    with pytest.raises(InputError, match="an sd above 0"):
        Meter(1.0, 0.0, 60)


def test_the_rate_of_words_is_the_fitted_one(saved: SavedGist) -> None:
    samples = saved.loaded.samples(saved.recording, "d")
    assert saved.loaded.rate is not None
    own, loaded = (rate.words(samples) for rate in (saved.fitted.rate, saved.loaded.rate))
    np.testing.assert_array_equal(own.middle_s, loaded.middle_s)


def test_describes_itself(saved: SavedGist) -> None:
    told = describe(saved.loaded.path)
    assert told["decodes"] == "gist"
    assert told["words_per_s"] == pytest.approx(1 / 1.5, rel=0.01)
    assert told["fitted_on"].keys() == {"a", "b", "c"}


def test_knows_how_volumes_are_prepared(saved: SavedGist) -> None:
    space = saved.loaded.space
    assert space is not None
    assert (space.shape, space.affine.tolist()) == (SPACE.shape, SPACE.affine.tolist())
    assert np.array_equal(space.reference, SPACE.reference)  # type: ignore[arg-type]


def test_needs_nothing_heavy(saved: SavedGist) -> None:
    code = (
        "import sys; from hotwire.decoder.bundle.compiled_gist import CompiledGist; "
        f"CompiledGist.load({str(saved.loaded.path)!r}); print([name for name in ('torch', 'scipy', 'sklearn', "
        "'onnx', 'pandas', 'pydantic') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_faults(saved: SavedGist, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"me\.hotwire: expected a decoder of classes, got one of gist"):
        CompiledDecoder.load(saved.loaded.path)
    manifest, parts, _ = unseal(saved.loaded.path, wanted=PARTS, decodes="gist")
    for field, value, message in (
        ("graphs", manifest["graphs"] | {"n_words": 3}, "expected those of 9 words"),
        ("meter", {"mean": 0.0}, "sd"),
        ("meter", manifest["meter"] | {"n_words": 30}, "meter: expected one of 60 words, got one of 30"),
        ("beam", {}, "nucleus"),
        ("timing", manifest["timing"] | {"delays": [1]}, "responses: expected the shape"),
        ("word_rate", manifest["word_rate"] | {"delays": [1]}, "weights: expected the shape"),
        ("passages", manifest["passages"] | {"lengths": [1, 1, 1, 1]}, r"expected: expected \(4, K\)"),
        ("words_per_s", "3", "words_per_s: expected float or int"),
    ):
        seal(tmp_path / "changed.hotwire", manifest | {field: value}, parts)
        with pytest.raises(BundleError, match=message):
            CompiledGist.load(tmp_path / "changed.hotwire")
    newer = ("word_rate", "passages")
    older = {name: value for name, value in manifest.items() if name not in newer} | {"format": 10}
    seal(tmp_path / "older.hotwire", older, parts)
    loaded = CompiledGist.load(tmp_path / "older.hotwire")
    assert loaded.rate is loaded.passages is None
    seal(tmp_path / "less.hotwire", manifest, {name: part for name, part in parts.items() if name != "go_on.onnx"})
    with pytest.raises(BundleError, match=r"'go_on\.onnx' is missing"):
        CompiledGist.load(tmp_path / "less.hotwire")
    with pytest.raises(InputError, match="the step Detrend needs the whole run"):
        save_gist(saved.fitted, saved.recording, saved.words, (Detrend(1),), tmp_path / "never.hotwire")
    with pytest.raises(RecordingError, match="feature"):
        saved.loaded.samples(saved.recording.select(features=["feature_1"]), "d")
    assert json.loads(json.dumps(manifest)) == manifest
