"""Documentation, docstrings and comments are plain English: constructions and terms to avoid."""

import ast
import io
import json
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbyard.cli.lazy_commands import TABLE
from nbyard.domain.credentials import KINDS
from nbyard.domain.deployments.creation_form import OFFERED, PRESETS
from nbyard.reasons.codes import CODES
from nbyard.settings import Settings

from .sources import nodes

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "jupyter_ext/nbyard"
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    ROOT / "benchmarks/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
# Each with what to write instead.
AVOIDED = {
    r"\bnobody\b|\bno one\b": "the noun, such as 'no process'",
    r"\bwhoever\b": "the noun: the user, the caller, the process",
    r"\bwho (?:asks|comes|goes|looks|sends|starts|waits|wants)\b": "the noun: the caller",
    r"\b(?:is|are|was|were|be) (?:told|said|heard)\b": "report, show, receive",
    r"(?<!there )\b(?:is|are|was|were) (?-i:none)\b": "a positive sentence",
    r"\bany (?:more|further|longer)\b": "'no longer', or a positive sentence",
    r"\bbecomes? of\b": "what happens to",
    r"\bmakes? true\b": "carry out",
    r"\bshall\b": "must, or the plain present",
    r"\bto be had\b": "available",
    r"\btaken over\b": "cached, reused",
    r"\bcomes? about\b": "happen",
    r"\bnothing (?:but|of)\b": "only, or a positive sentence",
    r"\bdrawer\b": "Run Info",
    r"\bas it were\b|\blest\b|\bhence\b|\bthereby\b|\bthereof\b": "plainer words",
}
# Words for which WORDS.md has a term, with the term.
TERMS = {
    r"\bsteps?\b": "node (of a workflow) or task (of a run)",
    r"\b(?:an?|each|next|first|last|every|another|one|its) try\b|\btries of\b": "attempt",
    r"\blibrar(?:y|ies)\b": "environment",
    r"(?-i:\barrows?\b)": "connection",
    r"\bedges?\b": "connection",
    r"\bversions? of (?:an?|the|this|each|its) deployments?\b": "revision",
}
# Argument stays the word for what a program receives, except in the interface.
INTERFACE = {**TERMS, r"\barguments?\b": "parameter, input or output"}
# Technical uses of these words.
TECHNICAL = re.compile(
    r"undo steps?|steps?=|(?:in one|at each|after each|these|this|every) steps?|over its steps"
    r"|over time without steps|The library \{library\}|known in a library only|without any library"
    r"|(?:standard|data frame|system|shared|missing|same|that|its) librar\w+|libraries that"
    r"|librar\w+ (?:of|from|\(|is)|programs and libraries|lines of libraries"
    r"|child processes and libraries|(?:left|right|down) arrows?|arrow keys?",
    re.IGNORECASE,
)
# Pages about the code or about files, whose edges they describe, and about another program.
ABOUT_CODE = (
    *("CONTRIBUTING.md", "docs/contribute/", "docs/reference/", "docs/glossary.md"),
    *("docs/how-to/lineage.md", "docs/how-to/nephos.md"),
)
# These raise texts about the edges of a workflow file, or about code that runs without us.
ABOUT_FILES = ("domain/workflows/", "runner/", "serving/", "testing/")
CODE = re.compile(r"```.*?```|`[^`\n]*`|<!--.*?-->|\*[^*\n]+\*", re.DOTALL)
COMMENT = re.compile(r"/\*.*?\*/|(?<![:'\"`\w])//[^\n]*", re.DOTALL)
TRANSLATED = re.compile(r"""trans\._[_n]\(\s*(['"`])(.*?)\1""", re.DOTALL)
# Lists and tables hold the rest.
MOST_WORDS_IN_A_PARAGRAPH = 90
ITEM = re.compile(r"\n(?=\s*(?:[-*+]|\d+\.) )")
# Texts of the code that are still to be written anew. The limit only falls.
MOST_IN_CODE = 5


def avoided(text: str) -> Iterator[tuple[str, str]]:
    """Yield each avoided phrase of a text and what to write instead."""
    for pattern, instead in AVOIDED.items():
        for match in re.finditer(pattern, text, re.IGNORECASE):
            yield match[0], instead


def former_terms(text: str, terms: dict[str, str] = TERMS) -> Iterator[tuple[str, str]]:
    """Yield the words for which WORDS.md has a term, and the term."""
    text = TECHNICAL.sub("", text)
    for pattern, term in terms.items():
        for match in re.finditer(pattern, text, re.IGNORECASE):
            yield match[0], term


def prose(page: str) -> str:
    """Return a page of documentation without its code, comments and quoted labels."""
    return CODE.sub("", page)


def paragraphs(page: str) -> Iterator[str]:
    """Yield the paragraphs and list items of a page, without its code and tables."""
    blocks = re.split(r"\n\s*\n", re.sub(r"```.*?```|<!--.*?-->", "", page, flags=re.DOTALL))
    for block in blocks:
        if not block.lstrip().startswith("|"):
            yield from ITEM.split(block)


def texts_of(source: str) -> Iterator[str]:
    """Yield the docstrings and comments of a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pages_are_plain(page):
    text = prose(page.read_text("utf-8"))
    assert list(avoided(text)) == []
    if not page.relative_to(ROOT).as_posix().startswith(ABOUT_CODE):
        assert list(former_terms(text)) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_paragraphs_are_short(page):
    counted = {one[:60]: len(one.split()) for one in paragraphs(page.read_text("utf-8"))}
    assert {one: n for one, n in counted.items() if n > MOST_WORDS_IN_A_PARAGRAPH} == {}


def test_paragraphs_and_list_items_are_split():
    page = "a\nb\n\n```\ncode\n\nmore\n```\n\n- c\n  d\n- e\n\n1. f\n   1. g\n\n| h |\n|---|\n"
    found = [" ".join(one.split()) for one in paragraphs(page) if one.strip()]
    assert found == ["a b", "- c d", "- e", "1. f", "1. g"]


def test_docstrings_and_comments_are_plain():
    sources = {path: path.read_text("utf-8") for path in PACKAGE.rglob("*.py")}
    found = Counter(
        path.relative_to(PACKAGE).as_posix()
        for path, source in sources.items()
        if any(avoided(source))  # most are not worth parsing
        for text in texts_of(source)
        for _ in avoided(text)
    )
    assert found.total() <= MOST_IN_CODE, found.most_common(20)


def test_the_texts_of_reasons_are_plain():
    found = {name: [*avoided(code.text), *former_terms(code.text)] for name, code in CODES.items()}
    assert {name: words for name, words in found.items() if words} == {}


def test_the_texts_of_refusals_are_plain():
    texts = [
        (f"{path.relative_to(PACKAGE)}:{node.lineno}", part.value)
        for path in sorted(PACKAGE.rglob("*.py"))
        if not path.relative_to(PACKAGE).as_posix().startswith(ABOUT_FILES)
        for node in nodes(path)
        if isinstance(node, ast.Raise)
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
    assert len(texts) > 1000
    found = {place: [*avoided(text), *former_terms(text)] for place, text in texts}
    assert {place: words for place, words in found.items() if words} == {}


def test_the_texts_of_the_interface_are_plain():
    found = {}
    for path in sorted((ROOT / "src").rglob("*.ts*")):
        if "__tests__" not in path.parts and path.name != "codes.ts":
            for match in TRANSLATED.finditer(path.read_text("utf-8")):
                words = [*avoided(match[2]), *former_terms(match[2], INTERFACE)]
                found[f"{path.name}: {match[2]}"] = words
    assert len(found) > 500
    assert {text: words for text, words in found.items() if words} == {}


def test_comments_in_typescript_are_plain():
    found = {}
    for path in sorted((ROOT / "src").rglob("*.ts*")):
        if "__tests__" not in path.parts and path.name not in ("codes.ts", "schema.ts"):
            comments = " ".join(COMMENT.findall(path.read_text("utf-8")))
            found[path.relative_to(ROOT).as_posix()] = [*avoided(comments)]
    assert len(found) > 300
    assert {name: words for name, words in found.items() if words} == {}


def helps(value: Any) -> Iterator[str]:
    """Yield the texts of help in the table of commands."""
    if isinstance(value, dict):
        if isinstance(text := value.get("help"), str):
            yield text
        for inner in value.values():
            yield from helps(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from helps(inner)


def test_the_help_of_commands_and_options_is_plain():
    texts = list(helps(json.loads(Path(TABLE).read_text("utf-8"))))
    assert len(texts) > 500
    found = {text: [*avoided(text), *former_terms(text)] for text in texts}
    assert {text: words for text, words in found.items() if words} == {}


def test_former_terms_are_detected_except_in_technical_uses():
    text = "A step has an arrow, a library, an edge and one try in a version of a deployment"
    assert [word for word, _ in former_terms(text)] == [
        *("step", "one try", "library", "arrow", "edge", "version of a deployment")
    ]
    assert list(former_terms("one undo step, step=2, the standard library, a right arrow")) == []
    assert [term for _, term in former_terms("its arguments", INTERFACE)] == [
        "parameter, input or output"
    ]


def test_the_help_of_forms_and_settings_is_plain():
    texts = [trait.help for trait in Settings.class_traits(config=True).values()]
    texts += [field.help for one in PRESETS for field in one.fields]
    texts += [one.help for one in OFFERED]
    texts += [text for kind in KINDS for text in (kind.help, *(f.help for f in kind.fields))]
    assert [(text, words) for text in texts if (words := [*avoided(text)])] == []


def test_avoided_phrases_are_detected_in_prose_only():
    page = "Nobody knows.\n```\nnobody\n```\nA `nobody` of *Nobody*.\n<!-- whoever -->\n"
    assert [word for word, _ in avoided(prose(page))] == ["Nobody"]
    source = '"""Whoever asks."""\nX = "nobody"  # who waits\n'
    assert [word for text in texts_of(source) for word, _ in avoided(text)] == [
        "Whoever",
        "who waits",
    ]
