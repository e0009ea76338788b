"""Why a file that lies beside the code did not travel with it."""

from pathlib import Path

import pytest

from nbyard.dispatch.left_out import why


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("build/x.csv", "the rule build leaves it out. A line !build in .nbyardignore takes"),
        ("data/x.tmp", "the rule *.tmp leaves it out. A line !data/x.tmp in .nbyardignore"),
        ("linked/x.csv", "linked is a link. Put the files there, or give them as an input"),
        ("data/x.csv", "the folder home is too large to travel whole. Create an empty file"),
    ],
)
def test_the_reason_says_what_to_do(tmp_path: Path, place: str, words: str) -> None:
    home = tmp_path / "home"
    for folder in ("build", "data"):
        (home / folder).mkdir(parents=True)
    (home / ".nbyardignore").write_text("*.tmp\n")
    (home / "linked").symlink_to(tmp_path)
    assert words in why(home, place)
