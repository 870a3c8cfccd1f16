"""Other references against MNE's."""

from __future__ import annotations

from typing import Any

import mne
import numpy as np
import pytest

from hotwire.decoder.steps.reference import Bipolar, Reference
from hotwire.errors import InputError, UnknownNameError

RATE_HZ = 250.0
set_eeg_reference: Any = mne.set_eeg_reference  # whose annotations are narrower than what it takes


def raw(n_channels: int, bads: list[str] | None = None) -> mne.io.RawArray:
    info = mne.create_info([f"E{i}" for i in range(n_channels)], RATE_HZ, "eeg")
    X = (1e-4 + 1e-5 * np.random.default_rng(0).normal(size=(n_channels, 90))).astype(np.float32)
    made = mne.io.RawArray(X, info, verbose=False)
    made.info["bads"] = bads or []
    return made


def run(step: Reference | Bipolar, of: mne.io.RawArray) -> np.ndarray:
    return step.open_on(of.ch_names, RATE_HZ).push(np.transpose(of.get_data()))


def same(found: np.ndarray, expected: Any) -> None:
    expected_rows = np.transpose(expected.get_data())
    assert found.dtype == np.float32
    # Both are rounded from float64: they may differ by the rounding alone.
    np.testing.assert_allclose(found, expected_rows, rtol=1e-7, atol=1e-18)


@pytest.mark.parametrize("n_channels", [2, 64, 1024])
def test_common_average(n_channels: int) -> None:
    of = raw(n_channels)
    same(run(Reference(), of), set_eeg_reference(of.copy(), "average", verbose=False)[0])


def test_excluded_channels_are_mnes_bad_ones() -> None:
    of = raw(6, bads=["E1", "E4"])
    same(run(Reference(exclude=["E4", "E1"]), of), set_eeg_reference(of.copy(), "average", verbose=False)[0])


@pytest.mark.parametrize("channels", [["E3"], ["E5", "E0"]])
def test_named_channels(channels: list[str]) -> None:
    of = raw(6)
    same(run(Reference(channels), of), set_eeg_reference(of.copy(), channels, verbose=False)[0])
    found = run(Reference(channels, exclude=["E1"]), of)
    same(found[:, [0, 2, 3, 4, 5]], set_eeg_reference(of.copy(), channels, verbose=False)[0].pick([0, 2, 3, 4, 5]))
    np.testing.assert_array_equal(found[:, 1], np.asarray(of.get_data())[1].astype(np.float32))


def test_bipolar() -> None:
    of = raw(6)
    step = Bipolar([("E0", "E3"), ("E4", "E3"), ("E5", "E1")])
    made = mne.set_bipolar_reference(of, ["E0", "E4", "E5"], ["E3", "E3", "E1"], drop_refs=True, verbose=False)
    names = step.names_out(of.ch_names)
    assert names == ("E0-E3", "E4-E3", "E5-E1")
    same(run(step, of), made.pick(list(names)))


@pytest.mark.parametrize(
    ("step", "name"),
    [
        (Reference(["A1"]), "A1"),
        (Reference(exclude=["EOG"]), "EOG"),
        (Bipolar([["C3", "C5"]]), "C5"),
    ],
)
def test_a_channel_that_is_not_there(step, name: str) -> None:
    with pytest.raises(UnknownNameError, match=rf"channel '{name}'.*There are: C3, Cz"):
        step.open_on(["C3", "Cz"], RATE_HZ)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Reference("Cz"), "channels: expected a list of names, got 'Cz'"),
        (lambda: Reference([]), "channels: expected the names of electrodes, got none"),
        (lambda: Reference(["A", "A"]), "channels: expected each name once"),
        (lambda: Reference(["A"], exclude=["A", "B"]), "channels, exclude: A cannot be in both"),
        (lambda: Reference(exclude=[3]), r"exclude: expected a list of names, got \[3\]"),  # type: ignore[list-item]
        (lambda: Reference(exclude=["A", "B"]).open_on(["A", "B"], 1.0), "exclude: all 2 features are excluded"),
        (lambda: Reference(["A"]).open(2, 1.0), "use open_on"),
        (lambda: Bipolar([["A", "B"]]).open(2, 1.0), "use open_on"),
        (lambda: Bipolar([]), "pairs: expected pairs of names"),
        (lambda: Bipolar("AB"), "pairs: expected pairs of names"),
        (lambda: Bipolar([["A", "B", "C"]]), "pairs: expected two different names in each pair"),
        (lambda: Bipolar([["A", "B"], ["A", "B"]]), "pairs: expected each pair once"),
        (lambda: Bipolar([["A", "A"]]), "pairs: expected"),
    ],
)
def test_wrong_settings(make, match: str) -> None:
    with pytest.raises(InputError, match=match):
        make()
