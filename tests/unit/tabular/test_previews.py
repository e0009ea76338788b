"""Small previews of files, also of files that were made to do harm."""

import base64
import hashlib
import io
import json
import random
import struct
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from nbyard.domain.datasets.previews import FilePreview, ShownMetric, TableHead
from nbyard.errors import Invalid
from nbyard.tabular import TableFile, Tables, table_queries
from nbyard.tabular.previews import MAX_BYTES, MAX_PIXELS

from .test_table_queries import tables

__all__ = ["tables"]

# The reader processes live as long as the fixture of this module.
pytestmark = [pytest.mark.leaves_running, pytest.mark.slow]

Make = Callable[[bytes | str, str], TableFile]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def write(content: bytes | str, filename: str) -> TableFile:
        content = content.encode() if isinstance(content, str) else content
        key = f"sha256:{hashlib.sha256(content).hexdigest()}"
        path = tmp_path / key
        path.write_bytes(content)
        return TableFile(path, filename, key)

    return write


def png(size: tuple[int, int] = (640, 480), colour: object = "red", mode: str = "RGB") -> bytes:
    made = io.BytesIO()
    Image.new(mode, size, colour).save(made, "PNG")  # type: ignore[arg-type]
    return made.getvalue()


def noise(size: tuple[int, int], form: str = "PNG") -> bytes:
    made = io.BytesIO()
    content = random.Random(7).randbytes(3 * size[0] * size[1])
    Image.frombytes("RGB", size, content).save(made, form)
    return made.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of few bytes with that many pixels in its header."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 100_000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def notebook(*outputs: Mapping[str, object]) -> str:
    cells = [
        {"cell_type": "code", "outputs": [{"data": one}, {"name": "stdout"}]} for one in outputs
    ]
    return json.dumps({"cells": [{"cell_type": "markdown"}, *cells], "nbformat": 4})


def coded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_the_head_of_a_table(tables: Tables, make: Make) -> None:
    rows = "".join(f"{n},2.123456789,<b>{n}</b>,,x\n" for n in range(50))
    found = tables.preview(make(f"id,value,html,none,more\n{rows}", "a.csv"))
    assert found == FilePreview(
        table=TableHead(
            ["id", "value", "html", "none", "more"],
            [[str(n), "2.12346", f"<b>{n}</b>", "", "x"] for n in range(3)],
            column_count=5,
            row_count=50,
        )
    )


def test_a_table_of_columns_and_types(tables: Tables, make: Make) -> None:
    made = io.BytesIO()
    values = {
        "a": [1, None],
        "b": [True, False],
        "c": [[1, 2], []],
        "d": ["x" * 500, "a\n\x1b[1mb"],
    }
    pl.DataFrame(values).write_parquet(made)
    head = tables.preview(make(made.getvalue(), "a.parquet")).table
    assert head is not None
    assert head.rows == [["1", "true", "[1,2]", "x" * 23 + "…"], ["", "false", "[]", "a b"]]
    assert (head.row_count, head.column_count) == (2, 4)


def test_five_thousand_columns(tables: Tables, make: Make) -> None:
    names = ",".join(f"column {n} with a long name" for n in range(5000))
    head = tables.preview(make(f"{names}\n{',' * 4999}\n", "wide.csv")).table
    assert head is not None
    assert (len(head.columns), head.column_count) == (12, 5000)
    assert all(len(name) <= 24 for name in head.columns)


def test_numbers_of_a_flat_object(tables: Tables, make: Make) -> None:
    text = (
        '{"auc": 0.5, "loss": NaN, "best": -Infinity, "ok": true, "note": "5", "none": null,'
        f' "in": {{"deep": 1}}, "list": [1], "huge": {"9" * 400}, "n": 7}}'
    )
    assert tables.preview(make(text, "m.json")).metrics == [
        ShownMetric("auc", 0.5),
        ShownMetric("loss", "NaN"),
        ShownMetric("best", "-Infinity"),
        ShownMetric("n", 7.0),
    ]
    many = tables.preview(make(json.dumps(dict.fromkeys(map(str, range(99)), 1)), "m.json"))
    assert len(many.metrics) == 6


def test_json_of_rows_is_a_table(tables: Tables, make: Make) -> None:
    found = tables.preview(make('[{"a": 1}, {"a": 2}]', "rows.json"))
    assert found.table == TableHead(["a"], [["1"], ["2"]], 1, 2)


def test_json_without_end_has_an_empty_preview(tables: Tables, make: Make) -> None:
    for text in ("[" * 100_000, '{"a":' * 100_000, "{", "", '"text"'):
        assert tables.preview(make(text, "m.json")) == FilePreview()


def test_unreadable_content_is_read_once(tables: Tables, make: Make, monkeypatch) -> None:
    files = [make("[" * 100_000, "m.json"), make("PAR1", "t.parquet"), make("{", "n.ipynb")]
    for file in files:
        assert tables.preview(file) == FilePreview()
    monkeypatch.setattr(tables, "_ask", lambda *_: pytest.fail("asked again"))
    for file in files:
        assert tables.known_preview(file) == tables.preview(file) == FilePreview()


def test_a_file_that_is_missing_or_slow_for_now_has_no_stored_preview(
    tables: Tables, make: Make, monkeypatch
) -> None:
    gone, slow = make("a\n9\n", "gone.csv"), make("a\n3\n", "slow.csv")
    content = gone.path.read_bytes()
    gone.path.unlink()
    with pytest.raises(Invalid):
        tables.preview(gone)
    with monkeypatch.context() as patch, pytest.raises(Invalid):
        patch.setattr(table_queries, "PREVIEW_SECONDS", 0.0)
        tables.preview(slow)
    gone.path.write_bytes(content)
    for file in (gone, slow):
        assert tables.known_preview(file) is None
        assert tables.preview(file).table is not None


def test_the_first_line_of_a_text(tables: Tables, make: Make) -> None:
    assert (
        tables.preview(make("\n \n\x1b[31mRed\x1b[0m <b>&\tx\nmore", "a.txt")).text == "Red <b>& x"
    )
    assert tables.preview(make("\0\1\2", "b.txt")) == FilePreview()
    assert len(tables.preview(make("long " * 9999, "c.md")).text) == 120


def test_the_first_words_of_a_page(tables: Tables, make: Make) -> None:
    page = (
        "<!doctype html><!-- no --><head><style>a {}</style><script>alert('<b>')</script></head>"
        "<body onload='alert(1)'>\n<h1>Tom &amp; <i>Jerry</i></h1><p>more &lt;b&gt;</p>"
    )
    assert tables.preview(make(page, "report.html")).text == "Tom &"
    for text in ("<" * 99_999, "<!--", "<script>x", "<![CDATA[" * 9, "&#x110000;" * 9, "\0"):
        assert len(tables.preview(make(text, "bad.html")).text) <= 120


def test_a_picture_is_scaled_down(tables: Tables, make: Make) -> None:
    file = make(png((1600, 500)), "plot.png")
    assert tables.preview(file) == FilePreview(picture=True)
    small = opened(tables.picture(file))
    assert (small.format, small.size) == ("PNG", (320, 100))
    assert small.convert("RGB").getpixel((5, 5)) == (255, 0, 0)


def test_a_picture_has_no_margins(tables: Tables, make: Make) -> None:
    figure = Image.new("RGB", (300, 200), "white")
    figure.paste("blue", (50, 40, 250, 160))
    content = io.BytesIO()
    figure.save(content, "PNG")
    assert opened(tables.picture(make(content.getvalue(), "plot.png"))).size == (200, 120)


def test_a_small_picture_keeps_its_size(tables: Tables, make: Make) -> None:
    assert opened(tables.picture(make(png((30, 20)), "icon.png"))).size == (30, 20)


@pytest.mark.parametrize(("form", "name"), [("PNG", "a.png"), ("JPEG", "a.jpg")])
def test_any_picture_fits_into_20_kilobytes(tables: Tables, make: Make, form, name) -> None:
    content = tables.picture(make(noise((700, 600), form), name))
    assert 0 < len(content) <= MAX_BYTES
    assert opened(content).size == (233, 200)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_kind_of_pixels(tables: Tables, make: Make, mode) -> None:
    assert tables.picture(make(png((400, 300), 0, mode), "a.png"))


def test_a_transparent_background_is_white(tables: Tables, make: Make) -> None:
    small = opened(tables.picture(make(png((50, 50), (0, 0, 0, 0), "RGBA"), "a.png")))
    assert small.convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def test_unsupported_pictures_have_no_preview(tables: Tables, make: Make) -> None:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    whole = noise((300, 300))
    side = int(MAX_PIXELS**0.5) + 1
    for content in (
        bomb(side, side),
        bomb(2**31 - 1, 2**31 - 1),
        whole[:9000],
        svg,
        b"",
        b"\x89PNG",
    ):
        file = make(content, "a.png")
        assert tables.preview(file) == FilePreview()
        assert tables.picture(file) == b""


def test_the_last_figure_of_a_notebook(tables: Tables, make: Make) -> None:
    first, last = png((40, 40), "blue"), png((60, 30), "lime")
    lines = [coded(last)[:50], coded(last)[50:]]
    text = notebook(
        {"image/png": coded(first)},
        {"image/png": lines, "text/plain": "<Figure>"},
        {"text/html": "<img src=x onerror=alert(1)>"},
        {"image/svg+xml": "<svg onload='alert(1)'/>"},
    )
    assert opened(tables.picture(make(text, "executed.ipynb"))).size == (60, 30)


def test_a_broken_figure_is_skipped(tables: Tables, make: Make) -> None:
    text = notebook({"image/png": coded(png())}, {"image/png": "!"}, {"image/jpeg": coded(b"no")})
    assert tables.preview(make(text, "executed.ipynb")).picture
    four = notebook({"image/png": coded(png())}, *[{"image/png": coded(b"no")}] * 3)
    assert not tables.preview(make(four, "executed.ipynb")).picture


def test_an_invalid_notebook_has_no_preview(tables: Tables, make: Make) -> None:
    assert tables.preview(make(notebook(), "a.ipynb")) == FilePreview()
    for text in ("", "[]", "[" * 100_000, '{"cells": [{"outputs": [{"data": 5}]}]}'):
        assert tables.preview(make(text, "b.ipynb")) == FilePreview()


def test_a_preview_is_created_once(tables: Tables, make: Make) -> None:
    file = make("a\n1\n", "once.csv")
    assert tables.known_preview(file) is None
    made = tables.preview(file)
    file.path.unlink()
    assert tables.known_preview(file) == tables.preview(file) == made


def test_the_same_bytes_under_another_name_are_another_preview(tables: Tables, make: Make) -> None:
    picture = make(png((31, 20)), "a.png")
    assert tables.preview(picture).picture
    assert not tables.preview(make(picture.path.read_bytes(), "a.txt")).picture
    assert tables.picture(picture)


def test_a_preview_is_deleted_with_its_bytes(tables: Tables, make: Make) -> None:
    file = make(png((32, 20)), "a.png")
    assert tables.picture(file)
    tables.forget(file.key)
    assert tables.known_preview(file) is None
    assert tables.picture(file)


def test_a_damaged_preview_is_created_again(tables: Tables, make: Make) -> None:
    file = make("a\n2\n", "damaged.csv")
    made = tables.preview(file)
    (stored,) = tables.folder.glob(f"{file.key.replace(':', '-')}/*/preview-*")
    stored.write_text("{")
    assert tables.preview(file) == made
