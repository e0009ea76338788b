"""The mirror of a user's files on a shared service."""

import contextlib
import hashlib

import msgspec
import pytest
from tests.support.home_connections import DirectConnection

from nbyard.domain.callers import Caller
from nbyard.domain.projects.homes import HomeFile, HomeUpdate, MovedStore, StoreMove
from nbyard.domain.users.quotas import NewQuota
from nbyard.errors import (
    Busy,
    Conflict,
    Invalid,
    NotFound,
    OverQuota,
    StaleWrite,
    TooLarge,
)
from nbyard.freezing.pushed_folders import home_folder
from nbyard.services import home

from ..backup.own_stores import HOME, back_up_own_store


def file(path: str, content: bytes = b"x", **more: object) -> HomeFile:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return msgspec.structs.replace(HomeFile(path, len(content), digest), **more)


@pytest.fixture
def ann_home(yard) -> DirectConnection:
    return DirectConnection(yard)


def put(connection: DirectConnection, *removed: str, **contents: bytes) -> None:
    files = [file(path, content) for path, content in contents.items()]
    body = HomeUpdate(connection.get().revision, files, [*removed])
    state = connection.update(body)
    if state.missing:
        content = b"".join(contents[path] for path in state.missing)
        upload = connection.upload("home", len(content), iter([content]))
        sent = msgspec.structs.replace(body, upload=upload, sent=state.missing)
        assert connection.update(sent).missing == []


def test_bytes_are_asked_for_once(ann_home):
    put(ann_home, **{"a/b": b"1", "c": b"1", "d": b""})
    assert ann_home.sent == [1]
    put(ann_home, "a/b", **{"moved/b": b"1"})
    assert ann_home.sent == [1]
    assert (ann_home.files.root / "moved/b").read_bytes() == b"1"
    assert not (ann_home.files.root / "a").exists()
    assert [one.path for one in ann_home.get().files] == ["c", "d", "moved/b"]


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/x", "../x", "a/../../x", ".", "", "a//b", "a\\b", "a\0b", "a\nb", "./a"),
        *(".git/config", "a/.GIT/hooks/x", "git~1/x", "n" * 300, "/".join(["dddd"] * 1000)),
    ],
)
def test_no_path_leaves_the_mirror(ann_home, path):
    for body in (HomeUpdate(0, [file(path)]), HomeUpdate(0, removed=[path])):
        with pytest.raises(Invalid):
            ann_home.update(body)
    assert [*ann_home.files.root.iterdir()] == []


@pytest.mark.parametrize(
    "files",
    [
        [file("a"), file("a")],
        [file("a"), file("a/b")],
        [file("a"), HomeFile("a/")],
        [file("a", size_bytes=-1)],
        [file("a", digest="")],
        [file("a", digest="sha256:12")],
        [file("a", digest="tree:" + "0" * 64)],
        [file("a/")],
    ],
)
def test_wrong_files_are_refused(ann_home, files):
    with pytest.raises(Invalid):
        ann_home.update(HomeUpdate(0, files))


def test_the_mirror_counts_in_the_disk_quota(ann_home, yard, ann):
    put(ann_home, a=b"12345")
    quotas = yard.services.quotas
    assert quotas.use(ann).stored_bytes == 5
    quotas.set(ann, "everyone", NewQuota(stored_bytes=8))
    with pytest.raises(OverQuota):
        put(ann_home, b=b"1234")
    assert [each.path for each in ann_home.get().files] == ["a"]
    put(ann_home, "a", b=b"12345678")
    assert quotas.use(ann).stored_bytes == 8
    put(ann_home, "b")
    assert quotas.use(ann).stored_bytes == 0


def test_the_number_and_size_of_files_are_limited(ann_home, monkeypatch):
    with pytest.raises(TooLarge):
        ann_home.update(HomeUpdate(0, [file("a", size_bytes=1 << 60)]))
    monkeypatch.setattr(home, "MOST_FILES", 1)
    with pytest.raises(TooLarge):
        ann_home.update(HomeUpdate(0, [file("a"), file("b")]))


def test_other_bytes_than_announced_are_refused(ann_home):
    def send(content: bytes, sent: list[str]) -> None:
        upload = ann_home.upload("home", len(content), iter([content]))
        ann_home.update(HomeUpdate(0, [file("a", b"12"), file("b", b"3")], [], upload, sent))

    for content, sent in (
        (b"xx3", ["a", "b"]),
        (b"12", ["a", "b"]),
        (b"1234", ["a", "b"]),
        (b"12", ["other"]),
        (b"3", ["a"]),
    ):
        with pytest.raises((Conflict, Invalid)):
            send(content, sent)
    assert [*ann_home.files.root.iterdir()] == []
    with pytest.raises(Invalid):
        ann_home.update(HomeUpdate(0, [file("a")], [], "", ["a"]))
    with pytest.raises(NotFound):
        ann_home.update(HomeUpdate(0, [file("a")], [], "0" * 32, ["a"]))


def test_two_updates_do_not_mix(ann_home, monkeypatch):
    put(ann_home, a=b"1")
    with pytest.raises(StaleWrite):
        ann_home.update(HomeUpdate(0, [file("a", b"1")]))
    with monkeypatch.context() as patched:
        patched.setattr(home, "lock_exclusive", lambda fd: False)
        with pytest.raises(Busy):
            ann_home.get()


def test_owners_learn_nothing_of_each_other(yard, ann_home):
    put(ann_home, secret=b"of ann")
    bob = DirectConnection(yard, "bob")
    body = HomeUpdate(0, [file("guess", b"of ann")])
    assert bob.update(body).missing == ["guess"]
    assert bob.get().files == []
    with pytest.raises(NotFound):
        bob.home_file("secret")
    upload = ann_home.upload("home", 6, iter([b"of ann"]))
    with pytest.raises(NotFound):
        bob.update(msgspec.structs.replace(body, upload=upload, sent=["guess"]))
    # The services of one user never answer another one.
    with pytest.raises(Conflict):
        ann_home.services.home.get(bob.caller)


@pytest.mark.parametrize("owner", ["..", ".", "a/b", "ann.json", "x" * 255, "ö" * 255, "%2E", ""])
def test_each_owner_has_a_folder_of_its_own(yard, owner):
    others = {home_folder(yard.store.folder, name) for name in ("ann", "a", "%", "a%2Fb")}
    folder = home_folder(yard.store.folder, owner)
    assert folder not in others
    assert folder.parent.name == "homes"
    put(DirectConnection(yard, owner), a=b"1")
    assert (folder / "a").read_bytes() == b"1"


def test_a_server_that_reads_the_files_itself_has_no_mirror(yard, ann):
    for call in (yard.services.home.get, yard.services.home.changes):
        with pytest.raises(Conflict):
            call(ann)
    with pytest.raises(Conflict):
        yard.services.home.update(ann, HomeUpdate(0))
    with pytest.raises(Conflict):
        yard.services.home.content(Caller("ann"), "a")


def test_what_operations_wrote(ann_home):
    put(ann_home, **{"a": b"1", "b": b"2", "d/e": b"3"})
    root = ann_home.files.root
    assert ann_home.changes() == []
    (root / "a").write_bytes(b"other")
    (root / "b").unlink()
    (root / "d/new").write_bytes(b"n")
    (root / ".new.part").write_bytes(b"half")
    changes = {one.path: (one.digest, one.was) for one in ann_home.changes()}
    assert changes == {
        "a": (file("a", b"other").digest, file("a", b"1").digest),
        "b": ("", file("b", b"2").digest),
        "d/new": (file("d/new", b"n").digest, ""),
    }
    source, name = ann_home.home_file("d/new")
    with source:
        assert (source.read(), name) == (b"n", "new")
    put(ann_home, "b", **{"a": b"other", "d/new": b"n"})
    assert ann_home.changes() == []


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("name", ["_write", "_place", "_remove"])
@pytest.mark.parametrize("calls", [0, 1, 2])
def test_an_interrupted_update_is_repaired(ann_home, monkeypatch, name, calls):
    before = {"a": b"1", "b": b"2", "old": b"3"}
    after = {"a": b"1!", "b": b"2!", "new/c": b"4"}
    put(ann_home, **before)
    done: list[int] = []
    whole = getattr(home.HomeMirror, name)

    def killed(*args: object) -> None:
        if len(done) == calls:
            raise Killed
        done.append(1)
        whole(*args)

    with monkeypatch.context() as patched:
        patched.setattr(home.HomeMirror, name, killed)
        with contextlib.suppress(Killed):
            put(ann_home, "old", **after)
    for path in ("a", "b"):
        assert (ann_home.files.root / path).read_bytes() in (before[path], after[path])
    # What the interrupted update left is no work of an operation.
    assert ann_home.changes() == []
    put(ann_home, "old", **after)
    found = {p: (ann_home.files.root / p).read_bytes() for p in after}
    assert found == after
    assert sorted(one.path for one in ann_home.get().files) == ["a", "b", "new/c"]
    assert not (ann_home.files.root / "old").exists()


def send_store(connection: DirectConnection, content: bytes, root: str = HOME) -> MovedStore:
    upload = connection.upload("own.tar", len(content), iter([content]))
    body = StoreMove(upload, root)
    return connection.services.home.move_store(connection.caller, body)


def test_a_users_own_store_is_moved(ann_home, tmp_path):
    content = back_up_own_store(tmp_path).read_bytes()
    moved = send_store(ann_home, content)
    counts = (moved.runs, moved.datasets, moved.workflows, moved.environments)
    assert counts == (1, 1, 0, 0) and moved.size_bytes
    (run,) = ann_home.services.runs.list(ann_home.caller).items
    assert run.path == "train.py"
    assert not ann_home.services.runs.list(Caller("bob")).items
    with pytest.raises(Conflict):
        send_store(ann_home, content)


@pytest.mark.parametrize("content", [b"", b"x" * 2000, b"backup.json" + b"\0" * 1013])
def test_bytes_that_are_no_store_are_refused(ann_home, content):
    with pytest.raises(Invalid, match="upload"):
        send_store(ann_home, content)


@pytest.mark.parametrize("root", ["", "/", "home", "/home/", "/a//b", '/a"b', "/a\\b"])
def test_a_root_is_the_path_of_a_folder(ann_home, root):
    with pytest.raises(Invalid, match="root"):
        send_store(ann_home, b"", root)


def test_a_store_beyond_the_quota_is_not_moved(ann_home, tmp_path):
    content = back_up_own_store(tmp_path).read_bytes()
    limits = NewQuota(stored_bytes=8)  # less than what the store has
    ann_home.services.quotas.set(ann_home.caller, "everyone", limits)
    with pytest.raises(OverQuota):
        send_store(ann_home, content)
    assert not ann_home.services.runs.list(ann_home.caller).items
