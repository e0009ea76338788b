"""Resolve the nodes of a document: to views for the canvas, or to frozen nodes for a run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.executables.nbexec_files import Description
from nbyard.domain.executables.structs import (
    ExecutableVersion,
    Inspection,
    chosen_packages,
    has_image,
    is_python,
)
from nbyard.domain.file_formats import TEXT_TABLES, format_of
from nbyard.domain.images.structs import plain_name
from nbyard.domain.naming.runtime_names import DOCKER, PROCESS
from nbyard.domain.naming.unique_names import no_such
from nbyard.domain.runs.map_plans import with_map_ports
from nbyard.domain.runs.planning import COMMAND, CONTAINER, ResolvedNode, RunOverrides, runtime_of
from nbyard.domain.runs.structs import BytesOf, bytes_of
from nbyard.domain.workflows.edges import data_port
from nbyard.domain.workflows.structs import Document, Node, NodeView, part_for_runs, read_document
from nbyard.domain.workflows.subworkflows import (
    KIND,
    Reading,
    arguments_of,
    contents,
    expand,
    is_subworkflow,
)
from nbyard.errors import Busy, Invalid, NbyardError, NotFound, Unavailable
from nbyard.freezing import environment_resolution as environments
from nbyard.freezing.artifact_files import file_named
from nbyard.freezing.executable_versions import Code, Freezer
from nbyard.freezing.imported_packages import (
    MODEL,
    NodeImports,
    Places,
    missing_hints,
    modules_of_code,
    modules_of_version,
    runs_python,
)
from nbyard.freezing.model_packages import (
    ModelPackages,
    PackageProblems,
    bundled_file,
    missing_packages,
    package_problems,
    packages_of_code,
    packages_of_version,
)
from nbyard.freezing.node_problems import problem_of, problem_view, unread_reason
from nbyard.freezing.pinned_nodes import pinned_node
from nbyard.host.kernels import NATIVE
from nbyard.host.project_files import file_of
from nbyard.reasons.structs import because
from nbyard.transfer import bundles

if TYPE_CHECKING:
    from nbyard.domain.arguments.structs import Argument
    from nbyard.domain.environments.references import EnvironmentDefault, NamedBy, UsedEnvironment
    from nbyard.domain.executables.structs import Executable, ReadCode
    from nbyard.domain.runs.structs import Artifact
    from nbyard.freezing.freezing_context import FreezingContext
    from nbyard.reasons.structs import Reason
    from nbyard.store import Connection

    Follow = Callable[[Connection, str, Code, dict[str, Any]], Executable]

REQUESTED = ("image", "hinted_image", "cpu", "memory_bytes", "gpu")


class NodePackages(msgspec.Struct, frozen=True):
    """Where a node finds its packages: in an environment, a requirements file or a kernel.

    `lock` is that of the environment. All are empty if nothing names packages.
    """

    used: UsedEnvironment | None = None
    lock: bytes = b""
    requirements: str = ""
    kernel: str = ""


class Resolver:
    """Resolves the nodes of a document in the folder `base`. `arguments` describe files without
    a description. `environment` and `kernel` override the settings of nodes.
    `default` is for Python code that names no packages.
    """

    def __init__(  # noqa: PLR0913
        self,
        context: FreezingContext,
        owner: str,
        base: str,
        *,
        arguments: Sequence[Argument] = (),
        environment: str = "",
        kernel: str = "",
        default: EnvironmentDefault | None = None,
    ):
        self.context = context
        self._given_description = Description(arguments=tuple(arguments)) if arguments else None
        self.owner = owner
        self.base = base
        self.freezer = Freezer(context, bundles.SharedBundles())
        self._environment = environment
        self._kernel = kernel
        self._default = default
        self._places = Places(context)
        self._reading = Reading(cache(self._subworkflow), self._node_takes_default)
        # Many nodes share a file, an environment or a kernel: each is looked up only once.
        self.used = cache(partial(environments.find_used, context, owner))
        self._of_kernel = cache(partial(environments.of_kernel, context, owner))
        self._codes: dict[str, Code] = {}
        self._inspections: dict[str, Inspection] = {}
        self._modules: dict[Path | None, frozenset[str]] = {}

    def keep_inspection(self, path: str, inspection: Inspection) -> None:
        """Keep the inspection of a file, which is then not inspected again."""
        self._inspections[path] = inspection

    def view(self, node: Node) -> NodeView:
        """Return the view of a node for the canvas, with its problem, if any."""
        try:
            return self.checked_view(node)
        except NbyardError as error:
            return problem_view(node, error)

    def checked_view(self, node: Node) -> NodeView:
        """Return the view of a node for the canvas; a problem is raised as an error."""
        if node.type == "dataset":
            return data_view(self.context, self.owner, self.base, node)
        if is_subworkflow(node):
            return self._workflow_view(node)
        read, name, executable_id = self._read(node)
        packages = self.packages(node, read)
        needs = read.resources
        seen = read if isinstance(read, Inspection) else None
        hints = seen.hints if seen else []
        runtime = node.runtime or self.context.settings.default_runtime
        has_own = has_image(node, needs) or packages.requirements
        if read.kind == MODEL and runtime == PROCESS and not has_own:
            missing = missing_packages(self.context, self.model_packages(node), packages.used)
            hints = [*hints, missing] if missing else hints
        return NodeView(
            name,
            read.kind,
            read.arguments,
            hints,
            executable_id,
            tag_cell=seen.tag_cell if seen else None,
            tag_names=seen.tag_names if seen else [],
            environment=self._named_by(read),
            default_environment=None if node.names_packages else self._default_of(read),
            used_environment=packages.used,
            **{requested: getattr(needs, requested) for requested in REQUESTED},
        )

    def expanded(self, document: Document, path: str) -> Document:
        """Return the document at `path` with the nodes of its sub-workflows in their place.

        Raises:
            NbyardError: a sub-workflow cannot be read, contains itself or lacks a used port.
        """
        return expand(document, self._reading, (os.path.basename(path),))

    def _workflow_view(self, node: Node) -> NodeView:
        document = contents(node, self._reading, ())
        views = {name: self.view(inner) for name, inner in document.nodes.items()}
        ports = with_map_ports(document, {name: view.arguments for name, view in views.items()})
        inside = ((name, view.problem) for name, view in views.items() if view.problem)
        name, problem = next(inside, ("", None))
        return NodeView(
            document.meta.title or Path(node.path).stem,
            KIND,
            [*arguments_of(document, ports)],
            passed_on=[f"{edge.source}.{edge.output}" for edge in document.edges.values()],
            problem=problem and because("field", path=name, reason=problem),
        )

    def _subworkflow(self, path: str) -> Document:
        text = self.context.files.content(self.context.files.locate(path, base=self.base))
        return part_for_runs(read_document(text, strict=True))

    def _node_takes_default(self, node: Node) -> bool:
        with contextlib.suppress(NbyardError):  # of its file, which its view shows
            return self._takes_default(self._read(node)[0])
        return False

    def imports(self, node: Node, overrides: RunOverrides | None = None) -> NodeImports | None:
        """Return what the code of a node imports, None if it needs no packages of Python."""
        read, *_ = self._read(node)
        if not runs_python(read):
            return None
        if code := self.code(node):
            if code.path not in self._modules:
                self._modules[code.path] = modules_of_code(self.context.files, code)
            modules = self._modules[code.path]
        else:
            modules = modules_of_version(self.context.blobs, self.version(node))
        packages = self.packages(node, read)
        options = overrides or RunOverrides(self.context.settings.default_runtime)
        image = node.image or read.resources.image
        runtime = runtime_of(node, read.kind, image, options)
        image = options.image or image or read.resources.hinted_image
        if runtime == DOCKER and (image or packages.requirements):
            runtime = ""
        return self._places.imports(modules, read, packages.used, runtime, packages.kernel)

    def model_packages(self, node: Node) -> ModelPackages:
        """Return the packages of the model that a node runs."""
        if code := self.code(node):
            return packages_of_code(self.context, code)
        return packages_of_version(self.context, self.version(node))

    def _read(self, node: Node) -> tuple[ReadCode, str, str]:
        """Return the code that a node runs, and the name and ID of its executable."""
        if node.path and not node.version:
            if node.path not in self._inspections:
                self._inspections[node.path] = self.freezer.inspect(self._code(node.path))
            seen = self._inspections[node.path]
            return seen, seen.name, seen.executable
        code, executable = self.code(node), self.registered(node)
        read = self.freezer.inspect(code) if code else self.version(node)
        return read, executable.name, executable.id

    def _named_by(self, read: ReadCode) -> str:
        """Return the environment that an executable names, directly or through its kernel."""
        own = read.resources
        return own.environment or ("" if own.requirements else self._of_kernel(read.kernel))

    def _default_of(self, read: ReadCode) -> EnvironmentDefault | None:
        return self._default if self._takes_default(read) else None

    def _takes_default(self, read: ReadCode) -> bool:
        """Return whether an executable is in Python and names no packages itself."""
        own = read.resources
        can_use = runs_python(read) and (read.kind != "notebook" or read.kernel in ("", NATIVE))
        names_some = own.requirements or own.image or own.hinted_image or self._named_by(read)
        return can_use and not names_some

    def packages(self, node: Node, read: ReadCode) -> NodePackages:
        """Return where a node finds its packages.

        Raises:
            NotFound: the environment or kernel does not exist.
            Invalid: it is not ready, or the notebook's language is not Python.
        """
        kernel = environments.chosen_kernel(read, self._kernel)
        kernel = kernel or environments.chosen_kernel(read, node.kernel, node)
        environment, requirements = self._environment, ""
        if not environment:
            environment, requirements = chosen_packages(node, read.resources)
        named_by: NamedBy = "executable"
        default = None
        if kernel:
            environment = self._of_kernel(kernel)
            named_by = "run" if self._kernel else "node"
        elif requirements:
            return NodePackages(requirements=requirements)
        elif self._environment:
            named_by = "run"
        elif node.environment:
            named_by = "node"
        elif not environment:
            environment, named_by = self._of_kernel(read.kernel), "kernel"
            default = None if node.names_packages else self._default_of(read)
        if not environment and default is None:
            return NodePackages(kernel=kernel)
        used, lock = self.used(default.environment if default else environment)
        if default:
            return NodePackages(msgspec.structs.replace(used, default=default), lock)
        if not kernel and read.kind == "notebook" and not is_python(read.language):
            why = (
                "the environment contains Python packages, but the language of the notebook is"
                f" {read.language}"
            )
            raise Invalid.field("environment", why)
        return NodePackages(msgspec.structs.replace(used, named_by=named_by), lock)

    def _code(self, path: str) -> Code:
        """Read the code of a file once, so that all nodes with this file use the same bytes."""
        if path not in self._codes:
            code = self.freezer.load(path, base=self.base)
            if code.description is None:
                code = msgspec.structs.replace(code, description=self._given_description)
            self._codes[path] = code
        return self._codes[path]

    def code(self, node: Node) -> Code | None:
        """Return the code in the node's file; None if a version is pinned or there is no file."""
        if node.version:
            return None
        if node.path:
            return self._code(node.path)
        followed = Path(self.registered(node).path)
        if self.context.files.has(followed) and os.path.isfile(file_of(followed)):
            return self.freezer.load_real(followed)
        return None

    def registered(self, node: Node) -> Executable:
        """Return the executable that a node names, or that is registered for its file."""
        with self.context.store.read() as c:
            if node.executable:
                executable = self.context.store.executables.get(c, self.owner, node.executable)
            else:
                real = self.context.files.locate_code(node.path, base=self.base)
                executable = self.context.store.executables.by_path(c, self.owner, str(real))
            if executable is None:
                names = self.context.store.executables.names(c, self.owner)
                raise no_such("executable", node.executable or node.path, names.values())
        return executable

    def version(self, node: Node) -> ExecutableVersion:
        """Return the version that a node is pinned to, else the newest of its executable.

        Raises:
            NotFound: the version was deleted.
        """
        executable = self.registered(node)
        if not node.version:
            return executable.current
        with self.context.store.read() as c:
            version = self.context.store.executables.version(c, node.version)
        if version is None or version.executable_id != executable.id:
            raise NotFound(f"The version {node.version} that this node is pinned to is gone.")
        return version


def import_hints(
    resolver: Resolver, nodes: Mapping[str, Node], name: str, overrides: RunOverrides | None = None
) -> dict[str, Reason]:
    """Return by node why its packages are missing; nodes with other problems are left out.

    `name` is that of an environment to create. `overrides` are the options of a run.
    """
    imports = {}
    for key, node in nodes.items():
        with contextlib.suppress(NbyardError):
            if of_node := resolver.imports(node, overrides):
                imports[key] = of_node
    name = plain_name(name or "packages", "packages")
    store = resolver.context.store
    with store.read() as c:
        exists = store.environments.get(c, resolver.owner, name) is not None
    return missing_hints(imports, name, exists=exists)


def data_view(context: FreezingContext, owner: str, base: str, node: Node) -> NodeView:
    """Return the view of a node that is a file, an artifact or a dataset.

    Raises:
        NotFound: the file, artifact or dataset does not exist.
    """
    if node.path:
        real = _located(context, base, node)
        kind = "folder" if real.is_dir() else format_of(real.name)
        return NodeView(real.name, "dataset", [data_port(kind)])
    if node.artifact:
        port = data_port(_artifact(context, owner, node).format)
        return NodeView(node.artifact, "dataset", [port])
    with context.store.read() as c:
        dataset = context.store.datasets.get(c, owner, node.dataset)
        ready = context.store.datasets.newest_ready(c, dataset.id) if dataset else None
    if dataset is None:
        raise NotFound(f"The dataset '{node.dataset}' was deleted.")
    port = data_port((ready or dataset.current).format)
    return NodeView(dataset.name, "dataset", [port], dataset=dataset.id)


def frozen_data(context: FreezingContext, owner: str, base: str, node: Node) -> ResolvedNode:
    """Return a node that is data with its stored bytes.

    Raises:
        NotFound: the file, artifact or dataset does not exist, or the dataset is not ready.
    """
    if node.path:
        real = _located(context, base, node)
        put = context.blobs.put_folder if (folder := real.is_dir()) else context.blobs.put_file
        blob, kind = put(real), "folder" if folder else format_of(real.name)
        data = bytes_of(blob.digest, real.name, node.path)
        return ResolvedNode(real.name, [data_port(kind)], data)
    if node.artifact:
        file = _artifact(context, owner, node)
        data = bytes_of(file.digest, file.filename, node.artifact, f"artifact:{file.id}")
        return ResolvedNode(node.artifact, [data_port(file.format)], data)
    with context.store.read() as c:
        dataset = context.store.datasets.get(c, owner, node.dataset)
        version = context.store.datasets.newest_ready(c, dataset.id) if dataset else None
    if dataset is None:
        raise NotFound(f"The dataset '{node.dataset}' does not exist.")
    if version is None:
        raise NotFound(f"The dataset '{dataset.name}' is not ready.")
    origin, is_table = f"{dataset.name} v{version.number}", version.format in TEXT_TABLES
    stored = (version.digest, version.filename, origin, is_table, f"dataset:{version.id}")
    return ResolvedNode(dataset.name, [data_port(version.format)], BytesOf(*stored))


def _located(context: FreezingContext, base: str, node: Node) -> Path:
    real = context.files.locate(node.path, base=base)
    if not real.exists():
        raise NotFound(because("no-file", path=node.path))
    return real


def _artifact(context: FreezingContext, owner: str, node: Node) -> Artifact:
    with context.store.read() as c:
        return file_named(context.store, c, owner, node.artifact)


class FrozenNode(msgspec.Struct, frozen=True):
    """A node whose bytes are stored."""

    resolved: ResolvedNode
    version: ExecutableVersion | None = None  # has no row yet if it is that of `code`
    code: Code | None = None
    fields: dict[str, Any] = {}  # of the version to store for the code
    problems: PackageProblems | None = None  # of a model


class Freeze:
    """Freezes nodes. The constructor stores bytes, and `rows` inserts rows in a transaction."""

    def __init__(self, resolver: Resolver, nodes: Mapping[str, Node]):
        self.resolver = resolver
        self._context = resolver.context
        # Nodes share files, bundles and locks.
        self._prepared: dict[Path | None, tuple[dict[str, Any], Reason | None]] = {}
        self._excess = cache(self._largest_files)
        self._put = cache(self._context.blobs.put_bytes)
        self.nodes: dict[str, FrozenNode] = {}
        for name, node in nodes.items():
            try:
                self.nodes[name] = self._freeze(name, node)
            except (Busy, Unavailable):  # a problem of the server, such as a full disk
                raise
            except NbyardError as error:
                self.nodes[name] = FrozenNode(ResolvedNode(name, problem=problem_of(error)))

    def _freeze(self, name: str, node: Node) -> FrozenNode:
        resolver, context = self.resolver, self._context
        if node.type == "dataset":
            return FrozenNode(frozen_data(context, resolver.owner, resolver.base, node))
        if node.pin is not None:
            return FrozenNode(pinned_node(context, resolver.owner, name, node.pin))
        code = resolver.code(node)
        fields, unread = self._prepare(code) if code else ({}, None)
        if code:
            version = ExecutableVersion("", "", 0, created_at=datetime.now(UTC), **fields)
        else:
            name, version = resolver.registered(node).name, resolver.version(node)
        packages = resolver.packages(node, version)
        requirements, model, problems = self._requirements(node, packages, version, code), "", None
        if version.kind == MODEL and not requirements and not has_image(node, version.resources):
            needed = resolver.model_packages(node)
            problems = package_problems(context, needed, packages.used)
            if packages.used is None and not needed.unread:
                model = self._put(needed.text.encode()).digest
        resolved = ResolvedNode(
            name,
            version.arguments,
            kind=version.kind,
            executable_id=version.executable_id,
            version_id=version.id,
            resources=version.resources,
            requirements_digest=requirements,
            environment=packages.used,
            lock_digest=self._put(packages.lock).digest if packages.used else "",
            kernel=packages.kernel,
            excess=self._excess(version.bundle_digest),
            for_shell=version.invocation.for_shell,
            unread=unread,
            model_requirements=model,
        )
        return FrozenNode(resolved, version, code, fields, problems)

    def _prepare(self, code: Code) -> tuple[dict[str, Any], Reason | None]:
        """Freeze a file once; return its fields, and why its arguments are unread, if so."""
        if code.path not in self._prepared:
            kind, reading, resources = self.resolver.freezer.read(code)
            fields = self.resolver.freezer.fields(code, kind, reading, resources)
            is_unread = kind.name == COMMAND and not reading.arguments
            self._prepared[code.path] = fields, unread_reason(reading.hints) if is_unread else None
        return self._prepared[code.path]

    def _requirements(
        self, node: Node, packages: NodePackages, version: ExecutableVersion, code: Code | None
    ) -> str:
        """Store the requirements file of a node or of its executable; return its digest, if any."""
        path, files = packages.requirements, self._context.files
        if not path:
            return ""
        if not (node.requirements or code):
            return bundled_file(self._context, version, path)
        base = files.shown(code.folder) if code and not node.requirements else self.resolver.base
        real = files.locate(path, "requirements", base)
        if not real.is_file():
            raise NotFound(f"There is no requirements file {path}.")
        return self._context.blobs.put_file(real).digest

    def _largest_files(self, bundle: str) -> tuple[Reason, ...]:
        most = self._context.settings.max_bundle_bytes
        return bundles.largest_files(self._context.blobs.tree(bundle), most)

    def requirements(self, name: str) -> str:
        """Return the text of a node's lock or requirements file; empty for neither."""
        of = self.nodes[name].resolved
        digest = of.lock_digest or of.requirements_digest or of.model_requirements
        if not digest:
            return ""
        with self._context.blobs.open(digest) as handle:
            return handle.read().decode("utf-8", "replace")

    def dockerfile(self, name: str) -> tuple[str, str]:
        """Return a node's bundle digest and Dockerfile path; empty strings for other kinds."""
        version = self.nodes[name].version
        if version is None or version.kind != CONTAINER:
            return "", ""
        return version.bundle_digest, version.file

    def rows(self, c: Connection, follow: Follow | None = None) -> dict[str, ResolvedNode]:
        """Store new executables and versions by `follow`; return the resolved nodes by ID."""
        store = follow or self.resolver.freezer.follow
        followed: dict[Path | None, Executable] = {}
        resolved = {}
        for name, node in self.nodes.items():
            resolved[name] = node.resolved
            if node.code:
                path = node.code.path
                if path not in followed:
                    followed[path] = store(c, self.resolver.owner, node.code, node.fields)
                now = followed[path].current
                ids = {"executable_id": now.executable_id, "version_id": now.id}
                resolved[name] = msgspec.structs.replace(
                    node.resolved, name=followed[path].name, **ids
                )
        return resolved
