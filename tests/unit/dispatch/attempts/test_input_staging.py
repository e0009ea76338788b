"""Where inputs lie, and which old files are no outputs."""

import os
from types import SimpleNamespace
from typing import Any

from nbyard.dispatch.attempts.input_staging import mark_old_outputs, place_of, places_of
from nbyard.domain.arguments.bindings import File
from nbyard.domain.arguments.structs import Argument
from nbyard.runner.work.collect_outputs import UNTOUCHED


def version(*arguments):
    return SimpleNamespace(file="work/clean.ipynb", arguments=list(arguments))


def test_inputs_are_placed_where_the_code_opens_them():
    """Inputs of the description have a folder of their own."""
    opened = Argument("a", "input", reach=File("../data/a.csv"))
    of = version(opened, Argument("b", "input"), Argument("c", "input", reach=File("c.csv")))
    given: Any = {name: SimpleNamespace(filename=f"{name}.txt") for name in ("a", "b")}
    assert places_of(of, given) == {"a": "code/data/a.csv", "b": "inputs/b/b.txt"}
    assert place_of(opened, of) == "code/data/a.csv" and place_of(Argument("b"), of) == ""


def test_old_files_at_the_places_of_outputs_are_marked(tmp_path):
    """Except files that are changed in place. The blob itself stays untouched."""
    (tmp_path / "code/work").mkdir(parents=True)
    blob = tmp_path / "blob"
    for path in (blob, tmp_path / "code/work/old", tmp_path / "code/work/both"):
        path.write_text("x")
    blob.chmod(0o444)
    os.link(blob, tmp_path / "code/work/linked")
    (tmp_path / "code/work/plots/deep").mkdir(parents=True)
    (tmp_path / "code/work/plots/deep/a.png").write_text("x")
    names = ("old", "both", "linked", "plots", "none")
    outputs = [Argument(f"{name}_out", "output", reach=File(name)) for name in names]
    mark_old_outputs(tmp_path, version(*outputs, Argument("both", "input", reach=File("both"))))
    files = (path for path in tmp_path.glob("code/work/**/*") if path.is_file())
    found = {path.name: path.stat().st_mtime == UNTOUCHED for path in files}
    assert found == {"old": True, "both": False, "linked": True, "a.png": True}
    assert (tmp_path / "code/work/linked").stat().st_mode & 0o200  # the code may write it
    assert blob.stat().st_mtime != UNTOUCHED and blob.stat().st_nlink == 1
