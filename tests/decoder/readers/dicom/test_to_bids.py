"""A session as BIDS, which the package reads again, and drafts a study for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from hotwire.decoder.cli.commands import hotwire
from hotwire.decoder.readers import read_bids, read_dicom
from hotwire.errors import InputError, RecordingError

from ....dicom_files import mosaic
from ...volumes.test_realign import AFFINE, head

EVENTS = "onset\tduration\ttrial_type\n" + "".join(
    f"{8 * i}.0\t8.0\t{label}\n" for i, label in enumerate(["left", "right"] * 2)
)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    (tmp_path / "dicom").mkdir()
    still, moved = head(), head(np.array([1.0, 0, 0, 0, 0, 0.02]))
    for n in range(1, 19):
        (tmp_path / "dicom" / f"{n}.dcm").write_bytes(mosaic(moved if n > 9 else still, n, AFFINE))
    (tmp_path / "protocol.tsv").write_text(EVENTS)
    decision = {"type": "decision", "shadow": False, "start_s": 2.0, "stop_s": 6.0, "label": "rest", "answer": "rest"}
    lines = [{"type": "start"}, decision | {"probabilities": {"rest": 0.75, "work": 0.25}}]
    lines.append(decision | {"shadow": True, "probabilities": {}})
    feedback = {"type": "feedback", "percent": 1.5, "signal": 203.0, "baseline": 200.0, "why": None, "start_s": 4.0}
    lines += [feedback, feedback | {"percent": None, "start_s": 6.0}]
    text = "".join(json.dumps(line) + "\n" for line in lines) + '{"type": "deci'
    (tmp_path / "decisions.jsonl").write_text(text)
    return tmp_path


def errors_of_the_standard(root: Path) -> list[str]:
    """What the BIDS validator calls an error; warnings are what scanners' headers do not say."""
    command = [str(Path(sys.executable).parent / "bids-validator-deno"), "--format", "json", str(root)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)
    assert found["summary"]["totalFiles"] > 0
    return [f"{one['code']}: {one['location']}" for one in found["issues"]["issues"] if one["severity"] == "error"]


def test_a_session_comes_back_from_its_data_set_and_makes_a_study(session: Path) -> None:
    arguments = ["to-bids", str(session / "dicom"), "--out", str(session / "bids"), "--subject", "01", "--task", "nf"]
    arguments += ["--events", str(session / "protocol.tsv"), "--decisions", str(session / "decisions.jsonl")]
    result = CliRunner().invoke(hotwire, arguments)
    assert result.exit_code == 0, result.output
    again = read_bids(session / "bids", subject="01", task="nf")
    there = read_dicom(session / "dicom")
    assert again.feature_names == there.feature_names
    assert np.array_equal(again.data, there.data)
    assert again.tr_s == pytest.approx(2.0)
    assert again.events.label.tolist() == ["left", "right", "left", "right"]
    derived = session / "bids/derivatives/hotwire/sub-01/func"
    motion = np.genfromtxt(derived / "sub-01_task-nf_run-1_desc-confounds_timeseries.tsv", names=True, delimiter="\t")
    assert len(motion) == 18
    assert motion["trans_x"][-1] == pytest.approx(1.0, abs=0.05)
    assert motion["rot_z"][-1] == pytest.approx(0.02, abs=0.001)
    decisions = (derived / "sub-01_task-nf_run-1_desc-decisions_events.tsv").read_text().splitlines()
    assert decisions[0].split("\t")[2:] == ["trial_type", "answer", "probability_rest", "probability_work"]
    assert decisions[1:] == ["2.000000\t4.000000\trest\trest\t0.750000\t0.250000"]
    feedback = (derived / "sub-01_task-nf_run-1_desc-feedback_timeseries.tsv").read_text().splitlines()
    assert len(feedback) == 19
    assert feedback[0:5] == [
        "percent\tsignal\tbaseline",
        *["n/a\tn/a\tn/a"] * 2,
        "1.500000\t203.000000\t200.000000",
        "n/a\t203.000000\t200.000000",
    ]
    for folder, kind in ((session / "bids", "raw"), (session / "bids/derivatives/hotwire", "derivative")):
        assert json.loads((folder / "dataset_description.json").read_text())["DatasetType"] == kind
        assert errors_of_the_standard(folder) == []
    result = CliRunner().invoke(hotwire, ["init", str(session / "study.toml"), "--bids", str(session / "bids")])
    assert result.exit_code == 0, result.output
    result = CliRunner().invoke(hotwire, ["inspect", str(session / "study.toml")])
    assert result.exit_code == 0, result.output


def test_what_cannot_be_written_is_named(session: Path) -> None:
    from hotwire.decoder.readers.dicom.to_bids import write_bids

    with pytest.raises(InputError, match=r"subject: expected letters and digits.*'sub-1'"):
        write_bids(session / "dicom", session / "bids", subject="sub-1", task="nf")
    with pytest.raises(RecordingError, match=r"no\.jsonl: there is no such file"):
        write_bids(session / "dicom", session / "bids", subject="1", task="nf", decisions=session / "no.jsonl")
    with pytest.raises(RecordingError, match=r"protocol\.tsv: expected the decisions\.jsonl of .*got no session"):
        write_bids(session / "dicom", session / "bids", subject="1", task="nf", decisions=session / "protocol.tsv")
    assert not (session / "bids").exists()
    lines = (session / "decisions.jsonl").read_text()
    status = '{"type": "status", "losses": {"began_late": 1}}\n'
    (session / "decisions.jsonl").write_text(lines + "\n" + lines + "\n" + status)
    late = pytest.warns(UserWarning, match="began after the run's first volume")
    with pytest.warns(UserWarning, match="holds 2 sessions; the last"), late:
        write_bids(session / "dicom", session / "bids", subject="1", task="nf", decisions=session / "decisions.jsonl")
    with pytest.raises(RecordingError, match=r"run-1_bold\.nii\.gz is there already; give another run"):
        write_bids(session / "dicom", session / "bids", subject="1", task="nf")
