"""R5: changed files beside the code."""

from nbyard.domain.bisections.file_changes import files_text


def test_the_first_files_are_named() -> None:
    assert files_text(["a", "b", "c"]) == "a, b, c"
    assert files_text([*"abcde"]) == "a, b, c and 2 more"
