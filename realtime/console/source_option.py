"""The options of ``hotwire stream`` that say where its samples and markers come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ...errors import RecordingError
from .feedback_option import check_labels, region_of

if TYPE_CHECKING:
    from ...decoder.recordings.events import Events
    from ...decoder.region_feedback import Baseline
    from ..live_decoder import LiveDecoder
    from ..sources.source import Source

FolderPath = click.Path(file_okay=False, path_type=Path)
Command = TypeVar("Command", bound=Callable[..., Any])
OF_FOLDERS = {"--tr": "tr_s", "--pattern": "pattern", "--events": "events", "--delay": "delay_s"}
OPTIONS = (
    click.option("--source", "name", metavar="NAME", help="The LSL stream's name."),
    click.option("--type", "kind", help="Its content type."),
    click.option("--source-id", help="Its source_id."),
    click.option(
        "--markers",
        metavar="NAME",
        help="The LSL stream of markers, also beside --volumes or --dicom; needed where windows follow events.",
    ),
    click.option("--volumes", type=FolderPath, help="Instead: the folder in which NIfTI volumes appear."),
    click.option("--dicom", type=FolderPath, help="Instead: the folder into which the scanner sends DICOM files."),
    click.option("--series", type=int, help="With --dicom: the number of the series; others are counted."),
    click.option("--protocol", metavar="NAME", help="With --dicom: instead, the name of its protocol."),
    click.option(
        "--brainflow",
        metavar="BOARD[:KEY=VALUE,...]",
        help="Instead: a board by BrainFlow's name, such as synthetic or cyton:serial_port=/dev/ttyUSB0.",
    ),
    click.option("--from", "from_", metavar="NAME[:KEY=VALUE,...]", help="Instead: a source that a package brings."),
    click.option(
        "--tr", "tr_s", type=float, help="With --volumes or --dicom: seconds from one to the next; else the decoder's."
    ),
    click.option(
        "--pattern",
        metavar="NAMES",
        help="With --volumes or --dicom: which files are volumes, such as 'run2_*.nii'. For --volumes their number is "
        "{n}, as in 'vol_{n}_2.nii'; else it is the last one in the name.",
    ),
    click.option(
        "--events",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="With --volumes or --dicom: the protocol, a BIDS _events.tsv; onsets count from the first volume.",
    ),
    click.option(
        "--delay",
        "delay_s",
        type=click.FloatRange(min=0.0),
        help="With --markers beside --volumes or --dicom: seconds from the end of a volume's acquisition to its file.",
    ),
)


def source_options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def tells_events(options: dict[str, Any]) -> bool:
    """Whether the source that is chosen may tell events."""
    return bool(options["markers"] or options["from_"] or options["events"])


def source_of(decoder: LiveDecoder, options: dict[str, Any]) -> Source:
    """Make the source that the options choose; click.UsageError where they do not go together."""
    from ..plugins import make_source
    from ..sources.catalogue import lsl

    stream = {key: options[of] for key, of in (("name", "name"), ("type", "kind"), ("source_id", "source_id"))}
    markers, by_name, has_stream = options["markers"], options["from_"], any(stream.values())
    others = [options[name] for name in ("volumes", "dicom", "brainflow", "from_") if options[name] is not None]
    if has_stream + len(others) > 1 or (markers and (options["brainflow"] or by_name)):
        raise click.UsageError(
            "expected either an LSL stream, --volumes or --dicom, each with or without --markers, or --brainflow, or "
            "--from, not both"
        )
    folder = _folder(decoder, options)
    if options["brainflow"] is not None:
        board, colon, parameters = options["brainflow"].partition(":")
        by_name = f"brainflow:board={board}" + f",{parameters}" * bool(colon)
    if by_name is not None:
        return make_source(by_name, decoder)
    if folder is not None:
        return folder
    if not has_stream:
        raise click.UsageError(
            "expected --source, --type or --source-id of an LSL stream, or --volumes, --dicom, --brainflow or --from"
        )
    return lsl(decoder, **stream, markers=markers)


def _folder(decoder: LiveDecoder, options: dict[str, Any]) -> Source | None:
    """The folder of volumes, with the events of a protocol; None where no folder is chosen."""
    from ..sources.catalogue import dicom, volumes
    from ..sources.marked import MarkedSource
    from ..sources.planned import PlannedSource

    nifti, scanner = options["volumes"], options["dicom"]
    folder = scanner or nifti
    for option in ("series", "protocol"):
        if options[option] is not None and scanner is None:
            raise click.UsageError(f"--{option} goes with --dicom")
    if folder is None:
        for option, name in OF_FOLDERS.items():
            if options[name] is not None:
                raise click.UsageError(f"{option} goes with --volumes or --dicom")
        return None
    events, markers, delay_s = options["events"], options["markers"], options["delay_s"]
    if events is not None and markers is not None:
        raise click.UsageError("expected --events or --markers, one of them says what is shown when, got both")
    if delay_s is not None and markers is None:
        raise click.UsageError("--delay goes with --markers: --events count from the first volume, whenever it comes")
    table = None if events is None else _protocol(events, options["baseline"])
    given = {name: options[name] for name in ("tr_s", "pattern") if options[name] is not None}
    region = region_of(decoder, options)
    if scanner is not None:
        given |= {"series": options["series"], "protocol": options["protocol"]}
    make = volumes if scanner is None else dicom
    source = make(decoder, folder=folder, region=region, **given)
    if markers is not None:
        return MarkedSource(source, markers, delay_s or 0.0, lambda: source.delay_s)
    if table is None:
        return source
    return PlannedSource(source, table, late_start=lambda: source.late_start, n_restarts=lambda: source.n_restarts)


def _protocol(path: Path, baseline: Baseline | None) -> Events:
    """The events of a protocol."""
    from ...decoder.readers.tables import read_events

    table = read_events(path, 1)
    if not len(table):
        raise RecordingError(f"{path}: expected at least one event, got a table without any")
    check_labels(baseline, table, path)
    return table
