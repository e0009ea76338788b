"""Forecasts of runs, asked of the service. An integration test compares them with runs."""

import dataclasses
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from nbyard.blobs import dry_blobs
from nbyard.dispatch.cache import keys
from nbyard.domain.callers import Caller
from nbyard.domain.limits import Limits
from nbyard.domain.projects.members import NewMember
from nbyard.domain.projects.structs import NewProject
from nbyard.domain.runs.previews.estimates import ForecastQuestion, ForecastRequest
from nbyard.domain.runs.slots import GIB, Capacity, Slots
from nbyard.domain.runs.structs import TaskPlan
from nbyard.errors import Busy, Invalid, NotFound
from nbyard.freezing.runs import templates
from nbyard.services.runs import forecasts
from nbyard.services.runs.forecasts import first_wait


def states(found):
    return {one.node: one.state for one in found.nodes}


def test_the_unsaved_document_counts(runs, ann, root, flow, finished):
    finished(path=flow)
    saved = runs.forecast(ann, ForecastRequest(path=flow))
    assert (states(saved), saved.to_run) == ({"one": "cached", "two": "cached"}, 0)
    document = json.loads((root / flow).read_text())
    document["nodes"]["two"]["arguments"] = {"times": {"value": 3}}
    found = runs.forecast(ann, ForecastRequest(path=flow, document=json.dumps(document)))
    assert (states(found), found.cached, found.to_run) == ({"one": "cached", "two": "stale"}, 1, 1)
    assert found.nodes[1].reason.params["changes"][0]["code"] == "value-changed"
    assert found.nodes[1].usual.samples == 2, "both nodes are one executable"
    assert not found.is_maximum
    assert runs.forecast(ann, ForecastRequest(path=flow, parameters={"n": 5})).is_maximum


def test_other_people_have_their_own_cache(runs, flow, finished):
    finished(path=flow)
    found = runs.forecast(Caller("bob"), ForecastRequest(path=flow))
    assert (found.cached, found.to_run, found.seconds) == (0, 2, None)


@pytest.mark.parametrize("name", ["ann/wine", "wine", ""])
def test_the_active_project_may_be_that_of_another_user(yard, ann, runs, flow, monkeypatch, name):
    wine = yard.services.projects.create(ann, NewProject("wine")).id
    yard.services.shares.grant(ann, "project", wine, NewMember("bob", "viewer"))
    asked = []

    def question(*fields: Any) -> Any:
        asked.append(ForecastQuestion(*fields))
        return asked[-1]

    monkeypatch.setattr(forecasts, "ForecastQuestion", question)
    runs.forecast(Caller("bob", project=name), ForecastRequest(path=flow))
    assert asked[0].project == (wine if "/" in name else "")


def test_executables_and_invalid_runs_have_a_forecast(runs, ann, root, tool, flow):
    (root / "data.csv").write_text("a\n1\n")
    body = ForecastRequest(path=tool, texts={"source": "data.csv"})
    assert [one.node for one in runs.forecast(ann, body).nodes] == ["main"]
    with pytest.raises(NotFound):
        runs.forecast(ann, ForecastRequest(path="none.nbflow"))
    (root / "data.csv").unlink()
    with pytest.raises(Invalid):
        runs.forecast(ann, ForecastRequest(path=flow))


def test_a_node_with_a_large_new_file_is_unknown(runs, ann, root, flow, finished, monkeypatch):
    """Also the nodes after it. The file is not hashed for a forecast."""
    finished(path=flow)
    (root / "data.csv").write_text("a\n" * 500)
    monkeypatch.setattr(dry_blobs, "MOST_HASHED_BYTES", 900)
    found = runs.forecast(ann, ForecastRequest(path=flow))
    assert states(found) == {"one": "unknown", "two": "unknown"}
    assert found.nodes[0].reason.code == "file-not-read"
    assert (found.to_run, found.is_maximum) == (2, True)


def test_a_folder_with_a_large_new_file_is_unknown(runs, ann, root, tool, finished, monkeypatch):
    """Other files are hashed, even after the one that is too large."""
    (root / "code").mkdir()
    (root / "data").mkdir()
    (root / "data/a.csv").write_text("a\n")
    (root / "code/list.py").write_text(
        "import os, sys\nopen(sys.argv[2], 'w').write(str(os.listdir(sys.argv[1])))\n"
    )
    declared = json.loads((root / "tool.py.nbexec").read_text())
    declared["arguments"][0]["format"] = "folder"
    (root / "code/list.py.nbexec").write_text(json.dumps(declared))
    document = {
        "version": 1,
        "nodes": {
            "data": {"type": "dataset", "path": "data"},
            "list": {"type": "executable", "path": "code/list.py"},
            "alone": {"type": "executable", "path": "code/alone.sh"},
        },
        "edges": {"a": {"source": "data", "output": "data", "target": "list", "input": "source"}},
    }
    (root / "code/alone.sh").write_text("true\n")
    (root / "flow.nbflow").write_text(json.dumps(document))
    detail = finished(path="flow.nbflow")
    assert detail.run.state == "succeeded", detail.tasks
    body = ForecastRequest(path="flow.nbflow")
    cached = {"list": "cached", "alone": "cached"}
    assert states(runs.forecast(ann, body)) == cached
    (root / "data/large.csv").write_text("a\n" * 500)
    monkeypatch.setattr(dry_blobs, "MOST_HASHED_BYTES", 990)
    assert states(runs.forecast(ann, body)) == cached | {"list": "unknown"}
    monkeypatch.undo()
    assert states(runs.forecast(ann, body)) == cached | {"list": "stale"}


def test_code_that_is_not_stored_is_not_kept(runs, ann, root, tool, flow, finished):
    """Each save changes the code, and its list of files may be long."""
    finished(path=flow)
    for text in ("", "# a", "# b"):
        (root / tool).write_text((root / tool).read_text() + text)
        runs.forecast(ann, ForecastRequest(path=flow))
    assert len(runs.forecaster.identities.codes) == 1


def test_slow_lookups_are_limited(runs, ann, flow, monkeypatch):
    from nbyard.dispatch.cache import forecasts as looked

    monkeypatch.setattr(looked, "MOST_SECONDS", -1.0)
    found = runs.forecast(ann, ForecastRequest(path=flow))
    assert found.nodes[0].state == "unknown"
    assert found.nodes[0].reason.code == "forecast-late"


def threads(name):
    return [one for one in threading.enumerate() if one.name == name]


def test_an_engine_that_is_silent_leaves_its_nodes_unknown(
    yard, ann, runs, tmp_path, flow, dispatcher, monkeypatch
):
    """It is asked once: later nodes and forecasts wait for the same answer."""
    monkeypatch.setattr("nbyard.dispatch.cache.forecasts.ENGINE_SECONDS", 0.5)
    place = str(tmp_path / "d.sock")
    yard.settings.docker_host = f"unix://{place}"
    body = ForecastRequest(path=flow, runtime="docker")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(place)
        silent.listen()
        silent.settimeout(10)
        for _ in range(2):
            found = runs.forecast(ann, body)
            assert states(found) == {"one": "unknown", "two": "unknown"}
            assert found.nodes[0].reason.code == "forecast-late"
        assert len(threads("nbyard-forecast")) == 1
        request = b""
        while not request:  # the first connection only shows that there is an engine
            asked, _ = silent.accept()
            with asked:
                request = asked.recv(4096)
        assert request.startswith(b"GET /")


def test_without_an_engine_the_reason_names_it(yard, ann, runs, root, flow, dispatcher):
    """A Dask cluster is never started for a forecast."""
    yard.settings.docker_host = f"unix://{root}/none.sock"
    found = runs.forecast(ann, ForecastRequest(path=flow, runtime="docker"))
    assert states(found) == {"one": "unknown", "two": "unknown"}
    assert found.nodes[0].reason.code == "engine-unreachable"
    found = runs.forecast(ann, ForecastRequest(path=flow, runtime="dask"))
    assert found.nodes[0].reason.code == "forecast-late"


def test_one_forecast_at_a_time_for_each_person(runs, ann, flow, monkeypatch):
    """One whose disk hangs leaves the threads of the server to other requests."""
    body, create = ForecastRequest(path=flow), templates.freeze
    refusals: list[str] = []

    def freeze(context, owner, body, *more):
        monkeypatch.setattr(forecasts, "freeze", create)
        assert runs.forecast(Caller("bob"), body).to_run == 2
        monkeypatch.setattr(forecasts, "MOST_AT_ONCE", 1)
        for who in (ann, Caller("bob")):
            with pytest.raises(Busy) as error:
                runs.forecast(who, body)
            refusals.append(error.value.message)
        return create(context, owner, body)

    monkeypatch.setattr(forecasts, "freeze", freeze)
    assert runs.forecast(ann, body).to_run == 2
    assert len(refusals) == 2 and "under way" in refusals[0]
    assert runs.forecast(ann, body).to_run == 2, "the first has ended"


def test_forecasts_of_two_people_share_one_forecaster(yard, ann, flow, finished, monkeypatch):
    finished(path=flow)
    opened, context = [], yard.context
    both = threading.Barrier(2)

    def forecaster(dry):
        opened.append(dry)
        return context.forecaster(dry)

    def ask(who):
        both.wait(10)
        return states(runs.forecast(who, ForecastRequest(path=flow)))

    runs = forecasts.RunForecasts(dataclasses.replace(context, forecaster=forecaster))
    with ThreadPoolExecutor(2) as pool:
        found = [*pool.map(ask, (ann, Caller("bob")))]
    assert found == [dict.fromkeys(("one", "two"), state) for state in ("cached", "stale")]
    assert len(opened) == 1


def test_slow_lookups_hold_no_connection(yard, ann, runs, flow, finished, monkeypatch):
    """Otherwise the pool of PostgreSQL would be exhausted by a few forecasts."""
    finished(path=flow)
    read, look = yard.store.database.read, keys.environment_of
    depths, looked, now = [], [], 0

    @contextmanager
    def counted():
        nonlocal now
        now += 1
        depths.append(now)
        with read() as c:
            yield c
        now -= 1

    def environment_of(*of):
        looked.append(now)
        return look(*of)

    monkeypatch.setattr(yard.store.database, "read", counted)
    monkeypatch.setattr(keys, "environment_of", environment_of)
    found = runs.forecast(ann, ForecastRequest(path=flow))
    assert states(found) == {"one": "cached", "two": "cached"}
    assert (set(looked), set(depths)) == ({0}, {1})


def test_a_package_used_from_a_folder_with_a_large_new_file(
    runs, ann, tmp_path, flow, finished, monkeypatch
):
    """Its folder is part of the environment."""
    finished(path=flow)
    folder, look = tmp_path / "package", keys.environment_of
    folder.mkdir()
    (folder / "data.bin").write_bytes(b"d" * 5000)

    def environment_of(context, *of):
        found = look(context, *of)
        tree = context.blobs.put_folder(folder).digest
        lock = found.lock
        assert lock is not None
        packages = [msgspec.structs.replace(one, tree=tree) for one in lock.packages]
        lock = msgspec.structs.replace(lock, packages=packages)
        return msgspec.structs.replace(found, lock=lock)

    monkeypatch.setattr(keys, "environment_of", environment_of)
    monkeypatch.setattr(keys, "FRESH_SECONDS", -1.0)
    body = ForecastRequest(path=flow)
    assert runs.forecast(ann, body).cached == 2
    (folder / "large.bin").write_bytes(b"d" * 5001)
    monkeypatch.setattr(dry_blobs, "MOST_HASHED_BYTES", 5000)
    found = runs.forecast(ann, body)
    assert states(found) == {"one": "unknown", "two": "unknown"}
    assert found.nodes[0].reason.code == "file-not-read"


def test_muted_and_bypassed_nodes_are_left_out(runs, ann, root, flow, finished):
    document = json.loads((root / flow).read_text())
    document["nodes"]["two"]["mode"] = "muted"
    (root / flow).write_text(json.dumps(document))
    body = ForecastRequest(path=flow)
    assert states(runs.forecast(ann, body)) == {"one": "stale"}
    finished(path=flow)
    assert states(runs.forecast(ann, body)) == {"one": "cached"}
    del document["nodes"]["two"]["mode"]
    document["nodes"]["one"]["mode"] = "bypassed"
    bypassed = msgspec.structs.replace(body, document=json.dumps(document))
    assert states(runs.forecast(ann, bypassed)) == {"two": "stale"}


def test_a_branch_that_a_condition_leaves_out_is_skipped(runs, ann, root, flow, finished):
    """A join after it comes from the cache."""
    (root / "join.py").write_text("import sys\nopen(sys.argv[-1], 'w').write('joined')\n")
    ends: list[dict[str, Any]] = [
        {"name": name, "role": "input", "reach": {"kind": "option", "flag": f"--{name}"}}
        for name in ("x", "y")
    ]
    at_end = {"kind": "positional", "position": 0}
    ends.append({"name": "made", "role": "output", "format": "text", "reach": at_end})
    (root / "join.py.nbexec").write_text(json.dumps({"version": 1, "arguments": ends}))
    document = json.loads((root / flow).read_text())
    nodes, edges = document["nodes"], document["edges"]
    nodes["two"]["when"] = 'one.result != ""'
    nodes["bad"] = {**nodes["two"], "when": 'one.result == ""'}
    nodes["same"] = {**nodes["two"], "when": "changed(one)"}
    nodes["join"] = {"type": "executable", "path": "join.py"}
    edges |= {n: {**edges["b"], "target": n} for n in ("bad", "same")}
    for source, name in (("two", "x"), ("bad", "y")):
        edges[name] = {"source": source, "output": "result", "target": "join", "input": name}
    (root / flow).write_text(json.dumps(document))
    body = ForecastRequest(path=flow)
    assert states(runs.forecast(ann, body))["join"] == "stale"
    for same in ("succeeded", "skipped"):
        ran = {task.node: task.state for task in finished(path=flow).tasks}
        assert (ran["bad"], ran["join"], ran["same"]) == ("skipped", "succeeded", same)
    found = runs.forecast(ann, body)
    expected = {"one": "cached", "two": "cached", "join": "cached"}
    assert states(found) == expected | {"bad": "skipped", "same": "skipped"}
    assert (found.cached, found.to_run) == (3, 0)
    assert found.nodes[2].reason.code == "condition-not-met"


def test_the_time_of_a_map_depends_on_its_elements(runs, ann, root, flow, finished, monkeypatch):
    """Not on how long an earlier map took."""
    monkeypatch.setattr(forecasts, "capacity", lambda _: Capacity(2))
    document = json.loads((root / flow).read_text())
    del document["nodes"]["two"], document["edges"]["b"]
    own = document["nodes"]["one"]
    del own["arguments"]
    own["map"] = {"each": {"kind": "grid", "values": {"times": [1, 2]}}}
    (root / flow).write_text(json.dumps(document))
    tasks = finished(path=flow).tasks
    took = [(t.finished_at - t.started_at).total_seconds() for t in tasks if t.element]
    own["map"]["each"]["values"]["times"] = [1, 2, *range(3, 13)]
    (root / flow).write_text(json.dumps(document))
    found = runs.forecast(ann, ForecastRequest(path=flow))
    assert found.nodes[0].usual.samples == 2
    assert found.nodes[0].usual.seconds == found.seconds
    assert found.seconds == pytest.approx(10 * sum(took) / 2 / 2)
    assert found.without_estimate == 0


def test_a_map_that_cannot_be_checked_in_time_has_its_number(runs, ann, root, flow, monkeypatch):
    document = json.loads((root / flow).read_text())
    del document["nodes"]["two"], document["edges"]["b"], document["nodes"]["one"]["arguments"]
    grid = {"kind": "grid", "values": {"times": [1, 2, 3]}}
    document["nodes"]["one"]["map"] = {"each": grid}
    (root / flow).write_text(json.dumps(document))
    body = ForecastRequest(path=flow)
    assert {n.node: n.elements for n in runs.forecast(ann, body).nodes}["one"] == 3
    monkeypatch.setattr("nbyard.dispatch.cache.forecasts.MOST_SECONDS", -1.0)
    found = next(node for node in runs.forecast(ann, body).nodes if node.node == "one")
    assert (found.state, found.reason.code, found.elements) == ("unknown", "map-late", 3)


def plan(node, **limits):
    return TaskPlan(node, node, "", "", [], {}, "process", **limits)


@pytest.mark.parametrize(
    ("plans", "running", "code"),
    [
        ([plan("a", gpu=1)], [], None),
        ([plan("a", gpu=1)], [(Limits(gpu=1), ["0"])], "waits-for-gpus"),
        ([plan("a"), plan("b", gpu=1)], [(Limits(gpu=1), ["0"])], "waits-for-gpus"),
        ([plan("a", gpu=2)], [], "too-many-gpus-for-run"),
        (
            [plan("a", memory_bytes=3 * GIB)],
            [(Limits(memory_bytes=2 * GIB), [])],
            "waits-for-memory",
        ),
        ([plan("a"), plan("b", cpu=2)], [(Limits(), [])], None),
        ([plan("a"), plan("b")], [(Limits(cpu=2), [])], "waits-for-slots"),
        ([], [(Limits(cpu=2), [])], None),
    ],
)
def test_reasons_of_the_first_nodes_are_shown(plans, running, code):
    found = first_wait(plans, Slots(Capacity(2, 4 * GIB, ("0",)), running))
    assert (found and found.code) == code
