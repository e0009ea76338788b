"""Arguments of executables: names, types, formats, and checks of values."""

import keyword
import math
import posixpath
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import msgspec

from nbyard.domain.arguments.bindings import (
    LEFT,
    Beside,
    Companion,
    File,
    Flag,
    Reach,
    Stderr,
    Stdin,
    Stdout,
    Words,
)
from nbyard.domain.arguments.parameter_references import names_in
from nbyard.domain.file_formats import OutputClass
from nbyard.errors import Detail, Invalid

DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
CLOCK = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
MAX_DIGITS = 1000
Role = Literal["input", "output", "value"]
# fmt: off
ValueType = Literal[
    "string", "int", "float", "bool", "choice", "list", "json", "secret",
    "date", "datetime", "time", "decimal",
]
# fmt: on

MAX_NAME_BYTES = 128
MAX_TEXT = 1_000_000
MAX_INT = 2**63 - 1
# spellings of null, besides `null`, on a command line
NULLS = ("", "none", "None", "NA")
# the format of an argument that accepts files and folders
ANY = "any"


def given_type(value: Any) -> str:
    """Return the type of a refused value in words."""
    types = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    if isinstance(value, Mapping):
        return "an object"
    return types.get(type(value)) or f"a {type(value).__name__}"


def given_text(text: str) -> str:
    """Return the start of a refused text, quoted."""
    return repr(text[:40])


class TextType(NamedTuple):
    """A type: the form of its text, its class in Python, and an example for messages."""

    form: re.Pattern[str]
    read: Callable[[str], Any]
    example: str


TEXT_TYPES = {
    "date": TextType(re.compile(DAY), date.fromisoformat, "a date such as 2025-02-28"),
    "datetime": TextType(
        re.compile(f"{DAY}([T ]{CLOCK})?"),
        datetime.fromisoformat,
        "a date and time such as 2025-02-28T08:00 or 2025-02-28T08:00+01:00",
    ),
    "time": TextType(re.compile(CLOCK), time.fromisoformat, "a time such as 08:00"),
    "decimal": TextType(
        re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,6})?"),
        Decimal,
        "a decimal number such as 1.50",
    ),
}


def check_text_value(kind: str, value: Any, where: str) -> str:
    """Return the text of a date, time or decimal number if it is valid.

    A decimal number may also be a JSON number.

    Raises:
        Invalid: the value is no such text. The error names the field `where`.
    """
    form, read, example = TEXT_TYPES[kind]
    is_number = kind == "decimal" and type(value) in (int, float)
    text = str(value) if is_number else value
    if isinstance(text, str) and len(text) <= MAX_DIGITS and form.fullmatch(text):
        with suppress(ValueError):
            read(text)
            return str(text)
    given = given_text(value) if isinstance(value, str) else given_type(value)
    raise Invalid.field(where, f"{example} is needed, not {given}")


class Argument(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One named argument.

    - `type` is the type of a value. The value of a secret is the name of a credential. The task
      receives the path of a file.
    - `format` is that of an input or output: "csv", "parquet", "json", "folder" … (empty = any
      file).
    - `output_class` is what an output holds. Empty means that its file name decides.
    - A missing `default` is UNSET. Then `required` states whether a value must be set.
    - `choice_values` are the values of an Enum whose member names are the choices, in their order.
      Such a value is accepted in place of the name.
    - `items` is the type of list items (empty = any). An input that is a list is a folder of
      files. `companions` are files there that belong to others.
    - `reach` defines how a command receives the argument. A notebook or function receives an
      argument without `reach` by its name.
    """

    name: str
    role: Role = "value"
    type: ValueType = "string"
    format: str = ""
    required: bool = False
    nullable: bool = False
    default: Any = msgspec.UNSET
    choices: tuple[Any, ...] = ()
    choice_values: tuple[Any, ...] = ()
    items: ValueType | Literal[""] = ""
    help: str = ""
    reach: Reach | None = None
    companions: tuple[Companion, ...] = ()
    output_class: OutputClass | Literal[""] = ""


def check_arguments(arguments: Sequence[Argument], path: str = "arguments") -> None:
    """Refuse duplicate or invalid names, unsuitable defaults and invalid reaches.

    Also refuse unsuitable companions and paths. `path` precedes the fields in the errors.

    Raises:
        Invalid: with one detail per refused field.
    """
    details: list[Detail] = []
    seen: set[str] = set()
    for index, argument in enumerate(arguments):
        where, name = f"{path}.{index}", argument.name
        problem: str | None = None
        if keyword.iskeyword(name):
            problem = f"{name!r} is a reserved word of Python"
        elif not is_name(name):
            problem = (
                f"{name[:40]!r} is not a valid argument name: use letters, digits and _, not"
                " starting with a digit, at most 128 characters"
            )
        elif name in seen:
            problem = f"the name {name!r} is used twice"
        if problem:
            details.append(Detail.of(f"{where}.name", problem))
        if argument.output_class and argument.role != "output":
            details.append(Detail(f"{where}.output_class", "only an output has a class"))
        details += _check_shape(argument, where)
        seen.add(name)
    for kind in (Stdin, Stdout, Stderr):
        owners = [i for i, a in enumerate(arguments) if isinstance(a.reach, kind)]
        details += [
            Detail(f"{path}.{i}.reach", f"only one argument can be {kind.__name__.lower()}")
            for i in owners[1:]
        ]
    details += _check_beside(arguments, path)
    details += _check_files(arguments, path)
    if details:
        raise Invalid.fields(details)


def type_words(argument: Argument) -> str:
    """Return the type of a value, or the format of files, as shown to users."""
    if argument.role == "value":
        return argument.format or argument.type
    if argument.output_class:
        return ", ".join(filter(None, (argument.output_class, argument.format)))
    if argument.format or argument.type != "list":
        return "any file or folder" if argument.format == ANY else argument.format or "any file"
    return "several files"


def is_secret(argument: Argument) -> bool:
    """Return whether the value is the name of a credential."""
    return argument.role == "value" and argument.type == "secret"


def is_blank_secret(argument: Argument, value: Any) -> bool:
    """Return whether the value is the empty placeholder of a secret in code."""
    return is_secret(argument) and value == ""


def is_name(name: str) -> bool:
    """Return whether a text is a valid Python variable name in NFKC spelling."""
    if not name.isidentifier() or keyword.iskeyword(name) or len(name.encode()) > MAX_NAME_BYTES:
        return False
    # Python converts identifiers to NFKC (PEP 3131), so another spelling never matches the code.
    return unicodedata.normalize("NFKC", name) == name


def own_name(name: str) -> str:
    """Return the name of an argument that others write as `training-set`: `training_set`."""
    own = name.replace("-", "_")
    return own if is_name(own) else name


def _check_shape(argument: Argument, where: str) -> list[Detail]:
    details = []
    if argument.type == "choice" and not argument.choices:
        details.append(Detail(f"{where}.choices", "a choice needs at least one value"))
    if argument.default is not msgspec.UNSET and not is_blank_secret(argument, argument.default):
        try:
            check_value(argument, argument.default, f"{where}.default")
        except Invalid as error:
            details += error.details
    if isinstance(argument.reach, Flag) and argument.type not in ("bool", "int"):
        details.append(Detail(f"{where}.reach", "a flag needs the type bool, or int to repeat it"))
    if isinstance(argument.reach, Words) and argument.type != "list":
        details.append(Detail(f"{where}.reach", "several words need the type list"))
    if isinstance(argument.reach, Stdin) and argument.role != "input" and not is_secret(argument):
        details.append(Detail(f"{where}.reach", "only an input or a secret can be standard input"))
    if isinstance(argument.reach, LEFT) and argument.role != "output":
        uses = {Stdout: "standard output", Stderr: "standard error"}
        use = uses.get(type(argument.reach), "collected from the working folder")
        details.append(Detail(f"{where}.reach", f"only an output can be {use}"))
    if argument.items and argument.type != "list":
        details.append(Detail(f"{where}.items", "items need the type list"))
    if argument.items == "secret":
        details.append(
            Detail(
                f"{where}.items",
                "a list cannot contain secrets: declare one argument for each secret",
            )
        )
    return details


# fields of the file that a companion's pattern refers to
NAMES = (("self", "basename"), ("self", "nameroot"), ("self", "nameext"))
KNOWN_NAMES = ", ".join(f"$({'.'.join(name)})" for name in NAMES)


def _check_beside(arguments: Sequence[Argument], path: str) -> list[Detail]:
    """Check that each companion belongs to a single file of its own role."""
    details = []
    for index, argument in enumerate(arguments):
        where, reach = f"{path}.{index}.companions", argument.reach
        if argument.companions and (argument.type != "list" or argument.role == "value"):
            details.append(Detail(where, "only a list of files can have companions"))
        else:
            problems = [_pattern_problem(companion.pattern) for companion in argument.companions]
            details += [
                Detail.of(f"{where}.{i}.pattern", problem)
                for i, problem in enumerate(problems)
                if problem
            ]
        if not isinstance(reach, Beside):
            continue
        own = [a for a in arguments if a.name == reach.of and a.role == argument.role != "value"]
        if not own or own[0].type == "list" or isinstance(own[0].reach, Beside | File):
            name = repr(reach.of[:40])
            problem = f"there is no {argument.role} {name} that this file can be placed next to"
            details.append(Detail.of(f"{path}.{index}.reach.of", problem))
        if wrong := _pattern_problem(reach.pattern):
            details.append(Detail.of(f"{path}.{index}.reach.pattern", wrong))
    return details


def _check_files(arguments: Sequence[Argument], path: str) -> list[Detail]:
    """Check files that the code opens itself: one argument for each role and path."""
    details, seen = [], set()
    for index, argument in enumerate(arguments):
        reach = argument.reach
        if not isinstance(reach, File):
            continue
        problem = file_problem(reach.path)
        if argument.role == "value" or argument.type == "list":
            problem = "only a single file or folder can have a path"
        elif (argument.role, reach.path) in seen:
            problem = f"{reach.path[:80]!r} is the path of another {argument.role}"
        seen.add((argument.role, reach.path))
        if problem:
            details.append(Detail.of(f"{path}.{index}.reach.path", problem))
    return details


def file_problem(path: str) -> str | None:
    """Return why a file of the code folder cannot have this path; None if it can."""
    # Paths such as `../data/a.csv` pass: only `check_files` knows whether they leave the bundle.
    is_plain = path and not path.startswith("/") and "\x00" not in path
    is_file = posixpath.basename(path) not in (".", "..")
    if not (is_plain and is_file) or posixpath.normpath(path) != path:
        return f"{path[:80]!r} is not a plain path relative to the code folder"
    return None


def _pattern_problem(pattern: str) -> str | None:
    name = pattern.lstrip("^")
    if wrong := [names for names in names_in(name, "pattern") if names not in NAMES]:
        reference = f"$({'.'.join(wrong[0])})"
        return f"{reference} is not supported here; supported: {KNOWN_NAMES}"
    if not name or "/" in name or "\x00" in name:
        return f"{pattern[:40]!r} does not produce a file name"
    return None


def check_value(argument: Argument, value: Any, path: str = "") -> Any:
    """Return the value, converted to the type of the argument.

    Numbers are converted, such as 1.0 to the integer 1. `path` is the field that errors name.

    Raises:
        Invalid: the value has another type. Text is never converted here.
    """
    where = path or argument.name
    if value is None:
        if argument.nullable or argument.default is None:
            return None
        raise Invalid.field(where, "a value is needed, not null")
    if argument.role != "value":
        if not isinstance(value, str):
            raise Invalid.field(where, "a file or folder path is needed")
        return check_text(value, where)
    return _CHECKS[argument.type](argument, value, where)


def check_text(value: str, where: str) -> str:
    """Return the text if both databases and every kernel can store it.

    Raises:
        Invalid: the text has a NUL or half a surrogate pair, or is too long.
    """
    if "\x00" in value:
        raise Invalid.field(where, "the text contains a NUL character")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise Invalid.field(where, "the text contains half of a surrogate pair")
    if len(value) > MAX_TEXT:
        raise Invalid.field(where, f"the text is longer than {MAX_TEXT} characters")
    return str(value)


def _string(_: Argument, value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise Invalid.field(where, f"text is needed, not {given_type(value)}")
    return check_text(value, where)


def _int(_: Argument, value: Any, where: str) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Invalid.field(where, f"a whole number is needed, not {given_type(value)}")
    if abs(value) > MAX_INT:
        raise Invalid.field(where, "the number does not fit into 64 bits")
    return value


def _float(_: Argument, value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid.field(where, f"a number is needed, not {given_type(value)}")
    try:
        number = float(value)
    except OverflowError:
        raise Invalid.field(where, "the number is too large") from None
    if not math.isfinite(number):
        raise Invalid.field(where, "the number must be finite")
    return number


def _bool(_: Argument, value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise Invalid.field(where, f"true or false is needed, not {given_type(value)}")
    return value


def _choice(argument: Argument, value: Any, where: str) -> Any:
    for choice in argument.choices:
        # 1 == True == 1.0 in Python, so the types must match as well
        if choice == value and type(choice) is type(value):
            return value
    for choice, meant in zip(argument.choices, argument.choice_values, strict=False):
        if meant is not None and meant == value and type(meant) is type(value):
            return choice
    raise Invalid.field(where, f"must be one of {', '.join(map(repr, argument.choices))}")


def _list(argument: Argument, value: Any, where: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise Invalid.field(where, f"a list is needed, not {given_type(value)}")
    kind = argument.items or "json"
    check = _CHECKS[kind]
    item = msgspec.structs.replace(argument, type=kind, items="")
    return [check(item, element, f"{where}.{i}") for i, element in enumerate(value)]


def _secret(_: Argument, value: Any, where: str) -> str:
    """Check the name of a credential. Messages never repeat the value, as it may be the secret."""
    if not isinstance(value, str) or not value.strip():
        raise Invalid.field(where, "the name of a credential is needed")
    return check_text(value, where)


def check_json(value: Any, where: str, depth: int = 0) -> Any:
    """Check a JSON value and return it.

    NaN, NUL, half surrogates, huge integers and more than 64 levels are refused. `where` is the
    field that errors name.

    Raises:
        Invalid: the value is not JSON, or nested too deeply.
    """
    if depth > 64:
        raise Invalid.field(where, f"nested deeper than {64} levels")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return check_text(value, where)
    if isinstance(value, int):
        return _int(_ANY, value, where)
    if isinstance(value, float):
        return _float(_ANY, value, where)
    if isinstance(value, list | tuple):
        return [check_json(item, f"{where}.{i}", depth + 1) for i, item in enumerate(value)]
    if isinstance(value, Mapping):
        return {
            check_text(str(key), where): check_json(item, f"{where}.{key}", depth + 1)
            for key, item in value.items()
        }
    raise Invalid.field(where, f"{given_type(value)} is not a JSON value")


_ANY = Argument("any")
_CHECKS: dict[str, Callable[[Argument, Any, str], Any]] = {
    "string": _string,
    "int": _int,
    "float": _float,
    "bool": _bool,
    "choice": _choice,
    "list": _list,
    "json": lambda _, value, where: check_json(value, where),
    "secret": _secret,
    **dict.fromkeys(TEXT_TYPES, lambda a, value, where: check_text_value(a.type, value, where)),
}


def parse_value(argument: Argument, text: str, path: str = "") -> Any:
    """Parse a value from the command line as the declared type of the argument.

    `true/false/yes/no/1/0` are booleans. Lists and JSON are JSON text. `null`, `none`, `NA` or an
    empty text is null where the argument allows it.

    Raises:
        Invalid: the text is not a value of that type.
    """
    where = path or argument.name
    nullable = argument.nullable or argument.default is None
    # The other spellings are valid strings, so only `null` clears a string.
    if nullable and (text == "null" or (text in NULLS and argument.type != "string")):
        return None
    if argument.role != "value" or argument.type in ("string", "secret", *TEXT_TYPES):
        return check_value(argument, text, where)
    # a choice may be a number, so compare texts
    if argument.type == "choice":
        known = (*argument.choices, *argument.choice_values)
        matches = [choice for choice in known if choice is not None and str(choice) == text]
        return check_value(argument, matches[0] if matches else text, where)
    if argument.type == "bool":
        booleans = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if text.lower() not in booleans:
            raise Invalid.field(where, f"true or false is needed, not {given_text(text)}")
        return booleans[text.lower()]
    readers = {"int": int, "float": float}
    try:
        value = readers.get(argument.type, msgspec.json.decode)(text)
    # msgspec raises RecursionError for JSON with thousands of levels.
    except (ValueError, RecursionError, msgspec.DecodeError):
        kinds = {"int": "a whole number", "float": "a number", "list": "a JSON list"}
        kind = kinds.get(argument.type, "JSON text")
        raise Invalid.field(where, f"{kind} is needed, not {given_text(text)}") from None
    return check_value(argument, value, where)
