"""Executables and their files."""

import json
import os

from nbyard.domain.executables.structs import NewExecutable
from nbyard.domain.runs.structs import NewRun


def test_a_run_of_an_executable_follows_its_file(yard, ann, executables, tool, root):
    """The saved file runs, also by the executable's name. A lost file leaves its version."""
    runs = yard.services.runs
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
    assert "runs use version 2" in str(executables.get(ann, made.id).hints[0])
    assert version_that_runs() == 2


def test_a_file_with_the_same_bytes_has_not_changed(executables, ann, tool, root):
    made = executables.create(ann, NewExecutable(path=tool))
    os.utime(root / tool, (2**32, 2**32))
    found = executables.get(ann, made.id)
    assert (found.hints, found.changed) == ([], False)


def test_a_notebook_changes_with_its_code_not_with_what_jupyterlab_fills_in(executables, ann, root):
    """Outputs, IDs and the default kernel are no change; code, tags and other kernels are."""
    file = root / "n.ipynb"

    def save(source, kernel="", **metadata):
        cell = {"cell_type": "code", "execution_count": None, "id": "a", "metadata": metadata,
                "outputs": [], "source": source}  # fmt: skip
        spec = {"kernelspec": {"name": kernel, "display_name": kernel}} if kernel else {}
        info = {"language_info": {"name": "python", "version": "3.12"}} if kernel else {}
        notebook = {"cells": [cell], "metadata": spec | info, "nbformat": 4, "nbformat_minor": 5}
        file.write_text(json.dumps(notebook))
        os.utime(file, (2**32, 2**32))

    def is_changed():
        return executables.get(ann, made.id).changed

    save("1 / 0")
    made = executables.create(ann, NewExecutable(path="n.ipynb"))
    save(["1 ", "/ 0"], "python3", collapsed=True)
    assert not is_changed()
    save("1 / 1", "python3")
    assert is_changed()
    save("1 / 0", "python3", tags=["parameters"])
    assert is_changed()
    save("1 / 0", "other")
    assert is_changed()
    file.write_text("{")
    os.utime(file, (2**32, 2**32))
    assert is_changed()


def test_a_file_outside_of_the_served_folder_is_named(yard, ann, executables, tool, monkeypatch):
    made = executables.create(ann, NewExecutable(path=tool))
    monkeypatch.setattr(yard.context.files, "has", lambda path: False)
    (hint,) = executables.get(ann, made.id).hints
    assert str(hint).startswith("Its file is outside")
