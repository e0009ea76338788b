"""States of runs, tasks and deployments: what they wait for, why they changed and ended."""

from nbyard.reasons.codes.code import NUMBER, REASON, REASONS, code

STATES = {
    # any kind of text
    # from another program
    "text": code("{text}"),
    # the message of an error; `error` is its stable code
    "error": code("{message}", error=str),
    # a refused field of a request; `path` is its place in the body
    "field": code("{path}: {reason}"),
    # several reasons at once
    "all": code("{reasons}", reasons=REASONS),
    # what a task waits for
    "waits-for-turn": code("waits in the queue"),
    "waits-for-slots": code("waits for {wanted} of {total:slot|slots}", wanted=NUMBER),
    "waits-for-memory": code("waits for {wanted} of {total} GiB of memory", wanted=NUMBER),
    "waits-for-gpus": code(
        "waits for {wanted} of {total:GPU|GPUs} ({free} free)", wanted=int, total=int, free=int
    ),
    "waits-behind": code("{wait}; earlier tasks come first", wait=REASON),
    "too-many-gpus-for-run": code(
        "requests more GPUs ({wanted}) than this machine has ({total}): cancel the run and request"
        " fewer. `nbyard doctor` lists the GPUs",
        wanted=int,
        total=int,
    ),
    "too-many-gpus-for-deployment": code(
        "requests more GPUs ({wanted}) than this machine has ({total}): edit the deployment and"
        " request fewer. `nbyard doctor` lists the GPUs",
        wanted=int,
        total=int,
    ),
    "draining": code("the administrator has paused the start of tasks: {why}", why=str),
    "waits-for-start": code("waits for a free slot"),
    "waits-for-image": code("waits for its image, which is being built or pulled"),
    "waits-for-engine": code("waits: {message}", error=str),
    "waits-for-dask-worker": code("waits for a free Dask worker ({workers} in total)"),
    "no-dask-worker": code("waits for a Dask worker: none is registered"),
    # quotas
    "over-quota": code("needs {wanted}, but {quota} allows {limit}", wanted=REASON, limit=REASON),
    "quota-full": code(
        "{quota} allows {limit}, held by {holders:, }", limit=REASON, holders=REASONS
    ),
    "disk-quota": code(
        "{quota} allows {limit}: {stored:bytes} are stored, and this adds {added:bytes}",
        limit=REASON,
    ),
    "quota-of-user": code("the quota of {user}"),
    "quota-of-project": code("the quota of the project '{name}'"),
    "quota-gpus": code("{count:GPU|GPUs}", count=NUMBER),
    "quota-cpu": code("{count:CPU|CPUs}", count=NUMBER),
    "quota-memory": code("{count:bytes} of memory"),
    "quota-stored": code("{count:bytes} of stored data"),
    "quota-runs": code("{count:run|runs} at once", count=NUMBER),
    "quota-queued-runs": code("{count:queued or started run|queued or started runs}", count=NUMBER),
    "quota-deployments": code("{count:deployment|deployments}", count=NUMBER),
    "held-by-run": code("run {name}", id=str),
    "held-by-deployment": code("the deployment {name}", id=str),
    "held-by-others": code("others"),
    "lifetime-over": code("reached the lifetime of its quota ({hours:hour|hours})"),
    "lifetime-ends": code(
        "stops in {hours:hour|hours}, at the end of its lifetime; extend it to keep it"
    ),
    "sharing-changed": code("sharing changed"),
    "lifetime-extended": code("extended for another lifetime of its quota"),
    # why a task ran, or did not have to
    "runs": code("runs because {cause}"),
    "runs-without-earlier-result": code("no earlier result"),
    "runs-again": code("runs again: {attempt}", attempt=REASON),
    "continues": code("{reason}; continues after {rows:finished row|finished rows}"),
    "attempt-failed": code("attempt {number} failed: {cause}"),
    "attempt-lost": code("attempt {number} was lost: {cause}"),
    "lost-often": code("{cause} (lost {count:time|times})"),
    "no-earlier-result": code("it has no earlier result"),
    "forced": code("the cache was ignored on request"),
    "reads-not-watched": code("its reads could not be watched: {error}"),
    "too-many-reads": code("it opened too many code files to track"),
    "sampled": code(
        "a check run uses {rows} rows of each table and {files} files of each kind in folders",
        files=int,
    ),
    "cache-off": code("its cache is off"),
    "result-gone": code("the result to reuse no longer exists"),
    "result-expired": code("its result of run {run} is older than {age}"),
    "result-not-kept": code("its last result is no longer kept"),
    # only in forecasts
    "after-node": code("{node} must run first"),
    "forecast-late": code("the node could not be checked in time"),
    "elements-again": code("elements of {node} that failed run again"),
    "file-not-read": code("a large file has not been read yet"),
    "changed": code("{changes}"),
    "unsure": code("{reason} ({problem})"),
    "not-observed": code("the files that it reads are not known"),
    "unchanged": code("nothing changed since run {run}"),
    "unchanged-reads": code("nothing that it reads changed since run {run}"),
    # the result of a colleague, in a run of the same project
    "unchanged-team": code(
        "{user} computed it in run {run} at {at} from the same code, parameters, inputs and"
        " environment",
        run_id=str,
    ),
    "unchanged-reads-team": code(
        "{user} computed it in run {run} at {at} from the same code, parameters, inputs and"
        " environment, and nothing that it reads changed",
        run_id=str,
    ),
    "reused": code("result of run {run}"),
    "pinned": code("pinned to the result of run {run}"),
    # the nightly sample of cached nodes
    "reproduced": code("gave the same outputs as run {run} again"),
    "not-reproduced": code(
        "gave other bytes of {outputs:, } than run {run}, from the same code, parameters, inputs"
        " and environment"
    ),
    "not-comparable": code("its code, data or environment changed before it ran again"),
    "not-reproducible": code(
        "not reproducible: equal inputs gave other bytes of {outputs:, } on {at}"
    ),
    "retry-of-run": code("retries run {run}"),
    "cancelled": code("the run was cancelled"),
    "cancelled-by-administrator": code("an administrator cancelled the run"),
    "upstream-failed": code("an upstream task failed"),
    "upstream-skipped": code("the tasks before it were skipped"),
    "condition-not-met": code("{condition} does not hold: {values:, }"),
    "condition-value-missing": code(
        "the condition needs {value}, but {node} has no such metric or output. It has: {names:, }",
    ),
    # maps
    "map-ended": code(
        "{succeeded:,} of {total:,} elements succeeded, {failed:,} failed, {skipped:,} skipped"
    ),
    "element-cancelled": code("the element was cancelled"),
    "map-empty": code("its map has no elements"),
    "map-stopped": code("the map stopped after too many failures"),
    "map-forecast": code("{cached:,} of {total:,} elements are cached"),
    "map-late": code("{total:,} elements could not be checked in time"),
    "map-search": code("an optimiser suggests {total:,} elements during the run"),
    "map-goal-missing": code(
        "no element has the metric {goal}, which the search needs. They have: {names:, }"
    ),
    "pruned": code("stopped early: its {goal} is worse than that of other elements"),
    "map-unknown-yet": code("the results of a map are known only during the run"),
    # what changed since the last run of a node
    "code-changed": code("its code changed"),
    "value-changed": code("{name} changed {old} → {new}"),
    "value-added": code("{name} is set to {new}"),
    "value-removed": code("{name} is no longer set ({old})"),
    "input-connected": code("{name} is now connected"),
    "input-disconnected": code("{name} is no longer connected"),
    "input-changed": code("the data of {name} changed"),
    "file-added": code("the file {name} is new"),
    "file-changed": code("the file {name} changed"),
    "file-removed": code("the file {name} is gone"),
    "file-changed-meanwhile": code("the file {name} changed while its last run used it"),
    "folder-changed": code("the folder {name} changed"),
    "too-many-outside": code("it used too many files to track, at {name} and elsewhere"),
    "outside-unknown": code("the files outside its code folder could not be compared"),
    "declaration-changed": code("its declaration changed"),
    "more-changes": code("and {count} more"),
    "environment-changed": code("its environment changed"),
    "requirements-changed": code("its requirements changed"),
    "environment-has": code("its environment {packages:, }", packages=REASONS),
    "environment-now": code("it now uses the environment {new}"),
    "environment-left": code("it no longer uses the environment {old}"),
    "environment-instead": code("it uses the environment {new} instead of {old}"),
    "environment-version": code(
        "the environment {name} changed from version {old} to {new}", old=int, new=int
    ),
    "environment-moved": code("{move}: it {packages:, }", move=REASON, packages=REASONS),
    "package-gained": code("gained {name} {version}"),
    "package-lost": code("lost {name} {version}"),
    "package-changed": code("has {name} {new} instead of {old}"),
    "more-packages": code("and {count} more"),
    # only in the comparison of two runs
    "input-moved": code("{name} comes from another output"),
    "input-file-changed": code("{file} changed"),
    "input-table-changed": code("{file} changed: {changes:, }"),
    "rows-changed": code("{old} → {new} rows", old=int, new=int),
    "column-changed": code("{name} {figure} {old} → {new}"),
    "column-added": code("the column {name} is new"),
    "column-removed": code("the column {name} is gone"),
    "input-not-stored": code("the data is not stored: only its fingerprints can be compared"),
    "data-changed": code("{name} changed {old} → {new}"),
    "cell-changed": code("cell {cell} changed"),
    "cell-added": code("cell {cell} is new"),
    "cell-removed": code("cell {cell} was removed"),
    "pin-changed": code("it uses the result of another run"),
    "node-only-in-newer": code("only the newer run has this node"),
    "node-only-in-older": code("only the older run has this node"),
    "inputs-not-recorded": code("the dependencies of its result were not recorded"),
    "nondeterministic": code(
        "no recorded difference: the same code, inputs and environment produced a different result"
    ),
    # how an attempt ended, or why it was stopped
    "time-limit": code("ran longer than its limit of {seconds} s"),
    "silence-limit": code("produced no output or progress for {seconds} s"),
    "queue-limit": code("waited longer than its limit of {seconds} s in the queue"),
    "cancel-file": code("stopped by its cancel file"),
    "ended": code("it has finished"),
    "no-result": code("it disappeared without a result"),
    "result-unreadable": code("its result cannot be read"),
    "container-removed": code("its container was removed outside nbyard"),
    "container-killed": code("its container was killed (signal {signal})"),
    "container-exit-unknown": code("the container engine does not know how its container ended"),
    "container-not-started": code("its container could not be started: {message}"),
    "container-input-cut": code("its standard input was cut off when nbyard stopped"),
    "runner-silent": code("the runner exited without a result (exit code {exit_code})"),
    "runner-silent-after": code(
        "the runner exited without a result (exit code {exit_code}): {last}"
    ),
    "supervisor-killed": code("its supervisor was killed"),
    "supervisor-killed-by-signal": code("its supervisor was killed (signal {signal})"),
    "worker-not-stopped": code("its worker could not be stopped"),
    "host-silent": code("no heartbeat from {host} for {seconds} s", host=str),
    "machine-restarted": code("the machine was restarted"),
    "dask-worker-gone": code("the Dask worker {worker} is gone"),
    "dask-first-worker-gone": code("the Dask worker that started it is gone"),
    "dask-files-missing": code("its files did not reach the Dask worker"),
    "dask-task-failed": code("its Dask task failed: {message}"),
    "dask-forgotten": code("the Dask scheduler no longer has its task"),
    "dask-cancelled": code("its Dask task was cancelled outside nbyard"),
    "dask-no-result": code("its result is not visible on this machine"),
    # deployments and their revisions
    "keys-not-checked": code(
        "The image does not check keys. Build it again to call the deployment with a key."
    ),
    "no-port-for-keys": code("No port at {address} for calls with a key: {error}"),
    "deployment-created": code("created"),
    "deployment-edited": code("edited"),
    "deployment-described": code("description edited"),
    "deployment-rolled-back": code("rolled back to revision {revision}", revision=int),
    "start-requested": code("start requested"),
    "stop-requested": code("stop requested"),
    "deployment-deleted": code("deleted"),
    "key-created": code("key {key}… created"),
    "key-deleted": code("key {key}… revoked"),
    "revision-answers": code("responds"),
    # deployments
    "waits-for-build": code("waits for the build of its image"),
    "waits-for-removal": code(
        "waits until Docker has removed its former container. If this takes long, run"
        " `docker rm -f {container}`"
    ),
    "build-failed": code("the build of its image failed: {cause}"),
    "image-removed": code("its image was removed before it was built"),
    "no-takeover": code("revision {number} does not serve yet: {cause}"),
    "service-silent": code("the service does not respond"),
    "service-silent-because": code("the service does not respond: {message}"),
    "service-never-answered": code(
        "the service did not respond on port {port} ({path}) within {seconds} s; its"
        " log may show why",
        port=int,
    ),
    "service-restarts": code("{end}; nbyard restarts it"),
    "service-out-of-memory": code(
        "the service ran out of memory: its limit is {memory_gb} GB", memory_gb=NUMBER
    ),
    "service-not-started": code("the service could not be started: {cause}"),
    "service-ended": code("the service exited with code {exit_code}"),
    "service-ended-after": code("the service exited with code {exit_code}: {last}"),
    "service-killed": code("the service was killed (exit code {exit_code})"),
    "service-killed-after": code("the service was killed (exit code {exit_code}): {last}"),
    "port-taken": code("a port is already in use on the engine's machine: {message}"),
    "hook-failed": code("a hook of the engine failed, such as the one that adds GPUs: {message}"),
    "command-missing": code("the command is not in the image: {message}"),
    "network-closed": code(
        "containers cannot be reached, because the setting container_network is {network}:"
        " set it to bridge"
    ),
    "engine-elsewhere": code(
        "the engine at {engine} is on another machine, where the ports of containers cannot be"
        " reached: set docker_host to an engine of this machine"
    ),
    # why an image, an environment, a dataset or a kernel cannot be used
    "error-with-hint": code("{message} {hint}", error=str, message=REASON),
    # for a message that does not end as a sentence
    "error-then-hint": code("{message}. {hint}", error=str, message=REASON),
    # `error` is the symbol of its number, such as ENOSPC
    "system-error": code("{message}", error=str),
    "image-not-built": code("The image could not be built: {cause}"),
    "dockerfile-line-failed": code(
        "The image could not be built: line {line} of the Dockerfile failed: {cause}"
    ),
    "command-failed": code("{message} (exit code {exit_code})"),
    "command-exited": code("exit code {exit_code}"),
    "build-killed": code(
        "it was killed, probably at the memory limit of {limit:bytes} (task_memory_bytes)"
    ),
    "engine-disk-full": code(
        "the disk of the engine is full (no space left on device)."
        " Remove images that are not needed: docker image prune."
    ),
    "image-needs-version": code(
        "{failure}. A project takes its version from git, but an image contains no .git."
        " Set the version: --variable SETUPTOOLS_SCM_PRETEND_VERSION=1.0, or the same with _FOR_"
        " and the name of the project.",
        failure=REASON,
    ),
    "requirement-failed": code("The requirement {requirement} cannot be installed: {cause}"),
    "installer-failed": code("{messages}", messages=list),
    "installer-needs-git": code(
        "{messages}; a package takes its version from git: the folder needs its .git,"
        " and this machine needs git",
        messages=list,
    ),
    "installer-silent": code("{program} failed"),
    "installer-killed": code("The installer was killed by signal {signal}"),
    "installer-out-of-memory": code(
        "The installer was killed by signal {signal}: did the machine run out of memory?"
    ),
    "installation-cancelled": code("the installation was cancelled"),
    "broken-table": code(
        "{message}. To store the file unchanged, give it another extension, such as .dat."
    ),
    "kernel-program-gone": code("The kernel {name} cannot start: {program} was not found."),
}
