"""Files beside the outputs, out of archives that an engine sends."""

import shutil
import tarfile
from pathlib import Path

import pytest

from nbyard.runtimes.attempt_files import read_others
from nbyard.runtimes.docker.files import volume_transfer

from .test_volume_transfer import TASK, engine, order, tar

FILE, FOLDER, LINK = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE
RESULT = ("result.json", FILE, b"{}")


@pytest.fixture
def folder(tmp_path) -> Path:
    """An attempt's folder, with its copy of the code."""
    (tmp_path / "f/code").mkdir(parents=True)
    for name, text in (("main.py", "code"), ("data.csv", "1,2"), ("twice.csv", "1,2")):
        (tmp_path / "f/code" / name).write_text(text)
    return tmp_path / "f"


def fetched(
    folder: Path, *code: tuple[str, bytes, bytes], caps: tuple[int, int] = (30, 9), inputs: int = 0
) -> dict[str, str]:
    """What is named of a folder with this code, which may have many inputs behind it."""
    whole = [(f"attempt/code/{path}", *more) for path, *more in code]
    whole.append(("attempt/inputs/i", FILE, b"x" * inputs))
    alone = tar(*((f"code/{path}", *more) for path, *more in code))
    archives = {"attempt": tar(*whole), "code": alone, "result.json": tar(RESULT)}
    volume_transfer.fetch_all(engine(**archives), "n", order(folder, caps=caps), TASK)
    left = read_others(folder)
    assert not list(folder.glob("others.json.*"))
    return {one.path: one.why for one in left.left_out} if left else {}


def ours(folder: Path) -> dict[str, str]:
    code = folder / "code"
    paths = [path for path in code.rglob("*") if path.is_file()]
    return {path.relative_to(code).as_posix(): path.read_text() for path in sorted(paths)}


@pytest.mark.parametrize("inputs", [0, 9 * 2**20])
def test_new_and_changed_files_come_back(folder, inputs):
    """They come as one archive, or as one of the code folder if that is too large."""
    before = (folder / "code/main.py").stat().st_ctime_ns
    left = fetched(
        folder,
        ("main.py", FILE, b"code"),
        ("data.csv", FILE, b"9,9"),
        ("twice.csv", tarfile.LNKTYPE, b"attempt/code/data.csv"),
        ("plots", FOLDER, b""),
        ("plots/a.svg", FILE, b"<svg/>"),
        ("model.bin", FILE, b"an output"),
        (".cache/x", FILE, b"x"),
        inputs=inputs,
    )
    assert left == {}
    found = ours(folder)
    found.pop("model.bin", None)  # which comes as an output
    assert found == {
        **{"main.py": "code", "data.csv": "9,9", "twice.csv": "1,2", "plots/a.svg": "<svg/>"}
    }
    assert (folder / "code/main.py").stat().st_ctime_ns == before


def test_code_in_an_ignored_folder_is_not_named(folder):
    """A bundle has such a folder where the code itself lies in it."""
    (folder / "code/build").mkdir()
    (folder / "code/build/main.py").write_text("code")
    code = ("build/main.py", FILE, b"code")
    assert fetched(folder, code) == {}
    assert fetched(folder, code, ("build/new", FILE, b"x")) == {"build/": "ignored"}


def test_files_that_are_not_kept_are_named(folder, tmp_path):
    """A container may leave links, invalid names and other paths."""
    left = fetched(
        folder,
        ("a\nb", FILE, b"x"),
        ("link", LINK, b"/etc/passwd"),
        ("link/evil", FILE, b"x"),
        ("pipe", tarfile.FIFOTYPE, b""),
        ("again", tarfile.LNKTYPE, b"attempt/code/z"),
        ("dist/one.whl", FILE, b"x"),
        ("../../evil", FILE, b"x"),
        ("main.py/inner", FILE, b"x"),
        ("z", FILE, b"x"),
    )
    assert left == {
        **{"a\\nb": "name", "link": "link", "pipe": "link", "again": "link"},
        **{"dist/": "ignored", "main.py/inner": "unreadable"},
    }
    assert ours(folder).keys() == {"main.py", "data.csv", "twice.csv", "link/evil", "z"}
    assert not (tmp_path / "evil").exists()


def test_the_smallest_files_are_kept(folder):
    sizes = {"a": 20, "b": 40, "c": 2, "d": 9, "e": 10, "f": 1}
    files = [(name, FILE, b"x" * size) for name, size in sizes.items()]
    left = fetched(folder, *files, ("data.csv", FILE, b"9,9"), caps=(30, 4))
    assert left == {"a": "too-large", "b": "too-large", "e": "too-many"}
    assert ours(folder).keys() == {"main.py", "data.csv", "twice.csv", "c", "d", "f"}


def test_a_large_file_of_the_code_is_not_taken_as_a_new_one(folder):
    assert fetched(folder, ("main.py", FILE, b"else"), caps=(3, 9)) == {}
    assert ours(folder)["main.py"] == "code"


def test_without_a_limit_nothing_is_read(folder):
    assert fetched(folder, ("a", FILE, b"x"), caps=(0, 0)) == {}
    assert "a" not in ours(folder)


def test_many_unkept_files_end_the_search(folder, monkeypatch):
    """What was found before it is kept, and declared outputs are fetched."""
    monkeypatch.setattr(volume_transfer, "PASSED_BYTES", 50)
    left = fetched(folder, ("a", FILE, b"x"), ("b", FILE, b"x" * 60), ("c", FILE, b"x"))
    assert left == {"b": "too-large", "./": "too-many"}
    assert "a" in ours(folder) and "c" not in ours(folder)
    assert (folder / "result.json").exists()


def test_a_full_disk_loses_only_the_files(folder, monkeypatch):

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    assert fetched(folder, ("a", FILE, b"x"), ("data.csv", FILE, b"9,9")) == dict.fromkeys(
        ["a", "data.csv"], "no-room"
    )
    assert (folder / "result.json").exists() and "a" not in ours(folder)
