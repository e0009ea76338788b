// Made by buildtools/reason_catalogue.py; do not edit.

/** Marks texts, so that tools collect them for translators. */
const trans = { __: (text: string) => text };

/** The text of each code of `nbyard/reasons`. `{name}` is a parameter, `{name:words}` a list. */
export const CODES: Readonly<Record<string, string>> = {
  text: '{text}',
  error: '{message}',
  field: trans.__('{path}: {reason}'),
  all: '{reasons}',
  'waits-for-turn': trans.__('waits in the queue'),
  'waits-for-slots': trans.__('waits for {wanted} of {total:slot|slots}'),
  'waits-for-memory': trans.__('waits for {wanted} of {total} GiB of memory'),
  'waits-for-gpus': trans.__('waits for {wanted} of {total:GPU|GPUs} ({free} free)'),
  'waits-behind': trans.__('{wait}; earlier tasks come first'),
  'too-many-gpus-for-run': trans.__(
    'requests more GPUs ({wanted}) than this machine has ({total}): cancel the run and request fewer. `nbyard doctor` lists the GPUs'
  ),
  'too-many-gpus-for-deployment': trans.__(
    'requests more GPUs ({wanted}) than this machine has ({total}): edit the deployment and request fewer. `nbyard doctor` lists the GPUs'
  ),
  draining: trans.__('the administrator has paused the start of tasks: {why}'),
  'waits-for-start': trans.__('waits for a free slot'),
  'waits-for-image': trans.__('waits for its image, which is being built or pulled'),
  'waits-for-engine': trans.__('waits: {message}'),
  'waits-for-dask-worker': trans.__('waits for a free Dask worker ({workers} in total)'),
  'no-dask-worker': trans.__('waits for a Dask worker: none is registered'),
  'over-quota': trans.__('needs {wanted}, but {quota} allows {limit}'),
  'quota-full': trans.__('{quota} allows {limit}, held by {holders:, }'),
  'disk-quota': trans.__(
    '{quota} allows {limit}: {stored:bytes} are stored, and this adds {added:bytes}'
  ),
  'quota-of-user': trans.__('the quota of {user}'),
  'quota-of-project': trans.__("the quota of the project '{name}'"),
  'quota-gpus': '{count:GPU|GPUs}',
  'quota-cpu': '{count:CPU|CPUs}',
  'quota-memory': trans.__('{count:bytes} of memory'),
  'quota-stored': trans.__('{count:bytes} of stored data'),
  'quota-runs': trans.__('{count:run|runs} at once'),
  'quota-queued-runs': '{count:queued or started run|queued or started runs}',
  'quota-deployments': '{count:deployment|deployments}',
  'held-by-run': trans.__('run {name}'),
  'held-by-deployment': trans.__('the deployment {name}'),
  'held-by-others': trans.__('others'),
  'lifetime-over': trans.__('reached the lifetime of its quota ({hours:hour|hours})'),
  'lifetime-ends': trans.__(
    'stops in {hours:hour|hours}, at the end of its lifetime; extend it to keep it'
  ),
  'sharing-changed': trans.__('sharing changed'),
  'lifetime-extended': trans.__('extended for another lifetime of its quota'),
  runs: trans.__('runs because {cause}'),
  'runs-without-earlier-result': trans.__('no earlier result'),
  'runs-again': trans.__('runs again: {attempt}'),
  continues: trans.__('{reason}; continues after {rows:finished row|finished rows}'),
  'attempt-failed': trans.__('attempt {number} failed: {cause}'),
  'attempt-lost': trans.__('attempt {number} was lost: {cause}'),
  'lost-often': trans.__('{cause} (lost {count:time|times})'),
  'no-earlier-result': trans.__('it has no earlier result'),
  forced: trans.__('the cache was ignored on request'),
  'reads-not-watched': trans.__('its reads could not be watched: {error}'),
  'too-many-reads': trans.__('it opened too many code files to track'),
  sampled: trans.__(
    'a check run uses {rows} rows of each table and {files} files of each kind in folders'
  ),
  'cache-off': trans.__('its cache is off'),
  'result-gone': trans.__('the result to reuse no longer exists'),
  'result-expired': trans.__('its result of run {run} is older than {age}'),
  'result-not-kept': trans.__('its last result is no longer kept'),
  'after-node': trans.__('{node} must run first'),
  'forecast-late': trans.__('the node could not be checked in time'),
  'elements-again': trans.__('elements of {node} that failed run again'),
  'file-not-read': trans.__('a large file has not been read yet'),
  changed: '{changes}',
  unsure: trans.__('{reason} ({problem})'),
  'not-observed': trans.__('the files that it reads are not known'),
  unchanged: trans.__('nothing changed since run {run}'),
  'unchanged-reads': trans.__('nothing that it reads changed since run {run}'),
  'unchanged-team': trans.__(
    '{user} computed it in run {run} at {at} from the same code, parameters, inputs and environment'
  ),
  'unchanged-reads-team': trans.__(
    '{user} computed it in run {run} at {at} from the same code, parameters, inputs and environment, and nothing that it reads changed'
  ),
  reused: trans.__('result of run {run}'),
  pinned: trans.__('pinned to the result of run {run}'),
  reproduced: trans.__('gave the same outputs as run {run} again'),
  'not-reproduced': trans.__(
    'gave other bytes of {outputs:, } than run {run}, from the same code, parameters, inputs and environment'
  ),
  'not-comparable': trans.__('its code, data or environment changed before it ran again'),
  'not-reproducible': trans.__(
    'not reproducible: equal inputs gave other bytes of {outputs:, } on {at}'
  ),
  'retry-of-run': trans.__('retries run {run}'),
  cancelled: trans.__('the run was cancelled'),
  'cancelled-by-administrator': trans.__('an administrator cancelled the run'),
  'upstream-failed': trans.__('an upstream task failed'),
  'upstream-skipped': trans.__('the tasks before it were skipped'),
  'condition-not-met': trans.__('{condition} does not hold: {values:, }'),
  'condition-value-missing': trans.__(
    'the condition needs {value}, but {node} has no such metric or output. It has: {names:, }'
  ),
  'map-ended': trans.__(
    '{succeeded:,} of {total:,} elements succeeded, {failed:,} failed, {skipped:,} skipped'
  ),
  'element-cancelled': trans.__('the element was cancelled'),
  'map-empty': trans.__('its map has no elements'),
  'map-stopped': trans.__('the map stopped after too many failures'),
  'map-forecast': trans.__('{cached:,} of {total:,} elements are cached'),
  'map-late': trans.__('{total:,} elements could not be checked in time'),
  'map-search': trans.__('an optimiser suggests {total:,} elements during the run'),
  'map-goal-missing': trans.__(
    'no element has the metric {goal}, which the search needs. They have: {names:, }'
  ),
  pruned: trans.__('stopped early: its {goal} is worse than that of other elements'),
  'map-unknown-yet': trans.__('the results of a map are known only during the run'),
  'code-changed': trans.__('its code changed'),
  'value-changed': trans.__('{name} changed {old} → {new}'),
  'value-added': trans.__('{name} is set to {new}'),
  'value-removed': trans.__('{name} is no longer set ({old})'),
  'input-connected': trans.__('{name} is now connected'),
  'input-disconnected': trans.__('{name} is no longer connected'),
  'input-changed': trans.__('the data of {name} changed'),
  'file-added': trans.__('the file {name} is new'),
  'file-changed': trans.__('the file {name} changed'),
  'file-removed': trans.__('the file {name} is gone'),
  'file-changed-meanwhile': trans.__('the file {name} changed while its last run used it'),
  'folder-changed': trans.__('the folder {name} changed'),
  'too-many-outside': trans.__('it used too many files to track, at {name} and elsewhere'),
  'outside-unknown': trans.__('the files outside its code folder could not be compared'),
  'declaration-changed': trans.__('its declaration changed'),
  'more-changes': trans.__('and {count} more'),
  'environment-changed': trans.__('its environment changed'),
  'requirements-changed': trans.__('its requirements changed'),
  'environment-has': trans.__('its environment {packages:, }'),
  'environment-now': trans.__('it now uses the environment {new}'),
  'environment-left': trans.__('it no longer uses the environment {old}'),
  'environment-instead': trans.__('it uses the environment {new} instead of {old}'),
  'environment-version': trans.__('the environment {name} changed from version {old} to {new}'),
  'environment-moved': trans.__('{move}: it {packages:, }'),
  'package-gained': trans.__('gained {name} {version}'),
  'package-lost': trans.__('lost {name} {version}'),
  'package-changed': trans.__('has {name} {new} instead of {old}'),
  'more-packages': trans.__('and {count} more'),
  'input-moved': trans.__('{name} comes from another output'),
  'input-file-changed': trans.__('{file} changed'),
  'input-table-changed': trans.__('{file} changed: {changes:, }'),
  'rows-changed': trans.__('{old} → {new} rows'),
  'column-changed': trans.__('{name} {figure} {old} → {new}'),
  'column-added': trans.__('the column {name} is new'),
  'column-removed': trans.__('the column {name} is gone'),
  'input-not-stored': trans.__('the data is not stored: only its fingerprints can be compared'),
  'data-changed': trans.__('{name} changed {old} → {new}'),
  'cell-changed': trans.__('cell {cell} changed'),
  'cell-added': trans.__('cell {cell} is new'),
  'cell-removed': trans.__('cell {cell} was removed'),
  'pin-changed': trans.__('it uses the result of another run'),
  'node-only-in-newer': trans.__('only the newer run has this node'),
  'node-only-in-older': trans.__('only the older run has this node'),
  'inputs-not-recorded': trans.__('the dependencies of its result were not recorded'),
  nondeterministic: trans.__(
    'no recorded difference: the same code, inputs and environment produced a different result'
  ),
  'time-limit': trans.__('ran longer than its limit of {seconds} s'),
  'silence-limit': trans.__('produced no output or progress for {seconds} s'),
  'queue-limit': trans.__('waited longer than its limit of {seconds} s in the queue'),
  'cancel-file': trans.__('stopped by its cancel file'),
  ended: trans.__('it has finished'),
  'no-result': trans.__('it disappeared without a result'),
  'result-unreadable': trans.__('its result cannot be read'),
  'container-removed': trans.__('its container was removed outside nbyard'),
  'container-killed': trans.__('its container was killed (signal {signal})'),
  'container-exit-unknown': trans.__('the container engine does not know how its container ended'),
  'container-not-started': trans.__('its container could not be started: {message}'),
  'container-input-cut': trans.__('its standard input was cut off when nbyard stopped'),
  'runner-silent': trans.__('the runner exited without a result (exit code {exit_code})'),
  'runner-silent-after': trans.__(
    'the runner exited without a result (exit code {exit_code}): {last}'
  ),
  'supervisor-killed': trans.__('its supervisor was killed'),
  'supervisor-killed-by-signal': trans.__('its supervisor was killed (signal {signal})'),
  'worker-not-stopped': trans.__('its worker could not be stopped'),
  'host-silent': trans.__('no heartbeat from {host} for {seconds} s'),
  'machine-restarted': trans.__('the machine was restarted'),
  'dask-worker-gone': trans.__('the Dask worker {worker} is gone'),
  'dask-first-worker-gone': trans.__('the Dask worker that started it is gone'),
  'dask-files-missing': trans.__('its files did not reach the Dask worker'),
  'dask-task-failed': trans.__('its Dask task failed: {message}'),
  'dask-forgotten': trans.__('the Dask scheduler no longer has its task'),
  'dask-cancelled': trans.__('its Dask task was cancelled outside nbyard'),
  'dask-no-result': trans.__('its result is not visible on this machine'),
  'keys-not-checked': trans.__(
    'The image does not check keys. Build it again to call the deployment with a key.'
  ),
  'no-port-for-keys': trans.__('No port at {address} for calls with a key: {error}'),
  'deployment-created': trans.__('created'),
  'deployment-edited': trans.__('edited'),
  'deployment-described': trans.__('description edited'),
  'deployment-rolled-back': trans.__('rolled back to revision {revision}'),
  'start-requested': trans.__('start requested'),
  'stop-requested': trans.__('stop requested'),
  'deployment-deleted': trans.__('deleted'),
  'key-created': trans.__('key {key}… created'),
  'key-deleted': trans.__('key {key}… revoked'),
  'revision-answers': trans.__('responds'),
  'waits-for-build': trans.__('waits for the build of its image'),
  'waits-for-removal': trans.__(
    'waits until Docker has removed its former container. If this takes long, run `docker rm -f {container}`'
  ),
  'build-failed': trans.__('the build of its image failed: {cause}'),
  'image-removed': trans.__('its image was removed before it was built'),
  'no-takeover': trans.__('revision {number} does not serve yet: {cause}'),
  'service-silent': trans.__('the service does not respond'),
  'service-silent-because': trans.__('the service does not respond: {message}'),
  'service-never-answered': trans.__(
    'the service did not respond on port {port} ({path}) within {seconds} s; its log may show why'
  ),
  'service-restarts': trans.__('{end}; nbyard restarts it'),
  'service-out-of-memory': trans.__('the service ran out of memory: its limit is {memory_gb} GB'),
  'service-not-started': trans.__('the service could not be started: {cause}'),
  'service-ended': trans.__('the service exited with code {exit_code}'),
  'service-ended-after': trans.__('the service exited with code {exit_code}: {last}'),
  'service-killed': trans.__('the service was killed (exit code {exit_code})'),
  'service-killed-after': trans.__('the service was killed (exit code {exit_code}): {last}'),
  'port-taken': trans.__("a port is already in use on the engine's machine: {message}"),
  'hook-failed': trans.__('a hook of the engine failed, such as the one that adds GPUs: {message}'),
  'command-missing': trans.__('the command is not in the image: {message}'),
  'network-closed': trans.__(
    'containers cannot be reached, because the setting container_network is {network}: set it to bridge'
  ),
  'engine-elsewhere': trans.__(
    'the engine at {engine} is on another machine, where the ports of containers cannot be reached: set docker_host to an engine of this machine'
  ),
  'error-with-hint': trans.__('{message} {hint}'),
  'error-then-hint': trans.__('{message}. {hint}'),
  'system-error': '{message}',
  'image-not-built': trans.__('The image could not be built: {cause}'),
  'dockerfile-line-failed': trans.__(
    'The image could not be built: line {line} of the Dockerfile failed: {cause}'
  ),
  'command-failed': trans.__('{message} (exit code {exit_code})'),
  'command-exited': trans.__('exit code {exit_code}'),
  'build-killed': trans.__(
    'it was killed, probably at the memory limit of {limit:bytes} (task_memory_bytes)'
  ),
  'engine-disk-full': trans.__(
    'the disk of the engine is full (no space left on device). Remove images that are not needed: docker image prune.'
  ),
  'image-needs-version': trans.__(
    '{failure}. A project takes its version from git, but an image contains no .git. Set the version: --variable SETUPTOOLS_SCM_PRETEND_VERSION=1.0, or the same with _FOR_ and the name of the project.'
  ),
  'requirement-failed': trans.__('The requirement {requirement} cannot be installed: {cause}'),
  'installer-failed': '{messages}',
  'installer-needs-git': trans.__(
    '{messages}; a package takes its version from git: the folder needs its .git, and this machine needs git'
  ),
  'installer-silent': trans.__('{program} failed'),
  'installer-killed': trans.__('The installer was killed by signal {signal}'),
  'installer-out-of-memory': trans.__(
    'The installer was killed by signal {signal}: did the machine run out of memory?'
  ),
  'installation-cancelled': trans.__('the installation was cancelled'),
  'broken-table': trans.__(
    '{message}. To store the file unchanged, give it another extension, such as .dat.'
  ),
  'kernel-program-gone': trans.__('The kernel {name} cannot start: {program} was not found.'),
  'run-is-bisected': trans.__('a running bisection compares it'),
  'kept-by-user': trans.__('you marked it to be kept'),
  'newest-success': trans.__('it is the newest successful run, which only a size of 0 deletes'),
  'has-name': trans.__("it is the artifact '{name}'"),
  'run-has-name': trans.__("it has the name '{name}'"),
  'model-deployed': trans.__("the deployment '{name}' serves its model"),
  'result-pinned': trans.__("{workflow} uses its result of '{node}'"),
  'no-file': trans.__('There is no file {path}.'),
  'folder-not-compared': trans.__('One of the versions is a folder.'),
  'version-not-yet-installed': trans.__(
    "version {version} of '{name}' is not installed yet: it is {state}"
  ),
  'tag-for-gpus': trans.__("The tag '{tag}' is for GPUs, but no GPU is requested."),
  'tag-for-cpu': trans.__("The tag '{tag}' is for the CPU, but a GPU is requested."),
  'ide-in-sandbox': trans.__(
    '{image} is not listed in the setting ide_images. Browsers show its pages in a sandbox, where the IDE does not work.'
  ),
  'gpus-as-set': trans.__('as set'),
  'gpus-of-driver': trans.__('reported by nvidia-smi'),
  'gpus-of-job': trans.__('reported by nvidia-smi, limited to {variable} of this job'),
  'no-gpu-driver': trans.__('nvidia-smi is not installed'),
  'model-origin-unknown': trans.__(
    'the run that created it is no longer known: run its node again'
  ),
  'bisected-run-gone': trans.__('One of the two compared runs was deleted.'),
  'bisection-outdated': trans.__(
    'Between the two runs, nbyard now finds other changes than when the bisection started. Start the bisection again.'
  ),
  'project-file-uncommitted': trans.__(
    'is not committed. Commit it, or send files with --stash or --current'
  ),
  'project-file-untracked': trans.__('is ignored or not tracked by Git'),
  'import-no-field': trans.__('{place}: {value}. nbyard does not have this field'),
  'import-bad-value': trans.__('{place}: {value}. {why}'),
  'import-wrong-type': trans.__('{place}: {why}'),
  'import-other-timing': trans.__('{place}: {value}. The automation uses {used}'),
  'import-login': trans.__('{place}: the user name and password in the URL'),
  'import-no-value': trans.__('{place} is missing, so the workflow is left out'),
  'import-no-notebook': trans.__("{place}: the notebook '{name}' was not found"),
  'import-no-runtime': trans.__(
    '{place}: {value} is not in runtimes.yaml. The notebook uses its kernel'
  ),
  'import-no-file': trans.__('{place}: the file {name} was not found'),
  'import-bad-line': trans.__('{place}: the line is not KEY="value"'),
  'import-other-file': trans.__('{place}: only {name} was read'),
  'too-many-bytes': trans.__('may have at most {most} bytes'),
  'login-in-url': trans.__('may not contain a user name or password'),
  'show-environment': trans.__('From a shell: nbyard environments show {name} shows what to do.'),
  'give-input-file': trans.__('From a shell: --input-file {name}=path'),
  'cancel-run': trans.__('From a shell: nbyard runs cancel {number}'),
  'start-engine': trans.__(
    'Start it, or set DOCKER_HOST or the setting docker_host (NBYARD_DOCKER_HOST).'
  ),
  'join-group': trans.__(
    'Add your account to the group of the socket: sudo usermod -aG {group} ACCOUNT. Then sign in again, or restart your server if it belongs to a JupyterHub. Members of that group can become root.'
  ),
  'log-in-by-ssh': trans.__(
    '`ssh` must connect without a prompt, and the Docker client must be installed on that host. Run `docker version` over `ssh` to check.'
  ),
  'show-certificates': trans.__(
    'Set docker_cert_path (NBYARD_DOCKER_CERT_PATH), or DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, to the folder of its certificates.'
  ),
  'install-ssh': trans.__('Install the OpenSSH client.'),
  'free-networks': trans.__('Remove unused networks (docker network prune) or add address pools.'),
  'install-gpu-toolkit': trans.__(
    "Install the NVIDIA Container Toolkit on the engine's machine and restart the engine. For Podman, write its CDI file (nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml)."
  ),
  'set-dask': trans.__(
    'Set dask_address to the address of a scheduler, or set dask_cluster. See the Dask how-to.'
  ),
  'pip-install': trans.__('pip install {package}'),
  'same-versions': trans.__(
    'Install the same versions of Python, distributed and msgpack on both sides.'
  ),
  'known-clusters': trans.__(
    'The setting dask_cluster must be one of {known:, }, or MODULE:CALLABLE.'
  ),
  'upload-wheel': trans.__('Put the wheel into a package index, or make it available at a URL.'),
  'install-nbdime': trans.__(
    "Install nbdime to compare notebooks cell by cell: pip install 'nbyard[nbdime]'"
  ),
  'too-much-changed': trans.__(
    'Too much changed to compare the notebooks cell by cell. Plain lines are compared instead.'
  ),
  'load-image': trans.__('`docker load` adds an image without a registry.'),
  'file-of-size': trans.__('{name} ({size:,})'),
  'link-place-taken': trans.__('{path} already exists and was not created by nbyard'),
  'link-refused': trans.__('{path} cannot be linked: {message}'),
  'disk-full-for-bytes': trans.__('disk full: needs {needed:,} bytes'),
  'model-needs-memory': trans.__('the model needs more memory than allowed here'),
  'model-unreadable': trans.__('neither pickle nor joblib can read the file here: {message}'),
  'model-module-missing': trans.__(
    'the module {module} was not found by the interpreter that inspected the model ({interpreter})'
  ),
  'model-without-predict': trans.__('the file contains a {type}, which has no method predict'),
  'model-class-in-notebook': trans.__(
    '{name} is defined in the notebook or script itself, where other programs cannot find it: move it to a module next to it, and import it from there'
  ),
  'model-columns-unknown': trans.__(
    'the {type} does not list its input columns (it has no feature_names_in_): fit it with a data frame that has column names, or give predict typed parameters, such as predict(self, age: float)'
  ),
  'model-column-incomplete': trans.__(
    'the {attribute} of the model has a column without a name or a valid type; valid types: {types:, }'
  ),
  'row-of-table': trans.__('a row of {table}'),
  'row-of-zeros': trans.__('a row of zeros'),
  'model-refuses-row': trans.__('predict failed for {row}: {message}'),
  'model-answers-array': trans.__(
    'predict returns an array of the shape {shape} without column names'
  ),
  'model-answers-without-names': trans.__('predict returns a {type} without column names'),
  'model-answers-type': trans.__(
    'predict returns values of the type {type}, which is not a column type'
  ),
  'model-answer-unfit': trans.__('the result of predict cannot be described: {message}'),
  'table-unreadable': trans.__('the table cannot be read: {message}'),
  'table-too-deep': trans.__('the table is nested too deeply'),
  'table-beyond-memory': trans.__('reading this table needs more memory than allowed'),
  'lines-before-table': trans.__('the table begins after text, which is left out (lines: {count})'),
  'text-not-utf-8': trans.__('the text is not UTF-8: it is read as {encoding}'),
  'columns-renamed': trans.__('columns with an empty or duplicate name are now called {names:, }'),
  'ragged-line': trans.__('line {line:,} has {found:,} values, the header has {expected:,}'),
  'ragged-lines': trans.__('{first} ({count:,} such lines)'),
  'dates-unclear': trans.__(
    'the order of day and month is unclear, so these columns remain text: {names:, }'
  ),
  'first-sheet': trans.__('this is the sheet {sheet} of {count:,}; the others are {others:, }'),
  'first-columns-shown': trans.__('only the first {last:,} of {count:,} columns are shown'),
  'columns-shown': trans.__('only columns {first:,} to {last:,} of {count:,} columns are shown'),
  'json-half-surrogate': trans.__('A text contains half of a surrogate pair.'),
  'automation-runs-started': trans.__(
    'No time is due: the automation started {started} of at most {most} runs.'
  ),
  'due-in-zone': trans.__('{times} ({zone})'),
  'due-every-seconds': trans.__('Every {count} seconds'),
  'due-every-minutes': trans.__('Every {count} min'),
  'due-every-hours': trans.__('Every {count} h'),
  'due-every-days': trans.__('Every {count} × 24 h'),
  'due-once': trans.__('Once, at {time}'),
  'due-hourly': trans.__('Every hour at minute {minute}'),
  'due-daily': trans.__('Every day at {time}'),
  'due-weekdays': trans.__('Monday to Friday at {time}'),
  'due-on-days': trans.__('{days:, } at {time}'),
  'due-monthly': trans.__('On day {day} of each month at {time}'),
  'due-cron': '{words}',
  'due-from': trans.__('from {time}'),
  'due-until': trans.__('until {time}'),
  'due-at-most': trans.__('runs: at most {count}'),
  'day-monday': trans.__('Monday'),
  'day-tuesday': trans.__('Tuesday'),
  'day-wednesday': trans.__('Wednesday'),
  'day-thursday': trans.__('Thursday'),
  'day-friday': trans.__('Friday'),
  'day-saturday': trans.__('Saturday'),
  'day-sunday': trans.__('Sunday'),
  'clock-skips': trans.__('The clock skips the planned time, so the run starts at {due}'),
  'clock-repeats': trans.__('The clock repeats {time}; this is the first one'),
  'clock-repeated': trans.__('The clock repeats {time}; this is the second one'),
  'clock-forward': trans.__('Clocks went forward by {hours} h'),
  'clock-back': trans.__('Clocks went back by {hours} h'),
  'backfill-succeeded': trans.__('Run {number} has succeeded'),
  'backfill-active': trans.__('Run {number} is active'),
  'due-time-missed': trans.__('No dispatcher ran at this time'),
  'no-template': trans.__('The frozen files of the automation are gone; save it again'),
  'no-file-in-mirror': trans.__(
    'The service has no copy of {path}, which the automation follows. Only your own server has the file: start it and save the automation, or pin its files.'
  ),
  'due-times-full': '{count:due time already waits|due times already wait}',
  'too-many-watched-files': trans.__(
    'has more than {most} files that match. Choose a smaller folder or a narrower pattern'
  ),
  'fires-on-dataset': trans.__('A version of dataset {name} is ready'),
  'fires-after-success': trans.__('A run of {path} succeeded'),
  'fires-after-failure': trans.__('A run of {path} failed'),
  'fires-after-end': trans.__('A run of {path} succeeded or failed'),
  'fires-on-path': trans.__('{path} is {changes: or }'),
  'fires-on-files': trans.__('A file {pattern} in {path} is {changes: or }'),
  'fires-on-webhook': trans.__('A signed webhook arrives, at most {most} per minute'),
  'fires-on-request': trans.__('A notebook or program fires it'),
  'file-created': trans.__('created'),
  'file-modified': trans.__('modified'),
  'file-deleted': trans.__('deleted'),
  'firing-overlapped': trans.__('Run {number} had not ended'),
  'firing-queue-full': '{count:event already waits|events already wait}',
  'firing-disabled': trans.__('The automation was disabled'),
  'firing-replaced': trans.__('A later due time or event replaced it'),
  'watched-files-change-with-runs': trans.__(
    'The watched files changed during each of {most} runs in a row, so these runs seem to change them. The changes wait for one at another time. Leave files that the run writes out of the pattern.'
  ),
  'automation-chain-too-long': trans.__(
    '{most} automations started each other in a row; this looks like a loop'
  ),
  'watched-files-unreadable': trans.__('{path} cannot be read: {message}'),
  'cause-dataset': trans.__('version {version} of dataset {name}'),
  'cause-run': trans.__('run {number} of {title} {state}'),
  'run-has-succeeded': trans.__('succeeded'),
  'run-has-failed': trans.__('failed'),
  'cause-file': trans.__('{path} was {change}'),
  'cause-files': trans.__('{changes:, } and {count:more file|more files}'),
  'cause-no-files': trans.__('the watched files'),
  'cause-webhook': trans.__('webhook message {id}'),
  'cause-run-fired': trans.__('fired by a run'),
  'cause-fired': trans.__('fired by a person or program'),
  'webhook-not-json': trans.__('the body must be JSON, because values are taken from it'),
  'unknown-channel-url': trans.__('Apprise does not know this kind of URL, or it is incomplete'),
  'channel-kind-missing': trans.__(
    'The package that sends to channels of the kind {kind} is not installed'
  ),
  'channel-package-missing': trans.__('Channels of the kind {kind} need the package {package}'),
  'channel-answered': trans.__('{service} answered {status}'),
  'channel-answered-text': trans.__('{service} answered {status}: {text}'),
  'channel-too-late': trans.__('{service} did not answer within {seconds} s'),
  'channel-unreachable': trans.__('{service} cannot be reached: {message}'),
  'channel-not-sent': trans.__('{service} did not accept the message: {message}'),
  'channel-address-refused': trans.__('{service}: {reason}'),
  'sender-ended': trans.__('The sender of messages ended unexpectedly: {cause}'),
  'engine-unreachable': trans.__('Docker cannot be reached at {url}: {why}'),
  'engine-refused': trans.__('The Docker engine refused: {message}'),
  'engine-wants-tls': trans.__('the engine requires TLS'),
  'engine-url-invalid': trans.__('the URL of an engine must begin with one of {schemes:, }'),
  'certificates-missing': trans.__('there is no {files:, } in {folder}'),
  'connection-closed': trans.__('The connection to {url} is closed.'),
  'no-answer-in-time': trans.__('no response in time'),
  'over-ssh': trans.__('over ssh'),
  'by-local-socket': trans.__('over a local socket'),
  'by-tls': trans.__('over TCP with TLS'),
  'by-tcp': trans.__('over TCP without TLS'),
  'permission-denied': trans.__('permission denied'),
  'network-of-other-kind': trans.__(
    'The network {network} has the wrong type and is still in use.'
  ),
  'no-address-range': trans.__('The Docker engine has no free address range for another network.'),
  'archive-incomplete': trans.__('The engine sent only a part of {path}: {message}'),
  'build-refused': trans.__('The image could not be built: {message}'),
  'image-known-by-id': trans.__(
    'The image {image} was deleted and is known only by its ID. Build it again.'
  ),
  'image-not-pulled': trans.__('The image {image} is not present and cannot be pulled: {why}'),
  'push-refused': trans.__('{image} cannot be pushed: {why}'),
  'image-removed-at-naming': trans.__('The image {image} was deleted while it was being tagged.'),
  'image-removed-meanwhile': trans.__('The image {image} was deleted in the meantime.'),
  'image-not-fetched': trans.__('The image {image} was pulled, but the engine does not have it.'),
  'image-without-program': trans.__(
    'The image specifies no program: add ENTRYPOINT or CMD to its Dockerfile.'
  ),
  'no-image-builder': trans.__(
    'This runtime cannot build images. Choose an image that contains everything the node needs.'
  ),
  'environment-of-image-gone': trans.__('The environment of this image was deleted.'),
  'requirement-in-folder': trans.__(
    '{requirement}: an image cannot be built with a package from a folder of this machine'
  ),
  'no-serving-mode': trans.__('there is no mode {mode}; there are: {known:, }'),
  'no-serving-modes': trans.__('there is no mode {mode}: no modes are installed'),
  'public-registry': trans.__('the public registry'),
  'registry-unknown': trans.__('{host} cannot be found from here'),
  'registry-closed': trans.__('{host} refuses connections'),
  'registry-silent': trans.__('{host} does not respond in time'),
  'registry-without-tls': trans.__(
    '{host} does not use TLS, and the settings of the engine do not allow this'
  ),
  'registry-not-trusted': trans.__('the engine does not trust the certificate of {host}'),
  'registry-login-needed': trans.__(
    '{host} requires a login with permission for this ({command}, or a credential of the kind registry)'
  ),
  'registry-login-refused': trans.__(
    '{host} does not accept the login of the credential {credential} for this'
  ),
  'registry-without-image': trans.__('{host} does not have this image'),
  'engine-file-system-full': trans.__('the disk is full'),
  'container-name-taken': trans.__(
    'The container {container} could not be created: its name is already in use.'
  ),
  'container-ended': trans.__('The container {container} has exited.'),
  'container-gone-at-once': trans.__('The container disappeared right after its start.'),
  'container-gone': trans.__('its container is gone'),
  'podman-keeps-none-warm': trans.__(
    'Containers cannot be kept warm on Podman: use fresh containers for the run.'
  ),
  'secrets-out-of-reach': trans.__(
    'The Docker engine cannot access the memory of this machine, and secrets are never written to a disk. Run nodes with credentials as a process, on Dask, or with a local engine.'
  ),
  'requirements-file-missing': trans.__('The requirements file {file} is not in the bundle.'),
  'requirements-file-outside': trans.__('The requirements file {file} is outside the bundle.'),
  'path-leads-out': trans.__("{path} leads out of the attempt's folder"),
  'gpus-not-given': trans.__(
    'the engine did not provide the granted GPUs: {why} (granted: {gpus:, })'
  ),
  'gpus-need-toolkit': trans.__(
    'the engine did not provide the granted GPUs: {why} (granted: {gpus:, }).'
  ),
  'gpus-not-listed': trans.__('the image has neither nvidia-smi nor ls to list the GPUs'),
  'gpus-not-supported': trans.__('this engine has no support for GPUs ({message})'),
  'no-cdi-device': trans.__('Podman cannot find the CDI device'),
  'no-gpu-seen': trans.__('a container sees no GPU'),
  'other-count-of-gpus': trans.__('a container sees {seen} GPUs instead of {granted}'),
  'other-gpus-seen': trans.__('a container sees {gpus:, } instead'),
  'file-unreadable': trans.__('{file} cannot be read: {message}'),
  'runner-not-started': trans.__('The runner cannot be started: {message}'),
  'runner-start-slow': trans.__('The runner did not start within {seconds} s.'),
  'runner-ended-at-start': trans.__('The runner exited during its start (exit code {exit_code}).'),
  'dask-workers': trans.__('{workers} workers with {threads} threads at {address}'),
  'dask-creates': trans.__('{name} creates a cluster when it is needed'),
  'dask-gateway-creates': trans.__(
    'dask-gateway {version} at {address} creates a cluster when it is needed'
  ),
  'dask-unset': trans.__('No Dask cluster is set.'),
  'dask-not-installed': trans.__('The Dask runtime needs distributed, which is not installed.'),
  'dask-unreachable': trans.__('The Dask cluster {cluster} cannot be reached: {message}'),
  'dask-silent': trans.__('The Dask cluster does not respond: {message}'),
  'dask-out-of-reach': trans.__('The Dask cluster could not be reached.'),
  'dask-connection-closed': trans.__('The connection to the Dask cluster was closed.'),
  'dask-differs': trans.__('The Dask cluster does not fit this installation: {differences:; }.'),
  'scheduler-differs': trans.__(
    'the scheduler has {package} {theirs}, this installation has {own}'
  ),
  'worker-differs': trans.__(
    'the worker {worker} has {package} {theirs}, this installation has {own}'
  ),
  'dask-not-imported': trans.__('{package} cannot be imported: {message}'),
  'dask-program-missing': trans.__('{program}, which {cluster} needs, is not installed here'),
  'dask-gateway-unusable': trans.__('dask-gateway: {message}'),
  'dask-gateway-failed': trans.__('dask-gateway cannot create a cluster: {message}'),
  'dask-not-made': trans.__('{cluster} cannot create a cluster: {message}'),
  'dask-workers-silent': trans.__('The Dask workers {workers:, } do not respond.'),
  'dask-packages-unknown': trans.__('no worker of {site} has reported its packages yet'),
  'dask-packages-unreadable': trans.__(
    'no worker of {site} has reported its packages yet: {message}'
  ),
  'dask-without-workers': trans.__('No Dask worker is registered.'),
  'dask-without-gpus': trans.__('no Dask worker declares a GPU'),
  'dask-worker-too-small': trans.__('no Dask worker has {wanted: with } (the most is {most:, })'),
  unexpected: trans.__('unexpected: {error}: {message}'),
  'report-not-stored': trans.__('unexpected: its report cannot be stored'),
  'runtime-off': trans.__(
    "'{node}' would run in the runtime {runtime}. This store has several users, so it runs code only in containers."
  ),
  'dask-off': trans.__(
    "'{node}' would run on the Dask cluster, which the administrator allows only for other users and projects."
  ),
  'dask-of-others': trans.__('The administrator gives the Dask cluster only to others.'),
  'dask-of-projects': trans.__(
    'Only runs of these projects may use the Dask cluster: {projects:, }'
  ),
  'use-containers': trans.__('Choose the runtime docker.'),
  'code-off-here': trans.__(
    'This store has several users, so it does not {work}: that would run their code in the service.'
  ),
  'dockerfile-off': trans.__(
    '{path} is a Dockerfile. The administrator of this store does not allow users to build their own.'
  ),
  'image-off': trans.__('You may not use the image {image} in this store.'),
  'image-not-built-yet': trans.__('The image {image} is not ready.'),
  'push-off': trans.__('The name {image} is for images that all users of this store share.'),
  'use-allowed-image': trans.__(
    'Build an image from an environment, or ask the administrator to add an image to allowed_images.'
  ),
  'no-such-runtime': trans.__('There is no runtime {runtime}.'),
  'no-runtime-here': trans.__('there is no runtime {runtime} here'),
  'changed-while-read': trans.__('{file} changed while it was being read'),
  'credential-deleted': trans.__('The credential {credential} was deleted.'),
  'credential-deleted-since': trans.__(
    'The credential {credential} was deleted after the run was created.'
  ),
  'result-of-other-attempt': trans.__("The result carries another attempt's token."),
  'code-gone': trans.__('The code of {node} is no longer in the store.'),
  'pinned-result-gone': trans.__('The pinned result of run {run} is no longer in the store.'),
  'environment-deleted': trans.__(
    'The environment {environment} was deleted, or is no longer shared with you.'
  ),
  'environment-to-install': trans.__('{environment} must be installed again'),
  'output-not-made': trans.__('{node} did not create the output {output}.'),
  'listing-too-long': trans.__('its listing has more than {most} entries'),
  'input-not-text': trans.__('{cause}: its contents cannot be passed as text'),
  'dispatcher-silent': trans.__('the dispatcher does not respond'),
  'probe-interrupted': trans.__('the dispatcher stopped before the model responded: try again'),
  'probe-image-gone': trans.__(
    'the engine no longer has the image {image} in which the node ran: run the node again'
  ),
  'probe-too-slow': trans.__('loading the model and calling it once took more than {seconds} s'),
  'probe-broke-off': trans.__('loading the model and calling it once failed: {why}'),
  'probe-without-result': trans.__('loading the model and calling it once returned no result'),
  'probe-left-folder': trans.__(
    'loading the model and calling it once left a folder in place of the result'
  ),
  'task-unusable': '{problem}',
  'file-unusable': trans.__('{file}: {error}'),
  'program-missing': trans.__(
    '{program} cannot be started: the program or its interpreter was not found'
  ),
  'program-not-executable': trans.__('{program} cannot be started: it is not executable'),
  'program-not-runnable': trans.__(
    '{program} cannot be started: the system cannot execute this kind of file'
  ),
  'program-not-started': trans.__('{program} cannot be started: {error}'),
  'command-too-large': trans.__(
    'the command line and its environment are larger than the system allows'
  ),
  'argument-too-large': trans.__(
    "the argument '{argument}'… has {size} bytes; the system allows less than {limit}"
  ),
  'notebook-format': trans.__('{path} is not a notebook of format 4'),
  'notebook-unreadable': trans.__('{path} cannot be read as a notebook: {error}'),
  'notebooks-impossible': trans.__('notebooks cannot be run here: {error}'),
  'parameter-name': trans.__("'{name}' is not a valid parameter name"),
  'parameter-language': trans.__("values cannot be passed to a notebook in '{language}'"),
  'parameter-not-finite': trans.__(
    'a number that is not finite can only be passed to a Python notebook'
  ),
  'parameter-refused': '{error}',
  'parameter-untranslatable': trans.__(
    'a value cannot be passed to a notebook in {language}: {error}'
  ),
  'kernel-missing': trans.__(
    "the kernel '{kernel}' is not installed here (installed: {present:, })"
  ),
  'no-kernel': trans.__("the kernel '{kernel}' is not installed here (present: none)"),
  'kernel-not-started': trans.__("the kernel '{kernel}' cannot be started: {error}"),
  'kernel-silent': trans.__("the kernel '{kernel}' did not answer within {seconds} s"),
  'kernel-interrupted': trans.__('interrupted while the kernel was started'),
  'kernel-ended': trans.__("the kernel '{kernel}' exited during startup"),
  'kernel-ended-by': trans.__("the kernel '{kernel}' exited during startup ({end})"),
  'kernel-died': trans.__('the kernel died in {place}'),
  'kernel-died-by': trans.__('the kernel died ({end}) in {place}'),
  'warm-kernel-lost': trans.__('the ready kernel cannot be used: {error}'),
  cell: trans.__('cell {number}'),
  'parameter-cell': trans.__("the cell with the parameters' values"),
  raised: trans.__('{name}: {text}'),
  'raised-bare': '{name}',
  'no-message': trans.__('it failed without a message'),
  interrupted: trans.__('interrupted'),
  'supervisor-stopped': trans.__('the supervisor received {signal}'),
  'start-hinted': trans.__('{cause}. {hint}'),
  'left-out': trans.__('{cause} ({problem})'),
  'sample-doubted': trans.__('{cause} (this may be due to the sample)'),
  signal: trans.__('signal {signal}, {name}'),
  'ended-by-signal': trans.__('killed by signal {signal} ({name})'),
  'exited-as': trans.__('exit code {exit_code}, declared as a {meaning} failure'),
  'exited-after-line': trans.__('{cause}: {line}'),
  'notebook-process-ended': trans.__('the process that ran the notebook exited early ({end})'),
  'function-process-ended': trans.__('the process exited before the function returned ({end})'),
  'function-exited': trans.__('the function raised SystemExit (exit code {exit_code})'),
  'function-missing': trans.__('{file} does not define the function {function} when imported'),
  'disk-full': trans.__('{cause} (disk full: nothing can be written)'),
  'memory-limit': trans.__('used {used} of memory, more than its limit of {limit}'),
  'system-killed': trans.__('the system killed the process because memory ran out ({cause})'),
  'out-of-memory': trans.__('out of memory'),
  'out-of-memory-at': trans.__('out of memory: limit {limit}'),
  'output-missing': trans.__("the output '{output}' is missing: {cause}"),
  'value-unfit': '{text}',
  'not-written': trans.__('{path} was not written'),
  'nothing-fits': trans.__('no file or folder in the working folder matches {patterns: or }'),
  'several-files': trans.__('{count} files match where one is expected: {files:, }'),
  'output-unchanged': trans.__('{path} is unchanged: the task did not write it'),
  'unchanged-folder': trans.__('{path} contains no file that the task wrote'),
  'working-folder-linked': trans.__('the working folder was replaced by a symbolic link'),
  'link-leaves': trans.__("{file} is a symbolic link that points outside the attempt's folder"),
  'neither-file-nor-folder': trans.__('{file} is neither a file nor a folder'),
  'is-a-folder': trans.__('{file} is a folder where a file is expected'),
  'is-no-folder': trans.__('{file} is not a folder'),
  'same-names': trans.__('two of its files are called {file}'),
  'companion-missing': trans.__('{companion} is missing next to {file}'),
  'value-null': trans.__('its value is null'),
  'expression-lacks': trans.__("$({expression}): there is no '{name}'"),
  'contents-unusable': trans.__('{file} {problem}: its contents cannot be used as a value'),
  'contents-too-large': trans.__('has more than 64 KiB'),
  'contents-not-text': trans.__('is not UTF-8 text (byte {byte})'),
  'told-not-json': trans.__('{file} is not valid JSON: {error}'),
  'told-too-large': trans.__('{file} is not a JSON object of at most {limit} bytes'),
  'told-missing': trans.__("{file} refers to '{name}', which was not found"),
  'log-gap': trans.__('lines missing here: {lines:,} ({size:bytes}): {why}'),
  'log-gap-at-least': trans.__('lines missing here: at least {lines:,} ({size:bytes}): {why}'),
  'log-gap-uncounted': trans.__('lines missing here: {why}'),
  'log-limit': trans.__('the log has reached its limit'),
  'log-forgotten': trans.__('the container engine kept no more of the log'),
  'log-unseen': trans.__('the container ended while its engine was down'),
  'script-utf-16': trans.__('{name} is UTF-16 text, which no interpreter reads. Save it as UTF-8.'),
  'script-with-bom': trans.__(
    '{name} begins with a byte order mark (BOM), which {reader} reads as part of the first word. Save it as UTF-8 without BOM.'
  ),
  'read-by-system': trans.__('the system'),
  'windows-line-ends': trans.__(
    '{name} has Windows line endings (CRLF), which {language} reads as part of the words. Save it with Unix line endings (LF).'
  ),
  'sh-lacks-word': trans.__(
    '{name} has no first line (#!), so sh runs it. sh does not support {word}. Add the first line #!/bin/bash.'
  ),
  'script-names-no-program': trans.__(
    '{name} does not say which program runs it. Add a first line such as #!/usr/bin/env python3, or set its command in the form.'
  ),
  'file-of-elyra': trans.__(
    '{name} is a pipeline of Elyra, which nbyard cannot read. Drag its notebooks and scripts onto a new workflow.'
  ),
  'file-of-nb-workflows': trans.__(
    '{name} belongs to a project of NB Workflows. Convert the folder of the project: nbyard projects convert FOLDER'
  ),
  'arguments-of-binary': trans.__(
    'nbyard cannot read the arguments of the binary {name}. Declare them in the form, or let Read --help (nbyard executables help) suggest them.'
  ),
  'arguments-by-other-way': trans.__(
    '{name} reads its arguments with {way}, which nbyard cannot follow. Declare them in the form, or let Read --help (nbyard executables help) suggest them.'
  ),
  'python-line-invalid': trans.__('{name}, line {line}: {message}'),
  'script-no-python': trans.__('{name} cannot be read as Python: {message}'),
  'shebang-unusable': trans.__(
    'The first line (#!) of {name} specifies the program {program}, which is not installed where the node runs. Install it, or correct the line.'
  ),
  'suffix-program-missing': trans.__(
    'Because of its file name, {name} is started with {program}, which is not installed where the node runs. Install it, or set another command in the form.'
  ),
  'loader-missing': trans.__(
    'The program {name} needs the loader {loader}, which is not installed where the node runs. Use a program built for this system, or an image that has the loader.'
  ),
  'library-missing': trans.__(
    'The library {library} is not installed where the node runs. Install it, or use an image that has it.'
  ),
  'set-executable': trans.__('Run chmod +x {name}, then run the node again.'),
  'binary-of-processor': trans.__(
    '{name} is a program for {processor} processors. Use a program built for the processor of the machine that runs the node.'
  ),
  'binary-of-system': trans.__('{name} is a program for {system}. Use a program built for Linux.'),
  'shell-passes-no-arguments': trans.__(
    'line {line}: {keyword} uses the shell form, which does not pass arguments on; write ["program", "word"]'
  ),
  'links-stay': trans.__(
    'Symbolic links and names with control characters are not copied with the code: {names:, }. Copy their targets, or pass them as inputs.'
  ),
  'more-links-stay': trans.__(
    'Symbolic links and names with control characters are not copied with the code: {names:, }, …. Copy their targets, or pass them as inputs.'
  ),
  'file-not-served': trans.__('Its file is outside the served folder; runs use version {number}.'),
  'file-gone': trans.__('Its file was not found; runs use version {number}.'),
  'file-changed-since': trans.__(
    'Its file has changed since version {number}; the next run creates a new one.'
  ),
  'help-to-check': trans.__(
    'Arguments were read from the output of --help. Check them before you save.'
  ),
  'help-found-nothing': trans.__('No arguments were found in the output of --help.'),
  'arguments-unread': trans.__(
    'Arguments are not read: {problem}. Describe them in the form or a .nbexec file.'
  ),
  'arguments-between': trans.__(
    'Arguments are not read: unknown ones may be between them. {hint} Describe them in the form or a .nbexec file.'
  ),
  'argument-name-unfit': trans.__('{name} is not a valid argument name.'),
  'argument-unread': trans.__('The argument {name} in line {line} is not read: {problem}.'),
  'unnamed-argument-unread': trans.__('The argument in line {line} is not read: {problem}.'),
  'loose-arguments-unread': trans.__(
    'Arguments added in a loop, under a condition or elsewhere are not read (line {lines:, }).'
  ),
  'arguments-of-call-unread': trans.__(
    'Arguments that {name} in line {line} may add are not read.'
  ),
  'arguments-of-decorator-unread': trans.__('Arguments that @{name} may add are not read.'),
  'words-unread': trans.__('The positional arguments are not read: {problem}.'),
  'option-unread': trans.__('{name} is not read: {problem}.'),
  'variadic-unused': trans.__('{name} receives no values: only named parameters do.'),
  'type-bool': trans.__(
    '{name} has the type bool, which converts every text except the empty one to true. Pass true, or an empty text for false.'
  ),
  'choices-computed': trans.__('The choices of {name} are computed and not shown.'),
  'default-computed': trans.__(
    'The default of {name} is computed ({expression}): the script sets it if no value is passed.'
  ),
  'default-kept': trans.__(
    'The default of {name} cannot be passed as a value: the script sets it itself.'
  ),
  'default-not-shown': trans.__('The default of {name} is not shown: {problem}.'),
  'default-unfit': trans.__('The default of {name} does not match its declaration: {problem}.'),
  'handed-name-computed': trans.__(
    '{call} in line {line} is not read: its name must be a literal and a valid argument name.'
  ),
  'handed-both-ways': trans.__(
    '{name} is declared both as an output and as another argument. The first declaration is used.'
  ),
  'no-parameters-cell': trans.__(
    'No parameters cell was found. To set values for a run, add the tag “parameters” to the cell that assigns them.'
  ),
  'no-constants-to-tag': trans.__(
    'No parameters. To set values for a run, write a cell with assignments such as {example}, and add the tag “parameters” to it.'
  ),
  'parameters-cell-without-values': trans.__(
    'Cell {cell} is tagged “parameters” but assigns no values. Write an assignment such as {example} in it, or move the tag to another cell.'
  ),
  'kernel-not-read': trans.__(
    'Arguments of {kernel} notebooks are not read: add them in the form.'
  ),
  'several-parameters-cells': trans.__(
    'Cells {cells:, } are all tagged parameters; the last value counts.'
  ),
  'cells-incomplete': trans.__(
    'Cells {cells:, } have no metadata or no source, against the notebook format. The run adds them to its copy; saving the notebook in JupyterLab adds them to the file.'
  ),
  'parameter-hides-function': trans.__(
    '{name}: this parameter has the name of a Python function, and the notebook can no longer call the function. Rename the parameter.'
  ),
  'parameters-hide-functions': trans.__(
    '{names:, }: these parameters have the names of Python functions, and the notebook can no longer call the functions. Rename the parameters.'
  ),
  'cell-no-python': trans.__('The parameters cell is not valid Python ({message}).'),
  'ipython-lines-unread': trans.__(
    'Lines that only IPython understands were not read as parameters.'
  ),
  'several-names-at-once': trans.__(
    'Line {line} assigns several names at once; each is an argument of its own.'
  ),
  'line-no-assignment': trans.__(
    'Line {line} of the parameters cell is not a plain assignment and was not read.'
  ),
  'cell-no-r': trans.__('Cell {cell} is not read as R: {problem}.'),
  'cwl-version-read-as': trans.__('cwlVersion {version} is read as {known}.'),
  'cwl-field-left-out': trans.__('{path} is left out.'),
  'cwl-value-left-out': trans.__('{path} is left out: {value}'),
  'cwl-hint-left-out': trans.__('The hint {name} is left out.'),
  'cwl-hint-misfits': trans.__(
    'The hint {name} does not fit the rest of the document: it is left out.'
  ),
  'cwl-hint-with-image': trans.__(
    "The image '{image}' of the hint {name} is used for nodes that run in containers."
  ),
  'cwl-hint-without-image': trans.__('The hint {name} specifies no image.'),
  'cwl-disk-not-reserved': trans.__('ResourceRequirement: disk space is not reserved.'),
  'cwl-network-by-settings': trans.__('NetworkAccess: the settings of nbyard decide.'),
  'cwl-contents-stay': trans.__('{path} is ignored: the contents stay in the file.'),
  'cwl-lists-unchecked': trans.__('{path}: the values of inner lists are not checked.'),
  'cwl-records-unchecked': trans.__('{path}: the values of records are not checked.'),
  'files-of-function': trans.__(
    'a function takes files as parameters and returns them: declare them there'
  ),
  'files-of-kind': trans.__('files at paths are for notebooks and scripts, not for a {kind}'),
  'files-apart': trans.__('the working folder is separate: use `files` and the reach `found`'),
  'workflow-cannot-run': trans.__('The workflow cannot run yet: {problems}'),
  'no-data': trans.__("there is no file, dataset or artifact '{name}'"),
  'edge-unknown-node': trans.__('a connection needs a node at both ends'),
  'edge-self': trans.__('a node cannot be connected to itself'),
  'edge-unknown-port': trans.__(
    '{source}.{output} → {target}.{input}: this output or input does not exist'
  ),
  'edge-direction': trans.__('connections go from an output to an input'),
  'edge-taken': trans.__('{input} of {target} already has a connection'),
  'edge-format': trans.__(
    'the output {output} ({given}) does not fit the input {input} ({wanted})'
  ),
  'any-file': trans.__('any file'),
  'any-file-or-folder': trans.__('any file or folder'),
  'folder-of-files': trans.__('a folder with several files'),
  'edge-cycle': trans.__('the connections would form a cycle'),
  'bypass-none': trans.__('{input} needs a connection: no input of the bypassed node {node} fits'),
  'bypass-several': trans.__(
    '{input} needs a connection: {node} is bypassed, and several inputs fit: {inputs:, }'
  ),
  'argument-gone': trans.__('{name} no longer has the argument {argument}'),
  'argument-problem': trans.__('{argument}: {problem}'),
  'argument-needs-value': trans.__('{argument} needs a value'),
  'connection-needed': trans.__('{argument} needs a connection'),
  'connection-needed-for-files': trans.__(
    '{argument} needs a connection from a file or a folder with several files'
  ),
  'connection-needed-for-file': trans.__(
    '{argument} needs a connection: its file {file} was not found'
  ),
  'argument-parameter-unknown': trans.__('{argument}: the workflow has no parameter {parameter}'),
  'dockerfile-needs-containers': trans.__(
    'is a Dockerfile, which runs in containers: set the runtime to {runtime}'
  ),
  'shell-needs-containers': trans.__(
    'its command line needs a shell, which is available in containers only: set the runtime to {runtime}'
  ),
  'no-image-on-dask': trans.__(
    'a Dask worker runs the node in its own Python, not in an image: remove the image, or run the node in a container'
  ),
  'model-packages-missing': trans.__(
    'its model needs {packages:, }, not installed here. Run `{command}`. Then choose the environment {environment}, or a container'
  ),
  'imports-missing': trans.__(
    'its code imports {packages:, }, not installed where it runs. Run `{command}`. Then choose the environment {environment}'
  ),
  'imports-missing-in-environment': trans.__(
    'its code imports {packages:, }, missing in the environment {environment}. Run `{command}`'
  ),
  'kernel-only-local': trans.__(
    'only local processes can use a kernel of this machine; set an environment instead'
  ),
  'bundle-too-large-to-send': trans.__(
    'its code bundle is larger than `max_bundle_bytes`; largest: {largest:, }. List files that the node does not need in .nbyardignore, or run the node as a local process'
  ),
  'map-of-several': trans.__(
    'cannot have the elements of several maps ({nodes:, }): collect those of one in a list of files or as its table @all, or map the nodes before it over the same data or values'
  ),
  'map-name-long': trans.__('the ID of a node with a map has at most {most} characters'),
  'map-argument-connected': trans.__('{argument} gets its values from the map and a connection'),
  'map-range-type': trans.__('{argument} is not a number, so it needs a list of values'),
  'map-argument-role': trans.__(
    'the map needs an argument with the role {role}, which {argument} does not have'
  ),
  'code-uploaded': trans.__('its code was uploaded, so no description can be stored next to it'),
  'node-pinned': trans.__('the node is pinned to a version: select Follow File first'),
  'too-many-files-to-declare': trans.__(
    'these are more than {most} files: declare an argument for their folder instead'
  ),
  'tensorboard-beside-processes-only': trans.__(
    'nbyard starts TensorBoard only for local processes. In a container, the task can serve it on a port.'
  ),
  'tensorboard-missing': trans.__(
    "TensorBoard was not found in the task's environment or with nbyard: run `pip install tensorboard`"
  ),
  'tensorboard-ended': trans.__('TensorBoard has stopped: {message}'),
  'same-names-of-ends': trans.__('same name'),
  'similar-names': trans.__('similar names'),
  'same-format': trans.__('the only {format} that fits'),
  'similar-names-same-format': trans.__('similar names, both {format}'),
  'same-file': trans.__('{writer} writes {file}, and {reader} reads it'),
  'file-of-dataset': trans.__('{reader} reads {file}'),
  'file-of-same-name': trans.__('{writer} writes {file}, and {reader} reads a file of that name'),
  'environment-not-on-dask': trans.__(
    'nbyard does not install the environment {name} on Dask workers: its packages must already be there'
  ),
  'requirements-not-on-dask': trans.__(
    'nbyard does not install its requirements file on Dask workers: the packages must already be there'
  ),
  'no-links-on-dask': trans.__('Monitor links are not available on Dask workers'),
  'kernel-replaced': trans.__('The kernel {kernel} is not installed: {used} runs the notebook.'),
  'output-holds-secret': trans.__('the output {output} contains a secret'),
  'contract-broken': trans.__('the output {name} breaks its contract: {breaches}'),
  'contract-drift': trans.__('the output {name} deviates: {breaches}'),
  'data-contract-broken': trans.__('the data for {name} break rules: {breaches}'),
  'data-contract-drift': trans.__('the data for {name} deviate: {breaches}'),
  'contract-output-gone': trans.__('the contract names the output {output}, which does not exist'),
  'contract-unreadable': trans.__('the rules cannot be checked: {problem}'),
  'columns-missing': trans.__('rule columns: {columns:, } missing'),
  'columns-unexpected': trans.__('rule columns: {columns:, } not in the contract'),
  'rule-type': trans.__('rule type: {column} has the type {type}, not {wanted} ({examples:, })'),
  'rule-rows-broken': trans.__(
    'rule {rule}: {column} breaks it in {count:,} of {rows:,} rows ({examples:, })'
  ),
  'rule-figure': trans.__('rule {rule}: {name} is {value}, not {wanted}'),
  'rule-figure-missing': trans.__('rule {rule}: {name} has no value'),
  'too-few-good-runs': trans.__(
    'a proposal needs {needed} different good results of this output; there are {count}'
  ),
  'proposed-same': trans.__('the same in {count:,} good runs'),
  'proposed-share': trans.__('at most {share} % of the values were missing in {count:,} good runs'),
  'proposed-range': trans.__('between {low} and {high} in {count:,} good runs'),
  'proposed-unique': trans.__('no value was repeated in {count:,} good runs'),
  'proposed-values': trans.__('no other value in {count:,} good runs'),
  'proposed-age': trans.__('the newest value was at most {hours} hours old in {count:,} good runs'),
  'proposed-change': trans.__('the mean changed by at most {share} % between {count:,} good runs'),
  'lock-differs': trans.__(
    'the environment of the task differs from the lock of {environment} version {number}: {differences}'
  ),
  'lock-differs-in-more': trans.__(
    'the environment of the task differs from the lock of {environment} version {number}: {differences} and {more} more'
  ),
  'python-instead': trans.__('Python {found} instead of {locked}'),
  'package-instead': trans.__('{package} {found} instead of {locked}'),
  'package-lacks': trans.__('{package} is missing'),
  'locked-folder-changed': trans.__('the folder {path} has changed since it was locked'),
  'locked-folder-gone': trans.__('the folder {path} is gone'),
  'packages-beside-lock': trans.__('{packages:, } not in the lock'),
  'more-packages-beside-lock': trans.__('{packages:, } and {more} more not in the lock'),
  'file-did-not-travel': trans.__(
    '{name} is next to {beside}, but was not copied with it: {cause}'
  ),
  'more-did-not-travel': trans.__('{more} more paths were not copied'),
  'file-is-dataset': trans.__(
    'it is a dataset. Pass it as an input, or open it below the folder in the variable NBYARD_RESOURCES'
  ),
  'link-left-out': trans.__('{path} is a link. Copy the files there, or pass them as an input'),
  'secret-left-out': trans.__(
    'it may hold secrets, by its name. Declare it as an input, or add the line !{path} to .nbyardignore to include it'
  ),
  'secrets-left-out': trans.__(
    'Files that may hold secrets are left out ({count}): {names:, }. To pass a file, declare it as an input, or add the line !PATH to .nbyardignore. The line PATH hides this message'
  ),
  'rule-leaves-out': trans.__(
    'the rule {rule} excludes it. Add the line !{path} to .nbyardignore to include it'
  ),
  'folder-does-not-travel': trans.__(
    'the folder {folder} is too large to copy as a whole. Create an empty file nbyard.toml there, or mention the path in the code'
  ),
  'outside-of-code': trans.__(
    '{path} was not copied with the code, because it is outside the folder {folder}. {remedy}'
  ),
  'file-is-higher': trans.__(
    'the file is {path} in the project, and the code looks for it from its own folder. Use {use} in the code, or declare the file as an input'
  ),
  'remedy-and-path': trans.__('{remedy}. In the code, use {use}'),
  'move-or-give-as-input': trans.__('Move it there, or pass it as an input'),
  'mark-shared-folder': trans.__(
    'Create an empty file nbyard.toml in {folder}: then all of {folder} is copied'
  )
};
