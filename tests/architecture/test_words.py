"""Documentation, docstrings and comments are plain English: constructions and terms to avoid."""

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbyard.domain.credentials import KINDS
from nbyard.domain.deployments.creation_form import OFFERED, PRESETS
from nbyard.reasons.codes import CODES
from nbyard.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "jupyter_ext/nbyard"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
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
CODE = re.compile(r"```.*?```|`[^`\n]*`|<!--.*?-->|\*[^*\n]+\*", re.DOTALL)
TRANSLATED = re.compile(r"""trans\._[_n]\(\s*(['"`])(.*?)\1""", re.DOTALL)
# Lists and tables hold the rest.
MOST_WORDS_IN_A_PARAGRAPH = 90
ITEM = re.compile(r"\n(?=\s*(?:[-*+]|\d+\.) )")
# Texts of the code that are still to be written anew. The limit only falls.
MOST_IN_CODE = 5


def avoided(text: str) -> Iterator[tuple[str, str]]:
    """Yield what stands in a text and what to write instead."""
    for pattern, instead in AVOIDED.items():
        for match in re.finditer(pattern, text, re.IGNORECASE):
            yield match[0], instead


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
def test_a_page_is_plain(page):
    assert list(avoided(prose(page.read_text("utf-8")))) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_paragraphs_are_short(page):
    counted = {one[:60]: len(one.split()) for one in paragraphs(page.read_text("utf-8"))}
    assert {one: n for one, n in counted.items() if n > MOST_WORDS_IN_A_PARAGRAPH} == {}


def test_paragraphs_are_told_apart():
    page = "a\nb\n\n```\ncode\n\nmore\n```\n\n- c\n  d\n- e\n\n1. f\n   1. g\n\n| h |\n|---|\n"
    found = [" ".join(one.split()) for one in paragraphs(page) if one.strip()]
    assert found == ["a b", "- c d", "- e", "1. f", "1. g"]


def test_code_does_not_become_less_plain():
    found = Counter(
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for text in texts_of(path.read_text("utf-8"))
        for _ in avoided(text)
    )
    assert found.total() <= MOST_IN_CODE, found.most_common(20)


def test_the_texts_of_reasons_are_plain():
    found = {name: [*avoided(code.text)] for name, code in CODES.items()}
    assert {name: words for name, words in found.items() if words} == {}


def test_the_texts_of_the_interface_are_plain():
    found = {}
    for path in sorted((ROOT / "src").rglob("*.ts*")):
        if "__tests__" not in path.parts and path.name != "codes.ts":
            for match in TRANSLATED.finditer(path.read_text("utf-8")):
                found[f"{path.name}: {match[2]}"] = [*avoided(match[2])]
    assert len(found) > 500
    assert {text: words for text, words in found.items() if words} == {}


def test_the_help_of_forms_and_settings_is_plain():
    texts = [trait.help for trait in Settings.class_traits(config=True).values()]
    texts += [field.help for one in PRESETS for field in one.fields]
    texts += [one.help for one in OFFERED]
    texts += [text for kind in KINDS for text in (kind.help, *(f.help for f in kind.fields))]
    assert [(text, words) for text in texts if (words := [*avoided(text)])] == []


def test_what_is_avoided_is_found_in_prose_only():
    page = "Nobody knows.\n```\nnobody\n```\nA `nobody` of *Nobody*.\n<!-- whoever -->\n"
    assert [word for word, _ in avoided(prose(page))] == ["Nobody"]
    source = '"""Whoever asks."""\nX = "nobody"  # who waits\n'
    assert [word for text in texts_of(source) for word, _ in avoided(text)] == [
        "Whoever",
        "who waits",
    ]
