"""Commands to a running engine: small files in a folder. Only users who may write there can command it.

A new bundle is loaded and warmed up in its own thread and runs in the shadow of the active one. On command it takes
over between two chunks, and it can be rolled back.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from ..decoder.bundle.compiled import CompiledDecoder
from ..errors import BundleError, HotwireError, InputError, UnknownNameError
from ..models.files import UNFINISHED

if TYPE_CHECKING:
    from .engine.live_engine import LiveEngine

ARGUMENTS = {"load": "bundle", "promote": None, "rollback": None, "stop": None, "note": "text"}
"""The commands, and what each takes."""
COMMANDS = tuple(ARGUMENTS)
MAX_NOTE = 1000
"""Characters of a note."""
ANSWERED = ".answer"
LEFT_OVER = (".json", ".taken", UNFINISHED, ANSWERED)
POLL_S = 0.2
MOST_BYTES = 65_536
"""Of a command."""


@dataclass
class _Loading:
    """Loads a bundle in its own thread; `decoder` or `error` is set at the end."""

    load: Callable[[str], CompiledDecoder]
    request: Path
    bundle: str
    decoder: CompiledDecoder | None = None
    error: Exception | None = None

    def run(self) -> None:
        try:
            self.decoder = self.load(self.bundle)
        except (HotwireError, OSError) as error:
            self.error = error


class Commands:
    """The commands to a running engine in a folder.

    Parameters
    ----------
    folder : path
        Created if necessary. Unanswered commands to an earlier engine are removed.
    load : function
        Loads a bundle by its path, and may refuse it by a HotwireError, as `RequiredSignature.load` does.

    Attributes
    ----------
    stopped : bool
        Whether the command to stop was received.
    """

    def __init__(
        self, folder: str | os.PathLike[str], load: Callable[[str], CompiledDecoder] = CompiledDecoder.load
    ) -> None:
        self.stopped = False
        self._load = load
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        for left in self._folder.iterdir():
            if left.suffix in LEFT_OVER and not left.is_dir():
                left.unlink()
        self._looked_at_s = -POLL_S
        self._loading: _Loading | None = None
        self._no_files: set[str] = set()
        self._thread: Thread | None = None

    def poll(self, engine: LiveEngine[Any, Any]) -> None:
        """Carry out the waiting commands. Call it between two turns of the engine."""
        now_s = time.monotonic()
        if now_s - self._looked_at_s < POLL_S:
            return
        self._looked_at_s = now_s
        try:
            if self._thread is not None and not self._thread.is_alive():
                self._loaded(engine)
            for request in sorted(self._folder.glob("*.json")):
                if request.is_file():
                    self._carry_out(request, engine)
                elif request.name not in self._no_files:
                    self._no_files.add(request.name)
                    engine.report(f"commands: {request.name} is no file, and is not looked at")
        except OSError as error:  # a full disk must not end the session
            engine.report(f"commands: {error}")

    def _carry_out(self, request: Path, engine: LiveEngine[Any, Any]) -> None:
        try:
            command, argument = _read(request)
            if command == "load" and self._thread is not None:
                return  # one at a time; it stays in the folder until then
            taken = request.rename(request.with_suffix(".taken"))
        except FileNotFoundError:
            return  # the sender has given up
        except InputError as error:
            engine.report(f"refused: {error}")
            request.unlink(missing_ok=True)
            _answer(request, error, "")
            return
        if command == "load":
            self._loading = _Loading(self._load, request, argument)
            self._thread = Thread(target=self._loading.run, daemon=True)
            self._thread.start()
            engine.report(f"loading {argument}")
            return
        taken.unlink()
        if command == "stop":
            self.stopped = True
            _answer(request, None, "stopping")
        elif command == "note":
            engine.report(f"note: {argument}")
            _answer(request, None, "noted")
        else:
            do = engine.promote if command == "promote" else engine.roll_back
            _answer(request, *_tried(do, engine))

    def _loaded(self, engine: LiveEngine[Any, Any]) -> None:
        loading = self._loading
        assert loading is not None
        self._thread = self._loading = None
        loading.request.with_suffix(".taken").unlink()
        if loading.decoder is None:
            error = loading.error or BundleError(f"{loading.bundle}: could not be loaded; standard error tells why")
            engine.report(f"not loaded: {error}")
            _answer(loading.request, error, "")
        else:
            decoder = loading.decoder
            _answer(loading.request, *_tried(lambda: engine.run_along(decoder), engine))


def send(
    folder: str | os.PathLike[str], command: str, argument: str | os.PathLike[str] | None = None, wait_s: float = 60.0
) -> str:
    """Send a command to a running engine and wait for its answer.

    Parameters
    ----------
    folder : path
        The engine's folder of commands.
    command : {"load", "promote", "rollback", "stop", "note"}
    argument : path or str, optional
        The bundle to load, or the text to note among the session's states.
    wait_s : float
        The longest to wait for the answer.

    Returns
    -------
    str
        The engine's answer.

    Raises
    ------
    InputError
        The engine refused or did not answer, or there is no such folder.
    """
    folder = Path(folder)
    if command not in COMMANDS:
        raise UnknownNameError("command", command, COMMANDS)
    name = ARGUMENTS[command]
    if (name is None) != (argument is None):
        expected = f"a {name}" if name else "none; only 'load' takes a bundle and 'note' a text"
        raise InputError(f"argument of {command!r}: expected {expected}, got {argument!r}")
    if name == "text" and not 0 < len(str(argument)) <= MAX_NOTE:
        raise InputError(f"text: expected a note of 1 to {MAX_NOTE} characters, got {len(str(argument))}")
    if not folder.is_dir():
        raise InputError(f"folder: {folder} is no folder that an engine takes commands from; start one with it first")
    request = folder / f"{time.time_ns()}-{os.getpid()}.json"
    content: dict[str, Any] = {"command": command}
    if name is not None:
        content[name] = str(argument if name == "text" else Path(argument or "").resolve())
    _write(request, content)
    answer = request.with_suffix(ANSWERED)
    until_s = time.monotonic() + wait_s
    while not answer.exists():
        if time.monotonic() > until_s:
            request.unlink(missing_ok=True)
            raise InputError(f"folder: no engine answered in {folder} within {wait_s:g} s; is one running with it?")
        time.sleep(POLL_S / 4)
    said = json.loads(answer.read_text(encoding="utf-8"))
    answer.unlink()
    if said["error"]:
        raise InputError(f"{command}: refused: {said['error']}")
    return said["told"]


def _read(request: Path) -> tuple[str, str]:
    """Return a request's command and its argument (or ""); InputError if it is not a request."""
    try:
        with request.open("rb") as file:
            text = file.read(MOST_BYTES)
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{request.name}: expected a command as JSON: {error}") from error
    command = content.get("command") if isinstance(content, dict) else content
    if command not in COMMANDS:
        raise UnknownNameError("command", command, COMMANDS)
    name = ARGUMENTS[command]
    argument = "" if name is None else content.get(name) if isinstance(content, dict) else None
    if not isinstance(argument, str):
        raise InputError(f"{request.name}: expected a {name} with {command!r}, got {argument!r}")
    return command, argument


def _tried(do: Callable[[], None], engine: LiveEngine[Any, Any]) -> tuple[Exception | None, str]:
    try:
        do()
    except HotwireError as error:
        engine.report(f"refused: {error}")
        return error, ""
    return None, "done"


def _answer(request: Path, error: Exception | None, message: str) -> None:
    _write(request.with_suffix(ANSWERED), {"error": str(error or ""), "told": message})


def _write(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file whole or not at all. Unlike `write_whole` it does not wait for the disk: decisions go on."""
    unfinished = path.with_suffix(UNFINISHED)
    unfinished.write_text(json.dumps(content), encoding="utf-8")
    unfinished.rename(path)
