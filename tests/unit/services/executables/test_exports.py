"""Commands of other programs are registered, run and exported."""

import pytest

from nbyard.domain.executables.structs import ExecutablePatch, Inspect, NewExecutable
from nbyard.errors import Invalid
from nbyard.importers.cwl.tools import read_tool
from nbyard.reasons.structs import because

TOOL = """\
cwlVersion: v1.2
class: CommandLineTool
hints:
  SoftwareRequirement: {packages: {}}
baseCommand: [sort]
inputs:
  table: {type: File, format: "iana:text/csv", inputBinding: {position: 1}}
  reverse: {type: boolean, default: false, inputBinding: {prefix: -r}}
outputs:
  sorted: {type: stdout}
stdout: sorted.csv
$namespaces: {iana: "https://www.iana.org/assignments/media-types/"}
"""


def test_a_tool_is_read_as_a_command(executables, ann, root):
    (root / "sort.cwl").write_text(TOOL)
    found = executables.inspect(ann, Inspect("sort.cwl"))
    assert (found.kind, found.name, found.command) == ("command", "sort", ["sort"])
    assert found.hints == [because("cwl-hint-left-out", name="SoftwareRequirement")]
    told = [(a.name, a.role, a.format, a.required) for a in found.arguments]
    assert told == [
        ("table", "input", "csv", True), ("reverse", "value", "", False),
        ("sorted", "output", "", False),
    ]  # fmt: skip


def test_a_tool_follows_its_file_until_a_form_corrects_it(executables, ann, root):
    (root / "sort.cwl").write_text(TOOL)
    made = executables.create(ann, NewExecutable(path="sort.cwl"))
    assert made.current.invocation.apart and not (root / "sort.cwl.nbexec").exists()
    same = executables.create(
        ann,
        NewExecutable(
            path="sort.cwl", arguments=made.current.arguments, command=made.current.command
        ),
    )
    assert same.current.number == 1 and not (root / "sort.cwl.nbexec").exists()
    (root / "sort.cwl").write_text(TOOL.replace("[sort]", "[sort, -n]"))
    again = executables.create(ann, NewExecutable(path="sort.cwl"))
    assert (again.current.number, again.current.command) == (2, ["sort", "-n"])
    patch = ExecutablePatch(revision=again.revision, command=["sort", "-g"])
    corrected = executables.update(ann, made.id, patch)
    assert corrected.current.command == ["sort", "-g"]
    assert corrected.current.invocation == made.current.invocation


def test_an_uploaded_tool(ann, executables, upload):
    made = executables.create(ann, NewExecutable(upload=upload("sort.cwl", TOOL.encode())))
    assert made.current.command == ["sort"]
    newer = upload("sort.cwl", TOOL.replace("[sort]", "[sort, -n]").encode())
    changed = executables.update(
        ann, made.id, ExecutablePatch(revision=made.revision, upload=newer)
    )
    assert changed.current.command == ["sort", "-n"]
    assert read_tool(executables.export(ann, made.id).text.encode(), "x")


def test_an_export_is_the_same_command(executables, ann, root):
    (root / "sort.cwl").write_text(TOOL)
    made = executables.create(ann, NewExecutable(path="sort.cwl", description="Sorts a table."))
    found = executables.export(ann, "sort")
    assert found.filename == "sort.cwl" and "doc: Sorts a table." in found.text
    (root / "again.cwl").write_text(found.text)
    again = executables.create(ann, NewExecutable(path="again.cwl"))
    for field in ("arguments", "command", "invocation", "resources"):
        assert getattr(again.current, field) == getattr(made.current, field)


def test_a_script_is_named_in_its_export(executables, ann, tool):
    executables.create(ann, NewExecutable(path=tool))
    found = executables.export(ann, "tool")
    assert "location: tool.py" in found.text and "- result.csv" in found.text


def test_unsupported_executables_are_not_exported(executables, ann, tool):
    executables.create(ann, NewExecutable(path=tool))
    with pytest.raises(Invalid, match="format: unknown format 'wdl'"):
        executables.export(ann, "tool", "wdl")


def test_a_refused_tool_names_the_place(executables, ann, root):
    (root / "bad.cwl").write_text(TOOL.replace("inputs:", "requirements: [{class: X}]\ninputs:"))
    with pytest.raises(Invalid, match=r"requirements.X: this requirement"):
        executables.create(ann, NewExecutable(path="bad.cwl"))
    assert executables.list(ann).items == []


def test_files_that_a_tool_names_are_read_below_the_root_only(executables, ann, root):
    (root / "sub").mkdir()
    (root / "types.yml").write_text('{type: {type: enum, symbols: ["-r", "-n"]}, inputBinding: {}}')
    text = TOOL.replace("reverse: {type: boolean, default: false, inputBinding: {prefix: -r}}",
                        "way: {$import: ../types.yml}")  # fmt: skip
    (root / "sub/sort.cwl").write_text(text)
    made = executables.create(ann, NewExecutable(path="sub/sort.cwl"))
    assert [a.choices for a in made.current.arguments if a.name == "way"] == [("-r", "-n")]
    (root / "types.yml").write_text("{type: int, inputBinding: {}}")
    assert executables.create(ann, NewExecutable(path="sub/sort.cwl")).current.number == 2
    (root.parent / "away.yml").write_text("{type: int}")
    (root / "link.yml").symlink_to(root.parent / "away.yml")
    for named in ("../../away.yml", "../link.yml"):
        (root / "sub/sort.cwl").write_text(text.replace("../types.yml", named))
        with pytest.raises(Invalid, match="outside the allowed folder"):
            executables.inspect(ann, Inspect("sub/sort.cwl"))


def test_an_upload_has_nothing_beside_it(ann, executables, upload):
    sent = upload(
        "sort.cwl", TOOL.replace("[sort]", "[sort]\narguments: {$import: x.yml}").encode()
    )
    with pytest.raises(Invalid, match="is not supported here"):
        executables.inspect(ann, Inspect(upload=sent))
