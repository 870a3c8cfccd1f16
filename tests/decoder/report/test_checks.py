"""What a reader is told to look at."""

from __future__ import annotations

import pytest

from hotwire.decoder.evaluation.controls import UNTRAINED_NEAREST
from hotwire.decoder.report.checks import result_checks
from hotwire.decoder.statistics.measures import Measure


def reached(value: float, p_value: float = 0.001) -> dict[str, Measure]:
    one = Measure(value, 0.125, value - 0.05, value + 0.05, p_value)
    return {"candidate": one, "pairwise": one}


@pytest.mark.parametrize(
    ("alone", "good", "told"),
    [
        (0.94, False, "that the trained network adds anything to it is not shown"),
        (0.5, True, "the decoder is above it"),
    ],
)
def test_what_labels_alone_give_is_held_against_the_decoder(alone: float, good: bool, told: str) -> None:
    """It is above chance as it should be, and gives no free answers."""
    decoder = reached(0.93)
    decoder["free"] = decoder["candidate"]
    chance = reached(0.12, p_value=0.9)
    controls = {"shuffled pairing": chance | {"free": chance["candidate"]}, UNTRAINED_NEAREST: reached(alone)}
    checks = result_checks(decoder, decoder["free"], controls, ["free", "pairwise"])
    [one] = [check for check in checks if check.text.startswith("Labels alone")]
    assert one.good == good
    assert told in one.text
    assert f"{100 * alone:.1f}" in one.text
    assert all(check.good for check in checks if check is not one)
