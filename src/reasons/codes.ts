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
  'waits-for-slots': trans.__('waits for {wanted} of {total} slots'),
  'waits-for-memory': trans.__('waits for {wanted} of {total} GiB of memory'),
  'waits-for-gpus': trans.__('waits for {wanted} of {total} GPUs ({free} free)'),
  'waits-behind': trans.__('{wait}; earlier tasks come first'),
  'too-many-gpus-for-run': trans.__(
    'requests more GPUs ({wanted}) than this machine has ({total}): cancel the run and request fewer. `nbyard doctor` lists the GPUs'
  ),
  'too-many-gpus-for-deployment': trans.__(
    'requests more GPUs ({wanted}) than this machine has ({total}): edit the deployment and request fewer. `nbyard doctor` lists the GPUs'
  ),
  'waits-for-start': trans.__('waits for a free slot'),
  'waits-for-image': trans.__('waits for its image, which is being built or pulled'),
  'waits-for-engine': trans.__('waits: {message}'),
  'waits-for-dask-worker': trans.__('waits for a free Dask worker ({workers} in total)'),
  'no-dask-worker': trans.__('waits for a Dask worker: none is registered'),
  runs: trans.__('runs because {cause}'),
  'runs-without-earlier-result': trans.__('no earlier result'),
  'runs-again': trans.__('runs again: {attempt}'),
  continues: trans.__('{reason}; continues after {rows} finished rows'),
  'attempt-failed': trans.__('attempt {number} failed: {cause}'),
  'attempt-lost': trans.__('attempt {number} was lost: {cause}'),
  'lost-often': trans.__('{cause} (lost {count} times)'),
  'no-earlier-result': trans.__('it has no earlier result'),
  forced: trans.__('the cache was ignored on request'),
  'reads-not-watched': trans.__('its reads could not be watched: {error}'),
  'too-many-reads': trans.__('it opened too many code files to track'),
  sampled: trans.__(
    'a check run uses the first {rows} rows of tables and the first {files} files of folders'
  ),
  'cache-off': trans.__('its cache is off'),
  'result-gone': trans.__('the result to reuse no longer exists'),
  'result-expired': trans.__('its result of run {run} is older than {age}'),
  'result-not-kept': trans.__('its last result is no longer kept'),
  'after-node': trans.__('{node} must run first'),
  'forecast-late': trans.__('the node could not be checked in time'),
  'file-not-read': trans.__('a large file has not been read yet'),
  changed: '{changes}',
  unsure: trans.__('{reason} ({problem})'),
  'not-observed': trans.__('the files that it reads are not known'),
  unchanged: trans.__('nothing changed since run {run}'),
  'unchanged-reads': trans.__('nothing that it reads changed since run {run}'),
  reused: trans.__('result of run {run}'),
  pinned: trans.__('pinned to the result of run {run}'),
  'retry-of-run': trans.__('retries run {run}'),
  cancelled: trans.__('the run was cancelled'),
  'upstream-failed': trans.__('an upstream task failed'),
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
  'error-with-hint': trans.__('{message} {hint}'),
  'error-then-hint': trans.__('{message}. {hint}'),
  'system-error': '{message}',
  'image-not-built': trans.__('The image could not be built: {cause}'),
  'dockerfile-line-failed': trans.__(
    'The image could not be built: line {line} of the Dockerfile failed: {cause}'
  ),
  'command-failed': trans.__('{message} (exit code {exit_code})'),
  'command-exited': trans.__('exit code {exit_code}'),
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
  'error-internal': trans.__('Something unexpected went wrong in nbyard.'),
  'error-bad-request': trans.__('The request body cannot be read.'),
  'error-forbidden': trans.__('You may not do this.'),
  'error-policy': trans.__("The administrator's policy does not allow this."),
  'error-not-found': trans.__('Not found.'),
  'error-conflict': trans.__('Not allowed in the current state.'),
  'error-name-taken': trans.__('This name is already taken.'),
  'error-stale': trans.__('Somebody changed this since you read it.'),
  'error-in-use': trans.__('Something else still uses this.'),
  'error-too-large': trans.__('This is larger than allowed.'),
  'error-unsupported-content': trans.__('This kind of content is not accepted here.'),
  'error-invalid': trans.__('A field was refused.'),
  'error-too-often': trans.__('Too many requests in a short time.'),
  'error-busy': trans.__('The store is busy; try again in a moment.'),
  'error-unavailable': trans.__('A service that this needs cannot be reached.'),
  'error-store-unusable': trans.__('The store cannot be used.'),
  'error-newer-schema': trans.__(
    'This store was written by a newer nbyard; it was left untouched.'
  ),
  'error-damaged': trans.__('Stored bytes do not match their digest.'),
  'request-unreadable': trans.__('The request cannot be read.'),
  'request-unreadable-because': trans.__('The request cannot be read. {problem}'),
  'login-needed': trans.__('Log in first.'),
  'access-refused': trans.__('You may not do this, or your login has expired.'),
  'access-refused-because': trans.__('You may not do this. {problem}'),
  'signed-in-as-other': trans.__('You are signed in as {name}, who may not use this server.'),
  'request-of-other-page': trans.__('The server refuses requests from pages of other origins.'),
  'request-without-origin': trans.__(
    'Send your Jupyter token in the header “Authorization: token …”. The page of a browser sends the header Origin instead.'
  ),
  'address-not-found': trans.__('Address not found.'),
  'method-not-allowed': trans.__('Method not allowed.'),
  'length-needed': trans.__('Requests with this method need the header Content-Length.'),
  'length-not-plain': trans.__('Content-Length must be one number without a sign.'),
  'body-over-limit': trans.__('The body is too large.'),
  'body-missing': trans.__('A body is needed.'),
  'body-too-large': trans.__('The body has more than {most:,} bytes.'),
  'body-of-other-type': trans.__('Send the body as application/json.'),
  'body-of-other-encoding': trans.__('Send the body uncompressed or with gzip.'),
  'body-not-gzip': trans.__('The body is not a gzip stream.'),
  'body-gzip-cut': trans.__('The gzip stream in the body is incomplete.'),
  'schema-mismatch': '{message}',
  'text-has-nul': trans.__('the text contains a NUL character'),
  'unknown-operation': trans.__(
    'is not an operation. GET /nbyard/api/openapi.json lists all operations'
  ),
  'unknown-query-parameter': trans.__('is not a parameter of this operation'),
  'query-parameter-missing': trans.__('is needed'),
  'parameter-not-utf8': trans.__('is not UTF-8 text'),
  'not-an-idempotency-key': trans.__('may have at most 200 characters, all of them printable'),
  'byte-count-needed': trans.__('a whole number of bytes is needed'),
  'whole-number-needed': trans.__('a whole number is needed'),
  'scope-missing': trans.__('This needs the scope {scope}.'),
  'port-without-websockets': trans.__('The port {port} of {name} does not accept WebSockets.'),
  'service-worker-refused': trans.__(
    'Service workers are allowed only for images that ide_images trusts.'
  ),
  'pass-of-other-deployment': trans.__('This pass is for another deployment.'),
  'port-silent': trans.__('{name} does not respond at its port {port}.'),
  'response-cut': trans.__('{name} closed the connection before it responded.'),
  'token-file-open': trans.__('Other users can read {path}: run chmod 600 on it'),
  'database-refused': trans.__('The database returned an error: {message}'),
  'database-refuses': trans.__('PostgreSQL refuses the connection: {message}.'),
  'database-no-driver': trans.__('The PostgreSQL driver is not installed.'),
  'database-silent': trans.__('The database does not respond; try again in a moment.'),
  'database-silent-because': trans.__(
    'The database does not respond; try again in a moment. PostgreSQL says: {message}.'
  ),
  'disk-full-for-store': trans.__('disk full: the store cannot be written'),
  'unusable-store': trans.__('The store in {folder} cannot be used: {cause}.'),
  'store-of-other-user': trans.__(
    'The store in {folder} cannot be used by {user}: its folder belongs to {owner}.'
  ),
  'store-folder-not-made': trans.__('its folder cannot be created ({message})'),
  'store-folder-read-only': trans.__('its folder cannot be written'),
  'store-folder-has-strange-file': trans.__(
    'other users can write to its folder, and {file} belongs to {owner}'
  ),
  'store-folder-not-empty': trans.__('its folder contains other files ({file}) and no store'),
  'store-folder-is-open': trans.__('other users can write to its folder (mode {mode})'),
  'store-folder-stays-open': trans.__(
    'other users can open its folder (mode {mode}), and its file system keeps that mode'
  ),
  'database-gone': trans.__('its database store.sqlite is empty or gone'),
  'database-log-gone': trans.__('the log store.sqlite-wal with its newest changes is gone'),
  'database-damaged': trans.__('its database is damaged ({message})'),
  'migration-cut': trans.__(
    'a migration of its database was interrupted: no schema version is recorded'
  ),
  'credential-key-missing': trans.__(
    'Credentials here were encrypted with a key ({key}) that is missing.'
  ),
  'credential-of-other-key': trans.__(
    "The credential '{name}' was encrypted with another key ({key})."
  ),
  'credential-changed-outside': trans.__("The credential '{name}' was changed outside of nbyard."),
  'no-key-in-place': trans.__('{place} holds no key.'),
  'key-of-other-length': trans.__('A key in {place} is not {length} bytes long.'),
  'object-needed-not': trans.__('an object is needed, not {found}'),
  'list-or-object-needed-not': trans.__('a list or an object is needed, not {found}'),
  'quoted-text-needed-not': trans.__('text is needed, not {found}: put it in quotes'),
  'truth-needed-not': trans.__('true or false is needed, not {found}'),
  'number-needed-not': trans.__('a number of at least 0 is needed, not {found}'),
  'whole-number-needed-not': trans.__('a whole number is needed, not {found}'),
  'type-needed-not': trans.__('a type is needed, not {found}'),
  'path-needed-not': trans.__('the path of a file is needed, not {found}'),
  'one-of-needed-not': trans.__('one of {known:, } is needed, not {found}'),
  'class-needed-not': trans.__('{classes: or } is needed, not {found}'),
  'not-a-tool': trans.__('line 1: a tool is needed, not {found}'),
  'field-needed': trans.__('is needed'),
  'name-needed': trans.__('a name is needed'),
  'cwl-text-needed': trans.__('a text is needed'),
  'words-needed': trans.__('each word must be a non-empty text'),
  'patterns-needed': trans.__('each pattern must be a non-empty text'),
  'symbols-needed': trans.__('at least one symbol is needed, and no symbol twice'),
  'image-name-needed': trans.__('the name of an image is needed'),
  'type-name-needed': trans.__('each type needs a name'),
  'cwl-program-missing': trans.__('the program is missing'),
  'tools-needed': trans.__('a list of tools is needed'),
  'one-tool-needed': trans.__(
    'exactly one CommandLineTool, or one with the id main, is needed; the file has: {known:, }'
  ),
  'one-tool-needed-of-none': trans.__(
    'exactly one CommandLineTool, or one with the id main, is needed; the file has: none'
  ),
  'cwl-input-file-needed': trans.__(
    'a reference to one input file is needed, such as $(inputs.name.path)'
  ),
  'default-file-needed': trans.__('a file in the folder of the document is needed (location)'),
  'not-supported': trans.__('is not supported'),
  'references-not-supported': trans.__('references are not supported here'),
  'union-not-supported': trans.__(
    'a union of several types is not supported (of one type with null is)'
  ),
  'input-type-not-supported': trans.__('an input of the type {type} is not supported'),
  'list-of-type-not-supported': trans.__('a list of {type} is not supported'),
  'type-in-lists-not-supported': trans.__('a {type} in inner lists is not supported'),
  'type-in-records-not-supported': trans.__('a {type} in a list of records is not supported'),
  'literal-not-supported': trans.__('a {type} literal is not supported'),
  'record-value-not-supported': trans.__('is not supported for a record'),
  'files-in-lists-not-supported': trans.__('files in inner lists are not supported'),
  'files-in-type-not-supported': trans.__('files in a {type} of this kind are not supported'),
  'part-of-file-not-supported': trans.__('{path}: a part of a file is not supported'),
  'reference-not-supported': trans.__('$({path}) is not supported'),
  'reference-not-supported-here': trans.__('$({path}) is not supported here; supported: {known}'),
  'javascript-not-supported': trans.__(
    'JavaScript is not supported; use plain parameter references'
  ),
  'requirement-not-supported': trans.__('this requirement is not supported'),
  'not-followed': trans.__('{name} is not supported here'),
  'directive-not-followed': trans.__(
    '{name} is not supported here: put the content of its file into this file'
  ),
  'address-not-followed': trans.__(
    '{path} is not supported: use the path of a file relative to this file'
  ),
  'name-stands-twice': trans.__('the name appears twice'),
  'type-stands-twice': trans.__('{name} appears twice'),
  'for-files': trans.__('is allowed only for files'),
  'for-files-and-lists': trans.__('is allowed only for files and lists of files'),
  'for-a-prefix': trans.__('is allowed only with a prefix'),
  'not-for-type': trans.__('is not allowed for the type {type}'),
  'binding-twice': trans.__('the input has one already'),
  'records-bound-twice': trans.__('the records of the list already have a binding'),
  'not-alone': trans.__('{name} must be the only key of its object'),
  'imports-itself': trans.__('{path} imports itself'),
  'too-many-files-named': trans.__('more than {most} files are imported or included'),
  'no-such-file': trans.__('there is no file {path}'),
  'file-not-utf8': trans.__('{path} is not UTF-8 text (byte {byte})'),
  'record-needs-value': trans.__('needs outputEval for a record'),
  'value-needs-expression': trans.__('a value needs outputEval, or the file cwl.output.json'),
  'output-is-no-stdin': trans.__('an output cannot have the type stdin'),
  'file-not-of-glob': trans.__('must be a file that glob finds, such as $(self[0]), or an input'),
  'type-contains-itself': trans.__('the type {name} contains itself'),
  'types-named-too-often': trans.__('types are named more than {most} times'),
  'no-such-type': trans.__('there is no type {name}'),
  'not-an-exit-code': trans.__('{found} is not an exit code'),
  'not-an-input': trans.__('{text} refers to {name}, which is not an input'),
  'reference-needs-contents': trans.__('$({path}) needs loadContents of {name}'),
  'reference-leads-nowhere': trans.__('$({path}): {name} is not available'),
  'cwl-not-a-command': trans.__('is a {kind}, not a command'),
  'cwl-has-no-words': trans.__('CWL cannot express this: {what}'),
  'word-with-condition': trans.__('a word that depends on other arguments'),
  'a-secret': trans.__('a secret'),
  'name-of-script': trans.__('the name {name} is reserved for the script itself'),
  'variable-without-value': trans.__('a variable that may have no value'),
  'type-in-variable': trans.__('a {type} in an environment variable'),
  'output-in-other-way': trans.__('an output that is passed in this way'),
  'json-in-word': trans.__('a JSON value on the command line'),
  'repeated-flag': trans.__('a flag that is repeated'),
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
  'reserved-word': trans.__('{name} is a reserved word of Python'),
  'not-argument-name': trans.__(
    '{name} is not a valid argument name: use letters, digits and _, not starting with a digit, at most 128 characters'
  ),
  'name-twice': trans.__('the name {name} is used twice'),
  'no-choices': trans.__('a choice needs at least one value'),
  'flag-type': trans.__('a flag needs the type bool, or int to repeat it'),
  'words-type': trans.__('several words need the type list'),
  'stdin-role': trans.__('only an input or a secret can be standard input'),
  'only-outputs-to-stdout': trans.__('only an output can be standard output'),
  'only-outputs-to-stderr': trans.__('only an output can be standard error'),
  'only-outputs-found': trans.__('only an output can be collected from the working folder'),
  'items-type': trans.__('items need the type list'),
  'list-of-secrets': trans.__(
    'a list cannot contain secrets: declare one argument for each secret'
  ),
  'stream-twice': trans.__('only one argument can be {stream}'),
  'nothing-beside': trans.__('there is no {role} {name} that this file can be placed next to'),
  'several-at-path': trans.__('only a single file or folder can have a path'),
  'path-twice': trans.__('{path} is the path of another {role}'),
  'not-code-path': trans.__('{path} is not a plain path relative to the code folder'),
  'companions-without-list': trans.__('only a list of files can have companions'),
  'unknown-in-pattern': trans.__('{reference} is not supported here; supported: {known}'),
  'pattern-without-name': trans.__('{pattern} does not produce a file name'),
  'record-fields': trans.__('needs a unique name, and all its fields must be inputs'),
  javascript: trans.__(
    '{text} is JavaScript (InlineJavascriptRequirement), which is not supported'
  ),
  'null-without-fields': trans.__('{reference}: null has no fields'),
  'files-of-function': trans.__(
    'a function takes files as parameters and returns them: declare them there'
  ),
  'files-of-kind': trans.__('files at paths are for notebooks and scripts, not for a {kind}'),
  'files-apart': trans.__('the working folder is separate: use `files` and the reach `found`'),
  'leaves-code': trans.__('{path} leaves the code bundle'),
  'is-code-file': trans.__('{path} is the code file itself'),
  'path-contains': trans.__('{path} contains {other}'),
  'path-inside': trans.__('{path} lies in {other}'),
  'the-code-file': trans.__('the code file {file}'),
  'the-path-of': trans.__('{path}, the path of the {role} {name}'),
  'no-program': trans.__('the program is missing'),
  'empty-or-nul': trans.__('may not be empty or contain NUL'),
  'reach-missing': trans.__(
    'specify how the program receives it: option, flag, positional, variable, stdin or stdout'
  ),
  'not-option': trans.__('{word} is not an option such as --name or -n'),
  'flag-twice': trans.__('{flag} is the flag of another argument'),
  'position-from-zero': trans.__('positions start at 0, and each position can be used only once'),
  'position-twice': trans.__('each position can be used only once'),
  'output-without-path': trans.__(
    'an output gets a path only as an option, a positional word or a variable'
  ),
  'joined-without-prefix': trans.__('a joined word needs a prefix'),
  'not-pattern': trans.__('{pattern} is not a pattern relative to the working folder'),
  'files-need-folder': trans.__(
    'files of the working folder need a separate working folder (apart)'
  ),
  'stream-of-argument': trans.__('another argument already uses {stream}'),
  'not-variable': trans.__('{name} is not a valid name of an environment variable'),
  'reserved-variable': trans.__('the variable {name} may not be set'),
  'line-too-long': trans.__('the command line is longer than {most} bytes'),
  'word-too-long': trans.__(
    'is longer than {most} bytes, the maximum for a word of a command line'
  ),
  'gap-before': trans.__('a value is needed, because the value of {other} would take its position'),
  'no-such-argument': trans.__('unknown argument'),
  'dash-after-flag': trans.__('begins with -, so {flag} would read it as an option'),
  'dash-in-list': trans.__('a text begins with -, so {flag} would not accept it as a value'),
  'dash-in-word': trans.__('begins with -, so the program would read it as an option'),
  'not-file-of-attempt': trans.__('must be a file of the attempt'),
  'reference-not-text': trans.__('{reference} is not a text'),
  'input-file-needed': trans.__('an input file is needed'),
  'companion-twice': trans.__('{file} is already the name of another file next to {beside}'),
  'not-in-folder': trans.__('{name} is not a path inside the working folder'),
  'no-function': trans.__('has no function {name}; it has: {known:, }'),
  'no-functions': trans.__('has no function {name}; it has no functions'),
  'asynchronous-function': trans.__('{name} is asynchronous; only plain functions are called'),
  'generator-function': trans.__('{name} is a generator; only plain functions are called'),
  'output-is-parameter': trans.__(
    'the output {name} has the name of a parameter that is not a path'
  ),
  'outputs-not-written-out': trans.__(
    'outputs of executable() must be a plain dictionary of names and formats, not computed'
  ),
  'no-cell': trans.__('the notebook has no cell {index}'),
  'no-cell-to-tag': trans.__('no cell of the notebook assigns a constant'),
  'cell-without-code': trans.__('cell {index} is not a code cell'),
  'too-many-nodes': trans.__('more than {most} nodes'),
  'not-node-id': trans.__('{id} is not a valid node ID'),
  'not-edge-id': trans.__('{id} is not a valid connection ID'),
  'not-comment-id': trans.__('{id} is not a valid comment ID, such as #1'),
  'loose-edge': trans.__('the connection {edge} has no node at one of its ends'),
  'no-node': trans.__('there is no node {node}'),
  'scope-without-nodes': trans.__('the scope {scope} needs at least one node'),
  'nodes-inactive': trans.__(
    'each of these nodes is muted or bypassed, or depends on a muted node'
  ),
  'workflow-is-copy': trans.__(
    'has the same ID as {path}, so it counts as a copy with separate runs. JupyterLab gives it a new ID when you save it'
  ),
  'workflow-cannot-run': trans.__('The workflow cannot run yet: {problems}'),
  'environment-and-requirements': trans.__(
    'set either an environment or a requirements file, not both'
  ),
  'engine-unreachable': trans.__('Docker cannot be reached at {url}: {why}'),
  'engine-refused': trans.__('The Docker engine refused: {message}'),
  'engine-wants-tls': trans.__('the engine requires TLS'),
  'engine-url-invalid': trans.__('the URL of an engine must begin with one of {schemes:, }'),
  'certificates-missing': trans.__('there is no {files:, } in {folder}'),
  'connection-closed': trans.__('The connection to {url} is closed.'),
  'no-answer-in-time': trans.__('no response in time'),
  'no-ssh': trans.__('ssh is not installed on this machine.'),
  'engine-answers': trans.__('{engine} {version} at {url}, {way}'),
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
  'image-replaced': trans.__(
    'The name {image} now refers to another image. The image of this revision ({known}) no longer exists. Deploy a new revision.'
  ),
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
  'environment-deleted': trans.__('The environment {environment} was deleted.'),
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
  'unknown-format': trans.__("unknown format '{format}'; known: {present:, }"),
  'no-programs-on-server': trans.__('this server does not run programs on its own machine'),
  'not-a-command': trans.__('{file} is a {kind}, not a command'),
  'path-or-upload': trans.__('set either a path or an upload'),
  'code-follows-file': trans.__("'{name}' follows its file: change the file"),
  'no-version-to-compare': trans.__(
    'The version to compare was not found; available: {present:, }.'
  ),
  'file-not-declared': trans.__("'{name}' is not a declared file"),
  'workflow-as-node': trans.__('{file} is a workflow, which cannot be a node'),
  'data-not-code': trans.__('{file} is data, not code'),
  'program-behind-shell': trans.__(
    '{file}, line {line}: {keyword} uses the shell form, which drops arguments; write ["program", "word"]'
  ),
  'no-runtime': trans.__("there is no runtime '{runtime}' (installed: {present:, })"),
  'no-requirements-file': trans.__('There is no requirements file {path}.'),
  'no-requirements-in-bundle': trans.__(
    'There is no requirements file {path} in the bundle of {file}.'
  ),
  'dataset-removed': trans.__("The dataset '{name}' was deleted."),
  'dataset-gone': trans.__("The dataset '{name}' does not exist."),
  'dataset-not-ready': trans.__("The dataset '{name}' is not ready."),
  'version-gone': trans.__('The version {version} that this node is pinned to is gone.'),
  'no-step-to-pin': trans.__('the workflow has no such node'),
  'no-run-to-pin': trans.__("there is no run '{name}'"),
  'pinned-run-gone': trans.__(
    'The node is pinned to run {run}, which does not exist: unpin it, or pin it to another run.'
  ),
  'pinned-run-unknown': trans.__(
    "The node is pinned to run '{run}', which does not exist: unpin it, or pin it to another run."
  ),
  'pinned-task-not-succeeded': trans.__(
    'The node is pinned to run {run}, but its state there is {state}: unpin it, or pin it to another run.'
  ),
  'pinned-task-gone': trans.__(
    'The node is pinned to run {run}, which does not contain it: unpin it, or pin it to another run.'
  ),
  'pinned-bytes-gone': trans.__(
    'The node is pinned to run {run}, but the data of {output} was deleted: unpin it, or pin it to another run.'
  ),
  'path-or-run': trans.__('set either a path or the output of a run, not both'),
  'model-source-needed': trans.__('a folder, a Python file, or a run with an output is needed'),
  'not-python-file': trans.__('{path} is not a Python file'),
  'python-unreadable': trans.__('{file}: {message}'),
  'name-not-importable': trans.__('{file} cannot be imported: its name is not a valid Python name'),
  'imports-not-installed': trans.__(
    'imports {names:, }, which no installed package from an index provides'
  ),
  'no-model-file': trans.__('{path} contains none of {known:, }'),
  'no-file-in-folder': trans.__('there is no file {path} in the folder'),
  'no-folder-beside-file': trans.__('there is no folder {path} next to the file'),
  'no-module-in-folder': trans.__('there is no module {module} in {folder}'),
  'class-missing': trans.__('{file} has no class {name} at its top level'),
  'run-needed': trans.__('A run is needed.'),
  'run-without-output': trans.__('Run {run} has no output: it is {state}.'),
  'no-output': trans.__("Run {run} has no output '{output}'; {present}."),
  'several-outputs': trans.__('run {run} has several outputs: {outputs:, }'),
  'not-a-model': trans.__(
    '{file} is neither a pickle or joblib file nor a folder with a model file or MLmodel'
  ),
  'no-model-in-folder': trans.__('the folder {folder} has neither a model file nor MLmodel'),
  'packages-from-no-index': trans.__(
    'it needs packages that were not installed from an index: {names:, }'
  ),
  'model-origin-unknown': trans.__(
    'the run that created it is no longer known: run its node again'
  ),
  'model-image-gone': trans.__(
    'the record of the image in which its node ran was deleted: run the node again'
  ),
  'model-needs-container': trans.__(
    'A model that was created in a container can be loaded only in a container: {cause}'
  ),
  'model-not-batch': trans.__(
    '{image} has the mode {mode}; use an image with the mode batch to predict datasets.'
  ),
  'priority-out-of-range': trans.__('must be from -{most} to {most}'),
  'name-needed-to-replace': trans.__('a name is needed to replace a run'),
  'path-or-executable': trans.__('set either a path or an executable'),
  'too-few-gpus': trans.__('{wanted} requested, but this machine has {present}'),
  'no-gpus': trans.__('{wanted} requested, but this machine has no GPU'),
  'replaced-run-not-ended': trans.__(
    "'{name}' is {state}; it can be replaced when it has finished."
  ),
  'nothing-to-run': trans.__(
    'There is nothing to run: add or select a notebook, script or program.'
  ),
  'no-state': trans.__("there is no state '{state}'"),
  'run-ended': trans.__('The run has already finished ({state}).'),
  'export-of-live-run': trans.__('Run {number} has not finished. Export it afterwards.'),
  'run-not-ended': trans.__('The run has not finished; cancel it first.'),
  'run-is-scratch': trans.__(
    'This is a check run or the run of a bisection. Such runs are deleted automatically, so they cannot be kept, compared, retried, pinned, exported or registered.'
  ),
  'scratch-run-writes': trans.__(
    'The code of a check run or of a bisection changes nothing outside its run.'
  ),
  'no-bisection': trans.__("There is no bisection '{name}'."),
  'bisection-ended': trans.__('The bisection has already finished ({state}).'),
  'bisection-not-ended': trans.__('The bisection is running; cancel it first.'),
  'bisected-run-gone': trans.__('One of the two compared runs was deleted.'),
  'bisection-outdated': trans.__(
    'Between the two runs, nbyard now finds other changes than when the bisection started. Start the bisection again.'
  ),
  'nothing-to-bisect': trans.__('The runs have the same values, data, code and packages.'),
  'nothing-to-try': trans.__(
    'Only this changed between the runs: {changes:; }. Runs use the packages and files of this machine as they are now, so there is nothing to try.'
  ),
  'run-not-at-end': trans.__('the run has not finished'),
  'other-workflow': trans.__('is a run of a different workflow than the good run'),
  'run-is-not-so': trans.__('the state of run {number} is {state}'),
  'no-metric-in-both': trans.__('both runs need a number for the metric {metric}'),
  'metric-is-equal': trans.__('the metric {metric} is equal in both runs'),
  'threshold-without-metric': trans.__('a threshold needs a metric'),
  'threshold-not-between': trans.__('must be between the values of both runs, {low} and {high}'),
  'no-name-for-check': trans.__('a check run has no name'),
  'nothing-to-retry': trans.__(
    'Only failed and cancelled runs can be retried; this run is {state}.'
  ),
  'no-node-in-run': trans.__("The run has no node '{node}'."),
  'no-attempt': trans.__("'{node}' has no attempt {number}."),
  'no-attempt-yet': trans.__("'{node}' has no attempt yet."),
  'attempt-not-running': trans.__(
    "The attempt '{attempt}' is not running, so its links are closed."
  ),
  'no-link': trans.__("The attempt has no link '{port}'."),
  'nothing-listens': trans.__('No program listens at {port} yet.'),
  'no-data-given': trans.__("{node} received no data for '{name}'."),
  'no-other-file': trans.__("'{node}' has no other file '{path}'."),
  'no-other-files': trans.__("'{node}' has no other files."),
  'no-output-of-node': trans.__("'{node}' has no output '{output}'."),
  'no-metric-of-node': trans.__("'{node}' has no metric '{metric}'."),
  'no-picture': trans.__("This run has no picture '{digest}'."),
  'needs-any-data': trans.__('Choose a file, folder, dataset or artifact'),
  'needs-folder': trans.__('Choose a folder'),
  'needs-file': trans.__('Choose a file, dataset or artifact'),
  'needs-files': trans.__(
    'a file or a folder with several files is needed; they are used in the order of their names'
  ),
  'value-too-long': trans.__('may have at most {most} characters; use a dataset for more'),
  'input-is-frozen': trans.__('is an input, whose data is frozen; freeze the request again'),
  'value-of-output': trans.__('is an output; its file goes to the store'),
  'data-not-ready': trans.__("the dataset '{name}' is not ready"),
  'no-data': trans.__("there is no file, dataset or artifact '{name}'"),
  'no-parameter': trans.__('{owner} does not have this parameter; it has: {known:, }'),
  'no-parameter-near': trans.__('{owner} does not have this parameter; did you mean {near}?'),
  'no-parameters': trans.__('{owner} has no parameters'),
  'no-workflow-parameter': trans.__(
    'The workflow does not have this parameter; it has: {known:, }'
  ),
  'no-workflow-parameters': trans.__(
    'The workflow declares no parameters, so a run cannot set values of its nodes.'
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
  'host-not-found': trans.__('{host} cannot be found: {message}'),
  'host-unreadable': trans.__('fetching from {host} failed: {message}'),
  'certificate-invalid': trans.__('the certificate of {host} is not valid: {message}'),
  'redirect-circle': trans.__('redirects in a loop'),
  'too-many-redirects': trans.__('redirects more than {most} times'),
  'redirect-without-target': trans.__('the server redirects to nowhere'),
  'redirect-drops-encryption': trans.__('redirects from https to http'),
  'server-answered': trans.__('the server answered {status} {phrase}'),
  'server-answered-status': trans.__('the server answered {status}'),
  'server-answered-error': trans.__('{answer} ({error})'),
  'unknown-compression': trans.__('the server sends an unknown compression ({compression})'),
  'transfer-cut': trans.__('the connection broke off after {received:,} of {size:,} bytes'),
  'transfer-cut-in-compressed': trans.__(
    'the connection closed before the compressed data was complete'
  ),
  'transfer-cancelled': trans.__('the transfer was cancelled'),
  'transfer-too-long': trans.__('the transfer took too long'),
  'server-answers-late': trans.__('the server does not respond in time'),
  'server-too-slow': trans.__('the server sends too slowly'),
  'fetched-too-large': trans.__('the file is larger than the {most:,} bytes allowed here'),
  'no-upload': trans.__('upload not found; it may be finished or abandoned'),
  'upload-finished': trans.__('the upload is finished'),
  'upload-locked': trans.__('another request is writing to this upload'),
  'upload-offset-differs': trans.__('the upload must continue at offset {offset}, not at {given}'),
  'upload-incomplete': trans.__('{received:,} of {size:,} bytes have arrived'),
  'upload-beyond-size': trans.__('the upload may have at most {most:,} bytes'),
  'upload-too-large': trans.__('an upload may have at most {most:,} bytes'),
  'upload-too-large-to-read': trans.__('{name} has more than {most:,} bytes'),
  'size-negative': trans.__('may not be negative'),
  'not-a-checksum': trans.__('must be 64 hexadecimal digits'),
  'checksum-differs': trans.__(
    'the content has the checksum {checksum}, which differs from the expected one'
  ),
  'bundle-too-large': trans.__(
    'The code bundle of {name} has more than {most:,} bytes; largest: {largest:, }'
  ),
  'file-of-size': trans.__('{name} ({size:,})'),
  'bundle-file-removed': trans.__(
    'A file or folder was removed while the code of {name} was collected: {message}'
  ),
  'not-a-dataset-id': trans.__("'{id}' is not a valid ID"),
  'dataset-place-taken': trans.__('{path} already exists and was not created by nbyard'),
  'link-place-taken': trans.__('{path} already exists and was not created by nbyard'),
  'link-refused': trans.__('{path} cannot be linked: {message}'),
  'archive-unknown': trans.__(
    'This file is not a supported archive. Supported formats: zip, tar, tar.gz, tar.bz2, tar.xz.'
  ),
  'archive-damaged': trans.__('The archive is damaged or was cut off: {message}'),
  'archive-without-end': trans.__('The archive is damaged or was cut off: its end is missing.'),
  'archive-encrypted': trans.__("The archive is encrypted: '{name}'."),
  'archive-empty': trans.__('The archive holds no files.'),
  'archive-holds-link': trans.__("The archive holds a link or device: '{name}'."),
  'archive-name-twice': trans.__("The archive has '{name}' twice, or in two spellings."),
  'archive-file-and-folder': trans.__("The archive has '{name}' as a file and as a folder."),
  'archive-too-many-files': trans.__('An archive may have at most {most:,} files.'),
  'archive-bomb': trans.__('The archive expands to far more than its own size.'),
  'archive-beyond-ratio': trans.__(
    'The archive expands too far (at most {most} times its own size).'
  ),
  'not-a-digest': trans.__("'{digest}' is not a digest"),
  'digest-of-folder': trans.__('is the digest of a folder, not of a file'),
  'digest-of-file': trans.__('is the digest of a file, not of a folder'),
  'bytes-missing': trans.__('the content with the digest {digest} is not in the store'),
  'bytes-damaged': trans.__('the stored content does not match its digest {digest}'),
  'bytes-being-deleted': trans.__('Unused content is being deleted. Try again in a moment.'),
  'disk-full-for-bytes': trans.__('disk full: needs {needed:,} bytes'),
  'disk-full-with-reserve': trans.__(
    'disk full: needs {needed:,} bytes in addition to the {reserve} that nbyard keeps free; {free} are free'
  ),
  'disk-full-no-file': trans.__('disk full: no file can be created'),
  'file-changed-while-read': trans.__('{path} changed while it was read'),
  'place-taken': trans.__('{path} already exists'),
  'folder-name-twice': trans.__('two files of the folder have the same name'),
  'folder-too-deep': trans.__('folders may be nested at most {most} levels deep'),
  'folder-too-many-files': trans.__('a folder may have at most {most:,} files'),
  'path-empty': trans.__('a path is needed'),
  'path-has-nul': trans.__('may not contain NUL'),
  'path-hides-dots': trans.__('may not contain a percent-encoded ..'),
  'path-too-long': trans.__('{path}… is longer than a path can be'),
  'path-outside-root': trans.__('{path} leads outside the allowed folder'),
  'path-outside-folders': trans.__('{path} is outside the folders allowed here'),
  'not-an-ordinary-file': trans.__('{path} is not an ordinary file'),
  'path-is-folder': trans.__('{path} is a folder, not a file'),
  'path-is-link': trans.__('{path} is a link'),
  'path-missing': trans.__('{path} does not exist'),
  'path-unreadable': trans.__('{path} cannot be read: {message}'),
  'file-too-large': trans.__('{path} has more than {most:,} bytes.'),
  'file-forbidden': trans.__('{path} cannot be read: permission denied.'),
  'no-entry-point': trans.__("the {noun} '{name}' is not installed (present: {present:, })"),
  'no-entry-points': trans.__("the {noun} '{name}' is not installed (present: none)"),
  'command-not-started': trans.__('cannot be started: {message}'),
  'no-answer-within': trans.__('no answer in {seconds} s'),
  'help-silent': trans.__('printed nothing for --help within {seconds} s'),
  'no-uv': trans.__('uv is not installed.'),
  'no-installer': trans.__('Neither uv nor pip is installed.'),
  'installation-too-long': trans.__(
    'The installation took longer than install_timeout_seconds: {seconds} s.'
  ),
  'address-of-dependency': trans.__('{package} comes from a URL that another package requires'),
  'hashes-differ': trans.__('{package} {version} has none of the requested hashes.'),
  'kernel-not-on-machine': trans.__("The kernel '{name}' is not installed on this machine."),
  'kernel-language-differs': trans.__(
    'the language of {kernel} is {own}, that of the notebook is {language}'
  ),
  'interpreter-fails': trans.__('The interpreter {interpreter} does not run: {message}'),
  'store-blocked': trans.__('The store is busy: process {pid} ({name}) holds its write lock.'),
  'store-blocked-by-stopped': trans.__(
    'The store is busy: process {pid} ({name}) is stopped and holds its write lock.'
  ),
  'model-probe-not-started': trans.__(
    '{program} cannot be started to inspect the model: {message}'
  ),
  'model-probe-too-long': trans.__(
    'loading the model and calling it once took more than {seconds} s'
  ),
  'model-probe-ended': trans.__(
    'the process that loads and calls the model exited early; the model may need more memory than allowed here'
  ),
  'model-probe-ended-after': trans.__('loading the model and calling it once failed: {last}'),
  'model-probe-unreadable': trans.__(
    'the result of inspecting the model cannot be read: {message}'
  ),
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
    'the {type} does not list its input columns (it has no feature_names_in_): fit it with a data frame that has column names'
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
  hints: '{hints: }',
  'free-name': trans.__("Choose another name; '{name}' is free."),
  'did-you-mean': trans.__('Did you mean {names: or }?'),
  'ask-the-log': trans.__("The server's log has details. Look for {request}."),
  'try-again-then': trans.__('Try again when it is installed.'),
  'free-space': trans.__('Free space and try again.'),
  'free-space-of-store': trans.__('Free space on the disk of the store, then try again.'),
  'free-inodes': trans.__('Free space, or remove files where the file system has no inodes left.'),
  'database-correct-url': trans.__(
    'Create the database or user, or correct the setting database_url.'
  ),
  'install-postgres': trans.__("Install the driver with: pip install 'nbyard[postgres]'"),
  'results-of-node': trans.__('Its metrics and outputs are: {names:, }.'),
  'database-may-return': trans.__(
    'The database server may be down or restarting. Runs that have started continue meanwhile.'
  ),
  'continue-or-end-process': trans.__(
    'Continue the process (kill -CONT {pid}) or kill it (kill -9 {pid}). Killing it rolls back its unfinished write.'
  ),
  'wait-for-process': trans.__(
    'Try again in a moment. If the store stays busy, stop that process.'
  ),
  'restore-store': trans.__(
    'Nothing was changed. Restore a backup, or start with an empty store: mv {folder} {folder}.old'
  ),
  'another-store': trans.__('set another folder with store_dir (NBYARD_STORE_DIR).'),
  'mount-store-anew': trans.__(
    'Nothing was changed. Its file system may have become read-only. Remount it, or {other}'
  ),
  'run-as-owner': trans.__(
    'Nothing was changed. Run nbyard as {owner} (without sudo, or as that user of the container), or {other} To make all files in the folder yours: sudo chown -R {own} {folder}'
  ),
  'move-file-out': trans.__(
    'Nothing was changed. Move that file out of the folder (nbyard then denies access to other users), or {other}'
  ),
  'close-folder': trans.__(
    'Nothing was changed. Try: chmod 700 {folder}. If the mode stays, {other}'
  ),
  'close-store-folder': trans.__(
    'Nothing was changed. If only you use the folder: chmod 700 {folder}. Otherwise {other}'
  ),
  'folder-inside': trans.__(
    'Nothing was changed. Set a new folder for the store, which nbyard creates: NBYARD_STORE_DIR={folder}'
  ),
  'upgrade-nbyard': trans.__('The store has schema {schema}. Upgrade nbyard to open it.'),
  'give-old-key': trans.__(
    'Add the old key after the new one in {variable}, or replace the secret values of the credential.'
  ),
  'replace-secrets': trans.__('Replace the secret values in it, or delete it.'),
  'restore-key': trans.__(
    'Set {variable} to the key that encrypted them (on the server?), or restore {file}. If the key is lost, create a new one: (umask 077; openssl rand -hex 32 > {name})'
  ),
  'make-key': trans.__('Create one with: openssl rand -hex 32'),
  'store-as-credential': trans.__('Store them as a credential.'),
  'store-as-s3-credential': trans.__('Store it as a credential of the kind s3.'),
  'your-credentials': trans.__('Your credentials: {names:, }.'),
  'no-credentials-yet': trans.__('There are no credentials yet.'),
  'remove-from-users': trans.__('Remove it from these, or force the deletion.'),
  'move-away': trans.__('Move it away, or choose another link folder.'),
  'ignore-files': trans.__(
    'List what the code does not need in a file .nbyardignore of the project folder.'
  ),
  'try-again-undisturbed': trans.__(
    'Try again when no other program deletes files next to the code.'
  ),
  'make-dataset': trans.__('Add it as a dataset: nbyard datasets add {file}'),
  'other-name-or-version': trans.__('Choose another name, or add a new version of that dataset.'),
  'other-name': trans.__('Choose another name, or edit or delete that deployment.'),
  'start-engine': trans.__(
    'Start it, or set DOCKER_HOST or the setting docker_host (NBYARD_DOCKER_HOST).'
  ),
  'start-engine-and-retry': trans.__(
    'Start the container engine (nbyard doctor shows its state) and try again.'
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
  'declare-parameters': trans.__(
    'Declare parameters in the parameters cell of a notebook, or in FILE.nbexec next to a script or Dockerfile (Dockerfile.nbexec).'
  ),
  'declare-workflow-parameters': trans.__(
    'To declare it, open the inspector of the workflow in JupyterLab while no node is selected. Then select it in the menu next to the field of each node that uses it.'
  ),
  'bisect-by-metric': trans.__('These metrics differ between both runs: {names:, }.'),
  'bisect-needs-metric': trans.__(
    'Without a metric, one run must have succeeded and the other one failed. No metric differs between both runs; nbyard.log_metric(NAME, NUMBER) records one.'
  ),
  'skip-in-scratch-run': trans.__(
    'Skip the call in the code where the environment variable NBYARD_SCRATCH_RUN is set.'
  ),
  'find-gpus': trans.__(
    'nbyard doctor shows how GPUs were detected. The setting gpus can list them.'
  ),
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
  'install-installer': trans.__(
    'Install uv or pip in the environment of nbyard, for example: {python} -m ensurepip'
  ),
  'name-a-wheel': trans.__(
    'Add the URL of its wheel to the requirements, or choose another version of the package that requires it.'
  ),
  'correct-hash': trans.__('Correct its hash, or leave it out.'),
  'installed-kernels': trans.__('Installed kernels: {names:, }.'),
  'no-installed-kernels': trans.__('No kernels are installed.'),
  'repair-environment': trans.__('Repair its environment, or choose another kernel.'),
  'show-environment': trans.__('From a shell: nbyard environments show {name} shows what to do.'),
  'allow-private-hosts': trans.__(
    'nbyard refuses addresses of this machine and of private networks. An administrator allows a host: start JupyterLab with NBYARD_ALLOWED_PRIVATE_HOSTS=nas.local:8080, or set c.Settings.allowed_private_hosts = ["nas.local:8080"].'
  ),
  'use-plain-references': trans.__('Plain references such as $(inputs.name.path) are supported.'),
  'pass-as-file': trans.__('Pass it as a file.'),
  'quote-question-mark': trans.__(
    'Between braces, a text with a question mark needs quotes: {example}'
  ),
  'save-in-format-4': trans.__('Open it in JupyterLab and save it: that writes format 4.'),
  'upload-wheel': trans.__('Put the wheel into a package index, or make it available at a URL.'),
  'write-below-marker': trans.__(
    'Write your lines below the marker. Set base, packages and user with options (nbyard images build --help). nbyard images dockerfile prints the generated Dockerfile. To build a Dockerfile of your own, pass its path.'
  ),
  'give-input-file': trans.__('From a shell: --input-file {name}=path'),
  'cancel-run': trans.__('From a shell: nbyard runs cancel {number}'),
  'use-linux': trans.__('Only Linux is tested. On Windows, use WSL2.'),
  'free-space-for-outputs': trans.__('Free space: runs need room for their outputs.'),
  'install-ipykernel': trans.__('pip install ipykernel'),
  'restart-dispatcher': trans.__(
    'kill {pid} stops the dispatcher. Running tasks continue. The next dispatcher uses the settings of the process that starts it.'
  ),
  'check-gpus': trans.__('Check the output of nvidia-smi -L, or set gpus.'),
  'install-docker': trans.__('Install and start Docker, or set docker_host, to run in containers.'),
  'start-cluster': trans.__('Start it, or ask its owner.'),
  'reinstall-nbyard': trans.__('Reinstall nbyard: its wheel contains the extension.'),
  'name-a-class': trans.__('Choose one, such as {file}:{name}.'),
  'give-defaults': trans.__('Set a default for each.'),
  'declare-columns': trans.__('Add {example} to the class, or write a model file (nervosum.yaml).'),
  'write-model-file': trans.__(
    'Or write a model file (nervosum.yaml) for a class that loads this file in its __init__. It declares the inputs, outputs and requirements of the model.'
  ),
  'list-requirements': trans.__('List the required packages in a {file} next to it.'),
  'install-nbdime': trans.__(
    "Install nbdime to compare notebooks cell by cell: pip install 'nbyard[nbdime]'"
  ),
  'too-much-changed': trans.__(
    'Too much changed to compare the notebooks cell by cell. Plain lines are compared instead.'
  ),
  'run-model': trans.__('nbyard models run -n {name}'),
  'serve-or-predict': trans.__(
    'nbyard models deploy -n {name} serves it. To predict with its file: nbyard run {path}'
  ),
  'rename-model': trans.__('Give this model another name or tag in its file.'),
  'or-remove-image': trans.__('Or: nbyard images rm {image}'),
  'or-remove-model': trans.__('Or: nbyard models rm {image}'),
  'image-rebuilt-by-deploying': trans.__(
    'Deploying the model rebuilds the image and replaces the earlier one.'
  ),
  'follow-image-log': trans.__('nbyard images log {image} shows its progress.'),
  'see-image-log': trans.__(
    'The log of the image shows why (in a shell: nbyard images log {image}).'
  ),
  'deploy-model-again': trans.__('Deploying it again repeats the build.'),
  'load-image': trans.__('`docker load` adds an image without a registry.'),
  'remove-built-image': trans.__(
    'Choose another name (--tag), or remove that image first: nbyard images rm {image}'
  ),
  'remove-pulled-image': trans.__('Remove that image first: nbyard images rm {image}'),
  'push-under-other-name': trans.__(
    'Push it under another name, or remove that image first: nbyard images rm {image}'
  ),
  'list-artifacts': trans.__(
    'nbyard artifacts ls lists named artifacts; nbyard runs lineage RUN shows those of a run.'
  ),
  'list-revisions': trans.__('nbyard deployments revisions {name} lists them.'),
  'show-deployment': trans.__('nbyard deployments show {name} shows why.'),
  'show-deployment-and-log': trans.__(
    'nbyard deployments show {name} and nbyard deployments log {name} show why.'
  ),
  'see-log': trans.__('Its log may show why.'),
  'one-way-only': trans.__('Use either the fields of nbyard or those of the dashboard.'),
  'list-value-needed': trans.__('a list is needed'),
  'texts-needed': trans.__('a list of texts is needed'),
  'text-or-lines-needed': trans.__('text or a list of lines is needed'),
  'dataset-needed': trans.__('a dataset is needed'),
  'value-not-json': trans.__('is not valid JSON: {message} (line {line}, column {column})'),
  'start-unknown': trans.__('nbyard does not know how to start this file'),
  'not-a-dockerfile': trans.__('{file} is not a Dockerfile: it has no FROM instruction'),
  'not-an-argument': trans.__('the {kind} does not have this argument'),
  'not-an-argument-of-models': trans.__('a model does not have this argument'),
  'predictions-format': trans.__('must be one of {formats:, }'),
  'not-a-notebook': trans.__('is not a notebook: {message}'),
  'notebook-nested-too-deeply': trans.__('is not a notebook: it is nested too deeply'),
  'notebook-not-an-object': trans.__('is not a notebook: an object is needed at the top level'),
  'notebook-without-format': trans.__('is missing or not a number; this is not a notebook'),
  'notebook-of-other-format': trans.__('the notebook has format {format}, not 4'),
  'notebook-of-unknown-version': trans.__('{version} is not a known version'),
  'notebook-not-converted': trans.__(
    'cannot be converted from format {format} to 4: {error} {message}'
  ),
  'notebook-too-old-for-tag': trans.__('tags can only be added to notebooks of format 4'),
  'cell-type-unknown': trans.__('must be code, markdown or raw'),
  'not-a-kernel-name': trans.__('{name} is not a valid kernel name'),
  'parameters-cell-invalid': trans.__('the parameters cell is not valid Python ({message})'),
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
  'help-found-nothing': trans.__('No arguments were found in the output of --help.'),
  'help-to-check': trans.__(
    'Arguments were read from the output of --help. Check them before you save.'
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
  'parameter-unread': trans.__('{name} is not read: {problem}'),
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
  'action-has-keyword': trans.__('the keyword {keyword} belongs to a custom action'),
  'own-action': trans.__('it has an action of its own'),
  'action-is': trans.__('the action {action} is not supported'),
  'name-not-given': trans.__('nbyard cannot use its name'),
  'changes-nothing': trans.__('setting it has no effect'),
  'lists-of-lists': trans.__('its value is a list of lists'),
  'letters-one-by-one': trans.__('it splits its value into single letters'),
  'rest-of-line': trans.__('it consumes the rest of the command line'),
  'counts-on': trans.__('it counts up from its default'),
  'makes-own': trans.__('the keyword {keyword} is not supported'),
  'without-name': trans.__('it has no name'),
  'true-when-not-given': trans.__('it is true by default'),
  'name-no-text': trans.__('a name is not text'),
  'negative-option': trans.__('with the option {option}, numbers cannot be negative'),
  'foreign-parser': trans.__('the script has an ArgumentParser that is not from argparse'),
  'several-parsers': trans.__('the script has several parsers'),
  'parser-keyword': trans.__('the keyword {keyword} of the parser may change its arguments'),
  'own-parser-class': trans.__('the script defines its own parser class'),
  'has-subcommands': trans.__('the script has subcommands'),
  'program-has-subcommands': trans.__('the program has subcommands'),
  'parses-own-list': trans.__('line {line} parses a fixed list instead of the command line'),
  'words-not-told-apart': trans.__('the values of {first} and {second} cannot be distinguished'),
  'several-commands': trans.__('the script has several commands'),
  'parameters-before-command': trans.__('parameters are declared above the command'),
  'command-keyword': trans.__('{keyword} of the command may change how arguments are read'),
  'argparse-and-click': trans.__('the script uses both argparse and click'),
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
  'cell-too-large': trans.__('it has more than {most} KiB'),
  'r-line-unread': trans.__('line {line}, {words}'),
  'no-channel': trans.__("There is no notice channel '{name}'; {present}."),
  'channel-exists': trans.__("A notice channel named '{name}' exists."),
  'channel-name-is-id': trans.__('may not be an id: these name other channels'),
  'not-channel-url': trans.__(
    'must be an https:// URL, or a URL of Apprise such as slack://… or mailtos://…'
  ),
  'channel-not-encrypted': trans.__(
    'must be encrypted (https://, jsons://), because messages name your work'
  ),
  'channel-is-local': trans.__("{scheme}:// stays on the server's own machine"),
  'channel-reads-file': trans.__('may not name a file of the server ({name})'),
  'unknown-channel-url': trans.__('Apprise does not know this kind of URL, or it is incomplete'),
  'channel-url-examples': trans.__(
    'E-mail: mailtos://USER:PASSWORD@smtp.example.org?to={address} Slack: https://hooks.slack.com/services/T…/B…/…'
  ),
  'channel-events-needed': trans.__('at least one event is needed'),
  'channel-named-twice': trans.__('the channel is named twice'),
  'channel-kind-missing': trans.__(
    'The package that sends to channels of the kind {kind} is not installed'
  ),
  'channel-package-missing': trans.__('Channels of the kind {kind} need the package {package}'),
  'too-many-rules': trans.__('there may be at most {most} rules'),
  'channel-answered': trans.__('{service} answered {status}'),
  'channel-answered-text': trans.__('{service} answered {status}: {text}'),
  'channel-too-late': trans.__('{service} did not answer within {seconds} s'),
  'channel-unreachable': trans.__('{service} cannot be reached: {message}'),
  'channel-not-sent': trans.__('{service} did not accept the message: {message}'),
  'channel-address-refused': trans.__('{service}: {reason}'),
  'sender-ended': trans.__('The sender of messages ended unexpectedly: {cause}'),
  'too-many-packages': trans.__('has more than {most} packages'),
  'not-debian-package': trans.__('{name} is not a valid Debian package name'),
  'not-user-number': trans.__('must be from 1 to {most}: images do not run as root'),
  'not-cuda-version': trans.__('{version} is not a CUDA version such as 12.6 or 12.4.1'),
  'text-of-at-most': trans.__('must be text of at most {most} bytes'),
  'not-name-of-label': trans.__('{name} is not a valid label name'),
  'not-name-of-variable': trans.__('{name} is not a valid variable name'),
  'contains-forbidden': trans.__('may not contain {part}'),
  'not-image-name': trans.__(
    '{name} is not a valid image name: write [host[:port]/]name[:tag], with lower-case letters, digits and . _ - between them'
  ),
  'push-to-digest': trans.__('an image is pushed to a tag, not to a digest'),
  'no-registry': trans.__('does not specify a registry, such as registry.example.org:5000/'),
  'marker-missing': trans.__('The Dockerfile does not contain the line {marker}.'),
  'line-above-marker': trans.__(
    'Line {number} was changed, but nbyard generates all lines above the marker: {line}.'
  ),
  'source-refused': '{message}',
  'address-not-allowed': trans.__(
    '{address} is not allowed: an administrator allows addresses with {setting}'
  ),
  'address-refused': trans.__('the address {problem}'),
  'login-in-address': trans.__('the address {problem}; keep them in .netrc, which uv and pip read'),
  'not-file-address': trans.__('a file address must begin with file:/// and an absolute path'),
  'address-with-query': trans.__(
    'the address may contain neither ? nor #; add a hash with --hash=sha256:…'
  ),
  'address-with-variables': trans.__(
    'the address may not contain .., //, variables or encoded forms of them'
  ),
  'requirement-refused': trans.__('{line}: {problem}'),
  'hash-form': trans.__(
    '--hash supports only sha256, sha384 and sha512: --hash=sha256:<64 hex digits>'
  ),
  'option-misplaced': trans.__('{option} is not allowed here'),
  'option-not-allowed': trans.__('the option {option} is not allowed'),
  'option-of-file': trans.__('the option {option} is not allowed: write the lines of that file'),
  'option-needs-setting': trans.__(
    'the option {option} is not allowed: an administrator allows addresses with {setting}'
  ),
  'editable-needs-path': trans.__('-e needs the absolute path of a folder: /… or file:///…'),
  'address-without-name': trans.__(
    'a requirement with an address must be written as name @ address'
  ),
  'address-without-name-not-allowed': trans.__(
    'a requirement with an address (name @ address) is not allowed: an administrator allows addresses with {setting}'
  ),
  'protected-package': trans.__('{package} may not be a requirement: it is a package installer'),
  'given-by-address': trans.__(
    '{package} has an address, which is not allowed: an administrator allows addresses with {setting}'
  ),
  'given-by-no-wheel': trans.__('the address of {package} is not a wheel (.whl)'),
  'given-by-other': trans.__('the address of {package} belongs to {other}'),
  'not-version': trans.__('{version} is not a version such as 1.2'),
  'requirements-line': trans.__('requirements, line {line}: {problem}'),
  'too-many-lines': trans.__('has more than {most} lines'),
  'not-requirement': trans.__('{line} is not a valid requirement'),
  'not-among-requirements': trans.__('{requirement} is not among the requirements.'),
  'folder-without-lock': trans.__(
    '{line}: a folder can only be used through an environment, which locks its content. Create one (nbyard environments create NAME -r FILE) and select it in the node instead of the file'
  ),
  'no-class': trans.__('{file} has no class {name} at its top level; it has: {known:, }'),
  'no-classes': trans.__('{file} has no class {name} at its top level, and no other class'),
  'no-predict': trans.__('{name} has no method predict'),
  'no-model-class': trans.__('{file} has no class with a method predict at its top level'),
  'several-model-classes': trans.__('{file} has several classes with predict: {names:, }'),
  'model-needs-arguments': trans.__('needs {names:, }: models are created without arguments'),
  'no-input-columns': trans.__('the class does not declare the input columns of predict'),
  'no-output-columns': trans.__('the class does not declare the output columns of predict'),
  'unreadable-column': trans.__(
    "cannot be read as a column without running the code: write {'name': …, 'type': …}"
  ),
  'columns-needed': trans.__('a list of columns is needed, such as {example}'),
  'column-twice': trans.__('{name} appears twice'),
  'column-not-object': trans.__('a column must be an object with name and type'),
  'column-name-needed': trans.__('the name of the column is needed, as text'),
  'column-type-needed': trans.__('a type is needed, one of {known:, }'),
  'not-column-type': trans.__('{type} is not a column type; must be one of {known:, }'),
  'tensor-not-column': trans.__('only a tensor with a single column can be served'),
  'not-mode': trans.__('{mode} is not a valid mode, such as http or batch'),
  'not-tag': trans.__(
    '{tag} may contain only letters, digits and . _ -, and at most 128 characters'
  ),
  'leaves-model-folder': trans.__("{path} leads outside the model's folder"),
  'not-module': trans.__('{name} is not a module of src, such as model or package.model'),
  'not-class-name': trans.__('{name} is not a valid class name'),
  'requirements-needed': trans.__('a list of packages or the name of a file is needed'),
  'package-needed': trans.__('the name of a package is needed, such as numpy==2.1'),
  'no-python-function': trans.__('has no python_function, the only flavor that can be served'),
  'no-signature': trans.__(
    'does not list the columns: log the model with signature=infer_signature(…)'
  ),
  'no-signature-outputs': trans.__('is missing: pass the predictions to infer_signature, too'),
  'deployment-silent': trans.__('{deployment} does not respond: it is {state}.'),
  'deployment-silent-because': trans.__('{deployment} does not respond: {message}.'),
  'deployment-silent-cause': trans.__('{deployment} does not respond: it is {state} ({cause}).'),
  'set-twice': trans.__('is also set by {other}'),
  'no-gpu-types': trans.__('GPUs cannot be chosen by type here: leave this field empty'),
  'no-storage': trans.__(
    'storage cannot be mounted here: leave this field empty, and import data as datasets'
  ),
  'no-preset': trans.__('unknown preset {name}; must be one of {known:, }'),
  'no-span': trans.__('unknown time span {span}; must be one of {known:, }'),
  'host-name-needed': trans.__(
    'is needed: lower-case letters and digits, with - between them, at most 63 characters'
  ),
  'not-host-name': trans.__(
    '{name} is not a valid host name: use lower-case letters and digits, with - between them, at most 63 characters'
  ),
  'password-not-used': trans.__('is only used by {services: and }, not by {service}'),
  'password-length': trans.__('must have {least} to {most} characters'),
  'command-too-long': trans.__('may have at most {words} words of at most {characters} characters'),
  'command-known': trans.__('cannot be set for {service}, which has a fixed command'),
  'must-be-amount': trans.__('must be {amount}{unit}, not {given}'),
  'amount-from-to': trans.__('must be from {least} to {most}{unit}, not {given}'),
  'too-many-variables': trans.__('may have at most {most} variables'),
  'set-by-nbyard': trans.__('is set by nbyard itself'),
  'one-value-only': trans.__('must be {value}, or be left out'),
  'characters-allowed': trans.__('may have at most {most} characters'),
  'too-many-ports': trans.__('may have at most {most} entries'),
  'port-needed': trans.__('at least one is needed'),
  'port-name-taken': trans.__('{name} is used by another port'),
  'not-port-name': trans.__(
    '{name} is not a valid port name: use lower-case letters and digits, with - between them, at most 63 characters'
  ),
  'port-twice': trans.__('{port} appears twice'),
  'not-port': trans.__('{port} is not a valid port: must be from 1 to 65535'),
  'not-url-path': trans.__('must begin with / and be written as in a URL'),
  'no-project': trans.__("There is no project '{name}'."),
  'create-channel': trans.__('Create the channel with: nbyard channels create {name} --on none'),
  'no-policy': trans.__("There is no retention policy '{name}'."),
  'too-many-policies': trans.__('there may be at most {most} retention policies'),
  'project-exists': trans.__("The project '{name}' already exists."),
  'no-resource': trans.__("There is no {kind} '{name}'."),
  'no-project-file': trans.__('There is no nbyard.toml in {path} or above it.'),
  'create-project': trans.__('Create a project folder with: nbyard init NAME'),
  'project-file-uncommitted': trans.__(
    'is not committed. Commit it, or send files with --stash or --current'
  ),
  'project-file-untracked': trans.__('is ignored or not tracked by Git'),
  'project-too-large': trans.__(
    "The project's files have more than {most} bytes. Ignore data with .nbyardignore."
  ),
  'no-commit': trans.__('{path} has no readable Git commit'),
  'push-current': trans.__('Commit the files, or send them as they are with --current'),
  'not-a-commit': trans.__('must be the full hash of a commit'),
  'not-toml': trans.__('is not valid TOML: {message}'),
  'not-among-files': trans.__('{path} is not among the files that are sent'),
  'node-file-not-sent': trans.__(
    'node {node} of {workflow} uses {path}, which is not among the files that are sent'
  ),
  'file-bytes-missing': trans.__('The content of {path} is missing. Push again.'),
  'no-pushed-files': trans.__("The project '{name}' has no pushed files."),
  'not-linked': trans.__("The {kind} '{name}' is not linked to this project."),
  'too-many-facts': trans.__('may have at most {most} entries'),
  'not-a-repository': trans.__('must be the URL of a repository ({schemes:, }) or user@host:path'),
  'repository-with-secret': trans.__(
    'contains a user name or password. Remove it: projects store no secrets'
  ),
  'repository-with-space': trans.__('may not contain spaces or control characters'),
  'import-no-field': trans.__('{place}: {value}. nbyard does not have this field'),
  'import-bad-value': trans.__('{place}: {value}. {why}'),
  'import-wrong-type': trans.__('{place}: {why}'),
  'import-other-timing': trans.__('{place}: {value}. The schedule uses {used}'),
  'import-login': trans.__('{place}: the user name and password in the URL'),
  'import-no-value': trans.__('{place} is missing, so the workflow is left out'),
  'import-no-notebook': trans.__("{place}: the notebook '{name}' was not found"),
  'import-no-runtime': trans.__(
    '{place}: {value} is not in runtimes.yaml. The notebook uses its kernel'
  ),
  'import-no-file': trans.__('{place}: the file {name} was not found'),
  'import-bad-line': trans.__('{place}: the line is not KEY="value"'),
  'import-other-file': trans.__('{place}: only {name} was read'),
  'import-no-project': trans.__('The folder has none of the files {names:, }.'),
  'import-same-file': trans.__('another workflow is also imported as {name}; rename one'),
  'import-version': trans.__('must be one of {known:, }'),
  'no-time-zone': trans.__('there is no time zone {name}'),
  'cron-field-count': trans.__(
    'a cron expression has 5 fields (minute, hour, day of month, month, day of week), or 6 with the seconds first; this has {count}'
  ),
  'cron-year': trans.__(
    'the field {text} at position {position} is a year, which nbyard does not support'
  ),
  'cron-name': trans.__('{name} is not one of {known:, }'),
  'cron-dialect': trans.__(
    '{character} at position {position} ({field}) belongs to another dialect of cron'
  ),
  'cron-any-day': trans.__(
    'Write * instead of ?. Quartz and Amazon EventBridge count weekdays from Sunday = 1; here, Sunday is 0 or 7 and Monday is 1.'
  ),
  'cron-spread': trans.__(
    'Write a number of your choice. Jenkins derives it from the name of a job, other programs choose it at random.'
  ),
  'cron-near-day': trans.__(
    'nbyard cannot choose the working day nearest to a date. Write a day of the month, or LW for the last working day.'
  ),
  'cron-without-year': trans.__(
    'Remove the year. Set the start and the end of the schedule to limit it to some dates.'
  ),
  'cron-instead': trans.__('Write {text}'),
  'timing-dialect': trans.__(
    "'{text}' is a timing of {program}. Write a phrase or cron expression, such as '{example}'"
  ),
  'zone-in-timing': trans.__(
    "the time zone is a field of its own: set it to {zone} and the timing to '{rest}'"
  ),
  'cron-field': trans.__('{text} at position {position} is not a valid {field}'),
  'cron-never': trans.__('no calendar has such a date'),
  'due-too-often': trans.__('at least {least} seconds must lie between due times'),
  'never-due': trans.__('no time is due from now on'),
  'ends-before-start': trans.__('the end is before the start'),
  'ends-in-past': trans.__('the end has passed'),
  'no-time-of-day': trans.__('{text} is not a time of day'),
  'no-date': trans.__('{text} is not a date'),
  'unknown-phrase': trans.__("'{text}' is not a known phrase. Examples: {examples}"),
  'near-phrase': trans.__("'{text}' is not a known phrase. The nearest one is '{phrase}'"),
  'interval-without-time': trans.__(
    "'{text}' is an interval, which has no time of day. Write '{phrase}', and set the start to the first due time"
  ),
  'no-schedule': trans.__("There is no schedule '{name}'."),
  'schedule-exists': trans.__("A schedule named '{name}' exists."),
  'schedule-has-ended': trans.__('The schedule has no due time left.'),
  'schedule-runs-started': trans.__(
    'No time is due: the schedule started {started} of at most {most} runs.'
  ),
  'schedule-run-name': trans.__(
    'runs of schedules and triggers are numbered, so they have no name'
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
  'backfill-in-future': trans.__('a backfill covers past due times only'),
  'backfill-range-empty': trans.__('the start is after the end'),
  'backfill-too-early': trans.__('the range starts in 1970 at the earliest'),
  'backfill-no-due-time': trans.__('the schedule has no past due time in this range'),
  'backfill-too-long': trans.__('the range has more than {most} due times'),
  'backfill-end-at': trans.__('End at {time}, then start another backfill.'),
  'backfill-nothing-to-run': trans.__('Each due time has a run that succeeded or is active.'),
  'backfill-run-again': trans.__('Set `again` to repeat due times with a succeeded run.'),
  'no-backfill': trans.__("There is no backfill '{name}'."),
  'backfill-succeeded': trans.__('Run {number} has succeeded'),
  'backfill-active': trans.__('Run {number} is active'),
  'tick-missed': trans.__('No dispatcher ran at this time'),
  'tick-overlapped': trans.__('Run {number} had not ended'),
  'no-template': trans.__('The frozen files of the schedule are gone; save the schedule again'),
  'tick-disabled': trans.__('The schedule was disabled'),
  'tick-queue-full': trans.__('{count} due times already wait'),
  'replaced-by-schedule': trans.__('Replaced by the next run of the schedule'),
  'no-schedule-enabled': trans.__('no schedule or trigger is enabled'),
  'waits-after-reboot': trans.__(
    'after a reboot, no run starts until a Jupyter server or an nbyard command starts the dispatcher'
  ),
  'unit-disabled': trans.__('{path} is not enabled: it does not start the dispatcher'),
  'unit-starts-at-boot': trans.__('{path} starts the dispatcher at boot'),
  'unit-starts-at-sign-in': trans.__('{path} starts the dispatcher when you sign in'),
  'install-unit': trans.__('nbyard service install starts the dispatcher after a reboot.'),
  'enable-linger': trans.__(
    'The unit starts when you sign in. To start it at boot: loginctl enable-linger {user}'
  ),
  'run-is-bisected': trans.__('a running bisection compares it'),
  'kept-by-user': trans.__('you marked it to be kept'),
  'newest-success': trans.__('it is the newest successful run, which only a size of 0 deletes'),
  'has-name': trans.__("it is the artifact '{name}'"),
  'run-has-name': trans.__("it has the name '{name}'"),
  'model-deployed': trans.__("the deployment '{name}' serves its model"),
  'result-pinned': trans.__("{workflow} uses its result of '{node}'"),
  'there-are': trans.__('there are: {names:, }'),
  'there-are-more': trans.__('there are: {names:, } and {more} more'),
  'there-is-none': trans.__('none exist yet'),
  'no-artifact': trans.__("There is no artifact '{name}'."),
  'no-credential': trans.__("There is no credential '{name}'; {present}."),
  'no-dataset': trans.__("There is no dataset '{name}'."),
  'no-dataset-among': trans.__("There is no dataset '{name}'; {present}."),
  'no-deployment': trans.__("There is no deployment '{name}'; {present}."),
  'no-environment': trans.__("There is no environment '{name}'; {present}."),
  'no-executable': trans.__("There is no executable '{name}'."),
  'no-image': trans.__("nbyard has no image '{name}'."),
  'no-model': trans.__("There is no model '{name}'; {present}."),
  'no-run': trans.__("There is no run '{name}'."),
  'artifact-exists': trans.__("The artifact '{name}' already exists."),
  'credential-exists': trans.__("The credential '{name}' already exists."),
  'dataset-exists': trans.__("The dataset '{name}' already exists."),
  'environment-exists': trans.__("The environment '{name}' already exists."),
  'executable-exists': trans.__("The executable '{name}' already exists."),
  'run-exists': trans.__("The run '{name}' already exists."),
  'name-is-output': trans.__("'{name}' is the output '{output}' of the artifact '{artifact}'."),
  'name-of-output-taken': trans.__(
    "The artifact {artifact} already exists: the output '{output}' would have the same name."
  ),
  'run-name-is-id': trans.__('may not be a number or an ID: these identify other runs'),
  'credential-name-is-id': trans.__('may not be an ID: IDs identify other credentials'),
  'used-by': trans.__("'{name}' is used by {users:, }."),
  'no-clean-up-rule': trans.__(
    'Set an age, a number of runs to keep, a state or a size. Otherwise even the newest successful runs would be deleted.'
  ),
  'used-by-run': trans.__("'{name}' is used by a run that has not finished."),
  'idempotency-key-used': trans.__('This Idempotency-Key was already used with a different body.'),
  'must-be-one-of': trans.__('must be one of {names:, }'),
  'field-is': trans.__('{path} {reason}'),
  'description-too-long': trans.__('may have at most {most} characters'),
  'no-file': trans.__('There is no file {path}.'),
  'no-folder': trans.__('There is no folder {path}.'),
  'folder-forbidden': trans.__('The folder {path} is not writable.'),
  'no-example': trans.__('This installation does not contain the example.'),
  'no-such-folder': trans.__("there is no folder '{path}'"),
  'file-not-ordinary': trans.__('{path} is not a regular file'),
  'forecast-under-way': trans.__('Another forecast is under way; try again in a moment.'),
  'bundle-of-live-run': trans.__('Run {number} has not finished, so it has no bundle yet.'),
  'bundle-bytes-gone': trans.__('{path} of the bundle was deleted.'),
  'unknown-cause': trans.__('the cause is not recorded'),
  'folder-not-compared': trans.__('One of the versions is a folder.'),
  'no-s3-credential': trans.__("there is no credential '{name}' of the kind s3; {present}"),
  'newest-version-importing': trans.__("The newest version of '{name}' is still importing."),
  'dataset-importing': trans.__("'{name}' is still importing."),
  'no-ready-version': trans.__("The requested version of '{name}' does not exist or is not ready."),
  'no-ready-version-because': trans.__(
    "The requested version of '{name}' does not exist or is not ready. {cause}"
  ),
  'no-version-before': trans.__('There is no version before {number} to compare it with.'),
  'artifact-has-several': trans.__('{artifact} has several files: {files:, }'),
  'artifact-has-none': trans.__('{artifact} has no file: its run {run} is {state}.'),
  'unknown-environment': trans.__("there is no environment '{name}'; {present}"),
  'environment-or-other': trans.__(
    'Create it with nbyard environments create, define it in nbyard.toml, or set another one (environment = "" for none).'
  ),
  'no-version': trans.__('There is no version {number}.'),
  'environment-without-version': trans.__(
    "the environment '{name}' has no version {version}; installed are: {installed:, }"
  ),
  'environment-never-installed': trans.__(
    "the environment '{name}' has no version {version}; none is installed"
  ),
  'version-being-built': trans.__("Version {version} of '{name}' is being built."),
  'version-not-installing': trans.__(
    "Version {version} of '{name}' is {state}; nothing is being installed."
  ),
  'version-never-installed': trans.__('version {version} was never installed'),
  'version-not-yet-installed': trans.__(
    "version {version} of '{name}' is not installed yet: it is {state}"
  ),
  'version-not-installed': trans.__("version {version} of '{name}' was not installed: {cause}"),
  'rollback-with-changes': trans.__(
    'a rollback uses the old lock unchanged: omit all other changes'
  ),
  'kernel-packages-unknown': trans.__('the packages of the kernel {kernel} are not known'),
  'kernel-or-environment': trans.__('set a kernel or an environment, not both'),
  'packages-of-python': trans.__(
    'the environment contains Python packages, but the language of the notebook is {language}'
  ),
  'environment-or-path': trans.__('set either an environment or a path'),
  'recipe-of-dockerfile': trans.__(
    'applies to environments only; a Dockerfile contains everything except its base'
  ),
  'dockerfile-without-base': trans.__(
    'the Dockerfile accepts no base: add ARG BASE before its first FROM'
  ),
  'no-dockerfile': trans.__('There is no Dockerfile {path}.'),
  'version-without-image': trans.__(
    "Version {version} of '{name}' is not installed, so no image can be built from it."
  ),
  'environment-without-image': trans.__(
    "The environment '{name}' is not installed, so no image can be built from it."
  ),
  'tag-is-digest': trans.__('an image is built under a tag, not under a digest'),
  'image-not-pushed': trans.__('{image} is {state}. Only a ready image can be pushed.'),
  'image-not-run': trans.__('{image} is {state}. Only a ready image can be run.'),
  'image-being-made': trans.__('{image} is already being built, pulled or pushed.'),
  'image-built-already': trans.__('The image {image} already exists.'),
  'image-of-another-owner': trans.__('The image {image} belongs to another user.'),
  'image-of-no-model': trans.__(
    '{image} is already the name of an image that does not belong to a model.'
  ),
  'image-of-other-model': trans.__("{image} is the image of the model '{model}'."),
  'name-of-built-image': trans.__('{image} is the name of another image that was built here.'),
  'name-of-pulled-image': trans.__('{image} is the name of another image that was pulled here.'),
  'name-of-pushed-image': trans.__(
    '{image} is the name of another image that was pushed from here.'
  ),
  'host-name-taken': trans.__("Another deployment already uses the host name '{name}'."),
  'new-revision': trans.__('{name} was changed in the meantime: it now has revision {revision}.'),
  'deployment-changed': trans.__('{name} was changed in the meantime.'),
  'no-revision': trans.__('{name} has no revision {number}.'),
  'no-revision-before': trans.__(
    '{name} has no earlier revision {number}: the current one is {newest}.'
  ),
  'no-port': trans.__("{deployment} has no port '{port}'; {present}."),
  'model-runs-once': trans.__(
    "the model '{name}' cannot be deployed: in mode {mode}, it runs once"
  ),
  'model-not-built': trans.__('{image} was not built: {cause}'),
  'tag-for-gpus': trans.__("The tag '{tag}' is for GPUs, but no GPU is requested."),
  'tag-for-cpu': trans.__("The tag '{tag}' is for the CPU, but a GPU is requested."),
  'ide-in-sandbox': trans.__(
    '{image} is not listed in the setting ide_images. Browsers show its pages in a sandbox, where the IDE does not work.'
  ),
  'python-on': trans.__('Python {version} on {system}'),
  'store-in': trans.__('{database} {version} in {folder}'),
  'disk-free': trans.__('{free} GiB free'),
  'disk-nearly-full': trans.__('{free} MiB free; {kept} MiB are always kept free'),
  'bytes-stored': trans.__('{size:,} MiB in {files:,} files'),
  'kernels-found': '{names:, }',
  'no-kernels': trans.__('none installed'),
  'dispatcher-idle': trans.__('not running; it starts when there is work'),
  'dispatcher-needed': trans.__('not running, but there is work, such as an enabled schedule'),
  'start-dispatcher': trans.__(
    'An open JupyterLab or any nbyard command, also this one, starts the dispatcher within seconds. nbyard service install starts it without them.'
  ),
  'dispatcher-runs': trans.__('running: process {pid} on {host}'),
  'dispatcher-runs-otherwise': trans.__(
    'running: process {pid} on {host}, with different settings: {settings:, }'
  ),
  'cores-found': trans.__('{cores} (one for each core)'),
  'cores-set': trans.__('{cores} (as set)'),
  'memory-found': trans.__('{memory} GiB of memory'),
  'memory-set': trans.__('{memory} GiB of memory (as set)'),
  'gpus-found': trans.__('GPUs {gpus:, } ({source})'),
  'gpus-shared': trans.__('GPUs {gpus:, } ({source}), each for {tasks} tasks at once'),
  'no-gpus-found': trans.__('no GPUs ({source})'),
  'gpus-as-set': trans.__('as set'),
  'gpus-of-driver': trans.__('reported by nvidia-smi'),
  'gpus-of-job': trans.__('reported by nvidia-smi, limited to {variable} of this job'),
  'no-gpu-driver': trans.__('nvidia-smi is not installed'),
  'extension-in': trans.__('extension in {folder}'),
  'no-extension': trans.__('the extension is not installed'),
  'no-preview': trans.__('this kind of file has no preview'),
  'no-preview-of-format': trans.__('this kind of {format} file has no preview'),
  'table-empty': trans.__('the file is empty'),
  'table-end-missing': trans.__('the end of the {format} file is missing'),
  'table-is-web-page': trans.__(
    'the file is a web page (HTML), not a table; its address may need a sign-in'
  ),
  'table-is-archive': trans.__('this is an archive, not a table'),
  'table-is-binary': trans.__('the file holds NUL bytes: it is binary, not text'),
  'table-of-other-format': trans.__('the file is named {suffix} but its content is something else'),
  'table-not-text': trans.__('the file is not {encoding} text: {message}'),
  'table-damaged': trans.__('the {format} file is damaged: {message}'),
  'excel-damaged': trans.__('the Excel file is damaged'),
  'excel-too-large': trans.__('the Excel file unpacks to {size:,} bytes, more than can be read'),
  'json-damaged': trans.__('the file is not JSON: {message}'),
  'json-too-large': trans.__('a JSON list of more than {most:,} bytes; use JSON lines instead'),
  'json-too-deep': trans.__('the JSON is nested too deeply'),
  'json-not-objects': trans.__('the JSON is not a list of objects'),
  'first-line-binary': trans.__('line 1 holds NUL bytes: it is binary, not text'),
  'first-line-not-text': trans.__('the first line is not {encoding} text'),
  'first-line-too-wide': trans.__('line 1 has {columns:,} columns; the maximum is {most:,}'),
  'line-has-nul': trans.__('line {line:,} holds a NUL byte: the file is damaged or binary'),
  'table-line-too-long': trans.__('line {line:,} is longer than {most:,} bytes'),
  'line-too-deep': trans.__('line {line:,} is nested too deeply'),
  'line-not-json': trans.__('line {line:,} is not JSON: {message}'),
  'line-not-csv': trans.__('line {line:,}: {message}'),
  'quote-not-closed': trans.__('the quote that opens in line {line:,} is never closed'),
  'table-value-too-long': trans.__(
    'a value in the row that starts in line {line:,} is longer than {most:,} characters (is a quote left open?)'
  ),
  'row-too-deep': trans.__('row {row:,} is nested too deeply'),
  'row-not-json': trans.__('row {row:,} is not JSON: {message}'),
  'row-not-an-object': trans.__('row {row:,} is not a JSON object'),
  'too-few-columns': trans.__('only {columns:,} columns can be shown'),
  'too-many-columns': trans.__(
    '{columns:,} columns are too many for a profile: the maximum for a text table is {most:,}'
  ),
  'no-sheet': trans.__("there is no sheet '{name}'; there are: {known:, }"),
  'no-sort-column': trans.__("there is no column '{name}'"),
  'not-a-table-key': trans.__('is not a valid key'),
  'table-unreadable': trans.__('the table cannot be read: {message}'),
  'table-too-deep': trans.__('the table is nested too deeply'),
  'table-beyond-memory': trans.__('reading this table needs more memory than allowed'),
  'table-reader-slow': trans.__('reading this table took too long'),
  'table-reader-still': trans.__(
    'reading this table came to a standstill; it may need more memory than allowed'
  ),
  'table-reader-killed': trans.__(
    'the reader of this table was killed ({signal}); it may need more memory than allowed'
  ),
  'table-reader-ended': trans.__(
    'the reader of this table stopped early; the table may be damaged or need more memory than allowed'
  ),
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
  'no-trigger': trans.__("There is no trigger '{name}'."),
  'trigger-exists': trans.__("A trigger named '{name}' exists."),
  'other-trigger-kind': trans.__('is {kind}, which cannot change. Create another trigger'),
  'trigger-loop': trans.__('would close a loop: {places: → }'),
  'not-a-pattern': trans.__("'{text}' is not a pattern of files, such as *.csv or **/*.csv"),
  'too-many-watched-files': trans.__(
    'has more than {most} files that match. Choose a smaller folder or a narrower pattern'
  ),
  'nothing-to-watch': trans.__(
    '{path} does not exist. A trigger may wait for a file in an existing folder'
  ),
  'pattern-of-file': trans.__('is for folders, and {path} is a file'),
  'too-many-values': trans.__('may have at most {most} entries'),
  'event-has-no-fields': trans.__('the event has no fields; pass values when you fire the trigger'),
  'no-event-field': trans.__("'{text}' is not one of {known:, }"),
  'not-a-field-path': trans.__(
    "'{text}' is not a path of names and numbers with dots, such as body.city.0"
  ),
  'no-such-parameter': trans.__('is not a parameter of the run; it has {known:, }'),
  'parameter-takes-no-event': trans.__('an output or a secret cannot receive a value of an event'),
  'input-of-pinned': trans.__('an input needs the mode follows, because pinned inputs are frozen'),
  'event-field-type': trans.__('the field of the event is {given}, the parameter is {wanted}'),
  'trigger-is-disabled': trans.__('The trigger is disabled.'),
  'not-a-webhook': trans.__('Only webhooks have a secret; this trigger is {kind}'),
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
  'firing-queue-full': trans.__('{count} events already wait'),
  'firing-disabled': trans.__('The trigger was disabled'),
  'firing-replaced': trans.__('A later event replaced it'),
  'watched-files-change-with-runs': trans.__(
    'The watched files changed during each of {most} runs in a row, so these runs seem to change them. The changes wait for one at another time. Leave files that the run writes out of the pattern.'
  ),
  'trigger-chain-too-long': trans.__(
    '{most} triggers fired each other in a row; this looks like a loop'
  ),
  'event-lacks-field': trans.__("the event has no field '{text}'"),
  'no-trigger-template': trans.__(
    'The frozen files of the trigger are gone; save the trigger again'
  ),
  'watched-files-unreadable': trans.__('{path} cannot be read: {message}'),
  'cause-dataset': trans.__('version {version} of dataset {name}'),
  'cause-run': trans.__('run {number} of {title} {state}'),
  'run-has-succeeded': trans.__('succeeded'),
  'run-has-failed': trans.__('failed'),
  'cause-file': trans.__('{path} was {change}'),
  'cause-files': trans.__('{changes:, } and {count} more files'),
  'cause-no-files': trans.__('the watched files'),
  'cause-webhook': trans.__('webhook message {id}'),
  'cause-run-fired': trans.__('fired by a run'),
  'cause-fired': trans.__('fired by a person or program'),
  'no-file-or-executable': trans.__('There is no file or executable {path}.'),
  'webhook-refused': trans.__('The webhook does not exist, or the signature is not valid.'),
  'webhook-repeated': trans.__('A message with this ID was received before.'),
  'webhook-too-often': trans.__('More than {most} messages arrived within a minute.'),
  'webhook-refused-too-often': trans.__(
    '{most} messages of this sender were refused within a minute.'
  ),
  'webhook-not-json': trans.__('the body must be JSON, because values are taken from it'),
  'not-text': trans.__('must be text'),
  empty: trans.__('may not be empty'),
  'too-long': trans.__('may have at most {most} characters'),
  'too-many-characters': trans.__('may have at most {most} characters, but has {count}'),
  'too-many-bytes': trans.__('may have at most {most} bytes'),
  'too-many-kib': trans.__('may have at most {most} KiB'),
  'not-one-line': trans.__('must be one line'),
  'control-characters': trans.__('may not contain control characters'),
  'outer-space': trans.__('may not begin or end with a space'),
  'slash-in-name': trans.__('may not contain / or \\'),
  'dots-as-name': trans.__('may not be . or ..'),
  'dash-first': trans.__('may not begin with -'),
  'lone-surrogate': trans.__('is not valid Unicode (lone surrogate at {place})'),
  'control-character': trans.__('may not contain control characters ({character} at {place})'),
  'invisible-character': trans.__('may not contain invisible characters ({character} at {place})'),
  'too-many-marks': trans.__('may have at most {most} combining marks in a row'),
  'folder-in-filename': trans.__('must be a plain file name without folders'),
  'no-relative-path': trans.__('{path} is not a plain relative path'),
  'characters-in-path': trans.__('{path} has characters that a file name may not have'),
  'not-between': trans.__('must be between {least} and {most}'),
  'number-from-to-needed': trans.__('a number from {least} to {most} is needed'),
  negative: trans.__('may not be negative'),
  'beyond-64-bits': trans.__('does not fit into 64 bits'),
  'number-beyond-64-bits': trans.__('the number does not fit into 64 bits'),
  'number-too-large': trans.__('the number is too large'),
  'given-number-too-large': trans.__('the number {number} is too large'),
  'not-a-time': trans.__(
    '{given} is not a date or time. Write 2026-11-25 or 2026-11-25T08:00+01:00'
  ),
  'runs-to-compare': trans.__('must list {least} to {most} runs, not {count}'),
  'number-not-finite': trans.__('the number must be finite'),
  'given-boolean': trans.__('true or false'),
  'given-integer': trans.__('a whole number'),
  'given-number': trans.__('a number'),
  'given-any-text': trans.__('text'),
  'given-text': '{text}',
  'given-object': trans.__('an object'),
  'given-type': trans.__('a {type}'),
  'value-needed': trans.__('a value is needed'),
  'value-not-null': trans.__('a value is needed, not null'),
  'path-needed': trans.__('a file or folder path is needed'),
  'text-needed': trans.__('text is needed, not {given}'),
  'integer-needed': trans.__('a whole number is needed, not {given}'),
  'number-needed': trans.__('a number is needed, not {given}'),
  'boolean-needed': trans.__('true or false is needed, not {given}'),
  'list-needed': trans.__('a list is needed, not {given}'),
  'json-list-needed': trans.__('a JSON list is needed, not {given}'),
  'json-needed': trans.__('JSON text is needed, not {given}'),
  'credential-needed': trans.__('the name of a credential is needed'),
  'object-needed': trans.__('an object is needed'),
  'true-or-false-needed': trans.__('true or false is needed'),
  'quotes-needed': trans.__('text is needed: put it in quotes'),
  needed: trans.__('is needed'),
  missing: trans.__('is missing'),
  'empty-or-too-long': trans.__('is empty or too long'),
  'object-with-fields': trans.__('an object with the fields {fields:, } is needed'),
  'object-with': trans.__('an object with {fields: and } is needed'),
  'no-such-field-near': trans.__('unknown field; did you mean {near}?'),
  'no-such-field-among': trans.__('unknown field; known fields: {known:, }'),
  'no-field': trans.__('unknown field {name}; did you mean {near}?'),
  'wrong-shape': '{message}',
  'not-json-value': trans.__('{given} is not a JSON value'),
  'not-among': trans.__('must be one of {known:, }'),
  'nul-in-text': trans.__('the text contains a NUL character'),
  'half-surrogate-in-text': trans.__('the text contains half of a surrogate pair'),
  'text-too-long': trans.__('the text is longer than {most} characters'),
  'too-deep': trans.__('nested deeper than {most} levels'),
  'at-line': trans.__('line {line}: {problem}'),
  'syntax-error': trans.__('line {line}: {message}'),
  'larger-than-mib': trans.__('is larger than {most} MiB'),
  'not-utf8': trans.__('is not UTF-8 text (byte {byte})'),
  'unknown-version': trans.__('version {version} is not known; upgrade nbyard'),
  'not-python': trans.__('cannot be read as Python: {message}'),
  'file-empty': trans.__('the file is empty'),
  'key-twice': trans.__('the key {key} appears twice in one object'),
  'half-surrogate': trans.__('half of a surrogate pair'),
  'body-not-utf8': trans.__('This is not UTF-8 text.'),
  'body-too-deep': trans.__('The body is nested deeper than {most} levels.'),
  'not-json': trans.__('This is not valid JSON: {message}'),
  'not-json-number': trans.__('{text} is not a JSON number.'),
  'json-half-surrogate': trans.__('A text contains half of a surrogate pair.'),
  'json-key-twice': trans.__('The key {key} appears twice in one object.'),
  'json-number-too-large': trans.__('The number {number} is too large.'),
  'too-many-digits': trans.__('A number has more than {most} digits.'),
  'not-yaml': trans.__('is not valid YAML: {message}'),
  'yaml-second-document': trans.__('a second document; one is expected'),
  'yaml-tag': trans.__('the tag {tag} is not supported'),
  'yaml-too-many-values': trans.__('more than {most} values, those of aliases counted each time'),
  'yaml-alias-in-itself': trans.__('the alias *{alias} contains itself'),
  'no-yaml-anchor': trans.__('there is no anchor &{anchor}'),
  'yaml-key-not-plain': trans.__('a key must be a plain text'),
  'yaml-key-needs-quotes': trans.__('the key {key} must be put in quotes'),
  'not-url': trans.__('must be a URL'),
  'malformed-url': trans.__('is not a URL'),
  'characters-in-key': trans.__(
    'may have only visible ASCII characters in its key, such as letters and digits'
  ),
  'blanks-in-url': trans.__('may not contain spaces, backslashes or control characters'),
  'login-in-url': trans.__('may not contain a user name or password'),
  'chained-protocols': trans.__('may not chain protocols'),
  'unknown-scheme': trans.__('must begin with one of {schemes:, }'),
  'dots-in-key': trans.__('may not contain .. in its key'),
  'password-in-url': trans.__('may not contain a password'),
  'dot-segments-in-key': trans.__('may not contain . or .. in its key'),
  'key-too-long': trans.__('may have at most {most} bytes in its key'),
  'no-bucket': trans.__('has no valid S3 bucket: write s3://CREDENTIAL@bucket/key'),
  'no-object': trans.__(
    'must refer to an object, not to a folder: write s3://CREDENTIAL@bucket/key'
  ),
  'no-credential-in-url': trans.__('has no credential: write s3://CREDENTIAL@bucket/key'),
  'endpoint-not-http': trans.__(
    'the endpoint of the credential {credential} is not an http(s) address'
  ),
  'not-region': trans.__('the credential {credential} has an invalid region'),
  'no-host': trans.__('has no host'),
  'malformed-host': trans.__('has an invalid host'),
  'percent-in-host': trans.__('may not contain percent signs in its host'),
  'malformed-port': trans.__('has an invalid port'),
  'malformed-port-of': trans.__('{entry} has an invalid port'),
  'malformed-address': trans.__('has an invalid address'),
  'network-interface': trans.__('may not contain a network interface'),
  'unusual-address': trans.__('must have its IPv4 address as four decimal numbers'),
  'private-host': trans.__('{host} is a private host'),
  'leads-to-private': trans.__('{host} resolves to {address}, {kind}'),
  'metadata-service': trans.__('a metadata service'),
  'special-address': trans.__('a special address ({kind})'),
  'private-address': trans.__('a private address'),
  'other-protocol': trans.__('port {port} belongs to another protocol'),
  'host-without-address': trans.__('{host} has no address'),
  'not-of-kind': trans.__('unknown field; {kind} has the fields: {known:, }'),
  'not-registry': trans.__('is not a registry address such as registry.example.org:5000'),
  'line-not-variable': trans.__('line {line} is not NAME=value'),
  's3-login-not-plain': trans.__(
    'An access key ID and a session token may contain only printable ASCII characters.'
  ),
  'no-credential-named': trans.__('there is no credential of that name'),
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
  'connections-in-cycle': trans.__('the connections form a cycle: {nodes:, }'),
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
  'limit-not-positive': trans.__('{limit} must be more than 0'),
  'limit-out-of-range': trans.__('{limit} must be from 0 to {most}'),
  'cache-policy-unreadable': trans.__(
    'cache must be on, bundle, off or an age such as 24 h (units: s, min, h, d)'
  ),
  'too-many-declared-ports': trans.__('there may be at most {most} ports'),
  'port-name-refused': trans.__(
    '{name} is not a valid port name: use a-z, 0-9 and -, at most 31 characters'
  ),
  'port-name-reserved': trans.__("'{name}' is reserved for the link to TensorBoard"),
  'port-number-refused': trans.__('{name} must be from 0 (any) to {most}'),
  'port-declared-twice': trans.__('two names have the port {port}'),
  'tensorboard-folder-refused': trans.__(
    'must be a folder below the working directory, or the name of an output'
  ),
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
  'secrets-removed': trans.__(
    'Files that may hold secrets were removed from the stored code: {names:, }'
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
