"""How a command receives the value of an argument, or where it leaves an output."""

import os.path
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from nbyard.domain.arguments.parameter_references import in_parts, names_in
from nbyard.domain.unions import UnionMember
from nbyard.runner.work.reference_values import companion_name


class Option(UnionMember, frozen=True, tag="option"):
    """An option with its value: `--name VALUE`, or `--name=VALUE` when `joined`.

    `flag` is the text before the value. Without `joined` in the description, only a value that
    begins with `-` is joined.
    """

    flag: str
    joined: bool | None = None


class Words(UnionMember, frozen=True, tag="words"):
    """One option with all items of a list: `--name VALUE VALUE`."""

    flag: str


class Flag(UnionMember, frozen=True, tag="flag"):
    """A word that is present when the value is true, or repeated as often as an integer states.

    The word for false follows a slash: `--name/--no-name`.
    """

    flag: str


class Positional(UnionMember, frozen=True, omit_defaults=True, tag="positional"):
    """An argument that is a word without an option.

    `position` counts from 0; all positional words follow the options. With `separated`, the program
    accepts `--`, after which no word is an option.
    """

    position: int
    separated: bool = False


class Variable(UnionMember, frozen=True, tag="variable"):
    """An environment variable."""

    variable: str


class Stdin(UnionMember, frozen=True, tag="stdin"):
    """The file is the program's standard input."""


class Stdout(UnionMember, frozen=True, tag="stdout"):
    """The program's standard output becomes the file."""


class Handed(UnionMember, frozen=True, tag="handed"):
    """A value that the code fetches or returns itself.

    The code calls `nbyard.input`, `nbyard.secret` or `nbyard.output`.
    """


class Stderr(UnionMember, frozen=True, tag="stderr"):
    """The program's standard error becomes the file."""


class Bound(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    tag="bound",
    tag_field="kind",
    forbid_unknown_fields=True,
):
    """Words of the command line.

    They follow all other words, in the order of their positions. `prefix` precedes the value, or is
    `joined` with it. A list becomes one word with a `separator`, else one item at a time as `each`
    states. An object contributes the values that `fields` names. `text` replaces the value and may
    contain references: `$(inputs.reads.nameroot)`. With `when`, the words appear only if one of
    these arguments has a value. A value that begins with `-` passes unchanged. In a line for a
    shell, `raw` words are not quoted.
    """

    position: int = 0
    prefix: str = ""
    joined: bool = False
    separator: str | None = None
    text: str | None = None
    each: "Bound | None" = None
    fields: dict[str, "Bound"] = {}
    when: tuple[str, ...] = ()
    raw: bool = False


class Referenced(UnionMember, frozen=True, tag="referenced"):
    """A value that appears only where a reference names it.

    The reference is in a word, a variable or a file of the working folder.
    """


# In this file of the working folder, a command may describe its outputs as CWL defines it.
OUTPUTS_FILE = "cwl.output.json"


class Found(UnionMember, frozen=True, omit_defaults=True, tag="found"):
    """An output in the working folder whose name matches a pattern.

    For a list, all matches form a folder. `only` restricts matches to files or folders. A `value`
    is evaluated with the matches as `self`: `$(self[0].contents)`. A result that is not a file
    becomes a JSON file. Without patterns and value, the program describes the output in the file
    `cwl.output.json`. The output is there under its name, or at the nested fields `key`.
    """

    patterns: tuple[str, ...] = ()
    value: str = ""
    only: Literal["", "file", "folder"] = ""
    key: tuple[str, ...] = ()


class Companion(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A file that accompanies each file of a list and is not an item of the list.

    It is in the same folder. `pattern` derives its name from the name of the item, as in
    `Beside`.
    """

    pattern: str
    required: bool = True

    @property
    def beside(self) -> "Beside":
        """Return the naming rule, as for a companion of a single file."""
        return Beside("", self.pattern)


def companions_of(
    names: Sequence[str], companions: Sequence[Companion]
) -> dict[str, dict[Companion, str]]:
    """Return the items of a list, each with its companions.

    `names` are the file names in the folder of the list. A companion of another file is not an
    item. Companions that the folder lacks are left out.
    """
    companion_names = {
        name: {companion: companion.beside.name(name) for companion in companions} for name in names
    }
    # a companion of another file is not an item itself
    others = {
        made for name, mine in companion_names.items() for made in mine.values() if made != name
    }
    known = set(names)
    return {
        name: {
            companion: made for companion, made in mine.items() if made in known and made != name
        }
        for name, mine in companion_names.items()
        if name not in others
    }


class Beside(UnionMember, frozen=True, tag="beside"):
    """A file beside the file of another argument, `of`, with a name derived from that name.

    `pattern` is appended to that name. Each leading `^` first removes one extension. A pattern
    with references to `self` is the whole name: `$(self.nameroot).idx`.
    """

    of: str
    pattern: str

    @property
    def parts(self) -> list[dict[str, Any]]:
        """Return the parts of a pattern with references, as `in_parts` does.

        Without references, return an empty list.
        """
        return in_parts(self.pattern, {}, "pattern") if names_in(self.pattern, "pattern") else []

    def name(self, other: str) -> str:
        """Return the name of the companion of a file named `other`."""
        return companion_name(self.pattern, other, self.parts)


class File(UnionMember, frozen=True, tag="file"):
    """The code opens the file itself, at `path` relative to the folder of the code file.

    An input is put there before the code runs. An output is taken from there afterwards.
    """

    path: str

    def place(self, file: str) -> str:
        """Return the path in the code bundle.

        `file` is the path of the code file in the bundle.
        """
        # The code file may be in a subfolder: `work/clean.ipynb` opens `../data/a.csv`.
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
# These become words of the command line, after the program.
WORDED = (Option, Words, Flag, Positional, Bound)
# Outputs whose path is not passed to the program.
LEFT = (Stdout, Stderr, Found)
# Values that a notebook does not receive as parameters.
BY_ITSELF = (Handed, File)
