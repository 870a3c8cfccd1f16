"""Sources and outputs of other packages, by name.

A package adds one with a function that takes the decoder and options, and one line of its ``pyproject.toml``::

    [project.entry-points."hotwire.sources"]
    my_amplifier = "its_package.live:open_amplifier"  # def open_amplifier(decoder, *, port="1000") -> Source

``hotwire stream BUNDLE --from my_amplifier:port=1234`` then decodes it. ``--to`` takes the name of an output, from the
entry points ``hotwire.outputs``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import TYPE_CHECKING, Any

from ..decoder.registry import Registry
from ..errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from ..decoder.bundle.compiled import CompiledDecoder
    from .decision import Output
    from .sources.source import Source

OUTPUTS: Registry[Callable[..., Any]] = Registry("hotwire.outputs", {})


def make_source(text: str, decoder: CompiledDecoder) -> Source:
    """Make the source that is written ``NAME`` or ``NAME:KEY=VALUE,KEY=VALUE``.

    The name is in `hotwire.realtime.sources.catalogue.SOURCES` or in the entry points ``hotwire.sources``; else it
    raises UnknownNameError. InputError if the text has another form, or the source does not take these options.
    """
    from .sources.catalogue import SOURCES

    return _made("source", SOURCES, text, decoder)


def make_output(text: str, decoder: CompiledDecoder) -> Output:
    """Make an output of another package, named in the entry points ``hotwire.outputs``; see `make_source`."""
    return _made("output", OUTPUTS, text, decoder)


def _made(what: str, known: Mapping[str, Callable[..., Any]], text: str, decoder: CompiledDecoder) -> Any:
    name, _, rest = text.partition(":")
    if name not in known:
        raise UnknownNameError(what, name, sorted(known))
    options = {}
    for pair in filter(None, rest.split(",")):
        key, equals, value = pair.partition("=")
        if not equals:
            raise InputError(f"{what} {text!r}: expected NAME or NAME:KEY=VALUE,KEY=VALUE, got {pair!r} for KEY=VALUE")
        options[key] = value
    make = known[name]
    try:
        signature(make).bind(decoder, **options)
    except TypeError as error:
        raise InputError(f"{what} {text!r}: expected options of {name}{signature(make)}: {error}") from error
    return make(decoder, **options)
