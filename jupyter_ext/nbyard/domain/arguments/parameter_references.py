"""References to inputs and results, such as `$(inputs.reads.path)`, in the syntax of CWL v1.2.

JavaScript is refused: `${…}` and every expression that is not a plain path to a value.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason
from nbyard.runner.work.reference_values import NoValue, joined, look_up

# Within brackets, a backslash escapes a quote that is part of the name.
_SEGMENTS = (
    r"""\.(?P<plain>\w+)|\['(?P<single>(?:[^'\\]|\\.)*)'\]|\["(?P<double>(?:[^"\\]|\\.)*)"\]"""
    r"""|\[(?P<index>\d+)\]"""
)
SEGMENT = re.compile(_SEGMENTS)
REFERENCE = re.compile(
    rf"""\$\((?P<first>[A-Za-z_]\w*)(?P<rest>(?:{re.sub(r"[?]P<[a-z]+>", "?:", _SEGMENTS)})*)\)"""
)
EXIT_CODE = ("runtime", "exitCode")
NULL = "null"
ROOTS = ("inputs", "self", "runtime", NULL)
# A backslash turns a reference into text; two backslashes stand for one (v1.2).
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# The last alternative takes a lone backslash or `$`, which are plain text.
_PIECE = re.compile(r"\\\\|\\\$[({]|\$[({]|[^\\$]+|.", re.DOTALL)


def names_in(text: str, where: str) -> list[tuple[str, ...]]:
    """Return the references in a text, each as its segments.

    `where` is the field that errors name.

    Raises:
        Invalid: the text contains an expression that is not a reference.
    """
    return [path for path, _ in _pieces(text, where) if path]


def evaluate_reference(
    text: str, known: Mapping[str, Any], where: str, *, exact: bool = False
) -> Any:
    """Return the value of a reference, or a text with values inserted.

    `known` maps `inputs`, `self` and `runtime` to their values. `where` is the field that errors
    name. In a longer text, values other than strings are inserted as JSON. White space around a
    single reference counts only if `exact`.

    Raises:
        Invalid: an expression is not a reference, or names a missing value.
    """
    whole = REFERENCE.fullmatch(text if exact else text.strip())
    if whole:
        return _look_up(_path(whole, where), known, where)
    pieces = _pieces(text, where)
    return joined(_look_up(path, known, where) if path else literal for path, literal in pieces)


def in_parts(text: str, known: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    """Evaluate the references whose values are known before the task runs.

    The result is the text in parts. `{"is": value}` is a literal or a known value. `{"of": path}`
    is a reference to `self` or to the exit code, to evaluate later.

    Raises:
        Invalid: as in `evaluate_reference`.
    """
    whole = REFERENCE.fullmatch(text.strip())
    pieces = [(_path(whole, where), "")] if whole else _pieces(text, where)
    return [
        {"of": list(path)}
        if path[:1] == ("self",) or path == EXIT_CODE
        else {"is": _look_up(path, known, where) if path else literal}
        for path, literal in pieces
    ]


def pieces_with_paths(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the pieces of a text as they are spelled, each with the path of its reference.

    The path of other text is `("",)`.
    """
    if not has_expression(text):
        yield text, ("",)
        return
    position = 0
    while position < len(text):
        reference = REFERENCE.match(text, position)
        piece = reference or _PIECE.match(text, position)
        assert piece is not None
        yield piece[0], _path(reference, "") if reference else ("",)
        position = piece.end()


def has_expression(text: str) -> bool:
    """Return whether a text may contain a reference or a script."""
    return "$(" in text or "${" in text


def _pieces(text: str, where: str) -> list[tuple[tuple[str, ...], str]]:
    """Return the references and the literal text between them, in order."""
    if not has_expression(text):
        # Without an expression, backslashes are plain text: `C:\\data` keeps both.
        return [((), text)]
    pieces: list[tuple[tuple[str, ...], str]] = []
    position = 0
    while position < len(text):
        piece = _PIECE.match(text, position)
        assert piece is not None
        if piece[0] in ("$(", "${"):
            reference = REFERENCE.match(text, position)
            if reference is None:
                raise _is_script(text[position:], where)
            pieces.append((_path(reference, where), ""))
            position = reference.end()
            continue
        escaped = len(piece[0]) > 1 and piece[0][0] == "\\"
        pieces.append(((), piece[0][1:] if escaped else piece[0]))
        position = piece.end()
    return pieces


def _is_script(text: str, where: str) -> Invalid:
    reason = f"{text[:60]!r} is JavaScript (InlineJavascriptRequirement), which is not supported"
    hint = "Plain references such as $(inputs.name.path) are supported."
    return Invalid.field(where, reason, hint=hint)


def _path(reference: re.Match[str], where: str) -> tuple[str, ...]:
    segments = []
    for match in SEGMENT.finditer(reference["rest"]):
        segment = match[match.lastgroup or 0]
        is_quoted = match.lastgroup in ("single", "double")
        segments.append(_ESCAPED.sub(r"\1", segment) if is_quoted else segment)
    if reference["first"] not in ROOTS:
        raise _is_script(reference[0], where)
    if reference["first"] == NULL and segments:
        raise Invalid.field(where, f"{reference[0][:60]}: null has no fields")
    return (reference["first"], *segments)


def _look_up(path: tuple[str, ...], known: Mapping[str, Any], where: str) -> Any:
    try:
        # `$(null)` is a valid reference
        return look_up(path, {**known, NULL: None})
    except NoValue as error:
        raise Invalid.field(where, msgspec.convert(error.reason, Reason)) from None
