"""Why a request about executables, models, runs or the nodes of a workflow is refused."""

from nbyard.reasons.codes.code import NUMBER, REASON, code

EXECUTABLES = {
    "unknown-format": code(
        "'{format}' is not known; there is: {present:, }", format=str, present=list
    ),
    "no-programs-on-server": code("programs are not run on the machine of the server"),
    "not-a-command": code("{file} is a {kind}, no command", file=str, kind=str),
    "path-or-upload": code("name either a path or an upload"),
    "code-follows-file": code("'{name}' follows its file: change that", name=str),
    "no-version-to-compare": code(
        "There is no such version to compare; there are: {present:, }.", present=list
    ),
    "file-not-declared": code("'{name}' is no file that was declared", name=str),
    "workflow-as-node": code("{file} is a workflow, which no node can be", file=str),
    "data-not-code": code("{file} is data, not code", file=str),
    "program-behind-shell": code(
        "{file}, line {line}: {keyword} is a line for a shell, which passes no arguments on;"
        ' write ["program", "word"]',
        file=str,
        line=int,
        keyword=str,
    ),
}

NODES = {
    "no-runtime": code(
        "there is no '{runtime}' (present: {present:, })", runtime=str, present=list
    ),
    "no-requirements-file": code("There is no requirements file {path}.", path=str),
    "no-requirements-in-bundle": code(
        "There is no requirements file {path} in the bundle of {file}.", path=str, file=str
    ),
    "dataset-removed": code("The dataset '{name}' was deleted.", name=str),
    "dataset-gone": code("The dataset '{name}' is gone.", name=str),
    "dataset-not-ready": code("The dataset '{name}' is not ready.", name=str),
    "version-gone": code("The version {version} that this node is pinned to is gone.", version=str),
    "no-step-to-pin": code("the workflow has no such node"),
    "no-run-to-pin": code("there is no run '{name}'", name=str),
    "pinned-run-gone": code(
        "It is pinned to run {run}, which is not there: unpin it, or pin it to another run.",
        run=int,
    ),
    "pinned-run-unknown": code(
        "It is pinned to run '{run}', which is not there: unpin it, or pin it to another run.",
        run=str,
    ),
    "pinned-task-not-succeeded": code(
        "It is pinned to run {run}, but is {state} there: unpin it, or pin it to another run.",
        run=int,
        state=str,
    ),
    "pinned-task-gone": code(
        "It is pinned to run {run}, but is not in it: unpin it, or pin it to another run.", run=int
    ),
    "pinned-bytes-gone": code(
        "It is pinned to run {run}, whose bytes of {output} are gone:"
        " unpin it, or pin it to another run.",
        run=int,
        output=str,
    ),
}

MODELS = {
    "path-or-run": code("either a path or the output of a run is built, not both"),
    "model-source-needed": code("a folder, a Python file, or a run with an output is needed"),
    "not-python-file": code("{path} is no Python file", path=str),
    "python-unreadable": code("{file}: {message}", file=str, message=str),
    "name-not-importable": code("{file} cannot be imported: its name is no Python name", file=str),
    "imports-not-installed": code(
        "imports {names:, }, of which no package from an index is installed here", names=list
    ),
    "no-model-file": code("none of {known:, } lies in {path}", known=list, path=str),
    "no-file-in-folder": code("there is no file {path} in the folder", path=str),
    "no-folder-beside-file": code("there is no folder {path} beside the file", path=str),
    "no-module-in-folder": code("there is no module {module} in {folder}", module=str, folder=str),
    "class-missing": code("{file} has no class {name} at its top level", file=str, name=str),
    "run-needed": code("A run is needed."),
    "run-without-output": code("Run {run} has no output: it is {state}.", run=int, state=str),
    "no-output": code(
        "Run {run} has no output '{output}'; {present}.", run=int, output=str, present=REASON
    ),
    "several-outputs": code("run {run} has several: {outputs:, }", run=int, outputs=list),
    "not-a-model": code(
        "{file} is neither what pickle or joblib wrote nor a folder with a model file or of MLflow",
        file=str,
    ),
    "no-model-in-folder": code(
        "the folder {folder} has neither a model file nor MLmodel", folder=str
    ),
    "packages-from-no-index": code("it needs {names:, }, which came from no index", names=list),
    "model-origin-unknown": code("the run that created it is no longer known: run its node again"),
    "model-image-gone": code(
        "the record of the image in which its node ran was deleted: run the node again"
    ),
    "model-needs-container": code(
        "A model that was written in a container is loaded only in one: {cause}", cause=REASON
    ),
    "model-not-batch": code(
        "{image} has the mode {mode}; use an image with the mode batch to predict datasets.",
        image=str,
        mode=str,
    ),
}

RUNS = {
    "priority-out-of-range": code("may be from -{most} to {most}", most=int),
    "name-needed-to-replace": code("name what is replaced"),
    "path-or-executable": code("name either a path or an executable"),
    "too-few-gpus": code(
        "{wanted} wanted, but this machine has {present}", wanted=int, present=int
    ),
    "no-gpus": code("{wanted} wanted, but this machine has none", wanted=int),
    "replaced-run-not-ended": code(
        "'{name}' is {state}; it can be replaced when it has ended.", name=str, state=str
    ),
    "nothing-to-run": code("there is no executable to run"),
    "no-state": code("there is no state '{state}'", state=str),
    "run-ended": code("The run has {state} already.", state=str),
    "export-of-live-run": code("Run {number} has not ended. Export it afterwards.", number=int),
    "run-not-ended": code("The run is not at its end; cancel it first."),
    "run-is-scratch": code(
        "This is a check run or the run of a bisection. Such runs are deleted automatically, so"
        " they cannot be kept, compared, retried, pinned, exported or registered."
    ),
    "scratch-run-writes": code(
        "The code of a check run or of a bisection changes nothing outside its run."
    ),
    "no-bisection": code("There is no bisection '{name}'.", name=str),
    "bisection-ended": code("The bisection has ended already: it is {state}.", state=str),
    "bisection-not-ended": code("The bisection is running; cancel it first."),
    "bisected-run-gone": code("One of the two compared runs was deleted."),
    "nothing-to-bisect": code("The runs have the same values, data, code and packages."),
    "run-not-at-end": code("the run has not ended"),
    "other-workflow": code("is a run of another workflow than the good run"),
    "run-is-not-so": code("run {number} has {state}", number=int, state=str),
    "no-metric-in-both": code("both runs need a number for the metric {metric}", metric=str),
    "metric-is-equal": code("the metric {metric} is equal in both runs", metric=str),
    "threshold-without-metric": code("a threshold needs a metric"),
    "threshold-not-between": code(
        "must be between the values of both runs, {low} and {high}", low=NUMBER, high=NUMBER
    ),
    "no-name-for-check": code("a check run has no name"),
    "nothing-to-retry": code(
        "Only failed and cancelled runs can be retried; this run is {state}.", state=str
    ),
    "no-node-in-run": code("The run has no node '{node}'.", node=str),
    "no-attempt": code("'{node}' has no attempt {number}.", node=str, number=int),
    "no-attempt-yet": code("'{node}' has no attempt yet.", node=str),
    "attempt-not-running": code(
        "No attempt '{attempt}' is under way: its links end with it.", attempt=str
    ),
    "no-link": code("The attempt has no link '{port}'.", port=str),
    "nothing-listens": code("Nothing listens at {port} yet.", port=str),
    "no-data-given": code("{node} was given no data as '{name}'.", node=str, name=str),
    "no-other-file": code("'{node}' has no other file '{path}'.", node=str, path=str),
    "no-other-files": code("'{node}' has no other files.", node=str),
    "no-output-of-node": code("'{node}' has no output '{output}'.", node=str, output=str),
    "no-metric-of-node": code("'{node}' has no metric '{metric}'.", node=str, metric=str),
    "no-picture": code("This run has no picture '{digest}'.", digest=str),
}

VALUES = {
    "needs-any-data": code("choose a file, folder, dataset or artifact"),
    "needs-folder": code("choose a folder"),
    "needs-file": code("choose a file, dataset or artifact"),
    "needs-files": code(
        "a file or a folder with several files is needed;"
        " they are taken in the order of their names"
    ),
    "value-too-long": code("may have at most {most} characters; use a dataset for more", most=str),
    "input-is-frozen": code("is an input, whose data is frozen; freeze the request again"),
    "value-of-output": code("is an output; its file goes to the store"),
    "data-not-ready": code("the dataset '{name}' is not ready", name=str),
    "no-data": code("there is no file, dataset or artifact '{name}'", name=str),
    "no-parameter": code(
        "{owner} has no such parameter; it has: {known:, }", owner=str, known=list
    ),
    "no-parameters": code("{owner} has no such parameter; it has: none", owner=str),
    "no-workflow-parameter": code(
        "The workflow has no such parameter; it has: {known:, }", known=list
    ),
    "no-workflow-parameters": code(
        "The workflow declares no parameters, so a run cannot set values of its nodes."
    ),
}

EXECUTABLES_AND_RUNS = {**EXECUTABLES, **NODES, **MODELS, **RUNS, **VALUES}
