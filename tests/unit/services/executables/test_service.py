"""Executables as a service."""

import json
import re
import sys
from pathlib import Path

import nbformat
import pytest
from tests.support.refusals import refused_at

from nbyard.domain.arguments.bindings import Option, Positional
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.attempts.undeclared_files import DeclareFiles
from nbyard.domain.callers import Caller
from nbyard.domain.executables.structs import (
    AskHelp,
    ExecutablePatch,
    Inspect,
    NewExecutable,
    Resources,
    TagCell,
)
from nbyard.domain.limits import Limits
from nbyard.domain.runs.previews.command_lines import CommandDraft
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.structs import CheckWorkflow
from nbyard.errors import InUse, Invalid, NameTaken, NbyardError, NotFound, StaleWrite
from nbyard.reasons.structs import because


def write_notebook(
    root, *sources, name="book.ipynb", tagged=True, kernel="python3", language="python"
):
    cells = [
        {"cell_type": "code", "id": f"c{i}", "source": source, "outputs": [],
         "execution_count": None, "metadata": {"tags": ["parameters"]} if tagged and not i else {}}
        for i, source in enumerate(sources)
    ]  # fmt: skip
    metadata = {"kernelspec": {"name": kernel, "display_name": kernel, "language": language}}
    book = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    (root / name).write_text(json.dumps(book))
    return name


def test_inspecting_reads_and_stores_nothing(executables, ann, root):
    path = write_notebook(root, "alpha: float = 0.5\nn = -3", "pass")
    found = executables.inspect(ann, Inspect(path))
    assert [(a.name, a.type, a.default) for a in found.arguments] == [
        ("alpha", "float", 0.5), ("n", "int", -3),
    ]  # fmt: skip
    assert found.executable == ""
    assert executables.list(ann).items == []


def test_registering_creates_a_version_only_after_changes(executables, ann, tool, root):
    made = executables.create(ann, NewExecutable(path=tool))
    again = executables.create(ann, NewExecutable(path=tool))
    assert (made.id, again.current.number) == (again.id, 1)
    (root / tool).write_text((root / tool).read_text() + "# more\n")
    assert executables.create(ann, NewExecutable(path=tool)).current.number == 2
    assert [v.number for v in executables.versions(ann, made.id).items] == [2, 1]
    assert executables.inspect(ann, Inspect(tool)).executable == made.id


def test_corrections_of_the_form_are_written_beside_the_file(executables, ann, root):
    """The notebook stays unchanged."""
    path = write_notebook(root, "a = 1", "pass")
    before = (root / path).read_bytes()
    told = [Argument("a", type="int", default=1, help="How many")]
    executables.create(ann, NewExecutable(path=path, arguments=told))
    assert "How many" in (root / "book.ipynb.nbexec").read_text()
    assert (root / path).read_bytes() == before


def test_an_untagged_cell_is_tagged_on_request(yard, ann, executables, root):
    path = write_notebook(root, "a = 1", tagged=False)
    assert executables.inspect(ann, Inspect(path)).tag_cell == 0
    document = {"nodes": {"a": {"type": "executable", "path": path}}, "version": 1}
    asked = CheckWorkflow("w.nbflow", json.dumps(document))
    assert yard.services.workflows.check(ann, asked).nodes["a"].tag_cell == 0
    found = executables.tag(ann, TagCell(path))
    assert [a.name for a in found.arguments] == ["a"]
    assert yard.services.workflows.check(ann, asked).nodes["a"].tag_cell is None
    with pytest.raises(Invalid):
        executables.tag(ann, TagCell(path, 7))


def test_two_parameters_cells_are_reported(executables, ann, root):
    path = write_notebook(root, "a = 1", "b = 2")
    book = json.loads((root / path).read_text())
    book["cells"][1]["metadata"]["tags"] = ["parameters"]
    (root / path).write_text(json.dumps(book))
    hints = executables.inspect(ann, Inspect(path)).hints
    assert any("Cells 1, 2" in str(hint) for hint in hints)


def test_registering_names_problems_of_the_code(ann, executables, root, upload):
    """Registration without a form gives the same hints."""
    made = executables.create(ann, NewExecutable(path=write_notebook(root, "print = 3\na = 1")))
    assert [(hint.code, hint.params) for hint in made.hints] == [
        ("parameter-hides-function", {"name": "print"})
    ]
    (root / "a.sh").write_bytes(b"#!/bin/bash\r\necho one\r\n")
    made = executables.create(ann, NewExecutable(path="a.sh"))
    assert [hint.code for hint in made.hints] == ["windows-line-ends"]
    sent = upload("b.sh", b"echo one\n")
    made = executables.create(ann, NewExecutable(upload=sent))
    assert made.hints == []
    sent = upload("b.sh", b"set -o pipefail\n")
    made = executables.update(ann, made.id, ExecutablePatch(made.revision, upload=sent))
    assert [hint.code for hint in made.hints] == ["sh-lacks-word"]


def test_links_left_out_of_the_bundle_are_named(yard, ann, root):
    path = write_notebook(root, "a = 1")
    assert not any("links" in hint for hint in inspected(yard, ann, path))
    for name in ("data", ".venv", "lib.py"):
        (root / name).symlink_to(root / "elsewhere")
    assert str(because("links-stay", names=["data", "lib.py"])) in inspected(yard, ann, path)


def inspected(yard, ann, path: str) -> list[str]:
    return list(map(str, yard.services.executables.inspect(ann, Inspect(path)).hints))


def test_a_missing_kernel_is_named(executables, ann, root):
    path = write_notebook(root, "a = 1", kernel="no_such_kernel", language="cobol")
    with pytest.raises(Invalid) as refused:
        executables.create(ann, NewExecutable(path=path))
    assert "no_such_kernel" in refused.value.message
    assert "python3" in refused.value.message


def test_a_replaced_kernel_is_named(executables, ann, root):
    path = write_notebook(root, "a = 1", kernel="no_such_kernel")
    words = "The kernel no_such_kernel is not installed: python3 runs the notebook."
    assert words in map(str, executables.inspect(ann, Inspect(path)).hints)
    assert executables.create(ann, NewExecutable(path=path)).name == "book"


def test_names_are_unique_and_valid(executables, ann, tool, root):
    made = executables.create(ann, NewExecutable(path=tool, name="Train"))
    (root / "other.sh").write_text("#!/bin/sh\n")
    with pytest.raises(NameTaken):
        executables.create(ann, NewExecutable(path="other.sh", name="Tr\u200dain"))
    other = executables.create(ann, NewExecutable(path="other.sh"))
    assert other.name == "other"
    with pytest.raises(NameTaken):
        executables.update(ann, other.id, ExecutablePatch(1, name="Train"))
    with pytest.raises(StaleWrite):
        executables.update(ann, made.id, ExecutablePatch(5, name="x"))
    renamed = executables.update(ann, made.id, ExecutablePatch(1, name="x", description="d"))
    assert (renamed.name, renamed.description) == ("x", "d")
    (root / "sub").mkdir()
    (root / "sub/other.sh").write_text("#!/bin/sh\necho 2\n")
    assert executables.create(ann, NewExecutable(path="sub/other.sh")).name == "other 2"
    assert executables.inspect(ann, Inspect("sub/other.sh")).name == "other 2"


def test_a_version_created_by_a_run_is_an_event(
    yard, ann, executables, tool, root, imported, finished
):
    """Pages that show the executable are updated."""
    made = executables.create(ann, NewExecutable(path=tool))
    (root / "beside.txt").write_text("more")
    assert finished(path=tool, parameters={"source": "a.csv"}).run.state == "succeeded"
    assert executables.get(ann, made.id).current.number == 2
    told = yard.services.events.list(ann, limit=100).items
    changes = [event.data["change"] for event in told if event.topic == "executable"]
    assert sorted(changes) == ["created", "version"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"path": "tool.py", "upload": "0" * 32},
        {"path": "tool.py", "kind": "nonsense"},
        {"path": "tool.py", "arguments": [Argument("class")]},
        {"path": "tool.py", "arguments": [Argument("a"), Argument("a")]},
        {"path": "tool.py", "arguments": [Argument("x = 1\nimport os; y")]},
        {"path": "../tool.py"},
        {"path": "flow.nbflow"},
    ],
)
def test_a_refusal_stores_nothing(executables, ann, tool, flow, body):
    with pytest.raises(Invalid):
        executables.create(ann, NewExecutable(**body))
    assert executables.list(ann).items == []


def test_an_executable_in_use_is_kept_unless_forced(yard, ann, executables, flow):
    yard.services.runs.create(ann, NewRun(path=flow))
    (made,) = executables.list(ann).items
    with pytest.raises(InUse):
        executables.delete(ann, made.id)
    executables.delete(ann, made.id, force=True)
    with pytest.raises(NotFound):
        executables.get(ann, made.id)


def test_a_large_binary_is_a_command(executables, ann, root):
    """P: inspecting reads no more than it must and runs nothing."""
    (root / "big").write_bytes(b"\x7fELF" + bytes(5_000_000))
    assert executables.inspect(ann, Inspect("big")).kind == "command"


def test_an_upload_is_inspected_and_registered(ann, executables, uploads, upload):
    """The panel inspects an upload before registration."""
    sent = upload("tool.py", b"print(1)\n")
    for _ in range(2):
        assert executables.inspect(ann, Inspect(upload=sent)).kind == "command"
    body = NewExecutable(upload=sent)
    made = executables.create(ann, body, idempotency_key="k")
    with pytest.raises(NotFound):
        uploads.get(ann, sent)
    assert executables.create(ann, body, idempotency_key="k") == made


def test_a_changed_upload_is_a_new_version(yard, ann, executables, upload):
    """The description of a command stays."""
    first = upload("tool.sh", b"echo one\n")
    told = [Argument("top", type="int", default=3)]
    made = executables.create(ann, NewExecutable(upload=first, arguments=told))
    second = upload("tool.sh", b"echo two\n")
    found = executables.update(ann, made.id, ExecutablePatch(made.revision, upload=second))
    assert found.current.number == 2
    assert [a.name for a in found.current.arguments] == ["top"]
    assert [line.text for line in executables.diff(ann, made.id).lines if line.kind == "added"] == [
        "echo two"
    ]
    with pytest.raises(NotFound):
        yard.services.uploads.get(ann, second)


@pytest.mark.parametrize("major", [3, 4])
@pytest.mark.parametrize("has_nbdime", [False, True])
def test_versions_of_a_notebook_are_compared_by_nbdime_or_as_lines(
    executables, ann, root, monkeypatch, has_nbdime, major, nbdime
):
    """Without nbdime, a message says how to install it."""
    if not has_nbdime:
        monkeypatch.setitem(sys.modules, "nbdime.diffing.notebooks", None)
    cells = nbformat.v4.new_code_cell
    for source in ("x = 1", "x = 2"):
        made = nbformat.v4.new_notebook(cells=[cells(source)])
        (root / "n.ipynb").write_text(nbformat.writes(made, version=major))
        found = executables.create(ann, NewExecutable("n.ipynb"))
    diff = executables.diff(ann, found.id)
    changed = [(line.kind, line.text) for line in diff.lines if line.kind in ("added", "removed")]
    assert changed == [("removed", "x = 1"), ("added", "x = 2")]
    assert ("nbyard[nbdime]" in str(diff.hint)) is not has_nbdime
    titles = [line.text for line in diff.lines if line.kind == "place"]
    assert (titles == ["Cell 1 (code) changed"]) is has_nbdime


def parsing(*names):
    calls = "".join(f"parser.add_argument('{name}')\n" for name in names)
    head = "import argparse\nparser = argparse.ArgumentParser()\n"
    return f"{head}{calls}parser.parse_args()\n".encode()


def test_the_command_line_is_previewed_before_anything_is_saved(executables, ann, root):
    """The inspected file and its corrections can both be previewed."""
    (root / "fit.py").write_bytes(parsing("data", "--alpha"))
    found = executables.inspect(ann, Inspect("fit.py"))
    draft = CommandDraft(found.arguments, found.command, found.file, found.invocation)
    assert executables.preview(ann, draft).line == "python3 fit.py --alpha <alpha> <data>"
    joined = [Argument("alpha", default="-1", reach=Option("--alpha", joined=True))]
    corrected = CommandDraft(joined, found.command, found.file)
    assert executables.preview(ann, corrected).line == "python3 fit.py --alpha=-1"
    with pytest.raises(Invalid, match="program receives it"):
        executables.preview(ann, CommandDraft([Argument("alpha")], found.command))
    assert executables.list(ann).items == []


def test_a_script_is_read_again_until_its_arguments_are_declared(executables, ann, root):
    """The script's arguments are followed until the form declares its own list."""
    script = root / "fit.py"
    script.write_bytes(parsing("--rate", "table"))
    read = executables.inspect(ann, Inspect(path="fit.py")).arguments
    assert [(one.name, one.reach) for one in read] == [
        ("rate", Option("--rate")),
        ("table", Positional(0, separated=True)),
    ]
    made = executables.create(ann, NewExecutable(path="fit.py", arguments=read))
    assert made.current.arguments == read and not (root / "fit.py.nbexec").exists()
    script.write_bytes(parsing("--rate", "table", "--more"))
    found = executables.inspect(ann, Inspect(path="fit.py"))
    assert [one.name for one in found.arguments] == ["rate", "table", "more"]
    executables.create(ann, NewExecutable(path="fit.py", arguments=[Argument("rate")]))
    assert (root / "fit.py.nbexec").exists()
    found = executables.inspect(ann, Inspect(path="fit.py"))
    assert [one.name for one in found.arguments] == ["rate"]


def test_help_is_read_on_request(executables, ann, root):
    """The program runs only then, and nothing is saved."""
    (root / "tool.sh").write_text("echo 'usage: tool [--top N] FILE'; echo '  --top N  how many'")
    found = executables.help(ann, AskHelp("tool.sh"))
    assert [(one.name, one.type, one.reach) for one in found.arguments] == [
        ("top", "int", Option("--top")),
        ("file", "string", Positional(0)),
    ]
    assert "Check them before" in str(found.hints[-1])
    assert executables.inspect(ann, Inspect(path="tool.sh")).arguments == []
    (root / "hello.py").write_text("import sys; print('hello', *sys.argv[1:])")
    found = executables.help(ann, AskHelp("hello.py"))
    assert found.arguments == [] and found.hints == [because("help-found-nothing")]
    assert [path.name for path in root.glob("*.nbexec")] == []


def test_help_of_an_upload_is_read(ann, executables, upload):
    script = b"#!/bin/sh\necho '  --top N  how many'\n"
    found = executables.help(ann, AskHelp(upload=upload("tool", script)))
    assert [one.reach for one in found.arguments] == [Option("--top")]


def test_help_of_a_registered_executable_is_read(ann, executables, root, upload):
    """The upload of a registered executable is gone; another one follows its file."""
    script = b"#!/bin/sh\necho '  --top N  how many'\n"
    made = executables.create(ann, NewExecutable(upload=upload("tool", script)))
    (root / "other.sh").write_text("echo '  --last N  how many'")
    followed = executables.create(ann, NewExecutable(path="other.sh"))
    for one, flag in ((made.id, "--top"), (made.name, "--top"), (followed.id, "--last")):
        found = executables.help(ann, AskHelp(executable=one))
        assert [argument.reach for argument in found.arguments] == [Option(flag)]
    assert executables.get(ann, made.id).current.number == 1
    with pytest.raises(NotFound):
        executables.help(Caller("bob"), AskHelp(executable=made.id))


def test_a_binary_offers_its_help(ann, executables, root, upload):
    """A program of the system, in its place and after an upload."""
    program = Path("/usr/bin/head").read_bytes()
    (root / "head").write_bytes(program)
    (root / "head").chmod(0o755)
    sent = upload("head", program)
    for found in (
        executables.inspect(ann, Inspect(path="head")),
        executables.inspect(ann, Inspect(upload=sent)),
    ):
        assert (found.kind, found.arguments) == ("command", [])
        (hint,) = found.hints
        assert "the binary head" in str(hint) and "Read --help" in str(hint)
    for asked in (AskHelp("head"), AskHelp(upload=sent)):
        found = executables.help(ann, asked)
        assert {"lines", "quiet"} <= {one.name for one in found.arguments}


def test_help_of_other_kinds_and_remote_programs_is_refused(yard, ann, executables, root):
    write_notebook(root, "a = 1", "pass", name="book.ipynb")
    with pytest.raises(Invalid, match="not a command"):
        executables.help(ann, AskHelp("book.ipynb"))
    yard.context.settings.default_runtime = "docker"
    (root / "tool.sh").write_text("touch ran")
    with pytest.raises(Invalid, match="does not run programs"):
        executables.help(ann, AskHelp("tool.sh"))


def test_a_new_script_is_read_again(ann, executables, upload):
    """The arguments of the upload are read, and the description stays."""
    made = executables.create(ann, NewExecutable(upload=upload("fit.py", parsing("--a"))))
    second = upload("fit.py", parsing("--a", "--b"))
    found = executables.update(ann, made.id, ExecutablePatch(made.revision, upload=second))
    assert [one.name for one in found.current.arguments] == ["a", "b"]
    told = ExecutablePatch(found.revision, arguments=[Argument("a", type="int")])
    found = executables.update(ann, made.id, told)
    third = upload("fit.py", parsing("--c"))
    found = executables.update(ann, made.id, ExecutablePatch(found.revision, upload=third))
    assert [one.name for one in found.current.arguments] == ["a"]


def test_a_new_notebook_is_read_again_and_a_followed_file_is_kept(
    ann, executables, root, tool, upload
):
    write_notebook(root, "a = 1", "pass", name="book.ipynb")
    first = upload("book.ipynb", (root / "book.ipynb").read_bytes())
    made = executables.create(ann, NewExecutable(upload=first))
    write_notebook(root, "a: float = 1\nb = 2", "pass", name="book.ipynb")
    second = upload("book.ipynb", (root / "book.ipynb").read_bytes())
    found = executables.update(ann, made.id, ExecutablePatch(made.revision, upload=second))
    assert [(a.name, a.type) for a in found.current.arguments] == [("a", "float"), ("b", "int")]

    followed = executables.create(ann, NewExecutable(path=tool))
    third = upload("tool.py", b"pass\n")
    with pytest.raises(Invalid, match="follows its file"):
        executables.update(ann, followed.id, ExecutablePatch(followed.revision, upload=third))


def test_resources_are_defaults_of_its_nodes(yard, ann, executables, tool, root):
    """They are set in the form, stored beside the file, and used by runs."""
    runs = yard.services.runs
    limits = Limits(cpu=2, memory_bytes=2**30, gpu=1, timeout_seconds=60, retries=2)
    resources = Resources(image="alpine", **limits.over(Limits()))
    made = executables.create(ann, NewExecutable(path=tool, resources=resources))
    assert made.current.resources == resources
    assert json.loads((root / f"{tool}.nbexec").read_text())["resources"]["cpu"] == 2
    (root / "a.csv").write_text("x\n1\n")
    run = runs.create(ann, NewRun(executable=made.name, parameters={"source": "a.csv"}))
    with yard.store.read() as c:
        (task,) = yard.store.tasks.of_run(c, run.id)
    plan = task.plan
    assert plan.over(Limits()) == limits.over(Limits())
    assert plan.image == "alpine"


def test_invalid_resources_are_refused_by_field(executables, ann, tool):
    body = NewExecutable(path=tool, resources=Resources(cpu=0, retries=-1))
    with pytest.raises(Invalid) as refused:
        executables.create(ann, body)
    assert [d.path for d in refused.value.details] == ["resources.cpu", "resources.retries"]


def test_data_is_no_executable(yard, ann, executables, root):
    """The message has a remedy. A script may have any name."""
    (root / "people.csv").write_text("a,b\n1,2\n")
    (root / "tool.txt").write_text("#!/bin/sh\necho hello\n")
    runs = yard.services.runs
    for refused in (
        lambda: executables.create(ann, NewExecutable(path="people.csv")),
        lambda: runs.create(ann, NewRun(path="people.csv")),
    ):
        with pytest.raises(Invalid) as told:
            refused()
        assert "people.csv is data" in told.value.message
    assert executables.create(ann, NewExecutable(path="tool.txt")).current.language == "sh"


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (
            {"kernel": "no_such_kernel"},
            "The kernel 'no_such_kernel' is not installed .*Installed kernels: .*python3",
        ),
        ({"kernel": "python3", "environment": "sea"}, "set a kernel or an environment, not both"),
        (
            {"kernel": "python3", "runtime": "docker"},
            "only local processes can use a kernel of this machine",
        ),
    ],
)
def test_an_unavailable_kernel_is_refused(yard, ann, root, wish, words):
    path = write_notebook(root, "a = 1")
    with pytest.raises(Invalid) as refused:
        yard.services.runs.create(ann, NewRun(path=path, **wish))
    assert re.search(words, refused.value.words) and refused.value.details


def test_a_kernel_of_another_language_is_refused(yard, ann, root):
    path = write_notebook(root, "a <- 1", kernel="ir", language="R")
    with refused_at("kernel", NbyardError, match=r"^kernel: .* python, .* is R"):
        yard.services.runs.create(ann, NewRun(path=path, kernel="python3"))


def test_a_parameter_spelled_in_another_way_is_named(yard, ann, root):
    path = write_notebook(root, "input_model = 'a'\nn = 1")
    with refused_at("parameters.input_modl", match="you mean input_model"):
        yard.services.runs.create(ann, NewRun(path=path, texts={"input_modl": "f"}))


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("Thing = 3\n", "Thing"),
        ("class Other: pass\n", "Thing"),
        ("Thing: type\n", "Thing"),
        ("Other, Thing = object, 'text'\n", "Thing"),
        ("def Thing(): pass\n", "Thing"),
        ("class Other:\n    def __getattr__(self, name): pass\n", "Thing"),
    ],
)
def test_a_model_file_whose_class_is_missing_is_refused(executables, ann, root, source, name):
    (root / "mc").mkdir()
    (root / "mc/thing.py").write_text(source)
    (root / "mc/nervosum.yaml").write_text(
        "name: Thing\ndeployment: {mode: http}\n"
        f"interface: {{model_module: thing, model_class: {name}}}\n"
        "input_schema: [{name: x, type: float}]\noutput_schema: {name: y, type: int}\n"
    )
    with refused_at("nervosum.yaml.interface.model_class", match="has no class Thing"):
        executables.create(ann, NewExecutable("mc/nervosum.yaml"))
    (root / "mc/thing.py").write_text("class Thing: pass\n")
    assert executables.create(ann, NewExecutable("mc/nervosum.yaml")).current.kind == "model"


SCRIPT = """import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=int, default=3)
parser.add_argument("--out", default="fit.json", help="output: json")
parser.parse_args()
"""


def test_the_class_of_an_output_is_declared(executables, ann, root):
    """The description keeps the other arguments."""
    (root / "fit.py").write_text(SCRIPT)
    for output_class in ("model", ""):
        executables.declare(ann, DeclareFiles("fit.py", classes={"out": output_class}))
        read = executables.inspect(ann, Inspect("fit.py")).arguments
        assert [(a.name, a.output_class) for a in read] == [("rows", ""), ("out", output_class)]
    with pytest.raises(Invalid):
        executables.declare(ann, DeclareFiles("fit.py", classes={"rows": "model"}))


def test_only_an_output_has_a_class(executables, ann, root):
    (root / "fit.py").write_text(SCRIPT)
    arguments = [Argument("rows", output_class="model")]
    with refused_at("arguments.0.output_class"):
        executables.create(ann, NewExecutable(path="fit.py", arguments=arguments))
