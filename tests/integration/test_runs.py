"""Runs with real processes: a dispatcher in a thread, notebooks and scripts in supervisors."""

import hashlib
import json
import os
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun, RunDetail, Task
from nbyard.domain.workflows.structs import CheckWorkflow
from nbyard.errors import Invalid
from nbyard.reasons.structs import because
from nbyard.testing.conformance.runtimes import CANCEL_SECONDS
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.transfer.dataset_links import ResourceLinks
from nbyard.yard import Yard

from ..notebooks import PARAMETERS, notebook
from .projects import RunningProject

pytestmark = pytest.mark.sample(1)

ADA = Caller("ada")
OUT = {"name": "out", "role": "output", "format": "txt", "default": "out.txt"}
ENDED = ("succeeded", "failed", "cancelled")


def option(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "reach": {"kind": "option", "flag": f"--{name}"}, **more}


class Project(RunningProject):
    """A workflow of scripts and notebooks."""

    def __init__(self, root: Path, yard: Yard, dispatching: Dispatching):
        super().__init__(root, yard, dispatching)
        self.parameters: dict[str, Any] = {}

    def script(self, name: str, body: str, *arguments: dict[str, Any], **node: Any) -> None:
        """Add a shell script as a node of that name."""
        (self.root / f"{name}.sh").write_text(body)
        told = {"version": 1, "kind": "command", "arguments": list(arguments)}
        (self.root / f"{name}.sh.nbexec").write_text(json.dumps(told))
        self.nodes[name] = {"type": "executable", "path": f"{name}.sh", **node}

    def notebook(self, name: str, *cells: str, **node: Any) -> Path:
        """Add a notebook, whose first cell contains its parameters, as a node of that name."""
        (self.root / f"{name}.ipynb").write_text(notebook(*cells, tags=[PARAMETERS]))
        self.nodes[name] = {"type": "executable", "path": f"{name}.ipynb", **node}
        return self.root / f"{name}.ipynb"

    def arrow(self, source: str, target: str, output: str = "out", name: str = "source") -> None:
        edge = {"source": source, "output": output, "target": target, "input": name}
        self.edges[f"{source}.{output}->{target}.{name}"] = edge

    def write(self) -> None:
        """Save the workflow."""
        blocks = {"nodes": self.nodes, "edges": self.edges, "positions": {}}
        whole = {"version": 1, "meta": {"parameters": self.parameters}, **blocks}
        (self.root / "flow.nbflow").write_text(json.dumps(whole))

    def start(self, **wish: Any) -> str:
        self.write()
        return self.yard.services.runs.create(ADA, NewRun(path="flow.nbflow", **wish)).id

    def task(self, run: str, node: str) -> Task:
        return next(task for task in self.detail(run).tasks if task.node == node)

    def until_logged(self, run: str, node: str, word: str) -> None:
        self.dispatching.until(lambda: self.log(run, node), lambda text: word in text)

    def bytes_of(self, detail: RunDetail, node: str, name: str) -> bytes:
        task = next(task for task in detail.tasks if task.node == node)
        digest = next(one.digest for one in task.artifacts if one.name == name)
        return self.yard.context.blobs.path(digest).read_bytes()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.opened(tmp_path, slots=2, gpus=["GPU-a", "GPU-b"]) as made:
        yield made


def states(detail: RunDetail) -> dict[str, str]:
    return {task.node: task.state for task in detail.tasks}


MEET = 'touch "$M/$1"; for i in $(seq 200); do [ -e "$M/$2" ] && break; sleep 0.05; done\n'


def test_branches_run_in_parallel_and_unchanged_nodes_are_cached(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Results pass to later nodes; the second run executes nothing."""
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    # not named in the scripts: they would depend on the files that they create there
    monkeypatch.setenv("MEETING", str(meeting))
    first = project.notebook(
        "first",
        "alpha = 0.5\noutput_csv = 'numbers.csv'",
        "open(output_csv, 'w').write(f'x\\n{alpha}\\n')\nprint('first was here')",
        arguments={"alpha": {"parameter": "alpha"}},
    )
    project.parameters = {"alpha": {"type": "float", "default": 0.5}}
    before = first.read_bytes()
    source = option("source", role="input")
    for one, other in (("left", "right"), ("right", "left")):
        body = f"M=$MEETING\nset -- {one} {other}\n{MEET}"
        # R1: a branch that runs alone waits in vain, and fails.
        body += '[ -e "$M/$2" ] || exit 1\ncat "$SOURCE" > "$OUT"\n'
        reach = {"kind": "variable", "variable": "SOURCE"}
        project.script(
            one,
            body,
            {**source, "reach": reach},
            {**OUT, "reach": {"kind": "variable", "variable": "OUT"}},
        )
        project.arrow("first", one, "output_csv")
    detail = project.run()
    assert states(detail) == dict.fromkeys(("first", "left", "right"), "succeeded")
    assert project.bytes_of(detail, "left", "out") == b"x\n0.5\n"
    assert "first was here" in project.log(detail.run.id, "first")

    again = project.run()
    assert all(task.cached for task in again.tasks), [task.why for task in again.tasks]
    assert all(task.reason == because("unchanged", run=1) for task in again.tasks)
    changed = project.run(parameters={"alpha": 0.7})
    task = project.task(changed.run.id, "first")
    assert "alpha changed 0.5 →" in task.why
    assert project.bytes_of(changed, "right", "out") == b"x\n0.7\n"
    assert first.read_bytes() == before, "the source notebook never changes"


def save_part(project: Project, *ends: dict[str, Any]) -> Path:
    """Save a workflow of two scripts and a dataset in a folder of its own."""
    project.nodes = {"rows": {"type": "dataset", "path": "own.txt"}}
    project.parameters = {"word": {"type": "string", "default": "usual"}}
    word = {"name": "word", "reach": {"kind": "variable", "variable": "WORD"}}
    arguments = {"word": {"parameter": "word"}}
    project.script("add", 'cat "$SOURCE"; echo "$WORD"\n', *ends, word, arguments=arguments)
    project.script("upper", 'tr a-z A-Z < "$SOURCE"\n', *ends)
    project.arrow("rows", "add", "data")
    project.arrow("add", "upper")
    (project.root / "own.txt").write_text("own\n")
    project.write()
    folder = project.root / "lib"
    folder.mkdir()
    for file in [file for file in project.root.iterdir() if file.is_file()]:
        file.rename(folder / file.name)
    project.edges, project.parameters = {}, {}
    return folder


def test_sub_workflow_runs_inside_the_run_with_its_data_and_parameter_replaced(
    project: Project,
) -> None:
    """Two nodes of one sub-workflow: one with its own data, one with other data and value."""
    source = {"reach": {"kind": "variable", "variable": "SOURCE"}, "required": True}
    ends = ({"name": "source", "role": "input", **source}, {**OUT, "reach": {"kind": "stdout"}})
    folder = save_part(project, *ends)
    (project.root / "other.txt").write_text("other\n")
    part = {"type": "executable", "path": "lib/flow.nbflow"}
    changed = {**part, "arguments": {"word": {"value": "new"}}}
    project.nodes = {"a": part, "b": changed, "rows": {"type": "dataset", "path": "other.txt"}}
    project.script("last", 'cat "$SOURCE"\n', *ends)
    project.arrow("rows", "b", "data", "rows")
    project.arrow("b", "last", "upper.out")
    detail = project.run()
    ran = ("a.add", "a.upper", "b.add", "b.upper", "last")
    assert states(detail) == dict.fromkeys(ran, "succeeded")
    assert project.bytes_of(detail, "a.upper", "out") == b"OWN\nUSUAL\n"
    assert project.bytes_of(detail, "last", "out") == b"OTHER\nNEW\n"
    selected = project.run(scope="selected", nodes=["a"])
    assert {task.node: task.cached for task in selected.tasks} == {"a.add": True, "a.upper": True}
    text = (project.root / "flow.nbflow").read_text()
    view = project.yard.services.workflows.check(ADA, CheckWorkflow("flow.nbflow", text))
    assert not view.problems
    ports = {(port.role, port.name) for port in view.nodes["a"].arguments}
    outputs = {("output", "add.out"), ("output", "upper.out")}
    assert ports == {("value", "word"), ("input", "rows"), *outputs}
    (folder / "upper.sh").unlink()
    view = project.yard.services.workflows.check(ADA, CheckWorkflow("flow.nbflow", text))
    assert {problem.node for problem in view.problems} == {"a", "b"}


def test_failing_cell_fails_its_task_and_skips_later_nodes(project: Project) -> None:
    """The partial notebook, the cell and the error are shown."""
    source = project.notebook(
        "broken", "output_csv = 'a.csv'", "print('so far')", "1 / 0", "print('never')"
    )
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    project.script("after", "true\n", option("source", role="input"))
    project.arrow("broken", "after", "output_csv")
    detail = project.run()
    assert states(detail) == {"broken": "failed", "after": "skipped"}
    failure = detail.tasks[0].failure
    assert failure is not None
    assert (failure.kind, failure.cell, failure.error_name) == ("error", 2, "ZeroDivisionError")
    assert failure.executed_cell == 3, "the values that were put in are a cell too"
    assert "division by zero" in failure.message and "Traceback" in failure.traceback
    assert [one.name for one in detail.tasks[0].artifacts] == ["executed.ipynb"]
    kept = json.loads(project.bytes_of(detail, "broken", "executed.ipynb"))
    assert "so far" in json.dumps(kept) and "never" in kept["cells"][-1]["source"]
    assert hashlib.sha256(source.read_bytes()).hexdigest() == digest


def test_exit_code_fails_the_task_with_the_last_log_lines(project: Project) -> None:
    project.script("three", "echo going down; exit 3\n")
    detail = project.run()
    failure = detail.tasks[0].failure
    assert failure is not None
    assert (failure.kind, failure.exit_code) == ("exit-code", 3)
    assert failure.exit_code == 3 and "going down" in failure.message
    assert "going down" in failure.traceback


def test_cancel_leaves_no_process(project: Project) -> None:
    """Soon, including processes that ignore signals or left their session."""
    project.script(
        "stubborn", "trap '' TERM INT\n(setsid sleep 1000 &)\necho ready\nsleep 1001\nsleep 1002\n"
    )
    project.script("after", "true\n")
    project.nodes["after"]["cpu"] = 2
    run = project.start()
    project.until_logged(run, "stubborn", "ready")
    project.yard.services.runs.cancel(ADA, run)
    project.dispatching.until(project.alive, lambda left: not left, CANCEL_SECONDS)
    detail = project.end(run)
    assert detail.run.state == "cancelled"
    assert project.task(run, "stubborn").state == "cancelled"
    assert detail.tasks[0].artifacts == []


def test_timeout_stops_the_task(project: Project) -> None:
    project.script("slow", "sleep 1000\n", timeout_seconds=0.5)
    failure = project.run().tasks[0].failure
    assert failure is not None and failure.kind == "timeout" and "0.5 s" in failure.message


def test_memory_limit_fails_the_task(project: Project) -> None:
    """The reason is shown."""
    body = "x=$(head -c 200000000 /dev/zero | tr '\\0' x); sleep 1000\n"
    project.script("big", body, memory_bytes=50_000_000)
    failure = project.run().tasks[0].failure
    assert failure is not None and failure.kind == "memory"


def test_work_knows_the_run_that_it_belongs_to(project: Project) -> None:
    """From environment variables, and from parameters of a notebook that has them."""
    told = '"$NBYARD_RUN_ID/$NBYARD_NODE_ID/$NBYARD_RUN_NAME"'
    body = f"echo {told}; env | grep -c JPY_ || true; echo $NBYARD_SCHEDULED_AT\n"
    project.script("who", body)
    names = ("nbyard_run_id", "nbyard_node_id", "nbyard_workflow", "nbyard_scheduled_at")
    parameters = "\n".join(f"{name} = ''" for name in names)
    project.notebook("me", parameters, f"print({', '.join(names)}, sep='|')")
    detail = project.run(name="nightly")
    lines = project.log(detail.run.id, "who").splitlines()
    assert lines[0] == f"{detail.run.id}/who/nightly"
    scheduled = datetime.fromisoformat(lines[-1])
    assert scheduled == detail.run.created_at.replace(microsecond=0) and lines[-1].endswith("Z")
    shown = f"{detail.run.id}|me|{detail.run.title}|{lines[-1]}"
    assert shown in project.log(detail.run.id, "me")
    again = project.run()
    assert all(task.cached for task in again.tasks), "who asks is no part of the key"


def test_work_sees_only_its_granted_gpus(project: Project) -> None:
    """Work without a grant sees none."""
    for name, gpu in (("two", 2), ("none", None)):
        project.script(name, 'echo "[$CUDA_VISIBLE_DEVICES]"', gpu=gpu)
    detail = project.run()
    assert states(detail) == {"two": "succeeded", "none": "succeeded"}
    granted = project.task(detail.run.id, "two").attempts[0].gpus
    assert sorted(granted) == ["GPU-a", "GPU-b"]
    assert f"[{','.join(granted)}]" in project.log(detail.run.id, "two")
    assert "[]" in project.log(detail.run.id, "none")


WATCH = """#!/bin/sh
case "$*" in
*--id=GPU-a*) while echo "GPU-a, 41, 512"; do sleep 0.1; done ;;
esac
"""
LOOKED_AT = 'until grep -q GPU-a "$NBYARD_ATTEMPT/usage.jsonl"; do sleep 0.05; done'


def install_driver_stub(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a stub of the driver's tool, in which GPU-a is always equally busy."""
    (folder / "bin").mkdir()
    (folder / "bin" / "nvidia-smi").write_text(WATCH)
    (folder / "bin" / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder / "bin"), prepend=os.pathsep)


@pytest.fixture
def _driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_driver_stub(tmp_path, monkeypatch)


def assert_gpu_usage(project: Project, run: str, node: str) -> None:
    """Check the recorded usage of the only GPU."""
    used = project.yard.services.runs.usage(ADA, run, node).gpus
    assert list(used) == ["GPU-a"]
    assert {point for point in used["GPU-a"].percent if point is not None} == {41}
    assert 512 * 2**20 in used["GPU-a"].memory_bytes


@pytest.mark.usefixtures("_driver")
def test_usage_of_granted_gpus_is_recorded(project: Project) -> None:
    """Over time, for the GPUs of the attempt only."""
    project.script("busy", LOOKED_AT, gpu=1)
    detail = project.run()
    assert states(detail) == {"busy": "succeeded"}
    assert detail.tasks[0].attempts[0].gpus == ["GPU-a"]
    assert_gpu_usage(project, detail.run.id, "busy")


def test_killed_kernel_is_retried(project: Project, tmp_path: Path) -> None:
    """Lost, with its reason; the second attempt succeeds."""
    once = tmp_path / "once"
    project.notebook(
        "unlucky",
        "x = 1",
        f"import os, pathlib, signal\np = pathlib.Path({str(once)!r})\n"
        "if not p.exists():\n    p.touch()\n    os.kill(os.getpid(), signal.SIGKILL)",
    )
    detail = project.run()
    assert detail.run.state == "succeeded"
    assert [one.state for one in detail.tasks[0].attempts] == ["lost", "succeeded"]
    assert "signal 9" in detail.tasks[0].attempts[0].why
    folder = Path(detail.tasks[0].attempts[0].folder)
    assert (folder / "log").exists() and not (folder / "code").exists()


@pytest.mark.leaves_running  # the parent that watched over it
def test_running_task_continues_without_a_dispatcher(project: Project, tmp_path: Path) -> None:
    """SIGTERM of the dispatcher stops no work; the next one fetches the result."""
    gate = tmp_path / "gate"
    body = f'echo ready\nuntil [ -e {gate} ]; do sleep 0.05; done\necho done > "$OUT"\n'
    reach = {"kind": "variable", "variable": "OUT"}
    project.script("patient", body, {**OUT, "reach": reach})
    run = project.start()
    project.until_logged(run, "patient", "ready")
    project.dispatching.__exit__()
    gate.touch()
    with Dispatching(project.yard.settings) as project.dispatching:
        detail = project.end(run)
    assert detail.run.state == "succeeded"
    assert len(detail.tasks[0].attempts) == 1
    assert project.bytes_of(detail, "patient", "out") == b"done\n"


def test_relative_paths_reach_files_beside_a_notebook(project: Project) -> None:
    """Without a project file, as when the notebook runs by hand."""
    for name in ("data", "lib"):
        (project.root / name).mkdir()
    (project.root / "data/iris.csv").write_text("a,b\n")
    (project.root / "lib/util.py").write_text("V = 7\n")
    project.notebook(
        "here",
        "import os, sys\nsys.path.insert(0, 'lib')\nimport util",
        "print(util.V, os.listdir('data'), open('data/iris.csv').read())",
    )
    detail = project.run()
    assert project.log(detail.run.id, "here") == "7 ['iris.csv'] a,b\n\n"


def test_large_data_beside_a_notebook_is_read_in_place(project: Project) -> None:
    """Larger than the limit for containers. The attempt cannot write to it."""
    project.yard.context.settings.max_bundle_bytes = 20 << 20
    (project.root / "data").mkdir()
    with (project.root / "data/big.bin").open("wb") as file:
        file.truncate(21 << 20)
    body = (
        "import os\nname = 'data/big.bin'\nprint(os.stat(name).st_size, oct(os.stat(name).st_mode))"
    )
    project.notebook("large", body)
    detail = project.run()
    assert project.log(detail.run.id, "large") == f"{21 << 20} 0o100444\n"
    with pytest.raises(Invalid, match=r"`max_bundle_bytes`; largest: data/big\.bin"):
        project.start(runtime="docker")


@pytest.mark.parametrize(
    ("code", "path", "why"),
    [
        (
            "open('build/x.csv')",
            "build/x.csv",
            "the rule build excludes it. Add the line !build to",
        ),
        ("import build.x", "build/x.py", "build/x.py is next to bad.ipynb"),
        ("open('linked/x.csv')", "linked/x.csv", "linked is a link. Copy the files there"),
        ("open('d' + 'ata/x.csv')", "data/x.csv", "is too large to copy as a whole"),
    ],
)
def test_missing_file_that_was_not_copied_is_named(
    project: Project, tmp_path: Path, code: str, path: str, why: str
) -> None:
    """The message has the reason, and a way out."""
    project.yard.context.settings.max_bundle_bytes = 5000
    project.notebook("bad", code)
    (tmp_path / "elsewhere").mkdir()
    (project.root / "linked").symlink_to(tmp_path / "elsewhere")
    (project.root / path).parent.mkdir(exist_ok=True)
    (project.root / path).write_text("x\n" * 5000)
    failure = next(iter(project.run().tasks)).failure
    assert failure is not None
    assert f"{path} is next to bad.ipynb" in failure.message
    assert why in failure.message


@pytest.mark.parametrize(
    ("code", "name", "why"),
    [
        ("from glob import glob\nprint(glob('raw/*.csv'))", "raw", "raw is a link. Copy the files"),
        (
            "import os\nprint(os.path.exists('data'))",
            "data",
            "the rule data/ excludes it. Add the line",
        ),
        ("from glob import glob\nprint(glob('*.csv'))", "x.csv", "line !x.csv to .nbyardignore"),
        ("from pathlib import Path\nprint(Path('.env').exists())", ".env", "it may hold secrets"),
        ("%cd build\nopen('x')", "build", "the rule build excludes it"),
        ("import subprocess as s\ns.run(['cat', 'build/x'], check=True)", "build/x", "the rule b"),
    ],
)
def test_warning_names_files_that_were_not_found(
    project: Project, code: str, name: str, why: str
) -> None:
    """This also holds if the work succeeds, and if its result is cached."""
    add_files_outside_the_bundle(project.root)
    project.notebook("looks", code)
    for is_cached in (False, True):
        task = next(iter(project.run().tasks))
        assert task.cached == (is_cached and task.failure is None)
        assert task.warning is not None and task.warning.code == "file-did-not-travel"
        words = str(task.warning)
        assert f"{name} is next to looks.ipynb" in words
        assert why in words and words.count("is next to") == 1


@pytest.mark.parametrize(
    "code",
    [
        "x = {'data': 1}['data']\nkind = 'build'",
        "import os\nos.makedirs('build', exist_ok=True)\nopen('build/x', 'w').write('y')",
        "from glob import glob\nprint(glob('fine/*.csv'), glob('*'))",
        "output_csv = 'x.csv'\n\nopen(output_csv, 'w').write('z')",
        "import os\nprint(os.path.exists('../elsewhere'), os.path.exists('data/none'))",
    ],
)
def test_warning_ignores_paths_that_are_not_missing_files(project: Project, code: str) -> None:
    """Words that are not paths, files that the work writes, and files elsewhere or nowhere."""
    add_files_outside_the_bundle(project.root)
    project.notebook("looks", *code.split("\n\n"))
    detail = project.run()
    assert (detail.run.state, detail.tasks[0].warning) == ("succeeded", None)


def test_a_dataset_is_opened_below_resources(project: Project, tmp_path: Path) -> None:
    """The newest version is opened, as beside the notebook in JupyterLab, and never a cached
    result. What the code writes there stays in its copy."""
    links = ResourceLinks(tmp_path / "store/resources", [project.root / "resources"])
    body = """from glob import glob
ID = '01a1f854-162d-7cac-963f-9626a91ed3c9'
print(open(glob(f'resources/{ID}/*.csv')[0]).read(), open('resources/d1/x.csv').read())
print(glob('resources/*'), open('resources/new', 'w').write('x'))"""
    project.notebook("reads", body)
    for text in ("one", "two"):
        for dataset in ("d1", "d2", "01a1f854-162d-7cac-963f-9626a91ed3c9"):
            links.link(dataset, "x.csv", partial(Path.write_text, data=text))
        detail = project.run()
        (task,) = detail.tasks
        assert (task.state, task.cached, task.warning) == ("succeeded", False, None)
        printed = project.log(detail.run.id, "reads")
        assert printed.startswith(f"{text} {text}\n") and "resources/d2" not in printed
        assert task.other_files is not None
        assert [one.path for one in task.other_files.left_out] == ["resources/"]
    assert not (tmp_path / "store/resources/new").exists()


def test_dataset_opened_below_the_variable_is_the_newest_version(
    project: Project, tmp_path: Path
) -> None:
    """The cell of *New Notebook* opens it in this way. The result is never cached."""
    links = ResourceLinks(tmp_path / "store/resources")
    project.notebook(
        "reads", "import os\nprint(open(os.environ['NBYARD_RESOURCES'] + '/d1/x.csv').read())"
    )
    for text in ("one", "two"):
        links.link("d1", "x.csv", partial(Path.write_text, data=text))
        assert project.log(project.run().run.id, "reads") == f"{text}\n"


def test_existing_resources_folder_of_the_project_is_kept(project: Project, tmp_path: Path) -> None:
    """Whether it is copied or left out."""
    ResourceLinks(tmp_path / "store/resources").link("d1", "x.csv", Path.touch)
    (project.root / "resources/d1").mkdir(parents=True)
    (project.root / "resources/d1/mine.csv").touch()
    project.notebook("reads", "from glob import glob\nprint(glob('resources/d1/*'))")
    (project.root / ".nbyardignore").write_text("!resources\n")
    assert project.log(project.run().run.id, "reads") == "['resources/d1/mine.csv']\n"


def add_files_outside_the_bundle(root: Path) -> None:
    """Create files and folders beside the code that its bundle leaves out, and one that it
    contains."""
    for folder in ("build", "data", "fine", "store"):
        (root / folder).mkdir()
        (root / folder / "x").touch()
    for name in ("x.csv", ".env", "fine/y.csv", "store/y.csv"):
        (root / name).touch()
    (root / "raw").symlink_to("store")
    (root / ".gitignore").write_text("data/\n/x.csv\nx.csv\n")


@pytest.mark.parametrize("names", [("one",), ("one", "two")])
def test_the_variable_pwd_is_the_working_folder(
    project: Project, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    """The folder of the command that started the dispatcher does not count, in a new and in a
    warm kernel."""
    monkeypatch.setenv("PWD", str(project.root))
    monkeypatch.setenv("OLDPWD", str(project.root))
    body = "import os\nprint(os.environ['PWD'] == os.getcwd(), 'OLDPWD' in os.environ)"
    for name in names:
        project.notebook(name, body)
    (project.root / "plain.py").write_text(body)
    project.nodes["plain"] = {"type": "executable", "path": "plain.py"}
    detail = project.run()
    assert {project.log(detail.run.id, one) for one in (*names, "plain")} == {"True False\n"}


@pytest.mark.parametrize(
    ("code", "path"),
    [
        ("open('../data/t.csv')", "data/t.csv"),
        ("import os\nos.chdir('..')\nopen('data/t.csv')", "data/t.csv"),
        ("from pathlib import Path\n(Path().resolve().parent / 'data/t.csv').open()", "data/t.csv"),
        ("import sys\nsys.path.append('../src')\nimport mine", "src/mine.py"),
    ],
)
def test_missing_file_above_the_code_folder_is_named(
    project: Project, code: str, path: str
) -> None:
    """The message names the file that makes one project of both folders.

    No package is suggested for a module."""
    (project.root / "notebooks").mkdir()
    (project.root / path).parent.mkdir()
    (project.root / path).write_text("")
    project.notebook("notebooks/bad", code)
    project.nodes["bad"] = project.nodes.pop("notebooks/bad")
    task = next(iter(project.run().tasks))
    assert task.failure is not None and task.missing is None
    assert f"{project.root / path} was not copied" in task.failure.message
    assert f"nbyard.toml in {project.root}" in task.failure.message
    (project.root / "nbyard.toml").touch()
    assert project.run().run.state == "succeeded"
