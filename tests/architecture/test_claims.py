"""docs/reference/features.md claims features, and lists the tests that show each of them."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/reference/features.md"
# How many features the contract has in each area. Their ids count from 1.
FEATURES = {
    **{"A": 5, "C": 2, "D": 13, "E": 15, "G": 8, "H": 5, "J": 5, "K": 18},
    **{"L": 7, "M": 7, "P": 12, "R": 16, "S": 2, "X": 14},
}
FOLDERS = {"journeys": ROOT / "ui-tests", "src": ROOT}  # all other tests are in tests/
CLAIM = re.compile(r"^\| ([A-Z]\d+) \|", re.MULTILINE)
ENTRY = re.compile(r"^- ([A-Z]\d+): (.+(?:\n  .+)*)", re.MULTILINE)
TEST = re.compile(r"`(\S+?)(?:(::|: )([^`]+))?`( \*\(full\)\*)?")
NOT_SHOWN = "No test shows"  # behind these words an entry names no tests
NEVER_RUN = {"skip", "xfail"}
LONG_TAG = r"\s*\{ tag: '@long' \}"
TITLED = re.compile(r"^ *(?:test|it|with\w+)(?:\.each\(.*\))?\(\s*['\"`]", re.MULTILINE)
# a call with a condition has neither a title nor `true` nor nothing in its brackets
SKIPPED = re.compile(r"\b(?:x(?:it|test|describe)|\w+\.(?:skip|fixme|todo))\(\s*(?:['\"`)]|true\b)")
AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef
Function = tuple[str, set[str]]  # its name and its marks


def wrong_in(page: str) -> list[str]:
    """Return what is wrong with the claims of a page and with the tests that it lists."""
    claims, entries = CLAIM.findall(page), ENTRY.findall(page)
    listed = [claim for claim, _ in entries]
    return [
        *(f"{claim}: the contract has no such feature" for claim in claims if not is_known(claim)),
        *(f"{claim}: claimed twice" for claim in repeated(claims)),
        *(f"{claim}: listed twice" for claim in repeated(listed)),
        *(f"{claim}: claimed, but no test is listed" for claim in without(claims, listed)),
        *(f"{claim}: listed, but not claimed" for claim in without(listed, claims)),
        *(f"{claim}: {problem}" for claim, text in entries for problem in wrong_with(text)),
    ]


def is_known(claim: str) -> bool:
    return 1 <= int(claim[1:]) <= FEATURES.get(claim[0], 0)


def repeated(claims: Iterable[str]) -> list[str]:
    return [claim for claim, times in Counter(claims).items() if times > 1]


def without(claims: Iterable[str], others: list[str]) -> list[str]:
    return [claim for claim in claims if claim not in others]


def wrong_with(entry: str) -> Iterator[str]:
    """Yield what is wrong with the tests of one entry."""
    text = " ".join(entry.split()).partition(NOT_SHOWN)[0]
    tests = TEST.findall(text)
    if not tests:
        yield "its entry names no test"
    if text.count("`") != 2 * len(tests):
        yield "not all that stands in backticks names a test"
    for file, sign, name, full in tests:
        path = FOLDERS.get(file.partition("/")[0], ROOT / "tests") / file
        is_python = path.suffix == ".py"
        if not path.is_file():
            yield f"there is no file {file}"
        elif sign and is_python != (sign == "::"):
            yield f"{file}: '::' stands before a function of Python, ': ' before another title"
        else:
            wrong = wrong_function if is_python else wrong_title
            if problem := wrong(path.read_text(), name, bool(full)):
                yield f"{file}{sign}{name}: {problem}"


def wrong_function(source: str, name: str, is_marked: bool) -> str:
    """Return why a function, or without a name all of its file, shows nothing, else ''."""
    tests = [one for one in functions(source) if name in {"", one[0]}]
    if not tests:
        return "there is no such test"
    if never := [test for test, marks in tests if marks & NEVER_RUN]:
        return f"skipped or expected to fail: {', '.join(never)}"
    return wrong_mark(all("long" in marks for _, marks in tests), is_marked)


@cache
def functions(source: str) -> list[Function]:
    """Return the test functions of a file with their marks and those of their file."""
    tree = ast.parse(source)
    return list(functions_in(tree, {*file_marks(tree), *calls(tree)}))


def functions_in(tree: ast.Module | ast.ClassDef, outer: set[str]) -> Iterator[Function]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from functions_in(node, {*outer, *marks(node.decorator_list)})
        elif isinstance(node, AnyFunction) and node.name.startswith("test_"):
            yield node.name, {*outer, *marks(node.decorator_list), *calls(node)}


def file_marks(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            yield from marks(node.value.elts if isinstance(node.value, ast.List) else [node.value])


def marks(decorators: list[ast.expr]) -> Iterator[str]:
    """Yield the names of marks, "skip" also for a `skipif` whose condition is True."""
    for node in decorators:
        call = node if isinstance(node, ast.Call) else None
        name = ast.unparse(call.func if call else node).removeprefix("pytest.mark.")
        is_always = call and call.args and ast.unparse(call.args[0]) == "True"
        yield "skip" if name == "skipif" and is_always else name


def calls(tree: ast.Module | AnyFunction) -> Iterator[str]:
    """Yield "skip" if a file or a function calls `pytest.skip` without a condition."""
    values = (node.value for node in tree.body if isinstance(node, ast.Expr))
    called = (ast.unparse(value.func) for value in values if isinstance(value, ast.Call))
    yield from ("skip" for name in called if name == "pytest.skip")


def wrong_title(source: str, title: str, is_marked: bool) -> str:
    """Return why a browser test, or without a title all of its file, shows nothing, else ''."""
    # ids of features may stand before the title
    call = rf"\(\s*(['\"`])(?:[A-Z]\d[^'\"`\n]*: )?{re.escape(title)}\1,"
    if title and not re.search(call, source):
        return "there is no test of this title"
    if found := SKIPPED.search(source):
        return f"its file has a test that never runs: {found[0]}"
    tags = re.findall(call + LONG_TAG if title else LONG_TAG, source)
    count = 1 if title else len(TITLED.findall(source))
    return wrong_mark("NBYARD_TEST_PROFILE" in source or len(tags) >= count, is_marked)


def wrong_mark(is_long: bool, is_marked: bool) -> str:
    if is_long == is_marked:
        return ""
    return "runs only with --full: add *(full)*" if is_long else "also runs without --full"


def test_each_claim_is_shown_by_tests():
    assert wrong_in(PAGE.read_text()) == []


OWN = "`architecture/test_claims.py"


@pytest.mark.parametrize(
    ("claims", "entries", "wrong"),
    [
        (["D1"], [f"D1: {OWN}`"], ""),
        (
            ["D1"],
            [f"D1: {OWN}`,\n  `unit/host/test_project_files.py`. No test shows `all` of it."],
            "",
        ),
        (["D14"], [f"D14: {OWN}`"], "D14: the contract has no such feature"),
        (["Z1"], [f"Z1: {OWN}`"], "Z1: the contract has no such feature"),
        (["D1", "D1"], [f"D1: {OWN}`"], "D1: claimed twice"),
        (["D1"], [f"D1: {OWN}`"] * 2, "D1: listed twice"),
        (["D1", "D2"], [f"D1: {OWN}`"], "D2: claimed, but no test is listed"),
        (["D1"], [f"D1: {OWN}`", f"D2: {OWN}`"], "D2: listed, but not claimed"),
        (["D1"], ["D1: everybody knows"], "D1: its entry names no test"),
        (["D1"], [f"D1: {OWN}`, `some tests`"], "D1: not all that stands in backticks"),
        (
            ["D1"],
            ["D1: No test shows `unit/host/test_project_files.py`"],
            "D1: its entry names no test",
        ),
        (["D1"], ["D1: `unit/test_nothing.py`"], "D1: there is no file unit/test_nothing.py"),
        (["D1"], ["D1: `journeys/no.spec.ts: x`"], "D1: there is no file journeys/no.spec.ts"),
        (["D1"], [f"D1: {OWN}::test_x`"], "test_claims.py::test_x: there is no such test"),
        (["D1"], [f"D1: {OWN}: test_x`"], "'::' stands before a function"),
        (["D1"], ["D1: `journeys/prefix.spec.ts: x`"], "x: there is no test of this title"),
    ],
)
def test_invalid_page_is_refused(claims, entries, wrong):
    rows = "".join(f"| {claim} | a feature |\n" for claim in claims)
    found = wrong_in(rows + "".join(f"\n- {entry}" for entry in entries))
    assert len(found) == bool(wrong) and wrong in "".join(found)


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("def test_x(): pass", ""),
        ("class TestAll:\n    async def test_x(self): pass", ""),
        ("@pytest.mark.skipif(not HERE, reason='')\ndef test_x(): pass", ""),
        ("def test_x():\n    if HERE:\n        pytest.skip('')", ""),
        ("# def test_x\ndef test_xy(): pass", "there is no such test"),
        ("def helper():\n    def test_x(): pass", "there is no such test"),
        ("@pytest.mark.skip\ndef test_x(): pass", "skipped"),
        ("@pytest.mark.skip(reason='')\ndef test_x(): pass", "skipped"),
        ("@pytest.mark.skipif(True, reason='')\ndef test_x(): pass", "skipped"),
        ("@pytest.mark.xfail\ndef test_x(): pass", "expected to fail"),
        ("@pytest.mark.skip\nclass TestAll:\n    def test_x(self): pass", "skipped"),
        ("pytestmark = [pytest.mark.first, pytest.mark.skip]\ndef test_x(): pass", "skipped"),
        ("pytest.skip('', allow_module_level=True)\ndef test_x(): pass", "skipped"),
        ("def test_x():\n    pytest.skip('')", "skipped"),
        ("@pytest.mark.long\ndef test_x(): pass", "add *(full)*"),
        ("pytestmark = pytest.mark.long\ndef test_x(): pass", "add *(full)*"),
    ],
)
def test_missing_or_skipped_function_is_refused(source, wrong):
    assert wrong in wrong_function(source, "test_x", is_marked=False)
    assert bool(wrong) == bool(wrong_function(source, "test_x", is_marked=False))


def test_file_is_marked_as_full_when_all_its_tests_are():
    source = "@pytest.mark.long\ndef test_x(): pass\ndef test_y(): pass"
    assert wrong_function(source, "", is_marked=False) == ""
    assert wrong_function(source, "", is_marked=True) == "also runs without --full"
    assert wrong_function(source, "test_x", is_marked=True) == ""
    assert "no such test" in wrong_function("", "", is_marked=False)


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("test('opens', async () => {})", ""),
        ("withDocker(\n  'D1, K2: opens',\n  async () => {})", ""),
        ("it.each(['a', 'b'])('opens', name => {})", ""),
        ("withDocker.skip(!!engine.lacking, engine.lacking);\ntest('opens', run)", ""),
        ("// opens\ntest('opens more', run)", "there is no test of this title"),
        ("test('never opens', run)", "there is no test of this title"),
        ("test.skip('opens', run)", "never runs"),
        ("describe.skip('files', () => {\n  it('opens', run)\n})", "never runs"),
        ("xit('opens', run)", "never runs"),
        ("test('opens', () => {\n  test.skip();\n})", "never runs"),
        ("test('opens', () => {\n  test.fixme(true, 'later');\n})", "never runs"),
        ("test('opens', { tag: '@long' }, run)", "(full)"),
        ("test(\n  'K1: opens',\n  { tag: '@long' },\n  run)", "(full)"),
        ("test('other', { tag: '@long' }, run)\ntest('opens', run)", ""),
        ("full.skip(process.env.NBYARD_TEST_PROFILE !== 'long');\nfull('opens', run)", "(full)"),
    ],
)
def test_missing_or_skipped_title_is_refused(source, wrong):
    found = wrong_title(source, "opens", is_marked=False)
    assert wrong in found and bool(wrong) == bool(found)
