"""Service operations on executables, with hints about their files, and exports."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.attempts.monitor_links import wrong_monitors
from nbyard.domain.attempts.undeclared_files import DeclaredFiles, DeclareFiles
from nbyard.domain.callers import Caller
from nbyard.domain.executables.code_diffs import Diff
from nbyard.domain.executables.nbexec_files import Description, apply_description, description_file
from nbyard.domain.executables.structs import (
    AskHelp,
    Executable,
    ExecutablePatch,
    ExecutableVersion,
    Exported,
    Inspect,
    Inspection,
    NewExecutable,
    Resources,
    TagCell,
    chosen_packages,
)
from nbyard.domain.inspection.help_parser import read_help
from nbyard.domain.limits import invalid_limits
from nbyard.domain.naming.names import check_name
from nbyard.domain.naming.runtime_names import PROCESS
from nbyard.domain.paging import Page, page_of
from nbyard.domain.runs.previews.command_lines import CommandDraft, CommandPreview, preview_command
from nbyard.domain.workflows.structs import Node
from nbyard.errors import Detail, InUse, Invalid, NbyardError, NotFound, StaleWrite, reason_of
from nbyard.freezing.environment_resolution import find_default, find_used
from nbyard.freezing.executable_versions import Code, Freezer, with_imported
from nbyard.freezing.node_problems import first_problem
from nbyard.freezing.node_resolution import Resolver, import_hints
from nbyard.host import kernels
from nbyard.host.help_output import command_to_start, program_on_disk, run_help
from nbyard.host.project_files import MAX_DOCUMENT, file_of, write_whole
from nbyard.importers.protocol import exporters
from nbyard.kinds.notebook import has_same_code
from nbyard.reasons.structs import Reason, because
from nbyard.services.executables.undeclared_files import declare_files
from nbyard.services.executables.version_diffs import version_diff
from nbyard.services.operation import operation
from nbyard.services.requests import filter_project, find_earlier_request, store_idempotency_key
from nbyard.services.service_context import Service, ServiceContext, pin_blobs

if TYPE_CHECKING:
    from nbyard.domain.executables.nbexec_files import Description
    from nbyard.domain.executables.structs import Executable
    from nbyard.freezing.executable_versions import Code, Freezer
    from nbyard.host.project_files import ProjectFiles

CHECK_IT, NOTHING_READ = because("help-to-check"), because("help-found-nothing")
COARSE_SECONDS = 2  # file systems may round times this much


if TYPE_CHECKING:
    from nbyard.store import Connection


class ExecutableService(Service):
    """Notebooks, scripts and binaries with named inputs, outputs and parameters."""

    noun = "executables"

    def __init__(self, context: ServiceContext):
        super().__init__(context)
        self._freezer = Freezer(context)

    @operation("GET", "/executables", scope="executables:read")
    def list(
        self, caller: Caller, limit: int = 50, after: str = "", search: str = "", project: str = ""
    ) -> Page[Executable]:
        """List executables, newest first."""
        with self._store.read() as c:
            of = filter_project(self._store, c, caller, project)
            executables = self._store.executables.page(c, caller.name, limit + 1, after, search, of)
        return page_of(executables, limit)

    @operation("POST", "/executables/inspect", scope="executables:read")
    def inspect(self, caller: Caller, body: Inspect) -> Inspection:
        """Read the arguments of a file without running it.

        For a registered file, the result also has the executable's ID and name. The hints name
        packages that the code imports, and that are missing where a run would use them.
        """
        code = self._code(caller.name, body.path, body.upload)
        inspection = self._freezer.inspect(code, body.kind)
        if code.path is None:
            return inspection
        default = find_default(self._context, caller.name, body.path, project=caller.project)
        resolver = Resolver(self._context, caller.name, "", default=default)
        resolver.keep_inspection(body.path, inspection)
        node = Node("executable", path=body.path)
        view = resolver.view(node)
        name = PurePosixPath(body.path).stem
        hints = {} if view.problem else import_hints(resolver, {"": node}, name)
        inspection = msgspec.structs.replace(
            inspection,
            used_environment=view.used_environment,
            hints=[*inspection.hints, *hints.values()],
        )
        with self._store.read() as c:
            known = self._store.executables.by_path(c, caller.name, str(code.path))
        if known is None:
            return inspection
        return msgspec.structs.replace(inspection, executable=known.id, name=known.name)

    @operation("POST", "/executables/help", scope="runs:write")
    def help(self, caller: Caller, body: AskHelp) -> Inspection:
        """Run a command with `--help` and read its arguments.

        The command runs on the server's machine for at most ten seconds. Nothing is saved.

        Raises:
            Invalid: the file is not a command, or the server runs no programs.
        """
        self._store.isolation.check_code_here("run programs with --help")
        # Such a setting keeps foreign code off the server's machine.
        if self._context.settings.default_runtime != PROCESS:
            raise Invalid.field("path", "this server does not run programs on its own machine")
        known = self.get(caller, body.executable) if body.executable else None
        code = (
            self._current_code(known) if known else self._code(caller.name, body.path, body.upload)
        )
        inspection = self._freezer.inspect(code)
        if inspection.kind != "command":
            why = f"{code.filename} is a {inspection.kind}, not a command"
            raise Invalid.field("path", why)
        with program_on_disk(code.path, code.filename, code.content) as path:
            read = read_help(run_help(command_to_start(inspection.command, path)))
        hints = [*read.hints, NOTHING_READ if not read.arguments else CHECK_IT]
        return msgspec.structs.replace(inspection, arguments=read.arguments, hints=hints)

    @operation("POST", "/executables/preview", scope="executables:read")
    def preview(self, caller: Caller, body: CommandDraft) -> CommandPreview:
        """Show the command line of an unsaved description.

        Nothing is run or stored. Runs build their command lines with the same function. A value
        that a run would refuse is therefore refused here too.
        """
        return preview_command(body)

    @operation("POST", "/executables/tag", scope="executables:write", files="writes")
    def tag(self, caller: Caller, body: TagCell) -> Inspection:
        """Tag a code cell as the parameters cell of its notebook.

        Only the tag is added to the file.
        """
        from nbyard.kinds.notebook import tag_text

        code = self._freezer.load(body.path)
        assert code.path is not None
        write_whole(code.path, tag_text(code.content, body.cell))
        return self._freezer.inspect(self._freezer.load(body.path))

    @operation("POST", "/executables/files", scope="executables:write", files="writes")
    def declare(self, caller: Caller, body: DeclareFiles) -> DeclaredFiles:
        """Declare or undeclare files that the code opens by itself.

        The declarations are stored in the executable's description.
        """
        return declare_files(self._context, self._freezer, body)

    def _code(self, owner: str, path: str, upload: str) -> Code:
        if bool(path) == bool(upload):
            raise Invalid.field("path", "set either a path or an upload")
        if path:
            return self._freezer.load(path)
        record, content = self._context.uploads.content(owner, upload, MAX_DOCUMENT)
        return with_imported(Code(record.filename, content, None, None))

    @operation("POST", "/executables", scope="executables:write", status=201)
    @pin_blobs
    def create(self, caller: Caller, body: NewExecutable, idempotency_key: str = "") -> Executable:
        """Register a notebook, script, binary or function.

        Corrections made in the form are written to a description file beside the code
        (`FILE.nbexec`). Registering the same file again creates a new version.
        """
        with self._store.read() as c:
            made = find_earlier_request(self._context, c, caller.name, idempotency_key, body)
        # A repeated request needs no upload, which the first request has deleted.
        if made is not None:
            return self.get(caller, made)
        code = self._code(caller.name, body.path, body.upload)
        description = self._corrected_description(code, body)
        self._check_environment(caller.name, body.resources)
        fields = self._freezer.prepare(code, description)
        self._check_kernel(fields)
        name = check_name(body.name) if isinstance(body.name, str) else ""
        with self._store.write() as c:
            made = find_earlier_request(self._context, c, caller.name, idempotency_key, body)
            if made is None:
                made = self._register(c, caller, code, name, body.description)
                self._freezer.keep(c, made, fields)
                store_idempotency_key(self._context, c, caller.name, idempotency_key, body, made)
        if body.upload:
            self._context.uploads.delete(caller.name, body.upload)
        self._write_description(code, description)
        return with_code_hints(self._freezer, self.get(caller, made), code, description)

    def _check_kernel(self, fields: dict[str, Any]) -> None:
        """Check that the kernel of a notebook without an image exists here."""
        own = fields["resources"]
        is_there = own.environment or own.image or own.requirements
        if not fields["kernel"] or is_there or self._context.settings.default_runtime != PROCESS:
            return
        try:
            kernels.find_kernel(fields["kernel"], fields["language"])
        except NotFound as error:
            raise Invalid.field("path", reason_of(error)) from None

    def _check_environment(self, owner: str, resources: Resources | None) -> None:
        if resources is None or not resources.environment:
            return
        try:
            chosen_packages(Node("executable"), resources)
            find_used(self._context, owner, resources.environment)
        except (NotFound, Invalid) as error:
            why = first_problem(error)
            raise Invalid.field("resources.environment", why, hint=error.hint_reason) from None

    def _corrected_description(self, code: Code, body: NewExecutable) -> Description | None:
        old = code.description or Description(kind=body.kind)
        changes: dict[str, Any] = {}
        if body.arguments is not None:
            changes["arguments"] = tuple(body.arguments)
        if body.command is not None:
            changes["command"] = tuple(body.command)
        if body.kind:
            changes["kind"] = body.kind
        if body.resources is not None:
            limits = invalid_limits(body.resources)
            ports = wrong_monitors(body.resources.ports, body.resources.tensorboard)
            if problems := [*limits, *ports]:
                details = [Detail.of(f"resources.{field}", why) for field, why in problems]
                raise Invalid.fields(details)
            changes["resources"] = body.resources
        if not changes:
            return code.description
        return msgspec.structs.replace(old, **changes)

    def _register(
        self, c: Connection, caller: Caller, code: Code, name: str, description: str
    ) -> str:
        path = str(code.path or "")
        known = self._store.executables.by_path(c, caller.name, path) if path else None
        wanted = name or (known.name if known else code.stem)
        if name:
            self._store.executables.check_free(c, caller.name, name, known.id if known else "")
        if known is not None:
            self._store.executables.change(c, known, name=wanted)
            return known.id
        return self._freezer.register(c, caller.name, wanted, path, description)

    def _write_description(self, code: Code, description: Description | None) -> None:
        if code.path is None or description is None or description == code.description:
            return
        plain = msgspec.structs.replace(code, description=None)
        kind, reading, _ = self._freezer.read(plain, description.kind)
        same = apply_description(reading.own, description.arguments, kind.keeps_arguments)
        told_more = description.command is not None or description.resources != Resources()
        if code.description is not None or told_more or same != reading.arguments:
            target = code.path.with_name(description_file(code.path.name))
            write_whole(target, description.text().encode())

    @operation("GET", "/executables/{executable}", scope="executables:read")
    def get(self, caller: Caller, executable: str) -> Executable:
        """Show an executable, by ID, name or file.

        `hints` says whether its file has changed or is gone.
        """
        with self._store.read() as c:
            path = str(self._context.files.real_path_of(executable))
            record = self._store.executables.find(c, caller.name, executable, path)
        hints, changed = file_hints(self._context.files, record)
        return msgspec.structs.replace(record, hints=hints, changed=changed)

    @operation("PATCH", "/executables/{executable}", scope="executables:write")
    @pin_blobs
    def update(self, caller: Caller, executable: str, body: ExecutablePatch) -> Executable:
        """Rename, describe or correct an executable.

        Other arguments or other code create a new version.

        Raises:
            StaleWrite: another request changed the executable.
        """
        record = self.get(caller, executable)
        if body.revision != record.revision:
            raise StaleWrite()
        changes: dict[str, Any] = {}
        if isinstance(body.name, str):
            changes["name"] = check_name(body.name)
        if isinstance(body.description, str):
            changes["description"] = body.description
        code, description, fields = self._corrected(record, body)
        with self._store.write() as c:
            name = changes.get("name", record.name)
            self._store.executables.check_free(c, caller.name, name, record.id)
            self._store.executables.change(c, record, **changes)
            if fields is not None:
                self._freezer.keep(c, record.id, fields)
        if isinstance(body.upload, str):
            self._context.uploads.delete(caller.name, body.upload)
        if code is not None:
            self._write_description(code, description)
            return with_code_hints(self._freezer, self.get(caller, record.id), code, description)
        return self.get(caller, record.id)

    def _corrected(
        self, executable: Executable, body: ExecutablePatch
    ) -> tuple[Code | None, Description | None, dict[str, Any] | None]:
        given = {
            name: value
            for name in ("arguments", "command", "resources")
            if (value := getattr(body, name)) is not msgspec.UNSET
        }
        if not given and body.upload is msgspec.UNSET:
            return None, None, None
        code = self._current_code(executable)
        if isinstance(body.upload, str):
            code = self._code_of_upload(executable, code, body.upload)
        description = self._corrected_description(
            code, NewExecutable(kind=executable.current.kind, **given)
        )
        self._check_environment(executable.owner, given.get("resources"))
        return code, description, self._freezer.prepare(code, description)

    def _code_of_upload(self, executable: Executable, code: Code, upload: str) -> Code:
        """Return the uploaded code with earlier corrections, but with arguments read anew."""
        if executable.path:
            raise Invalid.field("upload", f"'{executable.name}' follows its file: change the file")
        description = code.description or Description()
        plain = msgspec.structs.replace(code, description=None)
        kind, reading, _ = self._freezer.read(plain, executable.current.kind)
        was_read = reading.arguments and reading.arguments == executable.current.arguments
        if kind.keeps_arguments or was_read:
            description = msgspec.structs.replace(description, arguments=None)
        fresh = self._code(executable.owner, "", upload)
        return (
            fresh if fresh.description else msgspec.structs.replace(fresh, description=description)
        )

    def _current_code(self, executable: Executable) -> Code:
        """Return the current code: the followed file, or stored bytes with their description."""
        if executable.path:
            return self._freezer.load_real(Path(executable.path))
        current = executable.current
        with self._context.blobs.open(current.content_digest) as handle:
            content = handle.read()
        description = Description(
            kind=current.kind,
            arguments=tuple(current.arguments),
            command=tuple(current.command),
            invocation=current.invocation,
            resources=current.resources,
        )
        return Code(current.file, content, None, description)

    @operation("GET", "/executables/{executable}/export", scope="executables:read")
    def export(self, caller: Caller, executable: str, format: str = "cwl") -> Exported:
        """Export a command as a tool description for other programs.

        `format` is `cwl` (CWL v1.2). Registering the exported file gives the same command. The file
        names a script but does not contain it.
        """
        record = self.get(caller, executable)
        return export_executable(self._freezer, record, self._current_code(record), format)

    @operation("DELETE", "/executables/{executable}", scope="executables:write", status=204)
    def delete(self, caller: Caller, executable: str, force: bool = False) -> None:
        """Delete an executable. Its file and past runs are kept.

        Fails while a live run uses it, unless `force` is set.

        Raises:
            InUse: a live run uses it.
        """
        record = self.get(caller, executable)
        with self._context.writing_work() as c:
            if not force and self._store.tasks.active_executables(c, record.id):
                raise InUse(f"'{record.name}' is used by a run that has not finished.")
            self._store.executables.delete(c, record)
            self._store.facts.set_collect_at(c)

    @operation("GET", "/executables/{executable}/versions", scope="executables:read")
    def versions(self, caller: Caller, executable: str) -> Page[ExecutableVersion]:
        """List the versions of an executable, newest first."""
        record = self.get(caller, executable)
        with self._store.read() as c:
            return Page(self._store.executables.versions(c, record.id))

    @operation("GET", "/executables/{executable}/diff", scope="executables:read")
    def diff(self, caller: Caller, executable: str, old: int = 0, new: int = 0) -> Diff:
        """Compare the code of two versions; by default the newest two.

        Raises:
            NotFound: there is no such version.
        """
        versions = {v.number: v for v in self.versions(caller, executable).items}
        second = versions.get(new or max(versions))
        first = versions.get(old or (second.number - 1 if second else 0))
        if first is None or second is None:
            raise NotFound(
                "The version to compare was not found; available:"
                f" {', '.join(map(str, sorted(versions)))}."
            )
        return version_diff(self._context.blobs, first, second)


def export_executable(
    freezer: Freezer, executable: Executable, code: Code, wanted: str
) -> Exported:
    """Return the executable in the format `wanted`, from its current code and description.

    Raises:
        Invalid: The format is unknown, or cannot express the executable.
    """
    known = exporters()
    if wanted not in known:
        why = f"unknown format '{wanted[:40]}'; known: {', '.join(sorted(known))}"
        raise Invalid.field("format", why)
    exporter, suffix = known[wanted]
    kind, reading, resources = freezer.read(code)
    description = Description(
        kind=kind.name,
        arguments=tuple(reading.arguments),
        command=tuple(reading.command),
        invocation=reading.invocation,
        resources=resources,
    )
    text = exporter.write(
        description, label=executable.name, doc=executable.description, file=code.filename
    )
    return Exported(f"{code.stem}{suffix}", text)


def file_hints(files: ProjectFiles, executable: Executable) -> tuple[list[Reason], bool]:
    """Return hints about an executable's file, and whether its code has changed.

    Changed code becomes a new version with the next run.
    """
    number, path = executable.current.number, Path(executable.path)
    if not executable.path:
        return [], False
    if not files.has(path):
        return [because("file-not-served", number=number)], False
    file = file_of(path)
    if not os.path.isfile(file):
        return [because("file-gone", number=number)], False
    # An older file is unchanged, which saves reading it.
    if file.stat().st_mtime < executable.current.created_at.timestamp() - COARSE_SECONDS:
        return [], False
    current = executable.current
    # An unreadable file counts as changed.
    with contextlib.suppress(NbyardError):
        content = files.content(file)
        has_same_bytes = f"sha256:{hashlib.sha256(content).hexdigest()}" == current.content_digest
        # JupyterLab fills in IDs and metadata when it saves a notebook.
        is_notebook = current.kind == "notebook"
        if has_same_bytes or (is_notebook and has_same_code(content, current)):
            return [], False
    return [because("file-changed-since", number=number)], True


def with_code_hints(
    freezer: Freezer, executable: Executable, code: Code, description: Description | None
) -> Executable:
    """Return the executable with hints about its new code added.

    `description` describes the code.
    """
    read = freezer.inspect(msgspec.structs.replace(code, description=description))
    return msgspec.structs.replace(executable, hints=[*read.hints, *executable.hints])
