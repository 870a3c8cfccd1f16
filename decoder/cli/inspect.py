"""``hotwire inspect``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...errors import UnknownNameError
from .options import json_option, recording_of
from .result import CommandResult

if TYPE_CHECKING:
    from ..experiments.kinematics.study import KinematicsStudy
    from ..recordings.recording import Recording
    from ..steps import Step
    from ..study.study import Study


@click.command()
@click.argument("what", metavar="PATH|NETWORK")
@json_option
def inspect(what: str) -> CommandResult:
    """Say what is in a study, a recording, a bundle (.hotwire) or a network (a name, .onnx, or a folder).

    A recording is one that hotwire wrote (.npz), or your file as it is: NIfTI, XDF, NWB, what MNE-Python reads, .mat,
    a table, or a BIDS folder.
    """
    from ..report import terminal
    from ..report.data import plain_data

    found = plain_data(_inspected(Path(what)))
    return CommandResult(found, lambda console: terminal.show_mapping(console, found))


def _inspected(path: Path) -> dict[str, Any]:
    if path.suffix == ".hotwire":  # before anything is imported that a rig lacks
        from ..bundle.sealed import describe as describe_bundle
        from ..steps import step_from_dict

        manifest = describe_bundle(path)
        steps = [step_from_dict(saved) for saved in manifest["steps"]]
        return {"kind": "bundle", "delays": delays_data(steps, manifest["rate_hz"]), **manifest}
    from ..readers.arrays.array_files import array_names
    from ..readers.describe import describe, is_recording
    from ..report.data import recording_data

    if path.suffix == ".toml":
        from ..experiments.kinematics.study import open_kinematics
        from ..study.study import open_study

        kinematics = open_kinematics(path)
        return _study_data(open_study(path, needs_layer=False)) if kinematics is None else _kinematics_data(kinematics)
    if path.suffix == ".npz" and (not path.is_file() or "about" in array_names(path)):
        return {"kind": "recording", **recording_data(recording_of(path))}
    is_network = path.suffix == ".onnx" or (path / "config.json").is_file()
    if is_recording(path) or (path.exists() and not is_network):
        return describe(path)
    from ...models.networks.opening import open_network
    from ...models.weights.registry import assets

    known = [one.name for one in assets("network")]
    if not path.exists() and str(path) not in known:
        raise UnknownNameError("file, folder or network", str(path), known)
    network = open_network(str(path))
    return {
        "kind": "network",
        "name": network.name,
        "fingerprint": network.fingerprint,
        "n_labels": None if network.labels is None else len(network.labels),
        "layers": {name: list(shape) for name, shape in network.layers.items()},
    }


def _study_data(study: Study) -> dict[str, Any]:
    from ..report.data import recording_data
    from ..study.settings import NO_LAYER

    settings = study.sections.decoder.settings()
    study.check_network()
    recording = study.recording()
    study.check_words(recording)
    reliability = study.sections.recording.reliability()
    return {
        "kind": "study",
        "recording": recording_data(recording),
        **({} if reliability is None else {"repeats": reliability}),
        "network": study.sections.network.model_dump(exclude_none=True),
        "decoder": {name: str(value) for name, value in vars(settings).items() if value != NO_LAYER},
        "delays": delays_data(settings.steps, recording.rate_hz),
        "evaluation": _ready(study, recording),
    }


def _ready(study: Study, recording: Recording) -> str:
    """Whether an evaluation can begin; a study that is only fitted, mapped or replayed does not need it."""
    from ...errors import StudyError

    if study.sections.targets.words is None:
        labelled = study.sections.recording.stimulus_labels is not None
        return f"begins with {'the labels' if labelled else 'what the network sees in the pictures'}"
    try:
        design = study.prepare(recording, audit="warn").design
    except StudyError as error:
        return f"cannot begin: {error}"
    return f"can begin: {len(design.trials)} trials, {len(design.fold_names)} folds; `hotwire explain` says more"


def _kinematics_data(study: KinematicsStudy) -> dict[str, Any]:
    from ...errors import LeakError, StudyError
    from ..report.data import recording_data

    recording, targets = study.read()
    steps = study.sections.decoder.steps
    try:
        prepared = study.prepare(recording, targets)
    except (StudyError, LeakError) as error:
        ready: dict[str, Any] = {"evaluation": f"cannot begin: {error}"}
    else:
        ready = {
            "decoder lags": list(prepared.settings.lags),
            "folds": [list(map(str, runs)) for runs in prepared.held_out],
            "field": study.sections.evaluation.field,
            "evaluation": f"can begin: {prepared.summary()}",
        }
    return {
        "kind": "study of continuous targets",
        "recording": recording_data(recording),
        "targets": {
            "quantity": targets.quantity,
            "dimensions": list(targets.names),
            "n_times": len(targets.values),
            "smallest": targets.values.min(axis=0),
            "largest": targets.values.max(axis=0),
        },
        "decoder": study.sections.decoder.model_dump(exclude_none=True, exclude={"steps"}),
        "delays": delays_data(steps, recording.rate_hz),
        **ready,
    }


def delays_data(steps: Sequence[Step], rate_hz: float) -> dict[str, str]:
    """The delay of each step, in words."""
    from ..steps import delays

    return {
        f"{number}. {type(one.step).__name__}": f"waits {1e3 * one.waits_s:.3g} ms, lags {1e3 * one.lags_s:.3g} ms"
        for number, one in enumerate(delays(steps, rate_hz), 1)
    }
