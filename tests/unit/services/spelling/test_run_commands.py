"""Commands that start runs, and those of schedules and triggers."""

import pytest

from nbyard.services.spelling.run_commands import COMMANDS

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
        {"executable": "clean", "texts": {"n": "a=b"}, "name": "n1", "priority": -5},
        "run -p n=a=b --name n1 --priority -5 clean",
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
        },
        "run --force --containers warm --only a --pin b=3 --gpu f.nbflow",
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
        "schedules.create",
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
        "schedules create --when 'weekdays 8:00' --zone Europe/Berlin --from 2026-12-01T08:00 "
        "--at-most 3 --overlap queue --pinned --missed all --most 2 --notify mail:failed "
        "--disabled report.ipynb",
    ),
    (
        "schedules.create",
        {
            "run": {"path": "report.ipynb", "force": False},
            "on": {"kind": "phrase", "text": "weekdays 8:00"},
        },
        "schedules create --when 'weekdays 8:00' --use-cache report.ipynb",
    ),
    (
        "schedules.create",
        {
            "run": {"path": "report.ipynb", "force": True},
            "on": {"kind": "phrase", "text": "weekdays 8:00"},
        },
        "schedules create --when 'weekdays 8:00' report.ipynb",
    ),
    (
        "backfills.create",
        {"since": "2026-11-01T00:00:00", "at_once": 4},
        "schedules backfill --from 2026-11-01T00:00 --at-once 4 KEY",
    ),
    (
        "schedules.update",
        {"revision": 2, "on": {"kind": "phrase", "text": "weekdays 8:00"}, "mode": "follows"},
        "schedules update --when 'weekdays 8:00' --follow KEY",
    ),
    (
        "triggers.create",
        {
            "run": {"path": "report.ipynb"},
            "on": {"kind": "file", "path": "in", "pattern": "*.csv"},
            "values_from": {"source": "path"},
        },
        "triggers create --files in --pattern '*.csv' --from source=path report.ipynb",
    ),
    (
        "triggers.create",
        {
            "run": {"path": "report.ipynb", "force": False},
            "on": {"kind": "workflow", "path": "a.nbflow"},
            "overlap": "skip",
        },
        "triggers create --after a.nbflow --overlap skip --use-cache report.ipynb",
    ),
    (
        "triggers.create",
        {"run": {"path": "report.ipynb"}, "on": {"kind": "webhook"}},
        "triggers create --webhook report.ipynb",
    ),
    (
        "triggers.update",
        {"revision": 1, "on": {"kind": "dataset", "dataset": "sales"}},
        "triggers update --dataset sales KEY",
    ),
    ("triggers.fire", {"texts": {"a": "b"}}, "triggers fire -p a=b KEY"),
]


@pytest.mark.parametrize(("name", "body", "command"), SPELLED)
def test_a_request_has_its_command(name, body, command):
    check_command(name, body, command)


def test_each_command_is_shown_here():
    assert {name for name, *_ in SPELLED} == COMMANDS.keys()
