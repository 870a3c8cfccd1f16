"""Feedback from a region while a scanner sends volumes: the numbers of the whole recording, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from hotwire.decoder import Events
from hotwire.decoder.readers import read_dicom
from hotwire.decoder.region_feedback import Baseline, region_changes
from hotwire.decoder.windows import SlidingAverage
from hotwire.errors import InputError
from hotwire.realtime.engine.engine import Engine
from hotwire.realtime.live_feedback import LiveFeedback
from hotwire.realtime.settings import LiveSettings
from hotwire.realtime.sources.dicom import DicomFolder
from hotwire.realtime.sources.planned import PlannedSource

from ...dicom_files import AFFINE, TR_S, mosaic, volume
from ..scenes import scene
from ..small import Kept, SignDecoder
from ..sources.test_dicom import NAMES, SPACE, Scanner

REGION = np.array([[1, 1, 1], [1, 2, 1], [2, 2, 2], [5, 0, 3]])
PROTOCOL = Events(np.ones(3, int), np.array([0.0, 8.0, 16.0]), np.full(3, 8.0), np.array(["rest", "work", "rest"]))
AGAINST_BLOCKS = Baseline(labels=["rest"], skipped_s=2.0)


class KeptFeedback(Kept):
    def __init__(self) -> None:
        super().__init__()
        self.feedbacks: list[LiveFeedback] = []

    def feedback(self, feedback: LiveFeedback) -> None:
        self.feedbacks.append(feedback)


def session(folder: Path, ids: list[int], baseline: Baseline, **given: Any) -> list[LiveFeedback]:
    """What is said while these volumes come, one every two seconds."""

    def write(number: int) -> Any:
        return lambda: (folder / f"{number:06d}.dcm").write_bytes(mosaic(volume(number), number))

    clock, kept = Scanner([(TR_S * number, write(number)) for number in ids]), KeptFeedback()
    decoder: Any = SignDecoder(len(NAMES), 1 / TR_S, SlidingAverage(TR_S, TR_S), unit="a.u.")
    decoder.feature_names = NAMES
    source = PlannedSource(DicomFolder(folder, NAMES, TR_S, SPACE, clock=clock, **given), PROTOCOL, clock)
    settings = LiveSettings(timeout_s=5.0, feedback=baseline)
    with Engine(decoder, source, settings, outputs=[kept], clock=clock) as engine:
        while clock.now() < TR_S * (max(ids) + 3):
            engine.turn(0.5)
    return kept.feedbacks


def mask_of(path: Path, voxels: np.ndarray) -> Path:
    mask = np.zeros(SPACE.shape, np.uint8)
    mask[tuple(voxels.T)] = 1
    nibabel.save(nibabel.Nifti1Image(mask, AFFINE), path)  # type: ignore[attr-defined]
    return path


@pytest.mark.parametrize("baseline", [AGAINST_BLOCKS, Baseline(window_s=6.0)])
@pytest.mark.parametrize("region", [REGION, None])
def test_it_is_that_of_the_whole_recording_bit_for_bit(tmp_path: Path, baseline: Baseline, region: Any) -> None:
    (tmp_path / "live").mkdir()
    live = session(tmp_path / "live", list(range(1, 13)), baseline, region=region)
    own = np.array([[int(index) for index in name.split("_")[1:]] for name in NAMES])
    mask = mask_of(tmp_path / "mask.nii", own if region is None else region)
    recording = read_dicom(tmp_path / "live", mask, PROTOCOL)
    offline = region_changes(recording, baseline)
    assert len(live) == len(offline) == 12
    if region is None:  # the decoder's order of voxels is another than the mask's: sums may differ in the last bit
        found = [one.percent or np.nan for one in live]
        np.testing.assert_allclose(found, [one.percent for one in offline], rtol=1e-9)
        return
    for one, other in zip(live, offline, strict=True):
        assert [one.percent, one.signal, one.baseline] == [x if x == x else None for x in other[:3]]
        assert one.why == other.why
    assert sum(one.percent is not None for one in live) == (8 if baseline.labels else 11)
    assert [one.start_s for one in live] == [TR_S * k for k in range(12)]


def test_a_lost_volume_has_no_feedback_and_shifts_nothing(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "lost").mkdir()
    whole = session(tmp_path / "whole", list(range(1, 11)), AGAINST_BLOCKS, region=REGION)
    lost = session(tmp_path / "lost", [1, 2, 3, 4, 5, 7, 8, 9, 10], AGAINST_BLOCKS, region=REGION)
    assert [one.start_s for one in lost] == [2.0 * k for k in (0, 1, 2, 3, 4, 6, 7, 8, 9)]
    assert [one.percent for one in lost] == [one.percent for one in whole if one.start_s != 10.0]


def test_a_decoder_without_voxels_has_no_region() -> None:
    engine, _ = scene([], feedback=Baseline(window_s=2.0))
    with pytest.raises(InputError, match="feedback: region: expected voxels among the features"):
        engine.open()
