"""The schedules of a project file: checked, and made those of the store."""

from types import SimpleNamespace
from typing import Any

from tests.support.refusals import refused_at

from nbyard.domain.notices.rules import MOST_RULES
from nbyard.domain.projects.definitions import FieldChange, ProjectChange
from nbyard.domain.projects.schedule_entries import PushedSchedule, ScheduleEntry
from nbyard.errors import Invalid, NameTaken
from nbyard.services.projects.pushed_schedules import (
    check_names,
    check_timings,
    wanted_schedules,
)
from nbyard.services.requests import fields_below

EIGHT = ScheduleEntry("weekdays 8:00", "./a.py::main")


def test_paths_are_those_of_sent_files():
    (found,) = wanted_schedules({"morning": EIGHT}, {}, {"a.py"}).values()
    assert found.path == "a.py::main"
    with refused_at("schedules.morning.path"):
        wanted_schedules({"morning": EIGHT}, {}, {"b.py"})
    assert wanted_schedules({"x": ScheduleEntry("@daily", executable="e")}, {}, set())


def test_a_channel_needs_events():
    entry = ScheduleEntry("@daily", "a.py", notify={"team": []})
    with refused_at("schedules.morning.notify.team"):
        wanted_schedules({"morning": entry}, {}, {"a.py"})
    names = [f"channel {number}" for number in range(MOST_RULES + 1)]
    entry = ScheduleEntry("@daily", "a.py", notify={name: ["failed"] for name in names})
    with refused_at("schedules.morning.notify"):
        wanted_schedules({"morning": entry}, {}, {"a.py"})


def test_names_are_free_or_those_of_the_project():
    row: Any = SimpleNamespace(automation=SimpleNamespace(id="1"))
    names = {"1": "a b", "2": "other"}
    check_names(names, {"a b": row}, ["a\u2003b", "new"])
    for wanted in (["other"], ["a b"], ["c d", "c\u2003d"]):
        with refused_at(f"schedules.{wanted[-1]}", NameTaken):
            check_names(names, {}, wanted)


def test_only_new_times_are_checked():
    past = {"morning": PushedSchedule("2020-01-31 18:00", "a.py")}
    check_timings(
        [ProjectChange("change", "schedule", "morning", {"path": FieldChange("", "a.nbflow")})],
        past,
    )
    check_timings([ProjectChange("delete", "schedule", "old")], past)
    for change in (
        ProjectChange("add", "schedule", "morning"),
        ProjectChange(
            "change", "schedule", "morning", {"when": FieldChange("daily 8:00", "daily 9:00")}
        ),
    ):
        with refused_at("schedules.morning.when"):
            check_timings([change], past)
    with refused_at("schedules.morning.when"):
        check_timings([change], {"morning": PushedSchedule("0 8 ? * MON", "a.py")})


def test_a_field_is_named_below_its_schedule():
    with refused_at("schedules.morning.zone") as found, fields_below("schedules.morning"):
        raise Invalid.field("zone", "may not be empty")
    assert "schedules.morning.zone" in str(found.value)
    with refused_at("schedules.morning"), fields_below("schedules.morning"):
        raise Invalid("no file")
