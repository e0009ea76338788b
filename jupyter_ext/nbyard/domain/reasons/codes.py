"""The catalogue of reasons: each code with its text in English and its parameters.

In a text, `{name}` stands for a parameter; `{name:, }` joins a list by ", " instead of "; ".
`src/reasons` has the same codes for the browser, where texts can be translated.
"""

from typing import Any

import msgspec

# types of parameters besides text and numbers; by name, because `Reason` needs this module
REASON, REASONS = "Reason", ["Reason"]
NUMBER = (int, float)


class Code(msgspec.Struct, frozen=True):
    """The text of a code, and the types of its parameters by name."""

    text: str
    fields: dict[str, Any] = {}


def _code(text: str, /, **fields: Any) -> Code:
    return Code(text, fields)


ANY = {
    # from another program or an earlier version
    "text": _code("{text}", text=str),
    # the message of an error; `error` is its stable code
    "error": _code("{message}", error=str, message=str),
    # several reasons at once
    "all": _code("{reasons}", reasons=REASONS),
}

WAITS = {
    "waits-for-turn": _code("waits for its turn"),
    "waits-for-slots": _code("waits for {wanted} of {total} slots", wanted=NUMBER, total=NUMBER),
    "waits-for-memory": _code(
        "waits for {wanted} of {total} GiB of memory", wanted=NUMBER, total=NUMBER
    ),
    "waits-for-gpus": _code(
        "waits for {wanted} of {total} GPUs ({free} free)", wanted=int, total=int, free=int
    ),
    "waits-behind": _code("{wait}, behind other tasks", wait=REASON),
    "too-many-gpus-for-run": _code(
        "requests more GPUs ({wanted}) than this machine has ({total}): cancel the run and request"
        " fewer. `nbyard doctor` lists the GPUs",
        wanted=int,
        total=int,
    ),
    "too-many-gpus-for-deployment": _code(
        "requests more GPUs ({wanted}) than this machine has ({total}): edit the deployment and"
        " request fewer. `nbyard doctor` lists the GPUs",
        wanted=int,
        total=int,
    ),
    "waits-for-start": _code("waits for a free slot"),
    "waits-for-image": _code("waits for its image, which is being built or pulled"),
    "waits-for-engine": _code("waits: {message}", error=str, message=str),
    "waits-for-dask-worker": _code("waits for a free Dask worker of {workers}", workers=int),
    "no-dask-worker": _code("waits for a Dask worker: none is registered"),
}

# why a task ran, or did not have to
RUNS = {
    "runs": _code("runs because {cause}", cause=REASON),
    "runs-again": _code("runs again: {attempt}", attempt=REASON),
    "continues": _code("{reason}; continues after {rows} finished rows", reason=REASON, rows=int),
    "attempt-failed": _code("attempt {number} failed: {cause}", number=int, cause=REASON),
    "attempt-lost": _code("attempt {number} was lost: {cause}", number=int, cause=REASON),
    "lost-often": _code("{cause} (lost {count} times)", cause=REASON, count=int),
    "no-earlier-result": _code("it has no earlier result"),
    "forced": _code("the cache was ignored on request"),
    "cache-off": _code("its cache is off"),
    "result-gone": _code("the result to reuse is gone"),
    "result-expired": _code("its result of run {run} is older than {age}", run=int, age=str),
    "result-not-kept": _code("its last result is no longer kept"),
    "changed": _code("{changes}", changes=REASONS),
    "unsure": _code("{reason} ({problem})", reason=REASON, problem=REASON),
    "not-observed": _code("the files that it reads are not known"),
    "unchanged": _code("nothing changed since run {run}", run=int),
    "unchanged-reads": _code("nothing that it reads changed since run {run}", run=int),
    "reused": _code("result of run {run}", run=int),
    "pinned": _code("pinned to the result of run {run}", run=int),
    "retry-of-run": _code("retries run {run}", run=int),
    "cancelled": _code("the run was cancelled"),
    "upstream-failed": _code("an upstream task failed"),
}

# what changed since the last run of a node
CHANGES = {
    "code-changed": _code("its code changed"),
    "value-changed": _code("{name} changed {old} → {new}", name=str, old=str, new=str),
    "value-added": _code("{name} is set to {new}", name=str, new=str),
    "value-removed": _code("{name} is no longer set ({old})", name=str, old=str),
    "input-connected": _code("{name} is connected now", name=str),
    "input-disconnected": _code("{name} is no longer connected", name=str),
    "input-changed": _code("{name} has new bytes", name=str),
    "file-added": _code("the file {name} is new", name=str),
    "file-changed": _code("the file {name} changed", name=str),
    "file-removed": _code("the file {name} is gone", name=str),
    "declaration-changed": _code("its declaration changed"),
    "more-changes": _code("and {count} more changes", count=int),
    "environment-changed": _code("its environment changed"),
    "environment-has": _code("its environment {packages:, }", packages=REASONS),
    "environment-now": _code("it uses the environment {new} now", new=str),
    "environment-left": _code("it no longer uses the environment {old}", old=str),
    "environment-instead": _code(
        "it uses the environment {new} instead of {old}", new=str, old=str
    ),
    "environment-version": _code(
        "the environment {name} went from version {old} to {new}", name=str, old=int, new=int
    ),
    "environment-moved": _code("{move}: it {packages:, }", move=REASON, packages=REASONS),
    "package-gained": _code("gained {name} {version}", name=str, version=str),
    "package-lost": _code("lost {name} {version}", name=str, version=str),
    "package-changed": _code("has {name} {new} instead of {old}", name=str, new=str, old=str),
    "more-packages": _code("and {count} more", count=int),
}

# how an attempt ended, or why it was stopped
ENDS = {
    "failure": _code("{message}", kind=str, message=str),
    "time-limit": _code("ran longer than its limit of {seconds} s", seconds=NUMBER),
    "silence-limit": _code("gave no sign of life for {seconds} s", seconds=NUMBER),
    "queue-limit": _code(
        "waited longer than its limit of {seconds} s in the queue", seconds=NUMBER
    ),
    "cancel-file": _code("stopped by its cancel file"),
    "ended": _code("it has ended"),
    "no-result": _code("it is gone without a result"),
    "result-unreadable": _code("its result cannot be read"),
    "container-removed": _code("its container was removed from outside"),
    "container-killed": _code("its container was killed (signal {signal})", signal=int),
    "container-not-started": _code("its container could not be started: {message}", message=str),
    "container-input-cut": _code("its standard input was cut off when nbyard stopped"),
    "runner-silent": _code(
        "the runner ended without a result (exit code {exit_code})", exit_code=int
    ),
    "runner-silent-after": _code(
        "the runner ended without a result (exit code {exit_code}): {last}", exit_code=int, last=str
    ),
    "supervisor-killed": _code("its supervisor was killed"),
    "worker-not-stopped": _code("its worker could not be stopped"),
    "host-silent": _code("no sign of life from {host} for {seconds} s", host=str, seconds=NUMBER),
    "machine-restarted": _code("the machine was restarted"),
    "dask-worker-gone": _code("the Dask worker {worker} is gone", worker=str),
    "dask-forgotten": _code("the Dask scheduler does not know it any more"),
    "dask-cancelled": _code("its Dask task was cancelled from outside"),
    "dask-no-result": _code("its result is not visible here"),
}

# deployments and their revisions
DEPLOYMENTS = {
    "waits-for-build": _code("waits for the build of its image"),
    "build-failed": _code("the build of its image failed: {cause}", cause=REASON),
    "image-removed": _code("its image was removed before it was built"),
    "no-takeover": _code("revision {number} has not taken over: {cause}", number=int, cause=REASON),
    "service-silent": _code("the service does not answer"),
    "service-silent-because": _code("the service does not answer: {message}", message=str),
    "service-never-answered": _code(
        "the service never answered at port {port} ({path}) within {seconds} s; its log may show"
        " why",
        port=int,
        path=str,
        seconds=NUMBER,
    ),
    "service-restarts": _code("{end}; nbyard restarts it", end=REASON),
    "service-out-of-memory": _code(
        "the service ran out of memory: its limit is {memory_gb} GB", memory_gb=NUMBER
    ),
    "service-not-started": _code("the service could not be started: {cause}", cause=REASON),
    "service-ended": _code("the service ended with exit code {exit_code}", exit_code=int),
    "service-ended-after": _code(
        "the service ended with exit code {exit_code}: {last}", exit_code=int, last=str
    ),
    "service-killed": _code("the service was killed (exit code {exit_code})", exit_code=int),
    "service-killed-after": _code(
        "the service was killed (exit code {exit_code}): {last}", exit_code=int, last=str
    ),
    "port-taken": _code("a port is taken on the engine's machine: {message}", message=str),
    "hook-failed": _code(
        "a hook of the engine failed, such as the one that adds GPUs: {message}", message=str
    ),
    "command-missing": _code("the command is not in the image: {message}", message=str),
    "network-closed": _code(
        "containers cannot be reached, because the setting container_network is {network}:"
        " set it to bridge",
        network=str,
    ),
    "engine-elsewhere": _code(
        "the engine at {engine} is on another machine, where the ports of containers cannot be"
        " reached: set docker_host to an engine of this machine",
        engine=str,
    ),
}

# why an image, an environment, a dataset or a kernel cannot be used
UNUSABLE = {
    "error-with-hint": _code("{message} {hint}", error=str, message=str, hint=str),
    # `error` is the symbol of its number, such as ENOSPC
    "system-error": _code("{message}", error=str, message=str),
    "unexpected": _code("{message}", message=str),
    "image-not-built": _code("The image could not be built: {cause}", cause=REASON),
    "dockerfile-line-failed": _code(
        "The image could not be built: line {line} of the Dockerfile failed: {cause}",
        line=int,
        cause=REASON,
    ),
    "command-failed": _code("{message} (exit code {exit_code})", message=str, exit_code=int),
    "command-exited": _code("exit code {exit_code}", exit_code=int),
    "engine-disk-full": _code(
        "the disk of the engine is full (no space left on device)."
        " Remove images that are not needed: docker image prune."
    ),
    "image-needs-version": _code(
        "{failure}. A project takes its version from git, but an image contains no .git."
        " Set the version: --variable SETUPTOOLS_SCM_PRETEND_VERSION=1.0, or the same with _FOR_"
        " and the name of the project.",
        failure=REASON,
    ),
    "installer-failed": _code("{messages}", messages=list),
    "installer-needs-git": _code(
        "{messages}; a package takes its version from git: the folder needs its .git,"
        " and this machine needs git",
        messages=list,
    ),
    "installer-silent": _code("{program} failed", program=str),
    "installer-killed": _code("The installer was killed by signal {signal}", signal=int),
    "installer-out-of-memory": _code(
        "The installer was killed by signal {signal}: did the machine run out of memory?",
        signal=int,
    ),
    "installation-cancelled": _code("the installation was cancelled"),
    "broken-table": _code(
        "{message}. To keep the bytes as they are, give the file another extension, such as .dat.",
        message=str,
    ),
    "kernel-program-gone": _code(
        "The kernel {name} cannot start: {program} is gone.", name=str, program=str
    ),
}

CODES: dict[str, Code] = {**ANY, **WAITS, **RUNS, **CHANGES, **ENDS, **DEPLOYMENTS, **UNUSABLE}
