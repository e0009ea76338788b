"""Resolve the nodes that are data: to views for the canvas, or to frozen bytes for a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbyard.domain.file_formats import TEXT_TABLES, format_of
from nbyard.domain.runs.planning import ResolvedNode
from nbyard.domain.runs.structs import BytesOf, bytes_of
from nbyard.domain.workflows.edges import data_port
from nbyard.domain.workflows.structs import Node, NodeView
from nbyard.errors import NotFound
from nbyard.freezing.artifact_files import file_named
from nbyard.reasons.structs import because

if TYPE_CHECKING:
    from pathlib import Path

    from nbyard.domain.runs.structs import Artifact
    from nbyard.freezing.freezing_context import FreezingContext


def data_view(parts: FreezingContext, owner: str, base: str, node: Node) -> NodeView:
    """Return the view of a node that is a file, an artifact or a dataset.

    Raises:
        NotFound: the file, artifact or dataset does not exist.
    """
    if node.path:
        real = _located(parts, base, node)
        kind = "folder" if real.is_dir() else format_of(real.name)
        return NodeView(real.name, "dataset", [data_port(kind)])
    if node.artifact:
        return NodeView(node.artifact, "dataset", [data_port(_artifact(parts, owner, node).format)])
    with parts.store.read() as c:
        dataset = parts.store.datasets.get(c, owner, node.dataset)
        ready = parts.store.datasets.newest_ready(c, dataset.id) if dataset else None
    if dataset is None:
        raise NotFound(f"The dataset '{node.dataset}' was deleted.")
    port = data_port((ready or dataset.current).format)
    return NodeView(dataset.name, "dataset", [port], dataset=dataset.id)


def frozen_data(parts: FreezingContext, owner: str, base: str, node: Node) -> ResolvedNode:
    """Return a node that is data with its stored bytes.

    Raises:
        NotFound: the file, artifact or dataset does not exist, or the dataset is not ready.
    """
    if node.path:
        real = _located(parts, base, node)
        put = parts.blobs.put_folder if (folder := real.is_dir()) else parts.blobs.put_file
        blob, kind = put(real), "folder" if folder else format_of(real.name)
        data = bytes_of(blob.digest, real.name, node.path)
        return ResolvedNode(real.name, [data_port(kind)], data)
    if node.artifact:
        file = _artifact(parts, owner, node)
        data = bytes_of(file.digest, file.filename, node.artifact, f"artifact:{file.id}")
        return ResolvedNode(node.artifact, [data_port(file.format)], data)
    with parts.store.read() as c:
        dataset = parts.store.datasets.get(c, owner, node.dataset)
        version = parts.store.datasets.newest_ready(c, dataset.id) if dataset else None
    if dataset is None:
        raise NotFound(f"The dataset '{node.dataset}' does not exist.")
    if version is None:
        raise NotFound(f"The dataset '{dataset.name}' is not ready.")
    origin, is_table = f"{dataset.name} v{version.number}", version.format in TEXT_TABLES
    stored = (version.digest, version.filename, origin, is_table, f"dataset:{version.id}")
    return ResolvedNode(dataset.name, [data_port(version.format)], BytesOf(*stored))


def _located(parts: FreezingContext, base: str, node: Node) -> Path:
    real = parts.files.locate(node.path, base=base)
    if not real.exists():
        raise NotFound(because("no-file", path=node.path))
    return real


def _artifact(parts: FreezingContext, owner: str, node: Node) -> Artifact:
    with parts.store.read() as c:
        return file_named(parts.store, c, owner, node.artifact)
