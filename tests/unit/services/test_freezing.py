"""E6, E9: from a file to an immutable version."""

import pytest

from nbyard.errors import Invalid
from nbyard.services.freezing import Freezer


def test_a_version_is_kept_once(yard, tool):
    freezer = Freezer(yard.parts)
    fields = freezer.prepare(freezer.load(tool))
    with yard.store.write() as c:
        made = freezer.register(c, "ann", "Tool", "", "")
        first = freezer.keep(c, made, fields)
        assert freezer.keep(c, made, fields) == first
        other = freezer.keep(c, made, {**fields, "command": ["sh"]})
        assert (first.number, other.number) == (1, 2)
        named = freezer.register(c, "ann", "Tool", "", "")
        assert yard.store.executables.names(c, "ann")[named] == "Tool 2"


def test_the_followed_file_is_one_executable(yard, tool, root):
    freezer = Freezer(yard.parts)
    numbers = []
    for line in ("", "", "# more\n"):
        with (root / tool).open("a") as handle:
            handle.write(line)
        code = freezer.load(tool)
        with yard.store.write() as c:
            numbers.append(freezer.follow(c, "ann", code, freezer.prepare(code)).current.number)
    assert numbers == [1, 1, 2]


@pytest.mark.parametrize("name", ["flow.nbflow", "FLOW.NBFLOW"])
def test_workflows_are_no_code(yard, root, name):
    (root / name).write_text('{"version": 1}')
    freezer = Freezer(yard.parts)
    with pytest.raises(Invalid):
        freezer.inspect(freezer.load(name))


def test_a_broken_description_is_named(yard, tool, root):
    (root / f"{tool}.nbexec").write_text("{")
    with pytest.raises(Invalid) as refused:
        Freezer(yard.parts).load(tool)
    assert "tool.py.nbexec" in refused.value.message
