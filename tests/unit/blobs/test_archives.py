"""Archives become folders, or are refused as a whole."""

import io
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbyard.blobs import Blobs, archives
from nbyard.blobs.archives import put_archive
from nbyard.errors import Invalid, TooLarge

Pack = Callable[[Iterable[tuple[str, bytes]]], bytes]
LIMIT = 1 << 30


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return made.getvalue()


def tarred(files: Iterable[tuple[str, bytes]], mode: str = "w") -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files:
            info = tarfile.TarInfo(name.removesuffix("/"))
            info.size = len(content)
            info.mode = 0o4755 if name.endswith(".sh") else 0o666
            info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


def special(kind: bytes, name: str = "l", target: str = "/etc/passwd") -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        archive.addfile(info)
    return made.getvalue()


def unpacked(blobs: Blobs, content: bytes, limit: int = LIMIT) -> dict[str, bytes]:
    """Its files; an empty folder has no bytes and ends in /."""
    blob = put_archive(blobs, blobs.put_bytes(content).digest, limit)
    tree = blobs.tree(blob.digest)
    assert blob.size_bytes == sum(entry.size_bytes for entry in tree.files)
    found = {entry.path: blobs.path(entry.digest).read_bytes() for entry in tree.files}
    return found | {f"{folder}/": b"" for folder in tree.folders}


FILES = [("a.txt", b"1"), ("sub/", b""), ("sub/b.bin", bytes(70_000)), ("empty/", b"")]


@pytest.mark.parametrize(
    "content",
    [zipped(FILES), *(tarred(FILES, mode) for mode in ("w", "w:gz", "w:bz2", "w:xz"))],
    ids=["zip", "tar", "gz", "bz2", "xz"],
)
def test_an_archive_restores_its_folder(blobs: Blobs, content: bytes) -> None:
    expected = {"a.txt": b"1", "sub/b.bin": bytes(70_000), "empty/": b""}
    assert unpacked(blobs, content) == expected


def test_only_the_executable_bit_of_modes_is_kept(blobs: Blobs) -> None:
    files = tarred([("run.sh", b"#!"), ("a", b"1")])
    blob = put_archive(blobs, blobs.put_bytes(files).digest, LIMIT)
    assert [(e.path, e.executable) for e in blobs.tree(blob.digest).files] == [
        ("a", False), ("run.sh", True),
    ]  # fmt: skip


BAD_NAMES = ["../x", "/x", "a/../x", "a//x", "./x", "a\\x", "x\n", "a/."]


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_names_outside_the_folder_are_refused(blobs: Blobs, pack: Pack, name: str) -> None:
    with pytest.raises(Invalid):
        unpacked(blobs, pack([("fine", b""), (name, b"x")]))


@pytest.mark.parametrize(
    "names", [("a", "a"), ("a", "A"), ("x/a", "X/b"), ("a", "a/b"), ("a/b", "a"), ("ä", "a\u0308")]
)
@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicate_names_are_refused(blobs: Blobs, pack: Pack, names: tuple[str, str]) -> None:
    with pytest.raises(Invalid):
        unpacked(blobs, pack([(name, b"x") for name in names]))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_of_a_tar_are_refused(blobs: Blobs, kind: bytes) -> None:
    with pytest.raises(Invalid, match="link or device"):
        unpacked(blobs, special(kind))


def test_links_of_a_zip_are_refused(blobs: Blobs) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        info = zipfile.ZipInfo("l")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(Invalid, match="link or device"):
        unpacked(blobs, made.getvalue())


def test_an_encrypted_archive_is_refused(blobs: Blobs) -> None:
    content = bytearray(zipped([("a", b"1")]))
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + flags] |= 1
    with pytest.raises(Invalid, match="encrypted"):
        unpacked(blobs, bytes(content))


@pytest.mark.parametrize("pack", [zipped, tarred, lambda files: tarred(files, "w:gz")])
def test_an_archive_that_expands_too_much_is_refused(
    blobs: Blobs, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "ALWAYS_BYTES", 1 << 16)
    content = pack([("a", bytes(1 << 20)), ("b", bytes(1 << 20))])
    if len(content) < 1 << 20:
        with pytest.raises(TooLarge, match="times its own size"):
            unpacked(blobs, content)
    with pytest.raises(TooLarge):
        unpacked(blobs, content, limit=1 << 20)


def test_large_headers_are_refused(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "ALWAYS_BYTES", 1 << 16)
    monkeypatch.setattr(archives, "MAX_FILES", 10)
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz", pax_headers={"comment": "x" * (4 << 20)}) as one:
        one.addfile(tarfile.TarInfo("a"))
    with pytest.raises(TooLarge):
        unpacked(blobs, made.getvalue())


def many(count: int) -> bytes:
    """A zip whose list names one empty file again and again."""
    name = b"a%06d"
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 0, 0, 33, 0, 0, 0, 7, 0) + name % 0
    head = struct.pack(
        "<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0
    )
    listed = b"".join(head + name % number for number in range(count))
    wide = struct.pack(
        "<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(listed), len(local)
    )
    located = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(local) + len(listed), 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 7, len(local), 0)
    return local + listed + wide + located + end


def test_too_many_files_are_refused(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_FILES", 3)
    for pack in (zipped, tarred):
        with pytest.raises(TooLarge, match="at most 3 files"):
            unpacked(blobs, pack([(f"a{number}", b"") for number in range(4)]))


def test_a_too_long_list_of_members_is_not_read(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the plain end of the archive says of its length."""
    monkeypatch.setattr(archives, "MAX_LIST_BYTES", 1000)
    monkeypatch.setattr(zipfile.ZipFile, "__init__", None)
    with pytest.raises(TooLarge, match="at most"):
        unpacked(blobs, many(100))


@pytest.mark.parametrize("pack", [zipped, lambda f: tarred(f, "w:gz"), lambda f: tarred(f, "w:xz")])
def test_a_truncated_archive_is_refused(blobs: Blobs, pack: Pack) -> None:
    content = pack([("a", bytes(range(256)) * 64)])
    for end in (40, len(content) // 2, len(content) - 5):
        with pytest.raises(Invalid, match=r"cut off|not a supported|no files"):
            unpacked(blobs, content[:end])


def test_another_file_is_refused(blobs: Blobs) -> None:
    for content in (b"", b"a,b\n1,2\n", bytes(600)):
        with pytest.raises(Invalid, match="not a supported archive"):
            unpacked(blobs, content)
    for content in (zipped([]), zipped([("a/", b"")]), tarred([("a/", b"")])):
        with pytest.raises(Invalid, match="no files"):
            unpacked(blobs, content)


def test_a_member_before_the_archive_is_damage(blobs: Blobs) -> None:
    content = bytearray(zipped([("a", b"1"), ("b", b"2")]))
    content[content.rindex(b"PK\x05\x06") + 16] += 40  # where the list of files begins
    with pytest.raises(Invalid, match="damaged"):
        unpacked(blobs, bytes(content))


@given(st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_is_refused_or_harmless(blobs: Blobs, data: st.DataObject) -> None:
    pack = data.draw(st.sampled_from([zipped, tarred, lambda files: tarred(files, "w:gz")]))
    content = bytearray(pack([("a", b"12345" * 20), ("b/c", b"x")]))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = unpacked(blobs, bytes(content))
    except (Invalid, TooLarge):
        return
    assert all(not name.startswith("/") and ".." not in name.split("/") for name in found)
