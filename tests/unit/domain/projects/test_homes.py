"""Files of a mirror are checked before anything is written."""

import pytest

from nbyard.domain.projects.homes import HomeFile
from nbyard.errors import Invalid

DIGEST = "sha256:" + "0" * 64


def test_files_and_empty_folders():
    HomeFile("a/b.py", 3, DIGEST).check()
    HomeFile("a/empty/").check()


@pytest.mark.parametrize(
    "file",
    [
        HomeFile("a"),
        HomeFile("a", -1, DIGEST),
        HomeFile("a", 1, "tree:" + "0" * 64),
        HomeFile("a/", 0, DIGEST),
        HomeFile("/a", 1, DIGEST),
        HomeFile("a//", 0),
    ],
)
def test_others_are_refused(file):
    with pytest.raises(Invalid):
        file.check()
