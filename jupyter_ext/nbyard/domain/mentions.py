"""Paths that code may mean, whatever its language: quoted texts, words with a dot or slash, and
the modules that it imports."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from nbyard.domain.notebooks import source_of

MOST = 5_000
MOST_BYTES = 4 << 20  # longer texts are no code that people write
QUOTED = re.compile(r"(?P<mark>[\"'])(?P<text>(?:(?!(?P=mark))[^\\\n]){1,300})(?P=mark)")
WORD = re.compile(r"(?<![\w./~-])[\w.-]+[./][\w./-]{1,300}")
IMPORTED = re.compile(r"^\s*(?:from|import)\s+(?P<name>[A-Za-z_]\w*)", re.MULTILINE)


def code_of(filename: str, content: bytes) -> str:
    """Return the text of a script, or of all code cells of a notebook of any format."""
    text = content[:MOST_BYTES].decode("utf-8", "replace")
    if not filename.endswith(".ipynb"):
        return text
    notebook = json.loads(content)
    sheets = [notebook] if "cells" in notebook else notebook["worksheets"]
    cells = [cell for sheet in sheets for cell in sheet["cells"] if cell["cell_type"] == "code"]
    return "\n".join(map(_source, cells))


def _source(cell: Mapping[str, Any]) -> str:
    """Before format 4, a code cell has its lines as `input`, in format 1 as `code`; they may lack
    their ends."""
    lines = next((cell[name] for name in ("source", "input", "code") if name in cell), "")
    if isinstance(lines, list) and "source" not in cell:
        return "\n".join(line.rstrip("\n") for line in lines)
    return source_of({"source": lines})


def mentions(code: str) -> list[str]:
    """Return each text in the code that may be a relative path."""
    found = dict.fromkeys(_texts(code))
    return [text for text in found if text.strip("./") and text[0] != "/"][:MOST]


def _texts(code: str) -> Iterator[str]:
    yield from (match["text"] for match in QUOTED.finditer(code))
    yield from (match["name"] for match in IMPORTED.finditer(code))
    yield from (f"{match['name']}.py" for match in IMPORTED.finditer(code))
    yield from (match[0] for match in WORD.finditer(code))
