"""`hotwire doctor` on real streams."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotwire.decoder.readers import write_npz

from ...decoder.bundle.gist_study import fit_and_save
from ..bundles import NAMES, RATE_HZ, RUNNING, save_bundle
from ..conftest import PATIENCE_S, LslWorld
from .test_console import ON_A_RIG

SEND = """
    import json, sys, time
    import numpy as np
    import pylsl

    def outlet(name, labels, rate, id, format="float32"):
        info = pylsl.StreamInfo(name, "EEG" if rate else "Markers", max(1, len(labels)), rate, format, id)
        channels = info.desc().append_child("channels")
        for label in labels:
            channel = channels.append_child("channel")
            channel.append_child_value("label", label)
            channel.append_child_value("unit", "uV")
        return pylsl.StreamOutlet(info)

    rate, labels = json.loads(sys.argv[1])
    good, bad = outlet("good", labels, rate, "g"), outlet("bad", ["x", "y"], rate, "")
    cues = outlet("cues", [], 0, "c", "string")
    print(json.dumps("ready"))
    rng, due, begun, k = np.random.default_rng(0), time.monotonic(), pylsl.local_clock(), 0
    while True:
        good.push_sample(rng.normal(size=8), begun + k / rate)
        bad.push_sample([rng.normal(), 1.0], time.time())
        cues.push_sample(["left"], pylsl.local_clock() + 20)
        due, k = due + 1 / rate, k + 1
        time.sleep(max(0, due - time.monotonic()))
"""


@pytest.mark.slow
def test_it_hears_every_stream_and_tells_what_ails_it(lsl: LslWorld, tmp_path: Path) -> None:
    bundle = save_bundle(tmp_path / "a.hotwire", RUNNING)
    sender = lsl.start(SEND, RATE_HZ, NAMES)
    sender.says()
    found = lsl.start(ON_A_RIG, "doctor", str(bundle), "--json")
    answer = found.says()
    assert found.process.wait(PATIENCE_S) == 1
    bad, cues, good = answer["streams"]
    assert [one["name"] for one in (bad, cues, good)] == ["bad", "cues", "good"]
    in_time = [one for one in good["advice"] if "bursts" not in one["what"]]  # on a busy machine
    assert [one["level"] for one in in_time] == ["fine"] * 3
    assert good["advice"][-1]["what"] == "it is what the decoder takes"
    wrong = [one["what"] for one in bad["advice"] if one["level"] != "fine"]
    for what in ("no source_id", "stamped ", "always the same value in y", "not what the decoder takes"):
        assert any(one.startswith(what) for one in wrong)
    assert cues["advice"][0]["what"].startswith("stamped ")


@pytest.mark.slow
def test_a_decoder_of_gist_and_a_scanner_s_stream(lsl: LslWorld, tmp_path: Path) -> None:
    saved = fit_and_save(tmp_path)
    write_npz(saved.recording.select(runs=["d"]), tmp_path / "d.npz")
    bundle = str(saved.loaded.path)
    lsl.start(ON_A_RIG, "replay", str(tmp_path / "d.npz"), "--name", "scan", "--begin", "at-once")
    found = lsl.start(ON_A_RIG, "doctor", bundle, "--seconds", "4", "--json")
    answer = found.says()
    assert found.process.wait(PATIENCE_S) == 1
    [scan] = [one for one in answer["streams"] if one["name"] == "scan"]
    few, *_, fits = scan["advice"]
    assert few["what"].endswith("samples came")
    assert "--seconds 18" in few["cure"]
    assert fits["what"] == "it is what the decoder takes"
    asked = lsl.start(ON_A_RIG, "doctor", bundle, "--rate", "resample")
    assert asked.process.wait(PATIENCE_S) == 2


@pytest.mark.slow
def test_nothing_on_the_network_is_said_with_what_to_look_at(lsl: LslWorld) -> None:
    found = lsl.start(ON_A_RIG, "doctor")
    found.process.wait(PATIENCE_S)
    assert found.process.returncode == 1
