"""How a command gets the value of an argument, or leaves an output."""

import os.path
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from nbyard.domain.arguments.parameter_references import evaluate, in_parts, names_in


class Option(
    msgspec.Struct, frozen=True, tag="option", tag_field="kind", forbid_unknown_fields=True
):
    """`--name VALUE`, or `--name=VALUE` when joined; `flag` is the text before the value. If the
    description does not set `joined`, only a value that begins with `-` is joined."""

    flag: str
    joined: bool | None = None


class Words(msgspec.Struct, frozen=True, tag="words", tag_field="kind", forbid_unknown_fields=True):
    """`--name VALUE VALUE`: all of a list behind one option."""

    flag: str


class Flag(msgspec.Struct, frozen=True, tag="flag", tag_field="kind", forbid_unknown_fields=True):
    """A word that is present when the value is true, or as often as a whole number says. After a
    slash stands the word for false: `--name/--no-name`."""

    flag: str


class Positional(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    tag="positional",
    tag_field="kind",
    forbid_unknown_fields=True,
):
    """A bare word; positions count from 0 and come after all options. `separated` tells that the
    program knows `--`, behind which no word is an option."""

    position: int
    separated: bool = False


class Variable(
    msgspec.Struct, frozen=True, tag="variable", tag_field="kind", forbid_unknown_fields=True
):
    """An environment variable."""

    variable: str


class Stdin(msgspec.Struct, frozen=True, tag="stdin", tag_field="kind", forbid_unknown_fields=True):
    """The file is the program's standard input."""


class Stdout(
    msgspec.Struct, frozen=True, tag="stdout", tag_field="kind", forbid_unknown_fields=True
):
    """The program's standard output becomes the file."""


class Handed(
    msgspec.Struct, frozen=True, tag="handed", tag_field="kind", forbid_unknown_fields=True
):
    """The code asks for it with `nbyard.input` or `nbyard.secret`, or hands it over with
    `nbyard.output`."""


class Stderr(
    msgspec.Struct, frozen=True, tag="stderr", tag_field="kind", forbid_unknown_fields=True
):
    """The program's standard error becomes the file."""


class Bound(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    tag="bound",
    tag_field="kind",
    forbid_unknown_fields=True,
):
    """Words behind all others in the order of their positions, made as CWL makes them: `prefix`
    before the value, or `joined` with it; a list as one word with a `separator`, else item by item
    as `each` says; of an object those of its values that `fields` name. `text` stands for the value
    and may have references: `$(inputs.reads.nameroot)`. With `when` there are words only where one
    of these arguments has a value. A value that begins with `-` goes as it is. In a line for a
    shell, `raw` words stand without quotes."""

    position: int = 0
    prefix: str = ""
    joined: bool = False
    separator: str | None = None
    text: str | None = None
    each: "Bound | None" = None
    fields: dict[str, "Bound"] = {}
    when: tuple[str, ...] = ()
    raw: bool = False


class Referenced(
    msgspec.Struct, frozen=True, tag="referenced", tag_field="kind", forbid_unknown_fields=True
):
    """Only where a reference names it: in a word, a variable or a file of the working folder."""


class Found(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    tag="found",
    tag_field="kind",
    forbid_unknown_fields=True,
):
    """What the program leaves in its working folder under a name that fits one of the patterns;
    for a list all that do, as a folder, each `only` a file or a folder where that is said. With a
    `value` it is what that says of these files, `self` among its references:
    `$(self[0].contents)`; what is no file becomes a JSON file. Without patterns and value: what
    `cwl.output.json` tells, under its name or, field by field, its `key`."""

    patterns: tuple[str, ...] = ()
    value: str = ""
    only: Literal["", "file", "folder"] = ""
    key: tuple[str, ...] = ()


class Companion(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What belongs to each file of a list, and is no item of it: a file in the same folder, under
    the name that `pattern` makes of its own as `Beside` does."""

    pattern: str
    required: bool = True

    @property
    def beside(self) -> "Beside":
        return Beside("", self.pattern)


def companions_of(
    names: Sequence[str], companions: Sequence[Companion]
) -> dict[str, dict[Companion, str]]:
    """The items among the names in a folder, each with those of the names that belong to it."""
    told = {name: {one: one.beside.name(name) for one in companions} for name in names}
    others = {made for name, mine in told.items() for made in mine.values() if made != name}
    known = set(names)
    return {
        name: {one: made for one, made in mine.items() if made in known and made != name}
        for name, mine in told.items()
        if name not in others
    }


class Beside(
    msgspec.Struct, frozen=True, tag="beside", tag_field="kind", forbid_unknown_fields=True
):
    """A file in the folder of another argument's, `of`, whose name makes its own: `pattern` is
    added to that, each `^` before it takes an ending away first; one with references to `self` is
    the whole name: `$(self.nameroot).idx` (`secondaryFiles` of CWL)."""

    of: str
    pattern: str

    @property
    def parts(self) -> list[dict[str, Any]]:
        """Of a pattern with references, what is said by parts; else nothing."""
        return in_parts(self.pattern, {}, "pattern") if names_in(self.pattern, "pattern") else []

    def name(self, other: str) -> str:
        """Its name beside a file called so."""
        if names_in(self.pattern, "pattern"):
            root, extension = os.path.splitext(other)
            names = {"basename": other, "nameroot": root, "nameext": extension}
            return str(evaluate(self.pattern, {"self": names}, "pattern"))
        pattern = self.pattern
        while pattern.startswith("^"):
            pattern = pattern[1:]
            other = other.rpartition(".")[0] if "." in other else other
        return other + pattern


class File(msgspec.Struct, frozen=True, tag="file", tag_field="kind", forbid_unknown_fields=True):
    """The code opens the file itself, under this `path`, which counts from the folder of the code
    file. An input is put there before the code runs, an output is taken from there afterwards."""

    path: str

    def place(self, file: str) -> str:
        """Return the path in the code bundle; `file` is the code file's path there."""
        return os.path.normpath(os.path.join(os.path.dirname(file), self.path))


Reach = (
    Option
    | Words
    | Flag
    | Positional
    | Variable
    | Stdin
    | Stdout
    | Stderr
    | Bound
    | Referenced
    | Found
    | Handed
    | Beside
    | File
)
# What stands behind the program in its command line.
WORDED = (Option, Words, Flag, Positional, Bound)
# How an output that the program is not told of comes about.
LEFT = (Stdout, Stderr, Found)
# What a notebook is not given by its name.
BY_ITSELF = (Handed, File)
