"""Cache keys: what a result depends on, and what not."""

import time
from types import SimpleNamespace

import msgspec
import pytest
from tests.support.fake_runtime_bench import Bench

from nbyard.blobs import Blobs
from nbyard.dispatch.cache import keys
from nbyard.dispatch.cache.keys import Code, Identities, key_parts
from nbyard.domain.digest import KeyParts
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.runs.structs import TaskPlan, ValueOf
from nbyard.errors import NotFound


def parts_of(bench: Bench, run: str, node: str, **plan: object) -> KeyParts:
    case = bench.snapshot(run, node)
    changed = msgspec.structs.replace(case.task.plan, **plan)
    code, environment = Identities(bench.context).look_up(changed)
    return key_parts(changed, code, case.inputs, environment)


@pytest.fixture
def run(bench: Bench) -> str:
    """a is finished, b runs."""
    made = bench.submit({"a": [], "b": ["a"]})
    bench.until_task(made, "running")
    bench.runtime.end(bench.attempt(made), text="from a")
    bench.until_task(made, "running", "b")
    return made


def test_the_key_depends_on_inputs_values_and_image(bench, run):
    known = parts_of(bench, run, "b")
    assert (known.inputs, known.values) == ({"in0": bench.task(run).artifacts[0].digest}, {"n": 0})
    assert parts_of(bench, run, "b", bindings={"n": ValueOf(1)}).key() != known.key()
    assert parts_of(bench, run, "b", image="other").environment != known.environment
    assert parts_of(bench, run, "b", label="x", cpu=2.0, timeout_seconds=1.0) == known


def test_the_key_does_not_depend_on_the_owner(bench, run):
    """A notebook that reads its run's ID still comes from the cache."""
    known = parts_of(bench, run, "b")
    bindings = {**bench.snapshot(run, "b").task.plan.bindings, "nbyard_run_id": ValueOf("some run")}
    assert parts_of(bench, run, "b", bindings=bindings) == known


def test_deleted_code_is_not_found(bench, run):
    with pytest.raises(NotFound, match="no longer in"):
        parts_of(bench, run, "b", executable_version_id="gone")


def test_environments_are_looked_up_again(bench, run, monkeypatch):
    """Installed packages may change. Frozen code does not."""
    identities, plan = Identities(bench.context), bench.snapshot(run, "b").task.plan
    assert identities.known(plan, 0.0) is None
    found = identities.look_up(plan)
    assert identities.known(plan, 0.0) == found
    assert identities.known(plan, time.monotonic()) is None, "a later run looks anew"
    monkeypatch.setattr(keys, "FRESH_SECONDS", 0.0)
    assert identities.known(plan, 0.0) is None


def test_a_slow_lookup_is_used_once(bench, run, monkeypatch):
    """Otherwise, a slow engine would be asked forever."""
    identities, plan = Identities(bench.context), bench.snapshot(run, "b").task.plan
    begun = time.monotonic()
    clock = iter((begun, begun + 10))
    monkeypatch.setattr(keys, "time", SimpleNamespace(monotonic=lambda: next(clock, begun + 11)))
    found = identities.look_up(plan)
    assert identities.known(plan, begun) == found
    assert identities.known(plan, begun + 1) is None, "a run that came after the question"


def test_code_in_memory_is_bounded_by_its_files(bench, run, monkeypatch):
    """The code of each run is stored, and its list of files may be long."""
    plan = bench.snapshot(run, "b").task.plan
    made = Code(Identities(bench.context).code(plan).version, {"a": "", "b": ""}, "")
    opened: list[str] = []

    def code_of(_: Blobs, version: ExecutableVersion) -> Code:
        opened.append(version.id)
        return msgspec.structs.replace(made, version=version)

    def version_of(_: object, __: object, plan: TaskPlan) -> ExecutableVersion:
        return msgspec.structs.replace(made.version, id=plan.executable_version_id)

    monkeypatch.setattr(keys, "code_of", code_of)
    monkeypatch.setattr(keys, "version_of", version_of)
    identities = Identities(bench.context, most_files=4)
    for name in ("one", "two", "one", "three", "one"):
        identities.code(msgspec.structs.replace(plan, executable_version_id=name))
    assert opened == ["one", "two", "three", "one"]


def test_folders_of_code(bench, run):
    """Those of its own file, too."""
    code = Identities(bench.context).code(bench.snapshot(run, "b").task.plan)
    version = msgspec.structs.replace(code.version, file="jobs/steps.py::one")
    files = dict.fromkeys(("a/b/c.csv", "a/d.csv", "x.py"), "sha256:")
    assert Code(version, files, "").folders == ["a", "a/b", "jobs"]
