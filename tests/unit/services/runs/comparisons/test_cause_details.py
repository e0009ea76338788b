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
    assert str(cause.reason) == "data.csv changed: a max 1 → 2"


def test_deleted_code_is_only_named(yard, ann, root, flow, tool, finished):
    old = finished(path=flow)
    (root / tool).write_text((root / tool).read_text().replace("* int", "* 3 * int"))
    new = finished(path=flow)
    executable = old.tasks[0].executable_id
    yard.services.executables.delete(ann, executable)
    assert {one.kind for one in causes(yard, ann, old, new)} <= {"code", "nondeterministic"}
