"""`%nbyard` and `%%nbyard` in a notebook."""

import json
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

import nbyard
from nbyard.domain.automations.structs import (
    AutomaticRun,
    AutomationPatch,
    NewAutomation,
    OnNotebook,
)
from nbyard.domain.callers import Caller
from nbyard.domain.datasets.structs import FileSource, NewDataset
from nbyard.domain.deployments.structs import Deployed, DeploymentChange, NewDeployment
from nbyard.domain.doctor import Check
from nbyard.domain.models.structs import NewModel
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Unavailable
from nbyard.magics.magic_verbs import deploy, notebook_path
from nbyard.magics.results import OPENS, Shown, link_to
from nbyard.reasons.structs import because
from nbyard.rest.identity import local_name
from nbyard.yard import Yard

pytestmark = pytest.mark.slow

FUNCTION = """from pathlib import Path

def count(table: Path, more: int = 1) -> dict:
    return {"lines": len(table.read_text().splitlines()) + more}
"""
SCRIPT = """import nbyard
rate = nbyard.input("rate", 0.5)
nbyard.output("double", rate * 2)
"""


@pytest.fixture
def shell(yard: Yard, monkeypatch, tmp_path):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("NBYARD_ATTEMPT", raising=False)
    for name, value in yard.settings.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(yard.context.files.root)
    made = InteractiveShell()
    nbyard.load_ipython_extension(made)
    yield made
    made.history_manager.end_session() if made.history_manager else None


def complete(shell, text):
    with provisionalcompleter():
        return {one.text for one in shell.Completer.completions(text, len(text))}


def test_a_run_returns_its_state_and_outputs(shell, yard, dispatcher):
    (yard.context.files.root / "t.sh").write_text("#!/bin/sh\necho hi\n")
    done = shell.run_line_magic("nbyard", "run t.sh")
    assert done.state == "succeeded"
    assert "main  succeeded" in repr(done)
    assert "<td>main</td><td>succeeded</td>" in done._repr_html_()
    again = shell.run_line_magic("nbyard", f"status {done.detail.run.number}")
    assert repr(again) == repr(done)
    runs = shell.run_line_magic("nbyard", "runs")
    (listed,) = runs.rows
    assert listed[:3] == ["1", "succeeded", "t"]
    told = f'data-commandlinker-args="{{&quot;id&quot;:&quot;{done.detail.run.id}&quot;}}"'
    opens = f'<a href="#nbyard" data-commandlinker-command="nbyard:show-run" {told}>'
    assert f"<td>{opens}1</a></td><td>succeeded</td>" in runs._repr_html_()
    assert f"<p>{opens}Run 1 succeeded.</a></p>" in done._repr_html_()


def test_a_check_run_is_not_in_the_history(shell, yard, dispatcher):
    (yard.context.files.root / "t.sh").write_text("#!/bin/sh\necho hi\n")
    done = shell.run_line_magic("nbyard", "check t.sh")
    assert done.state == "succeeded" and "Check run succeeded." in repr(done)
    assert repr(shell.run_line_magic("nbyard", "runs")) == "There are no runs."


@pytest.mark.parametrize("noun", list(OPENS))
def test_a_named_run_opens_in_the_panel(noun: str) -> None:
    """Nothing of others is markup, in an id neither."""
    thing = type("Thing", (), {"id": '"<a>', "run_id": '"<b>'})
    found = link_to(noun, thing)
    assert OPENS[noun][0] in found and "<" not in found and found.count('"') == 6


@pytest.mark.parametrize("noun", ["runs", "datasets", "executables", "artifacts", "workflows"])
def test_lists_are_shown(shell, noun):
    assert repr(shell.run_line_magic("nbyard", noun)) == f"There are no {noun}."


def test_a_dataset_returns_its_path(shell, yard, dispatcher, monkeypatch, tmp_path):
    """From any folder. The path opens the current version, a file or a folder."""
    root, datasets, me = yard.context.files.root, yard.services.datasets, Caller(local_name())
    (root / "birds.csv").write_text("x\n1\n")
    (root / "pictures").mkdir()
    (root / "pictures/a.txt").write_text("a")
    monkeypatch.chdir(tmp_path)
    for source, inside, content in (("birds.csv", "", "x\n1\n"), ("pictures", "a.txt", "a")):
        made = datasets.create(me, NewDataset(FileSource(source), "mine", replace=True))
        dispatcher.until(lambda: datasets.get(me, "mine"), lambda d: d.current.state == "ready")
        path = Path(shell.run_line_magic("nbyard", "dataset mine"))
        assert path.is_absolute() and made.id in path.parts
        assert (path / inside).read_text() == content


@pytest.mark.parametrize(
    "line",
    ["nonsense", "run", "dataset", "dataset a b", "run t.sh -p", "run t.sh -p x", "run 'a",
     "run none.sh", "dataset none", "run t.sh -p unknown=1", "runs 3", "status none"],
)  # fmt: skip
def test_refusals_are_usage_errors(shell, yard, line):
    (yard.context.files.root / "t.sh").write_text("#!/bin/sh\necho hi\n")
    with pytest.raises(UsageError):
        shell.run_line_magic("nbyard", line)


def test_a_cell_with_a_function_is_an_executable(shell, yard, dispatcher):
    """Only other code creates version 2. The function can be called in the notebook."""
    first = shell.run_cell_magic("nbyard", "executable count", FUNCTION)
    assert first.executable.current.number == 1 and shell.user_ns["count"]
    assert [row[:3] for row in first.rows] == [
        ["table", "input", "any file"], ["more", "value", "int"], ["result", "output", "json"],
    ]  # fmt: skip
    (yard.context.files.root / "other.txt").write_text("a\nb\n")
    assert shell.run_cell_magic("nbyard", "executable", FUNCTION).executable.current.number == 1
    second = shell.run_cell_magic("nbyard", "executable count", FUNCTION.replace("= 1", "= 2"))
    assert second.executable.current.number == 2
    assert second.executable.id == first.executable.id
    done = shell.run_line_magic("nbyard", "run count.py::count -p table=other.txt")
    assert Path(done.outputs["main.result"]).read_text() == '{"lines": 4}'


def test_other_cells_are_scripts_with_their_handoff_values(shell, yard, dispatcher):
    made = shell.run_cell_magic("nbyard", "executable scale", SCRIPT)
    assert made.executable.current.kind == "command" and "double" not in shell.user_ns
    assert [row[:2] for row in made.rows] == [["rate", "value"], ["double", "output"]]
    done = shell.run_line_magic("nbyard", "run scale --sweep rate=4,5")
    rows = map(json.loads, Path(done.outputs["main.@all"]).read_text().splitlines())
    elements = [done.outputs[f"main.{row['key']}.double"] for row in rows]
    assert [Path(path).read_text() for path in elements] == ["8.0", "10.0"]


def test_a_marked_function_of_a_cell_is_an_executable(shell, yard, capsys, monkeypatch):
    """In a run, it is a plain function."""
    marked = "import nbyard\n\n" + FUNCTION.replace("def", "@nbyard.executable\ndef")
    monkeypatch.setenv("NBYARD_ATTEMPT", "/somewhere")
    shell.run_cell(marked)
    assert not (yard.context.files.root / "count.py").exists()
    monkeypatch.delenv("NBYARD_ATTEMPT")
    shell.run_cell(marked)
    assert "count.py::count" in capsys.readouterr().out
    assert "count" in repr(shell.run_line_magic("nbyard", "executables"))


def test_names_of_other_cells_are_reported(shell):
    cell = "def f(n: int) -> float:\n    return np.sqrt(n) + len(other)\n"
    made = shell.run_cell_magic("nbyard", "executable f", cell)
    assert made.head.endswith("neither imports nor defines.")


@pytest.mark.parametrize(
    ("line", "cell", "words"),
    [
        ("executable", "x = 1", "is no name for a cell"),
        ("executable a-b", "x = 1", "is no name for a cell"),
        ("executable taken", "x = 1", "taken.py is there and is no cell's"),
        ("executable f", "def f(:", "line 1: "),
        ("executable f", "def f():\n    yield 1", "f is a generator"),
        ("nonsense f", "x = 1", "%%nbyard executable NAME"),
        ("executable f g", "x = 1", "%%nbyard executable NAME"),
    ],
)
def test_an_invalid_executable_is_refused_and_not_stored(shell, yard, line, cell, words):
    (yard.context.files.root / "taken.py").write_text("mine")
    with pytest.raises(UsageError, match=words):
        shell.run_cell_magic("nbyard", line, cell)
    assert sorted(path.name for path in yard.context.files.root.glob("*.py")) == ["taken.py"]
    assert (yard.context.files.root / "taken.py").read_text() == "mine"


def test_output_is_escaped():
    shown = Shown("<script>", ["<b>"], [["<img src=x onerror=alert(1)>", None]])
    told = shown._repr_html_()
    assert "<script>" not in told and "<img" not in told and "<b>" not in told
    assert "&lt;img src=x" in told


def test_arguments_are_completed(shell, yard):
    (yard.context.files.root / "train.ipynb").write_text("{}")
    shell.run_cell_magic("nbyard", "executable count", FUNCTION)
    assert {"run", "runs"} <= complete(shell, "%nbyard ru")
    assert "executable" in complete(shell, "%%nbyard exe")
    assert "train.ipynb" in complete(shell, "%nbyard run tr")
    assert "count" in complete(shell, "%nbyard run cou")
    assert "dataset" in complete(shell, "%nbyard data")


def test_causes_of_a_difference_are_shown(shell, yard, dispatcher):
    """The table is for all results, or for one metric or output."""
    root = yard.context.files.root
    (root / "m.py").write_text(
        "import nbyard\nnbyard.log_metric('score', nbyard.input('rate', 0.5))\n"
    )
    for rate in ("0.5", "0.75"):
        shell.run_line_magic("nbyard", f"run m.py -p rate={rate}")
    for result in ("", "main.score"):
        found = shell.run_line_magic("nbyard", f"why 1 2 {result}")
        assert repr(found).splitlines()[0].endswith("differ in main.score.")
        assert "changed 0.5 → 0.75" in repr(found)
        assert "nbyard:show-run" in found._repr_html_()
    assert "equal results" in repr(shell.run_line_magic("nbyard", "why 1 1"))
    for wrong, words in (
        ("why", "^Write: %nbyard why OLD NEW"),
        ("why 1", "^Write: %nbyard why OLD NEW"),
        ("why 1 2 main.fog", "Its metrics and outputs are: score"),
        ("why 1 404", "404"),
    ):
        with pytest.raises(UsageError, match=words):
            shell.run_line_magic("nbyard", wrong)


def test_the_origin_of_an_artifact_is_shown(shell, yard, dispatcher):
    (yard.context.files.root / "make.py").write_text(SCRIPT)
    caller = Caller(local_name())
    made = yard.services.runs.create(caller, NewRun(path="make.py", name="hello"))
    get = yard.services.runs.get
    dispatcher.until(lambda: get(caller, made.id), lambda d: d.run.state == "succeeded")
    found = shell.run_line_magic("nbyard", "lineage hello")
    assert repr(found).splitlines()[:3] == [
        "artifact hello.double of main, run 1 (double.json)",
        "comes from:",
        "└─ double: task make.py run 1 rate=0.5",
    ]
    assert found._repr_html_().startswith("<pre>artifact hello.double")
    assert "hello" in complete(shell, "%nbyard lineage ")
    with pytest.raises(UsageError, match="%nbyard lineage"):
        shell.run_line_magic("nbyard", "lineage")


def test_a_notebook_fires_an_automation(shell, yard, dispatcher, monkeypatch):
    """The notebook may be part of a run, which the next run names."""
    (yard.context.files.root / "t.sh").write_text("#!/bin/sh\necho hi\n")
    first = shell.run_line_magic("nbyard", "run t.sh").detail
    caller, service = Caller(local_name()), yard.services.automations
    made = service.create(caller, NewAutomation(AutomaticRun(path="t.sh"), OnNotebook(), name="hi"))
    assert "hi" in complete(shell, "%nbyard fire ")
    monkeypatch.setenv("NBYARD_ATTEMPT_ID", first.tasks[0].attempts[-1].id)
    del shell.magics_manager.registry["NbyardMagics"].connection
    firing = shell.run_line_magic("nbyard", "fire hi")
    found = dispatcher.until(
        lambda: service.get(caller, made.id).recent, lambda recent: bool(recent[0].run_id)
    )
    assert found[0].id == firing
    run = yard.services.runs.get(caller, found[0].run_id).run
    assert run.origin.cause.run_id == first.run.id
    with pytest.raises(UsageError, match="none"):
        shell.run_line_magic("nbyard", "fire none n=1")
    with pytest.raises(UsageError, match="%nbyard fire"):
        shell.run_line_magic("nbyard", "fire hi n")


def test_differences_of_runs_are_shown(shell, yard, dispatcher):
    root = yard.context.files.root
    (root / "m.py").write_text(
        "import nbyard\nfrom pathlib import Path\n"
        "nbyard.input('herd', Path('herd.csv')).read_text()\n"
        "nbyard.log_metric('score', nbyard.input('rate', 0.5))\n"
    )
    for rate in ("0.5", "0.75"):
        (root / "herd.csv").write_text(f"rate\n{rate}\n")
        shell.run_line_magic("nbyard", f"run m.py -p rate={rate} -p herd=herd.csv")
    found = shell.run_line_magic("nbyard", "diff 1 2")
    head, columns, *_ = repr(found).splitlines()
    assert head.endswith("2 differ.")
    assert columns.split() == ["what", "name", "run", "1", "run", "2"]
    (data,) = (row for row in found.rows if row[0] == "input")
    assert data[1] == "main.herd" and data[2] != data[3]
    assert all(cell.endswith(" herd.csv") for cell in data[2:])
    assert {row[0] for row in found.rows} >= {"input", "parameter", "metric", "duration"}
    assert ["parameter", "main.rate", "0.5", "0.75"] in found.rows
    assert ["metric", "main.score", "0.5", "0.75"] in found.rows
    assert "nbyard:show-run" in found._repr_html_()
    assert found.comparison.equal.code == 1
    same = shell.run_line_magic("nbyard", "diff 1 1")
    assert "are equal" in repr(same)
    assert {"1", "2"} <= complete(shell, "%nbyard diff 1 ")
    for wrong in ("diff", "diff 1", "diff 1 404"):
        with pytest.raises(UsageError):
            shell.run_line_magic("nbyard", wrong)


@pytest.fixture
def notebook(yard, monkeypatch):
    path = yard.context.files.root / "report.ipynb"
    cell = {
        "cell_type": "code",
        "source": "n = 1",
        "metadata": {"tags": ["parameters"]},
        "outputs": [],
    }
    document = {"cells": [cell | {"execution_count": None}], "metadata": {}}
    path.write_text(json.dumps(document | {"nbformat": 4, "nbformat_minor": 4}))
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    return path


def test_a_notebook_schedules_itself_once(shell, notebook):
    line = 'schedule "weekdays 8:00" --zone Europe/Berlin --sweep n=1,2'
    made = shell.run_line_magic("nbyard", line)
    assert "08:00 (Europe/Berlin)" in repr(made)
    assert " 08:00  Europe/Berlin" in repr(made)
    assert made.automation.run.path == str(notebook)
    again = shell.run_line_magic("nbyard", "schedule daily at 6 -p n=2")
    assert (made.automation.run.sweep, again.automation.run.sweep) == ({"n": "1,2"}, {})
    assert again.automation.id == made.automation.id
    assert (again.automation.on.text, again.automation.zone) == ("daily at 6", "Europe/Berlin")
    assert again.automation.run.texts == {"n": "2"} and again.automation.run.force


def test_a_schedule_of_a_cell_uses_the_cache_on_request(shell, notebook, yard):
    made = shell.run_line_magic("nbyard", "schedule daily at 6 --use-cache -p n=2")
    assert not made.automation.run.force
    # What somebody sets in the form stays when the cell runs again.
    run = msgspec.structs.replace(made.automation.run, priority=5)
    patch = AutomationPatch(made.automation.revision, run=run)
    yard.services.automations.update(Caller(local_name()), made.automation.id, patch)
    again = shell.run_line_magic("nbyard", "schedule daily at 7").automation
    assert (again.run.priority, again.run.force, again.run.texts) == (5, True, {})


def test_a_file_has_several_schedules_by_name(shell, notebook):
    (notebook.parent / "load.sh").write_text("#!/bin/sh\n")
    for name in ("early", "late"):
        made = shell.run_line_magic("nbyard", f"schedule daily at 6 load.sh --name {name}")
        assert made.automation.name == name and made.automation.run.path.endswith("load.sh")
    with pytest.raises(UsageError, match=r"--name \(late, early\)"):
        shell.run_line_magic("nbyard", "schedule daily at 7 load.sh")
    late = shell.run_line_magic("nbyard", "schedule daily at 9 load.sh --name late")
    assert late.automation.id == made.automation.id
    assert "load.sh" in complete(shell, '%nbyard schedule "daily" lo')


def test_a_run_of_the_notebook_schedules_nothing(shell, notebook, yard, monkeypatch):
    monkeypatch.setenv("NBYARD_ATTEMPT", "x")
    said = shell.run_line_magic("nbyard", "schedule daily at 6")
    assert "no effect" in repr(said)
    assert yard.services.automations.list(Caller(local_name())).items == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("schedule", "Write: %nbyard schedule"),
        ("schedule now and then", "weekdays 8:00"),
        ("schedule daily at 6 --zone", "--zone needs a value"),
        ("schedule daily at 6 --when x", "--when is no option"),
        ("schedule daily at 6 -p n", "-p needs NAME=VALUE"),
        ("schedule daily at 6 none.py", "none.py"),
        ("deploy", "Write: %nbyard deploy"),
        ("deploy none.py:Model", "There is no file or folder none.py"),
        ("deploy 404 main.model", "404"),
        ("deploy . -p a=1", "A model has no parameters"),
    ],
)
def test_invalid_schedules_and_deployments_are_refused(shell, notebook, monkeypatch, line, words):
    monkeypatch.setattr(Check, "require", lambda self: None)
    with pytest.raises(UsageError) as refused:
        shell.run_line_magic("nbyard", line)
    assert words in str(refused.value) and "timing" not in str(refused.value)


def test_an_unknown_notebook_path_is_requested(shell, monkeypatch, tmp_path):
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "gone.ipynb"))
    with pytest.raises(UsageError, match="this notebook is unknown"):
        shell.run_line_magic("nbyard", "schedule daily at 6")
    path = tmp_path / "code.ipynb"
    path.write_text("{}")
    assert notebook_path({"__vsc_ipynb_file__": str(path)}) == str(path)


def test_without_an_engine_no_image_is_built(monkeypatch, tmp_path):
    server = FakeServer("queued")
    engine = Check("docker", "missing", "It is away")
    server.deployments.form = lambda: SimpleNamespace(engine=engine)
    with pytest.raises(Unavailable, match="It is away"):
        deploy(server, ["12", "train.model"])
    assert server.asked == []


class FakeServer:
    """Builds a model and serves it; each look is one state further."""

    def __init__(self, *states: str, into: str = ""):
        self.states = list(states)
        self.into = into
        self.asked: list[object] = []
        self.models = SimpleNamespace(build=self._build, deployments=lambda model: self._there())
        self.deployments = SimpleNamespace(
            create=self._ask, edit=self._ask, start=self._ask, get=lambda deployment: self._made()
        )
        engine = Check("docker", "ok", "It responds")
        self.deployments.form = lambda: SimpleNamespace(engine=engine)

    def wait(self, seconds: float) -> None:
        self.states.pop(0)

    def _build(self, body: object) -> SimpleNamespace:
        self.asked.append(body)
        return SimpleNamespace(id="m", name="Churn", reference="nbyard/churn:1")

    def _there(self) -> Deployed:
        return Deployed([], self.into, "churn")

    def _ask(self, **given: object) -> SimpleNamespace:
        self.asked.append(given)
        return self._made()

    def _made(self) -> SimpleNamespace:
        reason = because("text", text="no port") if self.states[0] == "failed" else None
        return SimpleNamespace(
            id="d",
            name="churn",
            state=self.states[0],
            revision=1,
            reason=reason,
            is_wanted=True,
            serving=int(self.states[0] == "running"),
            links=[SimpleNamespace(path="nbyard/p/churn")],
        )


def test_a_model_is_deployed_and_awaited(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text("")
    server = FakeServer("queued", "starting", "running")
    made = deploy(server, ["model.py:Churn"])
    assert repr(made).splitlines()[0] == "churn responds."
    assert made.address == "nbyard/p/churn" and "nbyard:open-deployment" in made._repr_html_()
    build, created = server.asked
    assert build == NewModel("model.py", class_name="Churn")
    assert created == {"body": NewDeployment("nbyard/churn:1", name="churn")}


def test_a_deployed_model_gets_a_revision(monkeypatch):
    server = FakeServer("failed", into="d")
    made = deploy(server, ["12", "train.model"])
    assert "failed: no port" in repr(made).splitlines()[0]
    build, edited = server.asked
    assert build == NewModel(run="12", output="train.model")
    change = DeploymentChange(image="nbyard/churn:1")
    assert edited == {"deployment": "d", "body": change}


@pytest.mark.parametrize("line", ["", "help"])
def test_without_arguments_the_help_is_printed_in_columns(shell, capsys, line):
    assert shell.run_line_magic("nbyard", line) is None
    printed = capsys.readouterr().out
    assert "UsageError" not in printed
    starts = {len(row) - len(row[35:].lstrip()) for row in printed.splitlines()}
    assert starts == {35} and all(row[34] == " " for row in printed.splitlines())
