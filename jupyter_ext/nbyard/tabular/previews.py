"""Creates the preview of a file of any format: its beginning, a small picture, a model's class.

Pictures are of PNG and JPEG files, and of the last figure in a notebook. The class of a pickled
model is found without loading it: `pickletools` parses the instructions and executes none of them.
"""

import base64
import contextlib
import io
import itertools
import json
import pickletools
import zlib
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec

from nbyard.domain.datasets.previews import (
    LARGEST,
    MAX_NAME,
    FilePreview,
    ShownModel,
    first_line,
    head_of,
    metrics_in,
    one_line,
)
from nbyard.domain.datasets.table_descriptions import TablePage
from nbyard.domain.file_formats import format_of
from nbyard.errors import Invalid
from nbyard.tabular.prepare_source import write_atomically

WIDTH, HEIGHT = 320, 200
MAX_BYTES = 20_000
# A picture of a few bytes may expand to gigabytes.
MAX_PIXELS = 40_000_000
MAX_ENCODED = 32 << 20
MEDIA = {"png": "image/png", "jpg": "image/jpeg"}
COLOURS = (256, 64)
QUALITIES = (85, 65, 45, 25, 10)
# A notebook may end with many broken figures.
TRIED = 3


class _Output(msgspec.Struct):
    data: dict[str, Any] = {}


class _Cell(msgspec.Struct):
    outputs: list[_Output] = []


class _Notebook(msgspec.Struct):
    cells: list[_Cell] = []


def figure_in(path: Path) -> bytes:
    """Return the last figure of an executed notebook as a small picture, b"" if there is none.

    Raises:
        Invalid: The file is not a notebook.
    """
    try:
        notebook = msgspec.json.decode(path.read_bytes(), type=_Notebook)
    except msgspec.DecodeError as problem:
        raise Invalid(f"the file is not JSON: {problem}") from problem
    for encoded in itertools.islice(_figures(notebook), TRIED):
        with contextlib.suppress(ValueError):
            if made := small_picture(base64.b64decode(encoded)):
                return made
    return b""


def _figures(notebook: _Notebook) -> Iterator[str]:
    """Yield the pictures in a notebook's outputs, the last one first."""
    for cell in reversed(notebook.cells):
        for output in reversed(cell.outputs):
            for media in MEDIA.values():
                encoded = output.data.get(media)
                text = "".join(map(str, encoded)) if isinstance(encoded, list) else encoded
                if isinstance(text, str) and text and len(text) <= MAX_ENCODED:
                    yield text


def small_picture(content: bytes) -> bytes:
    """Return a PNG or JPEG picture of a card's size without margins, b"" if it cannot be read."""
    from PIL import Image, ImageChops, UnidentifiedImageError

    # Checked below, before any pixel is decoded; Pillow would only warn.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as source:
            if source.width * source.height > MAX_PIXELS:
                return b""
            # JPEG is decoded at a fraction of its size.
            source.draft("RGB", (2 * WIDTH, 2 * HEIGHT))
            # Colours of a palette cannot be averaged.
            picture = source.convert("RGBA") if source.mode in ("1", "P") else source
            picture.thumbnail((WIDTH, HEIGHT), reducing_gap=3.0)
            # A figure with a transparent background has dark axes, also in a dark theme.
            plain = Image.new("RGB", picture.size, "white")
            colours = picture.convert("RGBA")
            plain.paste(colours, mask=colours.getchannel("A"))
            margin = Image.new("RGB", plain.size, plain.getpixel((0, 0)))
            plain = plain.crop(ImageChops.difference(plain, margin).getbbox())
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError):
        return b""  # SyntaxError is Pillow's word for a broken PNG
    pngs = itertools.chain([plain], map(plain.quantize, COLOURS))
    pictures = itertools.chain(((png, 0) for png in pngs), ((plain, n) for n in QUALITIES))
    for drawing, quality in pictures:
        buffer = io.BytesIO()
        drawing.save(buffer, "JPEG" if quality else "PNG", quality=quality, optimize=quality > 0)
        if buffer.tell() <= MAX_BYTES:
            return buffer.getvalue()
    return b""


HEAD_BYTES = 256 << 10
MAX_INSTRUCTIONS = 5000
FEATURES = "n_features_in_"
FEATURE_NAMES = "feature_names_in_"
MAX_INPUTS = 50
# Pickles write longer lists in parts of this length.
BATCH = 1000
# Their objects are data or parts of others, and no models.
NO_MODELS = frozenset(
    {
        *("builtins", "collections", "copyreg", "datetime", "decimal", "functools"),
        *("joblib", "numpy", "pandas", "polars", "pyarrow", "__builtin__", "copy_reg"),
    }
)


def model_in(path: Path) -> ShownModel | None:
    """Return the class of a pickled model, and its features if the pickle names them.

    Return None if the file is no pickle, or if the object is no model.
    """
    name, features, strings = "", None, ["", ""]
    instructions = list(_instructions(path))
    for opcode, argument in instructions:
        if isinstance(argument, int) and opcode.startswith(("BININT", "LONG1")):
            if strings[-1] == FEATURES and features is None and argument > 0:
                features = argument
        elif opcode in ("GLOBAL", "STACK_GLOBAL") and not name:
            # STACK_GLOBAL takes module and name from the stack: the two texts before it.
            name_parts = str(argument).split(" ") if argument else strings[-2:]
            name = name_parts[-1]
            if name_parts[0].partition(".")[0] in NO_MODELS or not name.isidentifier():
                return None
        elif isinstance(argument, str) and opcode.endswith("UNICODE"):
            strings = [strings[-1], argument]
    if not name:
        return None
    # the texts of the first list that follows the attribute with the names of features
    rest = itertools.dropwhile(lambda instruction: instruction[1] != FEATURE_NAMES, instructions)
    listed = itertools.dropwhile(lambda instruction: instruction[0] != "EMPTY_LIST", rest)
    inside = itertools.takewhile(
        lambda instruction: instruction[0] not in ("APPEND", "APPENDS"), listed
    )
    inputs = [
        argument
        for opcode, argument in inside
        if isinstance(argument, str) and opcode.endswith("UNICODE")
    ]
    if features is None and 0 < len(inputs) < BATCH:
        features = len(inputs)
    shown = [one_line(feature, MAX_NAME) for feature in inputs[:MAX_INPUTS]]
    return ShownModel(one_line(name, MAX_NAME), features, shown)


def _instructions(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the first instructions of a pickle with their arguments, as far as they can be read."""
    try:
        for opcode, argument, _ in itertools.islice(
            pickletools.genops(_head(path)), MAX_INSTRUCTIONS
        ):
            yield opcode.name, argument
    except (ValueError, IndexError, OverflowError):
        return  # the end of the head, or arrays between the instructions, as joblib writes them


def _head(path: Path) -> bytes:
    """Return the beginning of a file. It is decompressed, within the same limit of bytes."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith((b"\x1f\x8b", b"\x78")):
        try:
            # 32 + MAX_WBITS reads both headers, of zlib and of gzip
            return zlib.decompressobj(32 + zlib.MAX_WBITS).decompress(head, HEAD_BYTES)
        except zlib.error:
            return b""
    return head


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
