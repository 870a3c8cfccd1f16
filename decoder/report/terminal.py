"""Results, decisions and plain mappings in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.style import Style
from rich.table import Table as RichTable
from rich.text import Text

from ...errors.printable import printable
from .heat import heat_color
from .markup import in_markup
from .result import Result, Sentence, Shade, Table

MOST_ROWS = 200
MOST_ITEMS = 20
SHADE_WIDTH = 3


def show_result(console: Console, result: Result, seconds: float, files: str) -> None:
    """Tables, then findings in sentences, warnings in yellow; then the time it took and where the files are."""
    for table in result.tables():
        show_table(console, table)
    show_sentences(console, result.sentences())
    console.print(f"It took {seconds:.0f} s. {in_markup(files)}")


def show_sentences(console: Console, sentences: Sequence[Sentence]) -> None:
    """Findings, each marked as good or not; warnings in yellow."""
    marks = {None: "•", True: "✓", False: "✗"} if not console.options.ascii_only else {None: "*", True: "+", False: "-"}
    for sentence in sentences:
        style = "yellow" if sentence.good is False else ""
        console.print(Text(f"{marks[sentence.good]} {printable(sentence.text)}", style))


def show_table(console: Console, table: Table) -> None:
    """A table; one whose cells are shades is a heat map, with as many columns side by side as fit."""
    if any(isinstance(cell, Shade) for row in table.rows for cell in row):
        console.print(Text(printable(table.caption), "bold"))
        for line in _heat_map(console, table):
            console.print(line, soft_wrap=True)
        return
    drawn = RichTable(title=in_markup(table.caption), title_justify="left", title_style="bold")
    for name, numeric in zip(table.columns, table.numeric(), strict=True):
        drawn.add_column(in_markup(name), justify="right" if numeric else "left")
    right, wrong = ("+", "-") if console.options.ascii_only else ("✓", "✗")
    marks = {True: f"[green]{right}[/]", False: f"[red]{wrong}[/]"}
    for i, row in enumerate(table.rows[:MOST_ROWS]):
        if not row:
            drawn.add_section()
            continue
        cells = (marks[cell] if isinstance(cell, bool) else in_markup(cell) for cell in row)
        drawn.add_row(*cells, style="bold" if i == table.bold else None)
    console.print(drawn)
    if len(table.rows) > MOST_ROWS:
        console.print(f"and {len(table.rows) - MOST_ROWS} more; --json gives all of them")


def decisions_table(decisions: Sequence[Mapping[str, Any]]) -> Table:
    """One line a trial: run, time, the stimulus, the network's decision, and whether it is right."""
    rows = [
        [
            str(one["run"]),
            f"{one['start_s']:g} to {one['stop_s']:g}",
            one["saw"] or one["label"],
            one["said"],
            "" if one["right"] is None else one["right"],
        ]
        for one in decisions
    ]
    return Table(("run", "seconds", "shown", "the network says", ""), rows)


def show_mapping(console: Console, mapping: Mapping[str, Any]) -> None:
    """Names and values; nested tables are indented."""
    table = RichTable.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _flat(mapping):
        table.add_row(in_markup(name), in_markup(value))
    console.print(table)


def show_assets(console: Console, listed: Mapping[str, Any]) -> None:
    """Every asset with its source, size, licence and SHA-256."""
    for one in listed["assets"]:
        state = "verified" if one["verified"] else "ready" if one["ready"] else "not fetched"
        colour = "green" if one["ready"] else "yellow"
        console.print(f"[bold]{one['name']}[/]  [{colour}]{state}[/]")
        console.print(f"  {in_markup(one['title'])}")
        source = f"{one['project']} {one['version']}, {one['size_bytes'] / 1e6:.1f} MB"
        console.print(f"  from {source}; {in_markup(one['licence'])}\n  SHA-256 {one['sha256']}\n")
    ready_mb = sum(one["ready_bytes"] for one in listed["assets"] if one["ready"]) / 1e6
    console.print(f"They lie in {in_markup(listed['cache'])} ({ready_mb:.1f} MB); HOTWIRE_CACHE names another folder")


def _heat_map(console: Console, table: Table) -> Iterator[Text]:
    """The first column names the rows; the others hold shades."""
    names = [printable(str(row[0])) for row in table.rows]
    left = max(5, *map(len, names)) + 1
    star = console.color_system is None  # where there is no colour, letters cannot be underlined either
    heads = [printable(name) for name in table.columns[1:]]
    named = max(SHADE_WIDTH, 1 + max(map(len, heads), default=0))
    cell = named if left + (named + star) * len(heads) <= console.width else SHADE_WIDTH
    width = cell + star
    side = max(1, (console.width - left) // width)
    for start in range(0, len(heads), side):
        some = heads[start : start + side]
        if max(map(len, some)) < cell:
            head = "layer".ljust(left) + "".join(name.rjust(cell).ljust(width) for name in some)
        else:
            head = " " * left + (some[0] if len(some) == 1 else f"{some[0]} … {some[-1]}")
        yield Text(head, style="dim")
        for name, row in zip(names, table.rows, strict=True):
            line = Text(name.ljust(left))
            for shade in row[1 + start : 1 + start + side]:
                assert isinstance(shade, Shade)
                color, ink = heat_color(shade.level)
                text = printable(shade.text).rjust(cell) + ("*" if shade.underlined else " ") * star
                line.append(text, Style(color=ink, bgcolor=color, underline=shade.underlined))
            yield line
        yield Text()


def _flat(mapping: Mapping[str, Any], indent: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in mapping.items():
        if isinstance(value, Mapping) and len(value) > MOST_ITEMS:
            rows += _first_of(name, value, indent)
        elif isinstance(value, Mapping):
            rows += [(f"{indent}{name}", ""), *_flat(value, f"{indent}  ")]
        else:
            rows.append((f"{indent}{name}", _line_of(value)))
    return rows


def _first_of(name: str, value: Mapping[str, Any], indent: str) -> list[tuple[str, str]]:
    """Names whose values are all the same, in a line; of others the first, and how many more there are."""
    values = list(value.values())
    if all(one == values[0] for one in values) and not isinstance(values[0], Mapping | list):
        return [(f"{indent}{name}", f"{len(value)}, {values[0]} each; --json names them")]
    first = _flat(dict(list(value.items())[:MOST_ITEMS]), f"{indent}  ")
    return [(f"{indent}{name}", ""), *first, ("", f"and {len(value) - MOST_ITEMS} more; --json gives all of them")]


def _line_of(value: Any) -> str:
    if not isinstance(value, list):
        return "none" if value is None else str(value)
    more = [f"and {len(value) - MOST_ITEMS} more; --json gives all of them"] if len(value) > MOST_ITEMS else []
    return ", ".join([*map(str, value[:MOST_ITEMS]), *more])
