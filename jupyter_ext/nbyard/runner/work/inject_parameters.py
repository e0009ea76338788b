"""Inserts parameter values into a notebook, as a cell of assignments in the notebook's language.

Names are checked again here, because they become source text. Values become literals, in encodings
that the language does not interpret. A notebook in a language without such an encoding is refused.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import json
import keyword
import math
import re
from collections.abc import Iterable
from typing import Any

from ..reasons import Explained, because
from . import python_literals
from .python_literals import six_digits

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
R_DEFAULT = re.compile(r"^[ \t]*([A-Za-z.][\w.]*)[ \t]*(?:<-|=)[ \t]*(\S.*)$", re.MULTILINE)
R_KINDS = {
    "date": re.compile(r"as\.Date\(|Sys\.Date\(|.*#.*type:\s*date\b"),
    "time": re.compile(r"as\.POSIXct\(|Sys\.time\("),
    "integer": re.compile(r"[-+]?(0[xX])?[0-9a-fA-F]+L\b|NA_integer_|as\.integer\("),
    "number": re.compile(r"[-+]?[0-9.]|NA_real_|Inf\b"),
    "text": re.compile("[rR]?[\"']|NA_character_"),
    "truth": re.compile(r"(TRUE|FALSE|T|F|NA)\b"),
}
R_MISSING = {
    "date": "as.Date(NA)",
    "time": "as.POSIXct(NA)",
    "integer": "NA_integer_",
    "number": "NA_real_",
    "text": "NA_character_",
    "truth": "NA",
}
R_ZONE = re.compile(r"\btz\s*=\s*[\"']([\w/+:-]+)[\"']")
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
            "source": values_cell_source(language, values, defaults, map(cell_source, cells)),
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


def values_cell_source(
    language: str, values: dict[str, Any], defaults: str = "", code: Iterable[str] = ()
) -> str:
    """Return the source of the cell that assigns the values.

    `defaults` is the source of the notebook's own parameters cells. It shows which Python or R
    types the values need. `code` is the source of all cells, which may define Enum classes.

    Raises:
        CannotInject: A name is not valid, or the language has no trusted encoding.
    """
    for name in values:
        if not name.isidentifier() or keyword.iskeyword(name) or len(name) > MAX_NAME:
            raise CannotInject(because("parameter-name", name=name[:40]))
    language = language.lower()
    if language in ("", "python", "ipython"):
        return "\n".join(["# Parameters", *python_literals.assignments(values, defaults, code)])
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
        return _papermill(language, values, defaults)
    raise CannotInject(because("parameter-language", language=language))


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


def _papermill(language: str, values: dict[str, Any], defaults: str) -> str:
    from papermill import translators

    translator = getattr(translators, PAPERMILL[language])
    if language in OWN_STRINGS:
        # papermill writes Python's \x and \U escapes, which these languages read differently
        own = classmethod(lambda _cls, text: json.dumps(str(text), ensure_ascii=language != "r"))
        translator = type("Strings", (translator,), {"translate_escaped_str": own})
    own_code = dict(R_DEFAULT.findall(defaults)) if language == "r" else {}
    try:
        lines = [translator.comment("Parameters")]
        for name, value in values.items():
            code = own_code.get(name)
            text = translator.translate(value) if code is None else _r(translator, value, code)
            lines.append(translator.assign(name, text))
        return "\n".join(lines)
    except NotImplementedError as error:
        reason = because("parameter-untranslatable", language=language, error=str(error))
        raise CannotInject(reason) from error


def _r(translator: Any, value: Any, code: str) -> str:
    """Return the R code of a value with the class of its default, whose code is `code`."""
    is_vector = code.startswith("c(")
    inner = code[2:].lstrip() if is_vector else code
    kind = next((kind for kind, form in R_KINDS.items() if form.match(inner)), "")
    text = str(translator.translate(value))
    if value is None:
        text = R_MISSING.get(kind, "NULL")
    elif isinstance(value, list):
        if is_vector and all(isinstance(element, (str, int, float)) for element in value):
            text = "c(" + ", ".join(_r(translator, item, inner) for item in value) + ")"
    elif kind == "integer" and type(value) is int and abs(value) < 2**31:
        text = f"{value}L"
    elif kind == "date" and isinstance(value, str):
        text = f"as.Date({text})"
    elif kind == "time" and isinstance(value, str):
        text = _r_time(translator, value, inner)
    return text


def _r_time(translator: Any, value: str, code: str) -> str:
    """Return the R code of a time. Without a zone it is in that of the default."""
    with contextlib.suppress(ValueError):
        moment = datetime.datetime.fromisoformat(six_digits(value))
        own = R_ZONE.search(code)
        zone = f", tz = {translator.translate(own[1])}" if own else ""
        if moment.tzinfo is not None:
            moment, zone = moment.astimezone(datetime.timezone.utc), ', tz = "UTC"'  # noqa: UP017
        text = moment.replace(tzinfo=None).isoformat(" ")
        return f'as.POSIXct("{text}"{zone})'
    return str(translator.translate(value))
