"""The process that reads damaged files: what crashes or hangs it is seen by the one that started it.

python _malformed_process.py FOLDER SEED FIRST STOP
"""

from __future__ import annotations

import re
import resource
import signal
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

from _damage import damaged
from _malformed_files import Format, formats
from _processes import say

MOST_BYTES = 2 << 30
"""What reading a file of some kB may take."""
MOST_S = 20
UNEXPECTED = re.compile(r"this should not have happened: (.*)\. (\S+hotwire-error-\S+) says where", re.DOTALL)


class HangError(BaseException):
    """It took too long; no `except Exception` catches it."""


def main() -> None:
    import numpy as np
    from click.testing import CliRunner

    from hotwire.decoder.cli.commands import hotwire

    folder, seed, first, stop = Path(sys.argv[1]), *map(int, sys.argv[2:])
    kinds = formats(folder)
    runner = CliRunner()
    study = next(made for made in kinds if made.damaged == "study.toml").write(folder)
    fitted = runner.invoke(hotwire, ["fit", str(study), "--out", str(folder / BUNDLE)])
    if fitted.exit_code:
        raise RuntimeError(f"fit: {fitted.output}")
    for made in kinds:  # a first time undamaged: everything is imported, and works
        for command in commands(folder, made, made.files[made.damaged]):
            result = runner.invoke(hotwire, command)
            if result.exit_code and command[:-1] == CHECK and command[-1].endswith("study.toml"):
                raise RuntimeError(f"{made.name}: {command}: {result.output}")
    limit_memory()
    signal.signal(signal.SIGALRM, hang)
    say({"formats": [made.name for made in kinds]})
    for i in range(first, stop):
        made, rng = kinds[i % len(kinds)], np.random.default_rng([seed, i])
        content = damaged(made.files[made.damaged], made.damaged, rng)
        found = {"i": i, "format": made.name, "ended": [], "finds": []}
        for command in commands(folder, made, content):
            said = tried(runner, hotwire, command)
            found["ended"].append(said if isinstance(said, int) else None)
            if not isinstance(said, int):
                found["finds"].append({"command": command[0], **said})
        say(found)


def commands(folder: Path, made: Format, content: bytes) -> list[list[str]]:
    """Write the damaged file among the others, and return the commands that read it."""
    study = made.write(folder)
    (folder / made.damaged).write_bytes(content)
    seen = [["inspect", str(folder / made.damaged)]] if made.damaged != "study.toml" else []
    return [*seen, [*CHECK, str(study)], ["predict", str(folder / BUNDLE), str(study)]]


CHECK = ["explain"]
BUNDLE = "small.hotwire"


def tried(runner: Any, command_line: Any, arguments: list[str]) -> int | dict[str, str]:
    """Return the exit code, or what went wrong."""
    signal.alarm(MOST_S)
    try:
        with warnings.catch_warnings():
            result = runner.invoke(command_line, arguments)
    except HangError:
        return {"problem": f"took more than {MOST_S} s", "where": where_of(traceback.format_exc())}
    finally:
        signal.alarm(0)
    if isinstance(result.exception, HangError):
        return {"problem": f"took more than {MOST_S} s", "where": ""}
    said = result.stderr
    unexpected = UNEXPECTED.search(said)
    if unexpected:
        path = Path(unexpected[2])
        where = where_of(path.read_text(encoding="utf-8"))
        path.unlink()
        return {"problem": unexpected[1][:300], "where": where}
    if "there is not enough memory" in said:
        cause = None if result.exception is None else result.exception.__context__
        where = where_of("".join(traceback.format_exception(cause)))
        return {"problem": f"more than {MOST_BYTES >> 30} GB: {said.strip()[:200]}", "where": where}
    if "Traceback" in said or not (result.exception is None or isinstance(result.exception, SystemExit)):
        return {"problem": f"a traceback: {result.exception!r}"[:300], "where": where_of(said)}
    if result.exit_code and "hotwire: " not in said:
        return {"problem": f"nothing was said, exit code {result.exit_code}", "where": ""}
    return result.exit_code


def where_of(trace: str) -> str:
    """The last place of hotwire's own in a traceback, and the last of all."""
    frames = re.findall(r'File "([^"]+)", line (\d+), in (\S+)', trace)
    own = [one for one in frames if "/hotwire/" in one[0] or "/decoder/" in one[0]]
    chosen = [*own[-1:], *frames[-1:]]
    return " > ".join(f"{'/'.join(path.split('/')[-3:])}:{line} {name}" for path, line, name in chosen)


def limit_memory() -> None:
    """Let this process take no more than `MOST_BYTES` on top of what it has."""
    with open("/proc/self/statm") as file:
        limit = int(file.read().split()[0]) * resource.getpagesize() + MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def hang(*_: Any) -> None:
    raise HangError


if __name__ == "__main__":
    main()
