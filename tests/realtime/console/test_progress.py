"""What is waited for is said, also where there is no terminal for a bar."""

from __future__ import annotations

import pytest

from hotwire.realtime.console.progress import progress_bar


def test_without_a_terminal_a_line_says_what_is_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("eeg", "eeg: waiting until someone listens") as progress:
        progress(1, 2)
    with progress_bar("eeg"):
        pass
    assert capsys.readouterr().err == "eeg: waiting until someone listens\n"
