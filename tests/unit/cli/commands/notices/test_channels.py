"""`nbyard channels` from a shell."""

import pytest

from nbyard.domain.notices.structs import DEFAULT_EVENTS, ChannelAddress, Delivery
from nbyard.reasons.structs import because
from nbyard.services.notices import service


@pytest.fixture(autouse=True)
def answers(monkeypatch):
    """Answer test messages from the list, and describe URLs without a process."""
    found: list[Delivery] = []
    address = ChannelAddress("webhook", "webhook", "https://h.test/…")
    monkeypatch.setattr(service, "describe_url", lambda *args: address)
    monkeypatch.setattr(
        service, "send_message", lambda *args: found.pop(0) if found else Delivery()
    )
    return found


@pytest.fixture
def made(yard, shell, tmp_path):
    (yard.context.files.root / "report.py").write_text("print()\n")
    (tmp_path / "url.txt").write_text("https://h.test/T/s3cr3t\n")
    words = ("team", "--file", str(tmp_path / "url.txt"))
    return shell("channels", "create", *words, "--on", "failed,recovered", "--of", "report.py")


def test_a_channel_is_created_and_shown(shell, made):
    assert made.code == 0, made.err
    assert "team: webhook (https://h.test/…)" in made.err
    shown = shell("channels", "show", "team")
    assert "failed, recovered" in shown.out and "report.py" in shown.out
    listed = shell("channels", "ls")
    assert made.out.strip() in listed.out
    assert "s3cr3t" not in shown.out + listed.out + made.out + made.err


def test_a_channel_without_options_reports_the_events_that_the_form_chooses(shell, tmp_path):
    (tmp_path / "url.txt").write_text("https://h.test/T/s3cr3t\n")
    words = ("channels", "create", "--file", str(tmp_path / "url.txt"))
    created = shell(*words, "team")
    assert "team reports: failed, recovered, automation-missed\n" in created.err
    (rule,) = shell("channels", "show", "team", "--json").json["rules"]
    assert (rule["events"], rule["path"]) == ([*DEFAULT_EVENTS], "")
    assert all(event in shell("channels", "create", "--help").out for event in DEFAULT_EVENTS)
    silent = shell(*words, "silent", "--on", "none")
    assert "silent reports: only what" in silent.err
    assert shell("channels", "show", "silent", "--json").json["rules"] == []
    assert shell("projects", "create", "wine").code == 0
    assert shell("channels", "update", "team", "--project", "wine", "--project", "").code == 0
    assert shell("channels", "update", "team", "--on", "none", "--of", "a.py").code == 2
    assert shell("channels", "update", "team", "--on", "none").code == 0
    (kept,) = shell("channels", "show", "team", "--json").json["rules"]
    assert kept["project"] == "wine"


def test_options_become_fields(shell, made):
    options = ("--on", "running-long", "--long-after", "60", "--most", "3", "--window", "30")
    changed = shell("channels", "update", "team", *options, "--json")
    found = changed.json
    (rule,) = found["rules"]
    assert rule.pop("path").endswith("report.py")
    assert rule == {
        "events": ["running-long"],
        "long_factor": 2.0,
        "long_seconds": 60.0,
        "project": "",
    }
    assert found["digest"] == {"most": 3, "window_seconds": 30}
    assert shell("channels", "show", "team").out.count("usual or 60 s") == 1
    assert "other:" in shell("channels", "update", "team", "--name", "other").err


def test_rules_are_limited_to_projects(shell, made):
    for name in ("wine", "beer"):
        assert shell("projects", "create", name).code == 0
    words = ("channels", "update", "team", "--project", "wine", "--project", "beer", "--json")
    rules = shell(*words).json["rules"]
    assert [rule["project"] for rule in rules] == ["wine", "beer"]
    assert len({rule["path"] for rule in rules}) == 1
    refused = shell("channels", "update", "team", "--on", "retried")
    assert refused.code == 2 and "project: wine, beer" in refused.err
    assert events_by_project(shell, "--on", "retried", "--project", "beer") == {
        "beer": ["retried"],
        "wine": ["failed", "recovered"],
    }
    assert "wine" in shell("channels", "show", "team").out
    assert {*events_by_project(shell, "--project", "")} == {"", "wine", "beer"}
    assert {*events_by_project(shell, "--on", "none", "--project", "beer")} == {"", "wine"}
    refused = shell("channels", "update", "team", "--project", "gone")
    assert refused.code == 2 and "rules.0.project" in refused.err


def test_options_without_a_project_keep_the_rules_of_projects(shell, made):
    assert shell("projects", "create", "wine").code == 0
    both = ("--project", "wine", "--project", "")
    assert {*events_by_project(shell, "--on", "failed", *both)} == {"", "wine"}
    assert events_by_project(shell, "--on", "failed,succeeded") == {
        "": ["failed", "succeeded"],
        "wine": ["failed"],
    }
    assert events_by_project(shell, "--project", "wine", "--on", "retried") == {
        "": ["failed", "succeeded"],
        "wine": ["retried"],
    }


def events_by_project(shell, *options):
    changed = shell("channels", "update", "team", *options, "--json")
    assert changed.code == 0, changed.err
    return {rule["project"]: rule["events"] for rule in changed.json["rules"]}


def test_unknown_events_and_files_are_refused(shell, made):
    refused = shell("channels", "update", "team", "--on", "exploded")
    assert refused.code == 2 and "--on" in refused.err and "running-long" in refused.err
    refused = shell("channels", "create", "x", "--file", "no-such-file")
    assert refused.code == 2 and "no-such-file" in refused.err


def test_the_exit_code_of_a_test_follows_its_result(shell, made, answers):
    assert shell("channels", "test", "team").code == 0
    answers.append(Delivery(because("channel-answered", service="webhook", status=404)))
    failed = shell("channels", "test", "team")
    assert failed.code == 1 and "webhook answered 404" in failed.err
    assert shell("channels", "test", "team", "--json").json["is_sent"]


def test_a_schedule_names_its_channels(shell, made):
    words = ("report.py", "--at", "daily at 6", "--notify", "team:failed,retried")
    assert shell("automations", "create", *words).code == 0
    assert "team:failed,retried" in shell("automations", "show", "report").out
    assert shell("automations", "update", "report", "--notify", "team").code == 0
    assert "team:failed,recovered,automation-missed" in shell("automations", "show", "report").out
    refused = shell("automations", "update", "report", "--notify", "gone")
    assert refused.code == 2 and "--notify: " in refused.err
    refused = shell("channels", "rm", "team")
    assert refused.code != 0 and "report" in refused.err
    assert shell("channels", "notices", "team").code == 0
    assert shell("channels", "rm", "team", "--force").code == 0


def test_a_url_is_tested_without_a_channel(shell, tmp_path, answers):
    (tmp_path / "url.txt").write_text("https://h.test/T/s3cr3t\n")
    words = ("channels", "test-url", "--file", str(tmp_path / "url.txt"))
    tested = shell(*words)
    assert tested.code == 0 and "s3cr3t" not in tested.out + tested.err
    answers.append(Delivery(because("channel-answered", service="webhook", status=404)))
    assert shell(*words).code == 1
    assert shell("channels", "ls", "--json").json["items"] == []
