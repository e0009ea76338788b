"""Creates small pictures of PNG and JPEG files, and of the last figure in a notebook."""

import base64
import contextlib
import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from nbyard.errors import Invalid

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
    """Return a PNG or JPEG picture reduced to the size of a card, b"" if it cannot be read."""
    from PIL import Image, UnidentifiedImageError

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
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError):
        return b""  # SyntaxError is Pillow's word for a broken PNG
    return _encode_within_limit(plain)


def _encode_within_limit(picture: Any) -> bytes:
    """Return the encoded picture within the limit: PNG for drawings, JPEG for photographs."""
    for drawing in itertools.chain([picture], map(picture.quantize, COLOURS)):
        buffer = io.BytesIO()
        drawing.save(buffer, "PNG")
        if buffer.tell() <= MAX_BYTES:
            return buffer.getvalue()
    for quality in QUALITIES:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality, optimize=True)
        if buffer.tell() <= MAX_BYTES:
            return buffer.getvalue()
    return b""
