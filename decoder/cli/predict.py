"""``hotwire predict``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import json_option, recording_of
from .result import CommandResult

if TYPE_CHECKING:
    from rich.console import Console

    from ..decision import Decision
    from ..recordings.recording import Recording


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("recording", metavar="STUDY|RECORDING.npz", type=click.Path(path_type=Path))
@click.option("--network", help="Where the network of a bundle that cannot run live lies, if not in the registry.")
@json_option
def predict(bundle: Path, recording: Path, network: str | None) -> CommandResult:
    """Decode the recording of a study, or a recording that hotwire wrote, with a saved decoder.

    A decoder that can run live decides with the graph that it runs then: its decisions are the same, bit for bit. Runs
    that it was fitted on are named.
    """
    from ..bundle.load import saved_targets
    from ..bundle.sealed import describe
    from ..fitted_on import runs_of_fit, warning_of
    from ..report import terminal
    from ..report.data import decisions_on
    from ..report.markup import in_markup

    manifest = describe(bundle)
    source = recording_of(recording)
    live = manifest["live"]["reason"] is None
    decisions = _decided_live(bundle, source) if live else _decided(bundle, source, network, manifest)
    found = {
        "bundle": str(bundle),
        "digest": manifest["digest"],
        "recording": source.summary(),
        "network": manifest["network"]["name"],
        "as_live": live,
        "part_of_fit": runs_of_fit(source, manifest.get("fitted_on")),
        "decisions": decisions_on(decisions, saved_targets(manifest), source),
    }
    warning = warning_of(found["part_of_fit"])

    def show(console: Console) -> None:
        terminal.show_table(console, terminal.decisions_table(found["decisions"]))
        if warning is not None:
            console.print(f"[yellow]{in_markup(warning)}[/]")

    return CommandResult(found, show)


def _decided_live(bundle: Path, recording: Recording) -> list[Decision]:
    from tqdm import tqdm

    from ..bundle.compiled import CompiledDecoder

    compiled = CompiledDecoder.load(bundle)
    trials = compiled.trials(recording)
    rows = tqdm(range(len(trials)), desc="decisions", delay=1, disable=None)
    return [compiled.decide_trial(trials, i) for i in rows]


def _decided(bundle: Path, recording: Recording, network: str | None, manifest: Mapping[str, Any]) -> list[Decision]:
    from ...models.networks.opening import open_network
    from ..bundle.load import load

    opened = None if network is None else open_network(network, prompt=manifest["network"]["prompt"])
    return load(bundle, network=opened).predict(recording)
