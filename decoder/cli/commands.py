"""The table of commands, and the command ``hotwire`` that runs them and prints their results and errors in one way.

A command's module imports little more than click; what the command needs is imported when it runs, so that
``hotwire --help`` is fast.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import version
from typing import Any

import click

from ...errors import HotwireError
from ...errors.printable import json_text, printable
from ..registry import Registry
from .result import CommandResult
from .unexpected import plain_warnings, unexpected

OWN = {
    "align": "align:align",
    "data": "assets:data",
    "demo": "demo:demo",
    "encode": "encode:encode",
    "evaluate": "evaluate:evaluate",
    "explain": "explain:explain",
    "export": "export:export",
    "fit": "fit:fit",
    "fit-all": "fit_all:fit_all_",
    "gist": "gist:gist",
    "group": "subjects:group_",
    "init": "init:init",
    "inspect": "inspect:inspect",
    "keys": "signing:keys",
    "map": "map:map_",
    "models": "assets:models",
    "plan": "plan:plan",
    "predict": "predict:predict",
    "pseudo-online": "pseudo_online:pseudo_online",
    "retrieve": "retrieve:retrieve",
    "synthesize": "synthesize:synthesize",
    "to-bids": "to_bids:to_bids",
    "sign": "signing:sign",
}
"""Module and function of each command in this folder."""
ADDED: Registry[click.Command] = Registry("hotwire.commands", {})
"""The commands of other folders and packages, added as entry points."""
INTERRUPTED = 130
GOES_ON = ("encode", "fit-all", "map", "synthesize")
"""Commands whose results are kept one by one, as they are finished."""


class Hotwire(click.Group):
    """Finds the commands by name, and prints results and errors of all of them in one way."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*OWN, *ADDED})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in OWN:
            module, function = OWN[cmd_name].split(":")
            return getattr(import_module(f".{module}", __package__), function)
        return ADDED.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            close = get_close_matches(args[0], self.list_commands(ctx), 1)
            ctx.fail(f"no such command {args[0]!r}" + (f"; did you mean {close[0]!r}" if close else ""))
        return super().resolve_command(ctx, args)

    def main(self, args: Sequence[str] | None = None, *_: Any, **__: Any) -> None:  # type: ignore[override]
        args = list(sys.argv[1:] if args is None else args)
        as_json = "--json" in args
        try:
            # Standard output has only the result, whatever other packages print.
            with redirect_stdout(sys.stderr) if as_json else nullcontext(), plain_warnings():
                result = super().main(args, "hotwire", standalone_mode=False)
            if isinstance(result, CommandResult):
                _print(result, as_json)
            sys.stdout.flush()
            sys.exit(result.code if isinstance(result, CommandResult) else result if isinstance(result, int) else 0)
        except click.exceptions.Abort:
            kept = "; what was finished is kept, and the same command goes on from there"
            goes_on = any(arg in GOES_ON for arg in args[:1])
            sys.exit(_fail("Interrupted", f"interrupted{kept * goes_on}", INTERRUPTED, as_json))
        except click.UsageError as error:
            where = error.ctx.command_path if error.ctx else "hotwire"
            message = f"{printable(error.format_message()).rstrip('.')}; `{where} --help` tells how to use it"
            sys.exit(_fail("UsageError", message, error.exit_code, as_json))
        except HotwireError as error:
            sys.exit(_fail(type(error).__name__, str(error), 1, as_json))
        except BrokenPipeError:  # who read the output, such as `head`, has what it wanted
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        except OSError as error:
            sys.exit(_fail(type(error).__name__, printable(error), 1, as_json))
        except Exception as error:  # noqa: BLE001  (nothing is hidden: it is said in one line, and all of it in a file)
            sys.exit(_fail(type(error).__name__, unexpected(error), 1, as_json))


def _print(result: CommandResult, as_json: bool) -> None:
    if as_json:
        print(json_text(result.data, allow_nan=False))
        return
    from rich.console import Console

    result.show(Console(highlight=False, emoji=False, soft_wrap=not sys.stdout.isatty()))


def _fail(kind: str, message: str, code: int, as_json: bool) -> int:
    print(f"hotwire: {message}", file=sys.stderr)
    if as_json:
        print(json_text({"error": {"type": kind, "message": message}}))
    return code


@click.group(cls=Hotwire, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("hotwire"), message="hotwire %(version)s")
@click.pass_context
def hotwire(context: click.Context) -> None:
    """Feed recorded brain activity into the middle of a pretrained network and let it finish the thought."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
