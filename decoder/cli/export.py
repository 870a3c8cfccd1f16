"""``hotwire export``."""

from __future__ import annotations

from pathlib import Path

import click

from .options import check_file, json_option
from .result import CommandResult


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--onnx", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where to write it.")
@json_option
def export(bundle: Path, onnx: Path) -> CommandResult:
    """Write a saved decoder as one ONNX graph from samples to probabilities, for programs in any language.

    The graph has standard operators of opset 17 alone; what its steps remember goes in and out with each call. It is
    compared with the decoder before it is written. The guide "Live, on a rig" has programs in C++ and JavaScript that
    run it.
    """
    check_file("--onnx", onnx)
    from ...errors.printable import printable
    from ..bundle.sample_graph.export import export_onnx

    made = export_onnx(bundle, onnx)
    data = {"onnx": str(onnx), "bytes": onnx.stat().st_size, **made.says}
    lines = [f"{onnx} has {data['bytes'] / 1e6:.2f} MB:", *(f"{key:>15}: {value}" for key, value in made.says.items())]
    return CommandResult(data, lambda console: console.print("\n".join(map(printable, lines)), markup=False))
