"""The command ``hotwire``."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line; the commands and what they need are imported only here."""
    # Progress bars and advice of other packages would look like hotwire's own.
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    try:
        from .commands import INTERRUPTED, hotwire
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        sys.exit("hotwire: the command line needs click, which a rig does not; pip install 'hotwire[cli]'")
    try:
        hotwire.main()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            # Threads may still be computing. At Python's end they would be torn out of torch, which aborts the process.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        raise


if __name__ == "__main__":
    main()
