"""Projects of NB Workflows 0.2 and 0.3 become project files of nbyard."""

from typing import Any

import pytest
import yaml
from msgspec import UNSET

from nbyard.domain.images.structs import NewImage, Recipe
from nbyard.domain.projects.definitions import ProjectDefinition, read_definition
from nbyard.domain.projects.schedule_entries import ScheduleEntry
from nbyard.domain.projects.structs import NotificationEntry
from nbyard.domain.projects.toml_writer import updated_toml
from nbyard.domain.workflows.structs import read_document
from nbyard.errors import Invalid, NotFound
from nbyard.importers.nb_workflows import (
    Fields,
    convert_project,
    read_runtimes_file,
    read_variables,
)
from nbyard.importers.protocol import ConvertedProject
from nbyard.reasons.structs import Reason, because

PATHS = ("workflows/train.ipynb", "report.ipynb")
PROJECT = {
    "name": "wine",
    "projectid": "8f3a",
    "owner": "ann",
    "description": "About wine",
    "repository": "https://git.example/wine.git",
    "users": ["bob"],
}


def workflow(task: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"nbtask": {"nb_name": "train", **(task or {})}, "enabled": True, **more}


def convert(
    workflows: dict[str, Any] | None = None,
    name: str = "workflows.yaml",
    version: Any = "0.2",
    **files: str,
) -> ConvertedProject:
    top = {"version": version, "project": PROJECT, "workflows": workflows or {}}
    others = {path.replace("__", "."): text.encode() for path, text in files.items()}
    return convert_project({name: yaml.safe_dump(top).encode(), **others}, PATHS)


def no_field(place: str, value: str) -> Reason:
    return because("import-no-field", place=place, value=value)


def left(found: ConvertedProject) -> list[str]:
    return [str(one) for one in found.left]


def left_places(found: ConvertedProject) -> list[str]:
    """The fields of workflows in which something is left out."""
    places = [line.partition(": ")[0].partition(".workflows.") for line in left(found)]
    return [place for _, middle, place in places if middle]


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("workflows.yaml", "0.2"),
        ("workflows.yaml", "0.2.0"),
        ("labfile.yaml", "0.3"),
        ("labfile.yaml", 0.3),
    ],
)
def test_a_project_is_described(name, version):
    found = convert(name=name, version=version)
    project = found.definition.project
    assert (project.name, project.description) == ("wine", "About wine")
    assert project.repository == "https://git.example/wine.git"
    assert project.metadata == {"projectid": "8f3a", "owner": "ann"}
    assert found.left == [no_field(f"{name}.project.users", "['bob']")]


def test_a_workflow_becomes_a_document_with_its_values_and_limits():
    task = {
        "params": {"rate": 0.5, "names": ["a"]},
        "runtime": "gpu",
        "gpu_support": True,
        "timeout": 60,
        "description": "Each night",
    }
    runtimes = "runtimes: {gpu: {container: {requirements: [polars]}}}"
    found = convert({"nightly": workflow(task, wfid="w1")}, runtimes__yaml=runtimes)
    document = read_document(found.files["nightly.nbflow"].encode(), strict=True)
    node = document.nodes["main"]
    assert (document.meta.id, document.meta.title) == ("w1", "nightly")
    assert (node.path, node.environment) == ("workflows/train.ipynb", "gpu")
    assert (node.gpu, node.timeout_seconds) == (1, 60)
    assert {name: one.value for name, one in node.arguments.items()} == task["params"]
    assert found.definition.environments["gpu"].requirements == ["polars"]
    assert found.definition.schedules == {}


EARLY = """
version: 0.2.0
project: {name: wine, projectid: FoZMvN_4qP, username: ann, agent: null, repository: null}
workflows:
  nightly:
    nb_name: train
    params: {rate: 0.5}
    machine: default
    docker_version: latest
    enabled: false
    alias: nightly
    description: null
    jobid: JwkzF9J9
    timeout: 60
    notifications_ok: null
    notifications_fail: [slack]
    schedule: {start_in_min: 0, repeat: null, cron: null, interval: "90"}
  daily:
    nbtask: {nb_name: train, enabled: false}
    enabled: true
    schedule: {cron: 0 8 * * 5L}
pipelines: {sequences: []}
"""


def test_the_first_files_have_the_fields_of_a_task_beside_its_schedule():
    found = convert_project({"workflows.yaml": EARLY.encode()}, PATHS)
    document = read_document(found.files["nightly.nbflow"].encode(), strict=True)
    node = document.nodes["main"]
    assert (document.meta.id, node.path) == ("JwkzF9J9", "workflows/train.ipynb")
    assert (node.timeout_seconds, node.arguments["rate"].value) == (60, 0.5)
    schedules = found.definition.schedules
    assert schedules["nightly"].when == "every 90 seconds"
    assert schedules["daily"].when == "0 8 * * 5L"
    assert [one.enabled for one in schedules.values()] == [False, False]
    assert found.definition.notifications["slack"][0].events == ["failed"]
    assert found.definition.project.metadata == {"projectid": "FoZMvN_4qP", "username": "ann"}
    place = "workflows.yaml.workflows.nightly"
    assert found.left == [
        no_field(f"{place}.machine", "default"),
        no_field(f"{place}.docker_version", "latest"),
    ]


def test_the_default_timeout_of_nb_workflows_is_kept():
    found = convert({"a": workflow()})
    document = read_document(found.files["a.nbflow"].encode(), strict=True)
    assert document.nodes["main"].timeout_seconds == 10_800
    assert convert({"a": workflow()}).files == found.files


@pytest.mark.parametrize(
    ("schedule", "when", "at_most"),
    [
        ({"cron": "0 8 * * 1-5"}, "0 8 * * 1-5", UNSET),
        ({"cron": "0 8 * * 1-5 30"}, "30 0 8 * * 1-5", UNSET),
        ({"cron": "0 8 * * *", "interval": 60, "repeat": 3}, "0 8 * * *", 3),
        ({"interval": 90, "repeat": None}, "every 90 seconds", UNSET),
        ({"interval": 90, "repeat": 0}, "every 90 seconds", None),
        ({"start_in_min": 5}, "in 5 minutes", UNSET),
    ],
)
def test_schedules(schedule, when, at_most):
    found = convert({"a": workflow(schedule=schedule, enabled=False)})
    entry = found.definition.schedules["a"]
    assert entry == ScheduleEntry(when, "a.nbflow", zone="UTC", at_most=at_most, enabled=False)
    place = "workflows.yaml.workflows.a.schedule.interval"
    other = because("import-other-timing", place=place, value="60", used="cron")
    assert [one for one in found.left if "users" not in str(one)] == [other] * (len(schedule) == 3)


@pytest.mark.parametrize(
    ("schedule", "line"),
    [
        ({"cron": "often"}, "workflows.yaml.workflows.a.schedule.cron: often."),
        (
            {"interval": 5},
            "workflows.yaml.workflows.a.schedule.interval: 5. at least 10 seconds must lie",
        ),
        ({"jitter": 5, "cron": "@daily"}, "workflows.yaml.workflows.a.schedule.jitter: 5."),
        (
            {"interval": 60, "start_in_min": 5},
            "workflows.yaml.workflows.a.schedule.start_in_min: 5. The automation uses interval",
        ),
    ],
)
def test_unsupported_fields_of_a_schedule_are_listed(schedule, line):
    assert any(one.startswith(line) for one in left(convert({"a": workflow(schedule=schedule)})))


@pytest.mark.parametrize("name", ["interval", "start_in_min", "repeat"])
def test_a_text_in_place_of_a_number_of_a_schedule_is_listed(name):
    timing = {name: "5 min"} | ({"interval": 60} if name == "repeat" else {})
    found = convert({"a": workflow(schedule=timing), "b": workflow(schedule={"interval": 60})})
    place = f"workflows.yaml.workflows.a.schedule.{name}"
    assert left(found)[0].startswith(f"{place}: ") and left(found)[0].endswith("not 5 min")
    schedules = found.definition.schedules
    assert list(found.files) == ["a.nbflow", "b.nbflow"]
    assert schedules["b"].when == "every 60 seconds"
    if name == "repeat":
        assert (schedules["a"].at_most, schedules["a"].enabled) == (UNSET, False)
    else:
        assert "a" not in schedules


def test_a_timeout_that_is_no_number_is_listed_and_the_rest_is_kept():
    found = convert({"a": workflow({"timeout": "1h", "gpu_support": True}), "b": workflow()})
    place = "workflows.yaml.workflows.a.nbtask.timeout"
    assert left(found)[0].startswith(f"{place}: ") and left(found)[0].endswith("not 1h")
    node = read_document(found.files["a.nbflow"].encode(), strict=True).nodes["main"]
    assert (node.timeout_seconds, node.gpu) == (10_800, 1)
    assert list(found.files) == ["a.nbflow", "b.nbflow"]


@pytest.mark.parametrize(("is_on", "inner"), [(True, False), (False, True), (None, False)])
def test_a_schedule_that_is_disabled_below_its_timing_stays_disabled(is_on, inner):
    entry = workflow(schedule={"interval": 120, "enabled": inner}) | {"enabled": is_on}
    found = convert({"a": entry})
    assert found.definition.schedules["a"].enabled is False
    assert not any("enabled" in one for one in left(found))
    text = updated_toml("", ProjectDefinition(found.definition.project), found.definition)
    assert "enabled = false" in text.partition("[schedules.a]\n")[2]


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://user:t0k@host/x", "https://host/x"),
        ("https://t0k@host/x", "https://host/x"),
        ("https://a:t0k@b@host/x", "https://host/x"),
        ("ssh://git:t0k@host/x", "ssh://host/x"),
        ("user:t0k@host/x", "host/x"),
        ("ssh://git@host/x", None),
        ("git@host:a/b@c", None),
        ("https://host/x@1", None),
    ],
)
def test_the_login_of_a_repository_is_left_out(monkeypatch, url, kept):
    monkeypatch.setitem(PROJECT, "repository", url)
    found = convert()
    assert found.definition.project.repository == (kept or url)
    line = "workflows.yaml.project.repository: the user name and password in the URL"
    assert (line in left(found)) == (kept is not None)
    assert "t0k" not in "".join(left(found))


def test_notifications_become_rules_of_channels_of_the_same_name():
    both = {"notifications_ok": ["slack"], "notifications_fail": ["slack", "discord"]}
    found = convert({"a": workflow(both), "b": workflow({"notifications_fail": ["slack"]})})
    assert found.definition.notifications == {
        "slack": [
            NotificationEntry(["succeeded", "failed"], "a.nbflow"),
            NotificationEntry(["failed"], "b.nbflow"),
        ],
        "discord": [NotificationEntry(["failed"], "a.nbflow")],
    }
    assert not any("notifications" in one for one in left(found))


@pytest.mark.parametrize("names", ["slack", [1], {"slack": 1}])
def test_notifications_that_are_no_list_of_names_are_listed(names):
    found = convert({"a": workflow({"notifications_fail": names, "notifications_ok": ["mail"]})})
    assert [*found.definition.notifications] == ["mail"]
    assert left_places(found) == ["a.nbtask.notifications_fail"]


def test_unsupported_fields_of_a_task_are_listed():
    task = {
        "machine": "m1",
        "cluster": "c1",
        "version": "v2",
        "runtime": "unknown",
        "colour": "red",
    }
    lost = {"gone": workflow({"nb_name": "gone"}), "none": workflow({"nb_name": ""})}
    found = convert({"a": workflow(task, extra=1), **lost})
    place = "workflows.yaml.workflows.a"
    names = [("version", "v2"), ("machine", "m1"), ("cluster", "c1"), ("colour", "red")]
    gone, none = (f"workflows.yaml.workflows.{one}.nbtask.nb_name" for one in lost)
    assert [one for one in found.left if "users" not in str(one)] == [
        no_field(f"{place}.extra", "1"),
        *(no_field(f"{place}.nbtask.{name}", value) for name, value in names),
        because("import-no-runtime", place=f"{place}.nbtask.runtime", value="unknown"),
        because("import-no-notebook", place=gone, name="gone"),
        because("import-no-value", place=none),
    ]
    assert list(found.files) == ["a.nbflow"]


def test_the_written_file_is_read_back():
    found = convert({"a b": workflow(schedule={"cron": "@daily"})})
    empty = ProjectDefinition(found.definition.project)
    text = updated_toml("", empty, found.definition)
    assert read_definition(text.encode()) == found.definition


@pytest.mark.parametrize(
    ("fields", "schedule", "lines"),
    [
        ({}, {}, []),
        ({"enabled": None}, {"repeat": None}, []),
        ({"enabled": True}, {"repeat": 3}, ["at_most = 3", "enabled = true"]),
        ({"enabled": False}, {"repeat": 0}, ["at_most = false", "enabled = false"]),
    ],
)
def test_only_named_fields_are_written(fields, schedule, lines):
    """A push then keeps what was changed on the server."""
    entry = {"nbtask": {"nb_name": "train"}, "schedule": {"cron": "@daily", **schedule}, **fields}
    found = convert({"a": entry})
    text = updated_toml("", ProjectDefinition(found.definition.project), found.definition)
    _, _, table = text.partition("[schedules.a]\n")
    expected = ['when = "@daily"', 'path = "a.nbflow"', 'zone = "UTC"', *lines]
    assert table.strip().splitlines() == expected


def test_secrets_are_not_shown():
    found = convert(local__nbvars='TOKEN="s3cr3t"\n')
    assert found.secrets == {"TOKEN": "s3cr3t"}
    assert "s3cr3t" not in repr(found) + "".join(left(found))


@pytest.mark.parametrize(
    ("files", "where"),
    [
        ({"workflows.yaml": b"version: '0.4'\nproject: {name: a}\n"}, "workflows.yaml.version"),
        ({"workflows.yaml": b"version: '0.2'\nproject: {}\n"}, "workflows.yaml.project.name"),
        ({"workflows.yaml": b"- 1\n"}, "workflows.yaml"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(files, where):
    with pytest.raises(Invalid) as refused:
        convert_project(files, PATHS)
    assert refused.value.details[0].path == where


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        pytest.param(workflow({"gpu_support": "often"}), "a.nbtask.gpu_support", id="flag"),
        pytest.param(workflow({"params": [1]}), "a.nbtask.params", id="object"),
        pytest.param(workflow({"description": ["a"]}), "a.nbtask.description", id="text"),
        pytest.param(workflow({"timeout": "soon"}), "a.nbtask.timeout", id="number"),
        pytest.param(workflow(schedule=["daily"]), "a.schedule", id="schedule"),
    ],
)
def test_a_value_of_another_type_is_listed_and_the_rest_is_kept(entry, place):
    found = convert({"a": entry, "b": workflow({"nb_name": "train"})})
    assert sorted(found.files) == ["a.nbflow", "b.nbflow"]
    assert left_places(found) == [place]


@pytest.mark.parametrize("entry", [1, ["train"], {"nbtask": {"nb_name": ["a"]}}])
def test_a_workflow_without_a_readable_notebook_is_left_out(entry):
    found = convert({"a": entry, "b": workflow()})
    assert sorted(found.files) == ["b.nbflow"]
    assert any("nb_name is missing" in line for line in left(found))


@pytest.mark.parametrize("value", ["no", 0, []])
def test_a_switch_that_cannot_be_read_is_off(value):
    found = convert({"a": workflow(schedule={"interval": 120}, enabled=value)})
    assert found.definition.schedules["a"].enabled is False
    assert left_places(found) == ["a.enabled"]


def test_other_folders_are_refused():
    with pytest.raises(NotFound, match=r"labfile\.yaml"):
        convert_project({"other.yaml": b""}, PATHS)


def test_two_workflows_of_one_file_name_are_refused():
    with pytest.raises(Invalid, match=r"b\.nbflow"):
        convert({"a/b": workflow(), "b": workflow()})


def test_only_one_of_two_project_files_is_read():
    found = convert(labfile__yaml="version: '0.3'\nproject: {name: beer}\n")
    assert found.definition.project.name == "beer"
    assert [line.partition(":")[0] for line in left(found)] == ["workflows.yaml"]


FILES = {"requirements.txt": b"polars>=1\n# a comment\n\n scikit-learn\n"}


def read(container, **more):
    left: list[Reason] = []
    runtimes = {"runtimes": {"gpu": {"container": container, **more}}}
    environments, images = read_runtimes_file(Fields(runtimes, "runtimes.yaml", left), FILES)
    return environments["gpu"], images, left


@pytest.mark.parametrize(
    ("requirements", "lines"),
    [
        ("requirements.txt", ["polars>=1", "scikit-learn"]),
        (["polars", "numpy"], ["polars", "numpy"]),
        (None, ["polars>=1", "scikit-learn"]),  # the usual file
    ],
)
def test_requirements(requirements, lines):
    entry, images, left = read({"requirements": requirements})
    assert (entry.requirements, images, left) == (lines, [], [])


def test_the_settings_of_an_image_are_kept():
    container = {
        "image": "nvidia/cuda:11.6.0-runtime-ubuntu20.04",
        "maintainer": "Ann <ann@example.org>",
        "user": {"uid": 1089, "gid": 1090},
        "build_packages": "build-essential  git ",
        "final_packages": ["python3-pip"],
        "gpu": {"cuda": 11.6},
    }
    _, images, left = read(container, version="1.2", registry="https://R.example.org/team")
    recipe = Recipe(
        base="nvidia/cuda:11.6.0-runtime-ubuntu20.04",
        system_packages=["python3-pip"],
        build_packages=["build-essential", "git"],
        uid=1089,
        gid=1090,
        cuda="11.6",
        labels={"maintainer": "Ann <ann@example.org>"},
    )
    assert images == [NewImage("gpu", tag="r.example.org/team/gpu:1.2", recipe=recipe)]
    assert left == []


def test_without_a_version_the_tag_has_none():
    _, images, _ = read({"image": "python:3.12"})
    assert images == [NewImage("gpu", tag="nbyard/gpu", recipe=Recipe(base="python:3.12"))]
    assert [each.recipe for each in read({}, version="7")[1]] == [Recipe()]


def test_unsupported_fields_of_an_image_are_listed():
    container = {
        "image": "Python 3",
        "user": {"uid": 0, "gid": 5, "name": "ann"},
        "build_packages": "gcc --force",
        "gpu": {"cuda": "new", "cudnn": "8.4"},
        "base_template": "Dockerfile.own",
    }
    _, images, left = read(container, version="a b", registry="r/?", machine="m", gpu_support=False)
    recipe = Recipe(gid=5, build_packages=["gcc"])
    assert images == [NewImage("gpu", tag="nbyard/gpu", recipe=recipe)]
    assert {(reason.code, reason.params["place"].split(".gpu.", 1)[1]) for reason in left} == {
        ("import-bad-value", "container.image"),
        ("import-bad-value", "container.user.uid"),
        ("import-no-field", "container.user.name"),
        ("import-bad-value", "container.build_packages"),
        ("import-bad-value", "container.gpu.cuda"),
        ("import-no-field", "container.gpu.cudnn"),
        ("import-no-field", "container.base_template"),
        ("import-bad-value", "version"),
        ("import-bad-value", "registry"),
        ("import-no-field", "machine"),
    }


def test_a_missing_file_is_listed():
    entry, _, left = read({"requirements": "gone.txt"})
    assert entry.requirements == []
    assert "gone.txt was not found" in str(left[0])


def test_a_usual_file_that_no_runtime_names_may_be_missing():
    left: list[Reason] = []
    runtimes = {"runtimes": {"gpu": {"container": {"requirements": None}}}}
    environments, _ = read_runtimes_file(Fields(runtimes, "runtimes.yaml", left), {})
    assert (environments["gpu"].requirements, left) == ([], [])


@pytest.mark.parametrize("value", ["9" * 5_000, "9" * 19, 10**18, -(10**4_000)])
def test_numbers_with_many_digits_are_listed(value):
    left: list[Reason] = []
    assert Fields({"interval": value}, "workflows.yaml", left).number("interval") is None
    assert "too large" in str(left[0])
    assert Fields({"interval": "60"}, "workflows.yaml", []).number("interval") == 60


def test_variables():
    content = b'# all\nA="1"\nB = \'x y\'\nexport C=a=b\n\nD="\nE=\n'
    left: list[Reason] = []
    found = read_variables(content, "local.nbvars", left)
    assert found == {"A": "1", "B": "x y", "C": "a=b", "D": '"', "E": ""}
    assert left == []


def test_a_bad_line_is_named_without_its_text():
    left: list[Reason] = []
    assert read_variables(b"A=1\nmy s3cr3t\n", "local.nbvars", left) == {"A": "1"}
    assert left == [because("import-bad-line", place="local.nbvars:2")]
    with pytest.raises(Invalid):
        read_variables(b"A=\xff", "local.nbvars", left)
