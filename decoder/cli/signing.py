"""``hotwire keys`` and ``hotwire sign``."""

from __future__ import annotations

from pathlib import Path

import click

from ...errors.printable import printable
from .options import json_option
from .result import CommandResult

FilePath = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("key", type=FilePath)
@json_option
def keys(key: Path) -> CommandResult:
    """Make a pair of keys: KEY signs bundles and stays with you, KEY.pub goes to the rigs.

    A rig that is started with `hotwire stream --require-signature KEY.pub` takes only bundles that KEY has signed.
    """
    from ..bundle.signature import new_keys

    private, public = new_keys(key)
    return CommandResult(
        {"private": str(private), "public": str(public)},
        lambda console: console.print(printable(f"{private} signs; keep it. {public} is for rigs."), markup=False),
    )


@click.command()
@click.argument("bundle", type=FilePath)
@click.option("--key", required=True, type=FilePath, help="The private key, of `hotwire keys`.")
@json_option
def sign(bundle: Path, key: Path) -> CommandResult:
    """Sign a bundle: writes BUNDLE.sig, which goes to the rig beside it."""
    from ..bundle.signature import sign as signed

    signature = signed(bundle, key)
    return CommandResult(
        {"bundle": str(bundle), "signature": str(signature)},
        lambda console: console.print(printable(f"{signature} is written."), markup=False),
    )
