"""The verbs of `%nbyard` and `%%nbyard`, and their completion."""

import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import msgspec
from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class
from msgspec import UNSET

from nbyard.discover import connect_here
from nbyard.domain.automations.structs import AutomaticRun, AutomationPatch, Fire, NewAutomation
from nbyard.domain.automations.times.phrases import EXAMPLES
from nbyard.domain.automations.times.structs import Phrase
from nbyard.domain.deployments.creation_form import name_of
from nbyard.domain.deployments.deployment_status import is_settled
from nbyard.domain.deployments.structs import DeploymentChange, NewDeployment, Revision
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.models.structs import MODEL_FILES, NewModel, split_class_path
from nbyard.domain.runs.checks import NewCheckRun
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.state_machines import RUN
from nbyard.errors import NbyardError
from nbyard.magics import register_cells as cells
from nbyard.magics.results import (
    LISTED,
    Compared,
    Explained,
    FinishedRun,
    OutputPaths,
    Scheduled,
    ServedModel,
    Shown,
    Traced,
    table_of,
)
from nbyard.reasons.structs import reason_text

CODE = (".ipynb", ".nbflow", ".py", ".sh")
MOST_NAMES = 200
# How many words after a verb are completed, for verbs with more than one.
MOST_WORDS = {"why": 2, "diff": 10, "schedule": 2}
VERBS = (
    *("dataset", "run", "check", "status", "why", "diff", "lineage"),
    *("schedule", "deploy", "fire"),
)
MOST = 50
HELP = """%nbyard dataset NAME               the path of a dataset
%nbyard run FILE -p NAME=VALUE     run an executable, notebook, script or workflow and wait
                                   --sweep NAME=1,2 runs it once for each value
%nbyard check FILE                 run a file on a sample, outside history and cache
%nbyard status RUN                 a run and its tasks, by number, name or ID
%nbyard why OLD NEW [NODE.NAME]    why results of two runs differ, or one metric or output
%nbyard lineage ARTIFACT           the sources of an artifact, and its uses
%nbyard diff OLD NEW               parameters, inputs, results, code and packages that differ
%nbyard schedule WHEN [FILE]       run this notebook, or a file, at times such as "weekdays 8:00"
%nbyard deploy TARGET              serve a model: DIR, FILE.py[:CLASS], or RUN NODE.OUTPUT
%nbyard fire AUTOMATION NAME=VALUE fire an automation, with values of parameters
%nbyard runs                       list runs, newest first; also datasets, executables, artifacts
                                   and workflows
%%nbyard executable NAME           register the cell as an executable"""
USAGE = f"Write one of these:\n{HELP}"
DEPLOY_USAGE = "Write: %nbyard deploy DIR, FILE.py[:CLASS], or RUN NODE.OUTPUT; then [--as NAME]"
DEPLOY_OPTIONS = ("--as",)
LOOK_SECONDS = 0.5
SCHEDULE_USAGE = (
    'Write: %nbyard schedule "weekdays 8:00" [FILE] [-p NAME=VALUE] [--zone ZONE] [--name NAME]'
    " [--sweep NAME=VALUES] [--use-cache]"
)
SCHEDULE_OPTIONS = ("--zone", "--name")
USE_CACHE = "--use-cache"
# Jupyter Server and VS Code store the path of a kernel's notebook in these variables.
SESSION, VS_CODE = "JPY_SESSION_NAME", "__vsc_ipynb_file__"


class Completion:
    """The hook that IPython's completer calls for `%nbyard`."""

    def __init__(self, magics: Any):
        self._magics = magics
        self._names: dict[str, Callable[[], Sequence[str]]] = {
            "dataset": lambda: self._of("datasets"),
            "run": lambda: [*self._files(), *self._of("executables")],
            "check": self._files,
            "status": self._runs,
            "why": self._runs,
            "lineage": lambda: self._of("artifacts"),
            "diff": self._runs,
            "schedule": lambda: [f'"{phrase}"' for phrase in EXAMPLES] + self._files(),
            "deploy": lambda: [*self._models(), *self._runs()],
            "fire": lambda: self._of("automations"),
        }

    def __call__(self, _shell: Any, event: Any) -> list[str]:
        """Return the words with which the word at the cursor can be completed."""
        typed_words = event.text_until_cursor.split()[1:]
        # The word at the cursor is still incomplete.
        if typed_words and event.symbol and event.text_until_cursor.endswith(event.symbol):
            typed_words = typed_words[:-1]
        if event.line.startswith("%%"):
            choices: Sequence[str] = [] if typed_words else ["executable"]
        elif not typed_words:
            choices = self._magics.verbs
        else:
            most = MOST_WORDS.get(typed_words[0], 1)
            choices = self._names.get(typed_words[0], list)() if len(typed_words) <= most else []
        return [word for word in choices if word.startswith(event.symbol)]

    def _of(self, noun: str) -> list[str]:
        """Return the names of a noun's objects, without names that contain spaces."""
        return [item.name for item in self._items(noun) if not any(map(str.isspace, item.name))]

    def _items(self, noun: str) -> Sequence[Any]:
        try:
            page = getattr(self._magics.connection, noun).list(limit=MOST_NAMES)
        # A message would break the line that the user types.
        except NbyardError:
            return []
        items: Sequence[Any] = page.items
        return items

    def _runs(self) -> list[str]:
        return [str(run.number) for run in self._items("runs")]

    def _models(self) -> list[str]:
        folders = {path.parent for name in MODEL_FILES for path in Path().glob(f"*/{name}")}
        return sorted([*map(str, folders), *(path.name for path in Path().glob("*.py"))])

    def _files(self) -> list[str]:
        return sorted(path.name for path in Path().iterdir() if path.suffix in CODE)


@magics_class
class NbyardMagics(Magics):
    """The magics that `%load_ext nbyard` registers."""

    @cached_property
    def connection(self) -> Any:
        """Return a connection to the store of this machine, which is opened at its first use."""
        return connect_here()

    @property
    def verbs(self) -> list[str]:
        return [*VERBS, *LISTED]

    @line_cell_magic
    def nbyard(self, line: str, cell: str | None = None) -> Any:
        """Run and inspect executables and workflows.

        Use `%nbyard run FILE -p a=1` or `%nbyard runs`. `%%nbyard executable NAME` registers a cell
        as an executable.
        """
        try:
            verb, *rest = shlex.split(line) or ["help"]
        except ValueError as error:
            raise UsageError(f"{error}: {line}") from None
        if verb == "help" and cell is None:
            sys.stdout.write(f"{HELP}\n")
            return None
        try:
            return (
                self._execute_verb(verb, rest) if cell is None else self._of_cell(verb, rest, cell)
            )
        except NbyardError as error:
            # IPython shows a UsageError as one line, without a traceback. The words of a time have
            # no name here, so their reason stands alone.
            is_time = error.details and error.details[0].path == "timing.text"
            raise UsageError(str(error.details[0].why) if is_time else error.words) from None

    def _execute_verb(self, verb: str, argv: list[str]) -> Any:
        calls: dict[str, tuple[Callable[..., Any], range]] = {
            "dataset": (self._dataset, range(1, 2)),
            "run": (self._run, range(1, MOST)),
            "check": (self._check, range(1, 2)),
            "status": (self._status, range(1, 2)),
            "lineage": (self._lineage, range(1, 2)),
            "why": (self._why, range(2, 4)),
            "diff": (self._diff, range(2, 11)),
            "schedule": (self._schedule, range(MOST)),
            "deploy": (lambda *argv: deploy(self.connection, argv), range(MOST)),
            "fire": (self._fire, range(1, MOST)),
            **{noun: (partial(self._list, noun), range(1)) for noun in LISTED},
        }
        call, counts = calls.get(verb, (None, range(0)))
        if call is None:
            raise UsageError(USAGE)
        if len(argv) not in counts:
            lines = [line for line in HELP.splitlines() if line.startswith(f"%nbyard {verb} ")]
            raise UsageError(f"Write: {next(iter(lines), f'%nbyard {verb}')}")
        return call(*argv)

    def _of_cell(self, verb: str, argv: list[str], cell: str) -> Any:
        """Register a cell.

        If it defines the function, also run it, so that the user can call it.
        """
        if verb != "executable" or len(argv) > 1:
            raise UsageError(USAGE)
        made = cells.register_cell(self.connection, argv[0] if argv else "", cell)
        if made.executable.current.kind == "function" and self.shell is not None:
            # The history already has this cell, with its magic.
            self.shell.run_cell(cell, store_history=False)  # type: ignore[no-untyped-call]
        return made

    def _list(self, noun: str) -> Shown:
        return table_of(noun, getattr(self.connection, noun).list(limit=MOST).items)

    def _dataset(self, name: str) -> str:
        """Return the path of the file or folder of a dataset's current version."""
        dataset = self.connection.datasets.get(dataset=name)
        if dataset.current.state != "ready":
            raise UsageError(
                f"{name} is {dataset.current.state}. {reason_text(dataset.current.reason)}"
            )
        # The folder is a link, which leads to the next version once that is ready. The path stays
        # valid if the file of that version has the same name.
        folder = self.connection.dataset_folder(dataset)
        whole = dataset.current.digest.startswith("tree:")
        return str(folder if whole else folder / dataset.current.filename)

    def _run(self, *argv: str) -> FinishedRun:
        parsed = read_words(argv, (), USAGE)
        if len(parsed.arguments) != 1:
            raise UsageError(USAGE)
        target = parsed.arguments[0]
        is_file = Path(split_function_path(target).file).exists()
        named = NewRun(path=target) if is_file else NewRun(executable=target)
        values = {"texts": parsed.texts, "sweep": parsed.sweep, "origin": "magic"}
        body = msgspec.structs.replace(named, **values)
        return self._finished(self.connection.runs.create(body=body).id)

    def _check(self, target: str) -> FinishedRun:
        """Run a file on a sample of its data, and return the finished run."""
        body = NewCheckRun(path=target, origin="magic")
        return self._finished(self.connection.runs.check_sample(body=body).id)

    def _finished(self, run: str) -> FinishedRun:
        while self.connection.runs.get(run=run).run.state not in RUN.terminal:
            self.connection.wait(0.5)
        return self._status(run)

    def _fire(self, automation: str, *values: str) -> str:
        """Fire an automation. Return the ID of the firing. The run starts in the background."""
        if not all("=" in word for word in values):
            raise UsageError(USAGE)
        texts = {name: value for name, _, value in (word.partition("=") for word in values)}
        return str(
            self.connection.automations.fire(automation=automation, body=Fire(texts=texts)).id
        )

    def _diff(self, run: str, *others: str) -> Compared:
        return Compared(self.connection.runs.compare(run=run, others=",".join(others)))

    def _schedule(self, *argv: str) -> Shown:
        names = self.shell.user_ns if self.shell is not None else {}
        return schedule(self.connection, names, argv)

    def _why(self, old: str, new: str, result: str = "") -> Explained:
        """Return why results of the run `new` differ from those of the run `old`.

        `result` limits that to a node, or to `NODE.OUTPUT`.
        """
        node, _, name = result.partition(".")
        explanation = self.connection.runs.why(run=new, other=old, node=node)
        if name:
            # a metric and an output may have the same name
            kinds = {
                difference.kind for difference in explanation.results if difference.name == name
            }
            named = {"metric" if "output" not in kinds else "output": name}
            explanation = self.connection.runs.why(run=new, other=old, node=node, **named)
        return Explained(explanation)

    def _lineage(self, artifact: str) -> Traced:
        return Traced(self.connection.lineage.get(kind="artifact", key=artifact))

    def _status(self, run: str) -> FinishedRun:
        detail = self.connection.runs.get(run=run)
        artifacts = {
            f"{task.node}.{artifact.name}": artifact
            for task in detail.tasks
            for artifact in task.artifacts
        }
        return FinishedRun(detail, OutputPaths(self.connection, artifacts))


class OptionWords(msgspec.Struct, frozen=True):
    """The words after a verb. `texts` and `sweep` have values as typed, by name."""

    arguments: list[str]
    texts: dict[str, str]
    sweep: dict[str, str]
    options: dict[str, str]
    flags: set[str]


def read_words(
    argv: Sequence[str], known: Sequence[str], usage: str, flags: Sequence[str] = ()
) -> OptionWords:
    """Sort words into arguments, named values, known options, and flags without a value.

    Raises:
        UsageError: An option is unknown or lacks its value.
    """
    parsed = OptionWords([], {}, {}, {}, set())
    left = list(argv)
    while left:
        word = left.pop(0)
        if word in ("-p", "--sweep"):
            name, sign, value = (left.pop(0) if left else "").partition("=")
            if not (name and sign):
                raise UsageError(f"{word} needs NAME=VALUE. {usage}")
            (parsed.texts if word == "-p" else parsed.sweep)[name] = value
        elif word in flags:
            parsed.flags.add(word)
        elif word in known:
            if not left:
                raise UsageError(f"{word} needs a value. {usage}")
            parsed.options[word] = left.pop(0)
        elif word.startswith("-"):
            raise UsageError(f"{word} is no option. {usage}")
        else:
            parsed.arguments.append(word)
    return parsed


def deploy(connection: Any, argv: Sequence[str]) -> ServedModel:
    """Build a model and deploy it. Return when the service responds or has failed.

    If the same node, file or class is deployed already, the model becomes its next revision. The
    work continues if the user interrupts the cell.

    Raises:
        UsageError: The arguments are not valid.
        NbyardError: The service refuses the model or the deployment.
    """
    parsed = read_words(argv, DEPLOY_OPTIONS, DEPLOY_USAGE)
    if parsed.texts:
        raise UsageError(f"A model has no parameters. {DEPLOY_USAGE}")
    source = _model_source(parsed.arguments)
    connection.deployments.form().engine.require()  # before a model is created
    model = connection.models.build(body=source)
    there = connection.models.deployments(model=model.id)
    host = parsed.options.get("--as", "")
    # The deployment waits for the image of the model.
    if into := there.to_update(host):
        change = DeploymentChange(image=model.reference)
        made = connection.deployments.edit(deployment=into, body=change)
        # A deployment that was stopped does not start by itself after an edit.
        if not made.is_wanted:
            made = connection.deployments.start(deployment=into)
    else:
        body = NewDeployment(model.reference, name=host or there.name or name_of(model.name))
        made = connection.deployments.create(body=body)
    key = made.id

    def newest() -> Revision:
        revision: Revision = connection.deployments.revisions(deployment=key, limit=1).items[0]
        return revision

    while not is_settled(made, newest):
        connection.wait(LOOK_SECONDS)
        made = connection.deployments.get(deployment=key)
    return ServedModel(made)


def _model_source(arguments: list[str]) -> NewModel:
    """Return the request for the model that the arguments name: a path, or a run and an output."""
    if len(arguments) == 2:
        return NewModel(run=arguments[0], output=arguments[1])
    if len(arguments) != 1:
        raise UsageError(DEPLOY_USAGE)
    path, class_name = split_class_path(arguments[0])
    if not Path(path).exists():
        raise UsageError(f"There is no file or folder {path}. {DEPLOY_USAGE}")
    return NewModel(path, class_name=class_name)


def schedule(connection: Any, names: Mapping[str, Any], argv: Sequence[str]) -> Shown:
    """Create an automation, or change the one that the file already has under this name.

    So a cell can be run again. `names` are the variables of the notebook.

    Raises:
        UsageError: The arguments are not valid, or the notebook's file is unknown.
        NbyardError: The service refuses the automation.
    """
    parsed = read_words(argv, SCHEDULE_OPTIONS, SCHEDULE_USAGE, (USE_CACHE,))
    # A run of the notebook must not schedule further runs.
    if "NBYARD_ATTEMPT" in os.environ:
        return Shown("In a run, %nbyard schedule has no effect.", (), [])
    phrase, path = parsed.arguments, ""
    # A phrase needs no quotes, so a file is recognized by its suffix: `weekdays 8:00 report.ipynb`.
    if len(phrase) > 1 and Path(phrase[-1]).suffix in CODE:
        path = str(Path(phrase.pop()).absolute())
    if not phrase:
        raise UsageError(SCHEDULE_USAGE)
    timing = Phrase(" ".join(phrase))
    path = path or notebook_path(names)
    if not path:
        raise UsageError(f"The file of this notebook is unknown: name it. {SCHEDULE_USAGE}")
    values = {"texts": parsed.texts, "sweep": parsed.sweep, "force": USE_CACHE not in parsed.flags}
    run = msgspec.structs.replace(AutomaticRun(path=path), **values)
    zone, name = parsed.options.get("--zone", ""), parsed.options.get("--name", "")
    of_file = connection.automations.list(path=path, limit=50).items
    timed = [existing for existing in of_file if existing.timing is not None]
    known = [existing for existing in timed if name in ("", existing.name)]
    if len(known) > 1:
        offered = ", ".join(existing.name for existing in known)
        raise UsageError(f"This file has several automations: choose one with --name ({offered}).")
    if not known:
        new = NewAutomation(run, timing, name=name, zone=zone)
        return Scheduled(connection.automations.create(body=new))
    # Options that the magic does not have, such as the environment, stay.
    kept = msgspec.structs.replace(known[0].run, parameters={}, path=path)
    # The values typed now replace all values of the automation.
    run = msgspec.structs.replace(kept, **values)
    body = AutomationPatch(known[0].revision, run=run, on=timing, zone=zone or UNSET)
    return Scheduled(connection.automations.update(automation=known[0].id, body=body))


def notebook_path(names: Mapping[str, Any]) -> str:
    """Return the file of the running notebook, "" if it is unknown. `names` are its variables."""
    for path in (os.environ.get(SESSION), names.get(VS_CODE)):
        if path and Path(path).is_file():
            return str(path)
    return ""
