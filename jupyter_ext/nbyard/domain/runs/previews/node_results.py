"""Previews of nodes: the small pictures, tables and metrics that the canvas shows of results."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from nbyard.domain.attempts.metric_series import WORDS, Point
from nbyard.domain.datasets.previews import (
    LARGEST,
    MAX_METRICS,
    MAX_NAME,
    FilePreview,
    ShownMetric,
    ShownModel,
    TableHead,
    one_line,
)
from nbyard.domain.file_formats import format_of
from nbyard.domain.models.structs import ModelFile
from nbyard.domain.runs.structs import Artifact

# For each part of a preview: formats of the files that may have it, in order of preference.
FORMATS: dict[str, tuple[str, ...]] = {
    "picture": ("ipynb", "png", "jpg"),
    "table": ("csv", "tsv", "parquet", "arrow", "jsonl", "excel", "json"),
    "metrics": ("json",),
    "model": ("pickle", "joblib"),
    "text": ("txt", "md", "html"),
}
SHOWN = frozenset(file_format for formats in FORMATS.values() for file_format in formats)


class NodePreview(msgspec.Struct, frozen=True, omit_defaults=True):
    """The preview that the canvas shows of the results of one node.

    `picture` is the digest in the address of the small picture. `caption` names the file of the
    picture, and `table_name` the output with the table. `metrics` are at most 6, recorded by the
    code or from a flat JSON output. `text` is the first line of a text output. It is only present
    without other parts.
    """

    node: str
    picture: str = ""
    caption: str = ""
    table: TableHead | None = None
    table_name: str = ""
    metrics: list[ShownMetric] = []
    model: ShownModel | None = None
    text: str = ""


class PreviewPage(msgspec.Struct, frozen=True):
    """A page of previews. `pending` are nodes without a preview yet; request them again in 1 s.

    `next` is the cursor of the next page, null on the last.
    """

    items: list[NodePreview]
    pending: list[str] = []
    next: str | None = None


class StoredFile(msgspec.Struct, frozen=True):
    """The stored file of an output. `name` is the name of the output.

    `filename` determines the format. `size_bytes` is None if unknown.
    """

    name: str
    filename: str
    digest: str
    is_model: bool = False
    size_bytes: int | None = None

    @property
    def format(self) -> str:
        """Return the format of the file; empty for a folder."""
        return format_of(self.filename) if not self.digest.startswith("tree:") else ""

    @property
    def may_be_shown(self) -> bool:
        """Return whether the file may have a preview, by its name and size."""
        size = 1 if self.size_bytes is None else self.size_bytes
        return self.format in SHOWN and 0 < size <= LARGEST.get(self.format, size)


def stored_file(file: Artifact) -> StoredFile:
    """Return the stored file of an artifact."""
    return StoredFile(
        file.name, file.filename, file.digest, file.output_class == "model", file.size_bytes
    )


def files_for_part(files: Iterable[StoredFile], part: str) -> list[StoredFile]:
    """Return the files that may give a part of a preview, preferred formats first.

    `part` is picture, table, metrics, model or text.
    """
    formats = FORMATS[part]
    fits = (file for file in files if file.format in formats and file.may_be_shown)
    return sorted(fits, key=lambda file: formats.index(file.format))


def needed_parts(logged: Sequence[ShownMetric], packages: Sequence[ModelFile]) -> tuple[str, ...]:
    """Return the parts of a preview for which output files must be read.

    `logged` metrics and `packages` of models provide the other parts.
    """
    known = {
        "metrics": bool(logged),
        "model": bool(packages) and bool(packages[-1].class_name and packages[-1].inputs),
        "text": bool(logged or packages),  # shown only if there is nothing else
    }
    return tuple(part for part in FORMATS if not known.get(part))


def preview_of(
    node: str,
    by_part: Mapping[str, tuple[StoredFile, FilePreview]],
    logged: Sequence[ShownMetric] = (),
    packages: Iterable[ModelFile] = (),
) -> NodePreview:
    """Return the preview of a node.

    `by_part` has for each part of the preview the file that provides it, and this file's preview.
    `logged` are metrics that the code recorded. `packages` are models that were built from
    outputs of the node.
    """
    values: dict[str, Any] = {
        part: getattr(preview, part) for part, (_, preview) in by_part.items() if part != "picture"
    }
    if "picture" in by_part:
        file = by_part["picture"][0]
        values |= {"picture": file.digest}
        values |= {} if file.format == "ipynb" else {"caption": one_line(file.filename, MAX_NAME)}
    if "table" in by_part:
        values["table_name"] = one_line(by_part["table"][0].name, MAX_NAME)
    if logged:
        values["metrics"] = list(logged[:MAX_METRICS])
    for model in packages:
        known = values.get("model") or ShownModel("")
        name = model.class_name or known.class_name
        count = len(model.inputs) or known.features
        values["model"] = ShownModel(one_line(name, MAX_NAME), count, known.inputs)
    if len(values) > 1:
        values.pop("text", None)
    return NodePreview(node, **values)


def last_metrics(
    points: Sequence[Point], first: Sequence[Point] = (), most: int = MAX_METRICS
) -> list[ShownMetric]:
    """Return the newest value of each recorded metric, in the order of their first points.

    If `points` are only the last points of a recording, `first` are its first points, for the
    order. `most` limits the number of metrics.
    """
    last = {point.name: WORDS.get(str(point.value), point.value) for point in points}
    names = dict.fromkeys(point.name for point in (*first, *points))
    kept = [name for name in names if name in last][:most]
    return [ShownMetric(one_line(name, MAX_NAME), last[name]) for name in kept]
