"""What a node shows of the errors of its parts."""

import pytest

from nbyard.domain.workflows.structs import Node
from nbyard.errors import Detail, Invalid, NbyardError, NotFound
from nbyard.freezing.node_problems import first_problem, problem_of, problem_view, unread_reason
from nbyard.reasons.structs import because

NEEDED = "is needed"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Invalid.field("path", NEEDED), "is needed"),
        (Invalid.field("path", NEEDED, hint="Name one."), "is needed. Name one."),
        (Invalid.field("kernel", NEEDED), "kernel: is needed"),
        (NotFound(because("no-file", path="a.py")), "There is no file a.py."),
    ],
)
def test_a_problem_of_a_node_does_not_name_the_field_path(error: NbyardError, text: str) -> None:
    assert str(problem_of(error)) == text


def test_the_first_refused_field_has_the_reason() -> None:
    assert first_problem(Invalid.field("path", NEEDED)) == because("text", text=NEEDED)
    gone = because("no-file", path="a.py")
    assert first_problem(NotFound(gone)) == gone
    told = NotFound(gone, details=[Detail("path", "is gone")])
    assert first_problem(told) == because("text", text="is gone")


@pytest.mark.parametrize(
    ("node", "name"),
    [
        (Node("executable", path="a/b.py"), "b.py"),
        (Node("executable", path="b.py", label="fit"), "fit"),
        (Node("dataset", dataset="d1"), "d1"),
    ],
)
def test_a_node_with_a_problem_keeps_its_name(node: Node, name: str) -> None:
    view = problem_view(node, Invalid.field("path", NEEDED))
    assert (view.name, view.kind, view.arguments) == (name, node.type, [])
    assert str(view.problem) == "is needed"


def test_only_code_that_is_no_python_is_unread() -> None:
    line = because("python-line-invalid", name="a.py", line=2, message="invalid syntax")
    assert unread_reason([because("script-no-python", name="a.py", message="x"), line])
    assert unread_reason([because("no-parameters-cell")]) is None
