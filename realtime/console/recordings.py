"""The recordings that commands accept: the demo's, a study's, or a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...decoder.cli.options import reading_without_study
from ...decoder.recordings.recording import Recording
from ...errors import InputError, UnknownNameError

MNE_SUFFIXES = (".fif", ".edf", ".bdf", ".gdf", ".vhdr", ".set", ".cnt")
KINDS = (
    "a study (.toml), a recording that hotwire wrote (.npz), an XDF file (.xdf), one for MNE-Python "
    f"({', '.join(MNE_SUFFIXES)}), or the word demo"
)


def open_recording(what: str) -> Recording:
    """Read a recording; only a study, an XDF file and one for MNE-Python need extra packages."""
    path = Path(what)
    suffix = path.suffix.lower()
    if what == "demo":
        from ...decoder.cli.demo import DEMO

        path, suffix = DEMO, ".toml"
    if suffix == ".toml":
        from ...decoder.study.study import open_study, read_document

        if read_document(path)[1].get("kind") == "gist":
            return _with_words(path)
        return open_study(path).recording()
    if suffix == ".npz":
        from ...decoder.readers import read_npz

        return read_npz(path)
    if suffix == ".xdf":
        from ...decoder.readers import read_xdf

        with reading_without_study(kind="xdf", path=path):
            return read_xdf(path)
    if suffix in MNE_SUFFIXES:
        from ...decoder.readers import read_mne

        with reading_without_study(kind="mne", path=path):
            return read_mne(path)
    raise InputError(f"recording: expected {KINDS}, got {what!r}")


def _with_words(path: Path) -> Recording:
    """The recording of a study of gist, with its words as events."""
    from ...decoder.experiments.gist.study import open_gist
    from ...decoder.recordings.timed_words import words_as_events

    study = open_gist(path)
    return words_as_events(*study.read(study.network()))


def named_runs(recording: Recording, given: Sequence[str]) -> list[int | str] | None:
    """Return the runs that the user named; None, for all, if there are none."""
    known = {str(run): run for run in recording.runs}
    for text in given:
        if text not in known:
            raise UnknownNameError("run", text, known)
    return [known[text] for text in given] or None
