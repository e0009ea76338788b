"""What comes out of a volume is put nowhere but in the attempt's folder."""

import io
import tarfile
from contextlib import closing
from typing import Any

import pytest

from nbyard.errors import NotFound, Unavailable
from nbyard.runtimes.docker import transfer


class FakeEngine:
    """An engine that answers with given tars, a few bytes at a time."""

    def __init__(self, **archives):
        self.archives = archives

    def get(self, name, path):
        data = self.archives.get(path.rsplit("/", 1)[-1])
        if data is None:
            raise NotFound(path)
        yield from (data[i : i + 700] for i in range(0, len(data), 700))


def engine(**archives: bytes) -> Any:
    return FakeEngine(**archives)


def tar(*members) -> bytes:
    packed = io.BytesIO()
    with closing(tarfile.open(fileobj=packed, mode="w")) as archive:
        for name, kind, content in members:
            member = tarfile.TarInfo(name)
            member.type, member.mode = kind, 0o755
            if kind == tarfile.REGTYPE:
                member.size = len(content)
            else:
                member.linkname = content.decode()
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def test_files_folders_and_links_arrive(tmp_path):
    archive = tar(
        ("outputs", tarfile.DIRTYPE, b""),
        ("outputs/big", tarfile.REGTYPE, b"x" * 100_000),
        ("outputs/link", tarfile.SYMTYPE, b"big"),
        ("outputs/pipe", tarfile.FIFOTYPE, b""),
    )
    transfer.fetch_tree(engine(outputs=archive), "n", tmp_path, "outputs")
    assert (tmp_path / "outputs/big").read_bytes() == b"x" * 100_000
    assert (tmp_path / "outputs/link").read_bytes()[:1] == b"x"
    assert not (tmp_path / "outputs/pipe").exists()


@pytest.mark.parametrize("name", ["../evil", "/evil", "outputs/../../evil"])
def test_nothing_lands_outside(tmp_path, name):
    folder = tmp_path / "f"
    folder.mkdir()
    archive = tar((name, tarfile.REGTYPE, b"x"))
    transfer.fetch_tree(engine(outputs=archive), "n", folder, "outputs")
    assert not (tmp_path / "evil").exists()


def test_nothing_is_written_through_a_link(tmp_path):
    folder = tmp_path / "f"
    (folder / "outputs").mkdir(parents=True)
    archive = tar(
        ("outputs/d", tarfile.SYMTYPE, str(tmp_path).encode()),
        ("outputs/d/evil", tarfile.REGTYPE, b"x"),
    )
    transfer.fetch_tree(engine(outputs=archive), "n", folder, "outputs")
    assert not (tmp_path / "evil").exists()


def test_what_grows_is_appended_what_changes_is_replaced(tmp_path):
    (tmp_path / "log").write_bytes(b"one\n")
    log = tar(("log", tarfile.REGTYPE, b"one\ntwo\n"))
    for _ in range(2):
        transfer.fetch_file(engine(log=log), "n", tmp_path, "log")
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"
    for content in (b"long before", b"short"):
        notebook = {"executed.ipynb": tar(("executed.ipynb", tarfile.REGTYPE, content))}
        transfer.fetch_file(engine(**notebook), "n", tmp_path, "executed.ipynb")
    assert (tmp_path / "executed.ipynb").read_bytes() == b"short"
    transfer.fetch_file(engine(), "n", tmp_path, "runner.json")


@pytest.mark.parametrize("length", [0, 200, 5000])
def test_an_archive_that_was_cut_off_is_asked_for_again(tmp_path, length):
    """F9: Podman answers so while a file changes; half a file is no file."""
    archive = tar(("outputs", tarfile.DIRTYPE, b""), ("outputs/big", tarfile.REGTYPE, b"x" * 9000))
    with pytest.raises(Unavailable, match="only a part"):
        transfer.fetch_tree(engine(outputs=archive[:length]), "n", tmp_path, "outputs")
    transfer.fetch_tree(engine(outputs=archive), "n", tmp_path, "outputs")
    assert (tmp_path / "outputs/big").read_bytes() == b"x" * 9000
