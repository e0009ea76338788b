"""Freezing of code: turn a file's present content into an immutable executable version."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.arguments.bindings import WORDED
from nbyard.domain.arguments.structs import Argument, check_arguments
from nbyard.domain.attempts.structs import IMAGE_PROGRAM
from nbyard.domain.attempts.undeclared_files import check_files
from nbyard.domain.caching.path_mentions import code_of, possible_paths
from nbyard.domain.commands.command_line import check_reaches
from nbyard.domain.digest import digest_of
from nbyard.domain.environments.structs import not_installed
from nbyard.domain.executables.nbexec_files import (
    Description,
    apply_description,
    description_file,
    read_description,
)
from nbyard.domain.executables.source_files import source_files
from nbyard.domain.executables.structs import (
    NAMELESS,
    Executable,
    ExecutableVersion,
    Inspection,
    Resources,
)
from nbyard.domain.file_formats import format_of, is_data
from nbyard.domain.ids import new_id
from nbyard.domain.inspection.functions import SEPARATOR, split_function_path
from nbyard.domain.naming.names import derived_name
from nbyard.domain.naming.runtime_names import PROCESS
from nbyard.domain.naming.unique_names import free_name
from nbyard.domain.runs.planning import CONTAINER
from nbyard.errors import Invalid, NbyardError, NotFound
from nbyard.host import kernels
from nbyard.host.project_files import DOCUMENT, ProjectFiles, file_of
from nbyard.importers.protocol import Near, importer_of
from nbyard.kinds.protocol import ChecksFiles
from nbyard.reasons.structs import Reason, because
from nbyard.transfer import bundles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbyard.domain.arguments.structs import Role
    from nbyard.freezing.freezing_context import FreezingContext
    from nbyard.kinds.protocol import Kind, Reading
    from nbyard.store import Connection, Store


class Code(msgspec.Struct, frozen=True):
    """The bytes of a notebook, script or binary, with its path and description.

    `path` is None for uploaded code. For a function, `filename` and `path` end in `::name`.
    `hints` come from an importer.
    """

    filename: str
    content: bytes
    path: Path | None
    description: Description | None
    hints: tuple[Reason, ...] = ()

    @property
    def stem(self) -> str:
        """Return a name for the executable: the file name without its suffix.

        For a function, it is the function's name. For a Dockerfile or model file, it is the name
        of the folder.
        """
        if self.filename in NAMELESS and self.path is not None:
            return self.path.parent.name or self.filename
        file, function = split_function_path(self.filename)
        return function or file.rsplit(".", 1)[0]

    @property
    def folder(self) -> Path:
        """Return the folder of the code's file."""
        assert self.path is not None
        return file_of(self.path).parent

    def mentioned_paths(self) -> list[str]:
        """Return the paths below the code's folder that its text mentions.

        A path that does not exist, such as `data/*.csv`, is replaced by its nearest folder.
        """
        paths = []
        file, _ = split_function_path(self.filename)
        for text in possible_paths(code_of(file, self.content)):
            path = PurePosixPath(text)
            places = (
                bundles.names_below(self.folder, str(parent)) for parent in (path, *path.parents)
            )
            paths += list(islice(filter(None, places), 1))
        return paths


def with_imported(code: Code, near: Near | None = None) -> Code:
    """Return the code with a description, which an importer reads from code such as a CWL tool.

    Code with a description, or without an importer, is returned unchanged. `near` reads the
    files that the imported file names.
    """
    importer = importer_of(code.filename) if code.description is None else None
    if importer is None:
        return code
    imported = importer.read(code.content, code.filename, near)
    hints = tuple(
        because("text", text=note) if isinstance(note, str) else note for note in imported.notes
    )
    return msgspec.structs.replace(code, description=imported.description, hints=hints)


class Freezer:
    """Reads code and stores its versions. `shared` holds the bundles that a request has built."""

    def __init__(self, context: FreezingContext, shared: bundles.SharedBundles | None = None):
        self._context = context
        self._shared = shared

    def load(self, path: str, field: str = "path", base: str = "") -> Code:
        """Return the code at a path below the root, with the description file beside it."""
        return self.load_real(self._context.files.locate_code(path, field, base))

    def load_real(self, real: Path) -> Code:
        """Return the code at a real path, with the description file beside it."""
        files = self._context.files
        content = files.content(file_of(real))

        def near(path: str) -> bytes:
            return files.content(files.locate(path, "path", str(files.shown(real.parent))))

        beside, description = real.with_name(description_file(real.name)), None
        if beside.is_file():
            description = read_description(files.content(beside), beside.name)
        return with_imported(Code(real.name, content, real, description), near)

    def read(self, code: Code, kind: str = "") -> tuple[Kind, Reading, Resources]:
        """Read the kind, arguments and resources of code and its description, without running it.

        `kind` overrides the kind that the description or the file name determines.

        Raises:
            Invalid: the file is a workflow or data, or its program starts behind a shell.
        """
        from nbyard.domain.images.dockerfile_parser import shell_program
        from nbyard.kinds.protocol import kind_named, kind_of

        if code.filename.lower().endswith(DOCUMENT):
            raise Invalid.field("path", f"{code.filename} is a workflow, not code")
        description = code.description or Description()
        wanted = kind or description.kind
        # Without a stated kind, a data file is probably a mistake.
        if not wanted and is_data(code.filename) and not code.content.startswith(b"#!"):
            raise Invalid.field(
                "path",
                f"{code.filename} is data, not code",
                hint=f"Add it as a dataset: nbyard datasets add {code.filename}",
            )
        code_kind = kind_named(wanted) if wanted else kind_of(code.filename, code.content)
        reading = code_kind.read(code.filename, code.content)
        if code.path is not None and (description.arguments is None or code_kind.keeps_arguments):
            reading = _with_computed_paths(reading, self._context.files, code.path)
        arguments = [
            _with_requirement(argument, code.path, self._context.files.root)
            for argument in apply_description(
                reading.own, description.arguments, code_kind.keeps_arguments
            )
        ]
        command = list(description.command) if description.command is not None else reading.command
        hints = list(reading.hints)
        if description.arguments is None:
            hints += reading.hints_without_description
        told_apart = {"command": command, "invocation": description.invocation, "hints": hints}
        reading = msgspec.structs.replace(reading, arguments=arguments, **told_apart)
        is_given = any(isinstance(argument.reach, WORDED) for argument in arguments)
        if code_kind.name == CONTAINER and is_given and command == [IMAGE_PROGRAM]:
            # A shell between the image's program and its arguments would drop them.
            shell = shell_program(code.content.decode("utf-8", "replace"))
            if shell:
                raise Invalid.field(
                    "path",
                    f"{code.filename}, line {shell.line}: {shell.keyword} uses the shell form,"
                    ' which drops arguments; write ["program", "word"]',
                )
        return code_kind, reading, description.resources

    def inspect(self, code: Code, kind: str = "") -> Inspection:
        """Return the name, arguments and resources of code for users, with hints."""
        code_kind, reading, resources = self.read(code, kind)
        named = code.description.name if code.description else ""
        # Symbolic links are not copied with the code.
        root = self._context.files.root
        links = bundles.links_warning(file_of(code.path), root) if code.path else None
        return Inspection(
            name=named or code.stem,
            kind=code_kind.name,
            language=reading.language,
            kernel=reading.kernel,
            arguments=reading.arguments,
            hints=[
                *code.hints,
                *reading.hints,
                *self._kernel_hints(reading, resources),
                *([links] if links else []),
            ],
            tag_cell=reading.tag_cell,
            tag_names=reading.tag_names,
            command=reading.command,
            resources=resources,
            file=code.filename,
            invocation=reading.invocation,
        )

    def _kernel_hints(self, reading: Reading, resources: Resources) -> list[Reason]:
        """Return a hint if a local kernel replaces the notebook's kernel, which is missing."""
        elsewhere = resources.environment or resources.image or resources.requirements
        if not reading.kernel or elsewhere or self._context.settings.default_runtime != PROCESS:
            return []
        used = kernels.find_substitute(reading.kernel, reading.language)
        return [not_installed(reading.kernel, used)] if used else []

    def prepare(self, code: Code, description: Description | None = None) -> dict[str, Any]:
        """Store the bytes of code; return the fields of its version. No row is written.

        `description` replaces the one of the code.

        Raises:
            Invalid: an argument is refused.
        """
        if description is not None:
            code = msgspec.structs.replace(code, description=description)
        return self.fields(code, *self.read(code))

    def fields(
        self, code: Code, kind: Kind, reading: Reading, resources: Resources
    ) -> dict[str, Any]:
        """Store the bytes of code like `prepare`, for code that `read` has read."""
        check_arguments(reading.arguments)
        check_reaches(reading.arguments, reading.invocation)
        bundle, file = self._bundle(code, reading.arguments)
        apart = reading.invocation.apart
        check_files(kind.name, split_function_path(file).file, reading.arguments, is_apart=apart)
        if isinstance(kind, ChecksFiles) and code.path is not None:
            kind.check_files(code.path, code.content)
        blob = self._context.blobs.put_bytes(code.content)
        return {
            "kind": kind.name,
            "language": reading.language,
            "kernel": reading.kernel,
            "file": file,
            "content_digest": blob.digest,
            "code_digest": kind.code_digest(code.content),
            "bundle_digest": bundle,
            "arguments": reading.arguments,
            "command": reading.command,
            "invocation": reading.invocation,
            "resources": resources,
        }

    def _bundle(self, code: Code, arguments: Sequence[Argument]) -> tuple[str, str]:
        if code.path is None:
            from nbyard.blobs import Tree, TreeEntry

            blob = self._context.blobs.put_bytes(code.content)
            # Uploaded code has no project, so its bundle is this one executable file.
            entry = TreeEntry(code.filename, blob.digest, blob.size_bytes, True)
            return self._context.blobs.put_tree(Tree([entry], [])).digest, code.filename
        file, root = file_of(code.path), self._context.files.root
        # A bundle with secrets is that of the code which declares them.
        shared = None if self._secret_inputs(file, arguments) else self._shared
        bundle = shared.same_bundle(file, root) if shared else None
        if bundle is None:
            picked, cap = self.pick(code, arguments), self._context.settings.max_local_bundle_bytes
            bundle = bundles.store_bundle(picked, self._context.blobs, cap)
            if self._shared:
                self._shared.keep(picked, bundle, self._context.blobs)
        function = split_function_path(code.filename).function
        return bundle.digest, f"{bundle.file}{SEPARATOR}{function}" if function else bundle.file

    def pick(self, code: Code, arguments: Sequence[Argument]) -> bundles.Picked:
        """Choose the files for the bundle of code with these arguments."""
        assert code.path is not None
        file, settings = file_of(code.path), self._context.settings
        # The bundle includes the files that defaults name, and the folders of inputs.
        named = []
        for argument in arguments:
            if isinstance(argument.default, str) and argument.role != "output":
                path = bundles.names_below(file.parent, argument.default)
                if path and (argument.role == "input" or (file.parent / path).is_file()):
                    named.append(path)
        return bundles.pick_files(
            file,
            self._context.files.root,
            settings.max_local_bundle_bytes,
            named,
            code.mentioned_paths,
            settings.max_bundle_bytes,
            self._secret_inputs(file, arguments),
        )

    def _secret_inputs(self, file: Path, arguments: Sequence[Argument]) -> list[str]:
        declared = (argument.default for argument in arguments if argument.role == "input")
        paths = [default for default in declared if isinstance(default, str)]
        return bundles.secret_inputs(file, self._context.files.root, paths)

    def keep(self, c: Connection, executable_id: str, fields: dict[str, Any]) -> ExecutableVersion:
        """Return the newest version of an executable; insert a new one if any field differs."""
        rows, identity = self._context.store.executables, identity_of(fields)
        known = rows.same_version(c, executable_id, identity)
        if known is not None:
            return known
        number, now = rows.next_number(c, executable_id), datetime.now(UTC)
        version = ExecutableVersion(new_id(), executable_id, number, created_at=now, **fields)
        rows.add_version(c, version, identity)
        return version

    def follow(
        self, c: Connection, owner: str, code: Code, fields: dict[str, Any], revision: int = 0
    ) -> Executable:
        """Return the executable of a file, with a version that has the prepared fields.

        The executable, with this `revision`, and the version are inserted if necessary.

        Raises:
            NotFound: the executable was deleted meanwhile.
        """
        rows = self._context.store.executables
        path = str(code.path)
        known = rows.by_path(c, owner, path)
        if known is None:
            named = code.description.name if code.description else ""
            executable_id = self.register(c, owner, named or code.stem, path, "", revision)
        else:
            executable_id = known.id
        # An unchanged file keeps its version, so its cached results stay valid.
        kept = self.keep(c, executable_id, fields)
        if known is not None and known.current.id == kept.id:
            return known
        executable = rows.get(c, owner, executable_id)
        if executable is None:
            raise NotFound()
        return executable

    def register(
        self,
        c: Connection,
        owner: str,
        name: str,
        path: str,
        description: str,
        revision: int = 1,
    ) -> str:
        """Insert an executable and return its ID.

        Its name is the first free one of `name`, `name 2`, `name 3` and so on. `name` may be that
        of any file.
        """
        rows = self._context.store.executables
        free = free_name(rows.names(c, owner).values(), derived_name(name))
        own = {"path": path, "description": description, "revision": revision}
        return rows.create(c, owner, name=free, **own)


def identity_of(fields: dict[str, Any]) -> str:
    """Return a digest of the fields of a version. Versions with equal digests are the same."""
    return digest_of(fields)


def files_of_source(
    files: ProjectFiles, code: Path
) -> tuple[dict[str, set[Role]], set[str], dict[str, str]]:
    """Return what `source_files` reads in a code file. Paths are relative to its folder."""

    def read(path: str) -> bytes | None:
        real = Path(os.path.normpath(code.parent / path))
        with contextlib.suppress(NbyardError, OSError):
            return files.content(real) if files.has(real) else None
        return None

    return source_files(code.name, read(code.name) or b"", read)


def _with_computed_paths(reading: Reading, files: ProjectFiles, path: Path) -> Reading:
    """Return the reading of a script, with the paths that it computes as defaults."""
    hints = reading.hints_without_description
    unread = {hint.params["name"] for hint in hints if hint.code == "default-computed"}
    paths = files_of_source(files, file_of(path))[2] if unread else {}
    arguments, read = [*reading.arguments], set()
    for place, argument in enumerate(arguments):
        shown, default = getattr(argument.reach, "flag", argument.name), paths.get(argument.name)
        if shown in unread and default is not None:
            guess = format_of(default) if argument.role != "value" else ""
            arguments[place] = msgspec.structs.replace(
                argument, default=default, format=argument.format or guess
            )
            read.add(shown)
    left = [hint for hint in hints if hint.params.get("name") not in read]
    return msgspec.structs.replace(reading, arguments=arguments, hints_without_description=left)


def _with_requirement(argument: Argument, path: Path | None, root: Path) -> Argument:
    """Return the argument, required if it is an input whose default file is not in the bundle."""
    default = argument.default
    # The code fetches a URL by itself, so that a run needs no file for it.
    if argument.role != "input" or not isinstance(default, str) or "://" in default:
        return argument
    is_there = path is not None and default and (path.parent / default).exists()
    if path is not None and is_there and not bundles.is_ignored(path, root, default):
        return argument
    return msgspec.structs.replace(argument, required=True)


class DryVersions:
    """Builds the executable versions that freezing would store. `new` has them by ID.

    The ID of a new version is derived from its content, so that it is the same in each forecast.
    """

    def __init__(self, store: Store):
        self._rows = store.executables
        self.new: dict[str, ExecutableVersion] = {}

    def follow(self, c: Connection, owner: str, code: Code, fields: dict[str, Any]) -> Executable:
        """Return the executable of a file with its present version, stored or new.

        It replaces `Freezer.follow`, which would insert rows.
        """
        known, now = self._rows.by_path(c, owner, str(code.path)), datetime.now(UTC)
        if known and all(getattr(known.current, name) == new for name, new in fields.items()):
            return known
        executable_id = known.id if known else ""
        version_id = f"{executable_id} {identity_of(fields)}"
        new = ExecutableVersion(version_id, executable_id, 0, created_at=now, **fields)
        self.new[new.id] = new
        if known:
            return msgspec.structs.replace(known, current=new)
        return Executable("", code.stem, "", str(code.path), 0, now, now, new, owner=owner)
