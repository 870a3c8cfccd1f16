"""Trace a torch module into a graph in which the outputs of its named parts are known nodes."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import fx, nn
from torch.utils import _pytree as pytree

from ...errors import InputError
from .torch_cut import TensorForm, TracedModule, needed_for, output_of

# What tracing raises where a module's code reads a value that does not exist yet.
_UNTRACEABLE = (
    TypeError,
    ValueError,
    RuntimeError,
    AttributeError,
    LookupError,
    NotImplementedError,
    AssertionError,
)

_Calls = dict[str, list[Any]]
"""For each part, by name, the nodes at its outputs, one for each call."""


def trace(module: nn.Module, example: torch.Tensor) -> TracedModule:
    """Trace a module in evaluation mode, from one tensor to one tensor, or a structure that contains exactly one.

    torch.fx's symbolic tracing takes a tenth of a second, but fails on code that reads its tensors, as in many
    transformers; torch.export handles these and takes seconds. `example` is (n_stimuli, ...). It is an `InputError` if
    a module can be traced neither way, or the graph computes something else than the module.
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


class _Entry(nn.Module):
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
    needed = needed_for([output_of(graph)])
    if any(node.op.startswith("call") and node not in needed for node in graph.nodes):
        raise RuntimeError("it has side effects")  # perhaps in place, on a value that is used later
    return fx.GraphModule(entry, graph), calls


@torch.library.custom_op("hotwire::mark", mutates_args=(), schema="(Tensor activation, str part) -> Tensor")
def _mark(activation: torch.Tensor, part: str) -> torch.Tensor:
    return activation.clone()


@_mark.register_fake
def _(activation: torch.Tensor, part: str) -> torch.Tensor:
    return torch.empty_like(activation)


def _export(entry: _Entry, pair: torch.Tensor) -> tuple[fx.GraphModule, _Calls]:
    """Export with the parts' outputs marked in the graph, since they would be lost; then remove the marks."""
    calls: _Calls = {}

    def marker(part: str) -> Any:
        def mark(module: nn.Module, args: Any, result: Any) -> Any:
            passes_on = any(result is arg for arg in args)  # as in nn.Identity: nothing is computed here
            return _mark(result, part) if isinstance(result, torch.Tensor) and not passes_on else None

        return mark

    hooks = [part.register_forward_hook(marker(name)) for name, part in entry.named_modules() if name]
    try:
        with torch.no_grad(), warnings.catch_warnings():
            # warnings are about possible errors; the result is compared with the module itself
            warnings.simplefilter("ignore")
            program = torch.export.export(entry, (pair,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
            needed = needed_for([output_of(program.graph)])
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
    """Strip the graph to what the output needs, run it with two stimuli and with one, and note the tensors' forms."""
    output = output_of(root.graph)
    needed = needed_for([output])
    graph = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    for node in root.graph.nodes:
        if node in needed or node.op == "placeholder":
            copies[node] = graph.node_copy(node, copies.__getitem__)
    graph.output(copies[output])
    root = fx.GraphModule(root, graph)
    with torch.inference_mode():
        with_two, with_one = _Measuring(root), _Measuring(root)
        got = with_two.run(pair)
        with_one.run(pair[:1])
    tolerance = 1e-4 * float(expected.abs().max())
    if got.shape != expected.shape or not torch.allclose(got, expected, rtol=0, atol=tolerance, equal_nan=True):
        raise RuntimeError("the traced graph computes something else than the module")
    forms = {}
    for node, (two, strides, dtype) in with_two.measured.items():
        one = with_one.measured[node][0]
        if two[:1] == (2,) and one[:1] == (1,) and two[1:] == one[1:]:
            order = tuple(sorted(range(len(two)), key=lambda axis: -strides[axis]))
            forms[node] = TensorForm(tuple(two[1:]), dtype, order)
    if copies[output] not in forms:
        raise RuntimeError(f"its output for two stimuli has the shape {tuple(got.shape)}, not one row per stimulus")
    parts, refused = {}, {}
    for name in filter(None, dict(entry.module.named_modules())):
        nodes = calls.get(f"module.{name}", [])
        node = copies.get(nodes[0]) if len(nodes) == 1 else None
        if len(nodes) > 1:
            refused[name] = f"it is called {len(nodes)} times"
        elif node not in forms:
            refused[name] = "it does not give one tensor, with a row per stimulus, that the output depends on"
        elif forms[node].dtype != torch.float32:
            refused[name] = f"its activation is {forms[node].dtype}, not torch.float32"
        else:
            parts[name] = node
    position = {node: index for index, node in enumerate(graph.nodes)}
    return TracedModule(root, dict(sorted(parts.items(), key=lambda part: position[part[1]])), refused, forms)


class _Measuring(fx.Interpreter):
    """Runs a graph and notes shape, strides and type of each tensor."""

    def __init__(self, root: fx.GraphModule) -> None:
        super().__init__(root)
        self.measured: dict[fx.Node, tuple[torch.Size, tuple[int, ...], torch.dtype]] = {}

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if isinstance(value, torch.Tensor):
            self.measured[n] = value.shape, value.stride(), value.dtype
        return value


def _works_in_place(node: fx.Node) -> bool:
    return isinstance(node.target, torch._ops.OpOverload) and node.target._schema.is_mutable


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
