"""How the fields of structs are presented: as options of the shell and as fields of forms.

A field says it once, with `shown` inside `Annotated`:

    cpu: Annotated[float | None, shown("CPU", "Maximum number of cores.")] = None

Structs that share fields share the annotation: `Cpu = Annotated[float, shown(…)]`, then
`cpu: Cpu | None = None` in one struct and `cpu: Cpu | UnsetType = UNSET` in another.

The shell reads its options and the request from it, and spells the command of a request. The
OpenAPI document has the label as `title`, the help as `description`, and the keys of forms as `x-`
keys (`shown_when` is `x-shown-when`).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec


class Format(msgspec.Struct, frozen=True):
    """How a value is typed in the shell, in both directions.

    `read` raises ValueError with the reason if a text has another form. `write` raises ValueError
    if no text stands for the value. `metavar` stands for the text in the help.
    """

    metavar: str
    read: Callable[[str], Any]
    write: Callable[[Any], str]


def read_age(text: str) -> float:
    """Return the days of an age such as 12h, 30d or 4w."""
    match = AGE_TEXT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an age; write 12h, 30d or 4w")
    return float(match[1]) * DAYS[match[2]]


def write_age(days: float) -> str:
    """Return an age in days as users type it."""
    text = f"{str(days).removesuffix('.0')}d"
    read_age(text)
    return text


def read_size(text: str) -> int:
    """Return the bytes of a size such as 500MB or 20GB."""
    match = SIZE_TEXT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a size with a unit; write 500MB or 20GB")
    return int(float(match[1]) * UNITS[match[2].lower()])


def write_size(size: int) -> str:
    """Return a number of bytes as users type it."""
    if not 0 <= size < EXACT:
        raise ValueError(size)
    unit = next(unit for unit in reversed(UNITS) if size % UNITS[unit] == 0)
    return f"{size // UNITS[unit]}{unit if unit == 'k' else unit.upper()}B" if size else "0"


AGE_TEXT = re.compile(r"(\d+(?:\.\d+)?)\s*([hdw])")
DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0}
# 2.5 probably means gigabytes, and 2.5 bytes would delete nearly all. So only 0 needs no unit.
SIZE_TEXT = re.compile(r"(0|\d+(?:\.\d+)?(?=\s*[kMGTB]))\s*([kMGT]?)B?", re.IGNORECASE)
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
EXACT = 2**53  # a float has no more digits
AGE = Format("AGE", read_age, write_age)
SIZE = Format("SIZE", read_size, write_size)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """The presentation of a field.

    `label` and `help` are for people, in the shell and in forms.

    In the shell, the option is `--` and the field's name, unless `option` declares another one
    (`--memory`, `-k --kernel`, or `--pinned/--follow` with the `values` of both). An empty text
    declares none. An `argument` is positional. The shell does not let users omit what is `needed`.
    `metavar` stands for the value in the help, else the `unit`. `option_help` replaces the help.
    `format` reads and writes values that are no plain texts or numbers. `names` are sources of
    completion, as in `buildtools/name_completion.py`. A `secret` is never spelled. A `lock` is a
    field of a change that repeats what the client has seen, such as the revision.

    A form has the fields with an `order`, sorted by it; those with `more` are below *More*. A
    struct in a field adds its own fields, a list of structs those of its first row. `labels` are
    those of the values of a choice, in their order. `picker` names what is searched and chosen,
    such as `environment`. `placeholder` is shown while the field is empty, `empty` in a list of
    choices for no value. `widget` replaces the usual widget of the type. `shown_when` has the
    fields with their values without which this one is hidden; a list has several values. A `fixed`
    field cannot change once the item exists.
    """

    label: str = ""
    help: str = ""
    option: str | None = None
    values: tuple[Any, Any] | None = None
    argument: bool = False
    needed: bool = False
    metavar: str = ""
    option_help: str | None = None
    format: Format | None = None
    names: tuple[str, ...] = ()
    secret: bool = False
    lock: bool = False
    order: int | None = None
    more: bool = False
    labels: Mapping[str, str] | None = None
    picker: str = ""
    placeholder: str = ""
    empty: str = ""
    widget: str = ""
    unit: str = ""
    shown_when: Mapping[str, Any] | None = None
    fixed: bool = False


OF_FORMS = (
    *("order", "more", "labels", "picker", "placeholder", "empty", "widget"),
    *("shown_when", "fixed"),
)


def shown(label: str = "", help: str = "", **more: Any) -> msgspec.Meta:
    """Return the presentation of a field; `more` are the other fields of `Shown`."""
    presentation = Shown(label=label, help=help, **more)
    keys = {
        f"x-{name.replace('_', '-')}": value
        for name in OF_FORMS
        if (value := getattr(presentation, name)) not in (None, "", False)
    }
    if presentation.secret:
        keys["writeOnly"] = True
    return msgspec.Meta(
        title=label or None,
        description=help or None,
        extra_json_schema=keys or None,
        extra={"shown": presentation},
    )


class PresentedField(msgspec.Struct, frozen=True):
    """A field of a struct with its presentation. `type` is that of a value, without null."""

    name: str
    type: Any
    shown: Shown
    info: msgspec.structs.FieldInfo

    @property
    def option(self) -> str:
        """Return the declaration of the option, empty without one."""
        if self.shown.argument or self.shown.lock:
            return ""
        declared = self.shown.option
        return f"--{self.name.replace('_', '-')}" if declared is None else declared

    @property
    def flag(self) -> str:
        """Return the long name of the option, empty without one."""
        return max(self.option.partition("/")[0].split(), key=len, default="")

    @property
    def values(self) -> tuple[Any, Any] | None:
        """Return what the option and its opposite stand for, None for an option with a value."""
        return self.shown.values or ((True, False) if self.type is bool else None)

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the words of a choice, empty for other values."""
        kind = get_args(self.type)[0] if get_origin(self.type) is list else self.type
        return tuple(self.shown.labels or (get_args(kind) if get_origin(kind) is Literal else ()))

    @property
    def parts(self) -> "tuple[PresentedField, ...]":
        """Return the presented fields of the field's own struct."""
        is_struct = isinstance(self.type, type) and issubclass(self.type, msgspec.Struct)
        return tuple(presented_fields(self.type)) if is_struct else ()


def presented_fields(struct: type) -> Iterator[PresentedField]:
    """Yield the fields of a struct that have a presentation or such fields, in their order."""
    for info in msgspec.structs.fields(struct):
        presentation, kind = _split(info.type)
        field = PresentedField(info.name, kind, presentation or Shown(), info)
        if presentation or field.parts:
            yield field


def _split(annotation: Any) -> tuple[Shown | None, Any]:
    """Return the presentation in an annotation, and the type of a value."""
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        nested, kind = _split(inner)
        return next((meta.extra["shown"] for meta in metadata if meta.extra), nested), kind
    if get_origin(annotation) in (Union, UnionType):
        members = [m for m in get_args(annotation) if m not in (NoneType, msgspec.UnsetType)]
        return _split(members[0]) if len(members) == 1 else (None, annotation)
    return None, annotation
