"""Files that code opens without a declared argument, and the arguments that declare them."""

import posixpath
import re
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from typing import Literal

import msgspec

from nbyard.domain.arguments.bindings import File
from nbyard.domain.arguments.structs import Argument, Role, is_name
from nbyard.domain.attempts.structs import Observed
from nbyard.domain.commands.interpreters import STARTS
from nbyard.domain.file_formats import OutputClass, format_of
from nbyard.errors import Detail, Invalid
from nbyard.reasons.structs import Reason, because

KINDS = ("notebook", "command")  # other kinds access their files differently
MOST = 20
# endings of code and of its descriptions
_ENDINGS = ".ipynb .nbexec .nbflow .pyc .pyd .pyi .so .lock .log .tmp .swp -journal -wal -shm ~"
ENDINGS = (*STARTS, *_ENDINGS.split())
_NAMES = (
    "conftest.py dockerfile containerfile environment.yaml environment.yml makefile manifest.in"
    " matplotlibrc pipfile pipfile.lock poetry.lock pyproject.toml setup.cfg tox.ini uv.lock"
)
NAMES = frozenset(_NAMES.split())
REQUIREMENTS = re.compile(r"(?:requirements|constraints)\b.*\.(?:txt|in)\Z")


class OpenedFile(msgspec.Struct, frozen=True):
    """A file that the code opens itself.

    `path` is relative to the folder of the code file. `name` is the name of the argument that
    would declare it: of a parameter if the path is its default.
    """

    path: str
    role: Role
    name: str
    format: str = ""

    def argument(self) -> Argument:
        """Return the argument that declares the file."""
        fields = {"role": self.role, "format": self.format, "default": self.path}
        return Argument(self.name, reach=File(self.path), **fields)  # type: ignore[arg-type]


class NodeFileAccess(msgspec.Struct, frozen=True):
    """Files that the newest success of a node read and wrote beside its code.

    After a newer failure, they include the relative path that the code did not find. Before a
    first run, they are the files that the source names. `name` and `path` are those of the
    executable. `file` is the path of the code in the bundle. `in_place` are files that the source
    reads before it writes them.
    """

    node: str
    executable_id: str
    name: str
    path: str
    kind: str
    file: str
    is_apart: bool
    observed: Observed
    in_place: frozenset[str] = frozenset()


class Undeclared(msgspec.Struct, frozen=True, omit_defaults=True):
    """Files that the last attempt opened and no argument declares.

    `code` is the path of the code file below the server's root. `problem` says why the files
    cannot be declared.
    """

    code: str
    files: list[OpenedFile] = []
    problem: Reason | None = None


class DeclareFiles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Files to declare as inputs and outputs, and classes of outputs.

    `path` is the code file below the server's root. `inputs` and `outputs` are paths from its
    folder. A parameter whose default is such a path becomes the input or output. `remove` names
    arguments that were declared this way. `classes` sets classes of outputs by their names, empty
    for none.
    """

    path: str
    inputs: list[str] = []
    outputs: list[str] = []
    remove: list[str] = []
    classes: dict[str, OutputClass | Literal[""]] = {}


class DeclaredFiles(msgspec.Struct, frozen=True):
    """The `description` file that was written, and the arguments added and removed.

    An argument that was declared before counts as added. `project` is the folder that became a
    project, because the code uses files outside its own folder.
    """

    description: str
    added: list[Argument]
    removed: list[Argument]
    project: str = ""


def find_undeclared(
    observed: Observed, file: str, arguments: Sequence[Argument], in_place: Set[str] = frozenset()
) -> list[OpenedFile]:
    """List the data files that a task read or wrote and no argument declares, inputs first.

    `file` is the path of the code file in its bundle. A file that the task both read and wrote
    counts as written, and as read too if it is among `in_place`.
    """
    if observed.problem or observed.written is None:
        return []
    start = posixpath.dirname(file)
    parameters = {File(path).place(file): own for path, own in parameters_at(arguments).items()}
    # Parameters of notebooks declare no files. Other defaults do, as those of a command line.
    known = {file} | {
        File(argument.default).place(file)
        for argument in arguments
        if argument.role != "value" or argument.reach is not None
        if isinstance(argument.default, str) and argument.default
    }
    written = set(observed.written)
    # files that the task created itself are not inputs
    others = {*written, *observed.passing} - (in_place - parameters.keys())
    read = [path for path in observed.read if path not in others and not path.endswith("/")]
    names = {argument.name for argument in arguments}
    undeclared: list[OpenedFile] = []
    for role, paths in (("input", read), ("output", sorted(written))):
        own = [argument for argument in arguments if argument.role == role]
        places = {other.reach.place(file) for other in own if isinstance(other.reach, File)}
        for path in paths:
            # A declared path may be a folder, and its argument includes the files inside.
            is_known = path in known | places or any(_is_within(path, place) for place in places)
            if is_known or not _is_data(path):
                continue
            shown = posixpath.relpath(path, start or ".")
            name = parameters[path].name if path in parameters else free_name(shown, names)
            names.add(name)
            undeclared.append(OpenedFile(shown, role, name, format_of(path)))  # type: ignore[arg-type]
    return undeclared


def parameters_at(arguments: Iterable[Argument], role: Role = "value") -> dict[str, Argument]:
    """Return the arguments of a notebook with a default that may be a path, by this path.

    Paths are relative to the folder of the notebook, in their plain form. Arguments of other
    roles than `role` are left out, as are those of commands.
    """
    return {
        posixpath.normpath(argument.default): argument
        for argument in reversed([*arguments])
        if argument.role == role and argument.type == "string" and argument.reach is None
        if isinstance(argument.default, str) and argument.default
    }


def _is_data(path: str) -> bool:
    """Return whether a path is neither code nor a file of tools."""
    *folders, name = path.lower().split("/")
    is_hidden = any(part.startswith((".", "__")) or part.endswith("_cache") for part in folders)
    if is_hidden or not name or name.startswith(".") or name in NAMES:
        return False
    return not name.endswith(ENDINGS) and REQUIREMENTS.match(name) is None


def free_name(path: str, taken: Collection[str]) -> str:
    """Derive an argument name from a file name: `data/Iris-2.csv` becomes `Iris_2`.

    If the name is in `taken`, the extension is appended, such as `Iris_2_csv`, then a number.
    """
    stem, _, ending = posixpath.basename(path).partition(".")
    name = re.sub(r"\W+", "_", stem).strip("_") or "file"
    # `2024.csv` begins with a digit, and `class.csv` is a reserved word.
    name = name if is_name(name) else f"file_{name}"
    name = name if is_name(name) else "file"
    longer = f"{name}_{ending}"
    if name in taken and ending and is_name(longer):
        name = longer
    number, free = 2, name
    while free in taken:
        number, free = number + 1, f"{name}_{number}"
    return free


def check_files(
    kind: str, file: str, arguments: Iterable[Argument], *, is_apart: bool = False
) -> None:
    """Refuse arguments whose files nbyard cannot place for the code.

    This concerns arguments for files that the code opens itself. `file` is the path of the code
    file in its bundle. `is_apart` is as in `no_files`.

    Raises:
        Invalid: with one detail per argument.
    """
    details = []
    taken = {file: f"the code file {file!r}"}
    for index, argument in enumerate(arguments):
        if isinstance(argument.reach, File):
            problem = no_files(kind, is_apart=is_apart) or _place_problem(
                argument.reach, file, taken
            )
            called = (
                f"{argument.reach.path[:80]!r}, the path of the {argument.role} {argument.name!r}"
            )
            taken.setdefault(argument.reach.place(file), called)
            if problem:
                details.append(Detail.of(f"arguments.{index}.reach", problem))
    if details:
        raise Invalid.fields(details)


def no_files(kind: str, *, is_apart: bool) -> Reason | None:
    """Return why code of this kind cannot declare files at paths; None if it can.

    `is_apart` means that the code works in a folder of its own, not in the code folder.
    """
    if kind == "function":
        return because("files-of-function")
    if kind not in KINDS:
        return because("files-of-kind", kind=kind)
    if is_apart:
        return because("files-apart")
    return None


def input_paths(file: str, arguments: Iterable[Argument], given: Collection[str]) -> set[str]:
    """Return the paths in the code bundle of inputs that the code opens itself.

    `file` is the path of the code file there. `given` names the inputs that have data.
    """
    reaches = [
        argument.reach
        for argument in arguments
        if argument.role == "input" and argument.name in given
    ]
    return {reach.place(file) for reach in reaches if isinstance(reach, File)}


def _place_problem(reach: File, file: str, taken: Mapping[str, str]) -> str | None:
    """Return why no file can be at this place, or None.

    `taken` maps the places of other files to their descriptions.
    """
    place, path = reach.place(file), repr(reach.path[:80])
    if place.startswith("../"):
        return f"{path} leaves the code bundle"
    if place == file:
        return f"{path} is the code file itself"
    # putting or taking a folder would move the files inside as well
    for other, called in taken.items():
        if _is_within(other, place):
            return f"{path} contains {called}"
        if _is_within(place, other):
            return f"{path} lies in {called}"
    return None


def _is_within(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/")
