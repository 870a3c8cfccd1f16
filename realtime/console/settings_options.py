"""The options of ``hotwire stream`` that say how a stream has to match, and how decisions are made on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .channels_option import read_channels
from .seconds import Seconds
from .window_option import read_sliding

if TYPE_CHECKING:
    from ...decoder.windows import Window
    from ..settings import LiveSettings

Command = TypeVar("Command", bound=Callable[..., Any])
OPTIONS = (
    click.option(
        "--window",
        callback=read_sliding,
        default="own",
        show_default=True,
        metavar="own|sliding:LENGTH/EVERY",
        help="When to decide: as the decoder says, or every EVERY seconds on the last LENGTH, whatever the markers. "
        "For a decoder whose window holds samples, LENGTH is as long as that.",
    ),
    click.option(
        "--channels",
        callback=read_channels,
        default="exact",
        show_default=True,
        metavar="exact|by-name|by-position|OURS=THEIRS,...",
        help="How the stream's channels have to match the decoder's; or which of them is which, by name or number, as "
        "in C3=1,Cz=2,C4=4.",
    ),
    click.option(
        "--units",
        default="exact",
        show_default=True,
        metavar="exact|convert|UNIT",
        help="convert: bring other units to the decoder's. UNIT: what the stream sends, such as V, whatever it says.",
    ),
    click.option(
        "--rate",
        type=click.Choice(["exact", "resample"]),
        default="exact",
        show_default=True,
        help="resample: bring a stream of another rate to the decoder's.",
    ),
    click.option(
        "--backlog",
        type=click.Choice(["catch-up", "newest", "every"]),
        default="catch-up",
        show_default=True,
        help="Where decisions queue up: skip those past the deadline, all but the newest, or none.",
    ),
    click.option(
        "--deadline", "deadline_s", type=float, help="Seconds after its newest sample that a decision is late."
    ),
    click.option(
        "--on-late",
        type=click.Choice(["publish", "withhold"]),
        default="publish",
        show_default=True,
        help="What to do with late decisions.",
    ),
    click.option(
        "--least-present",
        type=click.FloatRange(0.0, 1.0),
        default=0.75,
        show_default=True,
        help="Decide on a window only where at least this share of its samples came.",
    ),
    click.option(
        "--find", "find_s", type=Seconds(), default=10.0, show_default=True, help="Seconds to look for the stream."
    ),
)


def settings_options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def settings_of(options: dict[str, Any], window: Window | None) -> LiveSettings:
    """The settings that the options choose."""
    from ..settings import LiveSettings

    return LiveSettings(
        window=window,
        channels=options["channels"],
        units=options["units"],
        rate=options["rate"],
        backlog=options["backlog"],
        deadline_s=options["deadline_s"],
        on_late=options["on_late"],
        min_present=options["least_present"],
        timeout_s=options["find_s"],
        feedback=options["baseline"],
    )
