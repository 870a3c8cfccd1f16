from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from hotwire.decoder.readers import read_pictures, read_responses
from hotwire.errors import NonFiniteError, RecordingError


def test_every_response_is_a_run_of_its_own(tmp_path: Path) -> None:
    responses = np.arange(6.0).reshape(2, 3)
    np.save(tmp_path / "responses.npy", responses)
    recording = read_responses(tmp_path / "responses.npy", ["a.png", "b.png", "c.png"])
    np.testing.assert_array_equal(recording.data, responses.T)
    assert len(recording.runs) == len(recording.events) == 3
    assert recording.events.stimulus is not None
    assert recording.events.stimulus.tolist() == ["a.png", "b.png", "c.png"]


def test_wrong_inputs(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"column for each of the 2 stimuli, got \(2, 3\); transpose it"):
        read_responses(np.ones((2, 3)), ["a", "b"])
    with pytest.raises(NonFiniteError, match="neuron_1"):
        read_responses(np.array([[1.0, 2.0], [1.0, np.nan]]), ["a", "b"])
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(RecordingError, match=r"broken\.npy cannot be read .*; expected a .npy file, or a table"):
        read_responses(tmp_path / "broken.npy", ["a"])


@pytest.mark.slow
def test_v4_session() -> None:
    data = os.environ.get("HOTWIRE_DATA")
    if not data or not (folder := Path(data) / "v4-natural").is_dir():
        pytest.skip("HOTWIRE_DATA does not name the folder of recordings")
    pictures = read_pictures(folder / "images" / "images_210621.zip")
    recording = read_responses(folder / "responses" / "responses_210621.npy", list(pictures))
    assert (recording.n_samples, recording.n_features) == (1200, 51)
    assert next(iter(pictures.values())).size == (112, 112)
