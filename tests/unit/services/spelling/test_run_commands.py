"""Commands that start runs, and those of automations."""

import pytest

from nbyard.services.spelling.resource_commands import RUN_COMMANDS

from .sent_requests import check_command

SPELLED = [
    (
        "runs.create",
        {
            "path": "report.ipynb",
            "parameters": {"alpha": 0.1},
            "runtime": "docker",
            "origin": "notebook",
        },
        "run --parameters '{\"alpha\": 0.1}' --runtime docker report.ipynb",
    ),
    (
        "runs.create",
        {"executable": "clean", "texts": {"n": "a=b"}, "name": "n1", "sweep": {"x": "1..3"}},
        "run -p n=a=b --name n1 --sweep x=1..3 clean",
    ),
    (
        "runs.create",
        {
            "path": "f.nbflow",
            "scope": "selected",
            "nodes": ["a"],
            "pins": {"b": "3"},
            "force": True,
            "gpu": 1,
            "containers": "warm",
            "priority": -5,
        },
        "run --force --containers warm --priority -5 --only a --pin b=3 --gpu f.nbflow",
    ),
    (
        "runs.create",
        {"executable": "clean", "name": "t", "replace": True, "force": True},
        "artifacts create --executable clean --name t --force",
    ),
    (
        "runs.clean_up",
        {"older_than_days": 30, "keep": 10, "states": ["failed"]},
        "runs clean-up --older-than 30d --keep 10 --state failed",
    ),
    (
        "runs.set_retention",
        {"rules": {"older_than_days": 1.5, "max_bytes": 2000}},
        "runs retention --older-than 1.5d --max-size 2kB",
    ),
    (
        "projects.set_policy",
        {"keep": 0, "states": ["failed", "cancelled"]},
        "projects retention --keep 0 --state failed --state cancelled KEY KEY",
    ),
    ("runs.set_retention", {"rules": None}, "runs retention --off"),
    (
        "automations.create",
        {
            "run": {"path": "report.ipynb"},
            "on": {"kind": "phrase", "text": "weekdays 8:00"},
            "zone": "Europe/Berlin",
            "at_most": 3,
            "starts_at": "2026-12-01T08:00:00",
            "mode": "pinned",
            "overlap": "queue",
            "missed": {"policy": "all", "most": 2},
            "is_enabled": False,
            "notify": [{"channel": "mail", "events": ["failed"]}],
        },
        "automations create --at 'weekdays 8:00' --zone Europe/Berlin --from 2026-12-01T08:00 "
        "--at-most 3 --missed all --most 2 --overlap queue --pinned --notify mail:failed "
        "--disabled report.ipynb",
    ),
    (
        "automations.create",
        {
            "run": {"path": "report.ipynb", "force": False},
            "on": {"kind": "phrase", "text": "weekdays 8:00"},
        },
        "automations create --at 'weekdays 8:00' --use-cache report.ipynb",
    ),
    (
        "automations.create",
        {
            "run": {"path": "report.ipynb", "force": True},
            "on": {"kind": "phrase", "text": "weekdays 8:00"},
        },
        "automations create --at 'weekdays 8:00' report.ipynb",
    ),
    (
        "backfills.create",
        {"since": "2026-11-01T00:00:00", "at_once": 4},
        "automations backfill --from 2026-11-01T00:00 --at-once 4 KEY",
    ),
    (
        "automations.update",
        {"revision": 2, "on": {"kind": "phrase", "text": "weekdays 8:00"}, "mode": "follows"},
        "automations update --at 'weekdays 8:00' --follow KEY",
    ),
    (
        "automations.create",
        {
            "run": {"path": "report.ipynb"},
            "on": {"kind": "file", "path": "in", "pattern": "*.csv"},
            "values_from": {"source": "path"},
        },
        "automations create --on-file in --pattern '*.csv' --value source=path report.ipynb",
    ),
    (
        "automations.create",
        {
            "run": {"path": "report.ipynb", "force": False},
            "on": {"kind": "run", "path": "a.nbflow"},
            "overlap": "skip",
        },
        "automations create --on-run a.nbflow --overlap skip --use-cache report.ipynb",
    ),
    (
        "automations.create",
        {"run": {"path": "report.ipynb"}, "on": {"kind": "webhook"}},
        "automations create --on-webhook report.ipynb",
    ),
    (
        "automations.update",
        {"revision": 1, "on": {"kind": "dataset", "dataset": "sales"}},
        "automations update --on-dataset sales KEY",
    ),
    ("automations.fire", {"texts": {"a": "b"}}, "automations fire -p a=b KEY"),
]


@pytest.mark.parametrize(("name", "body", "command"), SPELLED)
def test_a_request_has_its_command(name, body, command):
    check_command(name, body, command)


def test_each_command_is_shown_here():
    assert {name for name, *_ in SPELLED} == RUN_COMMANDS.keys()
