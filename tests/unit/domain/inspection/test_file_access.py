"""Files that a script opens, seen in its source."""

import ast

import pytest

from nbyard.domain.inspection.file_access import opened_files, role_of_mode
from nbyard.domain.inspection.python_calls import PythonModule


def roles(text: str) -> dict[str, str]:
    def name_of(node: ast.expr) -> str:
        return node.id if isinstance(node, ast.Name) else ""

    head = "import numpy as np, joblib, torch, gzip\n"
    return dict(opened_files(PythonModule(ast.parse(head + text)), name_of))


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("open(a)", "input"),
        ("open(a, 'rb')", "input"),
        ("open(a, mode='w')", "output"),
        ("gzip.open(a, 'at')", "output"),
        ("open(Path(a))", "input"),
        ("Path(a).open('w')", "output"),
        ("Path(str(a)).read_text()", "input"),
        ("a.write_bytes(b'')", "output"),
        ("pd.read_csv(a, sep=b)", "input"),
        ("table.to_csv(a, index=False)", "output"),
        ("plt.savefig(a)", "output"),
        ("np.load(a)", "input"),
        ("np.save(a, b)", "output"),
        ("joblib.dump(b, a)", "output"),
        ("torch.save(b, a)", "output"),
    ],
)
def test_opened_files_are_found(text: str, role: str) -> None:
    assert roles(text) == {"a": role}


@pytest.mark.parametrize(
    "text",
    ["open(a, 'r+')", "open(a, mode)", "open(a)\nopen(a, 'w')", "nlp.load(a)", "f(a)", "open()"],
)
def test_other_calls_open_no_file(text: str) -> None:
    assert roles(text) == {}


def test_modes() -> None:
    assert [role_of_mode(one) for one in ("r", "wb", "x", "a+")] == [
        "input",
        "output",
        "output",
        None,
    ]
