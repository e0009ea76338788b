"""Folders of old versions are deleted when they are unused. Their locks stay."""

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from nbyard.dispatch.environments.controller import unused_versions
from nbyard.domain.environments.structs import EnvironmentVersion
from nbyard.host.kernels import with_programs


def version(number: int) -> EnvironmentVersion:
    when = datetime.now(UTC)
    return EnvironmentVersion(f"v{number}", number, "ready", [], [], "", "", "x", None, when)


VERSIONS = [version(number) for number in (5, 4, 3, 2, 1)]


@pytest.mark.parametrize(
    ("keep", "used", "gone"),
    [
        (1, (), [4, 3, 2, 1]),
        (3, (), [2, 1]),
        (3, ("v1",), [2]),
        (9, (), []),
        (2, ("v5",), [3, 2, 1]),
    ],
)
def test_the_newest_and_used_installations_are_kept(keep, used, gone):
    assert [one.number for one in unused_versions(VERSIONS, keep, used)] == gone


def test_a_running_program_counts_as_use(tmp_path):
    python = tmp_path / "bin/python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    places = [str(tmp_path)]
    assert not with_programs(places)
    words = [str(python), "-c", "input(input())"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        process.stdin.write(b"up\n")
        process.stdin.flush()
        assert process.stdout.read(2) == b"up"  # before, it may have no words yet
        assert with_programs(places) == {str(tmp_path)}
        process.communicate(b"\n")
    assert not with_programs(places)
