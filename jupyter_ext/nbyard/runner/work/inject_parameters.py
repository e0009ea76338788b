"""Inserts parameter values into a notebook, as a cell of assignments in the notebook's language.

Names are checked again here, because they become source text. Values become literals, in encodings
that the language does not interpret. A notebook in a language without such an encoding is refused.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import json
import keyword
import math
import re
from collections.abc import Collection
from typing import Any

from ..reasons import Explained, because

TAG = "parameters"
INJECTED = "injected-parameters"
MAX_NAME = 128
PAPERMILL = {
    "r": "RTranslator",
    "scala": "ScalaTranslator",
    "c#": "CSharpTranslator",
    "f#": "FSharpTranslator",
    "bash": "BashTranslator",
}
# Such as `sizes <- c(1, 2, 3)`.
R_VECTOR = re.compile(r"^[ \t]*([A-Za-z.][\w.]*)[ \t]*(?:<-|=)[ \t]*c\(", re.MULTILINE)
OWN_STRINGS = ("r", "scala", "c#", "f#")


class CannotInject(Explained):
    """The parameter values cannot be inserted into the notebook."""


def insert_values_cell(
    notebook: dict[str, Any], language: str, values: dict[str, Any]
) -> list[int | None]:
    """Insert a cell with the values after the last cell tagged `parameters`.

    An earlier injected cell is removed, unless nothing else sets its values. Return each cell's
    index in the source notebook, None for the inserted cell.
    """
    stays = not values and not any(TAG in cell_tags(cell) for cell in notebook["cells"])
    places: list[int | None] = [
        place
        for place, cell in enumerate(notebook["cells"])
        if stays or INJECTED not in cell_tags(cell)
    ]
    cells = [notebook["cells"][place] for place in places]
    if values:
        tagged = [i for i, cell in enumerate(cells) if TAG in cell_tags(cell)]
        defaults = "\n".join(cell_source(cells[i]) for i in tagged)
        cell: dict[str, Any] = {
            "cell_type": "code",
            "execution_count": None,
            "metadata": {"tags": [INJECTED]},
            "outputs": [],
            "source": values_cell_source(language, values, defaults),
        }
        # Cells have IDs from format 4.5 on. Earlier formats forbid them.
        if notebook.get("nbformat_minor", 0) >= 5:
            cell["id"] = "nbyard-parameters"
        at = tagged[-1] + 1 if tagged else 0
        cells.insert(at, cell)
        places.insert(at, None)
    notebook["cells"] = cells
    return places


def cell_tags(cell: dict[str, Any]) -> list[str]:
    """Return the tags of a cell."""
    tags = (cell.get("metadata") or {}).get("tags")
    return [str(tag) for tag in tags] if isinstance(tags, list) else []


def cell_source(cell: dict[str, Any]) -> str:
    """Return the source of a cell as one text."""
    text = cell.get("source", "")
    return text if isinstance(text, str) else "".join(text)


def values_cell_source(language: str, values: dict[str, Any], defaults: str = "") -> str:
    """Return the source of the cell that assigns the values.

    `defaults` is the source of the notebook's own parameters cells. It shows which Python or R
    types the values need.

    Raises:
        CannotInject: A name is not valid, or the language has no trusted encoding.
    """
    for name in values:
        if not name.isidentifier() or keyword.iskeyword(name) or len(name) > MAX_NAME:
            raise CannotInject(because("parameter-name", name=name[:40]))
    language = language.lower()
    if language in ("", "python", "ipython"):
        return _python(values, defaults)
    if language == "julia":
        lines = [f"{name} = {_julia(value)}" for name, value in values.items()]
        return "\n".join(["# Parameters", "import Base64", *lines])
    if language == "powershell":
        lines = ["# Parameters"]
        for name, value in values.items():
            encoded = base64.b64encode(json.dumps(value).encode()).decode()
            text = f"[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('{encoded}'))"
            lines.append(f"${name} = ConvertFrom-Json ({text})")
        return "\n".join(lines)
    if language in ("javascript", "typescript"):
        try:
            lines = [
                f"var {name} = {json.dumps(value, allow_nan=False)};"
                for name, value in values.items()
            ]
        except ValueError as error:
            raise CannotInject(because("parameter-refused", error=str(error))) from error
        return "\n".join(["// Parameters", *lines])
    if language in PAPERMILL:
        # Lists become vectors of R where the default is one.
        vectors = set(R_VECTOR.findall(defaults)) if language == "r" else set()
        return _papermill(language, values, vectors)
    raise CannotInject(because("parameter-language", language=language))


def _python(values: dict[str, Any], defaults: str) -> str:
    statements: list[ast.stmt] = []
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        statements = ast.parse(defaults).body
    wrappers = {}  # by parameter whose default is a path, tuple or set: JSON has no such types
    for statement in statements:
        if isinstance(statement, ast.Assign):
            targets: list[ast.expr] = statement.targets
            annotation = None
        elif isinstance(statement, ast.AnnAssign):
            targets, annotation = [statement.target], statement.annotation
        else:
            continue
        wrapper = _wrapper(annotation, statement.value)
        wrappers.update({t.id: wrapper for t in targets if isinstance(t, ast.Name)})
    lines = ["# Parameters"]
    for name, value in values.items():
        literal, wrapper = _python_literal(value), wrappers.get(name, "")
        if wrapper == "Path" and isinstance(value, str):
            literal = f'__import__("pathlib").Path({literal})'
        elif wrapper in ("tuple", "set") and isinstance(value, list):
            literal = f"{wrapper}({literal})"
        lines.append(f"{name} = {literal}")
    return "\n".join(lines)


def _python_literal(value: Any) -> str:
    """Return a Python literal in plain ASCII that evaluates to exactly this JSON value."""
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, list):
        return "[" + ", ".join(map(_python_literal, value)) + "]"
    if isinstance(value, dict):
        pairs = (f"{key!a}: {_python_literal(item)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    return ascii(value)


def _wrapper(annotation: ast.expr | None, value: ast.expr | None) -> str:
    if isinstance(value, ast.Tuple):
        return "tuple"
    if isinstance(value, ast.Set):
        return "set"
    # Such as Path('data') / 'sales.csv'.
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Div):
        return _wrapper(annotation, value.left)
    called = value.func if isinstance(value, ast.Call) else annotation
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return "Path" if name in ("Path", "PosixPath", "PurePath") else ""


def _julia(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        encoded = base64.b64encode(value.encode()).decode()
        return f'String(Base64.base64decode("{encoded}"))'
    if isinstance(value, list):
        return "[" + ", ".join(map(_julia, value)) + "]"
    if isinstance(value, dict):
        pairs = ", ".join(f"{_julia(key)} => {_julia(item)}" for key, item in value.items())
        return f"Dict{{String,Any}}({pairs})"
    if isinstance(value, float) and not math.isfinite(value):
        raise CannotInject(because("parameter-not-finite"))
    return repr(value)


def _papermill(language: str, values: dict[str, Any], vectors: Collection[str]) -> str:
    from papermill import translators

    translator = getattr(translators, PAPERMILL[language])
    if language in OWN_STRINGS:
        # papermill writes Python's \x and \U escapes, which these languages read differently
        own = classmethod(lambda _cls, text: json.dumps(str(text), ensure_ascii=language != "r"))
        translator = type("Strings", (translator,), {"translate_escaped_str": own})
    try:
        lines = [translator.comment("Parameters")]
        for name, value in values.items():
            text = translator.translate(value)
            is_kept_by_c = isinstance(value, list) and all(
                isinstance(element, (str, int, float)) for element in value
            )
            if name in vectors and is_kept_by_c:
                text = "c" + text.removeprefix("list")
            lines.append(translator.assign(name, text))
        return "\n".join(lines)
    except NotImplementedError as error:
        reason = because("parameter-untranslatable", language=language, error=str(error))
        raise CannotInject(reason) from error
