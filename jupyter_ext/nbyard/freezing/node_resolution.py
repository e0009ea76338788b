"""Resolve the nodes of a document: to views for the canvas, or to frozen nodes for a run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.environments.structs import KERNEL_PREFIX
from nbyard.domain.executables.chosen_packages import chosen_packages, has_image
from nbyard.domain.executables.nbexec_files import Description
from nbyard.domain.executables.structs import Resources, is_python
from nbyard.domain.images.structs import plain_name
from nbyard.domain.naming.runtime_names import DOCKER, PROCESS
from nbyard.domain.naming.unique_names import no_such
from nbyard.domain.runs.planning import (
    COMMAND,
    CONTAINER,
    ResolvedNode,
    RunOverrides,
    runtime_of,
)
from nbyard.domain.workflows.structs import Node, NodeView
from nbyard.errors import Busy, Invalid, NbyardError, NotFound, Unavailable
from nbyard.freezing import environment_resolution as environments
from nbyard.freezing.data_nodes import data_view, frozen_data
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
from nbyard.host.kernels.installed_kernels import NATIVE
from nbyard.host.project_files import file_of
from nbyard.transfer import bundles

if TYPE_CHECKING:
    from nbyard.domain.arguments.structs import Argument
    from nbyard.domain.environments.references import EnvironmentDefault, NamedBy, UsedEnvironment
    from nbyard.domain.executables.structs import Executable, ExecutableVersion, Inspection
    from nbyard.freezing.freezing_context import FreezingContext
    from nbyard.reasons.structs import Reason
    from nbyard.store import Connection

    Follow = Callable[[Connection, str, Code, dict[str, Any]], Executable]

REQUESTED = ("image", "hinted_image", "cpu", "memory_bytes", "gpu")


class Resolver:
    """Resolves the nodes of a document in the folder `base`. `arguments` describe files without
    a description. `environment` and `kernel` override the settings of nodes.
    `default` is for Python code that names no packages.
    """

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        parts: FreezingContext,
        owner: str,
        base: str,
        arguments: Sequence[Argument] = (),
        environment: str = "",
        kernel: str = "",
        default: EnvironmentDefault | None = None,
    ):
        self.parts = parts
        self._given_description = Description(arguments=tuple(arguments)) if arguments else None
        self.owner = owner
        self.base = base
        self.freezer = Freezer(parts, bundles.SharedBundles())
        self._environment = environment
        self._kernel = kernel
        self._default = default
        self._codes: dict[str, Code] = {}
        self._views: dict[str, tuple[NodeView, environments.Needs]] = {}
        self._used: dict[str, environments.Found] = {}
        self._of_kernels: dict[str, str] = {}
        self._places = Places(parts)
        self._modules: dict[Path | None, frozenset[str]] = {}

    def keep_inspection(self, path: str, inspection: Inspection) -> None:
        """Keep the inspection of a file, which is then not inspected again."""
        self._views[path] = self._view(inspection)

    def view(self, node: Node) -> NodeView:
        """Return the view of a node for the canvas, with its problem, if any."""
        try:
            return self.checked_view(node)
        except NbyardError as error:
            return problem_view(node, error)

    def checked_view(self, node: Node) -> NodeView:
        """Return the view of a node for the canvas; a problem is raised as an error."""
        if node.type == "dataset":
            return data_view(self.parts, self.owner, self.base, node)
        view, needs = self._executable_view(node)
        if _names_packages(node) and view.default_environment:
            view = msgspec.structs.replace(view, default_environment=None)
        used, _ = self.environment_of(node, needs) or (None, b"")
        view = msgspec.structs.replace(view, used_environment=used)
        runtime = node.runtime or self.parts.settings.default_runtime
        if view.kind != MODEL or runtime != PROCESS:
            return view
        if has_image(node, needs.resources) or (not used and self._requirements(node, needs)):
            return view
        missing = missing_packages(self.parts, self.model_packages(node), used)
        hints = [*view.hints, missing] if missing else view.hints
        return msgspec.structs.replace(view, hints=hints)

    def imports(self, node: Node, overrides: RunOverrides | None = None) -> NodeImports | None:
        """Return what the code of a node imports, None if it needs no packages of Python."""
        view, needs = self._executable_view(node)
        if not runs_python(needs):
            return None
        if code := self.code(node):
            if code.path not in self._modules:
                self._modules[code.path] = modules_of_code(self.parts.files, code)
            modules = self._modules[code.path]
        else:
            version = self.pinned(node) if node.version else self.registered(node).current
            modules = modules_of_version(self.parts.blobs, version)
        used, _ = self.environment_of(node, needs) or (None, b"")
        options = overrides or RunOverrides(self.parts.settings.default_runtime)
        image = node.image or view.image
        runtime = runtime_of(node, view.kind, image, options)
        image = options.image or image
        if runtime == DOCKER and (image or view.hinted_image or self._requirements(node, needs)):
            runtime = ""
        return self._places.imports(modules, needs, used, runtime, self.kernel_of(node, needs))

    def _requirements(self, node: Node, needs: environments.Needs) -> str:
        return self.chosen_packages(node, needs.resources)[1]

    def model_packages(self, node: Node) -> ModelPackages:
        """Return the packages of the model that a node runs."""
        if code := self.code(node):
            return packages_of_code(self.parts, code)
        version = self.pinned(node) if node.version else self.registered(node).current
        return packages_of_version(self.parts, version)

    def _executable_view(self, node: Node) -> tuple[NodeView, environments.Needs]:
        if node.path and not node.version:
            if node.path not in self._views:
                self._views[node.path] = self._view(self.freezer.inspect(self._code(node.path)))
            return self._views[node.path]
        code = self.code(node)
        executable = self.registered(node)
        if code:
            view, needs = self._view(self.freezer.inspect(code))
            names = {"name": executable.name, "executable": executable.id}
            return msgspec.structs.replace(view, **names), needs
        version = self.pinned(node) if node.version else executable.current
        view = NodeView(
            executable.name,
            version.kind,
            version.arguments,
            executable=executable.id,
            **self._requested(version),
        )
        return view, environments.needs_of_executable(version)

    def _requested(self, of: ExecutableVersion | Inspection) -> dict[str, Any]:
        """Return what an executable requests, as fields of a `NodeView`."""
        needs = environments.needs_of_executable(of)
        named = {
            "environment": self._named_by(needs),
            "default_environment": self._default_of(needs),
        }
        return {**named, **{n: getattr(of.resources, n) for n in REQUESTED}}

    def _named_by(self, of: environments.Needs) -> str:
        """Return the environment that an executable names, directly or through its kernel."""
        own = of.resources
        return own.environment or ("" if own.requirements else self._of_kernel(of.kernel))

    def _default_of(self, of: environments.Needs) -> EnvironmentDefault | None:
        """Return the default environment of an executable that names no packages itself."""
        own = of.resources
        can_use = runs_python(of) and (of.kind != "notebook" or of.kernel in ("", NATIVE))
        names_some = own.requirements or own.image or own.hinted_image or self._named_by(of)
        return None if names_some or not can_use else self._default

    def _of_kernel(self, kernel: str) -> str:
        if not kernel.startswith(KERNEL_PREFIX):  # not a kernel of an environment
            return ""
        if kernel not in self._of_kernels:
            self._of_kernels[kernel] = environments.of_kernel(self.parts, self.owner, kernel)
        return self._of_kernels[kernel]

    def used(self, reference: str) -> environments.Found:
        """Return the environment version that a reference means; it is looked up only once."""
        if reference not in self._used:
            self._used[reference] = environments.find_used(self.parts, self.owner, reference)
        return self._used[reference]

    def chosen_packages(self, node: Node, default: Resources) -> tuple[str, str]:
        """Return the environment and the requirements file of a node, at most one of them."""
        return (self._environment, "") if self._environment else chosen_packages(node, default)

    def kernel_of(self, node: Node, of: environments.Needs) -> str:
        """Return the kernel that replaces a notebook's own; empty for none."""
        given = environments.chosen_kernel(of, self._kernel)
        return given or environments.chosen_kernel(of, node.kernel, node)

    def environment_of(self, node: Node, of: environments.Needs) -> environments.Found | None:
        """Return the environment version that a node uses and its lock; None for no environment.

        Raises:
            NotFound: the environment does not exist.
            Invalid: it is not ready, or the notebook's language is not Python.
        """
        if kernel := self.kernel_of(node, of):
            environment = self._of_kernel(kernel)
            return self._named(environment, "run" if self._kernel else "node")
        environment, requirements = self.chosen_packages(node, of.resources)
        named_by: NamedBy = "executable"
        if self._environment:
            named_by = "run"
        elif node.environment:
            named_by = "node"
        elif not environment and not requirements:
            environment, named_by = self._of_kernel(of.kernel), "kernel"
        if not environment:
            default = None if _names_packages(node) else self._default_of(of)
            if default is None:
                return None
            used, lock = self.used(default.environment)
            return msgspec.structs.replace(used, default=default), lock
        if of.kind == "notebook" and not is_python(of.language):
            why = (
                "the environment contains Python packages, but the language of the notebook is"
                f" {of.language}"
            )
            raise Invalid.field("environment", why)
        return self._named(environment, named_by)

    def _named(self, environment: str, by: NamedBy) -> environments.Found | None:
        if not environment:
            return None
        used, lock = self.used(environment)
        return msgspec.structs.replace(used, named_by=by), lock

    def _view(self, seen: Inspection) -> tuple[NodeView, environments.Needs]:
        view = NodeView(
            seen.name,
            seen.kind,
            seen.arguments,
            seen.hints,
            executable=seen.executable,
            tag_cell=seen.tag_cell,
            **self._requested(seen),
        )
        return view, environments.needs_of_executable(seen)

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
        if self.parts.files.has(followed) and os.path.isfile(file_of(followed)):
            return self.freezer.load_real(followed)
        return None

    def registered(self, node: Node) -> Executable:
        """Return the executable that a node names, or that is registered for its file."""
        with self.parts.store.read() as c:
            if node.executable:
                executable = self.parts.store.executables.get(c, self.owner, node.executable)
            else:
                real = self.parts.files.locate_code(node.path, base=self.base)
                executable = self.parts.store.executables.by_path(c, self.owner, str(real))
            if executable is None:
                names = self.parts.store.executables.names(c, self.owner)
                raise no_such("executable", node.executable or node.path, names.values())
        return executable

    def pinned(self, node: Node) -> ExecutableVersion:
        """Return the version that a node is pinned to.

        Raises:
            NotFound: the version was deleted.
        """
        with self.parts.store.read() as c:
            version = self.parts.store.executables.version(c, node.version)
        if version is None or version.executable_id != self.registered(node).id:
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
    store = resolver.parts.store
    with store.read() as c:
        exists = store.environments.get(c, resolver.owner, name) is not None
    return missing_hints(imports, name, exists=exists)


def _names_packages(node: Node) -> bool:
    """Return whether a node itself chooses its packages."""
    return bool(node.environment or node.requirements or node.kernel or node.image)


class Freeze:
    """Freezes nodes. The constructor stores bytes, and `rows` inserts rows in a transaction."""

    def __init__(self, resolver: Resolver, nodes: Mapping[str, Node]):
        self.resolver = resolver
        self._codes: dict[str, tuple[Code, dict[str, Any]]] = {}
        self._prepared: dict[Path | None, tuple[dict[str, Any], Reason | None]] = {}
        self._excess: dict[str, tuple[Reason, ...]] = {}
        self._requirements: dict[str, str] = {}
        self._dockerfiles: dict[str, tuple[str, str]] = {}
        self._environments: dict[str, tuple[UsedEnvironment, str]] = {}
        self._locks: dict[str, str] = {}
        self._kernels: dict[str, str] = {}
        self._unread: dict[str, Reason | None] = {}
        self._model_requirements: dict[str, str] = {}
        self.package_problems: dict[str, PackageProblems] = {}
        self.resolved: dict[str, ResolvedNode] = {}
        for name, node in nodes.items():
            try:
                self._bytes(name, node)
            except (Busy, Unavailable):  # a problem of the server, such as a full disk
                raise
            except NbyardError as error:
                self.resolved[name] = ResolvedNode(name, problem=problem_of(error))

    def _bytes(self, name: str, node: Node) -> None:
        resolver = self.resolver
        if node.type == "dataset":
            data = frozen_data(resolver.parts, resolver.owner, resolver.base, node)
            self.resolved[name] = data
            return
        if node.pin is not None:
            self.resolved[name] = pinned_node(resolver.parts, resolver.owner, name, node.pin)
            return
        code = resolver.code(node)
        if code is not None:
            fields, self._unread[name] = self._prepare(code)
            needs = environments.needs_of_fields(fields)
            shown = resolver.parts.files.shown
            self._add_packages(name, node, needs, lambda at: self._stored(at, shown(code.folder)))
            self._add_model(name, node, needs)
            self._codes[name] = (code, fields)
            if fields["kind"] == CONTAINER:
                self._dockerfiles[name] = fields["bundle_digest"], fields["file"]
        else:
            executable = resolver.registered(node)
            version = resolver.pinned(node) if node.version else executable.current
            needs = environments.needs_of_executable(version)
            self._add_packages(name, node, needs, lambda _: self._bundled(version))
            self._add_model(name, node, needs)
            self.resolved[name] = self._resolved(name, executable.name, version)
            if version.kind == CONTAINER:
                self._dockerfiles[name] = version.bundle_digest, version.file

    def _add_packages(
        self, name: str, node: Node, of: environments.Needs, read_default: Callable[[str], str]
    ) -> None:
        """Store a node's lock or requirements; `read_default` returns those of the executable."""
        resolver = self.resolver
        kernel = resolver.kernel_of(node, of)
        _, requirements = resolver.chosen_packages(node, of.resources)
        if requirements and not kernel:
            own = node.requirements
            stored = self._stored(own, resolver.base) if own else read_default(requirements)
            self._requirements[name] = stored
        elif environment := resolver.environment_of(node, of):
            used, lock = environment
            if used.version_id not in self._locks:
                self._locks[used.version_id] = self.resolver.parts.blobs.put_bytes(lock).digest
            self._environments[name] = used, self._locks[used.version_id]
        elif kernel:
            self._kernels[name] = kernel

    def _add_model(self, name: str, node: Node, of: environments.Needs) -> None:
        """Store the packages of a model without requirements or image, and their problems."""
        if of.kind != MODEL or name in self._requirements or has_image(node, of.resources):
            return
        parts, packages = self.resolver.parts, self.resolver.model_packages(node)
        used, _ = self._environments.get(name, (None, ""))
        self.package_problems[name] = package_problems(parts, packages, used)
        if used is None and not packages.unread:
            digest = parts.blobs.put_bytes(packages.text.encode()).digest
            self._model_requirements[name] = digest

    def _prepare(self, code: Code) -> tuple[dict[str, Any], Reason | None]:
        """Freeze a file once; return its fields, and why its arguments are unread, if so."""
        if code.path not in self._prepared:
            kind, reading, resources = self.resolver.freezer.read(code)
            fields = self.resolver.freezer.fields(code, kind, reading, resources)
            is_unread = kind.name == COMMAND and not reading.arguments
            self._prepared[code.path] = fields, unread_reason(reading.hints) if is_unread else None
        return self._prepared[code.path]

    def _stored(self, path: str, base: str) -> str:
        real = self.resolver.parts.files.locate(path, "requirements", base)
        if not real.is_file():
            raise NotFound(f"There is no requirements file {path}.")
        return self.resolver.parts.blobs.put_file(real).digest

    def _bundled(self, version: ExecutableVersion) -> str:
        return bundled_file(self.resolver.parts, version, version.resources.requirements)

    def _resolved(self, name: str, label: str, version: ExecutableVersion) -> ResolvedNode:
        used, lock = self._environments.get(name, (None, ""))
        parts, bundle = self.resolver.parts, version.bundle_digest
        if bundle not in self._excess:
            most = parts.settings.max_bundle_bytes
            self._excess[bundle] = bundles.largest_files(parts.blobs.tree(bundle), most)
        return ResolvedNode(
            label,
            version.arguments,
            kind=version.kind,
            executable_id=version.executable_id,
            version_id=version.id,
            resources=version.resources,
            requirements_digest=self._requirements.get(name, ""),
            environment=used,
            lock_digest=lock,
            kernel=self._kernels.get(name, ""),
            excess=self._excess[bundle],
            for_shell=version.invocation.for_shell,
            unread=self._unread.get(name),
            model_requirements=self._model_requirements.get(name, ""),
        )

    def requirements(self, name: str) -> str:
        """Return the text of a node's lock or requirements file; empty for neither."""
        _, lock = self._environments.get(name, (None, ""))
        digest = lock or self._requirements.get(name) or self._model_requirements.get(name)
        if not digest:
            return ""
        with self.resolver.parts.blobs.open(digest) as handle:
            return handle.read().decode("utf-8", "replace")

    def dockerfile(self, name: str) -> tuple[str, str]:
        """Return a node's bundle digest and Dockerfile path; empty strings for other kinds."""
        return self._dockerfiles.get(name, ("", ""))

    def rows(self, c: Connection, follow: Follow | None = None) -> dict[str, ResolvedNode]:
        """Store new executables and versions by `follow`; return the resolved nodes by ID."""
        followed: dict[int, Executable] = {}
        for name, (code, fields) in self._codes.items():
            # `_prepare` returns the same object for all nodes of one file.
            if (executable := followed.get(id(fields))) is None:
                store = follow or self.resolver.freezer.follow
                executable = followed[id(fields)] = store(c, self.resolver.owner, code, fields)
            self.resolved[name] = self._resolved(name, executable.name, executable.current)
        return self.resolved
