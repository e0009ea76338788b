"""Reasons and failures are codes. No code reads their text; every code is used."""

import ast
import json
import re
from collections.abc import Iterable, Iterator

import pytest

from nbyard.reasons.codes import CODES, PARTS
from nbyard.runner import reasons as runner_reasons
from nbyard.store.schema.sql_column_types import Because
from nbyard.store.schema.tables import metadata

from .sources import PACKAGE, nodes

FIELDS = ("reason", "waits", "why", "warning", "finding", "cure", "notice")
RENDERED = ("str", "shown")
# fields of answers that tell people something
TOLD = frozenset(
    {
        *("hint", "hints", "message", "note", "notes", "notice", "notices"),
        *("problem", "problems", "reason", "reasons", "waits", "warning", "warnings", "why"),
    }
)
ALSO_TEXT = re.compile(r'"type": (?:"string"|\[[^\]]*"string")(?!, "enum")')
# the English text of errors stands beside the reason for programs that have no catalogue
RENDERED_TOO = {"Detail.message", "ErrorBody.hint", "ErrorBody.message"}
SEARCHES = frozenset({"findall", "finditer", "fullmatch", "match", "search", "sub"})
READERS = frozenset(
    {
        *("startswith", "endswith", "partition", "rpartition", "split", "rsplit", "splitlines"),
        *("removeprefix", "removesuffix", "find", "index", "replace"),
    }
)
ROOT = PACKAGE.parents[1]
CATALOGUE = PACKAGE / "reasons"
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if CATALOGUE / "codes" not in path.parents)
# in TypeScript: reads of the text of a reason
METHODS = r"(?:split|startsWith|endsWith|includes|indexOf|match|replace|search)\b"
READ_IN_BROWSER = re.compile(
    r"\b(?:reason|waits|warning|finding|cure|notice|reasonText\([^)]*\))\??\."
    rf"(?:{METHODS}|slice\b)"
    rf"|\b(?:error|first|problem|refusal|detail)\??\.(?:message|hint)\??\.{METHODS}"
    r"|\.(?:test|exec|includes)\([\w.?]*\.message\)"
    r"|\bfailure\??\.message\b"
)
# a local that holds the text of a reason
LOCAL_TEXT = re.compile(r"\b(?:const|let) (\w+) = reasons?Text\(")


def browser_reads(source: str) -> list[str]:
    """Return the code of a TypeScript module that parses the text of a reason."""
    found = [hit.group() for hit in READ_IN_BROWSER.finditer(source)]
    for name in LOCAL_TEXT.findall(source):
        found += [hit.group() for hit in re.finditer(rf"\b{name}\.{METHODS}", source)]
    return found


def reads(nodes: Iterable[ast.AST]) -> Iterator[int]:
    """Yield the lines that parse the text of a reason, or compare it with a text."""
    for node in nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr=name, value=value)) if name in READERS:
                if _is_text_of_reason(value):
                    yield node.lineno
            case ast.Call(func=ast.Attribute(attr=name), args=args) if name in SEARCHES:
                if any(_is_text_of_failure(part) for one in args for part in ast.walk(one)):
                    yield node.lineno
            case ast.Compare(left=left, comparators=[right]):
                sides = (left, right)
                reads_reason = any(map(_is_text, sides)) and any(map(_is_text_of_reason, sides))
                if reads_reason or any(map(_is_text_of_error, sides)):
                    yield node.lineno


def _is_text_of_error(value: ast.AST) -> bool:
    """Return whether a value is the rendered text of an error or of a refused field."""
    match value:
        case ast.Attribute(attr="message" | "hint" | "words", value=error):
            name = error.id if isinstance(error, ast.Name) else getattr(error, "attr", "")
            return name.endswith(("detail", "err", "error", "exc", "failed", "refusal", "refused"))
    return False


def _is_text_of_failure(value: ast.AST) -> bool:
    if _is_text_of_error(value):
        return True
    match value:
        case ast.Attribute(attr="message", value=failure):
            return _is_failure(failure)
        case ast.Subscript(slice=ast.Constant(value="message" | "reason"), value=failure):
            return _is_failure(failure)
    return False


def _is_failure(value: ast.AST) -> bool:
    match value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name == "failure"
        case ast.Subscript(slice=ast.Constant(value=name)):
            return name == "failure"
    return False


def _is_text_of_reason(value: ast.AST) -> bool:
    if _is_text_of_failure(value):
        return True
    match value:
        case ast.Attribute(attr=name):
            return name in FIELDS
        case ast.Call(func=ast.Name(id=name), args=[inner, *_]) if name in RENDERED:
            return _is_text_of_reason(inner)
    return False


def _is_text(value: ast.AST) -> bool:
    return isinstance(value, ast.JoinedStr) or (
        isinstance(value, ast.Constant) and isinstance(value.value, str)
    )


def test_no_code_reads_the_text_of_a_reason() -> None:
    found = [f"{path}:{line}" for path in SOURCES for line in reads(nodes(path))]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        'task.reason.partition(" – ")',
        'str(task.reason).startswith("attempt")',
        'shown(task.reason, task.waits).removeprefix("It ")',
        'one.reason == "Its image is being built."',
        'task.warning.startswith("not as the lock")',
        '"nvidia-smi" in str(check.finding)',
        '"disk full" in str(task.waits)',
        '"SIGKILL" in failure["message"]',
        '"SIGKILL" in str(failure["reason"])',
        'result.failure.message.startswith("No module")',
        'MESSAGE.findall(f"{failure.traceback}\\n{failure.message}")',
        '"address pool" in error.message',
        "MISSING not in error.message",
        "name in error.message and path.is_file()",
        "detail.message not in shown",
        "STAGE_GONE.search(error.message)",
        "error.message.splitlines()[0]",
        "refusal.hint.startswith(name)",
    ],
)
def test_code_that_reads_reason_texts_is_detected(code: str) -> None:
    assert list(reads(ast.walk(ast.parse(code)))) == [1]


@pytest.mark.parametrize("code", ['task.reason.code == "forced"', "task.reason == CANCELLED"])
def test_comparing_codes_is_allowed(code: str) -> None:
    assert list(reads(ast.walk(ast.parse(code)))) == []


def test_browser_code_reads_no_text_of_a_reason() -> None:
    sources = [path for path in (ROOT / "src").rglob("*.ts*") if "__tests__" not in path.parts]
    assert [(str(path), read) for path in sources for read in browser_reads(path.read_text())] == []


@pytest.mark.parametrize(
    "code",
    [
        "return task.reason.split(WAITS)[1];",
        "return task.failure?.message;",
        "first && !refusal.message.includes(first.message)",
        "PATTERN.test(error.message)",
        "const text = reasonText(reason, trans);\nreturn text.startsWith(name);",
    ],
)
def test_browser_code_that_reads_reason_texts_is_detected(code: str) -> None:
    assert browser_reads(code)


def test_runner_creates_failures_with_codes_only() -> None:
    found = []
    for path in sorted((PACKAGE / "runner").rglob("*.py")):
        for node in nodes(path):
            if isinstance(node, ast.Dict):
                keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
                if {"kind", "message"} <= keys:
                    found.append(f"{path}:{node.lineno}")
    assert found == []


def test_the_runner_knows_its_codes_and_their_parameters() -> None:
    """It must not mask them if a secret is the same word."""
    known = set(runner_reasons.CODES.pattern.split("|"))
    assert sorted(known - CODES.keys()) == []
    fields = {name for code in known for name in CODES[code].fields}
    names = set(runner_reasons.PARAMETERS.pattern.split("|"))
    assert sorted(fields - names) == []
    made = {
        str(node.args[0].value)
        for path in (PACKAGE / "runner").rglob("*.py")
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "because"
        and isinstance(node.args[0], ast.Constant)
    }
    assert sorted(made - known) == []


def test_every_reason_has_the_parameters_of_its_code() -> None:
    """`because` refuses other parameters, but only when the line runs."""
    wrong = []
    for path in SOURCES:
        for node in nodes(path):
            match node:
                case ast.Call(
                    func=ast.Name(id="because"), args=[ast.Constant(value=str(code))]
                ) if all(one.arg for one in node.keywords):
                    given = {one.arg for one in node.keywords}
                    if code not in CODES or CODES[code].fields.keys() != given:
                        wrong.append(f"{path}:{node.lineno} {code}")
    assert wrong == []


def test_parts_of_the_catalogue_have_distinct_codes() -> None:
    names = [name for part in PARTS for name in part]
    assert [name for name in CODES if names.count(name) > 1] == []


def test_every_code_is_used() -> None:
    """An unused code leaves the catalogue; use inside another reason is enough."""
    texts = {
        node.value
        for path in SOURCES
        for node in nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert sorted(CODES.keys() - texts) == []


def test_every_column_with_a_reason_stores_its_code() -> None:
    columns = [c for table in metadata.sorted_tables for c in table.c if c.name in FIELDS]
    assert len(columns) >= 10
    assert [str(c) for c in columns if not isinstance(c.type, Because)] == []


def test_server_messages_have_codes() -> None:
    """Clients would otherwise parse sentences, and could not translate them."""
    schemas = json.loads((PACKAGE / "rest/openapi.json").read_text("utf-8"))["components"][
        "schemas"
    ]
    found = {
        f"{schema}.{name}"
        for schema, described in schemas.items()
        for name, field in described.get("properties", {}).items()
        if name in TOLD and ALSO_TEXT.search(json.dumps(field))
    }
    assert sorted(found - RENDERED_TOO) == []
    assert sorted(RENDERED_TOO - found) == []


def test_text_reasons_are_only_for_foreign_messages() -> None:
    """The code `text` is for messages of other programs."""
    wrong = [
        f"{path}:{node.lineno}"
        for path in SOURCES
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("because", "text_reason")
        and any(map(_is_text, [*node.args[node.func.id == "because" :], *_values(node)]))
    ]
    assert wrong == []


def _values(call: ast.Call) -> list[ast.expr]:
    is_text = bool(call.args) and getattr(call.args[0], "value", "") == "text"
    return [keyword.value for keyword in call.keywords] if is_text else []
