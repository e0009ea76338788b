"""Every feature that docs/reference/features.md claims is named by a test that shows it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUFFIXES = {".py", ".ts", ".tsx", ".js"}


def claimed() -> set[str]:
    page = (ROOT / "docs/reference/features.md").read_text()
    return set(re.findall(r"^\| ([A-Z]\d+) \|", page, flags=re.M))


def text_of_tests() -> str:
    folders = [ROOT / "tests", ROOT / "ui-tests", *(ROOT / "src").rglob("__tests__")]
    files = (p for folder in folders for p in folder.rglob("*") if p.suffix in SUFFIXES)
    return "\n".join(p.read_text() for p in files if "node_modules" not in p.parts)


def test_each_claim_is_named_by_a_test():
    text = text_of_tests()
    assert {claim for claim in claimed() if not re.search(rf"\b{claim}\b", text)} == set()
