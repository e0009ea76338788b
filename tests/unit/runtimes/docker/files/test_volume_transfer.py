"""What comes out of a volume is put nowhere but in the attempt's folder."""

import io
import tarfile
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nbyard.domain.attempts.structs import CommandWork, Output, TaskFile
from nbyard.errors import NotFound, TooLarge, Unavailable
from nbyard.runtimes.docker.files import volume_transfer
from nbyard.runtimes.protocol import Order


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


def order(folder: Path, **more: Any) -> Order:
    return Order("a", "s", "r", "n", folder, "m", **more)


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
    volume_transfer.fetch_tree(engine(outputs=archive), "n", tmp_path, "outputs")
    assert (tmp_path / "outputs/big").read_bytes() == b"x" * 100_000
    assert (tmp_path / "outputs/link").read_bytes()[:1] == b"x"
    assert not (tmp_path / "outputs/pipe").exists()


@pytest.mark.parametrize(
    ("total", "error", "message"),
    [(9, TooLarge, "disk full: needs 10 bytes"), (99, OSError, "No space left")],
)
def test_an_output_without_space_is_not_fetched(tmp_path, monkeypatch, total, error, message):
    """It waits, unless it exceeds an empty disk."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(total=total, free=9))
    archive = tar(("outputs", tarfile.DIRTYPE, b""), ("outputs/big", tarfile.REGTYPE, b"x" * 10))
    with pytest.raises(error, match=message):
        volume_transfer.fetch_tree(engine(outputs=archive), "n", tmp_path, "outputs")
    assert not (tmp_path / "outputs/big").exists()


@pytest.mark.parametrize("name", ["../evil", "/evil", "outputs/../../evil"])
def test_nothing_is_written_outside_the_folder(tmp_path, name):
    folder = tmp_path / "f"
    folder.mkdir()
    archive = tar((name, tarfile.REGTYPE, b"x"))
    volume_transfer.fetch_tree(engine(outputs=archive), "n", folder, "outputs")
    assert not (tmp_path / "evil").exists()


def test_nothing_is_written_through_a_link(tmp_path):
    folder = tmp_path / "f"
    (folder / "outputs").mkdir(parents=True)
    archive = tar(
        ("outputs/d", tarfile.SYMTYPE, str(tmp_path).encode()),
        ("outputs/d/evil", tarfile.REGTYPE, b"x"),
    )
    volume_transfer.fetch_tree(engine(outputs=archive), "n", folder, "outputs")
    assert not (tmp_path / "evil").exists()


def test_growing_files_are_appended_and_changed_ones_replaced(tmp_path):
    (tmp_path / "log").write_bytes(b"one\n")
    log = tar(("log", tarfile.REGTYPE, b"one\ntwo\n"))
    for _ in range(2):
        volume_transfer.fetch_file(engine(log=log), "n", tmp_path, "log")
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"
    for content in (b"long before", b"short"):
        notebook = {"executed.ipynb": tar(("executed.ipynb", tarfile.REGTYPE, content))}
        volume_transfer.fetch_file(engine(**notebook), "n", tmp_path, "executed.ipynb")
    assert (tmp_path / "executed.ipynb").read_bytes() == b"short"
    volume_transfer.fetch_file(engine(), "n", tmp_path, "runner.json")


@pytest.mark.parametrize("length", [0, 200, 5000])
def test_a_truncated_archive_is_fetched_again(tmp_path, length):
    """Podman truncates while a file changes. An incomplete file is discarded."""
    archive = tar(("outputs", tarfile.DIRTYPE, b""), ("outputs/big", tarfile.REGTYPE, b"x" * 9000))
    with pytest.raises(Unavailable, match="only a part"):
        volume_transfer.fetch_tree(engine(outputs=archive[:length]), "n", tmp_path, "outputs")
    volume_transfer.fetch_tree(engine(outputs=archive), "n", tmp_path, "outputs")
    assert (tmp_path / "outputs/big").read_bytes() == b"x" * 9000


LEFT = (
    ("attempt/", tarfile.DIRTYPE, b""),
    ("attempt/code", tarfile.DIRTYPE, b""),
    ("attempt/code/model.bin", tarfile.REGTYPE, b"made beside the code"),
    ("attempt/code/work.py", tarfile.REGTYPE, b"x" * 5000),
    ("attempt/executed.ipynb", tarfile.REGTYPE, b"{}"),
    ("attempt/log", tarfile.REGTYPE, b"one\ntwo\n"),
    ("attempt/outputs", tarfile.DIRTYPE, b""),
    ("attempt/outputs/link", tarfile.SYMTYPE, b"o"),
    ("attempt/outputs/o", tarfile.REGTYPE, b"made"),
    ("attempt/outputs/../../evil", tarfile.REGTYPE, b"x"),
    ("attempt/result.json", tarfile.REGTYPE, b"not the last"),
    ("attempt/task.json", tarfile.REGTYPE, b"another"),
)
TASK = TaskFile(
    "a",
    "t",
    "m",
    CommandWork(["true"]),
    {"o": Output("outputs/o"), "m": Output("code/./model.bin")},
)


@pytest.mark.parametrize("much", [False, True])
def test_remaining_files_are_fetched_together_unless_large(tmp_path, monkeypatch, much):
    """Both ways fetch the same files, the result last."""
    asked: list[str] = []
    fetch_file = volume_transfer.fetch_file

    def fetch(engine: Any, name: str, folder: Path, file: str) -> None:
        asked.append(file)
        fetch_file(engine, name, folder, file)

    monkeypatch.setattr(volume_transfer, "fetch_file", fetch)
    monkeypatch.setattr(volume_transfer, "UNWANTED_BYTES", 4999 if much else 10_000)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "log").write_bytes(b"one\n")
    alone = {
        name: tar((name, tarfile.REGTYPE, content))
        for name, content in (
            ("log", b"one\ntwo\n"),
            ("executed.ipynb", b"{}"),
            ("result.json", b"the last"),
            ("model.bin", b"made beside the code"),
        )
    }
    outputs = tar(*((name.partition("/")[2], *more) for name, *more in LEFT[6:9]))
    found = engine(attempt=tar(*LEFT), outputs=outputs, **alone)
    volume_transfer.fetch_all(found, "n", order(folder), TASK)
    assert asked[-1] == "result.json" and (len(asked) > 1) == much
    assert {str(path.relative_to(folder)): path.read_text() for path in files_in(folder)} == {
        "code/model.bin": "made beside the code",
        "executed.ipynb": "{}",
        "log": "one\ntwo\n",
        "outputs/link": "made",
        "outputs/o": "made",
        "result.json": "the last",
    }
    assert not (tmp_path / "evil").exists()


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_missing_folder_leaves_no_files(tmp_path):
    volume_transfer.fetch_all(engine(), "n", order(tmp_path), TASK)
    assert not files_in(tmp_path)
