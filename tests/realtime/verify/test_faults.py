"""Faults against what they must do to a counted stream, sample by sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotwire.errors import InputError, UnknownNameError
from hotwire.realtime.verify.faults import FAULTS, Delivery, read_fault

RATE_HZ = 10.0


def delivered(*texts: str, n: int = 50) -> Delivery:
    delivery = Delivery.regular(n, RATE_HZ)
    for text in texts:
        delivery = read_fault(text).deliver(delivery, RATE_HZ)
    return delivery


def test_without_faults_samples_come_in_order_and_in_time():
    sample, stamp_s, due_s = delivered()
    assert np.array_equal(sample, np.arange(50))
    assert np.array_equal(stamp_s, np.arange(50) / RATE_HZ)
    assert np.array_equal(due_s, stamp_s)


@pytest.mark.parametrize("kind", ["lost", "restart", "replaced"])
def test_samples_that_are_not_sent(kind):
    sample, stamp_s, due_s = delivered(f"{kind}@1:2")
    assert sample.tolist() == [*range(10), *range(30, 50)]
    assert np.array_equal(stamp_s, sample / RATE_HZ)
    assert np.array_equal(due_s, stamp_s)


def test_samples_that_are_sent_twice():
    sample, stamp_s, due_s = delivered("duplicated@1:0.5")
    assert sample.tolist() == [*range(15), *range(10, 15), *range(15, 50)]
    assert np.array_equal(stamp_s, sample / RATE_HZ)
    assert due_s[15:20].tolist() == [1.4] * 5
    assert due_s[20] == 1.5


def test_samples_that_are_sent_behind_those_that_follow():
    sample, stamp_s, due_s = delivered("reordered@1:0.3")
    assert sample.tolist() == [*range(10), 13, 14, 15, 10, 11, 12, *range(16, 50)]
    assert np.array_equal(stamp_s, sample / RATE_HZ)
    assert due_s[10:17].tolist() == [1.3, 1.4, 1.5, 1.5, 1.5, 1.5, 1.6]


def test_samples_that_are_sent_late():
    sample, stamp_s, due_s = delivered("freeze@1:0.5")
    assert sample.tolist() == list(range(50))
    assert np.array_equal(stamp_s, sample / RATE_HZ)
    assert due_s[9:16].tolist() == [0.9, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5]


def test_stamps_that_jump():
    sample, stamp_s, due_s = delivered("clock@1:-200000", "clock@2:5")
    assert np.array_equal(sample, np.arange(50))
    assert np.array_equal(due_s, sample / RATE_HZ)
    off = np.round(stamp_s - due_s)
    assert off.tolist() == [0.0] * 10 + [-200_000.0] * 10 + [-199_995.0] * 30


def test_several_faults_count_along_the_recording():
    sample, _, due_s = delivered("lost@1:1", "duplicated@3:0.2", "lost@4:0.5")
    assert sample.tolist() == [*range(10), *range(20, 32), 30, 31, *range(32, 40), *range(45, 50)]
    assert np.all(np.diff(due_s) >= 0)


@pytest.mark.parametrize(("kind", "value"), [("nan", np.nan), ("flat", 10.0), ("saturated", 49.0 + 100 * 49.0)])
def test_channels_that_go_wrong(kind, value):
    data = np.repeat(np.arange(50, dtype=np.float32)[:, None], 2, axis=1)
    read_fault(f"{kind}@1:2:left:1").damage(data, ("right", "left:1"), RATE_HZ)
    assert np.array_equal(data[:, 0], np.arange(50))
    assert np.array_equal(np.r_[data[:10, 1], data[30:, 1]], [*range(10), *range(30, 50)])
    assert np.array_equal(data[10:30, 1], np.full(20, value, np.float32), equal_nan=True)


def test_an_unknown_channel_is_told():
    with pytest.raises(UnknownNameError, match="did you mean 'Cz2'"):
        read_fault("nan@1:2:Cz1").damage(np.zeros((50, 1), np.float32), ("Cz2",), RATE_HZ)


@given(
    st.sampled_from(sorted(FAULTS)),
    st.floats(0, 1e6).map(lambda x: round(x, 3)),
    st.floats(1e-3, 1e6).map(lambda x: round(x, 3)),
    st.text(min_size=1),
)
def test_written_and_read_again_it_is_the_same(kind, at_s, for_s, channel):
    fields = (at_s, for_s, channel) if kind in ("nan", "flat", "saturated") else (at_s, for_s)
    fault = FAULTS[kind](*fields)
    assert read_fault(str(fault)) == fault


def test_an_unknown_kind_lists_all():
    with pytest.raises(UnknownNameError) as told:
        read_fault("loss@10:1")
    for kind in FAULTS:
        assert f"{kind}@AT_S:" in str(told.value)


@pytest.mark.parametrize("text", ["lost", "lost@10", "lost@a:1", "lost@10:1:Cz", "nan@10:1", "clock@10"])
def test_a_fault_written_wrongly_shows_how(text):
    with pytest.raises(InputError, match=rf"expected {text.partition('@')[0]}@AT_S:\w+_S"):
        read_fault(text)


@pytest.mark.parametrize("text", ["lost@-1:1", "lost@1:0", "freeze@1:-2", "lost@nan:1", "clock@1:inf"])
def test_seconds_that_make_no_sense(text):
    with pytest.raises(InputError, match="expected"):
        read_fault(text)


@pytest.mark.parametrize("text", ["lost@1.01:0.05", "reordered@4.5:0.5", "duplicated@7:1"])
def test_a_stretch_without_samples_is_an_error(text):
    with pytest.raises(InputError, match="no sample from"):
        delivered(text)
