"""Cutting a torch module in two at the output of one of its named parts.

The module is traced into a graph. A part is a *cut* if everything behind it can be computed from its output
and the weights alone. Reading a tensor's shape is no dependence on its content: the shapes are known.
"""

from __future__ import annotations

import warnings
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn
from torch.utils import _pytree as pytree

from ...errors import InputError

# What tracing raises where a module's code looks into a value that is not there yet.
_UNTRACEABLE = (
    TypeError,
    ValueError,
    RuntimeError,
    AttributeError,
    LookupError,
    NotImplementedError,
    AssertionError,
)


@dataclass(frozen=True)
class Value:
    """What a node of the graph computes, where that is one tensor with one row per stimulus.

    Attributes
    ----------
    shape : tuple of int
        Shape for one stimulus.
    dtype : torch.dtype
        Its type.
    order : tuple of int
        The dimensions, with the batch, from the slowest to the fastest in memory. An activation that comes
        back has to be laid out likewise: convolutions and matrix products round differently in another order
        of memory.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype
    order: tuple[int, ...]


@dataclass(frozen=True)
class TracedModule:
    """A module as a graph.

    Attributes
    ----------
    root : GraphModule
        Graph and weights; takes the input tensor, gives the output tensor.
    parts : dict of str to Node
        The nodes at the outputs of the module's named parts, in order of computation.
    refused : dict of str to str
        Parts that have no single output, with the reason.
    values : dict of Node to Value
        What is known of the nodes.
    """

    root: fx.GraphModule
    parts: dict[str, fx.Node]
    refused: dict[str, str]
    values: dict[fx.Node, Value]


def trace(module: nn.Module, example: torch.Tensor) -> TracedModule:
    """Trace a module that is in evaluation mode.

    torch.fx's symbolic tracing takes a tenth of a second, but fails on code that looks into its tensors, as
    many transformers' does; torch.export understands these and takes seconds.

    Parameters
    ----------
    module : nn.Module
        Takes one tensor and gives one tensor, or a structure that holds exactly one.
    example : Tensor (n_stimuli, ...)
        One stimulus or more.

    Raises
    ------
    InputError
        The module can be traced neither way, or the traced graph computes something else than the module.
    """
    entry = _Entry(module).eval()
    pair = torch.cat([example[:1], example[-1:]])
    with torch.inference_mode():
        expected = entry(pair)
    try:
        return _measured(entry, *_symbolic_trace(entry), pair, expected)
    except _UNTRACEABLE as reason:
        try:
            return _measured(entry, *_export(entry, pair), pair, expected)
        except _UNTRACEABLE as error:
            raise InputError(
                f"module: {type(module).__name__} can be traced neither by torch.fx ({_first_line(reason)}) "
                f"nor by torch.export ({_first_line(error)}); bring one without branches on its data"
            ) from error


def head(traced: TracedModule, nodes: Sequence[fx.Node]) -> fx.GraphModule:
    """Give the module that computes a tuple of the nodes' values from the input, and nothing behind them."""
    needed = _needed(nodes, stop=None, known={})
    graph = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    taken: dict[fx.Node, fx.Node] = {}
    for node in traced.root.graph.nodes:
        if node in needed or node.op == "placeholder":
            copies[node] = graph.node_copy(node, copies.__getitem__)
            if node in nodes:  # what comes behind may work in place
                taken[node] = graph.call_function(torch.clone, (copies[node],))
    graph.output(tuple(taken[node] for node in nodes))
    return fx.GraphModule(traced.root, graph)


def is_cut(traced: TracedModule, node: fx.Node) -> bool:
    """Whether the output can be computed from the value of `node` and the weights alone."""
    needed = _needed([_output(traced.root.graph)], stop=node, known=traced.values)
    return node in needed and not any(other.op == "placeholder" and other is not node for other in needed)


def tail(traced: TracedModule, cut: fx.Node) -> fx.GraphModule:
    """Give the module that computes the output from the value of `cut`, for which `is_cut` holds."""
    output = _output(traced.root.graph)
    needed = _needed([output], stop=cut, known=traced.values)
    graph = fx.Graph()
    activation = graph.placeholder("activation")
    copies = {cut: activation}
    for node in traced.root.graph.nodes:
        if node not in needed or node is cut:
            continue
        asked = _shape_asked(node)
        if asked is not None and asked not in copies:
            value = traced.values[asked]
            copies[asked] = graph.call_function(_stand_in, (activation, value.shape, value.dtype))
        copies[node] = graph.node_copy(node, copies.__getitem__)
    graph.output(copies[output])
    return fx.GraphModule(traced.root, graph)


def lay_out(activations: torch.Tensor, value: Value, device: torch.device) -> torch.Tensor:
    """Copy activations to where, and into the order of memory in which, the graph itself computes them."""
    copy = torch.empty_permuted(activations.shape, value.order, dtype=value.dtype, device=device)
    return copy.copy_(activations)


class _Entry(nn.Module):
    """The module as a function from one tensor to one tensor."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, stimuli: torch.Tensor) -> torch.Tensor:
        leaves = pytree.tree_leaves(self.module(stimuli))
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor | fx.Proxy)]
        if len(tensors) != 1:
            raise InputError(
                f"module: expected one tensor as the output, got {len(tensors)} of {len(leaves)} values; "
                "wrap the module in one that gives the tensor you mean"
            )
        return tensors[0]  # pyright: ignore[reportReturnType] (a Proxy, while being traced)


_Calls = dict[str, list[Any]]


def _symbolic_trace(entry: _Entry) -> tuple[fx.GraphModule, _Calls]:
    calls: _Calls = {}

    class Tracer(fx.Tracer):
        def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
            return not any(True for _ in m.children()) and type(m).__module__.startswith("torch.nn")

        def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
            result = super().call_module(m, forward, args, kwargs)
            node = result.node if isinstance(result, fx.Proxy) else None
            calls.setdefault(self.path_of_module(m), []).append(node)
            return result

    graph = Tracer().trace(entry)
    needed = _needed([_output(graph)], stop=None, known={})
    if any(node.op.startswith("call") and node not in needed for node in graph.nodes):
        raise RuntimeError("it has side effects")  # perhaps in place, on what is used later
    return fx.GraphModule(entry, graph), calls


@torch.library.custom_op("hotwire::mark", mutates_args=(), schema="(Tensor activation, str part) -> Tensor")
def _mark(activation: torch.Tensor, part: str) -> torch.Tensor:
    return activation.clone()


@_mark.register_fake
def _(activation: torch.Tensor, part: str) -> torch.Tensor:
    return torch.empty_like(activation)


def _export(entry: _Entry, pair: torch.Tensor) -> tuple[fx.GraphModule, _Calls]:
    """Export, with the parts' outputs marked in the graph, which would else be lost; take out the marks."""
    calls: _Calls = {}

    def marker(part: str) -> Any:
        def mark(module: nn.Module, args: Any, result: Any) -> Any:
            passes_on = any(result is arg for arg in args)  # as nn.Identity does: nothing is computed here
            return _mark(result, part) if isinstance(result, torch.Tensor) and not passes_on else None

        return mark

    hooks = [part.register_forward_hook(marker(name)) for name, part in entry.named_modules() if name]
    try:
        with torch.no_grad(), warnings.catch_warnings():
            # they are of what may go wrong; what comes out is compared with the module itself
            warnings.simplefilter("ignore")
            program = torch.export.export(entry, (pair,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
            needed = _needed([_output(program.graph)], stop=None, known={})
            if any(_works_in_place(node) and node not in needed for node in program.graph.nodes):
                program = program.run_decompositions({})
    finally:
        for hook in hooks:
            hook.remove()
    root = program.module()
    assert isinstance(root, fx.GraphModule)
    for node in list(root.graph.nodes):
        if node.target is torch.ops.hotwire.mark.default:
            marked, name = node.args
            calls.setdefault(name, []).append(marked)
            node.replace_all_uses_with(marked)
            for nodes in calls.values():
                nodes[:] = [marked if other is node else other for other in nodes]
            root.graph.erase_node(node)
    return root, calls


def _measured(
    entry: _Entry, root: fx.GraphModule, calls: _Calls, pair: torch.Tensor, expected: torch.Tensor
) -> TracedModule:
    """Strip the graph to what the output needs, run it with two stimuli and with one, look at the values."""
    output = _output(root.graph)
    needed = _needed([output], stop=None, known={})
    graph = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    for node in root.graph.nodes:
        if node in needed or node.op == "placeholder":
            copies[node] = graph.node_copy(node, copies.__getitem__)
    graph.output(copies[output])
    root = fx.GraphModule(root, graph)
    with torch.inference_mode():
        of_two, of_one = _Looking(root), _Looking(root)
        got = of_two.run(pair)
        of_one.run(pair[:1])
    tolerance = 1e-4 * float(expected.abs().max())
    if got.shape != expected.shape or not torch.allclose(got, expected, rtol=0, atol=tolerance, equal_nan=True):
        raise RuntimeError("the traced graph computes something else than the module")
    values = {}
    for node, (two, strides, dtype) in of_two.seen.items():
        one = of_one.seen[node][0]
        if two[:1] == (2,) and one[:1] == (1,) and two[1:] == one[1:]:
            order = tuple(sorted(range(len(two)), key=lambda axis: -strides[axis]))
            values[node] = Value(tuple(two[1:]), dtype, order)
    if copies[output] not in values:
        raise RuntimeError(f"its output for two stimuli has the shape {tuple(got.shape)}, not one row per stimulus")
    parts, refused = {}, {}
    for name in filter(None, dict(entry.module.named_modules())):
        nodes = calls.get(f"module.{name}", [])
        node = copies.get(nodes[0]) if len(nodes) == 1 else None
        if len(nodes) > 1:
            refused[name] = f"it is called {len(nodes)} times"
        elif node not in values:
            refused[name] = "it does not give one tensor, with a row per stimulus, that the output depends on"
        elif values[node].dtype != torch.float32:
            refused[name] = f"its activation is {values[node].dtype}, not torch.float32"
        else:
            parts[name] = node
    place = {node: index for index, node in enumerate(graph.nodes)}
    return TracedModule(root, dict(sorted(parts.items(), key=lambda part: place[part[1]])), refused, values)


class _Looking(fx.Interpreter):
    """Runs a graph and notes shape, strides and type of each tensor."""

    def __init__(self, root: fx.GraphModule) -> None:
        super().__init__(root)
        self.seen: dict[fx.Node, tuple[torch.Size, tuple[int, ...], torch.dtype]] = {}

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if isinstance(value, torch.Tensor):
            self.seen[n] = value.shape, value.stride(), value.dtype
        return value


def _needed(nodes: Iterable[fx.Node], stop: fx.Node | None, known: Container[fx.Node | None]) -> set[fx.Node]:
    """All nodes that `nodes` depend on, themselves included; not beyond `stop`, nor beyond known shapes."""
    needed: set[fx.Node] = set()
    to_visit = list(nodes)
    while to_visit:
        node = to_visit.pop()
        if node not in needed:
            needed.add(node)
            if node is not stop and _shape_asked(node) not in known:
                to_visit += node.all_input_nodes
    return needed


def _shape_asked(node: fx.Node) -> fx.Node | None:
    """Give the tensor whose shape, and nothing else, this node reads."""
    asks = (
        (node.op == "call_method" and node.target in ("size", "dim"))
        or (node.target is getattr and node.args[1] in ("shape", "ndim"))
        or node.target is torch.ops.aten.sym_size.int
    )
    return node.all_input_nodes[0] if asks else None


def _stand_in(activation: torch.Tensor, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """Give a tensor of one row per activation that has the right shape and no content."""
    return torch.empty((), dtype=dtype, device=activation.device).expand(activation.shape[0], *shape)


def _output(graph: fx.Graph) -> fx.Node:
    (output,) = next(node for node in reversed(graph.nodes) if node.op == "output").all_input_nodes
    return output


def _works_in_place(node: fx.Node) -> bool:
    return isinstance(node.target, torch._ops.OpOverload) and node.target._schema.is_mutable


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
