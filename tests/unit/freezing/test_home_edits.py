"""After any edits, and after updates that ended half-way, bundles from the mirror are the same."""

import dataclasses
import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.home_connections import DirectConnection

from nbyard.freezing.executable_versions import Freezer
from nbyard.freezing.home_files import HomeFiles
from nbyard.host.project_files import ProjectFiles
from nbyard.services.home import HomeMirror

FOLDERS = ("", "p", "p/q", "p/q/r", "s")
NAMES = ("a.py", "b.py", "data.csv", "pyproject.toml", ".gitignore", ".nbyardignore", "x.pem")
CONTENTS = ("", "import b\n", "*.csv\n", "!x.pem\nq\n", "!.*\n")
PATHS = [f"{folder}/{name}".strip("/") for folder in FOLDERS for name in (*NAMES, "deep")]
CODES = [path for path in PATHS if path.endswith(".py")]
# Steps of the service that may be its last one, and requests whose answer may be lost.
STEPS = (
    *((HomeMirror, name) for name in ("_write", "_place", "_remove")),
    *((DirectConnection, name) for name in ("get", "update", "upload")),
)
paths = st.sampled_from(PATHS)
edits = st.one_of(
    st.tuples(st.just("write"), paths, st.sampled_from(CONTENTS)),
    st.tuples(st.just("delete"), st.sampled_from([*PATHS, *FOLDERS[1:]])),
    st.tuples(st.just("move"), st.sampled_from(FOLDERS[1:]), st.sampled_from(FOLDERS[1:])),
    st.tuples(st.just("folder"), paths),
    st.tuples(st.just("send"), st.sampled_from(CODES)),
    st.tuples(st.just("kill"), st.integers(0, 5), st.integers(0, 3), st.sampled_from(CODES)),
    st.tuples(st.just("restart")),
)
owners = itertools.count()


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def killing(step: int, calls: int) -> Iterator[None]:
    """End a process at a call of a step, or after it, so that its answer is lost."""
    owner, name = STEPS[step]
    whole: Callable[..., Any] = getattr(owner, name)
    left = [calls]

    def called(*args: Any, **fields: Any) -> Any:
        left[0] -= 1
        if left[0] == -1:
            raise Killed
        answer = whole(*args, **fields)
        if left[0] == 0 and calls % 2:
            raise Killed
        return answer

    with mock.patch.object(owner, name, called), suppress(Killed):
        yield


def edit(root: Path, what: str, path: str, other: str = "") -> None:
    place = root / path
    if what == "delete" and place.is_dir():
        shutil.rmtree(place)
    elif what == "delete":
        place.unlink(missing_ok=True)
    elif what == "move":
        target = root / other
        if place.is_dir() and not target.is_relative_to(place) and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            place.rename(target)
    elif what == "folder":
        if not place.exists():
            place.mkdir(parents=True)
    elif not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(other)


def digest(context: Any, path: str) -> str:
    freezer = Freezer(context)
    return str(freezer.prepare(freezer.load(path))["bundle_digest"])


def compare(service: DirectConnection, own: Any, mine: HomeFiles, asked: list[str]) -> None:
    """Send files, and compare the bundle of each code in both places."""
    root = own.files.root
    codes = [path for path in asked if (root / path).is_file()]
    mine.send(codes)
    assert mine.take_back() == []
    for code in codes:
        assert digest(service.context, code) == digest(own, code), code


@given(
    st.dictionaries(paths, st.sampled_from(CONTENTS), min_size=12),
    st.lists(edits, min_size=8, max_size=25),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bundles_are_the_same_after_any_edits(yard, before, done):
    service = DirectConnection(yard, f"user {next(owners)}")
    with tempfile.TemporaryDirectory() as folder:
        files = ProjectFiles(Path(folder))
        own = dataclasses.replace(yard.context, files=files)
        mine = HomeFiles(files, service, yard.settings)
        for path, text in before.items():
            edit(files.root, "write", path, text)
        for code in CODES:  # one after the other, as a user opens them
            compare(service, own, mine, [code])
        for what, *values in done:
            if what == "restart":
                mine = HomeFiles(files, service, yard.settings)
            elif what == "kill":
                with killing(values[0], values[1]):
                    mine.send([values[2]])
            elif what == "send":
                compare(service, own, mine, [values[0]])
            else:
                edit(files.root, what, *values)
        compare(service, own, mine, CODES)
        for code in CODES:
            compare(service, own, mine, [code])
