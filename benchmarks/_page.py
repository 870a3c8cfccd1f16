"""The process of a page that watches a monitor: it reads all messages until the session is over.

python _page.py URL
"""

from __future__ import annotations

import sys

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


def main() -> None:
    with connect(sys.argv[1].replace("http", "ws", 1).replace("/?", "/feed?"), max_size=None) as page:
        try:
            for _ in page:
                pass
        except ConnectionClosed:
            pass


if __name__ == "__main__":
    main()
