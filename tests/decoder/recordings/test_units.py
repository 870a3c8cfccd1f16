"""Units: how they are written, and from one to another."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from hotwire.decoder import Recording
from hotwire.decoder.recordings.matching import check_agrees
from hotwire.decoder.recordings.units import converted, unit_factor, warn_of_units
from hotwire.errors import InputError, RecordingError, UnknownNameError


def make(
    unit: str | tuple[str, ...] = "V", scale: float = 5e-5, names: tuple[str, ...] = ("C3", "Cz", "C4")
) -> Recording:
    data = np.float32(scale) * np.random.default_rng(0).normal(size=(200, len(names))).astype(np.float32)
    return Recording(data, 100.0, names, np.ones(200, int), unit=unit)


@pytest.mark.parametrize(
    ("unit", "wanted", "factor"),
    [
        ("V", "uV", 1e6),
        ("µV", "V", 1e-6),
        ("μV", "µV", 1.0),
        ("microvolts", "mV", 1e-3),
        ("Microvolt", "uv", 1.0),
        ("volts", "V", 1.0),
        ("nV", "kV", 1e-12),
        ("fT", "T", 1e-15),
        ("fT/cm", "T/m", 1e-13),
        ("spikes", "spikes", 1.0),
        ("V", "T", None),
        ("T", "T/m", None),
        ("a.u.", "V", None),
        ("V/m²", "V", None),
        ("MV", "V", None),
        ("", "V", None),
    ],
)
def test_factors(unit: str, wanted: str, factor: float | None) -> None:
    assert unit_factor(unit, wanted) == factor
    if factor is not None:
        assert unit_factor(wanted, unit) == pytest.approx(1 / factor, rel=1e-12)


def test_converted() -> None:
    r = make()
    there = converted(r, "uV")
    assert there.unit == "uV"
    np.testing.assert_array_equal(there.data, (r.data.astype(float) * 1e6).astype(np.float32))
    np.testing.assert_allclose(converted(there, "V").data, r.data, rtol=1e-6)
    mixed = make(("V", "V", "T"))
    assert converted(mixed, "uV", ["C3"]).unit == ("uV", "V", "T")
    np.testing.assert_array_equal(converted(mixed, "uV", ["C3"]).data[:, 1:], mixed.data[:, 1:])
    with pytest.raises(InputError, match=r"'C4' is in 'T', which cannot be brought to 'uV'.*can: C3, Cz"):
        converted(mixed, "uV")
    with pytest.raises(UnknownNameError, match="unknown feature 'Pz'"):
        converted(mixed, "uV", ["Pz"])


def test_a_recording_in_another_unit_is_told_the_factor() -> None:
    r = make("uV", 50.0)
    with pytest.raises(
        RecordingError,
        match=r"unit of 'C3' is 'uV', but .* fitted on 'V': multiply by 1e-06, as .*converted\(recording, 'V'\)",
    ):
        check_agrees(r, r.feature_names, "V", 100.0)
    check_agrees(converted(r, "V"), r.feature_names, "V", 100.0)
    check_agrees(r, r.feature_names, ("µV", "microvolts", "uV"), 100.0)
    with pytest.raises(RecordingError, match=r"is 'uV', but the decoder was fitted on 'T'$"):
        check_agrees(r, r.feature_names, "T", 100.0)
    with pytest.raises(RecordingError, match=r"rate_hz is 100\.0, but the decoder was fitted on 250; resample"):
        check_agrees(r, r.feature_names, "uV", 250)


def test_a_recording_with_other_channels_is_told_which() -> None:
    r = make()
    with pytest.raises(RecordingError, match=r"the 4 features .* got 3; 1 are missing: Pz\. It has: C3, Cz, C4"):
        check_agrees(r, ("C3", "Cz", "C4", "Pz"), "V", 100.0)
    with pytest.raises(RecordingError, match=r"it also has Cz\. Take the decoder's with `channels` in the study"):
        check_agrees(r, ("C3", "C4"), "V", 100.0)
    with pytest.raises(
        RecordingError,
        match=r"the same names in another order; the first to differ is number 0: fitted on 'C4', got 'C3'",
    ):
        check_agrees(r, ("C4", "Cz", "C3"), "V", 100.0)
    check_agrees(r.select(features=["C4", "Cz", "C3"]), ("C4", "Cz", "C3"), "V", 100.0)


@pytest.mark.parametrize(("unit", "scale"), [("V", 30.0), ("mV", 30_000.0), ("uV", 3e-5), ("microvolts", 1e-6)])
def test_values_that_cannot_be_in_their_unit(unit: str, scale: float) -> None:
    likely = "microvolts" if scale > 1 else "volts"
    with pytest.warns(UserWarning, match=rf"memory: .*said to be in '{unit}'.* are they in {likely}\?"):
        warn_of_units(make(unit, scale))


@pytest.mark.parametrize(
    ("unit", "scale"),
    [("V", 5e-5), ("V", 0.2), ("V", 1e-12), ("V", 0.0), ("mV", 300.0), ("uV", 0.5), ("uV", 1e5), ("T", 9.0)],
)
def test_values_that_can_be(unit: str, scale: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_units(make(unit, scale))


def test_artefacts_and_triggers_do_not_mislead() -> None:
    r = make("V")
    data = r.data.copy()
    data[:5] = 1e6
    data[:, 2] = 5.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_units(Recording(data, 100.0, r.feature_names, r.run, unit="V"))
