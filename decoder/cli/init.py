"""``hotwire init``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...errors import InputError
from ...errors.printable import printable
from .demo import DEMO
from .init_responses import responses_drafted
from .options import check_file, json_option, reading_without_study
from .result import CommandResult

if TYPE_CHECKING:
    from rich.console import Console

ANY_PATH = click.Path(path_type=Path)
SCANNER = ("bids",)


@click.command()
@click.argument("path", type=ANY_PATH, default="study.toml")
@click.option("--bids", type=ANY_PATH, help="Write it for this BIDS or fMRIPrep folder.")
@click.option("--mne", type=ANY_PATH, help="Write it for this file of electrodes: FIF, EDF, BDF, BrainVision, EEGLAB.")
@click.option("--xdf", type=ANY_PATH, help="Write it for this XDF file.")
@click.option("--nwb", type=ANY_PATH, help="Write it for this NWB file.")
@click.option(
    "--responses", type=ANY_PATH, help="Write it for this table (.csv, .tsv) or array (.npy) of responses ..."
)
@click.option("--stimuli", type=ANY_PATH, help="... to the pictures or sounds of this folder; for `hotwire encode`.")
@click.option("--subject", help="Of the BIDS folder; the first by default.")
@click.option("--task", help="Of the BIDS folder; the first by default.")
@json_option
def init(
    path: Path,
    bids: Path | None,
    mne: Path | None,
    xdf: Path | None,
    nwb: Path | None,
    responses: Path | None,
    stimuli: Path | None,
    subject: str | None,
    task: str | None,
) -> CommandResult:
    """Write a study file to begin with, in PATH (study.toml): the demo's, with comments; or one for your recording.

    For your recording it is filled in with what is there: runs, labels and a word for each, a window that suits them.
    It says which of the words the network can say. For responses it finds the columns: stimulus, class, sites.
    """
    of_kind = {"bids": bids, "mne": mne, "xdf": xdf, "nwb": nwb, "responses": responses}
    given = {kind: of for kind, of in of_kind.items() if of is not None}
    if len(given) > 1:
        raise InputError(f"init: expected one recording, got --{' and --'.join(given)}")
    if (responses is None) != (stimuli is None):
        there, lacks = ("responses", "stimuli") if stimuli is None else ("stimuli", "responses")
        raise InputError(f"--{there}: expected --{lacks}, too: --responses responses.csv --stimuli pictures, say")
    if path.is_dir() or path.suffix != ".toml":
        raise InputError(f"path: expected the name of a file ending in .toml, got {path}; {path / 'study.toml'}, say")
    check_file("path", path)
    if path.exists():
        raise InputError(f"path: {path} is already there, and stays as it is; give another name")
    if not given:
        _write(path, DEMO.read_text(encoding="utf-8"))
        hint = f"Wrote {path}; change it to your recording and words, then run `hotwire evaluate {path}`."
        return CommandResult({"path": str(path)}, lambda console: console.print(printable(hint), markup=False))
    [(kind, source)] = given.items()
    if stimuli is not None:
        text, result = responses_drafted(path, source, stimuli)
        _write(path, text)
        return result
    if kind == "bids":
        fields, hints = _bids_fields(source, subject, task)
    elif kind == "nwb":
        from ..readers.nwb.describe import fields_to_begin_with

        fields, hints = fields_to_begin_with(source)
    else:
        fields, hints = {"path": str(source.resolve())}, {}
    return _drafted(path, {"kind": kind, **fields}, hints)


def _drafted(path: Path, fields: dict[str, Any], hints: dict[str, str]) -> CommandResult:
    from ...models.networks.opening import open_network
    from ..evaluation.audit.words import words_finding
    from ..readers.catalogue import READERS
    from ..settings import Settings
    from ..study.draft import LAYER, NETWORK, READOUTS, classes_of, draft, words_of
    from ..targets import WordTargets

    with reading_without_study(**fields):
        recording = READERS[fields["kind"]](**{name: of for name, of in fields.items() if name != "kind"})
    labels = classes_of(recording)
    if len(labels) < 2:
        there = ", ".join(sorted(set(recording.events.label.tolist()))) or "none"
        raise InputError(f"init: expected events of two labels or more, each at least twice, got {there}")
    words = words_of(labels)
    network, targets = open_network(NETWORK), WordTargets(words)
    table = targets.activations(network, [LAYER])[LAYER]
    findings = [words_finding(network, targets, Settings(LAYER, readout=readout), table) for readout in READOUTS]
    readout = next(one for one, finding in zip(READOUTS, findings, strict=True) if finding.verdict == "fine")
    _write(path, draft(recording, fields, words, readout, scanner=fields["kind"] in SCANNER, hints=hints))
    found = {"path": str(path), "recording": repr(recording), "words": words, "finding": findings[0].reason}

    def show(console: Console) -> None:
        console.print(printable(f"Read {recording!r}."), markup=False)
        console.print(printable(f"Words: {', '.join(words.values())}. {findings[0].reason}"), markup=False)
        console.print(printable(f"Wrote {path}; look through it, then run `hotwire evaluate {path}`."), markup=False)

    return CommandResult(found, show)


def _bids_fields(root: Path, subject: str | None, task: str | None) -> tuple[dict[str, Any], dict[str, str]]:
    """The fields of the recording's section, and a hint for each of which there are several."""
    from ..readers.describe import describe
    from ..readers.fmri.bids_files import entities_of

    found = describe(root)
    bolds = [entities_of(path) for path in sorted(root.glob("sub-*/**/*_bold.nii*"))]
    if not bolds:
        raise InputError(f"--bids: expected images *_bold.nii.gz in {root}, got {found['files']}")
    fields: dict[str, Any] = {"root": str(root.resolve())}
    hints: dict[str, str] = {}
    chosen = {"sub": subject and subject.removeprefix("sub-"), "task": task, "ses": None, "space": None}
    for key, name in (("sub", "subject"), ("task", "task"), ("ses", "session"), ("space", "space")):
        there = sorted({one[key] for one in bolds if key in one})
        if key == "task":  # events are there for tasks, not for rest
            there = [one for one in there if "rest" not in one] or there
        if not there:
            continue
        fields[name] = chosen[key] or ("all" if key == "ses" and len(there) > 1 else there[0])
        if len(there) > 1:
            hints[name] = f"there are: {', '.join(there)}"
        bolds = [one for one in bolds if fields[name] in ("all", one.get(key))]
        if not bolds:
            raise InputError(f"--{name}: expected one of {', '.join(there)}, got {fields[name]!r}")
    return fields, hints


def _write(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
