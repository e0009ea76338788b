"""Imports: bytes, then their table, then ready; each step again after a crash."""

import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.support.fake_runtime_bench import OWNER, Bench

from nbyard.dispatch.dataset_imports import ImportController
from nbyard.domain.credentials import NewCredential
from nbyard.domain.datasets.structs import (
    Dataset,
    FileSource,
    NewDataset,
    NewUpload,
    UploadSource,
    UrlSource,
)
from nbyard.domain.parsing.urls import parse_url
from nbyard.errors import Invalid, NotFound
from nbyard.reasons.structs import because

Source = FileSource | UploadSource | UrlSource


def imported(bench: Bench, source: Source, replace: bool = False) -> Dataset:
    body = NewDataset(source=source, name="d", replace=replace)
    return bench.yard.services.datasets.create(OWNER, body)


def uploaded(bench: Bench, filename: str, content: bytes) -> UploadSource:
    begun = bench.yard.services.uploads.create(OWNER, NewUpload(filename))
    with bench.yard.services.uploads.appending(OWNER, begun.id, 0) as piece:
        piece.write(content)
    return UploadSource(begun.id)


def bytes_in_store(bench: Bench) -> set[str]:
    return {found.digest for found in bench.context.blobs.stored()}


def look(bench: Bench, made: Dataset) -> Dataset:
    return bench.yard.services.datasets.get(OWNER, made.id)


def a_table(tmp_path: Path) -> FileSource:
    (tmp_path / "root" / "t.csv").write_text("a,b\n1,x\n2,y\n")
    return FileSource(path="t.csv")


def test_a_file_becomes_ready(bench, tmp_path):
    """It has rows and columns, and appears in the resources folder."""
    made = imported(bench, a_table(tmp_path))
    bench.until(lambda: look(bench, made).current.state == "ready")
    version = look(bench, made).current
    assert (version.format, version.rows, version.columns) == ("csv", 2, 2)
    shown = bench.store.folder / "resources" / made.id / "t.csv"
    assert shown.read_text() == "a,b\n1,x\n2,y\n"


@pytest.mark.parametrize("source", ["file", "upload"])
@pytest.mark.parametrize("replaced", [False, True], ids=["at once", "after a kill"])
def test_an_archive_becomes_a_folder(bench, tmp_path, replaced, source):
    packed = tmp_path / "root" / "two.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", "a\n1\n")
        archive.writestr("sub/b.txt", "b")
    origin: Source = FileSource("two.zip")
    if source == "upload":
        origin = uploaded(bench, "two.zip", packed.read_bytes())
    made = bench.yard.services.datasets.create(OWNER, NewDataset(source=origin, unpack=True))
    assert made.name == "two"
    if replaced:
        bench.replace_dispatcher()
    bench.until(lambda: look(bench, made).current.state == "ready")
    version = look(bench, made).current
    assert (version.format, version.origin, version.size_bytes) == ("folder", "archive", 5)
    assert (bench.store.folder / "resources" / made.id / "sub" / "b.txt").read_text() == "b"


def test_a_damaged_archive_leaves_no_files(bench):
    before = bytes_in_store(bench)
    source = uploaded(bench, "two.zip", b"PK\x03\x04 and no more")
    body = NewDataset(source=source, name="d", unpack=True)
    made = bench.yard.services.datasets.create(OWNER, body)
    bench.until(lambda: look(bench, made).current.state == "failed")
    assert "damaged" in str(look(bench, made).current.reason)
    bench.until(lambda: bytes_in_store(bench) == before)


def test_another_dispatcher_continues_an_import(bench, tmp_path):
    made = imported(bench, a_table(tmp_path))
    bench.replace_dispatcher()
    bench.until(lambda: look(bench, made).current.state == "ready")


def test_a_missing_file_fails_with_a_reason(bench, tmp_path):
    made = imported(bench, a_table(tmp_path))
    (tmp_path / "root" / "t.csv").unlink()
    bench.until(lambda: look(bench, made).current.state == "failed")
    assert look(bench, made).current.reason


def test_a_private_host_is_allowed_by_the_server_that_requested_the_import(bench, tmp_path):
    """The settings of the dispatcher do not count."""
    (tmp_path / "t.csv").write_text("a\n1\n")
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        address = UrlSource(f"http://127.0.0.1:{server.server_port}/t.csv")
        with pytest.raises(Invalid, match=r"a special address \(loopback\)"):
            imported(bench, address)
        bench.yard.settings.allowed_private_hosts = ["127.0.0.1"]
        made = imported(bench, address)
        bench.context.settings.allowed_private_hosts = []
        bench.until(lambda: look(bench, made).current.state != "importing")
        server.shutdown()
        serving.join()
    assert look(bench, made).current.state == "ready", look(bench, made).current.reason


def test_a_deleted_credential_fails_with_a_reason(bench):
    key = {"access_key_id": "a", "secret_access_key": "b", "endpoint_url": "https://h.test"}
    credentials = bench.yard.services.credentials
    credentials.create(OWNER, NewCredential("minio", "s3", key))
    made = imported(bench, UrlSource("s3://minio@sea/a.csv"))
    credentials.delete(OWNER, "minio")
    bench.until(lambda: look(bench, made).current.state == "failed")
    assert look(bench, made).current.reason == because("credential-deleted", credential="'minio'")


def test_the_loop_is_woken_at_the_end(bench, tmp_path, monkeypatch):
    """An automation on the dataset must not wait for the next full round."""
    woken: list[bool] = []
    monkeypatch.setattr(bench.dispatcher.imports, "_wake", lambda: woken.append(True))
    made = imported(bench, a_table(tmp_path))
    bench.until(lambda: look(bench, made).current.state == "ready")
    bench.until(lambda: woken)


def test_only_the_endpoint_is_sent_a_signature(bench):
    """The target of a redirect gets none."""
    key = {"access_key_id": "a", "secret_access_key": "b", "endpoint_url": "https://h.test"}
    bench.yard.services.credentials.create(OWNER, NewCredential("minio", "s3", key))
    nothing: Any = None
    url, sign = ImportController(bench.context, nothing, nothing, nothing).url_and_signer(
        OWNER.name, "s3://minio@sea/a.csv"
    )
    assert url == "https://h.test/sea/a.csv"
    assert "Authorization" in sign(parse_url(url))
    for other in ("https://evil.test/sea/a.csv", "http://h.test/sea/a.csv", "https://h.test:8/a"):
        assert sign(parse_url(other)) == {}


def test_a_dataset_deleted_while_it_is_imported_leaves_no_folder(bench, tmp_path, monkeypatch):
    links, linked = bench.context.links, []
    link = links.link

    def deleted_first(dataset_id: str, *rest: Any) -> Path:
        bench.yard.services.datasets.delete(OWNER, dataset_id)
        linked.append(link(dataset_id, *rest))
        return linked[-1]

    monkeypatch.setattr(links, "link", deleted_first)
    made = imported(bench, a_table(tmp_path))
    bench.until(lambda: bool(linked))
    assert bench.dispatcher.settle(10)
    assert not (bench.store.folder / "resources" / made.id).exists()
    assert not (bench.store.folder / "resources" / ".versions" / made.id).exists()


BROKEN = [
    ("t.csv", b"", "the file is empty"),
    ("t.csv", b"a,b\n1,\x002\n", "NUL"),
    ("t.tsv", b"\x7fELF" + bytes(4096), "binary"),
    ("t.csv", b'a,b\n"1,2\n' + b"3,4\n" * 1000, "the quote that opens in line 2"),
    ("t.csv", ",".join(map(str, range(100_000))).encode(), "100,000 columns"),
    ("t.jsonl", b'{"a":1}\n{"a":\n', "line 2 is not JSON"),
    ("t.parquet", b"a,b\n", "something else"),
    ("t.arrow", b"ARROW1", "the end of the arrow file is missing"),
    ("t.xlsx", b"a,b\n", "something else"),
    ("t.csv", b"<!doctype html>\n<title>Sign in</title>", "the file is a web page (HTML)"),
]


@pytest.mark.parametrize(("filename", "content", "says"), BROKEN)
def test_a_file_that_is_not_the_table_of_its_name_is_refused(bench, filename, content, says):
    """The version fails with the place and a way to keep the bytes. Nothing is stored."""
    before = bytes_in_store(bench)
    made = imported(bench, uploaded(bench, filename, content))
    bench.until(lambda: look(bench, made).current.state == "failed")
    version = look(bench, made).current
    assert says in str(version.reason)
    assert "such as .dat" in str(version.reason)
    assert version.digest == ""
    bench.until(lambda: bytes_in_store(bench) == before)
    assert not [*(bench.store.folder / "tables").glob("sha256-*")]
    assert not (bench.store.folder / "resources" / made.id).exists()
    stem = filename.partition(".")[0]
    kept = imported(bench, uploaded(bench, f"{stem}.dat", content), replace=True)
    bench.until(lambda: look(bench, kept).current.state == "ready")
    assert bench.yard.services.datasets.content(OWNER, kept.id).filename == "t.dat"


def test_a_failed_version_leaves_bytes_that_others_name(bench, tmp_path):
    (tmp_path / "root" / "t.dat").write_bytes(b"")
    kept = imported(bench, FileSource(path="t.dat"))
    bench.until(lambda: look(bench, kept).current.state == "ready")
    (tmp_path / "root" / "t.csv").write_bytes(b"")
    body = NewDataset(source=FileSource(path="t.csv"), name="e")
    made = bench.yard.services.datasets.create(OWNER, body)
    bench.until(lambda: look(bench, made).current.state == "failed")
    bench.round(2)
    assert bench.context.blobs.exists(look(bench, kept).current.digest)


@pytest.mark.parametrize(
    ("filename", "content"),
    [("t.json", b"{"), ("t.tsv", b'a\tb\n1\t"2\n'), ("t.txt", b""), ("t.jsonl", b"[1]\n")],
)
def test_a_dataset_without_preview_is_ready_with_a_reason(bench, filename, content):
    made = imported(bench, uploaded(bench, filename, content))
    bench.until(lambda: look(bench, made).current.state == "ready")
    assert look(bench, made).current.reason


def test_a_failed_reader_is_no_fault_of_the_file(bench, tmp_path, monkeypatch):
    def too_slow(*_: object, **__: object) -> None:
        raise Invalid("reading this table took too long")

    monkeypatch.setattr(bench.context.tables, "info", too_slow)
    made = imported(bench, a_table(tmp_path))
    bench.until(lambda: look(bench, made).current.state == "ready")
    assert "took too long" in str(look(bench, made).current.reason)


def test_after_a_failed_version_the_former_one_is_offered(bench, tmp_path):
    datasets = bench.yard.services.datasets
    made = imported(bench, a_table(tmp_path))
    bench.until(lambda: look(bench, made).current.state == "ready")
    imported(bench, uploaded(bench, "t.csv", b"a,b\n1,\0\n"), replace=True)
    bench.until(lambda: look(bench, made).current.state == "failed")
    assert look(bench, made).current.number == 2
    assert datasets.preview(OWNER, made.id).rows == [[1, "x"], [2, "y"]]
    assert (
        datasets.content(OWNER, made.id).digest == datasets.versions(OWNER, made.id).items[1].digest
    )
    assert look(bench, made).resource == f"resources/{made.id}"
    shown = bench.store.folder / "resources" / made.id / "t.csv"
    assert shown.read_text() == "a,b\n1,x\n2,y\n"
    with pytest.raises(NotFound, match="NUL"):
        datasets.content(OWNER, made.id, version=2)
