"""Studies written for recordings: they open, and say what the recording holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.decoder import Events, Recording
from hotwire.decoder.readers import read_nwb
from hotwire.decoder.readers.nwb.describe import fields_to_begin_with
from hotwire.decoder.readouts.label import LabelReadout
from hotwire.decoder.readouts.nearest import NearestReadout
from hotwire.decoder.study.draft import READOUTS, classes_of, draft, words_of
from hotwire.decoder.study.study import open_study

from ..readers.nwb.made_session import LABELS, made_session, write_session


def recording(rate_hz: float, duration_s: float, labels: list[str], n_runs: int = 1) -> Recording:
    n_each, n = round(4 * max(rate_hz, 1.0) * (duration_s + 1)), len(labels)
    onsets = np.tile(np.arange(n, dtype=np.float64) * (duration_s + 3.0), n_runs)
    events = Events(
        np.repeat(np.arange(n_runs), n), onsets, np.full(n * n_runs, duration_s), np.array(labels * n_runs, np.str_)
    )
    samples = max(n_each, round(rate_hz * (onsets.max() + duration_s + 10)))
    data = np.zeros((samples * n_runs, 3), np.float32)
    return Recording(data, rate_hz, ("a", "b", "c"), np.repeat(np.arange(n_runs), samples), events)


@pytest.mark.parametrize(("rate_hz", "scanner"), [(0.5, True), (1 / 0.72, True), (100.0, False), (1000.0, False)])
@pytest.mark.parametrize("duration_s", [0.0, 0.5, 20.0])
@pytest.mark.parametrize("readout", READOUTS, ids=str)
def test_it_opens(tmp_path: Path, rate_hz: float, scanner: bool, duration_s: float, readout: object) -> None:
    made = recording(rate_hz, duration_s, ["cat", "shoe_01", "rest", "cat", "shoe_01", "n/a", "once"])
    words = words_of(classes_of(made))
    assert words == {"cat": "cat", "shoe_01": "shoe"}
    fields = {"kind": "xdf", "path": str(tmp_path / 'a "quoted" name.xdf')}
    (tmp_path / "study.toml").write_text(
        draft(made, fields, words, readout, scanner=scanner, hints={"path": "there are: two"})  # type: ignore[arg-type]
    )
    study = open_study(tmp_path / "study.toml")
    assert study.sections.recording.given()["path"] == [Path(fields["path"])]
    assert study.sections.targets.of_words().answers == ("cat", "shoe")
    assert study.sections.recording.cut is not None
    settings = study.sections.decoder.settings()
    assert settings.readout == (readout if scanner else LabelReadout("remove"))
    if scanner:
        assert (settings.window.start_s, settings.window.stop_s) == (4.0, duration_s + 5.0)  # type: ignore[union-attr]
    for choice in study.sections.evaluation.choices():
        for value in choice.values:
            replace(settings, **{choice.setting: value})


def test_several_runs_are_not_cut(tmp_path: Path) -> None:
    made = recording(0.5, 10.0, ["cat", "shoe"], n_runs=3)
    text = draft(made, {"kind": "bids", "root": "."}, {"cat": "cat"}, NearestReadout(), scanner=True, hints={})
    assert "cut = " not in text
    assert '# shoe = "shoe"  # 3 events' in text


@given(st.lists(st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1), min_size=2, unique=True))
def test_two_labels_never_share_a_word(labels: list[str]) -> None:
    words = words_of(labels)
    assert list(words) == labels
    assert all(word.strip() for word in words.values()) or not all(label.strip() for label in labels)
    assert len({word.casefold() for word in words.values()}) == len(words)


@pytest.mark.parametrize("label", ["rest", "Fixation", "n/a", "BAD_eye", "New Segment/", "baseline", "ITI"])
def test_what_is_no_class(label: str) -> None:
    assert classes_of(recording(1.0, 1.0, [label, label, "cat", "cat", "dog", "dog"])) == ["cat", "dog"]


def test_rest_is_a_class_where_there_is_one_task() -> None:
    made = recording(1.0, 1.0, ["baseline", "regulate", "button", "button"] * 2)
    assert classes_of(made) == ["baseline", "regulate"]
    assert classes_of(recording(1.0, 1.0, ["baseline", "cat", "dog"] * 2)) == ["cat", "dog"]


def test_units_of_an_nwb_file(tmp_path: Path) -> None:
    fields, hints = fields_to_begin_with(write_session(tmp_path / "session.nwb"))
    assert fields | {"path": ""} == {"path": "", "signal": "units", "bin_ms": 50.0, "events": "trials", "label": "side"}
    assert hints == {"signal": "there are: units, lfp, raw"}
    made = read_nwb(**fields)
    text = draft(
        made, {"kind": "nwb", **fields}, words_of(classes_of(made)), NearestReadout(), scanner=False, hints=hints
    )
    (tmp_path / "study.toml").write_text(text)
    study = open_study(tmp_path / "study.toml")
    assert study.sections.targets.of_words().answers == ("left", "right", "up")
    assert len(study.recording().runs) == 4
    assert 'signal = "units"  # there are: units, lfp, raw' in text
    assert [str(step) for step in study.sections.decoder.settings().steps] == ["SquareRoot()"]


def test_the_runs_that_a_column_of_an_nwb_file_names(tmp_path: Path) -> None:
    file = made_session()
    for name, of in (("block", [1] * 4 + [2] * 4 + [3] * 4), ("session", [1] * 12), ("block_id", LABELS)):
        file.add_trial_column(name=name, description=name, data=of)
    fields, hints = fields_to_begin_with(write_session(tmp_path / "session.nwb", file))
    assert (fields["label"], fields["run"]) == ("side", "block")
    made = read_nwb(**fields)
    text = draft(
        made, {"kind": "nwb", **fields}, {"left": "left", "up": "up"}, NearestReadout(), scanner=False, hints=hints
    )
    assert 'run = "block"  # the column that says in which of 3 runs an event was' in text
    assert "cut = " not in text
    (tmp_path / "study.toml").write_text(text)
    assert open_study(tmp_path / "study.toml").recording().runs == [1, 2, 3]


@pytest.mark.parametrize(("pause_s", "n_each", "n_runs"), [(9.0, 4, 6), (1.5, 4, 4), (1.0, 10, 6)])
def test_as_many_runs_as_blocks_or_as_classes_allow(pause_s: float, n_each: int, n_runs: int) -> None:
    onsets = np.add.outer(np.arange(6) * (2.0 * n_each - 1.0 + pause_s), 2.0 * np.arange(n_each)).ravel()
    labels = np.array(["cat", "shoe"] * (3 * n_each), np.str_)
    events = Events(np.ones(6 * n_each, np.int64), onsets, np.ones(6 * n_each), labels)
    made = Recording(np.zeros((12000, 1), np.float32), 50.0, ("a",), np.ones(12000, np.int64), events)
    text = draft(made, {}, {"cat": "cat", "shoe": "shoe"}, NearestReadout(), scanner=False, hints={})
    assert f"cut = {{ n_runs = {n_runs}, " in text
