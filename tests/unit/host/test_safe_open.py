"""Files named by path: ordinary ones inside the allowed folders, and nothing else."""

import os
import socket
from pathlib import Path

import pytest

from nbyard.errors import Invalid, NotFound
from nbyard.host import safe_open


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.csv").write_text("a\n1\n")
    (tmp_path / "data-private").mkdir()
    (tmp_path / "data-private" / "secret").write_text("s")
    return folder


def read(path: Path, root: Path) -> str:
    with os.fdopen(safe_open.open_within(path, [root])) as file:
        return file.read()


def test_a_file_inside_is_opened(root: Path) -> None:
    assert read(root / "sub" / "a.csv", root) == "a\n1\n"
    assert safe_open.locate(root / "sub" / ".." / "sub", [root]) == root.resolve() / "sub"


def test_a_link_that_stays_inside_is_followed(root: Path) -> None:
    (root / "alias").symlink_to(root / "sub")
    assert read(root / "alias" / "a.csv", root) == "a\n1\n"


@pytest.mark.parametrize("path", ["../data-private/secret", "..", "sub/../../data-private/secret"])
def test_outside_is_refused_by_path_component(root: Path, path: str) -> None:
    with pytest.raises(Invalid, match="outside the folders"):
        safe_open.open_within(f"{root}/{path}", [root])


def test_a_link_that_leads_outside_is_refused(root: Path) -> None:
    (root / "out").symlink_to(root.parent / "data-private")
    with pytest.raises(Invalid, match="outside"):
        safe_open.open_within(root / "out" / "secret", [root])


@pytest.mark.parametrize(
    "path", ["/proc/self/environ", "/proc/self/fd/0", "/dev/stdin", "/dev/zero", "/sys/kernel"]
)
def test_special_file_systems_are_refused_even_where_everything_is_allowed(path: str) -> None:
    with pytest.raises(Invalid):
        safe_open.open_within(path, [Path("/")])


def test_fifo_and_socket_are_refused_without_waiting(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "sock"))
        for name in ("pipe", "sock"):
            with pytest.raises(Invalid, match="not an ordinary file"):
                safe_open.open_within(root / name, [root])


@pytest.mark.parametrize("swapped", ["sub", "sub/a.csv"])
def test_a_link_swapped_in_after_the_check_is_refused(
    root: Path, swapped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.path.realpath
    outside = root.parent / "data-private"
    (outside / "a.csv").write_text("secret")

    def resolve_then_swap(path: str) -> str:
        found = real(path)
        if str(path).endswith("a.csv"):
            place = root / swapped
            place.rename(root / "moved")
            place.symlink_to(outside if swapped == "sub" else outside / "a.csv")
        return found

    monkeypatch.setattr(os.path, "realpath", resolve_then_swap)
    with pytest.raises(Invalid, match="is a link"):
        safe_open.open_within(root / "sub" / "a.csv", [root])


def test_missing_files_nul_bytes_and_folders_are_refused(root: Path) -> None:
    with pytest.raises(NotFound):
        safe_open.open_within(root / "none.csv", [root])
    with pytest.raises(NotFound):
        safe_open.open_within(root / "sub" / "a.csv" / "x", [root])
    with pytest.raises(Invalid, match="NUL"):
        safe_open.open_within(f"{root}/a\0b", [root])
    with pytest.raises(Invalid, match="is a folder"):
        safe_open.open_regular(root / "sub")
    with pytest.raises(Invalid, match="cannot be read"):
        safe_open.open_within(root / ("n" * 300), [root])


def test_no_descriptor_is_left_open(root: Path) -> None:
    os.mkfifo(root / "sub" / "pipe")
    before = len(os.listdir("/proc/self/fd"))
    for name in ("none", "pipe"):
        with pytest.raises((Invalid, NotFound)):
            safe_open.open_within(root / "sub" / name, [root])
    assert len(os.listdir("/proc/self/fd")) == before


def inside(root: Path, relative: str) -> str:
    with os.fdopen(safe_open.open_inside(root, relative)) as file:
        return file.read()


def test_no_path_leads_out_of_a_folder(root: Path) -> None:
    """A hostile program may have written the name."""
    (root / "alias").symlink_to("sub")
    (root / "out").symlink_to("../data-private")
    for relative in ("sub/a.csv", "alias/a.csv", "./sub/../sub/a.csv", str(root / "sub" / "a.csv")):
        assert inside(root, relative) == "a\n1\n"
    for relative in ("../data-private/secret", "out/secret", "sub/../../data-private/secret"):
        with pytest.raises(Invalid, match="outside the folders"):
            inside(root, relative)
    for relative in (str(root.parent / "data-private" / "secret"), "/etc/passwd", "/"):
        with pytest.raises(Invalid):
            inside(root, relative)
    with pytest.raises(NotFound):
        inside(root, "sub/none")
    os.mkfifo(root / "pipe")
    with pytest.raises(Invalid, match="not an ordinary"):
        inside(root, "pipe")
