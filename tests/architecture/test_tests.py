"""Tests use public names, and assert codes and fields rather than sentences."""

import ast
from collections.abc import Callable

import measures

# What is left are renderings, command lines, code and queries. The number may only fall.
MAX_SENTENCES = 87


def counts(count: Callable[[ast.Module], int]) -> dict[str, int]:
    """Return the files of tests in which `count` is above 0."""
    paths = [path.relative_to(measures.TESTS).as_posix() for path in measures.TESTS.rglob("*.py")]
    numbers = {path: count(ast.parse((measures.TESTS / path).read_bytes())) for path in paths}
    return {path: number for path, number in numbers.items() if number}


def test_tests_use_no_private_attributes():
    assert counts(measures.private_attributes) == {}


def test_tests_assert_few_sentences():
    assert sum(counts(measures.asserted_sentences).values()) <= MAX_SENTENCES
