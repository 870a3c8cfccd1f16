"""A progress bar on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress


@contextmanager
def progress_bar(name: str, waiting: str | None = None) -> Iterator[Callable[[int, int], None]]:
    """Yield a function of the amounts done and in total; until its first call the bar shows ``waiting``.

    Where standard error is no terminal there is no bar, but a line says what is waited for.
    """
    console = Console(stderr=True, emoji=False)
    if waiting and not sys.stderr.isatty():
        console.print(waiting, soft_wrap=True)
    with Progress(console=console, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task(waiting or name, total=None)
        yield lambda done, total: bar.update(task, description=name, completed=done, total=total)
