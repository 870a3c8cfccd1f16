"""A board that BrainFlow knows: OpenBCI, Muse, BrainBit and many others, and a synthetic one to try things on."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ...errors import InputError, MissingExtraError, StreamLostError, StreamNotFoundError, UnknownNameError
from .push_source import PushSource
from .source import Chunk, Marker, StreamInfo

POLL_S = 0.01
LOST_S = 5.0
"""A board that sends nothing for so long is looked for again."""


class BrainFlowBoard:
    """The electrodes of a board, in microvolts.

    Samples are stamped as those of a `PushSource` that come without stamps: BrainFlow's say when a packet was read, and
    packets may come several at once.

    Parameters
    ----------
    board : str
        BrainFlow's name of the board without ``_BOARD``, such as ``"synthetic"``, ``"cyton"`` or ``"muse_s"``.
    parameters : str
        What BrainFlow needs to find it, such as ``serial_port="/dev/ttyUSB0"``.

    Raises
    ------
    MissingExtraError
        BrainFlow is not installed, or cannot be loaded.
    UnknownNameError
        BrainFlow has no such board.
    InputError
        It has no such parameter, or the board has no electrodes.

    Examples
    --------
    Its synthetic board, for two seconds::

        source = BrainFlowBoard("synthetic")
        for decision in stream("decoder.hotwire", source):
            print(decision.said)
    """

    def __init__(self, board: str, **parameters: str) -> None:
        shim = _brainflow()
        boards = {one.name.removesuffix("_BOARD").lower(): one.value for one in shim.BoardIds}
        if board.lower() not in boards:
            raise UnknownNameError("board", board, sorted(boards))
        self._id, self._parameters = boards[board.lower()], shim.BrainFlowInputParams()
        for name, value in parameters.items():
            known = vars(self._parameters)
            if name not in known:
                raise InputError(f"board: expected parameters of BrainFlow ({', '.join(known)}), got {name!r}")
            setattr(self._parameters, name, _as(type(known[name]), name, value))
        described = shim.BoardShim.get_board_descr(self._id)
        self._rows = described.get("eeg_channels") or described.get("emg_channels") or []
        if not self._rows:
            raise InputError(f"board: expected one with electrodes, {board!r} has none")
        names = described.get("eeg_names", "").split(",")
        if len(names) != len(self._rows):
            names = [f"channel_{number}" for number in range(1, len(self._rows) + 1)]
        self.info = StreamInfo(
            name=described["name"],
            type="EEG",
            source_id=":".join(["brainflow", board.lower(), *parameters.values()]),
            channel_names=tuple(names),
            units=("uV",) * len(names),
            rate_hz=float(described["sampling_rate"]),
        )
        self._shim, self._board = shim, None
        self._pushed = PushSource(self.info)
        self._came_s = 0.0

    def open(self, timeout_s: float) -> StreamInfo:
        """Connect to the board and start it; BrainFlow's parameter ``timeout`` says how long it looks for one."""
        self.close()
        board = self._shim.BoardShim(self._id, self._parameters)
        try:
            board.prepare_session()
            board.start_stream()
        except self._shim.BrainFlowError as error:
            raise StreamNotFoundError(f"BrainFlow cannot start the board {self.info.name!r}: {error}") from error
        self._board, self._came_s = board, time.monotonic()
        self._pushed = PushSource(self.info)
        return self._pushed.open(timeout_s)

    def pull(self, timeout_s: float) -> Chunk | None:
        """Wait for samples; see `Source`."""
        until_s = time.monotonic() + timeout_s
        while True:
            self._poll()
            left_s = until_s - time.monotonic()
            chunk = self._pushed.pull(max(0.0, min(left_s, POLL_S)))
            if chunk is not None or left_s <= 0:
                return chunk

    def mark(self, label: str, stamp_s: float | None = None, duration_s: float | None = None) -> None:
        """Take an event; see `PushSource.mark`."""
        self._pushed.mark(label, stamp_s, duration_s)

    def markers(self) -> list[Marker]:
        """Return the events since the last call; see `Source`."""
        return self._pushed.markers()

    def close(self) -> None:
        """Stop the board and let it go."""
        board, self._board = self._board, None
        if board is not None and board.is_prepared():
            board.release_session()

    def _poll(self) -> None:
        if self._board is None:
            raise StreamLostError(f"the board {self.info.name!r} is not open; open the source first")
        try:
            data: Any = self._board.get_board_data()
        except self._shim.BrainFlowError as error:
            raise StreamLostError(f"the board {self.info.name!r}: {error}") from error
        now_s = time.monotonic()
        if data.shape[1]:
            self._came_s = now_s
            self._pushed.push(np.ascontiguousarray(data[self._rows].T, np.float32))
        elif now_s - self._came_s > LOST_S:
            raise StreamLostError(f"the board {self.info.name!r} sent nothing for {LOST_S:g} s")


def _brainflow() -> Any:
    try:
        from brainflow import board_shim

        board_shim.BoardShim.disable_board_logger()  # it writes into the view
    except ModuleNotFoundError as error:
        if error.name == "pkg_resources":
            raise MissingExtraError(
                "BrainFlow needs pkg_resources on Python 3.11, which newer setuptools lack; install 'setuptools<81', "
                "or use Python 3.12 or 3.13"
            ) from error
        raise MissingExtraError("a board needs brainflow; install hotwire[inputs]") from error
    return board_shim


def _as(kind: type, name: str, value: str) -> Any:
    try:
        return kind(value)
    except ValueError as error:
        raise InputError(f"{name}: expected a whole number, got {value!r}") from error
