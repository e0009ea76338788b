"""Notebooks, scripts and functions run in the version of an environment that was fixed
when the run was created. Real installations and kernels."""

import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.wheels import Wheels, project

from nbyard.blobs import open_download
from nbyard.domain.automations.structs import AutomaticRun, Fire, NewAutomation
from nbyard.domain.automations.times.structs import Phrase
from nbyard.domain.callers import Caller
from nbyard.domain.environments.structs import Environment, EnvironmentChange, NewEnvironment
from nbyard.domain.executables.structs import NewExecutable, Resources
from nbyard.domain.projects.definitions import FILE, ProjectPush, read_definition
from nbyard.domain.runs.previews.estimates import ForecastRequest
from nbyard.domain.runs.structs import NewRun, RunDetail
from nbyard.errors import Invalid, NbyardError
from nbyard.reasons.structs import Reason, because
from nbyard.settings import Settings
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.transfer.project_folders import SelectedFile, pack_files
from nbyard.yard import Yard

from ..notebooks import notebook

ADA = Caller("ada")
ENDED = ("succeeded", "failed", "cancelled")
Change = Callable[[str], Environment]


class Ground:
    """A yard with a running dispatcher, and an environment `cows` with `cow` 1.0."""

    def __init__(self, yard: Yard, root: Path, dispatcher: Dispatching):
        self.yard, self.root, self.dispatcher = yard, root, dispatcher
        self.environments = yard.services.environments
        self.ready(self.environments.create(ADA, NewEnvironment("cows", "cow==1.0")))

    def ready(self, made: Environment) -> Environment:
        return self.dispatcher.until(
            lambda: self.environments.get(ADA, made.id),
            lambda found: found.current.state in ("ready", "failed"),
        )

    def change(self, lines: str) -> Environment:
        return self.ready(self.environments.change(ADA, "cows", EnvironmentChange(add=lines)))

    def notebook(self, code: str, kernel: str = "python3") -> None:
        (self.root / "n.ipynb").write_text(notebook(code, kernel=kernel))

    def run(self, **wish: Any) -> RunDetail:
        return self.end(self.yard.services.runs.create(ADA, NewRun(**wish)).id)

    def end(self, run: str) -> RunDetail:
        return self.dispatcher.until(
            lambda: self.yard.services.runs.get(ADA, run),
            lambda found: found.run.state in ENDED,
        )

    def log(self, run: RunDetail) -> str:
        return self.yard.services.runs.log(ADA, run.run.id, run.tasks[0].node).text.strip()

    def printed(self, run: RunDetail) -> str:
        notebook = self.yard.services.runs.cells(ADA, run.run.id, run.tasks[0].node).notebook
        assert notebook is not None
        return "".join(out.get("text", "") for out in notebook["cells"][-1]["outputs"]).strip()


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wheels: Wheels) -> Iterator[Ground]:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    (wheels.folder / "ipykernel-6.30.0-py3-none-any.whl").unlink()
    wheels.take("ipykernel")
    for version in ("1.0", "2.0"):
        wheels.add("cow", version)
    root = tmp_path / "root"
    root.mkdir()
    settings = Settings(
        store_dir=str(tmp_path / "store"),
        slots=2,
        ready_kernels=2,
        allowed_package_sources=[f"file://{tmp_path}/code"],
    )
    with Dispatching(settings) as dispatcher, Yard.open(settings, root, root) as yard:
        yield Ground(yard, root, dispatcher)


def test_notebook_runs_in_the_frozen_version(ground: Ground) -> None:
    """Chosen by the environment's kernel or by name in the shell; one lock gives one cache key."""
    ground.notebook("import cow; print(cow.version)")
    first = ground.run(path="n.ipynb", environment="cows")
    task = first.tasks[0]
    assert task.failure is None
    assert (first.run.state, ground.printed(first), task.warning) == ("succeeded", "1.0", None)
    version = ground.environments.get(ADA, "cows").current
    assert task.environment is not None
    assert (task.environment.shown, task.environment.digest) == ("cows version 1", version.digest)
    record = ground.yard.services.runs.surroundings(ADA, first.run.id, task.node)
    assert record.environment == task.environment
    assert record.interpreter == f"{version.place}/bin/python"

    again = ground.run(path="n.ipynb", environment="cows")
    assert again.tasks[0].cached
    ground.change("cow==2.0")
    second = ground.run(path="n.ipynb", environment="cows")
    assert ground.printed(second) == "2.0"
    words = "the environment cows changed from version 1 to 2: it has cow 2.0 instead of 1.0"
    assert second.tasks[0].why == f"runs because {words}"
    pinned = ground.run(path="n.ipynb", environment="cows@1")
    assert pinned.tasks[0].cached and pinned.tasks[0].environment is not None
    assert pinned.tasks[0].environment.pinned

    ground.notebook("import cow; print(cow.version, 'kernel')", "nbyard-cows")
    by_kernel = ground.run(path="n.ipynb")
    assert ground.printed(by_kernel) == "2.0 kernel"
    assert by_kernel.tasks[0].environment is not None
    assert by_kernel.tasks[0].environment.number == 2


@pytest.mark.long
def test_schedule_keeps_the_version_that_it_names(ground: Ground) -> None:
    """An automation without a version follows the newest one.

    The record of each run has version and lock."""
    (ground.root / "s.py").write_text("import cow; print(cow.version)")
    automations = ground.yard.services.automations
    for name in ("cows@1", "cows"):
        run = AutomaticRun(path="s.py", environment=name)
        automations.create(ADA, NewAutomation(run, Phrase("daily at 6"), name.replace("@", " ")))
    first = ground.environments.get(ADA, "cows").current
    second = ground.change("cow==2.0").current
    for name, version, printed in (("cows 1", first, "1.0"), ("cows", second, "2.0")):
        ended = ground.end(automations.fire(ADA, name, Fire()).run_id)
        used = ended.tasks[0].environment
        assert used is not None and ground.log(ended) == printed
        assert (used.version_id, used.digest) == (version.id, version.digest)


@pytest.mark.long
def test_the_files_of_a_project_share_an_environment(ground: Ground) -> None:
    """A push creates it, the project lists it, and all files run in one version."""
    code = b"import cow; print(cow.version)"
    toml = b"""[project]
name = "farm"
[environments.herd]
requirements = ["cow==1.0"]
[schedules.script]
path = "s.py"
when = "daily at 6"
environment = "herd"
[schedules.notebook]
path = "n.ipynb"
when = "daily at 7"
environment = "herd"
"""
    contents = {FILE: toml, "s.py": code, "n.ipynb": notebook(code.decode()).encode()}
    files = {path: SelectedFile(content) for path, content in contents.items()}
    packed = pack_files(files, contents)
    services, uploads = ground.yard.services, ground.yard.context.uploads
    archive = uploads.create(ADA.name, "project.zip", len(packed))
    uploads.append(ADA.name, archive.id, 0, [packed])
    described = {path: one.described for path, one in files.items()}
    push = ProjectPush(read_definition(toml), described, archive.id)
    with pytest.raises(Invalid, match="not installed yet"):
        services.projects.push(ADA, push)
    version = ground.ready(ground.environments.get(ADA, "herd")).current
    services.projects.push(ADA, push)
    assert [one.name for one in ground.environments.list(ADA, project="farm").items] == ["herd"]
    ended = [
        ground.end(services.automations.fire(ADA, name, Fire()).run_id)
        for name in ("script", "notebook")
    ]
    assert [ground.log(ended[0]), ground.printed(ended[1])] == ["1.0", "1.0"]
    for run in ended:
        used = run.tasks[0].environment
        assert used is not None
        assert (used.version_id, used.digest) == (version.id, version.digest)


@pytest.mark.long
def test_forecast_reads_the_environment_and_writes_nothing(ground: Ground) -> None:
    """This also holds before the first run, which writes the kernel of the version."""
    ground.notebook("import cow; print(cow.version)")
    body = ForecastRequest(path="n.ipynb", environment="cows")
    kernel = Path(ground.environments.get(ADA, "cows").current.place, "kernel")
    forecast = ground.yard.services.runs.forecast
    assert [one.state for one in forecast(ADA, body).nodes] == ["stale"]
    assert not kernel.exists()
    ground.run(path="n.ipynb", environment="cows")
    assert (kernel / "kernel.json").exists()
    assert [one.state for one in forecast(ADA, body).nodes] == ["cached"]


@pytest.mark.long
def test_ready_kernels_serve_only_their_environment_version(ground: Ground) -> None:
    """No other kernel serves that version."""
    own = ground.environments.get(ADA, "cows").current.place
    code = "import sys; print(sys.prefix)"
    places: dict[str, set[str]] = {}
    for turn in range(3):
        for environment in ("", "cows"):
            ground.notebook(f"{code} # {turn}{environment}")
            run = ground.run(path="n.ipynb", environment=environment)
            places.setdefault(environment, set()).add(ground.printed(run))
    assert places["cows"] == {own}
    assert own not in places[""] and len(places[""]) == 1


@pytest.mark.long
def test_scripts_and_functions_run_in_the_environment(ground: Ground) -> None:
    """Their child processes find programs of the environment first."""
    (ground.root / "s.py").write_text(
        "import cow, shutil; print(cow.version, shutil.which('python'))"
    )
    (ground.root / "f.py").write_text(
        "import cow\n\ndef say(n: int = 1):\n    print(cow.version)\n"
    )
    (ground.root / "t.sh").write_text("python -c 'import cow; print(cow.version)'\n")
    place = ground.environments.get(ADA, "cows").current.place
    for path, printed in (
        ("s.py", f"1.0 {place}/bin/python"), ("f.py::say", "1.0"), ("t.sh", "1.0"),
    ):  # fmt: skip
        run = ground.run(path=path, environment="cows")
        assert (run.run.state, ground.log(run)) == ("succeeded", printed), path


def test_executable_can_name_its_environment(ground: Ground) -> None:
    """In the file beside its code, which is copied with it. A node can override it."""
    executables = ground.yard.services.executables
    (ground.root / "s.py").write_text("import cow; print(cow.version)")
    for name, words in (("cow", "no environment 'cow'"), ("cows@7", "has no version 7")):
        with pytest.raises(Invalid, match=words) as refused:
            executables.create(ADA, NewExecutable("s.py", resources=Resources(environment=name)))
        assert refused.value.details[0].path == "resources.environment"
    made = executables.create(ADA, NewExecutable("s.py", resources=Resources(environment="cows")))
    assert ground.log(ground.run(executable=made.id)) == "1.0"
    ground.change("cow==2.0")
    nodes = {
        name: {"type": "executable", "path": "s.py", **more}
        for name, more in {"own": {}, "old": {"environment": "cows@1"}}.items()
    }
    flow = {"version": 1, "nodes": nodes}
    (ground.root / "flow.nbflow").write_text(json.dumps(flow))
    run = ground.run(path="flow.nbflow")
    used = {task.node: task.environment.number for task in run.tasks if task.environment}
    assert used == {"own": 2, "old": 1}
    nodes["old"]["environment"] = "none"
    (ground.root / "flow.nbflow").write_text(json.dumps(flow))
    with pytest.raises(NbyardError, match=r"old: environment: .* 'none'"):
        ground.run(path="flow.nbflow")


@pytest.mark.long
def test_version_with_a_missing_folder_is_installed_again(ground: Ground) -> None:
    """From its lock."""
    ground.notebook("import cow; print(cow.version)")
    place = ground.environments.get(ADA, "cows").current.place
    shutil.rmtree(place)
    run = ground.run(path="n.ipynb", environment="cows")
    assert (ground.printed(run), run.tasks[0].warning) == ("1.0", None)
    assert ground.environments.get(ADA, "cows").current.place != place


@pytest.mark.long
def test_manual_changes_of_an_environment_are_reported(ground: Ground) -> None:
    """Packages that are installed there but not in the lock."""
    (ground.root / "s.py").write_text("print(1)")
    place = Path(ground.environments.get(ADA, "cows").current.place)
    first = ground.run(path="s.py", environment="cows")
    (site,) = place.glob("lib/python3*/site-packages")
    (site / "calf-3.0.dist-info").mkdir()
    (site / "calf-3.0.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: calf\nVersion: 3.0\n"
    )
    run = ground.run(path="s.py", environment="cows")
    assert first.tasks[0].warning is None and not run.tasks[0].cached
    beside = because("packages-beside-lock", packages=["calf 3.0"])
    assert run.tasks[0].warning == because(
        "lock-differs", environment="cows", number=1, differences=[beside]
    )


def crate_of(ground: Ground, run: str) -> dict[str, bytes]:
    """Return the files of the crate of a run."""
    yard = ground.yard
    opened, _ = open_download(yard.context.blobs, yard.services.runs.crate(ADA, run))
    with opened, zipfile.ZipFile(opened) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.long
def test_local_folder_is_used_in_place_and_its_changes_are_reported(
    ground: Ground, tmp_path: Path
) -> None:
    """The current code runs.

    Results of other code are not reused; after a revert, the first one is."""
    folder = project(tmp_path / "code/calf", "calf", "0.1", ["cow>=2"])
    made = ground.change(f"-e {folder}\ncow")
    assert made.current.state == "ready", made.current.reason
    packages = {one.name: one for one in made.current.packages}
    calf, cow = packages["calf"], packages["cow"]
    assert (calf.name, calf.version, calf.folder) == ("calf", "0.1", f"file://{folder}")
    assert cow.version == "2.0" and cow.hashes
    (ground.root / "s.py").write_text("import calf, cow; print(calf.version, cow.version)")

    def ran() -> tuple[str, bool, Reason | None]:
        run = ground.run(path="s.py", environment="cows")
        return ground.log(run), run.tasks[0].cached, run.tasks[0].warning

    differences = [because("locked-folder-changed", path=str(folder))]
    changed = because("lock-differs", environment="cows", number=2, differences=differences)
    assert ran() == ("0.1 2.0", False, None)
    for version in ("0.2", "0.3.0"):  # compiled code is known by the size, and the second
        (folder / "calf.py").write_text(f"version = {version!r}")
        assert ran() == (f"{version} 2.0", False, changed)
    (folder / "calf.py").write_text("version = '0.1'\n")
    assert ran() == ("0.1 2.0", True, None)
    files = crate_of(ground, ground.yard.services.runs.list(ADA).items[0].id)
    lock = files["environments/cows-v2.txt"].decode()
    assert "# calf==0.1, used in place\n" in lock and "\ncow==2.0 --hash=sha256:" in f"\n{lock}"
    assert not [name for name, content in files.items() if str(tmp_path).encode() in content]
    (folder / "calf.py").write_text("version = '0.4.00'")
    assert ground.change(f"-e {folder}").current.digest != made.current.digest
    assert ran() == ("0.4.00 2.0", False, None)


@pytest.mark.long
def test_missing_module_can_be_added_and_the_run_retried(ground: Ground, wheels: Wheels) -> None:
    """The failed task runs again in the newest version, also if the run had no environment."""
    wheels.add("calf", "1.0")
    (ground.root / "s.py").write_text("import calf; print(calf.version)")
    runs = ground.yard.services.runs
    for environment in ("cows", ""):
        failed = ground.run(path="s.py", environment=environment, force=True)
        missing = failed.tasks[0].missing
        assert missing is not None
        assert (missing.module, missing.packages) == ("calf", ["calf"])
        assert missing.environment == environment
        if environment:
            ground.change("\n".join(missing.packages))
        made = runs.retry(ADA, failed.run.id, environment="cows")
        ended = ground.end(made.id)
        used = ended.tasks[0].environment
        assert ended.run.state == "succeeded" and used is not None and used.number == 2
