"""Files below a root."""

import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.errors import Forbidden, Invalid, NotFound, TooLarge
from nbyard.host.project_files import ProjectFiles, write_whole
from nbyard.reasons.structs import because


@pytest.fixture
def files(tmp_path):
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "a.txt").write_bytes(b"a")
    (root / "sub" / "b.txt").write_bytes(b"bb")
    (tmp_path / "secret.txt").write_bytes(b"s")
    return ProjectFiles(root)


@pytest.mark.parametrize(
    ("path", "base", "shown"),
    [
        ("a.txt", "", "a.txt"),
        ("/a.txt", "", "a.txt"),
        ("sub/../a.txt", "", "a.txt"),
        ("b.txt", "sub", "sub/b.txt"),
        ("../a.txt", "sub", "a.txt"),
        ("not/yet", "", "not/yet"),
        (".", "", "."),
    ],
)
def test_paths_below_the_root_are_resolved(files, path, base, shown):
    real = files.locate(path, base=base)
    assert files.shown(real) == shown
    assert files.has(real)


@pytest.mark.parametrize(
    ("path", "base"),
    [
        ("../secret.txt", ""),
        ("sub/../../secret.txt", ""),
        ("../../secret.txt", "sub"),
        ("x", "../.."),
    ],
)
def test_paths_that_lead_out_are_refused(files, path, base):
    with pytest.raises(Invalid, match="leads out"):
        files.locate(path, base=base)


def test_an_absolute_path_below_the_root_is_accepted(files, tmp_path):
    whole = str(files.root / "sub/b.txt")
    assert files.shown(files.locate(whole)) == "sub/b.txt"
    assert files.real_path_of(whole) == files.real_path_of("sub/b.txt") == files.root / "sub/b.txt"
    with pytest.raises(Invalid, match="leads out"):
        files.locate(str(tmp_path / "secret.txt"))


def test_links_that_lead_out_are_refused(files, tmp_path):
    (files.root / "out").symlink_to(tmp_path)
    (files.root / "in").symlink_to(files.root / "sub")
    assert files.read("in/b.txt") == b"bb"
    with pytest.raises(Invalid, match="leads out"):
        files.read("out/secret.txt")


def test_a_link_beside_a_file_does_not_lead_out(files, tmp_path):
    (files.root / "out.txt").symlink_to(tmp_path / "secret.txt")
    (files.root / "in.txt").symlink_to(files.root / "sub/b.txt")
    assert files.content(files.root / "in.txt") == b"bb"
    with pytest.raises(Invalid, match=r"out\.txt leads out"):
        files.content(files.root / "out.txt")


def test_files_are_listed_without_links_caches_and_special_files(files, tmp_path):
    (tmp_path / "other").mkdir()
    for place in ("a.py", "sub/b.py", "nodes_of_mine/c.py", "node_modelling/d.py", "sub/x.txt"):
        (files.root / place).parent.mkdir(exist_ok=True)
        (files.root / place).touch()
    listed = [files.root / place for place in ("a.py", "node_modelling/d.py", "nodes_of_mine/c.py")]
    listed.append(files.root / "sub/b.py")
    for name in ("__pycache__", "node_modules", "venv", ".hidden", "made.egg-info"):
        (files.root / name).mkdir()
        (files.root / name / "no.py").touch()
    (tmp_path / "other/no.py").touch()
    (files.root / "link.py").symlink_to(tmp_path / "other/no.py")
    (files.root / "inner.py").symlink_to("a.py")
    (files.root / "folder").symlink_to(tmp_path / "other")
    (files.root / ".no.py").touch()
    (files.root / "folder.py").mkdir()
    os.mkfifo(files.root / "pipe.py")
    assert sorted(files.with_suffix(".py")) == listed


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "a path is needed"),
        ("a\0b", "NUL"),
        ("\ud800", "surrogate"),
        ("x" * 300, "longer than a path can be"),
        ("é" * 200, "longer than a path can be"),
        ("a/" * 400_000, "longer than a path can be"),
    ],
)
def test_invalid_paths_are_refused(files, path, words):
    with pytest.raises(Invalid, match=f"code: .*{words}"):
        files.locate(path, "code")


def test_the_absolute_path_counts_for_the_length_limit(tmp_path):
    """The store notes where the file really is, and an index of PostgreSQL ends there."""
    deep = ProjectFiles(tmp_path.joinpath(*["d" * 200] * 8))
    assert deep.locate("sub/a.nbflow").name == "a.nbflow"
    with pytest.raises(Invalid, match="longer than a path"):
        deep.locate(f"{'s' * 200}/{'a' * 200}/a.nbflow")


@given(path=st.text("./ab~\\ ", max_size=20), base=st.text("./ab", max_size=6))
def test_no_path_leads_out(tmp_path_factory, path, base):
    files = ProjectFiles(tmp_path_factory.getbasetemp())
    try:
        real = files.locate(path, base=base)
    except Invalid:
        return
    assert real.is_relative_to(files.root)


def test_unreadable_files_are_reported(files, monkeypatch):
    os.mkfifo(files.root / "pipe")
    (files.root / "loop").symlink_to("loop")
    for path in ("nothing.txt", "sub", "a.txt/b", "pipe", "loop"):
        with pytest.raises(NotFound, match=r"There is no file"):
            files.read(path)
    with pytest.raises(TooLarge, match="more than 1 bytes"):
        files.read("sub/b.txt", limit=1)

    def refuse(_):
        raise PermissionError

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(Forbidden, match=r"a\.txt cannot be read"):
        files.read("a.txt")


def test_a_shell_resolves_paths_from_its_folder(tmp_path):
    from pathlib import Path

    (tmp_path / "a.txt").write_bytes(b"a")
    files = ProjectFiles(Path("/"), start=tmp_path)
    assert files.read("a.txt") == files.read(os.fspath(tmp_path / "a.txt")) == b"a"
    assert files.shown(files.locate("a.txt")) == os.path.realpath(tmp_path / "a.txt")


def test_a_file_is_replaced_atomically(tmp_path, monkeypatch):
    path = tmp_path / ("long" * 50 + ".sh")
    write_whole(path, b"1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    path.chmod(0o755)
    write_whole(path, b"2")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"2", 0o755)

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        write_whole(path, b"3")
    assert path.read_bytes() == b"2"
    assert os.listdir(tmp_path) == [path.name]


def test_paths_in_a_reason_are_relative_to_the_root(tmp_path):
    files = ProjectFiles(tmp_path, tmp_path)
    taken = because("link-place-taken", path=f"{tmp_path}/resources/d1")
    refused = because("link-refused", path="/elsewhere/d1", message="No such file")
    found = files.spoken_in(because("all", reasons=[taken, refused]))
    shown = because("link-place-taken", path="resources/d1")
    assert found == because("all", reasons=[shown, refused])
