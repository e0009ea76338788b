"""`nbyard automations` on times, from a shell."""

import msgspec
import pytest

from nbyard.cli.output.views.automation_views import show_state, state_of
from nbyard.domain.callers import Caller
from nbyard.rest.identity import local_name


@pytest.fixture
def made(yard, shell):
    (yard.context.files.root / "report.py").write_text("print()\n")
    words = ("report.py", "--at", "weekdays 8:00", "--zone", "Europe/Berlin")
    return shell("automations", "create", *words)


def test_an_automation_is_created_and_shown(shell, made):
    assert made.code == 0, made.err
    assert "report: Monday to Friday" in made.err and "08:00 (Europe/Berlin)" in made.err
    shown = shell("automations", "show", "report")
    assert "typed" in shown.out and "weekdays 8:00" in shown.out
    listed = shell("automations", "ls")
    assert "enabled" in listed.out and " 08:00:00 +0" in listed.out
    assert made.out.strip() in listed.out


def test_the_values_of_its_runs_are_shown(yard, shell, made):
    plain = shell("automations", "show", "report").out
    assert "parameters" not in plain and "runtime" not in plain
    assert "last, at most 3600 s late\n" in plain
    (yard.context.files.root / "greet.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--name')\n"
        "p.add_argument('--rows', type=int)\np.parse_args()\n"
    )
    words = ("greet.py", "--at", "daily", "--missed", "all", "--most", "3", "--window", "60")
    values = ("-p", "name=zed", "--parameters", '{"rows": 5}', "--runtime", "process")
    assert shell("automations", "create", *words, *values).code == 0
    facts = shell("automations", "show", "greet").out
    assert "parameters    rows=5, name=zed\n" in facts
    assert "runtime       process\n" in facts
    assert "missed        all, at most 60 s late, at most 3 runs\n" in facts
    shell("automations", "update", "greet", "--missed", "skip")
    assert "missed        skip\n" in shell("automations", "show", "greet").out


def test_an_automation_without_further_due_times_is_finished(yard, made, capsys):
    automation = yard.services.automations.get(Caller(local_name()), "report")
    assert state_of(automation) == "enabled"
    ended = msgspec.structs.replace(automation, next_due=None)
    assert state_of(ended) == "finished"
    assert state_of(msgspec.structs.replace(ended, is_enabled=False)) == "disabled"
    show_state(ended)
    assert capsys.readouterr().out == "report: finished\n"


def test_options_become_fields(shell, made):
    options = ("--overlap", "queue", "--missed", "all", "--most", "3", "--at-most", "5", "--pinned")
    changed = shell("automations", "update", "report", "--until", "2099-01-01", *options, "--json")
    found = changed.json
    assert (found["overlap"], found["at_most"], found["mode"]) == ("queue", 5, "pinned")
    assert found["missed"] == {"policy": "all", "window_seconds": 3600, "most": 3}
    assert found["ends_at"] == "2098-12-31T23:00:00Z" and found["on"] == {
        "kind": "phrase",
        "text": "weekdays 8:00",
    }
    renamed = shell("automations", "update", "report", "--name", "morning", "--at", "daily at 6")
    assert "morning: Every day" in renamed.err and "06:00" in renamed.err


def test_an_option_changes_the_use_of_the_cache(yard, shell, made):
    def changed(*words):
        done = shell("automations", "update", "report", *words, "--json")
        assert done.code == 0, done.err
        return done.json["run"]["force"]

    assert changed("--name", "report") is True
    assert changed("--use-cache") is False
    assert changed("--overlap", "queue") is False
    assert changed("--ignore-cache") is True
    cached = ("automations", "create", "report.py", "--at", "daily", "--name", "cached")
    assert not shell(*cached, "--use-cache", "--json").json["run"]["force"]


def test_options_change_the_values_of_runs(yard, shell, made):
    (yard.context.files.root / "greet.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--name')\n"
        "p.add_argument('--rows', type=int)\np.parse_args()\n"
    )
    words = ("greet.py", "--at", "daily", "--parameters", '{"rows": 5}', "-p", "name=zed")
    assert shell("automations", "create", *words, "--runtime", "process", "--pinned").code == 0

    def changed(*words):
        done = shell("automations", "update", "greet", *words, "--json")
        assert done.code == 0, done.err
        run = done.json["run"]
        return run["parameters"], run["texts"], run["runtime"]

    assert changed("--overlap", "queue") == ({"rows": 5}, {"name": "zed"}, "process")
    assert changed("-p", "rows=7") == ({}, {"name": "zed", "rows": "7"}, "process")
    assert changed("--runtime", "") == ({}, {"name": "zed", "rows": "7"}, "")
    values = ("--parameters", '{"rows": 9}', "--input-file", "name=ann")
    assert changed(*values) == ({"rows": 9}, {"name": "ann"}, "")
    assert changed("--parameters", "{}") == ({}, {}, "")
    refused = shell("automations", "update", "greet", "-p", "rows=many")
    assert refused.code == 2 and refused.err.startswith("Error: -p rows: ")
    assert shell("automations", "update", "greet", "--environment", "gone").code == 3


def test_a_renamed_file_is_set_by_its_option(yard, shell, made):
    root = yard.context.files.root
    (root / "report.py").rename(root / "moved.py")
    refused = shell("automations", "update", "report", "--overlap", "queue")
    assert refused.code == 3 and "report.py" in refused.err and "--file PATH" in refused.err
    changed = shell("automations", "update", "report", "--file", "moved.py", "--json")
    assert changed.json["run"]["path"].endswith("moved.py")


def test_a_refused_phrase_has_the_name_of_its_option(shell, made):
    refused = shell("automations", "update", "report", "--at", "every 5 seconds")
    assert refused.err.startswith("Error: --at: at least 10 seconds")
    assert shell("automations", "preview", "--at", "every 5 seconds").err.startswith(
        "Error: --at: "
    )


def test_a_preview_shows_the_next_times(shell):
    words = ("--at", "30 2 * * *", "--zone", "Europe/Paris", "--count", "400")
    assert shell("automations", "preview", *words).code == 2
    seen = shell("automations", "preview", "--at", "30 2 * * *", "--zone", "Europe/Paris")
    assert seen.out.startswith("Every day at 02:30 (Europe/Paris)\n")
    assert len(seen.out.splitlines()) == 6


def test_an_unknown_phrase_is_refused_with_examples(shell, made):
    refused = shell("automations", "update", "report", "--at", "now and then")
    assert refused.code == 2 and "weekdays 8:00" in refused.err


def test_fire_disable_and_firings(shell, made):
    started = shell("automations", "fire", "report")
    assert started.code == 0
    (run,) = shell("runs", "ls", "--automation", "report", "--json").json["items"]
    assert (run["state"], run["id"] in started.err) == ("queued", True)
    assert "origin   automation report\n" in shell("runs", "show", run["id"]).out
    assert "origin   automation report\n" in shell("runs", "keep", run["id"]).out
    assert "false" in shell("automations", "disable", "report", "--json").out
    assert "disabled" in shell("automations", "show", "report").out
    assert started.out.strip() in shell("automations", "firings", "report", "--json").out
    assert shell("automations", "rm", "report").code == 0
    assert "origin   automation report (deleted)\n" in shell("runs", "show", run["id"]).out


def test_a_second_automation_at_the_same_times_needs_a_name(shell, made):
    words = ("automations", "create", "report.py", "--zone", "Europe/Berlin", "--at")
    refused = shell(*words, "weekdays 8:00")
    assert refused.code == 2 and "nbyard automations update report" in refused.err
    assert "--name NAME" in refused.err
    assert shell(*words, "weekdays 8:00", "--name", "again").code == 0
    assert shell(*words, "daily at 6").code == 0
    names = [one["name"] for one in shell("automations", "ls", "--json").json["items"]]
    assert names == ["report 2", "again", "report"]
