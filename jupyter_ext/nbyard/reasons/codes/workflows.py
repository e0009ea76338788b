"""What blocks a run of a workflow: its connections, values, limits and runtimes."""

from nbyard.reasons.codes.code import REASON, REASONS, code

CONNECTIONS = {
    "edge-unknown-node": code("a connection needs a node at both ends"),
    "edge-self": code("a node cannot be connected to itself"),
    "edge-unknown-port": code(
        "{source}.{output} → {target}.{input}: this output or input no longer exists",
        source=str,
        output=str,
        target=str,
        input=str,
    ),
    "edge-direction": code("connections go from an output to an input"),
    "edge-taken": code("{input} of {target} already has a connection", input=str, target=str),
    "edge-format": code(
        "the output {output} ({given}) does not fit the input {input} ({wanted})",
        output=str,
        given=REASON,
        input=str,
        wanted=REASON,
    ),
    # what an argument is or takes, in edge-format
    "any-file": code("any file"),
    "any-file-or-folder": code("any file or folder"),
    "folder-of-files": code("a folder with several files"),
    "edge-cycle": code("the connections would form a cycle"),
    "connections-in-cycle": code("the connections form a cycle: {nodes:, }", nodes=list),
}

BYPASSED = {
    "bypass-none": code(
        "{input} needs a connection: no input of the bypassed node {node} fits",
        input=str,
        node=str,
    ),
    "bypass-several": code(
        "{input} needs a connection: {node} is bypassed, and several inputs fit: {inputs:, }",
        input=str,
        node=str,
        inputs=list,
    ),
}

VALUES = {
    "argument-gone": code("{name} no longer has the argument {argument}", name=str, argument=str),
    "argument-problem": code("{argument}: {problem}", argument=str, problem=REASON),
    "argument-needs-value": code("{argument} needs a value", argument=str),
    "connection-needed": code("{argument} needs a connection", argument=str),
    "connection-needed-for-files": code(
        "{argument} needs a connection from a file or a folder with several files", argument=str
    ),
    "connection-needed-for-file": code(
        "{argument} needs a connection: {file} is not in the bundle", argument=str, file=str
    ),
    "argument-parameter-unknown": code(
        "{argument}: the workflow has no parameter {parameter}", argument=str, parameter=str
    ),
}

LIMITS = {
    "limit-not-positive": code("{limit} must be more than 0", limit=str),
    "limit-out-of-range": code("{limit} must be from 0 to {most}", limit=str, most=int),
    "cache-policy-unreadable": code(
        "cache must be on, bundle, off or an age such as 24 h (units: s, min, h, d)"
    ),
    "too-many-declared-ports": code("there may be at most {most} ports", most=int),
    "port-name-refused": code(
        "{name} is no name of a port: use a-z, 0-9 and -, 31 characters at most", name=str
    ),
    "port-name-reserved": code("'{name}' is the link of TensorBoard itself", name=str),
    "port-number-refused": code("{name} must be from 0 (any) to {most}", name=str, most=int),
    "port-declared-twice": code("two names have the port {port}", port=int),
    "tensorboard-folder-refused": code(
        "must be a folder below the working directory, or an output's name"
    ),
}

RUNTIMES = {
    "dockerfile-needs-containers": code(
        "is a Dockerfile, which runs in containers: set the runtime to {runtime}", runtime=str
    ),
    "shell-needs-containers": code(
        "its command line is for a shell, which runs in containers: set the runtime to {runtime}",
        runtime=str,
    ),
    "no-image-on-dask": code(
        "on the Dask cluster it would run in the Python of its worker, not in an image: remove the"
        " image, or run it in a container"
    ),
    "kernel-only-local": code(
        "only local processes can use a kernel of this machine; name an environment instead"
    ),
    "bundle-too-large-to-send": code(
        "its code bundle is larger than `max_bundle_bytes`; largest: {largest:, }. List what it"
        " does not need in .nbyardignore, or run it as a local process",
        largest=REASONS,
    ),
}

FILES = {
    "code-uploaded": code("its code was uploaded, so no description can lie beside it"),
    "node-pinned": code("the node is pinned to a version: let it follow its file first"),
    "too-many-files-to-declare": code(
        "these are more than {most} files: let an argument name their folder instead", most=int
    ),
}

MONITORS = {
    "tensorboard-beside-processes-only": code(
        "TensorBoard is started beside processes only. In a container, the task can serve it at a"
        " port."
    ),
    "tensorboard-missing": code(
        "TensorBoard is not installed where the task runs, nor beside nbyard: `pip install"
        " tensorboard`"
    ),
    "tensorboard-ended": code("TensorBoard has ended: {message}", message=str),
}

# why a connection is proposed
PROPOSALS = {
    "same-names-of-ends": code("same name"),
    "similar-names": code("similar names"),
    "similar-names-same-format": code("similar names, both {format}", format=str),
    "same-file": code(
        "{writer} writes {file}, and {reader} reads it", writer=str, reader=str, file=str
    ),
    "file-of-same-name": code(
        "{writer} writes {file}, and {reader} reads a file of that name",
        writer=str,
        reader=str,
        file=str,
    ),
}

# warnings of tasks
WARNINGS = {
    "environment-not-on-dask": code(
        "the environment {name} is not installed on the Dask workers: what it names has to be"
        " there already",
        name=str,
    ),
    "requirements-not-on-dask": code(
        "its requirements file is not installed on the Dask workers: what it names has to be there"
        " already"
    ),
    "no-links-on-dask": code("there are no Monitor links to work on a Dask worker"),
    "kernel-replaced": code(
        "The kernel {kernel} is not installed: {used} runs the notebook.", kernel=str, used=str
    ),
    "output-holds-secret": code("the output {output} holds something secret", output=str),
    "lock-differs": code(
        "not as the lock of {environment} version {number} has it: {differences}",
        environment=str,
        number=int,
        differences=REASONS,
    ),
    "lock-differs-in-more": code(
        "not as the lock of {environment} version {number} has it: {differences} and {more} more",
        environment=str,
        number=int,
        differences=REASONS,
        more=int,
    ),
    "python-instead": code("Python {found} instead of {locked}", found=str, locked=str),
    "package-instead": code(
        "{package} {found} instead of {locked}", package=str, found=str, locked=str
    ),
    "package-lacks": code("no {package}", package=str),
    "locked-folder-changed": code("the folder {path} has changed since it was locked", path=str),
    "locked-folder-gone": code("the folder {path} is gone", path=str),
    "packages-beside-lock": code("{packages:, } beside the lock", packages=list),
    "more-packages-beside-lock": code(
        "{packages:, } and {more} more beside the lock", packages=list, more=int
    ),
    "file-did-not-travel": code(
        "{name} lies beside {beside}, but did not travel with it: {cause}",
        name=str,
        beside=str,
        cause=REASON,
    ),
    "more-did-not-travel": code("{more} more paths did not travel", more=int),
    "file-is-dataset": code(
        "it is a dataset. Give it as an input, or open it below the folder that the variable"
        " NBYARD_RESOURCES names"
    ),
    "link-left-out": code(
        "{path} is a link. Put the files there, or give them as an input", path=str
    ),
    "rule-leaves-out": code(
        "the rule {rule} excludes it. Add the line !{path} to .nbyardignore to include it",
        rule=str,
        path=str,
    ),
    "folder-does-not-travel": code(
        "the folder {folder} is too large to travel whole. Create an empty file nbyard.toml there,"
        " or name the path in the code",
        folder=str,
    ),
    "outside-of-code": code(
        "{path} did not travel with the code, because it lies outside of the folder {folder}."
        " {remedy}",
        path=str,
        folder=str,
        remedy=REASON,
    ),
    "move-or-give-as-input": code("Move it there, or give it as an input"),
    "mark-shared-folder": code(
        "Create an empty file nbyard.toml in {folder}: then all of {folder} travels", folder=str
    ),
}

WORKFLOWS = (
    CONNECTIONS | BYPASSED | VALUES | LIMITS | RUNTIMES | FILES | MONITORS | PROPOSALS | WARNINGS
)
