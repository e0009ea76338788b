"""Which stored folders are code: of executables, images, models and pushed projects."""

import msgspec

from nbyard.domain.runs.structs import TaskPlan
from nbyard.reasons.structs import because, separate
from nbyard.store import Store
from nbyard.store.runs.stored_code import StoredCode

from ..rows import Rows

CODE, MIXED, OTHER = (f"tree:{letter * 64}" for letter in "abc")
REMOVED = because("secrets-removed", names=["a.pem"])


def test_the_users_and_runs_of_code_are_known_and_its_tasks_warn(store: Store) -> None:
    """Also of a bundle with files of two versions, and of code that is deleted."""
    tasks = []
    with store.write() as c:
        rows = Rows(store, c)
        for name, bundle, mixed in (("one", CODE, ""), ("two", OTHER, MIXED)):
            made = rows.executable(name)
            version = rows.executable_version(made.id, name, bundle_digest=bundle)
            plan = TaskPlan("a", "A", made.id, version.id, [], {}, "process", mixed_bundle=mixed)
            plain = msgspec.to_builtins(plan)
            tasks.append(rows.succeeded(rows.run(), plan=plain, warning=because("needed")).id)
        store.executables.delete(c, made)
    code = StoredCode()
    with store.write() as c:
        users = {user for user in code.users(c) if user[0]}
        assert users == {
            (CODE, "executable", "one"),
            (OTHER, "executable", ""),
            (MIXED, "", ""),
        }
        assert [code.runs(c, [digest]) for digest in (CODE, OTHER, MIXED)] == [[1], [2], [2]]
        assert code.runs(c, [CODE, MIXED]) == [1, 2] and code.runs(c, []) == []
        code.warn(c, [MIXED], REMOVED)
        noted = store.tasks.files_and_warnings(c, tasks)
    warnings = [separate(noted[task]["warning"]) for task in tasks]
    assert [len(reasons) for reasons in warnings] == [1, 2] and REMOVED in warnings[1]
