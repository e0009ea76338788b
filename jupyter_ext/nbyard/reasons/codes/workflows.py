"""Findings about a workflow before its run."""

from nbyard.reasons.codes.code import REASON, REASONS, code

WORKFLOWS = {
    "workflow-cannot-run": code("The workflow cannot run yet: {problems}", problems=REASONS),
    "no-data": code("there is no file, dataset or artifact '{name}'"),
    # connections
    "edge-unknown-node": code("a connection needs a node at both ends"),
    "edge-self": code("a node cannot be connected to itself"),
    "edge-unknown-port": code(
        "{source}.{output} → {target}.{input}: this output or input does not exist"
    ),
    "edge-direction": code("connections go from an output to an input"),
    "edge-taken": code("{input} of {target} already has a connection"),
    "edge-format": code(
        "the output {output} ({given}) does not fit the input {input} ({wanted})",
        given=REASON,
        wanted=REASON,
    ),
    # what an argument is or takes, in edge-format
    "any-file": code("any file"),
    "any-file-or-folder": code("any file or folder"),
    "folder-of-files": code("a folder with several files"),
    "edge-cycle": code("the connections would form a cycle"),
    # bypassed
    "bypass-none": code("{input} needs a connection: no input of the bypassed node {node} fits"),
    "bypass-several": code(
        "{input} needs a connection: {node} is bypassed, and several inputs fit: {inputs:, }"
    ),
    # values
    "argument-gone": code("{name} no longer has the argument {argument}"),
    "argument-problem": code("{argument}: {problem}"),
    "argument-needs-value": code("{argument} needs a value"),
    "connection-needed": code("{argument} needs a connection"),
    "connection-needed-for-files": code(
        "{argument} needs a connection from a file or a folder with several files"
    ),
    "connection-needed-for-file": code(
        "{argument} needs a connection: its file {file} was not found"
    ),
    "argument-parameter-unknown": code("{argument}: the workflow has no parameter {parameter}"),
    # runtimes
    "dockerfile-needs-containers": code(
        "is a Dockerfile, which runs in containers: set the runtime to {runtime}"
    ),
    "shell-needs-containers": code(
        "its command line needs a shell, which is available in containers only: set"
        " the runtime to {runtime}"
    ),
    "no-image-on-dask": code(
        "a Dask worker runs the node in its own Python, not in an image: remove the"
        " image, or run the node in a container"
    ),
    "model-packages-missing": code(
        "its model needs {packages:, }, not installed here. Run `{command}`. Then choose"
        " the environment {environment}, or a container"
    ),
    "imports-missing": code(
        "its code imports {packages:, }, not installed where it runs. Run `{command}`."
        " Then choose the environment {environment}"
    ),
    "imports-missing-in-environment": code(
        "its code imports {packages:, }, missing in the environment {environment}. Run `{command}`"
    ),
    "kernel-only-local": code(
        "only local processes can use a kernel of this machine; set an environment instead"
    ),
    "bundle-too-large-to-send": code(
        "its code bundle is larger than `max_bundle_bytes`; largest: {largest:, }."
        " List files that the node does not need in .nbyardignore, or run the node as"
        " a local process",
        largest=REASONS,
    ),
    # maps
    "map-of-several": code(
        "cannot have the elements of several maps ({nodes:, }): collect those of one in a list of"
        " files or as its table @all, or map the nodes before it over the same data or values"
    ),
    "map-name-long": code("the ID of a node with a map has at most {most} characters"),
    "map-argument-connected": code("{argument} gets its values from the map and a connection"),
    "map-range-type": code("{argument} is not a number, so it needs a list of values"),
    "map-argument-role": code(
        "the map needs an argument with the role {role}, which {argument} does not have"
    ),
    # files
    "code-uploaded": code("its code was uploaded, so no description can be stored next to it"),
    "node-pinned": code("the node is pinned to a version: select Follow File first"),
    "too-many-files-to-declare": code(
        "these are more than {most} files: declare an argument for their folder instead"
    ),
    # monitors
    "tensorboard-beside-processes-only": code(
        "nbyard starts TensorBoard only for local processes. In a container, the task"
        " can serve it on a port."
    ),
    "tensorboard-missing": code(
        "TensorBoard was not found in the task's environment or with nbyard: run `pip"
        " install tensorboard`"
    ),
    "tensorboard-ended": code("TensorBoard has stopped: {message}"),
    # why a connection is proposed
    "same-names-of-ends": code("same name"),
    "similar-names": code("similar names"),
    "same-format": code("the only {format} that fits"),
    "similar-names-same-format": code("similar names, both {format}"),
    "same-file": code("{writer} writes {file}, and {reader} reads it"),
    "file-of-dataset": code("{reader} reads {file}"),
    "file-of-same-name": code("{writer} writes {file}, and {reader} reads a file of that name"),
    # warnings of tasks
    "environment-not-on-dask": code(
        "nbyard does not install the environment {name} on Dask workers: its packages"
        " must already be there"
    ),
    "requirements-not-on-dask": code(
        "nbyard does not install its requirements file on Dask workers: the packages"
        " must already be there"
    ),
    "no-links-on-dask": code("Monitor links are not available on Dask workers"),
    "kernel-replaced": code("The kernel {kernel} is not installed: {used} runs the notebook."),
    "output-holds-secret": code("the output {output} contains a secret"),
    # rules of contracts that an output or a dataset breaks
    "contract-broken": code("the output {name} breaks its contract: {breaches}"),
    "contract-drift": code("the output {name} deviates: {breaches}"),
    "data-contract-broken": code("the data for {name} break rules: {breaches}"),
    "data-contract-drift": code("the data for {name} deviate: {breaches}"),
    "contract-output-gone": code("the contract names the output {output}, which does not exist"),
    "contract-unreadable": code("the rules cannot be checked: {problem}"),
    "columns-missing": code("rule columns: {columns:, } missing"),
    "columns-unexpected": code("rule columns: {columns:, } not in the contract"),
    "rule-type": code("rule type: {column} has the type {type}, not {wanted} ({examples:, })"),
    "rule-rows-broken": code(
        "rule {rule}: {column} breaks it in {count:,} of {rows:,} rows ({examples:, })"
    ),
    "rule-figure": code("rule {rule}: {name} is {value}, not {wanted}"),
    "rule-figure-missing": code("rule {rule}: {name} has no value"),
    # why a rule is proposed
    "too-few-good-runs": code(
        "a proposal needs {needed} different good results of this output; there are {count}",
        needed=int,
    ),
    "proposed-same": code("the same in {count:,} good runs"),
    "proposed-share": code("at most {share} % of the values were missing in {count:,} good runs"),
    "proposed-range": code("between {low} and {high} in {count:,} good runs"),
    "proposed-unique": code("no value was repeated in {count:,} good runs"),
    "proposed-values": code("no other value in {count:,} good runs"),
    "proposed-age": code(
        "the newest value was at most {hours} hours old in {count:,} good runs", hours=int
    ),
    "proposed-change": code("the mean changed by at most {share} % between {count:,} good runs"),
    "lock-differs": code(
        "the environment of the task differs from the lock of {environment} version"
        " {number}: {differences}"
    ),
    "lock-differs-in-more": code(
        "the environment of the task differs from the lock of {environment} version"
        " {number}: {differences} and {more} more"
    ),
    "python-instead": code("Python {found} instead of {locked}"),
    "package-instead": code("{package} {found} instead of {locked}"),
    "package-lacks": code("{package} is missing"),
    "locked-folder-changed": code("the folder {path} has changed since it was locked"),
    "locked-folder-gone": code("the folder {path} is gone"),
    "packages-beside-lock": code("{packages:, } not in the lock"),
    "more-packages-beside-lock": code("{packages:, } and {more} more not in the lock"),
    "file-did-not-travel": code("{name} is next to {beside}, but was not copied with it: {cause}"),
    "more-did-not-travel": code("{more} more paths were not copied"),
    "file-is-dataset": code(
        "it is a dataset. Pass it as an input, or open it below the folder in the"
        " variable NBYARD_RESOURCES"
    ),
    "link-left-out": code("{path} is a link. Copy the files there, or pass them as an input"),
    "secret-left-out": code(
        "it may hold secrets, by its name. Declare it as an input, or add the line !{path} to"
        " .nbyardignore to include it"
    ),
    "secrets-left-out": code(
        "Files that may hold secrets are left out ({count}): {names:, }. To pass a file, declare"
        " it as an input, or add the line !PATH to .nbyardignore. The line PATH hides this message"
    ),
    "rule-leaves-out": code(
        "the rule {rule} excludes it. Add the line !{path} to .nbyardignore to include it"
    ),
    "folder-does-not-travel": code(
        "the folder {folder} is too large to copy as a whole. Create an empty file"
        " nbyard.toml there, or mention the path in the code"
    ),
    "outside-of-code": code(
        "{path} was not copied with the code, because it is outside the folder {folder}. {remedy}",
        remedy=REASON,
    ),
    "file-is-higher": code(
        "the file is {path} in the project, and the code looks for it from its own folder. Use"
        " {use} in the code, or declare the file as an input"
    ),
    "remedy-and-path": code("{remedy}. In the code, use {use}", remedy=REASON),
    "move-or-give-as-input": code("Move it there, or pass it as an input"),
    "mark-shared-folder": code(
        "Create an empty file nbyard.toml in {folder}: then all of {folder} is copied"
    ),
}
