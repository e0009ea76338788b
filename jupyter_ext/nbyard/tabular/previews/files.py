"""Creates the preview of a file of any format."""

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

from nbyard.domain.datasets.previews import (
    LARGEST,
    FilePreview,
    first_line,
    head_of,
    metrics_in,
)
from nbyard.domain.datasets.table_descriptions import TablePage
from nbyard.domain.file_formats import format_of
from nbyard.errors import Invalid
from nbyard.tabular.prepare_source import write_atomically
from nbyard.tabular.previews.pickles import model_in
from nbyard.tabular.previews.pictures import MEDIA, figure_in, small_picture

PICTURE = "picture"
MAX_METRICS_BYTES = 256 << 10
MAX_TEXT_BYTES = 4 << 10
# Styles and scripts may precede the text of a page.
MAX_PAGE_BYTES = 64 << 10


def preview(
    path: Path, filename: str, folder: Path, read_table: Callable[[], TablePage]
) -> FilePreview:
    """Return the preview of a file, an empty one if the file is too large.

    `read_table` returns the first rows of a table. A small picture is written to `folder`.

    Raises:
        Invalid: The content does not have the format of the file's name.
    """
    kind, size = format_of(filename), path.stat().st_size
    if size > LARGEST.get(kind, size):
        return FilePreview()
    if kind in ("ipynb", *MEDIA):
        made = figure_in(path) if kind == "ipynb" else small_picture(path.read_bytes())
        if made:
            write_atomically(folder / PICTURE, made)
        return FilePreview(picture=bool(made))
    # The standard library also reads NaN and Infinity, which its own writer writes.
    if kind == "json" and size <= MAX_METRICS_BYTES:
        try:
            value = json.loads(path.read_bytes())
        except ValueError as problem:
            raise Invalid(f"the file is not JSON: {problem}") from problem
        if metrics := metrics_in(value):
            return FilePreview(metrics=metrics)
    if kind in ("pickle", "joblib"):
        return FilePreview(model=model_in(path))
    if kind in ("txt", "md", "html"):
        return FilePreview(text=first_line(_text(path, kind == "html")))
    return FilePreview(table=head_of(read_table()))


def _text(path: Path, is_page: bool) -> str:
    """Return the beginning of a text file, or of the text in an HTML page."""
    with path.open("rb") as file:
        head = file.read(MAX_PAGE_BYTES if is_page else MAX_TEXT_BYTES)
    text = "" if b"\0" in head else head.decode("utf-8", "replace")
    if not is_page:
        return text
    page = _Page()
    page.feed(text)
    return "\n".join(page.texts)


class _Page(HTMLParser):
    """Collects the text of an HTML page, without its scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._tag = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag

    def handle_endtag(self, tag: str) -> None:
        self._tag = ""

    def handle_data(self, data: str) -> None:
        if self._tag not in ("script", "style"):
            self.texts.append(data)
