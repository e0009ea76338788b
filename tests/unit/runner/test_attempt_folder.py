"""The attempt folder from inside."""

import json
import os
import socket
from pathlib import Path

import msgspec
import pytest

from nbyard.attempts.folders import read_result, read_results
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.attempts.structs import CommandWork, Output, TaskFile
from nbyard.domain.commands.invocations import escape_attempt_paths
from nbyard.runner.attempt_folder import AttemptFolder, BadTask, as_json
from nbyard.runner.reasons import because


@pytest.fixture
def folder(tmp_path: Path) -> AttemptFolder:
    return AttemptFolder(str(tmp_path))


def test_domain_and_runner_agree_on_tasks(folder: AttemptFolder) -> None:
    task = TaskFile("a", "t", "m", CommandWork(["x"]), {"o": Output("outputs/o")})
    Path(folder.at("task.json")).write_bytes(msgspec.json.encode(task))
    assert folder.task()["work"] == {"kind": "command", "argv": ["x"], "environment": {}} | {
        "stdin": "",
        "stdout": "",
        "stderr": "",
        "files": [],
        "exit_codes": {"success": [], "temporary": [], "permanent": []},
        "dockerfile": "",
        "handed": {},
        "secrets": {},
    }


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{", '{"version": 2}', '{"version": 1}', "null"),
        '{"version":1,"attempt_id":1,"token":"","mark":"","work":{"kind":"command"}}',
        '{"version":1,"attempt_id":"","token":"","mark":"","work":{"kind":"spell"}}',
    ],
)
def test_invalid_tasks_are_refused(folder: AttemptFolder, text: str) -> None:
    Path(folder.at("task.json")).write_text(text)
    with pytest.raises(BadTask, match=r"task\.json"):
        folder.task()


def test_every_result_can_be_read(folder: AttemptFolder) -> None:
    """Names of files that are not UTF-8 reach it in messages."""
    text = "out/\udce9t\udce9.csv is a pipe: é \U0001f600\u2028"
    failed = {"kind": "contract", "reason": because("text", text=text)}
    ended = {"state": "failed", "started_at": 1, "finished_at": 2, "failure": failed}
    folder.write_whole("result.json", {"attempt_id": "a", "token": "t", **ended})
    result = read_result(Path(folder.path))
    assert result is not None and result.failure is not None
    assert result.failure.message == "out/?t?.csv is a pipe: é \U0001f600\u2028"
    Path(folder.at("results.jsonl")).write_bytes(as_json(msgspec.to_builtins(result)) + b"\n")
    assert read_results(Path(folder.path), 0)[0] == [result]


def test_placeholder(folder: AttemptFolder) -> None:
    assert folder.expand("{attempt}/x") == f"{folder.path}/x"
    assert folder.expand("{attempt}") == folder.path
    for text in ("a{attempt}/x", "{attempt}x", "{x.__class__}", "{attempts}/"):
        assert folder.expand(text) == text
    nested = {"a": ["{attempt}/x", 1, None]}
    assert folder.expand(nested) == {"a": [f"{folder.path}/x", 1, None]}
    assert folder.expand_word("--in={attempt}/x") == f"--in={folder.path}/x"
    assert folder.expand_word("{attempt}/x={attempt}/y") == f"{folder.path}/x={{attempt}}/y"
    assert folder.expand_word("a/b={attempt}/y") == "a/b={attempt}/y"
    inner = "-I{attempt}/inputs/a/x,{attempt}/code/y"
    assert folder.expand_word(inner) == f"-I{folder.path}/inputs/a/x,{folder.path}/code/y"


@pytest.mark.parametrize(
    "text",
    [
        "{attempt}",
        "{attempt}/x",
        "{{attempt}/code/x",
        "a={attempt}/y",
        "x{attempt}/inputs/z{attempt",
    ],
)
def test_texts_of_users_are_no_paths(folder: AttemptFolder, text: str) -> None:
    argument = Argument("x")
    assert folder.expand_word(escape_attempt_paths(argument, text)) == text
    for value in (text, [text, 1], {text: {"a": [text]}}):
        assert folder.expand(escape_attempt_paths(argument, value)) == value
    folder_text = folder.expand_word(
        "-I{attempt}/inputs/a/x," + escape_attempt_paths(argument, text)
    )
    assert folder_text == f"-I{folder.path}/inputs/a/x,{text}"
    for place in (Argument("x", role="input"), Argument("x", type="secret")):
        assert escape_attempt_paths(place, "{attempt}/x") == "{attempt}/x"


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x"])
def test_paths_stay_inside(folder: AttemptFolder, path: str) -> None:
    with pytest.raises(BadTask, match="leaves"):
        folder.inside(path)


def test_events_are_numbered_lines(folder: AttemptFolder) -> None:
    for state in ("running", "done"):
        folder.event({"type": "cell", "state": state})
    lines = Path(folder.at("events.jsonl")).read_text().splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [1, 2]


def test_files_are_replaced_atomically(folder: AttemptFolder) -> None:
    folder.write_whole("result.json", {"a": 1})
    folder.write_whole("result.json", {"a": 2})
    folder.make_durable("result.json")
    folder.make_durable("taken-away.json")
    assert json.loads(Path(folder.at("result.json")).read_text()) == {"a": 2}
    assert os.listdir(folder.path) == ["result.json"]


def test_heartbeat(folder: AttemptFolder) -> None:
    for _ in range(2):
        folder.touch_heartbeat()
    assert folder.has("heartbeat")


def test_poking_needs_no_listener(folder: AttemptFolder, tmp_path: Path) -> None:
    wake = tmp_path / "wake"
    folder.poke("", "a")
    folder.poke(str(wake), "a")
    wake.mkdir()
    (wake / "file").write_text("no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead:
        dead.bind(str(wake / "dead"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(wake / "ear"))
        ear.settimeout(5)
        folder.poke(str(wake), "attempt-1")
        assert ear.recv(100) == b"attempt-1"


def test_placeholders_are_replaced_by_the_working_folder(tmp_path: Path) -> None:
    """The writer knows only `{attempt}`. The same text in a user's value stays."""
    work = tmp_path / "outputs/.work"
    (work / "part").mkdir(parents=True)
    texts = {
        "part/go.sh": "cat '{attempt}/inputs/a/b c'\nls {attempt}/outputs/.work\n",
        "own.txt": "{attempt} {attempt}/else",
    }
    for name, text in texts.items():
        (work / name).write_text(text)
    (work / "given").write_text("{attempt}/inputs/x")
    placed = [[name, "", text, False] for name, text in texts.items()]
    placed.append(["given", "{attempt}/inputs/given/given", "", False])
    AttemptFolder(str(tmp_path)).expand_paths_in_files("outputs/.work", placed)
    here = tmp_path.resolve()
    told = (work / "part/go.sh").read_text()
    assert told == f"cat '{here}/inputs/a/b c'\nls {here}/outputs/.work\n"
    assert (work / "own.txt").read_text() == texts["own.txt"]
    assert (work / "given").read_text() == "{attempt}/inputs/x"


def test_a_path_of_a_container_is_translated(tmp_path: Path) -> None:
    folder = AttemptFolder(str(tmp_path), "/seen")
    assert folder.local_path("/seen/outputs/a") == f"{tmp_path.resolve()}/outputs/a"
    assert [folder.local_path(path) for path in ("a", "/seenother/a")] == ["a", "/seenother/a"]
    assert AttemptFolder(str(tmp_path)).local_path(f"{tmp_path}/a") == f"{tmp_path}/a"
