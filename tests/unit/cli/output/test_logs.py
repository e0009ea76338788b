"""Following a log shows all attempts until the node ends."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from nbyard.cli.output import logs
from nbyard.cli.output.logs import print_log
from nbyard.reasons.structs import because
from nbyard.testing.dispatcher_thread import Dispatching

GAPS = json.loads((Path(__file__).parents[3] / "cases/log_gaps.json").read_text("utf-8"))
KILLED = because("supervisor-killed")


class Runs:
    """A node whose attempts are told: their text and state. With each look at an attempt that is
    at its end, the next one begins; the node is at its end when all are."""

    def __init__(self, *attempts: tuple[str, str], begun: int = 1):
        self._attempts = attempts
        self._begun = begun
        self.asked: list[tuple[int, int]] = []

    def log(self, run: str, node: str, after: int = 0, attempt: int = 0) -> Any:
        self.asked.append((attempt, after))
        number = attempt or self._begun
        text, _ = self._attempts[number - 1]
        over = self._begun == len(self._attempts)
        found = SimpleNamespace(
            text=text[after:], next=len(text), done=True, attempt=number, over=over
        )
        if attempt == 0 and not over:
            self._begun += 1
        return found

    def get(self, run: str) -> Any:
        told = enumerate(self._attempts, 1)
        attempts = [
            SimpleNamespace(number=n, state=s, reason=KILLED, why=str(KILLED)) for n, (_, s) in told
        ]
        return SimpleNamespace(tasks=[SimpleNamespace(node="a", attempts=attempts)])


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LOOK_SECONDS", 0)


def test_an_attempt_that_was_lost_is_followed_by_the_next(capsys):
    runs = Runs(("one\n", "lost"), ("two\n", "succeeded"))
    print_log(SimpleNamespace(runs=runs), "7", "a", follow=True)
    out, err = capsys.readouterr()
    assert out == "one\ntwo\n"
    assert err == "── a, next attempt: attempt 1 was lost: its supervisor was killed\n"


def test_an_earlier_lost_attempt_is_mentioned(capsys):
    """As of a node that was tried again while the log of the one before it was followed."""
    runs = Runs(("one\n", "lost"), ("two\n", "succeeded"), begun=2)
    print_log(SimpleNamespace(runs=runs), "7", "a", follow=True)
    out, err = capsys.readouterr()
    assert (out, err) == (
        "two\n",
        "── a, next attempt: attempt 1 was lost: its supervisor was killed\n",
    )


def test_without_follow_only_the_named_attempt_is_shown(capsys):
    for follow, attempt in ((False, 0), (True, 1)):
        runs = Runs(("one\n", "lost"), ("two\n", "succeeded"))
        print_log(SimpleNamespace(runs=runs), "7", "a", follow, attempt)
        assert capsys.readouterr().out == "one\n"


@pytest.mark.parametrize("case", GAPS, ids=lambda case: case["text"][:20])
def test_a_gap_is_printed_without_its_reason(case, capsys):
    runs = Runs((f"1\n{case['line']}\n2\n", "succeeded"))
    print_log(SimpleNamespace(runs=runs), "7", "a")
    shown = f"[nbyard: {case['text']}]" if case["gap"] else case["text"]
    assert capsys.readouterr().out == f"1\n{shown}\n2\n"


def test_a_new_attempt_is_read_from_its_start(capsys):
    """Of a log that is read in pieces all are of one attempt."""
    asked: list[int] = []
    texts = {1: "abcd\n", 2: "efgh\n"}

    def log(run: str, node: str, after: int = 0, attempt: int = 0) -> Any:
        number = attempt or 1 + len(asked)
        asked.append(attempt)
        end = min(after + 3, len(texts[number]))
        found = texts[number][after:end]
        return SimpleNamespace(text=found, next=end, done=end > 4, attempt=number, over=True)

    print_log(SimpleNamespace(runs=SimpleNamespace(log=log)), "7", "a")
    assert capsys.readouterr().out == "abcd\n"
    assert asked == [0, 1]


def test_a_retried_node_is_followed_to_its_end(
    shell, yard, dispatcher: Dispatching, tmp_path, monkeypatch
):
    root = yard.context.files.root
    mark, shown, echo = tmp_path / "was here", tmp_path / "shown", click.echo

    def end_what_is_shown(text: str = "", **more: Any) -> None:
        echo(text, **more)
        if text == "no\n":
            shown.touch()

    monkeypatch.setattr(click, "echo", end_what_is_shown)
    wait = f'until [ -e "{shown}" ]; do sleep 0.02; done'
    (root / "second.sh").write_text(
        f'if [ -e "{mark}" ]; then echo now; else touch "{mark}"; echo no; {wait}; exit 3; fi'
    )
    node = {"type": "executable", "path": "second.sh", "retries": 1}
    (root / "flow.nbflow").write_text(json.dumps({"version": 1, "nodes": {"a": node}}))
    assert shell("run", "flow.nbflow", "--detach").code == 0
    said = shell("runs", "log", "-f", "1")
    assert said.code == 0 and said.out == "no\nnow\n"
    assert "attempt 1 failed" in said.err
    assert shell("runs", "status", "1").out == "succeeded\n"
    assert shell("runs", "log", "1").out == "now\n"


def test_following_ends_for_a_node_that_never_ran(shell, yard, dispatcher: Dispatching):
    root = yard.context.files.root
    (root / "bad.sh").write_text("echo bad\nexit 3\n")
    told = [
        {
            "name": name,
            "role": role,
            "required": False,
            "reach": {"kind": "option", "flag": f"-{name}"},
        }
        for name, role in (("i", "input"), ("o", "output"))
    ]
    (root / "bad.sh.nbexec").write_text(json.dumps({"version": 1, "arguments": told}))
    nodes = {name: {"type": "executable", "path": "bad.sh"} for name in "ab"}
    edge = {"source": "a", "output": "o", "target": "b", "input": "i"}
    flow = {"version": 1, "nodes": nodes, "edges": {"e": edge}}
    (root / "flow.nbflow").write_text(json.dumps(flow))
    assert shell("run", "flow.nbflow", "--detach").code == 0
    said = shell("runs", "log", "-f", "1")
    assert said.out == "bad\n" and "── b" in said.err
