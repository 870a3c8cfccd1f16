"""Sources and outputs of another package, which is installed only for the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hotwire.errors import InputError, UnknownNameError
from hotwire.realtime.plugins import make_output, make_source
from hotwire.realtime.sources.lsl_source import LslSource
from hotwire.realtime.sources.volumes import VolumeFolder

from .small import SignDecoder

PACKAGE = """
class Amplifier:
    def __init__(self, names, port):
        self.names, self.port = names, port

def open_amplifier(decoder, *, port="1000"):
    return Amplifier(decoder.feature_names, port)
"""
ENTRY_POINTS = """
[hotwire.sources]
my_amplifier = strangers_package:open_amplifier

[hotwire.outputs]
my_screen = strangers_package:open_amplifier
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "strangers_package.py").write_text(PACKAGE)
    info = tmp_path / "strangers_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strangers-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("installed")
def test_a_stranger_s_source_and_output_get_the_decoder_and_their_options() -> None:
    decoder: Any = SignDecoder()
    for source in (make_source("my_amplifier:port=1234", decoder), make_output("my_screen:port=1234", decoder)):
        assert type(source).__name__ == "Amplifier"
        assert (source.names, source.port) == (("ch0", "ch1"), "1234")  # type: ignore[attr-defined]
    assert make_source("my_amplifier", decoder).port == "1000"  # type: ignore[attr-defined]


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("amp", UnknownNameError, "my_amplifier"),
        ("my_screen", UnknownNameError, "my_amplifier"),  # an output is no source
        ("my_amplifier:1234", InputError, "KEY=VALUE"),
        ("my_amplifier:speed=3", InputError, "speed"),
    ],
)
def test_what_is_written_wrongly_is_refused(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make_source(text, SignDecoder())  # type: ignore[arg-type]


def test_hotwire_s_own_sources_have_names_too(tmp_path: Path) -> None:
    assert isinstance(make_source("lsl:name=amp,markers=cues", SignDecoder()), LslSource)  # type: ignore[arg-type]
    decoder = SignDecoder()
    decoder.feature_names = ("voxel_1_2_3", "voxel_2_2_2")
    source = make_source(f"volumes:folder={tmp_path},tr_s=2", decoder)  # type: ignore[arg-type]
    assert isinstance(source, VolumeFolder)
    assert source.info.rate_hz == 0.5
