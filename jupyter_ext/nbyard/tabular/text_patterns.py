"""Describes how texts write values, and finds the types that fit texts, without any library."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache

import msgspec

from nbyard.domain.datasets.table_descriptions import ColumnType

# The words that pandas reads as missing, except words with another common meaning.
NULLS = ("", "NA", "N/A", "n/a", "<NA>", "#N/A", "NaN", "nan", "null", "NULL", "None")

WHOLE = "(?:0|[1-9][0-9]*)"
# A number would lose a leading zero or plus: such texts are keys, phone numbers or codes.
INT = "(?:0|-?[1-9][0-9]*)"
FLOAT = (
    rf"(?:(?:-?{WHOLE}|[+-]?(?:{WHOLE}\.[0-9]*|\.[0-9]+))(?:[eE][+-]?[0-9]+)?"
    "|[+-]?(?:inf|Inf|Infinity))"
)
BOOL = "(?:[Tt]rue|TRUE|[Ff]alse|FALSE)"
PARTS = {
    "%Y": "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])",
    "%m": "[0-9]{1,2}",
    "%d": "[0-9]{1,2}",
    "%H": "[0-9]{2}",
    "%M": "[0-9]{2}",
    "%S": "[0-9]{2}",
    "%f": "[0-9]{1,6}",
    "%z": "[+-][0-9]{2}:?[0-9]{2}",
}
DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y")
CLOCKS = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f")
ZONES = ("", "Z", "%z")
# Only a number above 12 shows which of the first two is the day. With points it is clear.
EITHER = ("%d/", "%m/", "%d-", "%m-")


class Form(msgspec.Struct, frozen=True):
    """A type, and the `layouts` in which texts write its values, such as `%d.%m.%Y`.

    `padded` states whether some texts have spaces around the value.
    """

    type: ColumnType
    layouts: tuple[str, ...] = ()
    padded: bool = False


# The narrowest forms come first.
FORMS = (
    *(Form("bool"), Form("int"), Form("float")),
    *(Form("date", (day,)) for day in DATES),
    *(
        Form("datetime", tuple(f"{day}{mark}{clock}{zone}" for mark in "T " for clock in CLOCKS))
        for zone in ZONES
        for day in DATES
    ),
    Form("time", CLOCKS),
)


def form_pattern(form: Form, decimal_comma: bool = False, *, or_null: bool = False) -> str:
    """Return a regular expression that matches whole texts of a form.

    With `or_null`, it also matches texts that stand for a missing value.
    """
    known = {"bool": BOOL, "int": INT, "float": FLOAT}
    if form.type in known:
        pattern = known[form.type]
        pattern = pattern.replace(r"\.", ",") if decimal_comma else pattern
    else:
        pattern = "|".join(_compiled(layout).pattern for layout in form.layouts)
    blanks = r"[ \t]*" if form.padded else ""
    nulls = "|" + "|".join(map(re.escape, NULLS)) if or_null else ""
    return f"^(?:{blanks}(?:{pattern}){blanks}{nulls})$"


def form_of(texts: Iterable[str], decimal_comma: bool = False) -> Form:
    """Return the narrowest form that fits all these texts, of type `null` if all are missing."""
    # Equal texts are checked once; columns often have few distinct values.
    present = list(dict.fromkeys(text for text in texts if text not in NULLS))
    if not present:
        return Form("null")
    bare = [text.strip(" \t") for text in present]
    padded = bare != present
    for form in FORMS:
        if fitting := _form_with_used_layouts(form, bare, decimal_comma):
            return msgspec.structs.replace(fitting, padded=padded)
    return Form("string")


def day_month_swapped(form: Form) -> Form | None:
    """Return the form with day and month exchanged, None if the texts do not allow that."""
    if form.type not in ("date", "datetime") or not form.layouts[0].startswith(EITHER):
        return None
    exchange = {"%d": "%m", "%m": "%d"}
    layouts = tuple(
        re.sub("%[dm]", lambda part: exchange[part[0]], layout) for layout in form.layouts
    )
    return msgspec.structs.replace(form, layouts=layouts)


def _form_with_used_layouts(form: Form, texts: Sequence[str], decimal_comma: bool) -> Form | None:
    """Return the form with only the layouts that the texts use, None if a text does not fit."""
    if not form.layouts:
        # In Python, `$` also matches before a last line break. In polars, written in Rust, it does
        # not.
        matches = re.compile(form_pattern(form, decimal_comma)[:-1] + r"\Z").match
        return form if all(map(matches, texts)) else None
    used: dict[str, None] = {}
    for text in texts:
        for layout in form.layouts:
            if not _compiled(layout).fullmatch(text):
                continue
            try:
                datetime.strptime(text, layout)  # noqa: DTZ007  # only whether there is such a day
            except ValueError:
                continue
            used[layout] = None
            break
        else:
            return None
    return msgspec.structs.replace(form, layouts=tuple(used))


@cache
def _compiled(layout: str) -> re.Pattern[str]:
    parts = re.sub("%.|.", lambda part: PARTS.get(part[0], re.escape(part[0])), layout)
    return re.compile(parts)
