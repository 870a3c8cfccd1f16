"""The command ``hotwire doctor``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...decoder.cli.options import json_option
from ...decoder.cli.result import CommandResult
from ...errors.printable import printable
from .channels_option import read_channels
from .rate_option import check_rate

if TYPE_CHECKING:
    from rich.console import Console

SIGNS = {"fine": "  ok ", "warning": "  !  ", "error": "  X  "}
NOTHING = (
    "No stream is on the network. Start the program that sends; see that it and this machine are in one network (and "
    "one session, where an LSL configuration names one), and that no firewall blocks UDP 16571 and ports 16572 to "
    "16604."
)


@click.command()
@click.argument("bundle", required=False, type=click.Path(path_type=Path))
@click.option(
    "--seconds", type=click.FloatRange(0.5, 600.0), default=3.0, show_default=True, help="How long to listen."
)
@click.option("--channels", callback=read_channels, default="exact", help="With BUNDLE: as of hotwire stream.")
@click.option("--units", default="exact", help="With BUNDLE: as of hotwire stream.")
@click.option(
    "--rate", type=click.Choice(["exact", "resample"]), default="exact", help="With BUNDLE: as of hotwire stream."
)
@json_option
def doctor(bundle: Path | None, seconds: float, **policies: Any) -> CommandResult:
    """Look at all LSL streams: what is there, what is wrong, and what to do.

    Listens to every stream on the network for a moment: rate, jitter, bursts, clocks, labels, units, dead channels.
    With BUNDLE, says of each whether that decoder can take it. Exit code 1 where something cannot work.
    """
    from ..diagnosis import diagnose
    from ..sources.lsl_survey import listen

    decoder = None
    if bundle is not None:
        from ...decoder.bundle.loading import load_decoder

        decoder = load_decoder(bundle)
        check_rate(decoder, policies["rate"])
    heard = listen(seconds, lambda what: click.echo(what, err=True))
    streams = [
        {
            "name": one.name,
            "type": one.type,
            "source_id": one.source_id,
            "host": one.host,
            "n_channels": one.n_channels,
            "rate_hz": one.rate_hz,
            "n_samples": len(one.stamps),
            "clock_offset_s": one.clock_offset_s,
            "advice": [advice._asdict() for advice in diagnose(one, heard, decoder, **policies)],
        }
        for one in heard
    ]
    result = {"streams": streams, "configuration": os.environ.get("LSLAPICFG")}
    is_wrong = not streams or any(advice["level"] == "error" for one in streams for advice in one["advice"])
    return CommandResult(result, lambda console: show(console, result), code=int(is_wrong))


def show(console: Console, result: dict[str, Any]) -> None:
    lines = [] if result["streams"] else [NOTHING]
    for one in result["streams"]:
        rate = f"{one['rate_hz']:g} Hz" if one["rate_hz"] else "no rate"
        who = f"source_id {one['source_id']}" if one["source_id"] else "no source_id"
        lines.append(
            f"{one['name']} ({one['type'] or 'no type'}, {one['n_channels']} channels, {rate}, {who}, {one['host']})"
        )
        for advice in one["advice"]:
            lines.append(SIGNS[advice["level"]] + advice["what"])
            if advice["cure"]:
                lines.append(f"       {advice['cure']}")
    if result["configuration"]:
        lines.append(f"LSL's settings are from {result['configuration']} (LSLAPICFG).")
    console.print("\n".join(map(printable, lines)), markup=False, highlight=False)
