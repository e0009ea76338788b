"""Differences between the lock and the environment in which the work ran."""

import msgspec

from nbyard.attempts import folders
from nbyard.dispatch.attempts.outcomes.attempt_outcome import environment_lock_warning
from nbyard.domain.attempts.structs import SURROUNDINGS, Surroundings
from nbyard.domain.callers import Caller
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.environments.structs import Lock, NewEnvironment, Package
from nbyard.reasons.structs import because

ANN = Caller("ann")


def test_recorded_packages_are_compared_with_the_lock(bench):
    made = bench.yard.services.environments.create(ANN, NewEnvironment("cows", "cow"))
    with bench.store.write() as c:
        move, packages = bench.store.environments.move, [{"name": "cow", "version": "1.0"}]
        move(c, "ann", made.current.id, "building", place="x")
        move(c, "ann", made.current.id, "ready", packages=packages, python="3.11.2")
    case = bench.snapshot(bench.start(), "a")
    used = UsedEnvironment(made.id, "cows", made.current.id, 1, "")
    plan = msgspec.structs.replace(case.task.plan, environment=used)
    assert environment_lock_warning(bench.context, case.attempt, case.task.plan) is None
    place = folders.attempt_folder_of(bench.store.folder, case.attempt.id) / SURROUNDINGS
    known = msgspec.json.decode(place.read_bytes(), type=Surroundings)
    differs = because("package-instead", package="cow", found="2.0", locked="1.0")
    expected = because("lock-differs", environment="cows", number=1, differences=[differs])
    for version, told in (("1.0", None), ("2.0", expected)):
        lock = Lock("3.11.2", "", "", "", [Package("cow", version)])
        place.write_bytes(msgspec.json.encode(msgspec.structs.replace(known, lock=lock)))
        assert environment_lock_warning(bench.context, case.attempt, plan) == told
