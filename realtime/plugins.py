"""Sources and outputs by name, also those of other packages.

A package adds one with a function that takes the decoder and options, and one line of its ``pyproject.toml``::

    [project.entry-points."hotwire.sources"]
    my_amplifier = "its_package.live:open_amplifier"  # def open_amplifier(decoder, *, port="1000") -> Source

``hotwire stream BUNDLE --from my_amplifier:port=1234`` then decodes it. ``--output`` takes the name of an output in the
same form, from the entry points ``hotwire.outputs``, or a URL such as ``udp://127.0.0.1:9000``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from ..errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from .decision import Output
    from .live_decoder import LiveDecoder
    from .sources.source import Source


def make_source(text: str, decoder: LiveDecoder) -> Source:
    """Make the source that is written ``NAME`` or ``NAME:KEY=VALUE,KEY=VALUE``.

    The name is in `hotwire.realtime.sources.catalogue.SOURCES` or in the entry points ``hotwire.sources``; else it
    raises UnknownNameError. InputError if the text has another form, or the source does not take these options.
    """
    from .sources.catalogue import SOURCES

    return _made("source", SOURCES, text, decoder)


def make_output(text: str, decoder: LiveDecoder) -> Output:
    """Make an output: of `hotwire.realtime.outputs.catalogue.OUTPUTS` or the entry points ``hotwire.outputs``.

    Written as a source is, see `make_source`, or as the URL ``NAME://HOST:PORT/PATH?KEY=VALUE``.
    """
    from .outputs.catalogue import OUTPUTS

    return _made("output", OUTPUTS, text, decoder)


def _made(what: str, known: Mapping[str, Callable[..., Any]], text: str, decoder: LiveDecoder) -> Any:
    name = text.partition(":")[0]
    if name not in known:
        raise UnknownNameError(what, name, sorted(known))
    options = _of_url(what, text) if "://" in text else _of_pairs(what, text)
    make = known[name]
    try:
        signature(make).bind(decoder, **options)
    except TypeError as error:
        raise InputError(f"{what} {text!r}: expected options of {name}{signature(make)}: {error}") from error
    return make(decoder, **options)


def _of_url(what: str, text: str) -> dict[str, str]:
    expected = f"{what} {text!r}: expected NAME://HOST:PORT, such as udp://127.0.0.1:9000"
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port
    except ValueError as error:
        raise InputError(f"{expected}: {error}") from error
    if not host or port is None:
        raise InputError(expected)
    path = {"path": url.path} if url.path.strip("/") else {}
    return {"host": host, "port": str(port), **path, **dict(parse_qsl(url.query))}


def _of_pairs(what: str, text: str) -> dict[str, str]:
    rest, options = text.partition(":")[2], {}
    for pair in filter(None, rest.split(",")):
        key, equals, value = pair.partition("=")
        if not equals:
            raise InputError(f"{what} {text!r}: expected NAME or NAME:KEY=VALUE,KEY=VALUE, got {pair!r} for KEY=VALUE")
        options[key] = value
    return options
