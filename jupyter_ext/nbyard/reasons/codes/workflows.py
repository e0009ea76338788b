"""What blocks a run of a workflow: its connections, values, limits and runtimes."""

from nbyard.reasons.codes.code import REASON, REASONS, code

CONNECTIONS = {
    "edge-unknown-node": code("a connection needs a node at both ends"),
    "edge-self": code("a node cannot be connected to itself"),
    "edge-unknown-port": code(
        "{source}.{output} → {target}.{input}: no such port",
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
        given=str,
        input=str,
        wanted=str,
    ),
    "edge-cycle": code("the connections would form a cycle"),
    "connections-in-cycle": code("the connections form a cycle: {nodes:, }", nodes=list),
}

VALUES = {
    "argument-gone": code("{name} has no argument {argument} any more", name=str, argument=str),
    "argument-problem": code("{argument}: {problem}", argument=str, problem=REASON),
    "argument-needs-value": code("{argument} needs a value", argument=str),
    "connection-needed": code("{argument} needs a connection", argument=str),
    "connection-needed-from": code(
        "{argument} needs a connection from {things}", argument=str, things=str
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

WORKFLOWS = CONNECTIONS | VALUES | LIMITS | RUNTIMES | FILES | MONITORS
