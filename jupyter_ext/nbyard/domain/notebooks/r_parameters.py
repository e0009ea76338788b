"""Parameters of R notebooks, read from source and never run.

The reader parses assignments (`name <- value`, `name = value`) of constants. Constants are
numbers, TRUE, FALSE, NULL, texts, and `c(…)` and `list(…)` of them. Papermill's translator for R
writes these forms.

Sources: "R Language Definition", sections 3.1.1, 3.1.4 and 10.3; the help page `Quotes`.
"""

import ast
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any, NamedTuple

import msgspec

from nbyard.domain.arguments.structs import Argument, is_name
from nbyard.domain.inspection.annotations import UNKNOWN, declared_type
from nbyard.domain.inspection.build_argument import argument_of, fit_default
from nbyard.domain.inspection.constant_expressions import (
    MAX_DEPTH,
    DateText,
    DatetimeText,
    FilePath,
    NotConstant,
)
from nbyard.domain.inspection.heuristics import Comment
from nbyard.domain.notebooks.parameter_cells import (
    MAX_SHOWN,
    Comments,
    Parameters,
    parameters_cells,
    several_cells,
    source_of,
)
from nbyard.reasons.structs import Reason, because

MAX_SOURCE = 64 * 1024
# Raw texts are `r"(C:\data)"` or `r"--(a)--"` since R 4.0. `%in%` is an operator.
TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\f]+)
    | (?P<comment>\#[^\n]*)
    | (?P<end>[\n;])
    | (?P<raw>[rR](?P<quote>["'])(?P<dashes>-*)
        (?:\((?P<round>.*?)\)|\[(?P<square>.*?)\]|\{(?P<curly>.*?)\})(?P=dashes)(?P=quote))
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<number>(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)L?)
    | (?P<name>`[^`\n]+`|(?:[^\W\d_]|\.(?!\d))[\w.]*)
    | (?P<sign><<-|<-|->>|->|%[^%\n]*%|&&|\|\||[=!<>]=|\|>|:{1,3}|[-+*/^=<>!&|~?,(){}\[\]$@\\])
    """,
    re.VERBOSE | re.DOTALL,
)
ESCAPE = re.compile(
    r"\\(?:x(?P<byte>[0-9a-fA-F]{1,2})|[uU]\{?(?P<point>[0-9a-fA-F]{1,8})\}?"
    r"|(?P<octal>[0-7]{1,3})|(?P<plain>.))",
    re.DOTALL,
)
PLAIN = dict(zip("abfnrtv\\\"'` \n", "\a\b\f\n\r\t\v\\\"'` \n", strict=True))
# T and F are variables of R with the values TRUE and FALSE.
WORDS = {"TRUE": True, "T": True, "FALSE": False, "F": False, "NULL": None, "Inf": math.inf}
TEXT_CLASSES: dict[str, type[str]] = {"as.Date": DateText, "as.POSIXct": DatetimeText}
# R computes these, but their classes are known.
CLOCKS = {"Sys.Date()": "date", "Sys.time()": "datetime"}
# missing values, each with its type
MISSING = {
    "NA": "",
    "NA_integer_": "int",
    "NA_real_": "float",
    "NA_character_": "str",
    "as.Date(NA)": "date",
    "as.POSIXct(NA)": "datetime",
}
ASSIGNS = ("<-", "<<-", "=")
CONTROLS = ("if", "for", "while", "repeat")
LEFT, RIGHT = "([{", ")]}"


class Token(NamedTuple):
    """A token of the source. `at` is its position in the text, `line` counts from 1."""

    kind: str
    text: str
    at: int
    line: int


class _NoR(Exception):
    """The source is not valid R, or too long. The message names the line."""


def read_parameters(notebook: Mapping[str, Any]) -> Parameters:
    """Return the arguments of an R notebook.

    If several parameters cells assign a name, the last one counts.
    """
    reader = _Reader()
    cells = parameters_cells(notebook)
    for index in cells:
        reader.read(source_of(notebook["cells"][index]), index)
    return Parameters([*reader.arguments.values()], reader.hints + several_cells(cells))


class _Reader:
    def __init__(self) -> None:
        self.arguments: dict[str, Argument] = {}
        self.hints: list[Reason] = []
        self._values: dict[str, Any] = {}

    def read(self, source: str, cell: int) -> None:
        try:
            tokens = list(_tokens(source))
        except _NoR as error:
            self.hints.append(because("cell-no-r", cell=cell + 1, problem=str(error)))
            return
        by_line, alone = {}, set()
        for token in tokens:
            if token.kind == "comment":
                by_line[token.line] = token.text
                if not source[source.rfind("\n", 0, token.at) + 1 : token.at].strip():
                    alone.add(token.line)
        comments = Comments(by_line, alone)
        for statement in _statements(tokens):
            names, at = [], 0
            while (
                len(statement) > at + 2
                and statement[at].kind == "name"
                and statement[at + 1].text in ASSIGNS
            ):
                names.append(statement[at].text.strip("`"))
                at += 2
            value = statement[at:]
            if not names:
                self._skip(statement)
            # A function is no parameter. Since R 4.1, it can also begin with a backslash.
            elif value[0].text not in ("function", "\\"):
                comment = comments.of(statement[0].line, statement[-1].line)
                text = source[value[0].at : value[-1].at + len(value[-1].text)]
                for name in names:
                    self._add(name, value, text, comment)

    def _skip(self, tokens: Sequence[Token]) -> None:
        """Skip a statement, with a hint if it may assign a name."""
        is_arrow = any(token.text in ("<-", "<<-", "->", "->>") for token in tokens)
        if not is_arrow and tokens[0].text not in CONTROLS:
            return
        self.hints.append(because("line-no-assignment", line=tokens[0].line))
        for token, following in pairwise(tokens):
            if token.kind == "name" and following.text in ASSIGNS and token.text in self.arguments:
                known = self.arguments[token.text]
                change = {"default": msgspec.UNSET, "required": False}
                self.arguments[token.text] = msgspec.structs.replace(known, **change)
                self._values.pop(token.text, None)

    def _add(self, name: str, tokens: Sequence[Token], text: str, comment: Comment) -> None:
        if not is_name(name):
            self.hints.append(because("argument-name-unfit", name=repr(name[:MAX_SHOWN])))
            return
        self._values.pop(name, None)
        code = "".join(token.text for token in tokens)
        known = comment.type or MISSING.get(code) or CLOCKS.get(code)
        declared = declared_type(ast.Constant(known)) if known else UNKNOWN
        try:
            is_missing = code in MISSING
            value = None if is_missing else _Value(tokens, self._values).evaluate()
            self._values[name] = value
        except (NotConstant, RecursionError):
            value = msgspec.UNSET
            shown = text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
            note = f"computed in the notebook: {' '.join(shown.split())}"
            help_text = f"{comment.help} ({note})" if comment.help else note
            comment = msgspec.structs.replace(comment, help=help_text)
        argument, problem = fit_default(argument_of(name, value, declared, comment, False), value)
        if problem:
            self.hints.append(problem)
        # each type of R has a missing value
        may_be_missing = argument.role == "value" and argument.type not in ("list", "secret")
        nullable = argument.nullable or may_be_missing
        self.arguments[name] = msgspec.structs.replace(argument, nullable=nullable)


def _tokens(source: str) -> Iterator[Token]:
    """Yield the tokens of the source, including comments and line ends.

    Raises:
        _NoR: the source is too long, or a line cannot be parsed.
    """
    if len(source) > MAX_SOURCE:
        raise _NoR(f"it has more than {MAX_SOURCE // 1024} KiB")
    at, line = 0, 1
    while at < len(source):
        match = TOKEN.match(source, at)
        if match is None:
            excerpt = repr(source[at : at + 20].partition(chr(10))[0])
            raise _NoR(f"line {line}, {excerpt}")
        if match.lastgroup != "space":
            kind = "raw" if match["raw"] else match.lastgroup or ""
            yield Token(kind, match[0], at, line)
        at, line = match.end(), line + match[0].count("\n")


def _statements(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield the tokens of each statement.

    A line end completes a statement unless a bracket is open or an operator comes last.
    """
    statement: list[Token] = []
    depth = 0
    for token in tokens:
        if token.kind == "end":
            # an operator at the end of a line continues the statement
            goes_on = statement and statement[-1].kind == "sign" and statement[-1].text not in RIGHT
            if not depth and statement and (token.text == ";" or not goes_on):
                yield statement
                statement = []
        elif token.kind != "comment":
            depth += (token.text in LEFT) - (token.text in RIGHT)
            statement.append(token)
    if statement:
        yield statement


class _Value:
    """Evaluates the tokens of one constant. `names` are the values of earlier assignments."""

    def __init__(self, tokens: Sequence[Token], names: Mapping[str, Any]):
        self._tokens = tokens
        self._names = names
        self._at = 0

    def evaluate(self) -> Any:
        """Return the value of all tokens.

        Raises:
            NotConstant: R must run to know the value.
        """
        value = self._value(0)
        if self._at < len(self._tokens):
            raise NotConstant("more than a constant")
        return value

    def _next(self) -> Token:
        if self._at >= len(self._tokens):
            raise NotConstant("nothing")
        self._at += 1
        return self._tokens[self._at - 1]

    def _follows(self, text: str) -> bool:
        is_there = self._at < len(self._tokens) and self._tokens[self._at].text == text
        self._at += is_there
        return is_there

    def _value(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise NotConstant("nested too deeply")
        token = self._next()
        if token.kind in LITERALS:
            return LITERALS[token.kind](token.text)
        if token.text in ("-", "+"):
            number = self._value(depth + 1)
            if isinstance(number, bool) or not isinstance(number, int | float):
                raise NotConstant("a sign before something else than a number")
            return -number if token.text == "-" else number
        if token.kind == "name" and self._follows("("):
            return self._call_value(token.text, depth + 1)
        known = self._names.get(token.text, WORDS.get(token.text, msgspec.UNSET))
        if known is msgspec.UNSET:
            raise NotConstant(token.text)
        return known

    def _call_value(self, name: str, depth: int) -> Any:
        pairs: list[tuple[str, Any]] = []
        while not self._follows(")"):
            if pairs and not self._follows(","):
                raise NotConstant("no list")
            pairs.append((self._label(), self._value(depth)))
        labels, values = [label for label, _ in pairs if label], [value for _, value in pairs]
        if name == "file.path" and not labels and all(isinstance(value, str) for value in values):
            return FilePath("/".join(values))
        if name in TEXT_CLASSES and isinstance(values[0] if values else None, str):
            return TEXT_CLASSES[name](values[0].replace(" ", "T"))
        if name not in ("c", "list") or (labels and len(labels) < len(pairs)):
            raise NotConstant(name)
        if labels:
            return dict(pairs)
        if name == "list":
            return values
        # `c` flattens vectors and drops NULL
        pieces = [
            value if isinstance(value, list) else [value] for value in values if value is not None
        ]
        return [*chain.from_iterable(pieces)]

    def _label(self) -> str:
        """Return the name before `=`, if there is one."""
        pair = self._tokens[self._at : self._at + 2]
        if len(pair) < 2 or pair[1].text != "=" or pair[0].kind not in ("name", "text"):
            return ""
        self._at += 2
        text = pair[0].text
        return _unquoted(text) if pair[0].kind == "text" else text.strip("`")


def _number(text: str) -> int | float:
    """Return the value of a number: an integer for `1L`, a float for `1`, which R stores so."""
    if text.endswith("L"):
        value = float(int(text[:-1], 16) if text[:2].lower() == "0x" else text[:-1])
        return int(value) if value.is_integer() else value
    return float(int(text, 16)) if text[:2].lower() == "0x" else float(text)


def _raw(text: str) -> str:
    """Return the text of `r"(…)"`, which has no escapes."""
    match = TOKEN.match(text)
    assert match is not None
    return match["round"] or match["square"] or match["curly"] or ""


def _unquoted(text: str) -> str:
    """Return the content of a quoted text, with its escapes resolved."""

    def resolved(match: re.Match[str]) -> str:
        if match["plain"] is not None:
            if match["plain"] not in PLAIN:
                raise NotConstant(match[0])
            return PLAIN[match["plain"]]
        digits = match["byte"] or match["point"]
        number = int(digits, 16) if digits else int(match["octal"], 8)
        # R refuses NUL in texts, and half of a surrogate pair is no character.
        if not 0 < number <= 0x10FFFF or 0xD800 <= number < 0xE000:
            raise NotConstant(match[0])
        return chr(number)

    return ESCAPE.sub(resolved, text[1:-1])


LITERALS: dict[str, Callable[[str], Any]] = {"text": _unquoted, "raw": _raw, "number": _number}
