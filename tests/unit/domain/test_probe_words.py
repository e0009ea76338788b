"""The words that open files or test whether they exist."""

import pytest

from nbyard.domain.probe_words import is_probe


@pytest.mark.parametrize(
    "word", ["getline", "imread", "VideoCapture", "read_csv", "load", "open", "scan_parquet"]
)
def test_words_that_look_for_files(word: str) -> None:
    assert is_probe(word)


@pytest.mark.parametrize("word", ["loads", "openai", "print", "join", "DataFrame"])
def test_words_that_do_not(word: str) -> None:
    assert not is_probe(word)
