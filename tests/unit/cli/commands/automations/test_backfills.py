"""`nbyard automations backfill` and `nbyard backfills` from a shell."""

import pytest

RANGE = ("--from", "2026-01-05", "--until", "2026-01-07 09:00")


@pytest.fixture
def automation(yard, shell):
    (yard.context.files.root / "report.py").write_text("print()\n")
    words = ("report.py", "--at", "weekdays 8:00", "--zone", "Europe/Berlin")
    assert shell("automations", "create", *words).code == 0
    return "report"


def test_a_dry_run_shows_the_due_times(shell, automation):
    seen = shell("automations", "backfill", automation, *RANGE, "--dry-run")
    lines = seen.out.splitlines()
    assert lines[0].startswith("Mon 2026-01-05 08:00:00 +0100")
    assert [line.split()[-1] for line in lines[:3]] == ["run"] * 3
    assert lines[3].startswith("3 of 3 ") and lines[3].endswith("(Europe/Berlin)")
    found = shell("automations", "backfill", automation, *RANGE, "--dry-run", "--json").json
    assert found["runs"] == 3
    assert shell("backfills", "ls", "--json").json["items"] == []


def test_a_backfill_is_started_shown_and_cancelled(shell, automation):
    made = shell("automations", "backfill", automation, *RANGE, "--at-once", "2")
    assert made.code == 0, made.err
    assert "3 due times" in made.err and "0 left out" in made.err
    key = made.out.strip()
    assert "report" in shell("backfills", "ls", "--automation", "report").out
    shown = shell("backfills", "show", key)
    assert ["08:00:00", "+0100", "waiting"] in [row.split()[-3:] for row in shown.out.splitlines()]
    assert shell("backfills", "show", key, "--json").json["at_once"] == 2
    cancelled = shell("backfills", "cancel", key, "--cancel-runs")
    assert cancelled.code == 0 and "cancelled" in cancelled.out


def test_a_bad_range_is_refused(shell, automation):
    refused = shell("automations", "backfill", automation, "--from", "2099-01-01")
    assert refused.code == 2 and "--from: the start" in refused.err
    long = shell("automations", "backfill", automation, "--from", "1999-01-01")
    assert long.code == 2 and "1000 due times" in long.err
    assert shell("backfills", "ls", "--json").json["items"] == []


def test_json_prints_the_backfill(shell, automation):
    found = shell("automations", "backfill", automation, *RANGE, "--json").json
    assert len(found["firings"]) == 3 and found["automation"] == "report"
