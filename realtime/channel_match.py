"""Which of a stream's channels a decoder takes: in its order, by name, by position, or as they are mapped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, StreamMismatchError
from .checks import few
from .live_decoder import LiveDecoder

if TYPE_CHECKING:
    from .sources.source import StreamInfo

Channels = Literal["exact", "by name", "by position"]
CHANNELS = ("exact", "by name", "by position")


def match_channels(
    info: StreamInfo, decoder: LiveDecoder, channels: Channels | Mapping[str, str] = "exact"
) -> NDArray[np.intp] | None:
    """Return the indices (n_features,) of the stream's channels that the decoder takes, None if it takes the stream as
    it is.

    Raises StreamMismatchError if they do not match. ``"exact"``: the stream has the decoder's channels in its order.
    ``"by name"``: they are selected by name; there may be others. ``"by position"``: only the number must agree. A
    mapping: from each of the decoder's names to the stream's, or to a number from 1 on.
    """
    ours, theirs = decoder.feature_names, info.channel_names
    if isinstance(channels, Mapping):
        return _mapped(info, ours, channels)
    if channels not in CHANNELS:
        raise InputError(f"channels: expected one of {', '.join(CHANNELS)}, or a mapping, got {channels!r}")
    if ours == theirs:
        return None
    if channels == "by position":
        if len(ours) != len(theirs):
            raise StreamMismatchError(
                f"channels: the decoder takes {len(ours)}, the stream {info.name!r} has {len(theirs)}; by position "
                f"their number has to agree. To pick some out, say which is which: {_example(ours)}"
            )
        return None
    missing = [name for name in ours if name not in set(theirs)]
    if channels == "by name" and not missing:
        at = {name: index for index, name in enumerate(theirs)}
        if len(at) != len(theirs):
            twice = sorted({name for name in theirs if theirs.count(name) > 1})
            raise StreamMismatchError(f"channels: the stream {info.name!r} has several channels named {few(twice)}")
        return np.array([at[name] for name in ours], np.intp)
    raise StreamMismatchError(_difference(info, ours, missing))


def _mapped(info: StreamInfo, ours: tuple[str, ...], mapping: Mapping[str, str]) -> NDArray[np.intp]:
    theirs = info.channel_names
    missing, unknown = [name for name in ours if name not in mapping], [name for name in mapping if name not in ours]
    if missing or unknown:
        what = f"got none for {few(missing)}" if missing else f"{few(unknown)} it does not take"
        raise StreamMismatchError(
            f"channels: expected a channel of the stream for each that the decoder takes ({few(ours)}), {what}; "
            f"for example {_example(ours)}"
        )
    taken = []
    for name in ours:
        given = mapping[name]
        if theirs.count(given) == 1:
            taken.append(theirs.index(given))
        elif given not in theirs and given.isdecimal() and 1 <= int(given) <= len(theirs):
            taken.append(int(given) - 1)
        else:
            raise StreamMismatchError(
                f"channels: {name}={given}: the stream {info.name!r} has {'several' if given in theirs else 'none'} of "
                f"that name; its channels are {few(theirs)}, numbers 1 to {len(theirs)}"
            )
    if len(set(taken)) < len(taken):
        twice = next(name for i, name in enumerate(ours) if taken[i] in taken[:i])
        raise StreamMismatchError(
            f"channels: expected another channel for each of the decoder's, got {mapping[twice]!r} of {twice} twice"
        )
    return np.array(taken, np.intp)


def _example(ours: tuple[str, ...]) -> str:
    pairs = [f"{name}={number}" for number, name in enumerate(ours[:3], 1)] + ["..."] * (len(ours) > 3)
    return f"--channels {','.join(pairs)}, in Python channels={{{ours[0]!r}: '1', ...}}"


def _difference(info: StreamInfo, ours: tuple[str, ...], missing: list[str]) -> str:
    theirs = info.channel_names
    sides = f"the decoder takes {len(ours)} ({few(ours)}), the stream {info.name!r} has {len(theirs)} ({few(theirs)})"
    if missing and len(ours) == len(theirs) and len(missing) == len(ours):
        return (
            f"channels: {sides}; none of the decoder's names is among the stream's. If it is the same montage under "
            "other names, say channels='by position', on the command line --channels by-position"
        )
    if missing:
        return f"channels: {sides}; the stream lacks {few(missing)}"
    if len(ours) != len(theirs):
        more = [name for name in theirs if name not in set(ours)]
        return (
            f"channels: {sides}; the stream also has {few(more)}. To pick out the decoder's, say channels='by name', "
            "on the command line --channels by-name"
        )
    first = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
    return (
        f"channels: {sides}; the same channels in another order: number {first} is {ours[first]!r} for the decoder and "
        f"{theirs[first]!r} in the stream. To have them reordered, say channels='by name', on the command line "
        "--channels by-name"
    )
