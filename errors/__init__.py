"""Every error hotwire raises on purpose: one file, one tree.

::

    HotwireError
    ├── InputError (ValueError)             an argument is wrong
    │   ├── ShapeError                      an array of another shape than expected
    │   ├── NonFiniteError                  NaN or infinity, with its position
    │   ├── LeakError                       what is tested was in the training, or is known without the brain
    │   └── UnknownNameError                a look-up failed; lists the valid names
    ├── RecordingError (ValueError)         a recording, its mask or its events cannot be used
    ├── StudyError (ValueError)             a study file has a wrong or missing field
    ├── BundleError                         a saved decoder is damaged, incomplete or too new
    ├── StreamError                         a live stream cannot be used
    │   ├── StreamNotFoundError             no stream matches, or several do; lists all streams
    │   ├── StreamLostError                 a stream has stopped being available
    │   └── StreamMismatchError             its channels, rate, units or type differ from the decoder's; gives both
    ├── AssetError                          weights or data could not be made ready
    │   ├── DownloadError                   no network, or the index lacks the file
    │   ├── ChecksumError                   a file differs from the expected one
    │   └── DiskSpaceError                  the disk is too full
    └── MissingExtraError (ImportError)     an optional package is not installed

A message names the parameter, what was expected, what it is, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from .printable import printable


class HotwireError(Exception):
    """Base of all errors that hotwire raises on purpose. Names from outside are made `printable` in its text."""

    def __str__(self) -> str:
        return printable(super().__str__())


class InputError(HotwireError, ValueError):
    """An argument is wrong."""


class ShapeError(InputError):
    """An array does not have the expected shape."""


class NonFiniteError(InputError):
    """An array contains NaN or infinity."""


class LeakError(InputError):
    """What is tested was in the training, or is known without the brain."""


class UnknownNameError(InputError):
    """A look-up by name failed.

    Parameters
    ----------
    what : str
        The kind of thing, e.g. ``"layer"``.
    name : object
        The unknown name.
    known : iterable of str
        All valid names.

    Examples
    --------
    >>> print(UnknownNameError("layer", "blocks.99", ["blocks.0", "blocks.9"]))
    unknown layer 'blocks.99'; did you mean 'blocks.9'? There are: blocks.0, blocks.9
    """

    def __init__(self, what: str, name: object, known: Iterable[str]) -> None:
        known = list(known)
        close = get_close_matches(str(name), known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        super().__init__(f"unknown {what} {name!r}{hint} There are: {', '.join(known) or 'none'}")


class RecordingError(HotwireError, ValueError):
    """A recording, its mask or its events cannot be used."""


class StudyError(HotwireError, ValueError):
    """A study file has a wrong or missing field; if there are several, each has a line."""

    def __str__(self) -> str:
        return "\n".join(map(printable, ValueError.__str__(self).split("\n")))


class BundleError(HotwireError):
    """A saved decoder is damaged, incomplete or of a newer format."""


class StreamError(HotwireError):
    """A live stream cannot be used."""


class StreamNotFoundError(StreamError):
    """No stream matches the request, or several do."""


class StreamLostError(StreamError):
    """A stream has stopped being available."""


class StreamMismatchError(StreamError):
    """A stream is not what the decoder was fitted on."""


class AssetError(HotwireError):
    """Weights or data could not be made ready."""


class DownloadError(AssetError):
    """A file cannot be downloaded: no network, or the package index lacks it."""


class ChecksumError(AssetError):
    """A file differs from the expected one."""


class DiskSpaceError(AssetError):
    """The disk is too full for a file."""


class MissingExtraError(HotwireError, ImportError):
    """An optional package is not installed."""
