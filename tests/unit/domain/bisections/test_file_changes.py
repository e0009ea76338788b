"""R5: changed files beside the code."""

import pytest

from nbyard.domain.bisections.file_changes import files_text, is_source


@pytest.mark.parametrize("path", ["helper.py", "lib/Plot.R", "other.ipynb", "run.sh"])
def test_modules_are_source(path: str) -> None:
    assert is_source(path)


@pytest.mark.parametrize("path", ["sales.csv", "config.yaml", "data/.py", "README"])
def test_data_and_settings_are_not(path: str) -> None:
    assert not is_source(path)


def test_the_first_files_are_named() -> None:
    assert files_text(["a", "b", "c"]) == "a, b, c"
    assert files_text([*"abcde"]) == "a, b, c and 2 more"
