"""The cache follows files that work reads outside its code folder, at absolute paths in its
code."""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from nbyard.attempts.folders import attempt_folder_of, read_results
from nbyard.domain.runs.structs import RunDetail

from .observing import OUTSIDE, OUTSIDE_CHANGES, check_never_stale, lay, lay_outside
from .test_runs import Project, project, states

__all__ = ["project"]
pytestmark = pytest.mark.timeout(600)
SHORT = pytest.mark.timeout(900)
LONG = [pytest.mark.long, pytest.mark.timeout(3600)]
OUT = "output_txt = 'o.txt'"
KEEP = "open(output_txt, 'w').write(str(found))"


@pytest.mark.parametrize("rounds", [pytest.param(1, marks=SHORT), pytest.param(60, marks=LONG)])
def test_no_result_is_stale(project: Project, tmp_path: Path, rounds: int) -> None:
    """Python, libraries, child processes and shells that read outside the code."""
    lay_outside(project.root)
    lay(project, OUTSIDE)
    check_never_stale(project, tmp_path / "copy", rounds, OUTSIDE_CHANGES)


@pytest.fixture
def data() -> Iterator[Path]:
    """Create a folder; its path contains no name that a program uses."""
    with TemporaryDirectory(prefix="data-") as folder:
        for name in ("a.csv", "b.csv", "c.csv"):
            Path(folder, name).write_text("x\n1\n")
        yield Path(folder)


def ran(detail: RunDetail) -> dict[str, str]:
    """Return why each node ran that was not cached."""
    assert set(states(detail).values()) == {"succeeded"}, [task.failure for task in detail.tasks]
    return {task.node: task.why for task in detail.tasks if not task.cached}


def reads(project: Project, name: str, code: str, **node: object) -> None:
    project.notebook(name, OUT, code, KEEP, **node)


def test_changed_file_reruns_only_its_readers(project: Project, data: Path) -> None:
    """The reason names the file. Parallel nodes in one folder do not affect each other."""
    (project.root / "setting.py").write_text(f"B = '{data}/b.csv'")
    reads(project, "plain", f"found = open('{data}/a.csv').read()")
    reads(project, "bundle", f"found = open('{data}/a.csv').read()", cache="bundle")
    reads(project, "module", "from setting import B\nfound = open(B).read()")
    beside = (
        f"from pathlib import Path\nROOT = Path('{data}')\nfound = (ROOT / 'c.csv').read_text()"
    )
    reads(project, "beside", beside)
    project.notebook("value", f"{OUT}\nplace = ''", "found = open(place).read()", KEEP)
    project.nodes["value"]["arguments"] = {"place": {"value": f"{data}/a.csv"}}
    project.script("script", f"cat {data}/b.csv > copy.txt\n")
    project.run()
    assert ran(project.run()) == {}
    for name, nodes in {
        "a.csv": {"plain", "bundle", "value"},
        "b.csv": {"module", "script"},
    }.items():
        (data / name).write_text("x\n2\n")
        detail = project.run()
        why = f"runs because the file {data}/{name} changed"
        assert ran(detail) == dict.fromkeys(nodes, why)
        assert ran(project.run()) == {}
    assert project.bytes_of(detail, "module", "output_txt") == b"x\n2\n"


def test_equal_bytes_are_cached(project: Project, data: Path) -> None:
    """This also holds if the file was touched, copied over itself, or its read permissions
    changed."""
    reads(project, "plain", f"found = open('{data}/a.csv').read()")
    reads(project, "exists", f"import os\nfound = os.path.exists('{data}/b.csv')")
    project.run()
    os.utime(data / "a.csv", (1, 1))
    (data / "a.csv").chmod(0o666)
    (data / "b.csv").write_text("other bytes, which nobody reads")
    assert ran(project.run()) == {}
    copy = data / "copy"
    copy.write_bytes((data / "a.csv").read_bytes())
    copy.replace(data / "a.csv")
    assert ran(project.run()) == {}


def test_appearing_and_disappearing_files_are_noticed(project: Project, data: Path) -> None:
    """Files that were tested for existence, and names in a listed folder."""
    reads(project, "exists", f"import os\nfound = os.path.exists('{data}/b.csv')")
    reads(project, "absent", f"from pathlib import Path\nfound = Path('{data}/new').exists()")
    reads(project, "lists", f"import os\nfound = sorted(os.listdir('{data}'))")
    project.run()
    assert ran(project.run()) == {}
    (data / "b.csv").unlink()
    listed = f"runs because the folder {data} changed"
    gone = f"runs because the file {data}/b.csv is gone"
    assert ran(project.run()) == {"exists": gone, "lists": listed}
    (data / "new").touch()
    new = f"runs because the file {data}/new is new"
    detail = project.run()
    assert ran(detail) == {"absent": new, "lists": listed}
    assert project.bytes_of(detail, "lists", "output_txt") == b"['a.csv', 'c.csv', 'new']"


EXISTS = "import os\nfound = os.path.exists({})"
SIZE = "import os\nfound = os.path.getsize({})"


def test_files_that_code_only_tests_by_computed_paths_count(project: Project, data: Path) -> None:
    """No event shows such a test.

    All possible targets of the paths count, also through links."""
    (data / "in").mkdir()
    (data / "in/a.csv").symlink_to(data / "a.csv")
    reads(project, "fixed", EXISTS.format(f"'{data}/c.csv'"))
    reads(project, "added", EXISTS.format(f"'{data}/a.cs' + chr(118)"))
    reads(project, "formatted", EXISTS.format(f"f'{data}/{{chr(97)}}.csv'"))
    reads(project, "linked", EXISTS.format(f"'{data}/in/a.cs' + chr(118)"))
    reads(project, "size", SIZE.format(f"'{data}/b.cs' + chr(118)"))
    reads(
        project,
        "listed",
        "import os\n"
        f"folder = '{data}'\n"
        "found = [os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)]",
    )
    project.run()
    assert ran(project.run()) == {}
    (data / "b.csv").write_text("x\n1\n2\n")
    changed = f"runs because the folder {data} changed"
    assert ran(project.run()) == {"size": changed, "listed": changed}
    (data / "a.csv").unlink()
    detail = project.run()
    assert {*ran(detail)} == {"added", "formatted", "linked", "listed"}
    for name in ("added", "formatted", "linked"):
        assert project.bytes_of(detail, name, "output_txt") == b"False"
    assert ran(project.run()) == {}


def test_code_that_only_writes_is_cached(project: Project, data: Path) -> None:
    """In the second run, although other programs write there: logs, tables, replaced files."""
    log = f"import logging\nlogging.basicConfig(filename='{data}/log')\n"
    root = f"from pathlib import Path\nROOT = Path('{data}')\n"
    part = f"{root}(ROOT / 'part').write_text('x')\n"
    temporary = f"{root}(ROOT / 'temporary').write_text('x')\n"
    for name, code in {
        "appends": f"found = open('{data}/log', 'a').write('x')",
        "appends_too": f"found = open('{data}/log', 'a').write('y')",
        "logs": f"{log}logging.error(found := 1)",
        "writes": f"import pandas\nfound = pandas.DataFrame([1]).to_csv('{data}/out.csv')",
        "overwrites": f"found = open('{data}/a.csv', 'w').write('x')",
        "replaces": f"{part}found = (ROOT / 'part').replace(ROOT / 'whole')",
        "temporary": f"{temporary}found = (ROOT / 'temporary').unlink()",
    }.items():
        reads(project, name, code)
    project.script("script", f"echo x >> {data}/log\necho x > {data}/b.csv\n")
    project.run()
    assert ran(project.run()) == {}
    (data / "log").write_text("")
    (data / "out.csv").unlink()
    assert ran(project.run()) == {}


def test_code_that_reads_a_file_that_it_changes_reruns(project: Project, data: Path) -> None:
    """The earlier state is gone. Code that only verifies its written files becomes cached."""
    counts = f"n = int(open('{data}/n').read()) + 1\nopen('{data}/n', 'w').write(str(n))\nfound = n"
    reads(project, "counts", counts)
    verifies = f"open('{data}/out', 'w').write('x')\nfound = open('{data}/out').read()"
    reads(project, "verifies", verifies)
    (data / "n").write_text("1")
    project.run()
    detail = project.run()
    why = f"runs because the file {data}/n changed while its last run used it"
    assert ran(detail) == {"counts": why, "verifies": f"runs because the file {data}/out is new"}
    assert project.bytes_of(detail, "counts", "output_txt") == b"3"
    assert ran(project.run()) == {"counts": why}


def test_code_that_writes_in_a_new_folder_is_cached_after_two_runs(
    project: Project, data: Path
) -> None:
    """A new folder is not watched in the first run; then it is."""
    for name, code in {
        "named": f"found = open('{data}/named/0', 'w').write('x')",
        "computed": "found = [(FOLDER / f'{n}').write_text('x') for n in range(2)]",
        "table": f"import pandas\nfound = pandas.DataFrame([1]).to_csv('{data}/table/0')",
    }.items():
        new = f"FOLDER = Path('{data}/{name}')\nFOLDER.mkdir(exist_ok=True)\n"
        reads(project, name, f"from pathlib import Path\n{new}{code}")
    project.run()
    again = ran(project.run())
    assert again.keys() == project.nodes.keys()
    assert f"the file {data}/computed is new" in again["computed"]
    assert ran(project.run()) == {}
    for name in project.nodes:
        (data / name / "0").write_text("")
    assert ran(project.run()) == {}


def test_code_that_appends_in_a_new_folder_reruns(project: Project, data: Path) -> None:
    """Reads there are not seen in the first run; then the folder is watched."""
    flags = "os.O_CREAT | os.O_WRONLY | os.O_APPEND"
    for name, code in {
        "appends": f"open('{data}/appends/log', 'a').write('x')\n"
        f"found = open('{data}/appends/log').read()",
        "joined": f"place = '{data}/joined'\nopen(f'{{place}}/log', 'a').write('x')\n"
        "found = open(f'{place}/log').read()",
        "counts": f"log = Path('{data}/counts/log')\n"
        "found = log.read_text() + 'x' if log.exists() else 'x'\nlog.write_text(found)",
        "flags": f"import os\nlog = '{data}/flags/log'\n"
        f"os.write(os.open(log, {flags}), b'x')\nfound = open(log).read()",
        "library": f"import mailbox\nbox = mailbox.mbox('{data}/library/box')\n"
        "box.add('text')\nbox.flush()\nfound = 'x' * len(box)",
    }.items():
        new = f"from pathlib import Path\nPath('{data}/{name}').mkdir(exist_ok=True)\n"
        reads(project, name, new + code)
    project.run()
    for times in (2, 3):
        detail = project.run()
        assert ran(detail).keys() == project.nodes.keys()
        for name in project.nodes:
            assert project.bytes_of(detail, name, "output_txt") == b"x" * times


def test_result_of_a_file_changed_during_the_read_is_not_reused(
    project: Project, data: Path
) -> None:
    """The state that was read is unknown."""
    waits = (
        "import time\nfrom pathlib import Path\n"
        f"found = open('{data}/a.csv').read()\nprint('has read', flush=True)\n"
        "while not Path('go').exists() and len(open('" + f"{data}/a.csv" + "').read()) < 9:\n"
        "    time.sleep(0.01)"
    )
    reads(project, "waits", waits)
    run = project.start()
    project.until_logged(run, "waits", "has read")
    (data / "a.csv").write_text("a longer text")
    project.end(run)
    assert "its last run used" in ran(project.run())["waits"]
    assert ran(project.run()) == {}


def test_outside_reads_of_functions_count(project: Project, data: Path) -> None:
    """Functions that share a process, and one whose value is a path."""
    (project.root / "shared.py").write_text(
        f"def one(n: int) -> str:\n    return open('{data}/a.csv').read() * n\n"
        f"def none(n: int) -> None:\n    open('{data}/a.csv').read()\n"
    )
    # In a file of its own: the reads of others count for each process whose code names the path.
    (project.root / "alone.py").write_text(
        "def two(path: str) -> str:\n    return open(path).read()\n"
    )
    steps: dict[str, tuple[str, str, object]] = {
        "n1": ("shared.py::one", "n", 1),
        "n2": ("shared.py::one", "n", 2),
        "n3": ("shared.py::none", "n", 3),
        "path": ("alone.py::two", "path", f"{data}/b.csv"),
    }
    for name, (function, argument, value) in steps.items():
        of = {"arguments": {argument: {"value": value}}}
        project.nodes[name] = {"type": "executable", "path": function, **of}
    first = project.run()
    for worker in {attempt.worker for task in first.tasks for attempt in task.attempts} - {""}:
        results, _ = read_results(attempt_folder_of(project.yard.store.folder, worker), 0)
        told = [path for result in results for path in result.outside]
        # each result tells only what it adds
        assert len(told) == len(set(told)) > 0
    assert ran(project.run()) == {}
    (data / "a.csv").write_text("y")
    changed = f"runs because the file {data}/a.csv changed"
    assert ran(project.run()) == {"n1": changed, "n2": changed, "n3": changed}
    (data / "b.csv").write_text("y")
    assert ran(project.run()) == {"path": f"runs because the file {data}/b.csv changed"}


def test_created_file_counts_if_its_absence_was_handled(project: Project, data: Path) -> None:
    """The code caught the error of the missing file. The next run reads the file."""
    for name, error in {"own": "OSError", "any": "Exception as error"}.items():
        place = f"{data}/{name}.json"
        code = (
            f"try:\n    found = open('{place}').read()\nexcept {error}:\n    found = 'none'\n"
            f"    open('{place}', 'w').write('made')"
        )
        reads(project, name, code)
    first = project.run()
    assert project.bytes_of(first, "own", "output_txt") == b"none"
    detail = project.run()
    why = {name: f"runs because the file {data}/{name}.json is new" for name in ("own", "any")}
    assert ran(detail) == why
    assert project.bytes_of(detail, "any", "output_txt") == b"made"
    assert ran(project.run()) == {}


def test_pinned_results_stay_after_outside_changes(project: Project, data: Path) -> None:
    """A pin is a choice of the user."""
    reads(project, "plain", f"found = open('{data}/a.csv').read()")
    first = project.run()
    (data / "a.csv").write_text("x\n2\n")
    detail = project.run(pins={"plain": first.run.id})
    assert ran(detail) == {}
    assert project.bytes_of(detail, "plain", "output_txt") == b"x\n1\n"
    assert {*ran(project.run())} == {"plain"}
