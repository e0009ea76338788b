"""What the nodes of a document stand for: lightly for the canvas, frozen for a run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.edges import data_port
from nbyard.domain.formats import format_of
from nbyard.domain.planning import ResolvedNode
from nbyard.domain.runs import BytesOf
from nbyard.domain.workflows import Node, NodeView
from nbyard.errors import Busy, NbyardError, NotFound, Unavailable
from nbyard.files import file_of
from nbyard.services.freezing import Code, Freezer
from nbyard.services.pinning import pinned_node

if TYPE_CHECKING:
    from nbyard.domain.executables import Executable, ExecutableVersion, Inspection
    from nbyard.services.parts import Parts
    from nbyard.store import Connection


class Resolver:
    """Nodes of documents whose file lies in the folder `base` below the root."""

    def __init__(self, parts: Parts, owner: str, base: str):
        self.parts = parts
        self.owner = owner
        self.base = base
        self.freezer = Freezer(parts)
        self._codes: dict[str, Code] = {}
        self._views: dict[str, NodeView] = {}

    def view(self, node: Node) -> NodeView:
        """A node for the canvas; nothing is stored, a problem is told and not raised."""
        try:
            if node.type == "dataset":
                return self._dataset_view(node)
            return self._executable_view(node)
        except NbyardError as error:
            name = node.label or PurePosixPath(node.path).name or node.executable or node.dataset
            return NodeView(name, node.type, [], problem=error.message)

    def _dataset_view(self, node: Node) -> NodeView:
        if node.path:
            real = self.parts.files.locate(node.path, base=self.base)
            if not real.exists():
                raise NotFound(f"There is no file {node.path}.")
            kind = "folder" if real.is_dir() else format_of(real.name)
            return NodeView(real.name, "dataset", [data_port(kind)])
        with self.parts.store.read() as c:
            found = self.parts.store.datasets.get(c, self.owner, node.dataset)
            ready = self.parts.store.datasets.newest_ready(c, found.id) if found else None
        if found is None:
            raise NotFound(f"There is no dataset {node.dataset!r} any more.")
        port = data_port((ready or found.current).format)
        return NodeView(found.name, "dataset", [port], dataset=found.id)

    def _executable_view(self, node: Node) -> NodeView:
        if node.path and not node.version:
            return self._file_view(node.path)
        code = self.code(node)
        seen = self.freezer.inspect(code) if code else None
        found = self.registered(node)
        if seen:
            return msgspec.structs.replace(_view(seen), name=found.name, executable=found.id)
        version = self.pinned(node) if node.version else found.current
        image = version.resources.image
        return NodeView(
            found.name, version.kind, version.arguments, executable=found.id, image=image
        )

    def _file_view(self, path: str) -> NodeView:
        if path not in self._views:
            self._views[path] = _view(self.freezer.inspect(self._code(path)))
        return self._views[path]

    def _code(self, path: str) -> Code:
        """A file that several nodes follow is read once, so that they agree."""
        if path not in self._codes:
            self._codes[path] = self.freezer.load(path, base=self.base)
        return self._codes[path]

    def code(self, node: Node) -> Code | None:
        """The code as its file is saved now; None for a node that is pinned, or whose executable
        was uploaded or has lost its file."""
        if node.version:
            return None
        if node.path:
            return self._code(node.path)
        followed = Path(self.registered(node).path)
        if self.parts.files.has(followed) and os.path.isfile(file_of(followed)):
            return self.freezer.load_real(followed)
        return None

    def registered(self, node: Node) -> Executable:
        """The executable of a node that names one, or whose file is registered."""
        with self.parts.store.read() as c:
            if node.executable:
                found = self.parts.store.executables.get(c, self.owner, node.executable)
            else:
                real = self.parts.files.locate_code(node.path, base=self.base)
                found = self.parts.store.executables.by_path(c, self.owner, str(real))
        if found is None:
            raise NotFound(f"There is no executable {node.executable or node.path!r}.")
        return found

    def pinned(self, node: Node) -> ExecutableVersion:
        """The version that a node is pinned to."""
        with self.parts.store.read() as c:
            version = self.parts.store.executables.version(c, node.version)
        if version is None or version.executable_id != self.registered(node).id:
            raise NotFound(f"The version {node.version} that this node is pinned to is gone.")
        return version


class Freeze:
    """Bytes first, outside of any transaction; then the rows, inside the run's own."""

    def __init__(self, resolver: Resolver, nodes: Mapping[str, Node]):
        self._resolver = resolver
        self._codes: dict[str, tuple[Code, dict[str, Any]]] = {}
        self._prepared: dict[Path | None, dict[str, Any]] = {}
        self._requirements: dict[str, str] = {}
        self.resolved: dict[str, ResolvedNode] = {}
        for name, node in nodes.items():
            try:
                self._bytes(name, node)
            except (Busy, Unavailable):  # no fault of the workflow, such as a full disk
                raise
            except NbyardError as error:
                self.resolved[name] = ResolvedNode(name, problem=error.message)

    def _bytes(self, name: str, node: Node) -> None:
        resolver = self._resolver
        if node.type == "dataset":
            self.resolved[name] = self._data(node)
            return
        if node.pin is not None:
            self.resolved[name] = pinned_node(resolver.parts, resolver.owner, name, node.pin)
            return
        if node.requirements:
            self._requirements[name] = self._stored(node.requirements, resolver.base)
        code = resolver.code(node)
        if code is not None:
            fields = self._prepare(code)
            self._codes[name] = (code, fields)
            default = fields["resources"].requirements
            if default and code.path and name not in self._requirements:
                beside = resolver.parts.files.shown(code.path.parent)
                self._requirements[name] = self._stored(default, beside)
        else:
            found = resolver.registered(node)
            version = resolver.pinned(node) if node.version else found.current
            if version.resources.requirements and name not in self._requirements:
                self._requirements[name] = self._bundled(version)
            self.resolved[name] = self._known(name, found.name, version)

    def _prepare(self, code: Code) -> dict[str, Any]:
        """A file that several nodes follow is frozen once."""
        if code.path is None:
            return self._resolver.freezer.prepare(code)
        if code.path not in self._prepared:
            self._prepared[code.path] = self._resolver.freezer.prepare(code)
        return self._prepared[code.path]

    def _stored(self, path: str, base: str) -> str:
        real = self._resolver.parts.files.locate(path, "requirements", base)
        if not real.is_file():
            raise NotFound(f"There is no requirements file {path}.")
        return self._resolver.parts.blobs.put_file(real).digest

    def _bundled(self, version: ExecutableVersion) -> str:
        """The digest of the requirements file as it was when the version was made."""
        wanted = version.resources.requirements
        path = os.path.normpath(os.path.join(os.path.dirname(version.file), wanted))
        for entry in self._resolver.parts.blobs.tree(version.bundle_digest).files:
            if entry.path == path:
                return entry.digest
        raise NotFound(f"There is no requirements file {wanted} in the bundle of {version.file}.")

    def _known(self, name: str, label: str, version: ExecutableVersion) -> ResolvedNode:
        return ResolvedNode(
            label,
            version.arguments,
            executable_id=version.executable_id,
            version_id=version.id,
            resources=version.resources,
            requirements_digest=self._requirements.get(name, ""),
        )

    def _data(self, node: Node) -> ResolvedNode:
        parts = self._resolver.parts
        if node.path:
            real = parts.files.locate(node.path, base=self._resolver.base)
            if not real.exists():
                raise NotFound(f"There is no file {node.path}.")
            folder = real.is_dir()
            blob = parts.blobs.put_folder(real) if folder else parts.blobs.put_file(real)
            kind = "folder" if folder else format_of(real.name)
            data = BytesOf(blob.digest, real.name, node.path)
            return ResolvedNode(real.name, [data_port(kind)], data)
        with parts.store.read() as c:
            found = parts.store.datasets.get(c, self._resolver.owner, node.dataset)
            version = parts.store.datasets.newest_ready(c, found.id) if found else None
        if found is None or version is None:
            what = f"{found.name!r} is not ready" if found else f"{node.dataset!r} is gone"
            raise NotFound(f"The dataset {what}.")
        data = BytesOf(version.digest, version.filename, f"{found.name} v{version.number}")
        return ResolvedNode(found.name, [data_port(version.format)], data)

    def rows(self, c: Connection) -> dict[str, ResolvedNode]:
        """Register what is new and keep the versions."""
        followed: dict[int, Executable] = {}
        for name, (code, fields) in self._codes.items():
            found = followed.get(id(fields))
            if found is None:
                found = self._resolver.freezer.follow(c, self._resolver.owner, code, fields)
                followed[id(fields)] = found
            self.resolved[name] = self._known(name, found.name, found.current)
        return self.resolved


def _view(seen: Inspection) -> NodeView:
    return NodeView(
        seen.name,
        seen.kind,
        seen.arguments,
        seen.hints,
        executable=seen.executable,
        image=seen.resources.image,
    )
