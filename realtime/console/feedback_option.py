"""The options of ``hotwire stream`` for feedback from a region."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ...errors import InputError

if TYPE_CHECKING:
    from ...decoder.recordings.events import Events
    from ...decoder.region_feedback import Baseline
    from ..live_decoder import LiveDecoder
    from ..sources.catalogue import RegionVoxels

Command = TypeVar("Command", bound=Callable[..., Any])
OWN, SLIDING = "own", "sliding:"


def read_baseline(_: click.Context, __: click.Parameter, text: str | None) -> Baseline | None:
    """``sliding:SECONDS``, or labels of a protocol, separated by commas."""
    from ...decoder.region_feedback import Baseline

    if text is None:
        return None
    try:
        if text.startswith(SLIDING):
            return Baseline(window_s=float(text.removeprefix(SLIDING)))
        return Baseline(labels=[label.strip() for label in text.split(",")])
    except (InputError, ValueError) as error:
        raise click.BadParameter(
            f"expected {SLIDING}SECONDS, such as {SLIDING}60, or labels of the protocol, such as rest, got {text!r}: "
            f"{error}"
        ) from error


OPTIONS = (
    click.option(
        "--feedback",
        metavar="own|MASK.nii",
        help="Also say after every volume by how many per cent the mean signal of a region differs from --baseline: of "
        "the decoder's own voxels, or, with --volumes or --dicom, of those of a mask on the decoder's grid.",
    ),
    click.option(
        "--baseline",
        callback=read_baseline,
        metavar="sliding:SECONDS|LABEL[,LABEL]",
        help="With --feedback: the past seconds; or the newest block of these labels that is over, as --events or "
        "--markers say them, without its first 6 s.",
    ),
)


def feedback_options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def check_feedback(options: dict[str, Any]) -> None:
    """Raise click.UsageError where the options do not go together."""
    region, baseline = options["feedback"], options["baseline"]
    if (region is None) != (baseline is None):
        raise click.UsageError(
            "expected --feedback together with --baseline: a region, and what it is compared with, such as --feedback "
            "own --baseline sliding:60"
        )
    if region not in (None, OWN) and options["volumes"] is None and options["dicom"] is None:
        raise click.UsageError("--feedback MASK goes with --volumes or --dicom; with other sources it can be own")
    if baseline is not None and baseline.labels and not (options["events"] or options["markers"] or options["from_"]):
        raise click.UsageError("--baseline LABEL needs --events or --markers, which say when the baseline is")


def region_of(decoder: LiveDecoder, options: dict[str, Any]) -> RegionVoxels | None:
    """The region that the options choose; None for none, or the decoder's own voxels."""
    from ...decoder.readers.fmri.images import read_volume
    from ...decoder.readers.fmri.prepared import masked_voxels
    from ...decoder.volumes.space import VolumeSpace
    from ..sources.catalogue import RegionVoxels

    if options["feedback"] in (None, OWN):
        return None
    path, space = Path(options["feedback"]), decoder.space
    if space is None:  # the decoder does not say its grid: volumes have to be on that of the mask
        values, affine = read_volume(path)
        space = VolumeSpace(values.shape, affine)
    return RegionVoxels(masked_voxels(space, path), space)


def check_labels(baseline: Baseline | None, events: Events, path: Path) -> None:
    """Raise click.UsageError where no event of a protocol has a label of the baseline."""
    known = sorted(set(events.label.tolist()))
    if baseline is not None and baseline.labels and not set(known) & set(baseline.labels):
        raise click.UsageError(
            f"--baseline: expected one of the labels in {path}, {', '.join(known)}, got {', '.join(baseline.labels)}"
        )
