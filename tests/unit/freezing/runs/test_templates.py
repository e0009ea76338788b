"""The parts of a run before it is stored."""

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid, NotFound
from nbyard.freezing.runs.templates import freeze
from nbyard.yard import Yard


def test_a_file_is_drafted_in_its_own_folder(yard: Yard, ann: Caller, tool: str) -> None:
    folder = yard.context.files.root / "sub"
    folder.mkdir()
    for file in yard.context.files.root.glob(f"{tool}*"):
        file.rename(folder / file.name)
    (folder / "d.csv").write_text("a\n")
    body = NewRun(path=f"sub/{tool}", parameters={"source": "sub/d.csv"})
    made = freeze(yard.context, ann.name, body)
    assert made.document.nodes["in_source"].path == "d.csv"
    assert made.title == tool.rsplit(".", 1)[0] and made.name is None
    assert not any(node.resolved.problem for node in made.nodes.nodes.values())


@pytest.mark.parametrize("body", [NewRun(), NewRun(path="a.py", executable="b")])
def test_either_a_path_or_an_executable_is_needed(yard: Yard, ann: Caller, body: NewRun) -> None:
    with pytest.raises(Invalid, match="or an executable"):
        freeze(yard.context, ann.name, body)


def test_a_missing_file_is_refused(yard: Yard, ann: Caller) -> None:
    with pytest.raises(NotFound, match=r"no file gone\.py"):
        freeze(yard.context, ann.name, NewRun(path="gone.py"))
