"""``hotwire models`` and ``hotwire data``: what the registry has."""

from __future__ import annotations

import click

from .options import json_option
from .result import CommandResult

fetch_option = click.option("--fetch", "names", multiple=True, metavar="NAME", help="Fetch it first; may be repeated.")
verify_option = click.option("--verify", is_flag=True, help="Read all that are ready again and check their SHA-256.")


@click.command()
@fetch_option
@verify_option
@json_option
def models(names: tuple[str, ...], verify: bool) -> CommandResult:
    """List the networks and their label lists, with licence and SHA-256; fetch or verify them."""
    return _registered(("network", "labels"), names, verify)


@click.command()
@fetch_option
@verify_option
@json_option
def data(names: tuple[str, ...], verify: bool) -> CommandResult:
    """List the recordings to try things on, with licence and SHA-256; fetch or verify them."""
    return _registered(("recording",), names, verify)


def _registered(kinds: tuple[str, ...], names: tuple[str, ...], verify: bool) -> CommandResult:
    from ...errors import UnknownNameError
    from ...models.cache_folder import cache_folder
    from ...models.weights.assets import fetch, is_ready
    from ...models.weights.assets import verify as verify_asset
    from ...models.weights.registry import assets
    from ..report import terminal

    listed = {found.name: found for found in assets() if found.kind in kinds}
    for name in names:
        if name not in listed:
            raise UnknownNameError(kinds[0], name, listed)
    for name in names:
        fetch(name)
    if verify:
        for name in filter(is_ready, listed):
            verify_asset(name)
    entries = [
        {
            "name": one.name,
            "kind": one.kind,
            "title": one.title,
            "project": one.project,
            "version": one.version,
            "size_bytes": one.size_bytes,
            "ready_bytes": one.ready_bytes,
            "licence": one.licence,
            "citation": one.citation,
            "sha256": one.sha256,
            "ready": is_ready(one.name),
            "verified": verify and is_ready(one.name),
        }
        for one in listed.values()
    ]
    found = {"cache": str(cache_folder()), "assets": entries}
    return CommandResult(found, lambda console: terminal.show_assets(console, found))
