"""`hotwire demo --gist`, with a small listener and a network of 16 units."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from hotwire.decoder.bundle.compiled_gist import CompiledGist
from hotwire.decoder.experiments.gist.study import open_gist
from hotwire.decoder.readers import read_npz
from hotwire.realtime.clock import SystemClock
from hotwire.realtime.console.gist_demo import STUDY, decode_story, fit, show_gist
from hotwire.realtime.console.prepared import Prepared
from hotwire.realtime.sources.recording_source import RecordingSource

from ...decoder.bundle.gist_study import save_gist_study
from ..conftest import LslWorld

OVER_LSL = """
import json, sys
from contextlib import nullcontext
from pathlib import Path
from rich.console import Console
from hotwire.realtime.console.gist_demo import gist_demo
from hotwire.realtime.console.prepared import Prepared
found = Prepared(*map(Path, json.loads(sys.argv[1])))
print(json.dumps(gist_demo(found, 100.0, Console(stderr=True), nullcontext)))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("gist")
    found = Prepared(folder / "demo.hotwire", folder / "demo.npz")
    fit(save_gist_study(folder), found)
    return found


def test_the_demo_shows_what_was_heard_and_said(found: Prepared) -> None:
    recording, decoder = read_npz(found.run), CompiledGist.load(found.bundle)
    screen = io.StringIO()
    shown = Console(file=screen, width=400)
    told = decode_story(decoder, recording, RecordingSource(recording, SystemClock(), speed=np.inf), shown)
    assert told["ended"] == "the stream ended"
    assert told["true"] == recording.events.label.tolist()
    assert len(told["said"]) == len(told["true"]) == 190
    assert told["word_error_rate"] < 0.3
    assert told["n_distinguishable"] > 0.8 * told["n_with_meter"] > 0
    text = screen.getvalue()
    assert "a synthetic listener: this says what the decoder does, and nothing of a brain" in text
    lines = [line.strip() for line in text.splitlines()]
    heard = [word for line in lines if line.startswith("heard ") for word in line.split()[1:]]
    final = [word for line in lines if line.startswith("final ") for word in line.split()[1:]]
    assert (heard, final) == (told["true"], told["said"])
    assert any(line.startswith("draft ") and len(line.split()) > 1 for line in lines)
    assert any("meter: too few words yet" in line for line in lines)
    assert all("synthetic listener" in line for line in lines if "meter:" in line)
    show_gist(shown, told)
    assert f"Of 190 words, {told['n_right']} are right" in screen.getvalue()


def test_the_demo_s_own_study() -> None:
    sections = open_gist(STUDY).sections
    words = sections.words.read(None)
    assert sections.listener is not None
    assert set(sections.evaluation.held_out) < set(words)
    assert min(map(len, words.values())) > 120  # a meter needs as many
    known = {word for story, of in words.items() if story not in sections.evaluation.held_out for word in of.word}
    [held_out] = (words[story].word for story in sections.evaluation.held_out)
    assert np.mean([word in known for word in held_out]) > 0.9


@pytest.mark.slow
def test_the_demo_over_lsl(lsl: LslWorld, found: Prepared) -> None:
    told = lsl.run(OVER_LSL, str(found.bundle), str(found.run))
    recording = read_npz(found.run)
    offline = CompiledGist.load(Path(told["bundle"])).decoder()
    events = recording.events
    middle_s, duration_s = (events.onset_s + events.duration_s / 2).round(6), events.duration_s.round(6)
    expected = offline.push(recording.data[:, CompiledGist.load(found.bundle).voxels], middle_s, duration_s).final
    assert told["said"] == expected + offline.finish().final
    assert told["losses"]["words_refused"] == 0
