"""R1: executables and their files."""

import os

from nbyard.domain.executables.structs import NewExecutable
from nbyard.domain.runs.structs import NewRun


def test_a_run_of_an_executable_follows_its_file(yard, ann, tool, root):
    """R1: what is saved runs, also by the executable's name; a lost file leaves its version."""
    executables, runs = yard.services.executables, yard.services.runs
    (root / "a.csv").write_text("x\n1\n")
    made = executables.create(ann, NewExecutable(path=tool))
    assert executables.get(ann, made.id).hints == []
    (root / tool).write_text((root / tool).read_text() + "# more\n")
    body = NewRun(executable=made.name, parameters={"source": "a.csv"})
    changed = executables.get(ann, made.id)
    assert "changed since version 1" in str(changed.hints[0])
    assert changed.changed

    def version_that_runs():
        (task,) = runs.get(ann, runs.create(ann, body).id).tasks
        known = {v.id: v.number for v in executables.versions(ann, made.id).items}
        return known[task.executable_version_id]

    assert version_that_runs() == 2
    assert executables.get(ann, made.id).hints == []
    (root / tool).unlink()
    assert "was not found; runs use version 2" in str(executables.get(ann, made.id).hints[0])
    assert version_that_runs() == 2


def test_a_file_with_the_same_bytes_has_not_changed(yard, ann, tool, root):
    made = yard.services.executables.create(ann, NewExecutable(path=tool))
    os.utime(root / tool, (2**32, 2**32))
    found = yard.services.executables.get(ann, made.id)
    assert (found.hints, found.changed) == ([], False)


def test_a_file_outside_of_the_served_folder_is_named(yard, ann, tool, root, monkeypatch):
    made = yard.services.executables.create(ann, NewExecutable(path=tool))
    monkeypatch.setattr(yard.parts.files, "has", lambda path: False)
    (hint,) = yard.services.executables.get(ann, made.id).hints
    assert str(hint).startswith("Its file is outside the served folder; runs use version")
