"""Causes name the lines of code that changed, and the versions of a dataset."""

import pytest

from nbyard.domain.datasets.structs import FileSource, NewDataset


@pytest.fixture
def versions(yard, ann, root, dispatcher):
    """Stores a version of the dataset `sea`."""

    def add(text):
        (root / "sea.csv").write_text(text)
        datasets = yard.services.datasets
        datasets.create(ann, NewDataset(FileSource("sea.csv"), name="sea", replace=True))
        dispatcher.until(lambda: datasets.get(ann, "sea"), lambda d: d.current.state == "ready")

    return add


def causes(yard, ann, old, new):
    return yard.services.runs.why(ann, new.run.id, old.run.id).causes


def test_the_changed_lines_of_a_script(yard, ann, root, flow, tool, finished):
    old = finished(path=flow)
    text = (root / tool).read_text()
    (root / tool).write_text(text.replace("print('done')", "open(sys.argv[2], 'a').write('x')"))
    (found,) = {(one.kind, one.before, one.after) for one in causes(yard, ann, old, finished(
        path=flow))}  # fmt: skip
    assert found == ("code", "print('done')", "open(sys.argv[2], 'a').write('x')")


def test_the_versions_of_a_dataset(yard, ann, tool, finished, versions):
    versions("x\n1\n")
    old = finished(path=tool, texts={"source": "sea"})
    versions("x\n2\n")
    (cause,) = causes(yard, ann, old, finished(path=tool, texts={"source": "sea"}))
    assert (cause.dataset.name, cause.dataset.old, cause.dataset.new) == ("sea", 1, 2)
    assert (cause.before, cause.after) == ("sea v1", "sea v2")


def test_a_file_is_no_dataset(yard, ann, root, flow, finished):
    old = finished(path=flow)
    (root / "data.csv").write_text("a\n2\n")
    (cause,) = causes(yard, ann, old, finished(path=flow))
    assert (cause.kind, cause.dataset, cause.before) == ("data", None, "data.csv")
    assert (cause.node, cause.distance) == ("one", 1)
    assert "a max 1 →" in str(cause.reason)


def test_deleted_code_is_only_named(yard, ann, root, flow, tool, finished):
    old = finished(path=flow)
    (root / tool).write_text((root / tool).read_text().replace("* int", "* 3 * int"))
    new = finished(path=flow)
    yard.services.executables.delete(ann, old.tasks[0].executable_id)
    assert {one.kind for one in causes(yard, ann, old, new)} <= {"code", "nondeterministic"}


def test_a_table_beside_the_code_has_its_changes(yard, ann, root, finished):
    """Its cause reads like that of an input, and the difference is one request away."""
    body = "import nbyard\nnbyard.log_metric('total', int(open('s.csv').read().split()[1]))\n"
    (root / "calc.py").write_text(body)
    (root / "s.csv").write_text("price\n3\n")
    old = finished(path="calc.py")
    (root / "s.csv").write_text("price\n20\n")
    new = finished(path="calc.py")
    (cause,) = causes(yard, ann, old, new)
    assert (cause.kind, cause.name) == ("file", "s.csv")
    assert str(cause.reason).startswith("s.csv changed: price max")
    runs = yard.services.runs
    compared = runs.compare(ann, old.run.id, new.run.id)
    assert [(row.node, row.name) for row in compared.inputs] == [(cause.node, "s.csv")]
    assert compared.code == []
    found = runs.compare_input(ann, old.run.id, cause.node, "s.csv", new.run.id)
    assert [column.name for column in found.columns] == ["price"]
