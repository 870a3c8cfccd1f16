"""A traced torch module, cut in two at the output of one of its named parts.

A part is a *cut* if everything that follows can be computed from its output and the weights alone. Reading a tensor's
shape is not a dependence on its content: the shapes are known.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import fx


@dataclass(frozen=True)
class TensorForm:
    """Shape for one stimulus, type, and memory order of a tensor with one row per stimulus.

    `order` lists the dimensions, including the batch, from the slowest to the fastest in memory. An injected activation
    needs the same order: convolutions and matrix products round differently in another one.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype
    order: tuple[int, ...]


@dataclass(frozen=True)
class TracedModule:
    """A module as a graph.

    `root` has graph and weights, from the input tensor to the output tensor. `parts` are the nodes at the outputs of
    the module's named parts, in order of computation. `refused` are parts without a single output, with the reason.
    `forms` is known for each node that is one tensor with one row per stimulus.
    """

    root: fx.GraphModule
    parts: dict[str, fx.Node]
    refused: dict[str, str]
    forms: dict[fx.Node, TensorForm]


def head(traced: TracedModule, nodes: Sequence[fx.Node]) -> fx.GraphModule:
    """Return the module that computes the nodes' values, as a tuple, from the input, and nothing more."""
    needed = needed_for(nodes)
    graph = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    results: dict[fx.Node, fx.Node] = {}
    for node in traced.root.graph.nodes:
        if node in needed or node.op == "placeholder":
            copies[node] = graph.node_copy(node, copies.__getitem__)
            if node in nodes:  # what follows may work in place
                results[node] = graph.call_function(torch.clone, (copies[node],))
    graph.output(tuple(results[node] for node in nodes))
    return fx.GraphModule(traced.root, graph)


def is_cut(traced: TracedModule, node: fx.Node) -> bool:
    """Whether the output can be computed from the value of `node` and the weights alone."""
    needed = needed_for([output_of(traced.root.graph)], stop=node, known=traced.forms)
    return node in needed and not any(other.op == "placeholder" and other is not node for other in needed)


def tail(traced: TracedModule, cut: fx.Node) -> fx.GraphModule:
    """Return the module that computes the output from the value of `cut`, for which `is_cut` holds."""
    output = output_of(traced.root.graph)
    needed = needed_for([output], stop=cut, known=traced.forms)
    graph = fx.Graph()
    activation = graph.placeholder("activation")
    copies = {cut: activation}
    for node in traced.root.graph.nodes:
        if node not in needed or node is cut:
            continue
        measured = _shape_read(node)
        if measured is not None and measured not in copies:
            form = traced.forms[measured]
            copies[measured] = graph.call_function(_stand_in, (activation, form.shape, form.dtype))
        copies[node] = graph.node_copy(node, copies.__getitem__)
    graph.output(copies[output])
    return fx.GraphModule(traced.root, graph)


def lay_out(activations: torch.Tensor, form: TensorForm, device: torch.device) -> torch.Tensor:
    """Copy activations to the device and into the memory order that the graph itself uses."""
    copy = torch.empty_permuted(activations.shape, form.order, dtype=form.dtype, device=device)
    return copy.copy_(activations)


def needed_for(
    nodes: Iterable[fx.Node], stop: fx.Node | None = None, known: Container[fx.Node | None] = ()
) -> set[fx.Node]:
    """All nodes that `nodes` depend on, including themselves; nothing before `stop`, nor before known shapes."""
    needed: set[fx.Node] = set()
    to_visit = list(nodes)
    while to_visit:
        node = to_visit.pop()
        if node not in needed:
            needed.add(node)
            if node is not stop and _shape_read(node) not in known:
                to_visit += node.all_input_nodes
    return needed


def output_of(graph: fx.Graph) -> fx.Node:
    [output] = graph.output_node().all_input_nodes
    return output


def _shape_read(node: fx.Node) -> fx.Node | None:
    """Return the tensor of which this node reads the shape and nothing else."""
    reads_shape = (
        (node.op == "call_method" and node.target in ("size", "dim"))
        or (node.target is getattr and node.args[1] in ("shape", "ndim"))
        or node.target is torch.ops.aten.sym_size.int
    )
    return node.all_input_nodes[0] if reads_shape else None


def _stand_in(activation: torch.Tensor, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """Return a tensor with one row per activation that has the right shape and no content."""
    return torch.empty((), dtype=dtype, device=activation.device).expand(activation.shape[0], *shape)
