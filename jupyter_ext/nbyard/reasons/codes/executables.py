"""Why a request about executables, models, runs or the nodes of a workflow is refused."""

from nbyard.reasons.codes.code import NUMBER, REASON, REASONS, code

EXECUTABLES = {
    "unknown-format": code(
        "unknown format '{format}'; known: {present:, }", format=str, present=list
    ),
    "no-programs-on-server": code("this server does not run programs on its own machine"),
    "not-a-command": code("{file} is a {kind}, not a command", file=str, kind=str),
    "path-or-upload": code("set either a path or an upload"),
    "code-follows-file": code("'{name}' follows its file: change the file", name=str),
    "no-version-to-compare": code(
        "The version to compare was not found; available: {present:, }.", present=list
    ),
    "file-not-declared": code("'{name}' is not a declared file", name=str),
    "workflow-as-node": code("{file} is a workflow, which cannot be a node", file=str),
    "data-not-code": code("{file} is data, not code", file=str),
    "program-behind-shell": code(
        "{file}, line {line}: {keyword} uses the shell form, which drops arguments;"
        ' write ["program", "word"]',
        file=str,
        line=int,
        keyword=str,
    ),
}

NODES = {
    "no-runtime": code(
        "there is no runtime '{runtime}' (installed: {present:, })", runtime=str, present=list
    ),
    "no-requirements-file": code("There is no requirements file {path}.", path=str),
    "no-requirements-in-bundle": code(
        "There is no requirements file {path} in the bundle of {file}.", path=str, file=str
    ),
    "dataset-removed": code("The dataset '{name}' was deleted.", name=str),
    "dataset-gone": code("The dataset '{name}' does not exist.", name=str),
    "dataset-not-ready": code("The dataset '{name}' is not ready.", name=str),
    "version-gone": code("The version {version} that this node is pinned to is gone.", version=str),
    "no-step-to-pin": code("the workflow has no such node"),
    "no-run-to-pin": code("there is no run '{name}'", name=str),
    "pinned-run-gone": code(
        "The node is pinned to run {run}, which does not exist: unpin it, or pin it"
        " to another run.",
        run=int,
    ),
    "pinned-run-unknown": code(
        "The node is pinned to run '{run}', which does not exist: unpin it, or pin it"
        " to another run.",
        run=str,
    ),
    "pinned-task-not-succeeded": code(
        "The node is pinned to run {run}, but its state there is {state}: unpin it,"
        " or pin it to another run.",
        run=int,
        state=str,
    ),
    "pinned-task-gone": code(
        "The node is pinned to run {run}, which does not contain it: unpin it, or pin"
        " it to another run.",
        run=int,
    ),
    "pinned-bytes-gone": code(
        "The node is pinned to run {run}, but the data of {output} was deleted: unpin"
        " it, or pin it to another run.",
        run=int,
        output=str,
    ),
}

MODELS = {
    "path-or-run": code("set either a path or the output of a run, not both"),
    "model-source-needed": code("a folder, a Python file, or a run with an output is needed"),
    "not-python-file": code("{path} is not a Python file", path=str),
    "python-unreadable": code("{file}: {message}", file=str, message=str),
    "name-not-importable": code(
        "{file} cannot be imported: its name is not a valid Python name", file=str
    ),
    "imports-not-installed": code(
        "imports {names:, }, which no installed package from an index provides", names=list
    ),
    "no-model-file": code("{path} contains none of {known:, }", known=list, path=str),
    "no-file-in-folder": code("there is no file {path} in the folder", path=str),
    "no-folder-beside-file": code("there is no folder {path} next to the file", path=str),
    "no-module-in-folder": code("there is no module {module} in {folder}", module=str, folder=str),
    "class-missing": code("{file} has no class {name} at its top level", file=str, name=str),
    "run-needed": code("A run is needed."),
    "run-without-output": code("Run {run} has no output: it is {state}.", run=int, state=str),
    "no-output": code(
        "Run {run} has no output '{output}'; {present}.", run=int, output=str, present=REASON
    ),
    "several-outputs": code("run {run} has several outputs: {outputs:, }", run=int, outputs=list),
    "not-a-model": code(
        "{file} is neither a pickle or joblib file nor a folder with a model file or MLmodel",
        file=str,
    ),
    "no-model-in-folder": code(
        "the folder {folder} has neither a model file nor MLmodel", folder=str
    ),
    "packages-from-no-index": code(
        "it needs packages that were not installed from an index: {names:, }", names=list
    ),
    "model-origin-unknown": code("the run that created it is no longer known: run its node again"),
    "model-image-gone": code(
        "the record of the image in which its node ran was deleted: run the node again"
    ),
    "model-needs-container": code(
        "A model that was created in a container can be loaded only in a container: {cause}",
        cause=REASON,
    ),
    "model-not-batch": code(
        "{image} has the mode {mode}; use an image with the mode batch to predict datasets.",
        image=str,
        mode=str,
    ),
}

RUNS = {
    "priority-out-of-range": code("must be from -{most} to {most}", most=int),
    "name-needed-to-replace": code("a name is needed to replace a run"),
    "path-or-executable": code("set either a path or an executable"),
    "too-few-gpus": code(
        "{wanted} requested, but this machine has {present}", wanted=int, present=int
    ),
    "no-gpus": code("{wanted} requested, but this machine has no GPU", wanted=int),
    "replaced-run-not-ended": code(
        "'{name}' is {state}; it can be replaced when it has finished.", name=str, state=str
    ),
    "nothing-to-run": code("There is nothing to run: add or select a notebook, script or program."),
    "no-state": code("there is no state '{state}'", state=str),
    "run-ended": code("The run has already finished ({state}).", state=str),
    "export-of-live-run": code("Run {number} has not finished. Export it afterwards.", number=int),
    "run-not-ended": code("The run has not finished; cancel it first."),
    "run-is-scratch": code(
        "This is a check run or the run of a bisection. Such runs are deleted automatically, so"
        " they cannot be kept, compared, retried, pinned, exported or registered."
    ),
    "scratch-run-writes": code(
        "The code of a check run or of a bisection changes nothing outside its run."
    ),
    "no-bisection": code("There is no bisection '{name}'.", name=str),
    "bisection-ended": code("The bisection has already finished ({state}).", state=str),
    "bisection-not-ended": code("The bisection is running; cancel it first."),
    "bisected-run-gone": code("One of the two compared runs was deleted."),
    "bisection-outdated": code(
        "Between the two runs, nbyard now finds other changes than when the bisection started."
        " Start the bisection again."
    ),
    "nothing-to-bisect": code("The runs have the same values, data, code and packages."),
    "nothing-to-try": code(
        "Only this changed between the runs: {changes:; }. Runs use the packages and files of this"
        " machine as they are now, so there is nothing to try.",
        changes=REASONS,
    ),
    "run-not-at-end": code("the run has not finished"),
    "other-workflow": code("is a run of a different workflow than the good run"),
    "run-is-not-so": code("the state of run {number} is {state}", number=int, state=str),
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
        "The attempt '{attempt}' is not running, so its links are closed.", attempt=str
    ),
    "no-link": code("The attempt has no link '{port}'.", port=str),
    "nothing-listens": code("No program listens at {port} yet.", port=str),
    "no-data-given": code("{node} received no data for '{name}'.", node=str, name=str),
    "no-other-file": code("'{node}' has no other file '{path}'.", node=str, path=str),
    "no-other-files": code("'{node}' has no other files.", node=str),
    "no-output-of-node": code("'{node}' has no output '{output}'.", node=str, output=str),
    "no-metric-of-node": code("'{node}' has no metric '{metric}'.", node=str, metric=str),
    "no-picture": code("This run has no picture '{digest}'.", digest=str),
}

VALUES = {
    "needs-any-data": code("Choose a file, folder, dataset or artifact"),
    "needs-folder": code("Choose a folder"),
    "needs-file": code("Choose a file, dataset or artifact"),
    "needs-files": code(
        "a file or a folder with several files is needed; they are used in the order of their names"
    ),
    "value-too-long": code("may have at most {most} characters; use a dataset for more", most=str),
    "input-is-frozen": code("is an input, whose data is frozen; freeze the request again"),
    "value-of-output": code("is an output; its file goes to the store"),
    "data-not-ready": code("the dataset '{name}' is not ready", name=str),
    "no-data": code("there is no file, dataset or artifact '{name}'", name=str),
    "no-parameter": code(
        "{owner} does not have this parameter; it has: {known:, }", owner=str, known=list
    ),
    "no-parameter-near": code(
        "{owner} does not have this parameter; did you mean {near}?", owner=str, near=str
    ),
    "no-parameters": code("{owner} has no parameters", owner=str),
    "no-workflow-parameter": code(
        "The workflow does not have this parameter; it has: {known:, }", known=list
    ),
    "no-workflow-parameters": code(
        "The workflow declares no parameters, so a run cannot set values of its nodes."
    ),
}

EXECUTABLES_AND_RUNS = {**EXECUTABLES, **NODES, **MODELS, **RUNS, **VALUES}
