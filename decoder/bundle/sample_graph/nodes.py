"""Writing a graph down: its nodes and constants, and the numbers that it keeps from one call to the next."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 17, 8
DOUBLE, FLOAT, BOOL, INT64 = TensorProto.DOUBLE, TensorProto.FLOAT, TensorProto.BOOL, TensorProto.INT64
OWN = "hotwire.samples."
SAMPLES, STATE = "samples", "state"
PROBABILITIES, USABLE, NEXT_STATE = "probabilities", "usable", "next_state"


class Kept(NamedTuple):
    """What goes from row to row of a `Nodes.scan`: its name outside, those inside before and after a row, its shape."""

    outside: str
    inside: str
    after: str
    shape: tuple[int | None, ...]


class Nodes:
    """Nodes in the order in which they are computed; tensors are known by their names.

    >>> g = Nodes()
    >>> g("Add", "x", np.ones(2))
    'hotwire.samples.1'
    """

    def __init__(self, within: str = OWN) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._within = within

    def __call__(self, operator: str, *inputs: str | NDArray | float, n_outputs: int = 1, **attributes: Any) -> Any:
        """Add a node, and return the name of its output, or a list of several; numbers become constants."""
        names = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        outputs = [f"{self._within}{len(self.nodes) + len(self.constants)}.{i}" for i in range(n_outputs)]
        outputs = outputs if n_outputs > 1 else [outputs[0].rpartition(".")[0]]
        self.nodes.append(helper.make_node(operator, names, outputs, **attributes))
        return outputs if n_outputs > 1 else outputs[0]

    def constant(self, value: NDArray | float) -> str:
        """Return the name of a constant; a Python float is a float64, an int an int64."""
        name = f"{self._within}{len(self.nodes) + len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def rows(self, x: str, first: int, stop: int | None = None) -> str:
        """Return the rows ``x[first:stop]``."""
        end = np.iinfo(np.int64).max if stop is None else stop
        return self("Slice", x, np.array([first]), np.array([end]), np.array([0]))

    def as_double(self, x: str) -> str:
        return self("Cast", x, to=DOUBLE)

    def as_float(self, x: str) -> str:
        return self("Cast", x, to=FLOAT)

    def n_rows(self, x: str) -> str:
        """Return how many rows a matrix has, as a float64 (1,)."""
        return self.as_double(self("Shape", x, start=0, end=1))

    def scan(self, body: Nodes, kept: list[Kept], rows: list[tuple[str, str]], out: tuple[str, int]) -> list[str]:
        """Run a body row by row.

        `rows` names what is taken row by row: outside, inside. `out` names what the body gives for each row, and its
        length. All are float64. Returns the names of what is kept after the last row, and of the rows of `out`.
        """
        inputs = [_double(one.inside, one.shape) for one in kept]
        inputs += [helper.make_tensor_value_info(inside, DOUBLE, None) for _, inside in rows]
        outputs = [*(_double(one.after, one.shape) for one in kept), _double(out[0], (out[1],))]
        graph = helper.make_graph(body.nodes, "row by row", inputs, outputs, body.constants)
        given = [*(one.outside for one in kept), *(outside for outside, _ in rows)]
        return self("Scan", *given, n_outputs=len(outputs), body=graph, num_scan_inputs=len(rows))

    def either(self, condition: str, yes: Branch, no: Branch, shapes: list[tuple[int, ...]]) -> list[str]:
        """Return what one of two branches gives: float64 of these shapes, by its nodes and the names of its outputs."""
        graphs = {}
        for name, (branch, names) in (("then_branch", yes), ("else_branch", no)):
            outputs = list(map(_double, names, shapes))
            graphs[name] = helper.make_graph(branch.nodes, name, [], outputs, branch.constants)
        return self("If", condition, n_outputs=len(shapes), **graphs)


Branch = tuple[Nodes, list[str]]


class GraphState:
    """The numbers that a graph keeps from one call to the next, float64 in one vector; it begins with zeros."""

    def __init__(self, g: Nodes) -> None:
        self._g = g
        self._parts: list[str] = []
        self.n = 0

    def before(self, *shape: int) -> str:
        """Return the next numbers as they were after the last call; what they become goes to `after`, in this order."""
        first, self.n = self.n, self.n + prod(shape)
        part = self._g.rows(STATE, first, self.n)
        return self._g("Reshape", part, np.array(shape, np.int64))

    def after(self, value: str) -> None:
        """Keep what the numbers last asked for have become."""
        self._parts.append(self._g("Reshape", value, np.array([-1])))

    def write(self) -> None:
        """Write down what the state is after the call."""
        parts = self._parts or [self._g.constant(np.zeros(0))]
        self._g.nodes.append(helper.make_node("Concat", parts, [NEXT_STATE], axis=0))


def _double(name: str, shape: tuple[int | None, ...]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, DOUBLE, shape)
