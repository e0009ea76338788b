"""What commands of operations without a body print, ask and accept."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from nbyard.cli.generated_commands import GeneratedCommand
from nbyard.domain.callers import Caller
from nbyard.domain.executables.structs import NewExecutable
from nbyard.domain.paging import Page
from nbyard.domain.projects.structs import NewProject
from nbyard.domain.runs.structs import Run
from nbyard.domain.users.admin import QueuedTask, RunOverview, UsageDay
from nbyard.domain.users.quotas import Holder, Quota, QuotaLimits, QuotaUse, RunQueue, Use
from nbyard.reasons.structs import because
from nbyard.rest.identity import local_name
from nbyard.services.operation_table import table


@pytest.fixture
def script(yard, echo):
    """A registered script, whose name has no suffix."""
    body = NewExecutable(path="echo.py")
    return yard.services.executables.create(Caller(local_name()), body)


@pytest.fixture
def project(yard):
    return yard.services.projects.create(Caller(local_name()), NewProject("wine"))


def test_deletions_print_what_they_did(shell, script):
    assert shell("executables", "rm", "echo").out == "Deleted echo.\n"
    assert shell("executables", "rm", "echo").code == 3


def test_unlinking_prints_what_it_did(shell, script, project):
    assert shell("projects", "link", "wine", "executable", "echo").code == 0
    unlinked = shell("projects", "unlink", "wine", "executable", "echo")
    assert unlinked.out == "Unlinked echo from wine.\n"
    assert shell("projects", "unlink", "wine", "executable", "echo", "--json").out == ""


@pytest.mark.parametrize(
    ("options", "answer", "deleted"),
    [([], False, False), (["--yes"], False, True), ([], True, True)],
)
def test_a_person_is_asked_before_a_deletion(shell, project, monkeypatch, options, answer, deleted):
    """Programs, whose standard input is no terminal, are not asked."""
    monkeypatch.setattr("nbyard.cli.shared_options.is_terminal", lambda: True)
    monkeypatch.setattr("click.confirm", lambda *_, **__: answer)
    shell("projects", "rm", "wine", *options)
    assert (shell("projects", "show", "wine").code == 3) == deleted


@pytest.mark.parametrize("key", ["echo", "echo.py", "./echo.py"])
def test_an_executable_is_found_by_name_or_file(shell, script, key):
    assert shell("executables", "show", key, "--json").json["id"] == script.id
    assert shell("artifacts", "ls", "--executable", key).code == 0


def test_an_unknown_executable_is_named(shell, script):
    assert shell("artifacts", "ls", "--executable", "eko").code == 3


def test_an_inspection_is_text_or_json(shell, echo):
    assert "word" in shell("executables", "inspect", "echo.py").out
    read = shell("executables", "inspect", "echo.py", "--json").json
    assert [argument["name"] for argument in read["arguments"]] == ["word", "n"]


def test_a_suggested_name_is_text(shell):
    assert shell("artifacts", "suggest", "--name", "x").out == "x\n"


@pytest.mark.parametrize("address", ["ftp://example.org/a.csv", "gs://bucket/a.csv"])
def test_other_protocols_are_refused_with_the_known_ones(shell, address):
    refused = shell("datasets", "add", address)
    assert refused.code == 2 and "https://" in refused.err and "s3://" in refused.err


def test_a_preview_needs_a_time(shell):
    assert shell("automations", "preview", "--at", "daily at 8").code == 0
    assert shell("automations", "preview").code == 2


MOMENT = datetime.now(UTC) - timedelta(hours=3)
USES = [
    Use(kind="run", id="1", name="7", owner="ann", gpus=1),
    Use(kind="deployment", id="2", name="cows", owner="ann"),
]
LIMITS = QuotaLimits(gpus=2, memory_bytes=16 * 10**9, deployment_days=0.25)
READABLE: dict[str, tuple[Any, list[str]]] = {
    "runs.queue": (
        RunQueue(
            place=3,
            own_before=1,
            others_before=1,
            waits=because("waits-for-gpus", wanted=1, total=1, free=0),
            holders=[
                Holder("run", "1", "7", "runs.cancel"),
                Holder("deployment", "2", "app", "deployments.stop", "bob", "App"),
            ],
            held_by_others=True,
            starts_in_seconds=180,
        ),
        [
            "position  3",
            "before    1 of yours, 1 of others",
            "waits     waits for 1 of 1 GPU (0 free)",
            "held by   run 7, deployment app of bob, others",
            "to free   nbyard runs cancel 7",
            "starts    in 3 min",
        ],
    ),
    "quotas.use": (
        QuotaUse("everyone", LIMITS, USES, 10**9, 1, 2),
        [
            "quota      everyone",
            "gpus       2",
            "memory     16.0 GB",
            "lifetime   0.25d",
            "stored     1.0 GB",
            "held by    run 7, the deployment cows",
            "free GPUs  1 of 2",
        ],
    ),
    "quotas.list": (
        Page(
            [Quota(id="user:ann", kind="user", name="ann", updated_at=MOMENT, stored_bytes=10**9)]
        ),
        [
            "quota     gpus  cpu  memory  disk    runs  queued  deployments  lifetime",
            "user:ann                     1.0 GB",
        ],
    ),
    "admin.queue": (
        Page([QueuedTask("1", "2", 7, "fit", "ann", MOMENT, "docker", 1.5, None, 10**9, None)]),
        [
            "run  node  owner  waiting since  cpu  gpu  memory  reason",
            "7    fit   ann    3 h ago        1.5       1.0 GB",
        ],
    ),
    "admin.usage": (
        Page([UsageDay("2026-11-30", "ann", 1.0, 2.5, 3 * 10**6)]),
        [
            "day         of   gpu hours  core hours  stored",
            "2026-11-30  ann  1.00       2.50        3.0 MB",
        ],
    ),
    "admin.cancel_run": (
        RunOverview("1", 7, None, "Fit", "ann", "", "running", MOMENT, None, None),
        [
            *("number  7", "owner   ann", "title   Fit", "state   running", "made    3 h ago"),
            "id      1",
        ],
    ),
}


def test_answers_are_readable(capsys: pytest.CaptureFixture[str]) -> None:
    for name, (answer, lines) in READABLE.items():
        command = GeneratedCommand(next(one for one in table() if one.id == name))
        command.print_answer(answer, as_json=False)
        assert capsys.readouterr().out.splitlines() == lines
        command.print_answer(answer, as_json=True)
        assert json.loads(capsys.readouterr().out) == json.loads(msgspec.json.encode(answer))


@pytest.mark.parametrize(
    ("owners", "roles", "is_shown"),
    [
        (["ann", "ann"], ["owner", "owner"], False),
        (["ann", "bob"], ["owner", "owner"], True),
        (["bob", "bob"], ["viewer", "viewer"], True),
        ([], [], False),
    ],
)
def test_lists_name_the_owner_if_something_belongs_to_another(capsys, owners, roles, is_shown):
    now = datetime.now(UTC)
    runs = [
        Run("r", 1, "", "T", "failed", "", "", "", {}, "process", now, owner=owner, role=role)
        for owner, role in zip(owners, roles, strict=True)
    ]
    command = GeneratedCommand(next(one for one in table() if one.id == "runs.list"))
    command.print_answer(Page(runs, None), as_json=False)
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.endswith("  owner") == is_shown
    assert [row.split()[-1] for row in rows] == (owners if is_shown else ["r"] * len(owners))
