"""Undeclared files that notebooks, scripts and functions write are kept.

Real kernels and processes."""

from pathlib import Path

from ...telling import assert_only_the_harmless_one, telling, writing
from ...test_runs import ADA, Project, option, project

__all__ = ["project"]
WRITES = """
import os
os.makedirs("plots", exist_ok=True)
open("result.csv", "w").write("x\\n1\\n")
open("plots/a.svg", "w").write("<svg/>")
open("notes.md", "a").write("more")
"""


def kept(project: Project, run: str, node: str) -> dict[str, bytes]:
    blobs = project.yard.context.blobs
    found = project.yard.services.runs.files(ADA, run, node).files
    return {one.path: blobs.path(one.digest).read_bytes() for one in found}


def test_undeclared_files_of_a_notebook_are_kept(project: Project) -> None:
    """The second run gets them from the cache; the project folder stays untouched."""
    (project.root / "notes.md").write_text("first, ")
    (project.root / "helper.py").write_text("V = 1\n")
    project.notebook("train", "output_txt = 'o.txt'", "import helper", WRITES + END)
    expected = {
        "result.csv": b"x\n1\n",
        "plots/a.svg": b"<svg/>",
        "notes.md": b"first, more",
    }
    first = project.run()
    assert kept(project, first.run.id, "train") == expected
    again = project.run()
    assert again.tasks[0].cached
    assert kept(project, again.run.id, "train") == expected
    assert (project.root / "notes.md").read_text() == "first, "
    assert not (project.root / "result.csv").exists()
    folder = project.yard.services.runs.files(ADA, again.run.id, "train").folder
    assert folder == str(project.root)


END = "open(output_txt, 'w').write('done')"


def test_files_written_before_a_failing_cell_are_kept(project: Project) -> None:
    project.notebook("train", "n = 1", WRITES, "raise ValueError('no')", "open('late', 'w')")
    detail = project.run()
    assert detail.run.state == "failed"
    assert kept(project, detail.run.id, "train").keys() == {"result.csv", "plots/a.svg", "notes.md"}


def test_files_of_a_script_in_its_own_folder_are_kept(project: Project, tmp_path: Path) -> None:
    """Paths are relative to the project; declared outputs are not listed twice."""
    (project.root / "nbyard.toml").touch()
    (project.root / "jobs").mkdir()
    out = {"name": "out", "role": "output", "format": "txt", "reach": option("out")["reach"]}
    project.script("work", 'echo x > "$2"; echo y > here.txt; echo z > ../there.txt', out)
    for suffix in (".sh", ".sh.nbexec"):
        (project.root / f"work{suffix}").rename(project.root / "jobs" / f"work{suffix}")
    project.nodes["work"]["path"] = "jobs/work.sh"
    detail = project.run()
    assert detail.run.state == "succeeded"
    found = kept(project, detail.run.id, "work")
    assert found == {"jobs/here.txt": b"y\n", "there.txt": b"z\n"}
    folder = project.yard.services.runs.files(ADA, detail.run.id, "work").folder
    assert folder == str(project.root)


def test_functions_in_one_process_keep_separate_files(project: Project) -> None:
    """Each keeps its files as they were at its return, also if it failed or is cached."""
    (project.root / "steps.py").write_text(
        "import os\n"
        "def write(n: int) -> None:\n"
        "    os.makedirs('plots', exist_ok=True)\n"
        "    open('result.csv', 'w').write(str(n))\n"
        "    open(f'plots/{n}.svg', 'w').write('<svg/>')\n"
        "    assert n < 3\n"
        "def nothing() -> None:\n    pass\n"
    )
    for n in (1, 2, 3):
        of = {"path": "steps.py::write", "arguments": {"n": {"value": n}}}
        project.nodes[f"n{n}"] = {"type": "executable", **of}
    project.nodes["none"] = {"type": "executable", "path": "steps.py::nothing"}
    for _ in range(2):
        detail = project.run()
        assert all(attempt.worker for task in detail.tasks for attempt in task.attempts)
        for n in (1, 2, 3):
            expected = {"result.csv": str(n).encode(), f"plots/{n}.svg": b"<svg/>"}
            assert kept(project, detail.run.id, f"n{n}") == expected
        assert kept(project, detail.run.id, "none") == {}
    assert {task.node for task in detail.tasks if task.cached} == {"n1", "n2", "none"}


def test_watching_files_of_functions_reads_no_folder(project: Project) -> None:
    """A new file that no function reads causes no rerun."""
    (project.root / "data").mkdir()
    (project.root / "data/old.txt").write_text("old")
    (project.root / "steps.py").write_text(
        "def write() -> None:\n    open('data/out.txt', 'w').write('x')\n"
    )
    project.nodes["write"] = {"type": "executable", "path": "steps.py::write"}
    assert kept(project, project.run().run.id, "write") == {"data/out.txt": b"x"}
    for path in ("notes.md", "data/notes.md"):
        (project.root / path).write_text("unread")
        (task,) = project.run().tasks
        assert task.cached, task.why


def test_file_that_contains_a_credential_is_named_but_not_kept(tmp_path: Path) -> None:
    with telling(tmp_path) as work:
        detail = work.run(path=writing(work), parameters={"token": "api"})
        assert_only_the_harmless_one(work, detail)
