"""Deployments from a shell."""

import time
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from nbyard.cli.commands import deployments
from nbyard.cli.output.views import deployment_views
from nbyard.domain.callers import Caller
from nbyard.domain.deployments.traffic import Counted
from nbyard.reasons.structs import text_reason
from nbyard.rest.identity import local_name


@pytest.fixture
def cows(shell):
    return shell("deployments", "create", "cows:gpu", "--name", "cows", "--cpu", "2").out.strip()


def test_a_deployment_is_created_shown_and_listed(shell, cows):
    shown = shell("deployments", "show", "cows")
    assert "2 cores, 8 GB" in shown.out and cows in shown.out
    assert "api: nbyard/deployments/cows/api/ (not responding)" in shown.out
    assert "GPU" in shown.err
    assert "cows:gpu" in shell("deployment", "ls").out
    assert shell("deployments", "show", "cows", "--json").json["state"] == "queued"


def test_arguments_ports_and_variables_are_sent(shell):
    words = ("--service", "own", "--name", "web", "--port", "web=80", "--port", "more=81")
    made = shell(
        "deployments", "create", "tools:1", *words, "--keep-prefix", "more", "--variable", "A=b=c",
        "--json", "--", "serve", "--fast",
    )  # fmt: skip
    spec = made.json["spec"]
    assert spec["command"] == ["serve", "--fast"] and spec["environment"] == {"A": "b=c"}
    assert [(p["port"], p["keep_prefix"]) for p in spec["ports"]] == [(80, False), (81, True)]
    assert "NAME=PORT" in shell("deployments", "create", "a:1", "--port", "web=x").err


def test_a_key_is_created_listed_and_revoked(shell, cows, yard, monkeypatch):
    monkeypatch.setattr("nbyard.services.deployments.check_accepts_keys", lambda _: None)
    made = shell("deployments", "keys", "create", "cows", "--name", "cron", "--expires", "30d")
    prefix = made.out[:10]
    assert prefix.startswith("nbk_") and made.out.count("\n") == 1
    assert '-H "Authorization: Bearer KEY" http://127.0.0.1:' in made.err
    assert "cron" in shell("deployments", "keys", "list", "cows").out
    revoked = shell("deployments", "keys", "rm", "cows", prefix)
    assert revoked.out == f"Revoked the key {prefix} of cows.\n"
    assert prefix not in shell("deployments", "keys", "ls", "cows").out


def test_a_password_comes_from_a_file(shell, tmp_path):
    (tmp_path / "p").write_text("123456789\n")
    words = ("deployments", "create", "--service", "jupyterlab", "--name", "lab")
    assert shell(*words, "--password-file", str(tmp_path / "p")).code == 0
    assert "--password-file" in shell(*words).err
    (tmp_path / "p").write_text("short\n")
    assert "password" in shell(*words, "--password-file", str(tmp_path / "p")).err


def test_a_deployment_is_restarted_and_awaited(shell, cows, monkeypatch):
    waited = []

    def until_settled(connection, made):
        waited.append(made.name)
        return msgspec.structs.replace(made, state="running", serving=made.revision)

    monkeypatch.setattr(deployments, "wait_until_settled", until_settled)
    assert shell("deployments", "stop", "cows").code == 0
    assert "queued" in shell("deployments", "start", "cows").out and waited == []
    started = shell("deployments", "start", "cows", "--wait")
    assert (started.code, waited) == (0, ["cows"]) and "running" in started.out
    assert shell("deployments", "start", "cows", "--json").json["name"] == "cows"


def test_a_deployment_is_edited_rolled_back_stopped_and_deleted(shell, cows):
    assert shell("deployments", "edit", "cows", "--image", "cows:2").code == 0
    assert "cows:2" in shell("deployments", "show", "cows").out
    assert "cows:gpu" in shell("deployments", "rollback", "cows").out
    assert "back to revision 1" in shell("deployments", "revisions", "cows").out
    assert "stopping" in shell("deployments", "stop", "cows").out
    assert "stop requested" in shell("deployments", "events", "cows").out
    assert shell("deployments", "log", "cows").out == ""
    assert shell("deployments", "rm", "cows").code == 0
    assert shell("deployments", "show", "cows").code == 3


def test_waiting_shows_why_a_deployment_is_queued(capsys):
    said = iter(["", "Docker is away.", "Docker is away.", "An image is pulled."])
    connection = SimpleNamespace(
        wait=lambda _: None,
        deployments=SimpleNamespace(
            get=lambda deployment: SimpleNamespace(
                id=deployment,
                name="cows",
                state="queued" if (reason := next(said, None)) is not None else "failed",
                reason=text_reason(reason or ""),
            )
        ),
    )
    first: Any = SimpleNamespace(id="d", name="cows", state="queued", reason=None)
    assert deployments.wait_until_settled(connection, first).state == "failed"
    told = [line.removeprefix("cows is queued: ") for line in capsys.readouterr().err.splitlines()]
    assert told == ["Docker is away.", "An image is pulled."]


@pytest.mark.parametrize("reason", [None, text_reason("no-takeover")])
def test_a_new_revision_is_awaited_while_the_former_one_serves(reason, capsys):
    """A wait for a GPU or another attempt is reported."""
    ends = iter([None, None, 1])
    there: Any = SimpleNamespace(id="d", name="cows", state="running", reason=reason)
    there.serving, there.revision = 1, 2
    left = []

    def revisions(deployment, limit):
        left.append(next(ends))
        newest = SimpleNamespace(ended_at=left[-1], reason=reason)
        return SimpleNamespace(items=[newest])

    connection = SimpleNamespace(
        wait=lambda _: None,
        deployments=SimpleNamespace(get=lambda deployment: there, revisions=revisions),
    )
    assert deployments.wait_until_settled(connection, there) is there
    assert left == [None, None, 1]
    assert capsys.readouterr().err.count("cows is running: no-takeover") == bool(reason)


def test_gpus_are_counted_and_named(cows, yard, capsys):
    def shown(found: Any) -> list[str]:
        deployment_views.show_deployment(found)
        lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
        return [line[1] for line in lines if line[0] == "gpus"]

    found = yard.services.deployments.get(Caller(local_name()), "cows")
    assert shown(found) == []
    replace = msgspec.structs.replace
    assert shown(replace(found, gpus=["0"])) == ["1 (0)"]
    assert shown(replace(found, spec=replace(found.spec, gpu=2))) == ["2 asked for"]


def test_a_mismatch_is_a_warning_at_creation(shell):
    made = shell("deployments", "create", "cows:gpu", "--name", "one")
    assert "The tag 'gpu'" in made.err and len(made.out.split()) == 1
    made = shell("deployments", "create", "cows:cpu", "--name", "two", "--gpu", "1", "--json")
    assert made.json["warnings"]
    assert "Warning" in shell("deployments", "edit", "one", "--cpu", "2").err
    assert "Warning" not in shell("deployments", "edit", "one", "--image", "cows:1").err


def test_a_rollback_can_be_awaited(shell, cows, monkeypatch):
    shell("deployments", "edit", "cows", "--image", "cows:2")
    monkeypatch.setattr(deployments, "wait_until_settled", lambda _, made: made)
    told = shell("deployments", "rollback", "cows", "--revision", "1", "--wait")
    assert told.code == 1 and "3" in told.out, "it does not respond"
    assert shell("deployments", "rollback", "cows", "--json").json["revision"] == 4
    assert shell("deployments", "rollback", "cows", "--revision", "9").code == 3


def test_several_deployments_are_deleted_at_once(shell, cows):
    shell("deployments", "create", "cows:1", "--name", "more")
    told = shell("deployments", "rm", "none", "cows", "nothing", "more")
    assert told.code == 3 and "'none'" in told.err and "'nothing'" in told.err
    assert shell("deployments", "ls", "--json").json["items"] == []
    assert shell("deployments", "rm").code == 2


def test_traffic_is_shown_as_a_table(shell, cows, yard):
    assert "0 refused, 0 errors" in shell("deployments", "traffic", "cows").err
    yard.services.deployments.counted(cows, [Counted(int(time.time() // 60), 7, 1, {4: 7}, 2)])
    told = shell("deployments", "traffic", "cows", "--span", "day")
    assert "2 refused, 1 errors" in told.err and " ms" in told.out
    assert "one of hour, day" in shell("deployments", "traffic", "cows", "--span", "x").err
