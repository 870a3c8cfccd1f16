"""What ``hotwire init --responses TABLE --stimuli FOLDER`` finds, and the study that it writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import InputError, RecordingError
from ...errors.printable import printable
from .result import CommandResult

if TYPE_CHECKING:
    from rich.console import Console


def responses_drafted(path: Path, responses: Path, stimuli: Path) -> tuple[str, CommandResult]:
    """The text of a study of these responses, to be written at this path, and what the command says."""
    import numpy as np

    from ..experiments.session.holding_out import alike_stimuli
    from ..readers.stimuli import kind_of_stimuli, stimulus_names
    from ..recordings.events import listed
    from ..report.terminal import show_mapping
    from ..study.draft_responses import draft_responses
    from ..study.recordings import section_of

    with _naming("stimuli"):
        names, kind = stimulus_names(stimuli), kind_of_stimuli(stimuli)
        assert kind is not None  # else they had no names
    with _naming("responses"):
        columns, left_out = _columns(responses, names)
    fields = {"kind": "responses", "responses": str(responses.resolve()), "stimuli": str(stimuli.resolve()), **columns}
    fields |= {"exclude": list(left_out)} if left_out else {}
    section = section_of("responses").model_validate(fields, context={"folder": path.parent})
    with _naming("stimuli"):
        seconds = _seconds(section.presented) if kind == "sounds" else None
        n_groups = len(np.unique(alike_stimuli(section.presented.values())))
        if n_groups < 2:
            raise InputError(f"expected two {kind} or more that do not look alike, got {n_groups} of {len(names)}")
    with _naming("responses"):
        recording, reliability = section.read(), section.reliability()
    labels = sorted(set(recording.events.label.tolist())) if "label" in columns else None
    n_classes = None if labels is None else len(labels)
    text = draft_responses(fields, names, left_out, kind, seconds=seconds, n_groups=n_groups, n_classes=n_classes)
    found: dict[str, Any] = {
        "path": str(path),
        kind: len(names),
        **(columns or {"order of the columns": names}),
        **({} if labels is None else {"classes": labels}),
        "sites": list(recording.feature_names),
        "left out": left_out,
        "repeats": reliability or "none, so that no ceiling is known",
    }

    def show(console: Console) -> None:
        brief = {
            name: listed(of, 6 if of is names else 20) if isinstance(of, list) else of for name, of in found.items()
        }
        show_mapping(console, {name: of for name, of in brief.items() if name != "path" and of})
        console.print(printable(f"Wrote {path}; look through it, then run `hotwire encode {path}`."), markup=False)

    return text, CommandResult(found, show)


def _columns(responses: Path, names: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The fields of a study that name columns; and why others, or neurons of an array, are no sites, by their names."""
    from ..readers.spikes.response_arrays import averages_in, not_sites
    from ..readers.spikes.response_columns import response_columns
    from ..readers.spikes.responses import is_table

    if not is_table(responses):
        return {}, not_sites(averages_in(responses, len(names)))
    found = response_columns(Path(responses), names)
    return {"stimulus": found.stimulus, **({} if found.label is None else {"label": found.label})}, found.left_out


def _seconds(sounds: dict[str, Any]) -> float:
    """How long a sound the network has to hear."""
    from ..study.draft_responses import LONGEST_S, NETWORKS
    from ..study.network_checks import longest

    name, _, seconds = longest(sounds)
    if seconds > LONGEST_S:
        raise InputError(
            f"expected sounds up to {LONGEST_S:g} s for {NETWORKS['sounds']}, but {name} lasts {seconds:g} s"
        )
    return seconds


@contextmanager
def _naming(option: str) -> Iterator[None]:
    """Name the option in errors that its file causes."""
    try:
        yield
    except (InputError, RecordingError) as error:
        kind = InputError if isinstance(error, InputError) else RecordingError
        raise kind(f"--{option}: {str(error).removeprefix(f'{option}: ')}") from error
