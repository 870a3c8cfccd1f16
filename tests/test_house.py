"""The rules of the house that no linter holds."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
ROOMS = ("errors", "models", "adapters", "decoder", "realtime")
SOURCES = sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))
TREES = {file.relative_to(ROOT): ast.parse(file.read_text(encoding="utf-8")) for file in SOURCES}


# Named tuples have public methods that begin with an underscore; torch has no public name for what a trace holds.
PUBLIC = {"_asdict", "_exit", "_fields", "_replace", "_modules", "_ops", "_schema"}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and name not in PUBLIC


def test_no_two_classes_have_one_name() -> None:
    places = defaultdict(list)
    for file, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(file))
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def test_a_program_does_something_when_it_is_run() -> None:
    scripts = [file for folder in ("benchmarks", "docs", "studies") for file in (ROOT / folder).glob("*.py")]
    texts = {file.name: file.read_text(encoding="utf-8") for file in scripts}
    programs = {name: text for name, text in texts.items() if "\ndef main(" in text}
    assert len(programs) > 10
    assert [name for name, text in programs.items() if 'if __name__ == "__main__":' not in text] == []


def test_no_module_imports_a_private_name_of_another() -> None:
    taken = [
        f"{file}: {alias.name} from {'.' * node.level}{node.module or ''}"
        for file, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
        if is_private(alias.name) or any(map(is_private, (node.module or "").split(".")))
    ]
    assert taken == []


def test_no_module_uses_a_private_attribute_of_another() -> None:
    """An object's private attributes are used in the module that defines them, and by classes that inherit them."""
    taken = []
    for file, tree in TREES.items():
        nodes = list(ast.walk(tree))
        own = {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
        own |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
        own |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        own |= {node.attr for node in nodes if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self"}
        taken += [
            f"{file}:{node.lineno}: {ast.unparse(node)}"
            for node in nodes
            if isinstance(node, ast.Attribute)
            and is_private(node.attr)
            and node.attr not in own
            and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
            and not (isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "super")
        ]
    assert taken == []


def test_no_file_is_long() -> None:
    lengths = {str(file): len((ROOT / file).read_text(encoding="utf-8").splitlines()) for file in TREES}
    assert {file: lines for file, lines in lengths.items() if lines > 400} == {}
    assert median(lines for lines in lengths.values() if lines > 1) < 150


def test_every_file_says_what_it_holds() -> None:
    assert [str(file) for file, tree in TREES.items() if not ast.get_docstring(tree)] == []
