"""Recordings of a study file that are arrays by name, or spikes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from hotwire.decoder.study.recordings import AnyRecording


def told(folder: Path, **fields: Any) -> Any:
    return TypeAdapter(AnyRecording).validate_python(fields, context={"folder": folder})


def test_arrays(tmp_path: Path) -> None:
    masks = np.zeros((2, 2, 2, 1), int)
    masks[0, :, 1] = 1
    masks[1, 1] = 1
    np.savez(
        tmp_path / "a.npz",
        X=np.arange(8.0).reshape(4, 2),
        label=np.array([1, 1, 2, 2]),
        masks=masks,
        names=np.array(["all", "lh.V1"]),
    )
    section = told(
        tmp_path,
        kind="arrays",
        path="a.npz",
        data="X",
        label="label",
        label_names={"1": "six", "2": "nine"},
        tr_s=2.5,
        masks={"masks": "masks", "labels": "names", "features": "all"},
        regions={"V1": "*.V1"},
    )
    recording = section.read()
    assert recording.tr_s == 2.5
    assert recording.feature_names == ("voxel_0_1_0", "voxel_1_1_0")
    assert recording.regions["V1"].tolist() == [1]
    assert recording.events.label.tolist() == ["six", "nine"]
    assert section.kind_of_stimuli is None
    assert section.presented == {}


def test_arrays_bring_their_pictures(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", X=np.eye(2), label=np.array(["a", "b"]), shown=np.arange(8).reshape(2, 4))
    fields = {"kind": "arrays", "path": "a.npz", "data": "X", "label": "label"}
    section = told(tmp_path, **fields, stimuli="shown", picture_shape=[2, 2], order="F")
    assert section.kind_of_stimuli == "pictures"
    assert list(section.presented) == section.read().events.stimulus.tolist()
    assert section.read().source.endswith("a.npz; no rate and no runs: each of 2 rows is a run of its own")
    assert np.asarray(section.presented["picture_1"])[:, :, 0].tolist() == [[4, 6], [5, 7]]


def test_paths_are_shown_without_detours(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", X=np.eye(2), label=np.array(["a", "b"]), run=np.array([1, 2]))
    (tmp_path / "studies").mkdir()
    fields = {"kind": "arrays", "path": "../studies/../a.npz", "data": "X", "label": "label", "run": "run"}
    assert told(tmp_path / "studies", **fields).read().source == str(tmp_path.resolve() / "a.npz")


def test_spikes(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz",
        site=np.array([0, 1]),
        trial=np.array([0, 0]),
        ms=np.array([-5, 5]),
        object=np.array([["cat"], ["cat"]]),
    )
    section = told(
        tmp_path,
        kind="spikes",
        path="a.npz",
        neuron="site",
        time_ms="ms",
        label="object",
        bin_ms=10,
        start_ms=-10,
        stop_ms=10,
    )
    np.testing.assert_array_equal(section.read().data, [[100.0, 0.0], [0.0, 100.0]])
    assert section.kind_of_stimuli is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rate_hz": 1.0, "tr_s": 1.0}, "expected rate_hz or tr_s, got both"),
        (
            {"voxels": {"index": "i", "shape": "s"}, "masks": {"masks": "m", "labels": "n", "features": "f"}},
            "expected voxels or masks, got both",
        ),
        ({"tr_s": 0.0}, "greater than 0"),
        ({"voxels": {"index": "i"}}, "expected a field 'shape'"),
        ({"rows": "columns"}, "'samples' or 'features'"),
    ],
)
def test_wrong_fields(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        told(tmp_path, kind="arrays", path="a.npz", data="X", label="label", **changes)
