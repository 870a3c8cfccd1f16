"""Text from outside in what rich reads as markup."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from hotwire.decoder.report.markup import in_markup
from hotwire.errors.printable import printable


@given(st.text(max_size=30).filter(lambda text: not text.endswith("\\")))  # rich shows a last backslash twice
def test_rich_shows_it_as_it_is(text: str) -> None:
    file = io.StringIO()
    Console(file=file, width=1000, emoji=False, highlight=False).print(in_markup(text), soft_wrap=True)
    assert file.getvalue() == f"{printable(text)}\n"
