"""Attempt folders: written for the runner, read for the dispatcher, reduced to a record."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import msgspec
import pytest

from nbyard.attempts import folders
from nbyard.domain.attempts import structs as contract
from nbyard.reasons.structs import because

NOW = datetime(2024, 2, 29, tzinfo=UTC)
TASK = contract.TaskFile("a1", "token", "mark", contract.CommandWork(["true"]), {})


@pytest.fixture
def folder(tmp_path):
    place = folders.attempt_folder_of(tmp_path, "a1")
    place.mkdir(parents=True)
    return place


def test_a_task_file_is_written_as_the_contract_says(folder):
    work = contract.CommandWork(["python3", "code/x.py"])
    task = contract.TaskFile("a1", "token", "mark", work, {"out": contract.Output("outputs/out/o")})
    folders.write_task(folder, task)
    written = (folder / contract.TASK).read_bytes()
    assert msgspec.json.decode(written, type=contract.TaskFile) == task
    assert os.listdir(folder) == [contract.TASK]


RESULT = contract.Result(
    "a1", "token", "failed", 1.0, 2.0, [], contract.Failure("error", because("text", text="no"))
)


def test_a_folder_has_a_result_or_none(folder):
    assert folders.read_result(folder) is None
    (folder / contract.RESULT).write_bytes(msgspec.json.encode(RESULT))
    assert folders.read_result(folder) == RESULT


def test_signs_of_life_change_after_each_heartbeat(folder):
    seen = {folders.last_signs(folder)}
    for name in (contract.LOG, contract.EVENTS, contract.LOG):
        with open(folder / name, "a") as file:
            file.write("x")
        seen.add(folders.last_signs(folder))
    os.utime(folder / contract.LOG, (1, 1))
    seen.add(folders.last_signs(folder))
    (folder / contract.HEARTBEAT).touch()
    seen.add(folders.last_signs(folder))
    assert len(seen) == 5


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"state": "perhaps"}', b'{"a":"\xff"}', b"\xff"]
)
def test_an_invalid_result_reads_as_none(folder, content):
    (folder / contract.RESULT).write_bytes(content)
    assert folders.read_result(folder) is None


def test_a_folder_named_like_the_result_is_no_result(folder):
    (folder / contract.RESULT).mkdir()
    assert folders.read_result(folder) is None
    assert folders.read_result(folder / contract.RESULT / "x") is None


def test_only_the_record_of_an_attempt_is_kept(tmp_path, folder):
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    (outside / "data").write_bytes(b"1")
    for name in ("code/sub", "inputs/raw", "outputs/tidy"):
        (folder / name).mkdir(parents=True)
    for name in (*folders.KEPT, "heartbeat", "code/sub/x.py", "cancel"):
        (folder / name).write_bytes(b"1")
    (folder / "code" / "link").symlink_to(outside)
    (folder / "linked").symlink_to(outside)
    for name in ("code/sub", "code", "inputs"):
        (folder / name).chmod(0o500)
    folders.keep_record(folder)
    assert set(os.listdir(folder)) == set(folders.KEPT)
    assert (outside / "data").read_bytes() == b"1"
    assert outside.stat().st_mode & 0o777 == 0o755, "what a link leads to is left alone"
    folders.keep_record(folder)
    folders.keep_record(folder / "nothing")


def test_a_folder_is_removed_with_its_content(tmp_path, folder):
    (folder / "code" / "locked").mkdir(parents=True)
    (folder / "code" / "locked" / "x").write_bytes(b"")
    (folder / "code" / "locked").chmod(0)
    (folder / "code").chmod(0o555)
    folders.remove_folder(tmp_path, "a1")
    assert not folder.exists()
    folders.remove_folder(tmp_path, "a1")


def test_rights_are_changed_on_folders_only(tmp_path, folder):
    """A process that replaces the folder by a link changes no rights elsewhere."""
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o500)
    (folder / "linked").symlink_to(outside)
    handle = os.open(folder, os.O_RDONLY)
    try:
        with pytest.raises(OSError):
            folders.allow_us("linked", handle)
        (folder / "code").mkdir(mode=0)
        folders.allow_us("code", handle)
    finally:
        os.close(handle)
    assert outside.stat().st_mode & 0o777 == 0o500
    assert (folder / "code").stat().st_mode & 0o700 == 0o700


def test_outputs_are_set_aside_in_one_step(tmp_path, folder):
    (folder / "outputs/out").mkdir(parents=True)
    (folder / "outputs/out/x").write_bytes(b"1")
    assert folders.all_unfinished(tmp_path) == []
    folders.set_outputs_aside(tmp_path, "a1")
    folders.set_outputs_aside(tmp_path, "a1")
    assert folders.all_unfinished(tmp_path) == ["a1"]
    assert (folders.set_aside_folder(tmp_path, "a1") / "out/x").read_bytes() == b"1"
    assert not (folder / "outputs").exists()
    folders.remove_folder(tmp_path, "a1")
    assert folders.all_unfinished(tmp_path) == []


def test_the_first_cancel_request_sets_the_reason(folder):
    """The file is complete, readable by any user of a container, and no temporary file remains."""
    folders.write_task(folder, TASK)
    before = set(os.listdir(folder))
    with ThreadPoolExecutor(8) as pool:
        reasons = [because("text", text=f"{n} asked") for n in range(40)]
        list(pool.map(partial(folders.request_stop, folder), reasons))
    found = folder / contract.CANCEL
    first = found.read_text()
    assert folders.cancel_reason(folder) in reasons and found.stat().st_mode & 0o777 == 0o644
    folders.request_stop(folder, because("text", text="late"))
    assert found.read_text() == first
    assert set(os.listdir(folder)) - before == {contract.CANCEL}


def test_a_finished_attempt_gets_no_cancel_request(folder):
    folders.request_stop(folder, because("text", text="nothing was begun"))
    folders.write_task(folder, TASK)
    (folder / contract.RESULT).write_text("{}")
    folders.request_stop(folder, because("text", text="late"))
    assert not (folder / contract.CANCEL).exists()


def test_a_cancel_request_that_cannot_be_written_is_an_error(folder, monkeypatch):
    """The caller can try again."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    folders.write_task(folder, TASK)
    with monkeypatch.context() as patched:
        patched.setattr(folders, "write_new", full)
        with pytest.raises(OSError, match="No space left"):
            folders.request_stop(folder, because("text", text="in vain"))
    folders.request_stop(folder, because("text", text="again"))
    assert folders.cancel_reason(folder) == because("text", text="again")


def test_very_deep_folders_are_removed(folder):
    """More than a path can name, a process can open, or a function can call itself."""
    outputs = folder / "outputs"
    outputs.mkdir()
    handle = os.open(outputs, os.O_RDONLY)
    for level in range(3000):
        os.mkdir("d", dir_fd=handle)
        deeper = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = deeper
        if level % 500 == 0:
            os.close(os.open("f", os.O_WRONLY | os.O_CREAT, dir_fd=handle))
    os.close(handle)
    folders.delete_path(outputs)
    assert not outputs.exists()
