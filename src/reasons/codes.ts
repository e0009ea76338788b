// Made by buildtools/reason_catalogue.py; do not edit.
import { TranslationBundle } from '@jupyterlab/translation';

/** The parameters of a reason: texts, numbers, nested reasons or lists of these. */
type Params = Record<string, unknown>;

/** Return the text of a parameter; the words join a list. */
type Show = (value: unknown, between?: string) => string;

/** Return the text of one code. */
type Render = (params: Params, show: Show, trans: TranslationBundle) => string;

/** The text of each code of `nbyard/reasons/codes`. */
export const CODES: Readonly<Record<string, Render>> = {
  text: (p, show) => show(p.text),
  error: (p, show) => show(p.message),
  field: (p, show, trans) => trans.__('%1: %2', show(p.path), show(p.reason)),
  all: (p, show) => show(p.reasons),
  'waits-for-turn': (_p, _show, trans) => trans.__('waits in the queue'),
  'waits-for-slots': (p, show, trans) =>
    trans.__('waits for %1 of %2 slots', show(p.wanted), show(p.total)),
  'waits-for-memory': (p, show, trans) =>
    trans.__('waits for %1 of %2 GiB of memory', show(p.wanted), show(p.total)),
  'waits-for-gpus': (p, show, trans) =>
    trans.__('waits for %1 of %2 GPUs (%3 free)', show(p.wanted), show(p.total), show(p.free)),
  'waits-behind': (p, show, trans) => trans.__('%1; earlier tasks come first', show(p.wait)),
  'too-many-gpus-for-run': (p, show, trans) =>
    trans.__(
      'requests more GPUs (%1) than this machine has (%2): cancel the run and request fewer. `nbyard doctor` lists the GPUs',
      show(p.wanted),
      show(p.total)
    ),
  'too-many-gpus-for-deployment': (p, show, trans) =>
    trans.__(
      'requests more GPUs (%1) than this machine has (%2): edit the deployment and request fewer. `nbyard doctor` lists the GPUs',
      show(p.wanted),
      show(p.total)
    ),
  'waits-for-start': (_p, _show, trans) => trans.__('waits for a free slot'),
  'waits-for-image': (_p, _show, trans) =>
    trans.__('waits for its image, which is being built or pulled'),
  'waits-for-engine': (p, show, trans) => trans.__('waits: %1', show(p.message)),
  'waits-for-dask-worker': (p, show, trans) =>
    trans.__('waits for a free Dask worker (%1 in total)', show(p.workers)),
  'no-dask-worker': (_p, _show, trans) => trans.__('waits for a Dask worker: none is registered'),
  runs: (p, show, trans) => trans.__('runs because %1', show(p.cause)),
  'runs-without-earlier-result': (_p, _show, trans) => trans.__('no earlier result'),
  'runs-again': (p, show, trans) => trans.__('runs again: %1', show(p.attempt)),
  continues: (p, show, trans) =>
    trans.__('%1; continues after %2 finished rows', show(p.reason), show(p.rows)),
  'attempt-failed': (p, show, trans) =>
    trans.__('attempt %1 failed: %2', show(p.number), show(p.cause)),
  'attempt-lost': (p, show, trans) =>
    trans.__('attempt %1 was lost: %2', show(p.number), show(p.cause)),
  'lost-often': (p, show, trans) => trans.__('%1 (lost %2 times)', show(p.cause), show(p.count)),
  'no-earlier-result': (_p, _show, trans) => trans.__('it has no earlier result'),
  forced: (_p, _show, trans) => trans.__('the cache was ignored on request'),
  'reads-not-watched': (p, show, trans) =>
    trans.__('its reads could not be watched: %1', show(p.error)),
  'too-many-reads': (_p, _show, trans) => trans.__('it opened too many code files to track'),
  sampled: (p, show, trans) =>
    trans.__(
      'a check run uses the first %1 rows of tables and the first %2 files of folders',
      show(p.rows),
      show(p.files)
    ),
  'cache-off': (_p, _show, trans) => trans.__('its cache is off'),
  'result-gone': (_p, _show, trans) => trans.__('the result to reuse no longer exists'),
  'result-expired': (p, show, trans) =>
    trans.__('its result of run %1 is older than %2', show(p.run), show(p.age)),
  'result-not-kept': (_p, _show, trans) => trans.__('its last result is no longer kept'),
  'after-node': (p, show, trans) => trans.__('%1 must run first', show(p.node)),
  'forecast-late': (_p, _show, trans) => trans.__('the node could not be checked in time'),
  'file-not-read': (_p, _show, trans) => trans.__('a large file has not been read yet'),
  changed: (p, show) => show(p.changes),
  unsure: (p, show, trans) => trans.__('%1 (%2)', show(p.reason), show(p.problem)),
  'not-observed': (_p, _show, trans) => trans.__('the files that it reads are not known'),
  unchanged: (p, show, trans) => trans.__('nothing changed since run %1', show(p.run)),
  'unchanged-reads': (p, show, trans) =>
    trans.__('nothing that it reads changed since run %1', show(p.run)),
  reused: (p, show, trans) => trans.__('result of run %1', show(p.run)),
  pinned: (p, show, trans) => trans.__('pinned to the result of run %1', show(p.run)),
  'retry-of-run': (p, show, trans) => trans.__('retries run %1', show(p.run)),
  cancelled: (_p, _show, trans) => trans.__('the run was cancelled'),
  'upstream-failed': (_p, _show, trans) => trans.__('an upstream task failed'),
  'code-changed': (_p, _show, trans) => trans.__('its code changed'),
  'value-changed': (p, show, trans) =>
    trans.__('%1 changed %2 → %3', show(p.name), show(p.old), show(p.new)),
  'value-added': (p, show, trans) => trans.__('%1 is set to %2', show(p.name), show(p.new)),
  'value-removed': (p, show, trans) =>
    trans.__('%1 is no longer set (%2)', show(p.name), show(p.old)),
  'input-connected': (p, show, trans) => trans.__('%1 is now connected', show(p.name)),
  'input-disconnected': (p, show, trans) => trans.__('%1 is no longer connected', show(p.name)),
  'input-changed': (p, show, trans) => trans.__('the data of %1 changed', show(p.name)),
  'file-added': (p, show, trans) => trans.__('the file %1 is new', show(p.name)),
  'file-changed': (p, show, trans) => trans.__('the file %1 changed', show(p.name)),
  'file-removed': (p, show, trans) => trans.__('the file %1 is gone', show(p.name)),
  'file-changed-meanwhile': (p, show, trans) =>
    trans.__('the file %1 changed while its last run used it', show(p.name)),
  'folder-changed': (p, show, trans) => trans.__('the folder %1 changed', show(p.name)),
  'too-many-outside': (p, show, trans) =>
    trans.__('it used too many files to track, at %1 and elsewhere', show(p.name)),
  'outside-unknown': (_p, _show, trans) =>
    trans.__('the files outside its code folder could not be compared'),
  'declaration-changed': (_p, _show, trans) => trans.__('its declaration changed'),
  'more-changes': (p, show, trans) => trans.__('and %1 more changes', show(p.count)),
  'environment-changed': (_p, _show, trans) => trans.__('its environment changed'),
  'environment-has': (p, show, trans) => trans.__('its environment %1', show(p.packages, ', ')),
  'environment-now': (p, show, trans) => trans.__('it now uses the environment %1', show(p.new)),
  'environment-left': (p, show, trans) =>
    trans.__('it no longer uses the environment %1', show(p.old)),
  'environment-instead': (p, show, trans) =>
    trans.__('it uses the environment %1 instead of %2', show(p.new), show(p.old)),
  'environment-version': (p, show, trans) =>
    trans.__(
      'the environment %1 changed from version %2 to %3',
      show(p.name),
      show(p.old),
      show(p.new)
    ),
  'environment-moved': (p, show, trans) =>
    trans.__('%1: it %2', show(p.move), show(p.packages, ', ')),
  'package-gained': (p, show, trans) => trans.__('gained %1 %2', show(p.name), show(p.version)),
  'package-lost': (p, show, trans) => trans.__('lost %1 %2', show(p.name), show(p.version)),
  'package-changed': (p, show, trans) =>
    trans.__('has %1 %2 instead of %3', show(p.name), show(p.new), show(p.old)),
  'more-packages': (p, show, trans) => trans.__('and %1 more', show(p.count)),
  'input-moved': (p, show, trans) => trans.__('%1 comes from another output', show(p.name)),
  'input-file-changed': (p, show, trans) => trans.__('%1 changed', show(p.file)),
  'input-table-changed': (p, show, trans) =>
    trans.__('%1 changed: %2', show(p.file), show(p.changes, ', ')),
  'rows-changed': (p, show, trans) => trans.__('%1 → %2 rows', show(p.old), show(p.new)),
  'column-changed': (p, show, trans) =>
    trans.__('%1 %2 %3 → %4', show(p.name), show(p.figure), show(p.old), show(p.new)),
  'column-added': (p, show, trans) => trans.__('the column %1 is new', show(p.name)),
  'column-removed': (p, show, trans) => trans.__('the column %1 is gone', show(p.name)),
  'input-not-stored': (_p, _show, trans) =>
    trans.__('the data is not stored: only its fingerprints can be compared'),
  'data-changed': (p, show, trans) =>
    trans.__('%1 changed %2 → %3', show(p.name), show(p.old), show(p.new)),
  'cell-changed': (p, show, trans) => trans.__('cell %1 changed', show(p.cell)),
  'cell-added': (p, show, trans) => trans.__('cell %1 is new', show(p.cell)),
  'cell-removed': (p, show, trans) => trans.__('cell %1 was removed', show(p.cell)),
  'pin-changed': (_p, _show, trans) => trans.__('it uses the result of another run'),
  'node-only-in-newer': (_p, _show, trans) => trans.__('only the newer run has this node'),
  'node-only-in-older': (_p, _show, trans) => trans.__('only the older run has this node'),
  'inputs-not-recorded': (_p, _show, trans) =>
    trans.__('the dependencies of its result were not recorded'),
  nondeterministic: (_p, _show, trans) =>
    trans.__(
      'no recorded difference: the same code, inputs and environment produced a different result'
    ),
  'time-limit': (p, show, trans) => trans.__('ran longer than its limit of %1 s', show(p.seconds)),
  'silence-limit': (p, show, trans) =>
    trans.__('produced no output or progress for %1 s', show(p.seconds)),
  'queue-limit': (p, show, trans) =>
    trans.__('waited longer than its limit of %1 s in the queue', show(p.seconds)),
  'cancel-file': (_p, _show, trans) => trans.__('stopped by its cancel file'),
  ended: (_p, _show, trans) => trans.__('it has finished'),
  'no-result': (_p, _show, trans) => trans.__('it disappeared without a result'),
  'result-unreadable': (_p, _show, trans) => trans.__('its result cannot be read'),
  'container-removed': (_p, _show, trans) => trans.__('its container was removed outside nbyard'),
  'container-killed': (p, show, trans) =>
    trans.__('its container was killed (signal %1)', show(p.signal)),
  'container-not-started': (p, show, trans) =>
    trans.__('its container could not be started: %1', show(p.message)),
  'container-input-cut': (_p, _show, trans) =>
    trans.__('its standard input was cut off when nbyard stopped'),
  'runner-silent': (p, show, trans) =>
    trans.__('the runner exited without a result (exit code %1)', show(p.exit_code)),
  'runner-silent-after': (p, show, trans) =>
    trans.__(
      'the runner exited without a result (exit code %1): %2',
      show(p.exit_code),
      show(p.last)
    ),
  'supervisor-killed': (_p, _show, trans) => trans.__('its supervisor was killed'),
  'supervisor-killed-by-signal': (p, show, trans) =>
    trans.__('its supervisor was killed (signal %1)', show(p.signal)),
  'worker-not-stopped': (_p, _show, trans) => trans.__('its worker could not be stopped'),
  'host-silent': (p, show, trans) =>
    trans.__('no heartbeat from %1 for %2 s', show(p.host), show(p.seconds)),
  'machine-restarted': (_p, _show, trans) => trans.__('the machine was restarted'),
  'dask-worker-gone': (p, show, trans) => trans.__('the Dask worker %1 is gone', show(p.worker)),
  'dask-first-worker-gone': (_p, _show, trans) =>
    trans.__('the Dask worker that started it is gone'),
  'dask-files-missing': (_p, _show, trans) => trans.__('its files did not reach the Dask worker'),
  'dask-task-failed': (p, show, trans) => trans.__('its Dask task failed: %1', show(p.message)),
  'dask-forgotten': (_p, _show, trans) => trans.__('the Dask scheduler no longer has its task'),
  'dask-cancelled': (_p, _show, trans) => trans.__('its Dask task was cancelled outside nbyard'),
  'dask-no-result': (_p, _show, trans) => trans.__('its result is not visible on this machine'),
  'waits-for-build': (_p, _show, trans) => trans.__('waits for the build of its image'),
  'waits-for-removal': (p, show, trans) =>
    trans.__(
      'waits until Docker has removed its former container. If this takes long, run `docker rm -f %1`',
      show(p.container)
    ),
  'build-failed': (p, show, trans) => trans.__('the build of its image failed: %1', show(p.cause)),
  'image-removed': (_p, _show, trans) => trans.__('its image was removed before it was built'),
  'no-takeover': (p, show, trans) =>
    trans.__('revision %1 does not serve yet: %2', show(p.number), show(p.cause)),
  'service-silent': (_p, _show, trans) => trans.__('the service does not respond'),
  'service-silent-because': (p, show, trans) =>
    trans.__('the service does not respond: %1', show(p.message)),
  'service-never-answered': (p, show, trans) =>
    trans.__(
      'the service did not respond on port %1 (%2) within %3 s; its log may show why',
      show(p.port),
      show(p.path),
      show(p.seconds)
    ),
  'service-restarts': (p, show, trans) => trans.__('%1; nbyard restarts it', show(p.end)),
  'service-out-of-memory': (p, show, trans) =>
    trans.__('the service ran out of memory: its limit is %1 GB', show(p.memory_gb)),
  'service-not-started': (p, show, trans) =>
    trans.__('the service could not be started: %1', show(p.cause)),
  'service-ended': (p, show, trans) =>
    trans.__('the service exited with code %1', show(p.exit_code)),
  'service-ended-after': (p, show, trans) =>
    trans.__('the service exited with code %1: %2', show(p.exit_code), show(p.last)),
  'service-killed': (p, show, trans) =>
    trans.__('the service was killed (exit code %1)', show(p.exit_code)),
  'service-killed-after': (p, show, trans) =>
    trans.__('the service was killed (exit code %1): %2', show(p.exit_code), show(p.last)),
  'port-taken': (p, show, trans) =>
    trans.__("a port is already in use on the engine's machine: %1", show(p.message)),
  'hook-failed': (p, show, trans) =>
    trans.__('a hook of the engine failed, such as the one that adds GPUs: %1', show(p.message)),
  'command-missing': (p, show, trans) =>
    trans.__('the command is not in the image: %1', show(p.message)),
  'network-closed': (p, show, trans) =>
    trans.__(
      'containers cannot be reached, because the setting container_network is %1: set it to bridge',
      show(p.network)
    ),
  'engine-elsewhere': (p, show, trans) =>
    trans.__(
      'the engine at %1 is on another machine, where the ports of containers cannot be reached: set docker_host to an engine of this machine',
      show(p.engine)
    ),
  'deployment-created': (_p, _show, trans) => trans.__('created'),
  'deployment-edited': (_p, _show, trans) => trans.__('edited'),
  'deployment-described': (_p, _show, trans) => trans.__('description edited'),
  'deployment-rolled-back': (p, show, trans) =>
    trans.__('rolled back to revision %1', show(p.revision)),
  'start-requested': (_p, _show, trans) => trans.__('start requested'),
  'stop-requested': (_p, _show, trans) => trans.__('stop requested'),
  'deployment-deleted': (_p, _show, trans) => trans.__('deleted'),
  'revision-answers': (_p, _show, trans) => trans.__('responds'),
  'error-with-hint': (p, show, trans) => trans.__('%1 %2', show(p.message), show(p.hint)),
  'error-then-hint': (p, show, trans) => trans.__('%1. %2', show(p.message), show(p.hint)),
  'system-error': (p, show) => show(p.message),
  'image-not-built': (p, show, trans) =>
    trans.__('The image could not be built: %1', show(p.cause)),
  'dockerfile-line-failed': (p, show, trans) =>
    trans.__(
      'The image could not be built: line %1 of the Dockerfile failed: %2',
      show(p.line),
      show(p.cause)
    ),
  'command-failed': (p, show, trans) =>
    trans.__('%1 (exit code %2)', show(p.message), show(p.exit_code)),
  'command-exited': (p, show, trans) => trans.__('exit code %1', show(p.exit_code)),
  'engine-disk-full': (_p, _show, trans) =>
    trans.__(
      'the disk of the engine is full (no space left on device). Remove images that are not needed: docker image prune.'
    ),
  'image-needs-version': (p, show, trans) =>
    trans.__(
      '%1. A project takes its version from git, but an image contains no .git. Set the version: --variable SETUPTOOLS_SCM_PRETEND_VERSION=1.0, or the same with _FOR_ and the name of the project.',
      show(p.failure)
    ),
  'installer-failed': (p, show) => show(p.messages),
  'installer-needs-git': (p, show, trans) =>
    trans.__(
      '%1; a package takes its version from git: the folder needs its .git, and this machine needs git',
      show(p.messages)
    ),
  'installer-silent': (p, show, trans) => trans.__('%1 failed', show(p.program)),
  'installer-killed': (p, show, trans) =>
    trans.__('The installer was killed by signal %1', show(p.signal)),
  'installer-out-of-memory': (p, show, trans) =>
    trans.__(
      'The installer was killed by signal %1: did the machine run out of memory?',
      show(p.signal)
    ),
  'installation-cancelled': (_p, _show, trans) => trans.__('the installation was cancelled'),
  'broken-table': (p, show, trans) =>
    trans.__(
      '%1. To store the file unchanged, give it another extension, such as .dat.',
      show(p.message)
    ),
  'kernel-program-gone': (p, show, trans) =>
    trans.__('The kernel %1 cannot start: %2 was not found.', show(p.name), show(p.program)),
  'error-internal': (_p, _show, trans) => trans.__('Something unexpected went wrong in nbyard.'),
  'error-bad-request': (_p, _show, trans) => trans.__('The request body cannot be read.'),
  'error-forbidden': (_p, _show, trans) => trans.__('You may not do this.'),
  'error-policy': (_p, _show, trans) => trans.__("The administrator's policy does not allow this."),
  'error-not-found': (_p, _show, trans) => trans.__('Not found.'),
  'error-conflict': (_p, _show, trans) => trans.__('Not allowed in the current state.'),
  'error-name-taken': (_p, _show, trans) => trans.__('This name is already taken.'),
  'error-stale': (_p, _show, trans) => trans.__('Somebody changed this since you read it.'),
  'error-in-use': (_p, _show, trans) => trans.__('Something else still uses this.'),
  'error-too-large': (_p, _show, trans) => trans.__('This is larger than allowed.'),
  'error-unsupported-content': (_p, _show, trans) =>
    trans.__('This kind of content is not accepted here.'),
  'error-invalid': (_p, _show, trans) => trans.__('A field was refused.'),
  'error-too-often': (_p, _show, trans) => trans.__('Too many requests in a short time.'),
  'error-busy': (_p, _show, trans) => trans.__('The store is busy; try again in a moment.'),
  'error-unavailable': (_p, _show, trans) =>
    trans.__('A service that this needs cannot be reached.'),
  'error-store-unusable': (_p, _show, trans) => trans.__('The store cannot be used.'),
  'error-newer-schema': (_p, _show, trans) =>
    trans.__('This store was written by a newer nbyard; it was left untouched.'),
  'error-damaged': (_p, _show, trans) => trans.__('Stored bytes do not match their digest.'),
  'request-unreadable': (_p, _show, trans) => trans.__('The request cannot be read.'),
  'request-unreadable-because': (p, show, trans) =>
    trans.__('The request cannot be read. %1', show(p.problem)),
  'login-needed': (_p, _show, trans) => trans.__('Log in first.'),
  'access-refused': (_p, _show, trans) =>
    trans.__('You may not do this, or your login has expired.'),
  'access-refused-because': (p, show, trans) =>
    trans.__('You may not do this. %1', show(p.problem)),
  'signed-in-as-other': (p, show, trans) =>
    trans.__('You are signed in as %1, who may not use this server.', show(p.name)),
  'request-of-other-page': (_p, _show, trans) =>
    trans.__('The server refuses requests from pages of other origins.'),
  'request-without-origin': (_p, _show, trans) =>
    trans.__(
      'Send your Jupyter token in the header “Authorization: token …”. The page of a browser sends the header Origin instead.'
    ),
  'address-not-found': (_p, _show, trans) => trans.__('Address not found.'),
  'method-not-allowed': (_p, _show, trans) => trans.__('Method not allowed.'),
  'length-needed': (_p, _show, trans) =>
    trans.__('Requests with this method need the header Content-Length.'),
  'length-not-plain': (_p, _show, trans) =>
    trans.__('Content-Length must be one number without a sign.'),
  'body-over-limit': (_p, _show, trans) => trans.__('The body is too large.'),
  'body-missing': (_p, _show, trans) => trans.__('A body is needed.'),
  'body-too-large': (p, show, trans) =>
    trans.__('The body has more than %1 bytes.', show(p.most, ',')),
  'body-of-other-type': (_p, _show, trans) => trans.__('Send the body as application/json.'),
  'body-of-other-encoding': (_p, _show, trans) =>
    trans.__('Send the body uncompressed or with gzip.'),
  'body-not-gzip': (_p, _show, trans) => trans.__('The body is not a gzip stream.'),
  'body-gzip-cut': (_p, _show, trans) => trans.__('The gzip stream in the body is incomplete.'),
  'schema-mismatch': (p, show) => show(p.message),
  'text-has-nul': (_p, _show, trans) => trans.__('the text contains a NUL character'),
  'unknown-operation': (_p, _show, trans) =>
    trans.__('is not an operation. GET /nbyard/api/openapi.json lists all operations'),
  'unknown-query-parameter': (_p, _show, trans) => trans.__('is not a parameter of this operation'),
  'query-parameter-missing': (_p, _show, trans) => trans.__('is needed'),
  'parameter-not-utf8': (_p, _show, trans) => trans.__('is not UTF-8 text'),
  'not-an-idempotency-key': (_p, _show, trans) =>
    trans.__('may have at most 200 characters, all of them printable'),
  'byte-count-needed': (_p, _show, trans) => trans.__('a whole number of bytes is needed'),
  'whole-number-needed': (_p, _show, trans) => trans.__('a whole number is needed'),
  'scope-missing': (p, show, trans) => trans.__('This needs the scope %1.', show(p.scope)),
  'port-without-websockets': (p, show, trans) =>
    trans.__('The port %1 of %2 does not accept WebSockets.', show(p.port), show(p.name)),
  'service-worker-refused': (_p, _show, trans) =>
    trans.__('Service workers are allowed only for images that ide_images trusts.'),
  'pass-of-other-deployment': (_p, _show, trans) =>
    trans.__('This pass is for another deployment.'),
  'port-silent': (p, show, trans) =>
    trans.__('%1 does not respond at its port %2.', show(p.name), show(p.port)),
  'response-cut': (p, show, trans) =>
    trans.__('%1 closed the connection before it responded.', show(p.name)),
  'token-file-open': (p, show, trans) =>
    trans.__('Other users can read %1: run chmod 600 on it', show(p.path)),
  'database-refused': (p, show, trans) =>
    trans.__('The database returned an error: %1', show(p.message)),
  'database-refuses': (p, show, trans) =>
    trans.__('PostgreSQL refuses the connection: %1.', show(p.message)),
  'database-no-driver': (_p, _show, trans) => trans.__('The PostgreSQL driver is not installed.'),
  'database-silent': (_p, _show, trans) =>
    trans.__('The database does not respond; try again in a moment.'),
  'database-silent-because': (p, show, trans) =>
    trans.__(
      'The database does not respond; try again in a moment. PostgreSQL says: %1.',
      show(p.message)
    ),
  'disk-full-for-store': (_p, _show, trans) => trans.__('disk full: the store cannot be written'),
  'unusable-store': (p, show, trans) =>
    trans.__('The store in %1 cannot be used: %2.', show(p.folder), show(p.cause)),
  'store-of-other-user': (p, show, trans) =>
    trans.__(
      'The store in %1 cannot be used by %2: its folder belongs to %3.',
      show(p.folder),
      show(p.user),
      show(p.owner)
    ),
  'store-folder-not-made': (p, show, trans) =>
    trans.__('its folder cannot be created (%1)', show(p.message)),
  'store-folder-read-only': (_p, _show, trans) => trans.__('its folder cannot be written'),
  'store-folder-has-strange-file': (p, show, trans) =>
    trans.__(
      'other users can write to its folder, and %1 belongs to %2',
      show(p.file),
      show(p.owner)
    ),
  'store-folder-stays-open': (p, show, trans) =>
    trans.__(
      'other users can open its folder (mode %1), and its file system keeps that mode',
      show(p.mode)
    ),
  'database-gone': (_p, _show, trans) => trans.__('its database store.sqlite is empty or gone'),
  'database-log-gone': (_p, _show, trans) =>
    trans.__('the log store.sqlite-wal with its newest changes is gone'),
  'database-damaged': (p, show, trans) => trans.__('its database is damaged (%1)', show(p.message)),
  'migration-cut': (_p, _show, trans) =>
    trans.__('a migration of its database was interrupted: no schema version is recorded'),
  'credential-key-missing': (p, show, trans) =>
    trans.__('Credentials here were encrypted with a key (%1) that is missing.', show(p.key)),
  'credential-of-other-key': (p, show, trans) =>
    trans.__("The credential '%1' was encrypted with another key (%2).", show(p.name), show(p.key)),
  'credential-changed-outside': (p, show, trans) =>
    trans.__("The credential '%1' was changed outside of nbyard.", show(p.name)),
  'no-key-in-place': (p, show, trans) => trans.__('%1 holds no key.', show(p.place)),
  'key-of-other-length': (p, show, trans) =>
    trans.__('A key in %1 is not %2 bytes long.', show(p.place), show(p.length)),
  'object-needed-not': (p, show, trans) => trans.__('an object is needed, not %1', show(p.found)),
  'list-or-object-needed-not': (p, show, trans) =>
    trans.__('a list or an object is needed, not %1', show(p.found)),
  'quoted-text-needed-not': (p, show, trans) =>
    trans.__('text is needed, not %1: put it in quotes', show(p.found)),
  'truth-needed-not': (p, show, trans) =>
    trans.__('true or false is needed, not %1', show(p.found)),
  'number-needed-not': (p, show, trans) =>
    trans.__('a number of at least 0 is needed, not %1', show(p.found)),
  'whole-number-needed-not': (p, show, trans) =>
    trans.__('a whole number is needed, not %1', show(p.found)),
  'type-needed-not': (p, show, trans) => trans.__('a type is needed, not %1', show(p.found)),
  'path-needed-not': (p, show, trans) =>
    trans.__('the path of a file is needed, not %1', show(p.found)),
  'one-of-needed-not': (p, show, trans) =>
    trans.__('one of %1 is needed, not %2', show(p.known, ', '), show(p.found)),
  'class-needed-not': (p, show, trans) =>
    trans.__('%1 is needed, not %2', show(p.classes, ' or '), show(p.found)),
  'not-a-tool': (p, show, trans) => trans.__('line 1: a tool is needed, not %1', show(p.found)),
  'field-needed': (_p, _show, trans) => trans.__('is needed'),
  'name-needed': (_p, _show, trans) => trans.__('a name is needed'),
  'cwl-text-needed': (_p, _show, trans) => trans.__('a text is needed'),
  'words-needed': (_p, _show, trans) => trans.__('each word must be a non-empty text'),
  'patterns-needed': (_p, _show, trans) => trans.__('each pattern must be a non-empty text'),
  'symbols-needed': (_p, _show, trans) =>
    trans.__('at least one symbol is needed, and no symbol twice'),
  'image-name-needed': (_p, _show, trans) => trans.__('the name of an image is needed'),
  'type-name-needed': (_p, _show, trans) => trans.__('each type needs a name'),
  'cwl-program-missing': (_p, _show, trans) => trans.__('the program is missing'),
  'tools-needed': (_p, _show, trans) => trans.__('a list of tools is needed'),
  'one-tool-needed': (p, show, trans) =>
    trans.__(
      'exactly one CommandLineTool, or one with the id main, is needed; the file has: %1',
      show(p.known, ', ')
    ),
  'one-tool-needed-of-none': (_p, _show, trans) =>
    trans.__('exactly one CommandLineTool, or one with the id main, is needed; the file has: none'),
  'cwl-input-file-needed': (_p, _show, trans) =>
    trans.__('a reference to one input file is needed, such as $(inputs.name.path)'),
  'default-file-needed': (_p, _show, trans) =>
    trans.__('a file in the folder of the document is needed (location)'),
  'not-supported': (_p, _show, trans) => trans.__('is not supported'),
  'references-not-supported': (_p, _show, trans) => trans.__('references are not supported here'),
  'union-not-supported': (_p, _show, trans) =>
    trans.__('a union of several types is not supported (of one type with null is)'),
  'input-type-not-supported': (p, show, trans) =>
    trans.__('an input of the type %1 is not supported', show(p.type)),
  'list-of-type-not-supported': (p, show, trans) =>
    trans.__('a list of %1 is not supported', show(p.type)),
  'type-in-lists-not-supported': (p, show, trans) =>
    trans.__('a %1 in inner lists is not supported', show(p.type)),
  'type-in-records-not-supported': (p, show, trans) =>
    trans.__('a %1 in a list of records is not supported', show(p.type)),
  'literal-not-supported': (p, show, trans) =>
    trans.__('a %1 literal is not supported', show(p.type)),
  'record-value-not-supported': (_p, _show, trans) => trans.__('is not supported for a record'),
  'files-in-lists-not-supported': (_p, _show, trans) =>
    trans.__('files in inner lists are not supported'),
  'files-in-type-not-supported': (p, show, trans) =>
    trans.__('files in a %1 of this kind are not supported', show(p.type)),
  'part-of-file-not-supported': (p, show, trans) =>
    trans.__('%1: a part of a file is not supported', show(p.path)),
  'reference-not-supported': (p, show, trans) => trans.__('$(%1) is not supported', show(p.path)),
  'reference-not-supported-here': (p, show, trans) =>
    trans.__('$(%1) is not supported here; supported: %2', show(p.path), show(p.known)),
  'javascript-not-supported': (_p, _show, trans) =>
    trans.__('JavaScript is not supported; use plain parameter references'),
  'requirement-not-supported': (_p, _show, trans) => trans.__('this requirement is not supported'),
  'not-followed': (p, show, trans) => trans.__('%1 is not supported here', show(p.name)),
  'directive-not-followed': (p, show, trans) =>
    trans.__('%1 is not supported here: put the content of its file into this file', show(p.name)),
  'address-not-followed': (p, show, trans) =>
    trans.__('%1 is not supported: use the path of a file relative to this file', show(p.path)),
  'name-stands-twice': (_p, _show, trans) => trans.__('the name appears twice'),
  'type-stands-twice': (p, show, trans) => trans.__('%1 appears twice', show(p.name)),
  'for-files': (_p, _show, trans) => trans.__('is allowed only for files'),
  'for-files-and-lists': (_p, _show, trans) =>
    trans.__('is allowed only for files and lists of files'),
  'for-a-prefix': (_p, _show, trans) => trans.__('is allowed only with a prefix'),
  'not-for-type': (p, show, trans) => trans.__('is not allowed for the type %1', show(p.type)),
  'binding-twice': (_p, _show, trans) => trans.__('the input has one already'),
  'records-bound-twice': (_p, _show, trans) =>
    trans.__('the records of the list already have a binding'),
  'not-alone': (p, show, trans) => trans.__('%1 must be the only key of its object', show(p.name)),
  'imports-itself': (p, show, trans) => trans.__('%1 imports itself', show(p.path)),
  'too-many-files-named': (p, show, trans) =>
    trans.__('more than %1 files are imported or included', show(p.most)),
  'no-such-file': (p, show, trans) => trans.__('there is no file %1', show(p.path)),
  'file-not-utf8': (p, show, trans) =>
    trans.__('%1 is not UTF-8 text (byte %2)', show(p.path), show(p.byte)),
  'record-needs-value': (_p, _show, trans) => trans.__('needs outputEval for a record'),
  'value-needs-expression': (_p, _show, trans) =>
    trans.__('a value needs outputEval, or the file cwl.output.json'),
  'output-is-no-stdin': (_p, _show, trans) => trans.__('an output cannot have the type stdin'),
  'file-not-of-glob': (_p, _show, trans) =>
    trans.__('must be a file that glob finds, such as $(self[0]), or an input'),
  'type-contains-itself': (p, show, trans) => trans.__('the type %1 contains itself', show(p.name)),
  'types-named-too-often': (p, show, trans) =>
    trans.__('types are named more than %1 times', show(p.most)),
  'no-such-type': (p, show, trans) => trans.__('there is no type %1', show(p.name)),
  'not-an-exit-code': (p, show, trans) => trans.__('%1 is not an exit code', show(p.found)),
  'not-an-input': (p, show, trans) =>
    trans.__('%1 refers to %2, which is not an input', show(p.text), show(p.name)),
  'reference-needs-contents': (p, show, trans) =>
    trans.__('$(%1) needs loadContents of %2', show(p.path), show(p.name)),
  'reference-leads-nowhere': (p, show, trans) =>
    trans.__('$(%1): %2 is not available', show(p.path), show(p.name)),
  'cwl-not-a-command': (p, show, trans) => trans.__('is a %1, not a command', show(p.kind)),
  'cwl-has-no-words': (p, show, trans) => trans.__('CWL cannot express this: %1', show(p.what)),
  'word-with-condition': (_p, _show, trans) => trans.__('a word that depends on other arguments'),
  'a-secret': (_p, _show, trans) => trans.__('a secret'),
  'name-of-script': (p, show, trans) =>
    trans.__('the name %1 is reserved for the script itself', show(p.name)),
  'variable-without-value': (_p, _show, trans) => trans.__('a variable that may have no value'),
  'type-in-variable': (p, show, trans) => trans.__('a %1 in an environment variable', show(p.type)),
  'output-in-other-way': (_p, _show, trans) => trans.__('an output that is passed in this way'),
  'json-in-word': (_p, _show, trans) => trans.__('a JSON value on the command line'),
  'repeated-flag': (_p, _show, trans) => trans.__('a flag that is repeated'),
  'cwl-version-read-as': (p, show, trans) =>
    trans.__('cwlVersion %1 is read as %2.', show(p.version), show(p.known)),
  'cwl-field-left-out': (p, show, trans) => trans.__('%1 is left out.', show(p.path)),
  'cwl-value-left-out': (p, show, trans) =>
    trans.__('%1 is left out: %2', show(p.path), show(p.value)),
  'cwl-hint-left-out': (p, show, trans) => trans.__('The hint %1 is left out.', show(p.name)),
  'cwl-hint-misfits': (p, show, trans) =>
    trans.__('The hint %1 does not fit the rest of the document: it is left out.', show(p.name)),
  'cwl-hint-with-image': (p, show, trans) =>
    trans.__(
      "The image '%1' of the hint %2 is used for nodes that run in containers.",
      show(p.image),
      show(p.name)
    ),
  'cwl-hint-without-image': (p, show, trans) =>
    trans.__('The hint %1 specifies no image.', show(p.name)),
  'cwl-disk-not-reserved': (_p, _show, trans) =>
    trans.__('ResourceRequirement: disk space is not reserved.'),
  'cwl-network-by-settings': (_p, _show, trans) =>
    trans.__('NetworkAccess: the settings of nbyard decide.'),
  'cwl-contents-stay': (p, show, trans) =>
    trans.__('%1 is ignored: the contents stay in the file.', show(p.path)),
  'cwl-lists-unchecked': (p, show, trans) =>
    trans.__('%1: the values of inner lists are not checked.', show(p.path)),
  'cwl-records-unchecked': (p, show, trans) =>
    trans.__('%1: the values of records are not checked.', show(p.path)),
  'reserved-word': (p, show, trans) => trans.__('%1 is a reserved word of Python', show(p.name)),
  'not-argument-name': (p, show, trans) =>
    trans.__(
      '%1 is not a valid argument name: use letters, digits and _, not starting with a digit, at most 128 characters',
      show(p.name)
    ),
  'name-twice': (p, show, trans) => trans.__('the name %1 is used twice', show(p.name)),
  'no-choices': (_p, _show, trans) => trans.__('a choice needs at least one value'),
  'flag-type': (_p, _show, trans) => trans.__('a flag needs the type bool, or int to repeat it'),
  'words-type': (_p, _show, trans) => trans.__('several words need the type list'),
  'stdin-role': (_p, _show, trans) => trans.__('only an input or a secret can be standard input'),
  'only-outputs-to-stdout': (_p, _show, trans) => trans.__('only an output can be standard output'),
  'only-outputs-to-stderr': (_p, _show, trans) => trans.__('only an output can be standard error'),
  'only-outputs-found': (_p, _show, trans) =>
    trans.__('only an output can be collected from the working folder'),
  'items-type': (_p, _show, trans) => trans.__('items need the type list'),
  'list-of-secrets': (_p, _show, trans) =>
    trans.__('a list cannot contain secrets: declare one argument for each secret'),
  'stream-twice': (p, show, trans) => trans.__('only one argument can be %1', show(p.stream)),
  'nothing-beside': (p, show, trans) =>
    trans.__('there is no %1 %2 that this file can be placed next to', show(p.role), show(p.name)),
  'several-at-path': (_p, _show, trans) => trans.__('only a single file or folder can have a path'),
  'path-twice': (p, show, trans) =>
    trans.__('%1 is the path of another %2', show(p.path), show(p.role)),
  'not-code-path': (p, show, trans) =>
    trans.__('%1 is not a plain path relative to the code folder', show(p.path)),
  'companions-without-list': (_p, _show, trans) =>
    trans.__('only a list of files can have companions'),
  'unknown-in-pattern': (p, show, trans) =>
    trans.__('%1 is not supported here; supported: %2', show(p.reference), show(p.known)),
  'pattern-without-name': (p, show, trans) =>
    trans.__('%1 does not produce a file name', show(p.pattern)),
  'record-fields': (_p, _show, trans) =>
    trans.__('needs a unique name, and all its fields must be inputs'),
  javascript: (p, show, trans) =>
    trans.__(
      '%1 is JavaScript (InlineJavascriptRequirement), which is not supported',
      show(p.text)
    ),
  'null-without-fields': (p, show, trans) => trans.__('%1: null has no fields', show(p.reference)),
  'files-of-function': (_p, _show, trans) =>
    trans.__('a function takes files as parameters and returns them: declare them there'),
  'files-of-kind': (p, show, trans) =>
    trans.__('files at paths are for notebooks and scripts, not for a %1', show(p.kind)),
  'files-apart': (_p, _show, trans) =>
    trans.__('the working folder is separate: use `files` and the reach `found`'),
  'leaves-code': (p, show, trans) => trans.__('%1 leaves the code bundle', show(p.path)),
  'is-code-file': (p, show, trans) => trans.__('%1 is the code file itself', show(p.path)),
  'path-contains': (p, show, trans) => trans.__('%1 contains %2', show(p.path), show(p.other)),
  'path-inside': (p, show, trans) => trans.__('%1 lies in %2', show(p.path), show(p.other)),
  'the-code-file': (p, show, trans) => trans.__('the code file %1', show(p.file)),
  'the-path-of': (p, show, trans) =>
    trans.__('%1, the path of the %2 %3', show(p.path), show(p.role), show(p.name)),
  'no-program': (_p, _show, trans) => trans.__('the program is missing'),
  'empty-or-nul': (_p, _show, trans) => trans.__('may not be empty or contain NUL'),
  'reach-missing': (_p, _show, trans) =>
    trans.__(
      'specify how the program receives it: option, flag, positional, variable, stdin or stdout'
    ),
  'not-option': (p, show, trans) =>
    trans.__('%1 is not an option such as --name or -n', show(p.word)),
  'flag-twice': (p, show, trans) => trans.__('%1 is the flag of another argument', show(p.flag)),
  'position-from-zero': (_p, _show, trans) =>
    trans.__('positions start at 0, and each position can be used only once'),
  'position-twice': (_p, _show, trans) => trans.__('each position can be used only once'),
  'output-without-path': (_p, _show, trans) =>
    trans.__('an output gets a path only as an option, a positional word or a variable'),
  'joined-without-prefix': (_p, _show, trans) => trans.__('a joined word needs a prefix'),
  'not-pattern': (p, show, trans) =>
    trans.__('%1 is not a pattern relative to the working folder', show(p.pattern)),
  'files-need-folder': (_p, _show, trans) =>
    trans.__('files of the working folder need a separate working folder (apart)'),
  'stream-of-argument': (p, show, trans) =>
    trans.__('another argument already uses %1', show(p.stream)),
  'not-variable': (p, show, trans) =>
    trans.__('%1 is not a valid name of an environment variable', show(p.name)),
  'reserved-variable': (p, show, trans) => trans.__('the variable %1 may not be set', show(p.name)),
  'line-too-long': (p, show, trans) =>
    trans.__('the command line is longer than %1 bytes', show(p.most)),
  'word-too-long': (p, show, trans) =>
    trans.__('is longer than %1 bytes, the maximum for a word of a command line', show(p.most)),
  'gap-before': (p, show, trans) =>
    trans.__('a value is needed, because the value of %1 would take its position', show(p.other)),
  'no-such-argument': (_p, _show, trans) => trans.__('unknown argument'),
  'dash-after-flag': (p, show, trans) =>
    trans.__('begins with -, so %1 would read it as an option', show(p.flag)),
  'dash-in-list': (p, show, trans) =>
    trans.__('a text begins with -, so %1 would not accept it as a value', show(p.flag)),
  'dash-in-word': (_p, _show, trans) =>
    trans.__('begins with -, so the program would read it as an option'),
  'not-file-of-attempt': (_p, _show, trans) => trans.__('must be a file of the attempt'),
  'reference-not-text': (p, show, trans) => trans.__('%1 is not a text', show(p.reference)),
  'input-file-needed': (_p, _show, trans) => trans.__('an input file is needed'),
  'companion-twice': (p, show, trans) =>
    trans.__('%1 is already the name of another file next to %2', show(p.file), show(p.beside)),
  'not-in-folder': (p, show, trans) =>
    trans.__('%1 is not a path inside the working folder', show(p.name)),
  'no-function': (p, show, trans) =>
    trans.__('has no function %1; it has: %2', show(p.name), show(p.known, ', ')),
  'no-functions': (p, show, trans) =>
    trans.__('has no function %1; it has no functions', show(p.name)),
  'asynchronous-function': (p, show, trans) =>
    trans.__('%1 is asynchronous; only plain functions are called', show(p.name)),
  'generator-function': (p, show, trans) =>
    trans.__('%1 is a generator; only plain functions are called', show(p.name)),
  'output-is-parameter': (p, show, trans) =>
    trans.__('the output %1 has the name of a parameter that is not a path', show(p.name)),
  'outputs-not-written-out': (_p, _show, trans) =>
    trans.__(
      'outputs of executable() must be a plain dictionary of names and formats, not computed'
    ),
  'no-cell': (p, show, trans) => trans.__('the notebook has no cell %1', show(p.index)),
  'no-cell-to-tag': (_p, _show, trans) => trans.__('no cell of the notebook assigns a constant'),
  'cell-without-code': (p, show, trans) => trans.__('cell %1 is not a code cell', show(p.index)),
  'too-many-nodes': (p, show, trans) => trans.__('more than %1 nodes', show(p.most)),
  'not-node-id': (p, show, trans) => trans.__('%1 is not a valid node ID', show(p.id)),
  'not-edge-id': (p, show, trans) => trans.__('%1 is not a valid connection ID', show(p.id)),
  'not-comment-id': (p, show, trans) =>
    trans.__('%1 is not a valid comment ID, such as #1', show(p.id)),
  'loose-edge': (p, show, trans) =>
    trans.__('the connection %1 has no node at one of its ends', show(p.edge)),
  'no-node': (p, show, trans) => trans.__('there is no node %1', show(p.node)),
  'scope-without-nodes': (p, show, trans) =>
    trans.__('the scope %1 needs at least one node', show(p.scope)),
  'nodes-inactive': (_p, _show, trans) =>
    trans.__('each of these nodes is muted or bypassed, or depends on a muted node'),
  'workflow-is-copy': (p, show, trans) =>
    trans.__(
      'has the same ID as %1, so it counts as a copy with separate runs. JupyterLab gives it a new ID when you save it',
      show(p.path)
    ),
  'workflow-cannot-run': (p, show, trans) =>
    trans.__('The workflow cannot run yet: %1', show(p.problems)),
  'environment-and-requirements': (_p, _show, trans) =>
    trans.__('set either an environment or a requirements file, not both'),
  'engine-unreachable': (p, show, trans) =>
    trans.__('Docker cannot be reached at %1: %2', show(p.url), show(p.why)),
  'engine-refused': (p, show, trans) => trans.__('The Docker engine refused: %1', show(p.message)),
  'engine-wants-tls': (_p, _show, trans) => trans.__('the engine requires TLS'),
  'engine-url-invalid': (p, show, trans) =>
    trans.__('the URL of an engine must begin with one of %1', show(p.schemes, ', ')),
  'certificates-missing': (p, show, trans) =>
    trans.__('there is no %1 in %2', show(p.files, ', '), show(p.folder)),
  'connection-closed': (p, show, trans) => trans.__('The connection to %1 is closed.', show(p.url)),
  'no-answer-in-time': (_p, _show, trans) => trans.__('no response in time'),
  'no-ssh': (_p, _show, trans) => trans.__('ssh is not installed on this machine.'),
  'engine-answers': (p, show, trans) =>
    trans.__('%1 %2 at %3, %4', show(p.engine), show(p.version), show(p.url), show(p.way)),
  'over-ssh': (_p, _show, trans) => trans.__('over ssh'),
  'by-local-socket': (_p, _show, trans) => trans.__('over a local socket'),
  'by-tls': (_p, _show, trans) => trans.__('over TCP with TLS'),
  'by-tcp': (_p, _show, trans) => trans.__('over TCP without TLS'),
  'permission-denied': (_p, _show, trans) => trans.__('permission denied'),
  'network-of-other-kind': (p, show, trans) =>
    trans.__('The network %1 has the wrong type and is still in use.', show(p.network)),
  'no-address-range': (_p, _show, trans) =>
    trans.__('The Docker engine has no free address range for another network.'),
  'archive-incomplete': (p, show, trans) =>
    trans.__('The engine sent only a part of %1: %2', show(p.path), show(p.message)),
  'build-refused': (p, show, trans) =>
    trans.__('The image could not be built: %1', show(p.message)),
  'image-known-by-id': (p, show, trans) =>
    trans.__(
      'The image %1 was deleted and is known only by its ID. Build it again.',
      show(p.image)
    ),
  'image-not-pulled': (p, show, trans) =>
    trans.__('The image %1 is not present and cannot be pulled: %2', show(p.image), show(p.why)),
  'push-refused': (p, show, trans) =>
    trans.__('%1 cannot be pushed: %2', show(p.image), show(p.why)),
  'image-removed-at-naming': (p, show, trans) =>
    trans.__('The image %1 was deleted while it was being tagged.', show(p.image)),
  'image-removed-meanwhile': (p, show, trans) =>
    trans.__('The image %1 was deleted in the meantime.', show(p.image)),
  'image-not-fetched': (p, show, trans) =>
    trans.__('The image %1 was pulled, but the engine does not have it.', show(p.image)),
  'image-replaced': (p, show, trans) =>
    trans.__(
      'The name %1 now refers to another image. The image of this revision (%2) no longer exists. Deploy a new revision.',
      show(p.image),
      show(p.known)
    ),
  'image-without-program': (_p, _show, trans) =>
    trans.__('The image specifies no program: add ENTRYPOINT or CMD to its Dockerfile.'),
  'no-image-builder': (_p, _show, trans) =>
    trans.__(
      'This runtime cannot build images. Choose an image that contains everything the node needs.'
    ),
  'environment-of-image-gone': (_p, _show, trans) =>
    trans.__('The environment of this image was deleted.'),
  'requirement-in-folder': (p, show, trans) =>
    trans.__(
      '%1: an image cannot be built with a package from a folder of this machine',
      show(p.requirement)
    ),
  'no-serving-mode': (p, show, trans) =>
    trans.__('there is no mode %1; there are: %2', show(p.mode), show(p.known, ', ')),
  'no-serving-modes': (p, show, trans) =>
    trans.__('there is no mode %1: no modes are installed', show(p.mode)),
  'public-registry': (_p, _show, trans) => trans.__('the public registry'),
  'registry-unknown': (p, show, trans) => trans.__('%1 cannot be found from here', show(p.host)),
  'registry-closed': (p, show, trans) => trans.__('%1 refuses connections', show(p.host)),
  'registry-silent': (p, show, trans) => trans.__('%1 does not respond in time', show(p.host)),
  'registry-without-tls': (p, show, trans) =>
    trans.__('%1 does not use TLS, and the settings of the engine do not allow this', show(p.host)),
  'registry-not-trusted': (p, show, trans) =>
    trans.__('the engine does not trust the certificate of %1', show(p.host)),
  'registry-login-needed': (p, show, trans) =>
    trans.__(
      '%1 requires a login with permission for this (%2, or a credential of the kind registry)',
      show(p.host),
      show(p.command)
    ),
  'registry-login-refused': (p, show, trans) =>
    trans.__(
      '%1 does not accept the login of the credential %2 for this',
      show(p.host),
      show(p.credential)
    ),
  'registry-without-image': (p, show, trans) =>
    trans.__('%1 does not have this image', show(p.host)),
  'engine-file-system-full': (_p, _show, trans) => trans.__('the disk is full'),
  'container-name-taken': (p, show, trans) =>
    trans.__(
      'The container %1 could not be created: its name is already in use.',
      show(p.container)
    ),
  'container-ended': (p, show, trans) =>
    trans.__('The container %1 has exited.', show(p.container)),
  'container-gone-at-once': (_p, _show, trans) =>
    trans.__('The container disappeared right after its start.'),
  'container-gone': (_p, _show, trans) => trans.__('its container is gone'),
  'podman-keeps-none-warm': (_p, _show, trans) =>
    trans.__('Containers cannot be kept warm on Podman: use fresh containers for the run.'),
  'secrets-out-of-reach': (_p, _show, trans) =>
    trans.__(
      'The Docker engine cannot access the memory of this machine, and secrets are never written to a disk. Run nodes with credentials as a process, on Dask, or with a local engine.'
    ),
  'requirements-file-missing': (p, show, trans) =>
    trans.__('The requirements file %1 is not in the bundle.', show(p.file)),
  'requirements-file-outside': (p, show, trans) =>
    trans.__('The requirements file %1 is outside the bundle.', show(p.file)),
  'path-leads-out': (p, show, trans) =>
    trans.__("%1 leads out of the attempt's folder", show(p.path)),
  'gpus-not-given': (p, show, trans) =>
    trans.__(
      'the engine did not provide the granted GPUs: %1 (granted: %2)',
      show(p.why),
      show(p.gpus, ', ')
    ),
  'gpus-need-toolkit': (p, show, trans) =>
    trans.__(
      'the engine did not provide the granted GPUs: %1 (granted: %2).',
      show(p.why),
      show(p.gpus, ', ')
    ),
  'gpus-not-listed': (_p, _show, trans) =>
    trans.__('the image has neither nvidia-smi nor ls to list the GPUs'),
  'gpus-not-supported': (p, show, trans) =>
    trans.__('this engine has no support for GPUs (%1)', show(p.message)),
  'no-cdi-device': (_p, _show, trans) => trans.__('Podman cannot find the CDI device'),
  'no-gpu-seen': (_p, _show, trans) => trans.__('a container sees no GPU'),
  'other-count-of-gpus': (p, show, trans) =>
    trans.__('a container sees %1 GPUs instead of %2', show(p.seen), show(p.granted)),
  'other-gpus-seen': (p, show, trans) =>
    trans.__('a container sees %1 instead', show(p.gpus, ', ')),
  'file-unreadable': (p, show, trans) =>
    trans.__('%1 cannot be read: %2', show(p.file), show(p.message)),
  'runner-not-started': (p, show, trans) =>
    trans.__('The runner cannot be started: %1', show(p.message)),
  'runner-start-slow': (p, show, trans) =>
    trans.__('The runner did not start within %1 s.', show(p.seconds)),
  'runner-ended-at-start': (p, show, trans) =>
    trans.__('The runner exited during its start (exit code %1).', show(p.exit_code)),
  'dask-workers': (p, show, trans) =>
    trans.__('%1 workers with %2 threads at %3', show(p.workers), show(p.threads), show(p.address)),
  'dask-creates': (p, show, trans) =>
    trans.__('%1 creates a cluster when it is needed', show(p.name)),
  'dask-gateway-creates': (p, show, trans) =>
    trans.__(
      'dask-gateway %1 at %2 creates a cluster when it is needed',
      show(p.version),
      show(p.address)
    ),
  'dask-unset': (_p, _show, trans) => trans.__('No Dask cluster is set.'),
  'dask-not-installed': (_p, _show, trans) =>
    trans.__('The Dask runtime needs distributed, which is not installed.'),
  'dask-unreachable': (p, show, trans) =>
    trans.__('The Dask cluster %1 cannot be reached: %2', show(p.cluster), show(p.message)),
  'dask-silent': (p, show, trans) =>
    trans.__('The Dask cluster does not respond: %1', show(p.message)),
  'dask-out-of-reach': (_p, _show, trans) => trans.__('The Dask cluster could not be reached.'),
  'dask-connection-closed': (_p, _show, trans) =>
    trans.__('The connection to the Dask cluster was closed.'),
  'dask-differs': (p, show, trans) =>
    trans.__('The Dask cluster does not fit this installation: %1.', show(p.differences, '; ')),
  'scheduler-differs': (p, show, trans) =>
    trans.__(
      'the scheduler has %1 %2, this installation has %3',
      show(p.package),
      show(p.theirs),
      show(p.own)
    ),
  'worker-differs': (p, show, trans) =>
    trans.__(
      'the worker %1 has %2 %3, this installation has %4',
      show(p.worker),
      show(p.package),
      show(p.theirs),
      show(p.own)
    ),
  'dask-not-imported': (p, show, trans) =>
    trans.__('%1 cannot be imported: %2', show(p.package), show(p.message)),
  'dask-program-missing': (p, show, trans) =>
    trans.__('%1, which %2 needs, is not installed here', show(p.program), show(p.cluster)),
  'dask-gateway-unusable': (p, show, trans) => trans.__('dask-gateway: %1', show(p.message)),
  'dask-gateway-failed': (p, show, trans) =>
    trans.__('dask-gateway cannot create a cluster: %1', show(p.message)),
  'dask-not-made': (p, show, trans) =>
    trans.__('%1 cannot create a cluster: %2', show(p.cluster), show(p.message)),
  'dask-workers-silent': (p, show, trans) =>
    trans.__('The Dask workers %1 do not respond.', show(p.workers, ', ')),
  'dask-packages-unknown': (p, show, trans) =>
    trans.__('no worker of %1 has reported its packages yet', show(p.site)),
  'dask-packages-unreadable': (p, show, trans) =>
    trans.__('no worker of %1 has reported its packages yet: %2', show(p.site), show(p.message)),
  'dask-without-workers': (_p, _show, trans) => trans.__('No Dask worker is registered.'),
  'dask-without-gpus': (_p, _show, trans) => trans.__('no Dask worker declares a GPU'),
  'dask-worker-too-small': (p, show, trans) =>
    trans.__(
      'no Dask worker has %1 (the most is %2)',
      show(p.wanted, ' with '),
      show(p.most, ', ')
    ),
  unexpected: (p, show, trans) => trans.__('unexpected: %1: %2', show(p.error), show(p.message)),
  'report-not-stored': (_p, _show, trans) => trans.__('unexpected: its report cannot be stored'),
  'no-such-runtime': (p, show, trans) => trans.__('There is no runtime %1.', show(p.runtime)),
  'no-runtime-here': (p, show, trans) => trans.__('there is no runtime %1 here', show(p.runtime)),
  'changed-while-read': (p, show, trans) =>
    trans.__('%1 changed while it was being read', show(p.file)),
  'credential-deleted': (p, show, trans) =>
    trans.__('The credential %1 was deleted.', show(p.credential)),
  'credential-deleted-since': (p, show, trans) =>
    trans.__('The credential %1 was deleted after the run was created.', show(p.credential)),
  'result-of-other-attempt': (_p, _show, trans) =>
    trans.__("The result carries another attempt's token."),
  'code-gone': (p, show, trans) =>
    trans.__('The code of %1 is no longer in the store.', show(p.node)),
  'pinned-result-gone': (p, show, trans) =>
    trans.__('The pinned result of run %1 is no longer in the store.', show(p.run)),
  'environment-deleted': (p, show, trans) =>
    trans.__('The environment %1 was deleted.', show(p.environment)),
  'environment-to-install': (p, show, trans) =>
    trans.__('%1 must be installed again', show(p.environment)),
  'output-not-made': (p, show, trans) =>
    trans.__('%1 did not create the output %2.', show(p.node), show(p.output)),
  'listing-too-long': (p, show, trans) =>
    trans.__('its listing has more than %1 entries', show(p.most)),
  'input-not-text': (p, show, trans) =>
    trans.__('%1: its contents cannot be passed as text', show(p.cause)),
  'dispatcher-silent': (_p, _show, trans) => trans.__('the dispatcher does not respond'),
  'probe-interrupted': (_p, _show, trans) =>
    trans.__('the dispatcher stopped before the model responded: try again'),
  'probe-image-gone': (p, show, trans) =>
    trans.__(
      'the engine no longer has the image %1 in which the node ran: run the node again',
      show(p.image)
    ),
  'probe-too-slow': (p, show, trans) =>
    trans.__('loading the model and calling it once took more than %1 s', show(p.seconds)),
  'probe-broke-off': (p, show, trans) =>
    trans.__('loading the model and calling it once failed: %1', show(p.why)),
  'probe-without-result': (_p, _show, trans) =>
    trans.__('loading the model and calling it once returned no result'),
  'probe-left-folder': (_p, _show, trans) =>
    trans.__('loading the model and calling it once left a folder in place of the result'),
  'unknown-format': (p, show, trans) =>
    trans.__("unknown format '%1'; known: %2", show(p.format), show(p.present, ', ')),
  'no-programs-on-server': (_p, _show, trans) =>
    trans.__('this server does not run programs on its own machine'),
  'not-a-command': (p, show, trans) =>
    trans.__('%1 is a %2, not a command', show(p.file), show(p.kind)),
  'path-or-upload': (_p, _show, trans) => trans.__('set either a path or an upload'),
  'code-follows-file': (p, show, trans) =>
    trans.__("'%1' follows its file: change the file", show(p.name)),
  'no-version-to-compare': (p, show, trans) =>
    trans.__('The version to compare was not found; available: %1.', show(p.present, ', ')),
  'file-not-declared': (p, show, trans) => trans.__("'%1' is not a declared file", show(p.name)),
  'workflow-as-node': (p, show, trans) =>
    trans.__('%1 is a workflow, which cannot be a node', show(p.file)),
  'data-not-code': (p, show, trans) => trans.__('%1 is data, not code', show(p.file)),
  'program-behind-shell': (p, show, trans) =>
    trans.__(
      '%1, line %2: %3 uses the shell form, which drops arguments; write ["program", "word"]',
      show(p.file),
      show(p.line),
      show(p.keyword)
    ),
  'no-runtime': (p, show, trans) =>
    trans.__("there is no runtime '%1' (installed: %2)", show(p.runtime), show(p.present, ', ')),
  'no-requirements-file': (p, show, trans) =>
    trans.__('There is no requirements file %1.', show(p.path)),
  'no-requirements-in-bundle': (p, show, trans) =>
    trans.__('There is no requirements file %1 in the bundle of %2.', show(p.path), show(p.file)),
  'dataset-removed': (p, show, trans) => trans.__("The dataset '%1' was deleted.", show(p.name)),
  'dataset-gone': (p, show, trans) => trans.__("The dataset '%1' does not exist.", show(p.name)),
  'dataset-not-ready': (p, show, trans) => trans.__("The dataset '%1' is not ready.", show(p.name)),
  'version-gone': (p, show, trans) =>
    trans.__('The version %1 that this node is pinned to is gone.', show(p.version)),
  'no-step-to-pin': (_p, _show, trans) => trans.__('the workflow has no such node'),
  'no-run-to-pin': (p, show, trans) => trans.__("there is no run '%1'", show(p.name)),
  'pinned-run-gone': (p, show, trans) =>
    trans.__(
      'The node is pinned to run %1, which does not exist: unpin it, or pin it to another run.',
      show(p.run)
    ),
  'pinned-run-unknown': (p, show, trans) =>
    trans.__(
      "The node is pinned to run '%1', which does not exist: unpin it, or pin it to another run.",
      show(p.run)
    ),
  'pinned-task-not-succeeded': (p, show, trans) =>
    trans.__(
      'The node is pinned to run %1, but its state there is %2: unpin it, or pin it to another run.',
      show(p.run),
      show(p.state)
    ),
  'pinned-task-gone': (p, show, trans) =>
    trans.__(
      'The node is pinned to run %1, which does not contain it: unpin it, or pin it to another run.',
      show(p.run)
    ),
  'pinned-bytes-gone': (p, show, trans) =>
    trans.__(
      'The node is pinned to run %1, but the data of %2 was deleted: unpin it, or pin it to another run.',
      show(p.run),
      show(p.output)
    ),
  'path-or-run': (_p, _show, trans) =>
    trans.__('set either a path or the output of a run, not both'),
  'model-source-needed': (_p, _show, trans) =>
    trans.__('a folder, a Python file, or a run with an output is needed'),
  'not-python-file': (p, show, trans) => trans.__('%1 is not a Python file', show(p.path)),
  'python-unreadable': (p, show, trans) => trans.__('%1: %2', show(p.file), show(p.message)),
  'name-not-importable': (p, show, trans) =>
    trans.__('%1 cannot be imported: its name is not a valid Python name', show(p.file)),
  'imports-not-installed': (p, show, trans) =>
    trans.__('imports %1, which no installed package from an index provides', show(p.names, ', ')),
  'no-model-file': (p, show, trans) =>
    trans.__('%1 contains none of %2', show(p.path), show(p.known, ', ')),
  'no-file-in-folder': (p, show, trans) =>
    trans.__('there is no file %1 in the folder', show(p.path)),
  'no-folder-beside-file': (p, show, trans) =>
    trans.__('there is no folder %1 next to the file', show(p.path)),
  'no-module-in-folder': (p, show, trans) =>
    trans.__('there is no module %1 in %2', show(p.module), show(p.folder)),
  'class-missing': (p, show, trans) =>
    trans.__('%1 has no class %2 at its top level', show(p.file), show(p.name)),
  'run-needed': (_p, _show, trans) => trans.__('A run is needed.'),
  'run-without-output': (p, show, trans) =>
    trans.__('Run %1 has no output: it is %2.', show(p.run), show(p.state)),
  'no-output': (p, show, trans) =>
    trans.__("Run %1 has no output '%2'; %3.", show(p.run), show(p.output), show(p.present)),
  'several-outputs': (p, show, trans) =>
    trans.__('run %1 has several outputs: %2', show(p.run), show(p.outputs, ', ')),
  'not-a-model': (p, show, trans) =>
    trans.__(
      '%1 is neither a pickle or joblib file nor a folder with a model file or MLmodel',
      show(p.file)
    ),
  'no-model-in-folder': (p, show, trans) =>
    trans.__('the folder %1 has neither a model file nor MLmodel', show(p.folder)),
  'packages-from-no-index': (p, show, trans) =>
    trans.__('it needs packages that were not installed from an index: %1', show(p.names, ', ')),
  'model-origin-unknown': (_p, _show, trans) =>
    trans.__('the run that created it is no longer known: run its node again'),
  'model-image-gone': (_p, _show, trans) =>
    trans.__('the record of the image in which its node ran was deleted: run the node again'),
  'model-needs-container': (p, show, trans) =>
    trans.__(
      'A model that was created in a container can be loaded only in a container: %1',
      show(p.cause)
    ),
  'model-not-batch': (p, show, trans) =>
    trans.__(
      '%1 has the mode %2; use an image with the mode batch to predict datasets.',
      show(p.image),
      show(p.mode)
    ),
  'priority-out-of-range': (p, show, trans) =>
    trans.__('must be from -%1 to %2', show(p.most), show(p.most)),
  'name-needed-to-replace': (_p, _show, trans) => trans.__('a name is needed to replace a run'),
  'path-or-executable': (_p, _show, trans) => trans.__('set either a path or an executable'),
  'too-few-gpus': (p, show, trans) =>
    trans.__('%1 requested, but this machine has %2', show(p.wanted), show(p.present)),
  'no-gpus': (p, show, trans) =>
    trans.__('%1 requested, but this machine has no GPU', show(p.wanted)),
  'replaced-run-not-ended': (p, show, trans) =>
    trans.__("'%1' is %2; it can be replaced when it has finished.", show(p.name), show(p.state)),
  'nothing-to-run': (_p, _show, trans) =>
    trans.__('There is nothing to run: add or select a notebook, script or program.'),
  'no-state': (p, show, trans) => trans.__("there is no state '%1'", show(p.state)),
  'run-ended': (p, show, trans) => trans.__('The run has already finished (%1).', show(p.state)),
  'export-of-live-run': (p, show, trans) =>
    trans.__('Run %1 has not finished. Export it afterwards.', show(p.number)),
  'run-not-ended': (_p, _show, trans) => trans.__('The run has not finished; cancel it first.'),
  'run-is-scratch': (_p, _show, trans) =>
    trans.__(
      'This is a check run or the run of a bisection. Such runs are deleted automatically, so they cannot be kept, compared, retried, pinned, exported or registered.'
    ),
  'scratch-run-writes': (_p, _show, trans) =>
    trans.__('The code of a check run or of a bisection changes nothing outside its run.'),
  'no-bisection': (p, show, trans) => trans.__("There is no bisection '%1'.", show(p.name)),
  'bisection-ended': (p, show, trans) =>
    trans.__('The bisection has already finished (%1).', show(p.state)),
  'bisection-not-ended': (_p, _show, trans) =>
    trans.__('The bisection is running; cancel it first.'),
  'bisected-run-gone': (_p, _show, trans) => trans.__('One of the two compared runs was deleted.'),
  'nothing-to-bisect': (_p, _show, trans) =>
    trans.__('The runs have the same values, data, code and packages.'),
  'run-not-at-end': (_p, _show, trans) => trans.__('the run has not finished'),
  'other-workflow': (_p, _show, trans) =>
    trans.__('is a run of a different workflow than the good run'),
  'run-is-not-so': (p, show, trans) =>
    trans.__('the state of run %1 is %2', show(p.number), show(p.state)),
  'no-metric-in-both': (p, show, trans) =>
    trans.__('both runs need a number for the metric %1', show(p.metric)),
  'metric-is-equal': (p, show, trans) =>
    trans.__('the metric %1 is equal in both runs', show(p.metric)),
  'threshold-without-metric': (_p, _show, trans) => trans.__('a threshold needs a metric'),
  'threshold-not-between': (p, show, trans) =>
    trans.__('must be between the values of both runs, %1 and %2', show(p.low), show(p.high)),
  'no-name-for-check': (_p, _show, trans) => trans.__('a check run has no name'),
  'nothing-to-retry': (p, show, trans) =>
    trans.__('Only failed and cancelled runs can be retried; this run is %1.', show(p.state)),
  'no-node-in-run': (p, show, trans) => trans.__("The run has no node '%1'.", show(p.node)),
  'no-attempt': (p, show, trans) =>
    trans.__("'%1' has no attempt %2.", show(p.node), show(p.number)),
  'no-attempt-yet': (p, show, trans) => trans.__("'%1' has no attempt yet.", show(p.node)),
  'attempt-not-running': (p, show, trans) =>
    trans.__("The attempt '%1' is not running, so its links are closed.", show(p.attempt)),
  'no-link': (p, show, trans) => trans.__("The attempt has no link '%1'.", show(p.port)),
  'nothing-listens': (p, show, trans) => trans.__('No program listens at %1 yet.', show(p.port)),
  'no-data-given': (p, show, trans) =>
    trans.__("%1 received no data for '%2'.", show(p.node), show(p.name)),
  'no-other-file': (p, show, trans) =>
    trans.__("'%1' has no other file '%2'.", show(p.node), show(p.path)),
  'no-other-files': (p, show, trans) => trans.__("'%1' has no other files.", show(p.node)),
  'no-output-of-node': (p, show, trans) =>
    trans.__("'%1' has no output '%2'.", show(p.node), show(p.output)),
  'no-metric-of-node': (p, show, trans) =>
    trans.__("'%1' has no metric '%2'.", show(p.node), show(p.metric)),
  'no-picture': (p, show, trans) => trans.__("This run has no picture '%1'.", show(p.digest)),
  'needs-any-data': (_p, _show, trans) => trans.__('choose a file, folder, dataset or artifact'),
  'needs-folder': (_p, _show, trans) => trans.__('choose a folder'),
  'needs-file': (_p, _show, trans) => trans.__('choose a file, dataset or artifact'),
  'needs-files': (_p, _show, trans) =>
    trans.__(
      'a file or a folder with several files is needed; they are used in the order of their names'
    ),
  'value-too-long': (p, show, trans) =>
    trans.__('may have at most %1 characters; use a dataset for more', show(p.most)),
  'input-is-frozen': (_p, _show, trans) =>
    trans.__('is an input, whose data is frozen; freeze the request again'),
  'value-of-output': (_p, _show, trans) => trans.__('is an output; its file goes to the store'),
  'data-not-ready': (p, show, trans) => trans.__("the dataset '%1' is not ready", show(p.name)),
  'no-data': (p, show, trans) =>
    trans.__("there is no file, dataset or artifact '%1'", show(p.name)),
  'no-parameter': (p, show, trans) =>
    trans.__('%1 does not have this parameter; it has: %2', show(p.owner), show(p.known, ', ')),
  'no-parameters': (p, show, trans) => trans.__('%1 has no parameters', show(p.owner)),
  'no-workflow-parameter': (p, show, trans) =>
    trans.__('The workflow does not have this parameter; it has: %1', show(p.known, ', ')),
  'no-workflow-parameters': (_p, _show, trans) =>
    trans.__('The workflow declares no parameters, so a run cannot set values of its nodes.'),
  'task-unusable': (p, show) => show(p.problem),
  'file-unusable': (p, show, trans) => trans.__('%1: %2', show(p.file), show(p.error)),
  'program-missing': (p, show, trans) =>
    trans.__('%1 cannot be started: the program or its interpreter was not found', show(p.program)),
  'program-not-executable': (p, show, trans) =>
    trans.__('%1 cannot be started: it is not executable', show(p.program)),
  'program-not-runnable': (p, show, trans) =>
    trans.__('%1 cannot be started: the system cannot execute this kind of file', show(p.program)),
  'program-not-started': (p, show, trans) =>
    trans.__('%1 cannot be started: %2', show(p.program), show(p.error)),
  'command-too-large': (_p, _show, trans) =>
    trans.__('the command line and its environment are larger than the system allows'),
  'argument-too-large': (p, show, trans) =>
    trans.__(
      "the argument '%1'… has %2 bytes; the system allows less than %3",
      show(p.argument),
      show(p.size),
      show(p.limit)
    ),
  'notebook-format': (p, show, trans) => trans.__('%1 is not a notebook of format 4', show(p.path)),
  'notebook-unreadable': (p, show, trans) =>
    trans.__('%1 cannot be read as a notebook: %2', show(p.path), show(p.error)),
  'notebooks-impossible': (p, show, trans) =>
    trans.__('notebooks cannot be run here: %1', show(p.error)),
  'parameter-name': (p, show, trans) =>
    trans.__("'%1' is not a valid parameter name", show(p.name)),
  'parameter-language': (p, show, trans) =>
    trans.__("values cannot be passed to a notebook in '%1'", show(p.language)),
  'parameter-not-finite': (_p, _show, trans) =>
    trans.__('a number that is not finite can only be passed to a Python notebook'),
  'parameter-refused': (p, show) => show(p.error),
  'parameter-untranslatable': (p, show, trans) =>
    trans.__('a value cannot be passed to a notebook in %1: %2', show(p.language), show(p.error)),
  'kernel-missing': (p, show, trans) =>
    trans.__(
      "the kernel '%1' is not installed here (installed: %2)",
      show(p.kernel),
      show(p.present, ', ')
    ),
  'no-kernel': (p, show, trans) =>
    trans.__("the kernel '%1' is not installed here (present: none)", show(p.kernel)),
  'kernel-not-started': (p, show, trans) =>
    trans.__("the kernel '%1' cannot be started: %2", show(p.kernel), show(p.error)),
  'kernel-silent': (p, show, trans) =>
    trans.__("the kernel '%1' did not answer within %2 s", show(p.kernel), show(p.seconds)),
  'kernel-interrupted': (_p, _show, trans) => trans.__('interrupted while the kernel was started'),
  'kernel-ended': (p, show, trans) =>
    trans.__("the kernel '%1' exited during startup", show(p.kernel)),
  'kernel-ended-by': (p, show, trans) =>
    trans.__("the kernel '%1' exited during startup (%2)", show(p.kernel), show(p.end)),
  'kernel-died': (p, show, trans) => trans.__('the kernel died in %1', show(p.place)),
  'kernel-died-by': (p, show, trans) =>
    trans.__('the kernel died (%1) in %2', show(p.end), show(p.place)),
  'warm-kernel-lost': (p, show, trans) =>
    trans.__('the ready kernel cannot be used: %1', show(p.error)),
  cell: (p, show, trans) => trans.__('cell %1', show(p.number)),
  'parameter-cell': (_p, _show, trans) => trans.__("the cell with the parameters' values"),
  raised: (p, show, trans) => trans.__('%1: %2', show(p.name), show(p.text)),
  'raised-bare': (p, show) => show(p.name),
  'no-message': (_p, _show, trans) => trans.__('it failed without a message'),
  interrupted: (_p, _show, trans) => trans.__('interrupted'),
  'supervisor-stopped': (p, show, trans) => trans.__('the supervisor received %1', show(p.signal)),
  'start-hinted': (p, show, trans) => trans.__('%1. %2', show(p.cause), show(p.hint)),
  'left-out': (p, show, trans) => trans.__('%1 (%2)', show(p.cause), show(p.problem)),
  signal: (p, show, trans) => trans.__('signal %1, %2', show(p.signal), show(p.name)),
  'ended-by-signal': (p, show, trans) =>
    trans.__('killed by signal %1 (%2)', show(p.signal), show(p.name)),
  'exited-as': (p, show, trans) =>
    trans.__('exit code %1, declared as a %2 failure', show(p.exit_code), show(p.meaning)),
  'exited-after-line': (p, show, trans) => trans.__('%1: %2', show(p.cause), show(p.line)),
  'notebook-process-ended': (p, show, trans) =>
    trans.__('the process that ran the notebook exited early (%1)', show(p.end)),
  'function-process-ended': (p, show, trans) =>
    trans.__('the process exited before the function returned (%1)', show(p.end)),
  'function-exited': (p, show, trans) =>
    trans.__('the function raised SystemExit (exit code %1)', show(p.exit_code)),
  'function-missing': (p, show, trans) =>
    trans.__('%1 does not define the function %2 when imported', show(p.file), show(p.function)),
  'disk-full': (p, show, trans) =>
    trans.__('%1 (disk full: nothing can be written)', show(p.cause)),
  'memory-limit': (p, show, trans) =>
    trans.__('used %1 of memory, more than its limit of %2', show(p.used), show(p.limit)),
  'system-killed': (p, show, trans) =>
    trans.__('the system killed the process because memory ran out (%1)', show(p.cause)),
  'out-of-memory': (_p, _show, trans) => trans.__('out of memory'),
  'out-of-memory-at': (p, show, trans) => trans.__('out of memory: limit %1', show(p.limit)),
  'output-missing': (p, show, trans) =>
    trans.__("the output '%1' is missing: %2", show(p.output), show(p.cause)),
  'value-unfit': (p, show) => show(p.text),
  'not-written': (p, show, trans) => trans.__('%1 was not written', show(p.path)),
  'nothing-fits': (p, show, trans) =>
    trans.__('no file or folder in the working folder matches %1', show(p.patterns, ' or ')),
  'several-files': (p, show, trans) =>
    trans.__('%1 files match where one is expected: %2', show(p.count), show(p.files, ', ')),
  'output-unchanged': (p, show, trans) =>
    trans.__('%1 is unchanged: the task did not write it', show(p.path)),
  'unchanged-folder': (p, show, trans) =>
    trans.__('%1 contains no file that the task wrote', show(p.path)),
  'working-folder-linked': (_p, _show, trans) =>
    trans.__('the working folder was replaced by a symbolic link'),
  'link-leaves': (p, show, trans) =>
    trans.__("%1 is a symbolic link that points outside the attempt's folder", show(p.file)),
  'neither-file-nor-folder': (p, show, trans) =>
    trans.__('%1 is neither a file nor a folder', show(p.file)),
  'is-a-folder': (p, show, trans) =>
    trans.__('%1 is a folder where a file is expected', show(p.file)),
  'is-no-folder': (p, show, trans) => trans.__('%1 is not a folder', show(p.file)),
  'same-names': (p, show, trans) => trans.__('two of its files are called %1', show(p.file)),
  'companion-missing': (p, show, trans) =>
    trans.__('%1 is missing next to %2', show(p.companion), show(p.file)),
  'value-null': (_p, _show, trans) => trans.__('its value is null'),
  'expression-lacks': (p, show, trans) =>
    trans.__("$(%1): there is no '%2'", show(p.expression), show(p.name)),
  'contents-unusable': (p, show, trans) =>
    trans.__('%1 %2: its contents cannot be used as a value', show(p.file), show(p.problem)),
  'contents-too-large': (_p, _show, trans) => trans.__('has more than 64 KiB'),
  'contents-not-text': (p, show, trans) => trans.__('is not UTF-8 text (byte %1)', show(p.byte)),
  'told-not-json': (p, show, trans) =>
    trans.__('%1 is not valid JSON: %2', show(p.file), show(p.error)),
  'told-too-large': (p, show, trans) =>
    trans.__('%1 is not a JSON object of at most %2 bytes', show(p.file), show(p.limit)),
  'told-missing': (p, show, trans) =>
    trans.__("%1 refers to '%2', which was not found", show(p.file), show(p.name)),
  'log-gap': (p, show, trans) =>
    trans.__(
      'lines missing here: %1 (%2): %3',
      show(p.lines, ','),
      show(p.size, 'bytes'),
      show(p.why)
    ),
  'log-gap-at-least': (p, show, trans) =>
    trans.__(
      'lines missing here: at least %1 (%2): %3',
      show(p.lines, ','),
      show(p.size, 'bytes'),
      show(p.why)
    ),
  'log-gap-uncounted': (p, show, trans) => trans.__('lines missing here: %1', show(p.why)),
  'log-limit': (_p, _show, trans) => trans.__('the log has reached its limit'),
  'log-forgotten': (_p, _show, trans) => trans.__('the container engine kept no more of the log'),
  'host-not-found': (p, show, trans) =>
    trans.__('%1 cannot be found: %2', show(p.host), show(p.message)),
  'host-unreadable': (p, show, trans) =>
    trans.__('fetching from %1 failed: %2', show(p.host), show(p.message)),
  'certificate-invalid': (p, show, trans) =>
    trans.__('the certificate of %1 is not valid: %2', show(p.host), show(p.message)),
  'redirect-circle': (_p, _show, trans) => trans.__('redirects in a loop'),
  'too-many-redirects': (p, show, trans) => trans.__('redirects more than %1 times', show(p.most)),
  'redirect-without-target': (_p, _show, trans) => trans.__('the server redirects to nowhere'),
  'redirect-drops-encryption': (_p, _show, trans) => trans.__('redirects from https to http'),
  'server-answered': (p, show, trans) =>
    trans.__('the server answered %1 %2', show(p.status), show(p.phrase)),
  'server-answered-status': (p, show, trans) => trans.__('the server answered %1', show(p.status)),
  'server-answered-error': (p, show, trans) => trans.__('%1 (%2)', show(p.answer), show(p.error)),
  'unknown-compression': (p, show, trans) =>
    trans.__('the server sends an unknown compression (%1)', show(p.compression)),
  'transfer-cut': (p, show, trans) =>
    trans.__(
      'the connection broke off after %1 of %2 bytes',
      show(p.received, ','),
      show(p.size, ',')
    ),
  'transfer-cut-in-compressed': (_p, _show, trans) =>
    trans.__('the connection closed before the compressed data was complete'),
  'transfer-cancelled': (_p, _show, trans) => trans.__('the transfer was cancelled'),
  'transfer-too-long': (_p, _show, trans) => trans.__('the transfer took too long'),
  'server-answers-late': (_p, _show, trans) => trans.__('the server does not respond in time'),
  'server-too-slow': (_p, _show, trans) => trans.__('the server sends too slowly'),
  'fetched-too-large': (p, show, trans) =>
    trans.__('the file is larger than the %1 bytes allowed here', show(p.most, ',')),
  'no-upload': (_p, _show, trans) => trans.__('upload not found; it may be finished or abandoned'),
  'upload-finished': (_p, _show, trans) => trans.__('the upload is finished'),
  'upload-locked': (_p, _show, trans) => trans.__('another request is writing to this upload'),
  'upload-offset-differs': (p, show, trans) =>
    trans.__('the upload must continue at offset %1, not at %2', show(p.offset), show(p.given)),
  'upload-incomplete': (p, show, trans) =>
    trans.__('%1 of %2 bytes have arrived', show(p.received, ','), show(p.size, ',')),
  'upload-beyond-size': (p, show, trans) =>
    trans.__('the upload may have at most %1 bytes', show(p.most, ',')),
  'upload-too-large': (p, show, trans) =>
    trans.__('an upload may have at most %1 bytes', show(p.most, ',')),
  'upload-too-large-to-read': (p, show, trans) =>
    trans.__('%1 has more than %2 bytes', show(p.name), show(p.most, ',')),
  'size-negative': (_p, _show, trans) => trans.__('may not be negative'),
  'not-a-checksum': (_p, _show, trans) => trans.__('must be 64 hexadecimal digits'),
  'checksum-differs': (p, show, trans) =>
    trans.__(
      'the content has the checksum %1, which differs from the expected one',
      show(p.checksum)
    ),
  'bundle-too-large': (p, show, trans) =>
    trans.__(
      'The code bundle of %1 has more than %2 bytes; largest: %3',
      show(p.name),
      show(p.most, ','),
      show(p.largest, ', ')
    ),
  'file-of-size': (p, show, trans) => trans.__('%1 (%2)', show(p.name), show(p.size, ',')),
  'bundle-file-removed': (p, show, trans) =>
    trans.__(
      'A file or folder was removed while the code of %1 was collected: %2',
      show(p.name),
      show(p.message)
    ),
  'not-a-dataset-id': (p, show, trans) => trans.__("'%1' is not a valid ID", show(p.id)),
  'dataset-place-taken': (p, show, trans) =>
    trans.__('%1 already exists and was not created by nbyard', show(p.path)),
  'link-place-taken': (p, show, trans) =>
    trans.__('%1 already exists and was not created by nbyard', show(p.path)),
  'link-refused': (p, show, trans) =>
    trans.__('%1 cannot be linked: %2', show(p.path), show(p.message)),
  'archive-unknown': (_p, _show, trans) =>
    trans.__(
      'This file is not a supported archive. Supported formats: zip, tar, tar.gz, tar.bz2, tar.xz.'
    ),
  'archive-damaged': (p, show, trans) =>
    trans.__('The archive is damaged or was cut off: %1', show(p.message)),
  'archive-without-end': (_p, _show, trans) =>
    trans.__('The archive is damaged or was cut off: its end is missing.'),
  'archive-encrypted': (p, show, trans) =>
    trans.__("The archive is encrypted: '%1'.", show(p.name)),
  'archive-empty': (_p, _show, trans) => trans.__('The archive holds no files.'),
  'archive-holds-link': (p, show, trans) =>
    trans.__("The archive holds a link or device: '%1'.", show(p.name)),
  'archive-name-twice': (p, show, trans) =>
    trans.__("The archive has '%1' twice, or in two spellings.", show(p.name)),
  'archive-file-and-folder': (p, show, trans) =>
    trans.__("The archive has '%1' as a file and as a folder.", show(p.name)),
  'archive-too-many-files': (p, show, trans) =>
    trans.__('An archive may have at most %1 files.', show(p.most, ',')),
  'archive-bomb': (_p, _show, trans) =>
    trans.__('The archive expands to far more than its own size.'),
  'archive-beyond-ratio': (p, show, trans) =>
    trans.__('The archive expands too far (at most %1 times its own size).', show(p.most)),
  'not-a-digest': (p, show, trans) => trans.__("'%1' is not a digest", show(p.digest)),
  'digest-of-folder': (_p, _show, trans) => trans.__('is the digest of a folder, not of a file'),
  'digest-of-file': (_p, _show, trans) => trans.__('is the digest of a file, not of a folder'),
  'bytes-missing': (p, show, trans) =>
    trans.__('the content with the digest %1 is not in the store', show(p.digest)),
  'bytes-damaged': (p, show, trans) =>
    trans.__('the stored content does not match its digest %1', show(p.digest)),
  'bytes-being-deleted': (_p, _show, trans) =>
    trans.__('Unused content is being deleted. Try again in a moment.'),
  'disk-full-for-bytes': (p, show, trans) =>
    trans.__('disk full: needs %1 bytes', show(p.needed, ',')),
  'disk-full-with-reserve': (p, show, trans) =>
    trans.__(
      'disk full: needs %1 bytes in addition to the %2 that nbyard keeps free; %3 are free',
      show(p.needed, ','),
      show(p.reserve),
      show(p.free)
    ),
  'disk-full-no-file': (_p, _show, trans) => trans.__('disk full: no file can be created'),
  'file-changed-while-read': (p, show, trans) =>
    trans.__('%1 changed while it was read', show(p.path)),
  'place-taken': (p, show, trans) => trans.__('%1 already exists', show(p.path)),
  'folder-name-twice': (_p, _show, trans) => trans.__('two files of the folder have the same name'),
  'folder-too-deep': (p, show, trans) =>
    trans.__('folders may be nested at most %1 levels deep', show(p.most)),
  'folder-too-many-files': (p, show, trans) =>
    trans.__('a folder may have at most %1 files', show(p.most, ',')),
  'path-empty': (_p, _show, trans) => trans.__('a path is needed'),
  'path-has-nul': (_p, _show, trans) => trans.__('may not contain NUL'),
  'path-hides-dots': (_p, _show, trans) => trans.__('may not contain a percent-encoded ..'),
  'path-too-long': (p, show, trans) => trans.__('%1… is longer than a path can be', show(p.path)),
  'path-outside-root': (p, show, trans) =>
    trans.__('%1 leads outside the allowed folder', show(p.path)),
  'path-outside-folders': (p, show, trans) =>
    trans.__('%1 is outside the folders allowed here', show(p.path)),
  'not-an-ordinary-file': (p, show, trans) => trans.__('%1 is not an ordinary file', show(p.path)),
  'path-is-folder': (p, show, trans) => trans.__('%1 is a folder, not a file', show(p.path)),
  'path-is-link': (p, show, trans) => trans.__('%1 is a link', show(p.path)),
  'path-missing': (p, show, trans) => trans.__('%1 does not exist', show(p.path)),
  'path-unreadable': (p, show, trans) =>
    trans.__('%1 cannot be read: %2', show(p.path), show(p.message)),
  'file-too-large': (p, show, trans) =>
    trans.__('%1 has more than %2 bytes.', show(p.path), show(p.most, ',')),
  'file-forbidden': (p, show, trans) =>
    trans.__('%1 cannot be read: permission denied.', show(p.path)),
  'no-entry-point': (p, show, trans) =>
    trans.__(
      "the %1 '%2' is not installed (present: %3)",
      show(p.noun),
      show(p.name),
      show(p.present, ', ')
    ),
  'no-entry-points': (p, show, trans) =>
    trans.__("the %1 '%2' is not installed (present: none)", show(p.noun), show(p.name)),
  'command-not-started': (p, show, trans) => trans.__('cannot be started: %1', show(p.message)),
  'no-answer-within': (p, show, trans) => trans.__('no answer in %1 s', show(p.seconds)),
  'help-silent': (p, show, trans) =>
    trans.__('printed nothing for --help within %1 s', show(p.seconds)),
  'no-uv': (_p, _show, trans) => trans.__('uv is not installed.'),
  'no-installer': (_p, _show, trans) => trans.__('Neither uv nor pip is installed.'),
  'installation-too-long': (p, show, trans) =>
    trans.__('The installation took longer than install_timeout_seconds: %1 s.', show(p.seconds)),
  'address-of-dependency': (p, show, trans) =>
    trans.__('%1 comes from a URL that another package requires', show(p.package)),
  'hashes-differ': (p, show, trans) =>
    trans.__('%1 %2 has none of the requested hashes.', show(p.package), show(p.version)),
  'kernel-not-on-machine': (p, show, trans) =>
    trans.__("The kernel '%1' is not installed on this machine.", show(p.name)),
  'kernel-language-differs': (p, show, trans) =>
    trans.__(
      'the language of %1 is %2, that of the notebook is %3',
      show(p.kernel),
      show(p.own),
      show(p.language)
    ),
  'interpreter-fails': (p, show, trans) =>
    trans.__('The interpreter %1 does not run: %2', show(p.interpreter), show(p.message)),
  'store-blocked': (p, show, trans) =>
    trans.__('The store is busy: process %1 (%2) holds its write lock.', show(p.pid), show(p.name)),
  'store-blocked-by-stopped': (p, show, trans) =>
    trans.__(
      'The store is busy: process %1 (%2) is stopped and holds its write lock.',
      show(p.pid),
      show(p.name)
    ),
  'model-probe-not-started': (p, show, trans) =>
    trans.__('%1 cannot be started to inspect the model: %2', show(p.program), show(p.message)),
  'model-probe-too-long': (p, show, trans) =>
    trans.__('loading the model and calling it once took more than %1 s', show(p.seconds)),
  'model-probe-ended': (_p, _show, trans) =>
    trans.__(
      'the process that loads and calls the model exited early; the model may need more memory than allowed here'
    ),
  'model-probe-ended-after': (p, show, trans) =>
    trans.__('loading the model and calling it once failed: %1', show(p.last)),
  'model-probe-unreadable': (p, show, trans) =>
    trans.__('the result of inspecting the model cannot be read: %1', show(p.message)),
  'model-needs-memory': (_p, _show, trans) =>
    trans.__('the model needs more memory than allowed here'),
  'model-unreadable': (p, show, trans) =>
    trans.__('neither pickle nor joblib can read the file here: %1', show(p.message)),
  'model-module-missing': (p, show, trans) =>
    trans.__(
      'the module %1 was not found by the interpreter that inspected the model (%2)',
      show(p.module),
      show(p.interpreter)
    ),
  'model-without-predict': (p, show, trans) =>
    trans.__('the file contains a %1, which has no method predict', show(p.type)),
  'model-class-in-notebook': (p, show, trans) =>
    trans.__(
      '%1 is defined in the notebook or script itself, where other programs cannot find it: move it to a module next to it, and import it from there',
      show(p.name)
    ),
  'model-columns-unknown': (p, show, trans) =>
    trans.__(
      'the %1 does not list its input columns (it has no feature_names_in_): fit it with a data frame that has column names',
      show(p.type)
    ),
  'model-column-incomplete': (p, show, trans) =>
    trans.__(
      'the %1 of the model has a column without a name or a valid type; valid types: %2',
      show(p.attribute),
      show(p.types, ', ')
    ),
  'row-of-table': (p, show, trans) => trans.__('a row of %1', show(p.table)),
  'row-of-zeros': (_p, _show, trans) => trans.__('a row of zeros'),
  'model-refuses-row': (p, show, trans) =>
    trans.__('predict failed for %1: %2', show(p.row), show(p.message)),
  'model-answers-array': (p, show, trans) =>
    trans.__('predict returns an array of the shape %1 without column names', show(p.shape)),
  'model-answers-without-names': (p, show, trans) =>
    trans.__('predict returns a %1 without column names', show(p.type)),
  'model-answers-type': (p, show, trans) =>
    trans.__('predict returns values of the type %1, which is not a column type', show(p.type)),
  'model-answer-unfit': (p, show, trans) =>
    trans.__('the result of predict cannot be described: %1', show(p.message)),
  hints: (p, show) => show(p.hints, ' '),
  'free-name': (p, show, trans) => trans.__("Choose another name; '%1' is free.", show(p.name)),
  'did-you-mean': (p, show, trans) => trans.__('Did you mean %1?', show(p.names, ' or ')),
  'ask-the-log': (p, show, trans) =>
    trans.__("The server's log has details. Look for %1.", show(p.request)),
  'try-again-then': (_p, _show, trans) => trans.__('Try again when it is installed.'),
  'free-space': (_p, _show, trans) => trans.__('Free space and try again.'),
  'free-space-of-store': (_p, _show, trans) =>
    trans.__('Free space on the disk of the store, then try again.'),
  'free-inodes': (_p, _show, trans) =>
    trans.__('Free space, or remove files where the file system has no inodes left.'),
  'database-correct-url': (_p, _show, trans) =>
    trans.__('Create the database or user, or correct the setting database_url.'),
  'install-postgres': (_p, _show, trans) =>
    trans.__("Install the driver with: pip install 'nbyard[postgres]'"),
  'results-of-node': (p, show, trans) =>
    trans.__('Its metrics and outputs are: %1.', show(p.names, ', ')),
  'database-may-return': (_p, _show, trans) =>
    trans.__(
      'The database server may be down or restarting. Runs that have started continue meanwhile.'
    ),
  'continue-or-end-process': (p, show, trans) =>
    trans.__(
      'Continue the process (kill -CONT %1) or kill it (kill -9 %2). Killing it rolls back its unfinished write.',
      show(p.pid),
      show(p.pid)
    ),
  'wait-for-process': (_p, _show, trans) =>
    trans.__('Try again in a moment. If the store stays busy, stop that process.'),
  'restore-store': (p, show, trans) =>
    trans.__(
      'Nothing was changed. Restore a backup, or start with an empty store: mv %1 %2.old',
      show(p.folder),
      show(p.folder)
    ),
  'another-store': (_p, _show, trans) =>
    trans.__('set another folder with store_dir (NBYARD_STORE_DIR).'),
  'mount-store-anew': (p, show, trans) =>
    trans.__(
      'Nothing was changed. Its file system may have become read-only. Remount it, or %1',
      show(p.other)
    ),
  'run-as-owner': (p, show, trans) =>
    trans.__(
      'Nothing was changed. Run nbyard as %1 (without sudo, or as that user of the container), or %2 To make all files in the folder yours: sudo chown -R %3 %4',
      show(p.owner),
      show(p.other),
      show(p.own),
      show(p.folder)
    ),
  'move-file-out': (p, show, trans) =>
    trans.__(
      'Nothing was changed. Move that file out of the folder (nbyard then denies access to other users), or %1',
      show(p.other)
    ),
  'close-folder': (p, show, trans) =>
    trans.__(
      'Nothing was changed. Try: chmod 700 %1. If the mode stays, %2',
      show(p.folder),
      show(p.other)
    ),
  'upgrade-nbyard': (p, show, trans) =>
    trans.__('The store has schema %1. Upgrade nbyard to open it.', show(p.schema)),
  'give-old-key': (p, show, trans) =>
    trans.__(
      'Add the old key after the new one in %1, or replace the secret values of the credential.',
      show(p.variable)
    ),
  'replace-secrets': (_p, _show, trans) =>
    trans.__('Replace the secret values in it, or delete it.'),
  'restore-key': (p, show, trans) =>
    trans.__(
      'Set %1 to the key that encrypted them (on the server?), or restore %2. If the key is lost, create a new one: (umask 077; openssl rand -hex 32 > %3)',
      show(p.variable),
      show(p.file),
      show(p.name)
    ),
  'make-key': (_p, _show, trans) => trans.__('Create one with: openssl rand -hex 32'),
  'store-as-credential': (_p, _show, trans) => trans.__('Store them as a credential.'),
  'store-as-s3-credential': (_p, _show, trans) =>
    trans.__('Store it as a credential of the kind s3.'),
  'your-credentials': (p, show, trans) => trans.__('Your credentials: %1.', show(p.names, ', ')),
  'no-credentials-yet': (_p, _show, trans) => trans.__('There are no credentials yet.'),
  'remove-from-users': (_p, _show, trans) =>
    trans.__('Remove it from these, or force the deletion.'),
  'remove-from-workflows': (_p, _show, trans) =>
    trans.__('Remove it from these workflows, or force the deletion.'),
  'move-away': (_p, _show, trans) => trans.__('Move it away, or choose another link folder.'),
  'ignore-files': (_p, _show, trans) =>
    trans.__('List what the code does not need in a file .nbyardignore of the project folder.'),
  'try-again-undisturbed': (_p, _show, trans) =>
    trans.__('Try again when no other program deletes files next to the code.'),
  'make-dataset': (p, show, trans) =>
    trans.__('Add it as a dataset: nbyard datasets add %1', show(p.file)),
  'other-name-or-version': (_p, _show, trans) =>
    trans.__('Choose another name, or add a new version of that dataset.'),
  'other-name': (_p, _show, trans) =>
    trans.__('Choose another name, or edit or delete that deployment.'),
  'start-engine': (_p, _show, trans) =>
    trans.__('Start it, or set DOCKER_HOST or the setting docker_host (NBYARD_DOCKER_HOST).'),
  'start-engine-and-retry': (_p, _show, trans) =>
    trans.__('Start the container engine (nbyard doctor shows its state) and try again.'),
  'join-group': (p, show, trans) =>
    trans.__(
      'Add your account to the group of the socket: sudo usermod -aG %1 ACCOUNT. Then sign in again, or restart your server if it belongs to a JupyterHub. Members of that group can become root.',
      show(p.group)
    ),
  'log-in-by-ssh': (_p, _show, trans) =>
    trans.__(
      '`ssh` must connect without a prompt, and the Docker client must be installed on that host. Run `docker version` over `ssh` to check.'
    ),
  'show-certificates': (_p, _show, trans) =>
    trans.__(
      'Set docker_cert_path (NBYARD_DOCKER_CERT_PATH), or DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, to the folder of its certificates.'
    ),
  'install-ssh': (_p, _show, trans) => trans.__('Install the OpenSSH client.'),
  'free-networks': (_p, _show, trans) =>
    trans.__('Remove unused networks (docker network prune) or add address pools.'),
  'declare-parameters': (_p, _show, trans) =>
    trans.__(
      'Declare parameters in the parameters cell of a notebook, or in FILE.nbexec next to a script or Dockerfile (Dockerfile.nbexec).'
    ),
  'declare-workflow-parameters': (_p, _show, trans) =>
    trans.__(
      'To declare it, open the inspector of the workflow in JupyterLab while no node is selected. Then select it in the menu next to the field of each node that uses it.'
    ),
  'bisect-by-metric': (p, show, trans) =>
    trans.__('These metrics differ between both runs: %1.', show(p.names, ', ')),
  'bisect-needs-metric': (_p, _show, trans) =>
    trans.__(
      'Without a metric, one run must have succeeded and the other one failed. No metric differs between both runs; nbyard.log_metric(NAME, NUMBER) records one.'
    ),
  'skip-in-scratch-run': (_p, _show, trans) =>
    trans.__('Skip the call in the code where the environment variable NBYARD_SCRATCH_RUN is set.'),
  'find-gpus': (_p, _show, trans) =>
    trans.__('nbyard doctor shows how GPUs were detected. The setting gpus can list them.'),
  'install-gpu-toolkit': (_p, _show, trans) =>
    trans.__(
      "Install the NVIDIA Container Toolkit on the engine's machine and restart the engine. For Podman, write its CDI file (nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml)."
    ),
  'set-dask': (_p, _show, trans) =>
    trans.__(
      'Set dask_address to the address of a scheduler, or set dask_cluster. See the Dask how-to.'
    ),
  'pip-install': (p, show, trans) => trans.__('pip install %1', show(p.package)),
  'same-versions': (_p, _show, trans) =>
    trans.__('Install the same versions of Python, distributed and msgpack on both sides.'),
  'known-clusters': (p, show, trans) =>
    trans.__(
      'The setting dask_cluster must be one of %1, or MODULE:CALLABLE.',
      show(p.known, ', ')
    ),
  'install-installer': (p, show, trans) =>
    trans.__(
      'Install uv or pip in the environment of nbyard, for example: %1 -m ensurepip',
      show(p.python)
    ),
  'name-a-wheel': (_p, _show, trans) =>
    trans.__(
      'Add the URL of its wheel to the requirements, or choose another version of the package that requires it.'
    ),
  'correct-hash': (_p, _show, trans) => trans.__('Correct its hash, or leave it out.'),
  'installed-kernels': (p, show, trans) => trans.__('Installed kernels: %1.', show(p.names, ', ')),
  'no-installed-kernels': (_p, _show, trans) => trans.__('No kernels are installed.'),
  'repair-environment': (_p, _show, trans) =>
    trans.__('Repair its environment, or choose another kernel.'),
  'show-environment': (p, show, trans) =>
    trans.__('From a shell: nbyard environments show %1 shows what to do.', show(p.name)),
  'allow-private-hosts': (_p, _show, trans) =>
    trans.__(
      'nbyard refuses addresses of this machine and of private networks. An administrator allows a host: start JupyterLab with NBYARD_ALLOWED_PRIVATE_HOSTS=nas.local:8080, or set c.Settings.allowed_private_hosts = ["nas.local:8080"].'
    ),
  'use-plain-references': (_p, _show, trans) =>
    trans.__('Plain references such as $(inputs.name.path) are supported.'),
  'pass-as-file': (_p, _show, trans) => trans.__('Pass it as a file.'),
  'quote-question-mark': (p, show, trans) =>
    trans.__('Between braces, a text with a question mark needs quotes: %1', show(p.example)),
  'save-in-format-4': (_p, _show, trans) =>
    trans.__('Open it in JupyterLab and save it: that writes format 4.'),
  'upload-wheel': (_p, _show, trans) =>
    trans.__('Put the wheel into a package index, or make it available at a URL.'),
  'write-below-marker': (_p, _show, trans) =>
    trans.__(
      'Write your lines below the marker. Set base, packages and user with options (nbyard images build --help). nbyard images dockerfile prints the generated Dockerfile. To build a Dockerfile of your own, pass its path.'
    ),
  'give-input-file': (p, show, trans) =>
    trans.__('From a shell: --input-file %1=path', show(p.name)),
  'cancel-run': (p, show, trans) => trans.__('From a shell: nbyard runs cancel %1', show(p.number)),
  'use-linux': (_p, _show, trans) => trans.__('Only Linux is tested. On Windows, use WSL2.'),
  'free-space-for-outputs': (_p, _show, trans) =>
    trans.__('Free space: runs need room for their outputs.'),
  'install-ipykernel': (_p, _show, trans) => trans.__('pip install ipykernel'),
  'restart-dispatcher': (p, show, trans) =>
    trans.__(
      'kill %1 stops the dispatcher. Running tasks continue. The next dispatcher uses the settings of the process that starts it.',
      show(p.pid)
    ),
  'check-gpus': (_p, _show, trans) => trans.__('Check the output of nvidia-smi -L, or set gpus.'),
  'install-docker': (_p, _show, trans) =>
    trans.__('Install and start Docker, or set docker_host, to run in containers.'),
  'start-cluster': (_p, _show, trans) => trans.__('Start it, or ask its owner.'),
  'reinstall-nbyard': (_p, _show, trans) =>
    trans.__('Reinstall nbyard: its wheel contains the extension.'),
  'name-a-class': (p, show, trans) =>
    trans.__('Choose one, such as %1:%2.', show(p.file), show(p.name)),
  'give-defaults': (_p, _show, trans) => trans.__('Set a default for each.'),
  'declare-columns': (p, show, trans) =>
    trans.__('Add %1 to the class, or write a model file (nervosum.yaml).', show(p.example)),
  'write-model-file': (_p, _show, trans) =>
    trans.__(
      'Or write a model file (nervosum.yaml) for a class that loads this file in its __init__. It declares the inputs, outputs and requirements of the model.'
    ),
  'list-requirements': (p, show, trans) =>
    trans.__('List the required packages in a %1 next to it.', show(p.file)),
  'install-nbdime': (_p, _show, trans) =>
    trans.__("Install nbdime to compare notebooks cell by cell: pip install 'nbyard[nbdime]'"),
  'too-much-changed': (_p, _show, trans) =>
    trans.__(
      'Too much changed to compare the notebooks cell by cell. Plain lines are compared instead.'
    ),
  'run-model': (p, show, trans) => trans.__('nbyard models run -n %1', show(p.name)),
  'serve-or-predict': (p, show, trans) =>
    trans.__(
      'nbyard models deploy -n %1 serves it. To predict with its file: nbyard run %2',
      show(p.name),
      show(p.path)
    ),
  'rename-model': (_p, _show, trans) =>
    trans.__('Give this model another name or tag in its file.'),
  'or-remove-image': (p, show, trans) => trans.__('Or: nbyard images rm %1', show(p.image)),
  'or-remove-model': (p, show, trans) => trans.__('Or: nbyard models rm %1', show(p.image)),
  'image-rebuilt-by-deploying': (_p, _show, trans) =>
    trans.__('Deploying the model rebuilds the image and replaces the earlier one.'),
  'follow-image-log': (p, show, trans) =>
    trans.__('nbyard images log %1 shows its progress.', show(p.image)),
  'see-image-log': (p, show, trans) => trans.__('nbyard images log %1 shows why.', show(p.image)),
  'deploy-model-again': (_p, _show, trans) =>
    trans.__('To repeat the build, deploy the file or result of the model again.'),
  'load-image': (_p, _show, trans) => trans.__('`docker load` adds an image without a registry.'),
  'remove-built-image': (p, show, trans) =>
    trans.__(
      'Choose another name (--tag), or remove that image first: nbyard images rm %1',
      show(p.image)
    ),
  'remove-pulled-image': (p, show, trans) =>
    trans.__('Remove that image first: nbyard images rm %1', show(p.image)),
  'push-under-other-name': (p, show, trans) =>
    trans.__(
      'Push it under another name, or remove that image first: nbyard images rm %1',
      show(p.image)
    ),
  'list-artifacts': (_p, _show, trans) =>
    trans.__(
      'nbyard artifacts ls lists named artifacts; nbyard runs lineage RUN shows those of a run.'
    ),
  'list-revisions': (p, show, trans) =>
    trans.__('nbyard deployments revisions %1 lists them.', show(p.name)),
  'show-deployment': (p, show, trans) =>
    trans.__('nbyard deployments show %1 shows why.', show(p.name)),
  'show-deployment-and-log': (p, show, trans) =>
    trans.__(
      'nbyard deployments show %1 and nbyard deployments log %2 show why.',
      show(p.name),
      show(p.name)
    ),
  'see-log': (_p, _show, trans) => trans.__('Its log may show why.'),
  'one-way-only': (_p, _show, trans) =>
    trans.__('Use either the fields of nbyard or those of the dashboard.'),
  'list-value-needed': (_p, _show, trans) => trans.__('a list is needed'),
  'texts-needed': (_p, _show, trans) => trans.__('a list of texts is needed'),
  'text-or-lines-needed': (_p, _show, trans) => trans.__('text or a list of lines is needed'),
  'dataset-needed': (_p, _show, trans) => trans.__('a dataset is needed'),
  'value-not-json': (p, show, trans) =>
    trans.__(
      'is not valid JSON: %1 (line %2, column %3)',
      show(p.message),
      show(p.line),
      show(p.column)
    ),
  'start-unknown': (_p, _show, trans) => trans.__('nbyard does not know how to start this file'),
  'not-a-dockerfile': (p, show, trans) =>
    trans.__('%1 is not a Dockerfile: it has no FROM instruction', show(p.file)),
  'not-an-argument': (p, show, trans) =>
    trans.__('the %1 does not have this argument', show(p.kind)),
  'not-an-argument-of-models': (_p, _show, trans) =>
    trans.__('a model does not have this argument'),
  'predictions-format': (p, show, trans) => trans.__('must be one of %1', show(p.formats, ', ')),
  'not-a-notebook': (p, show, trans) => trans.__('is not a notebook: %1', show(p.message)),
  'notebook-nested-too-deeply': (_p, _show, trans) =>
    trans.__('is not a notebook: it is nested too deeply'),
  'notebook-not-an-object': (_p, _show, trans) =>
    trans.__('is not a notebook: an object is needed at the top level'),
  'notebook-without-format': (_p, _show, trans) =>
    trans.__('is missing or not a number; this is not a notebook'),
  'notebook-of-other-format': (p, show, trans) =>
    trans.__('the notebook has format %1, not 4', show(p.format)),
  'notebook-of-unknown-version': (p, show, trans) =>
    trans.__('%1 is not a known version', show(p.version)),
  'notebook-not-converted': (p, show, trans) =>
    trans.__(
      'cannot be converted from format %1 to 4: %2 %3',
      show(p.format),
      show(p.error),
      show(p.message)
    ),
  'notebook-too-old-for-tag': (_p, _show, trans) =>
    trans.__('tags can only be added to notebooks of format 4'),
  'cell-type-unknown': (_p, _show, trans) => trans.__('must be code, markdown or raw'),
  'not-a-kernel-name': (p, show, trans) => trans.__('%1 is not a valid kernel name', show(p.name)),
  'parameters-cell-invalid': (p, show, trans) =>
    trans.__('the parameters cell is not valid Python (%1)', show(p.message)),
  'script-utf-16': (p, show, trans) =>
    trans.__('%1 is UTF-16 text, which no interpreter reads. Save it as UTF-8.', show(p.name)),
  'script-with-bom': (p, show, trans) =>
    trans.__(
      '%1 begins with a byte order mark (BOM), which %2 reads as part of the first word. Save it as UTF-8 without BOM.',
      show(p.name),
      show(p.reader)
    ),
  'read-by-system': (_p, _show, trans) => trans.__('the system'),
  'windows-line-ends': (p, show, trans) =>
    trans.__(
      '%1 has Windows line endings (CRLF), which %2 reads as part of the words. Save it with Unix line endings (LF).',
      show(p.name),
      show(p.language)
    ),
  'sh-lacks-word': (p, show, trans) =>
    trans.__(
      '%1 has no first line (#!), so sh runs it. sh does not support %2. Add the first line #!/bin/bash.',
      show(p.name),
      show(p.word)
    ),
  'script-names-no-program': (p, show, trans) =>
    trans.__(
      '%1 does not say which program runs it. Add a first line such as #!/usr/bin/env python3, or set its command in the form.',
      show(p.name)
    ),
  'arguments-of-binary': (p, show, trans) =>
    trans.__(
      'nbyard cannot read the arguments of the binary %1. Declare them in the form, or let Read --help (nbyard executables help) suggest them.',
      show(p.name)
    ),
  'arguments-by-other-way': (p, show, trans) =>
    trans.__(
      '%1 reads its arguments with %2, which nbyard cannot follow. Declare them in the form, or let Read --help (nbyard executables help) suggest them.',
      show(p.name),
      show(p.way)
    ),
  'python-line-invalid': (p, show, trans) =>
    trans.__('%1, line %2: %3', show(p.name), show(p.line), show(p.message)),
  'script-no-python': (p, show, trans) =>
    trans.__('%1 cannot be read as Python: %2', show(p.name), show(p.message)),
  'shebang-unusable': (p, show, trans) =>
    trans.__(
      'The first line (#!) of %1 specifies the program %2, which is not installed where the node runs. Install it, or correct the line.',
      show(p.name),
      show(p.program)
    ),
  'suffix-program-missing': (p, show, trans) =>
    trans.__(
      'Because of its file name, %1 is started with %2, which is not installed where the node runs. Install it, or set another command in the form.',
      show(p.name),
      show(p.program)
    ),
  'loader-missing': (p, show, trans) =>
    trans.__(
      'The program %1 needs the loader %2, which is not installed where the node runs. Use a program built for this system, or an image that has the loader.',
      show(p.name),
      show(p.loader)
    ),
  'library-missing': (p, show, trans) =>
    trans.__(
      'The library %1 is not installed where the node runs. Install it, or use an image that has it.',
      show(p.library)
    ),
  'set-executable': (p, show, trans) =>
    trans.__('Run chmod +x %1, then run the node again.', show(p.name)),
  'binary-of-processor': (p, show, trans) =>
    trans.__(
      '%1 is a program for %2 processors. Use a program built for the processor of the machine that runs the node.',
      show(p.name),
      show(p.processor)
    ),
  'binary-of-system': (p, show, trans) =>
    trans.__(
      '%1 is a program for %2. Use a program built for Linux.',
      show(p.name),
      show(p.system)
    ),
  'shell-passes-no-arguments': (p, show, trans) =>
    trans.__(
      'line %1: %2 uses the shell form, which does not pass arguments on; write ["program", "word"]',
      show(p.line),
      show(p.keyword)
    ),
  'help-found-nothing': (_p, _show, trans) =>
    trans.__('No arguments were found in the output of --help.'),
  'help-to-check': (_p, _show, trans) =>
    trans.__('Arguments were read from the output of --help. Check them before you save.'),
  'links-stay': (p, show, trans) =>
    trans.__(
      'Symbolic links are not copied with the code: %1. Copy their targets, or pass them as inputs.',
      show(p.names, ', ')
    ),
  'more-links-stay': (p, show, trans) =>
    trans.__(
      'Symbolic links are not copied with the code: %1, …. Copy their targets, or pass them as inputs.',
      show(p.names, ', ')
    ),
  'file-not-served': (p, show, trans) =>
    trans.__('Its file is outside the served folder; runs use version %1.', show(p.number)),
  'file-gone': (p, show, trans) =>
    trans.__('Its file was not found; runs use version %1.', show(p.number)),
  'file-changed-since': (p, show, trans) =>
    trans.__(
      'Its file has changed since version %1; the next run creates a new one.',
      show(p.number)
    ),
  'arguments-unread': (p, show, trans) =>
    trans.__(
      'Arguments are not read: %1. Describe them in the form or a .nbexec file.',
      show(p.problem)
    ),
  'arguments-between': (p, show, trans) =>
    trans.__(
      'Arguments are not read: unknown ones may be between them. %1 Describe them in the form or a .nbexec file.',
      show(p.hint)
    ),
  'argument-name-unfit': (p, show, trans) =>
    trans.__('%1 is not a valid argument name.', show(p.name)),
  'argument-unread': (p, show, trans) =>
    trans.__(
      'The argument %1 in line %2 is not read: %3.',
      show(p.name),
      show(p.line),
      show(p.problem)
    ),
  'unnamed-argument-unread': (p, show, trans) =>
    trans.__('The argument in line %1 is not read: %2.', show(p.line), show(p.problem)),
  'loose-arguments-unread': (p, show, trans) =>
    trans.__(
      'Arguments added in a loop, under a condition or elsewhere are not read (line %1).',
      show(p.lines, ', ')
    ),
  'arguments-of-call-unread': (p, show, trans) =>
    trans.__('Arguments that %1 in line %2 may add are not read.', show(p.name), show(p.line)),
  'arguments-of-decorator-unread': (p, show, trans) =>
    trans.__('Arguments that @%1 may add are not read.', show(p.name)),
  'words-unread': (p, show, trans) =>
    trans.__('The positional arguments are not read: %1.', show(p.problem)),
  'parameter-unread': (p, show, trans) =>
    trans.__('%1 is not read: %2', show(p.name), show(p.problem)),
  'option-unread': (p, show, trans) =>
    trans.__('%1 is not read: %2.', show(p.name), show(p.problem)),
  'variadic-unused': (p, show, trans) =>
    trans.__('%1 receives no values: only named parameters do.', show(p.name)),
  'type-bool': (p, show, trans) =>
    trans.__(
      '%1 has the type bool, which converts every text except the empty one to true.',
      show(p.name)
    ),
  'choices-computed': (p, show, trans) =>
    trans.__('The choices of %1 are computed and not shown.', show(p.name)),
  'default-computed': (p, show, trans) =>
    trans.__(
      'The default of %1 is computed (%2): the script sets it if no value is passed.',
      show(p.name),
      show(p.expression)
    ),
  'default-kept': (p, show, trans) =>
    trans.__(
      'The default of %1 cannot be passed as a value: the script sets it itself.',
      show(p.name)
    ),
  'default-not-shown': (p, show, trans) =>
    trans.__('The default of %1 is not shown: %2.', show(p.name), show(p.problem)),
  'default-unfit': (p, show, trans) =>
    trans.__(
      'The default of %1 does not match its declaration: %2.',
      show(p.name),
      show(p.problem)
    ),
  'handed-name-computed': (p, show, trans) =>
    trans.__(
      '%1 in line %2 is not read: its name must be a literal and a valid argument name.',
      show(p.call),
      show(p.line)
    ),
  'handed-both-ways': (p, show, trans) =>
    trans.__(
      '%1 is declared both as an output and as another argument. The first declaration is used.',
      show(p.name)
    ),
  'action-has-keyword': (p, show, trans) =>
    trans.__('the keyword %1 belongs to a custom action', show(p.keyword)),
  'own-action': (_p, _show, trans) => trans.__('it has an action of its own'),
  'action-is': (p, show, trans) => trans.__('the action %1 is not supported', show(p.action)),
  'name-not-given': (_p, _show, trans) => trans.__('nbyard cannot use its name'),
  'changes-nothing': (_p, _show, trans) => trans.__('setting it has no effect'),
  'lists-of-lists': (_p, _show, trans) => trans.__('its value is a list of lists'),
  'letters-one-by-one': (_p, _show, trans) => trans.__('it splits its value into single letters'),
  'rest-of-line': (_p, _show, trans) => trans.__('it consumes the rest of the command line'),
  'counts-on': (_p, _show, trans) => trans.__('it counts up from its default'),
  'makes-own': (p, show, trans) => trans.__('the keyword %1 is not supported', show(p.keyword)),
  'without-name': (_p, _show, trans) => trans.__('it has no name'),
  'true-when-not-given': (_p, _show, trans) => trans.__('it is true by default'),
  'name-no-text': (_p, _show, trans) => trans.__('a name is not text'),
  'negative-option': (p, show, trans) =>
    trans.__('with the option %1, numbers cannot be negative', show(p.option)),
  'foreign-parser': (_p, _show, trans) =>
    trans.__('the script has an ArgumentParser that is not from argparse'),
  'several-parsers': (_p, _show, trans) => trans.__('the script has several parsers'),
  'parser-keyword': (p, show, trans) =>
    trans.__('the keyword %1 of the parser may change its arguments', show(p.keyword)),
  'own-parser-class': (_p, _show, trans) => trans.__('the script defines its own parser class'),
  'has-subcommands': (_p, _show, trans) => trans.__('the script has subcommands'),
  'program-has-subcommands': (_p, _show, trans) => trans.__('the program has subcommands'),
  'parses-own-list': (p, show, trans) =>
    trans.__('line %1 parses a fixed list instead of the command line', show(p.line)),
  'words-not-told-apart': (p, show, trans) =>
    trans.__('the values of %1 and %2 cannot be distinguished', show(p.first), show(p.second)),
  'several-commands': (_p, _show, trans) => trans.__('the script has several commands'),
  'parameters-before-command': (_p, _show, trans) =>
    trans.__('parameters are declared above the command'),
  'command-keyword': (p, show, trans) =>
    trans.__('%1 of the command may change how arguments are read', show(p.keyword)),
  'argparse-and-click': (_p, _show, trans) => trans.__('the script uses both argparse and click'),
  'no-parameters-cell': (_p, _show, trans) =>
    trans.__(
      'No parameters cell was found. To set values for a run, add the tag “parameters” to the cell that assigns them.'
    ),
  'no-constants-to-tag': (p, show, trans) =>
    trans.__(
      'No parameters. To set values for a run, write a cell with assignments such as %1, and add the tag “parameters” to it.',
      show(p.example)
    ),
  'parameters-cell-without-values': (p, show, trans) =>
    trans.__(
      'Cell %1 is tagged “parameters” but assigns no values. Write an assignment such as %2 in it, or move the tag to another cell.',
      show(p.cell),
      show(p.example)
    ),
  'kernel-not-read': (p, show, trans) =>
    trans.__('Arguments of %1 notebooks are not read: add them in the form.', show(p.kernel)),
  'several-parameters-cells': (p, show, trans) =>
    trans.__('Cells %1 are all tagged parameters; the last value counts.', show(p.cells, ', ')),
  'parameter-hides-function': (p, show, trans) =>
    trans.__(
      '%1: this parameter has the name of a Python function, and the notebook can no longer call the function. Rename the parameter.',
      show(p.name)
    ),
  'parameters-hide-functions': (p, show, trans) =>
    trans.__(
      '%1: these parameters have the names of Python functions, and the notebook can no longer call the functions. Rename the parameters.',
      show(p.names, ', ')
    ),
  'cell-no-python': (p, show, trans) =>
    trans.__('The parameters cell is not valid Python (%1).', show(p.message)),
  'ipython-lines-unread': (_p, _show, trans) =>
    trans.__('Lines that only IPython understands were not read as parameters.'),
  'several-names-at-once': (p, show, trans) =>
    trans.__(
      'Line %1 assigns several names at once; each is an argument of its own.',
      show(p.line)
    ),
  'line-no-assignment': (p, show, trans) =>
    trans.__(
      'Line %1 of the parameters cell is not a plain assignment and was not read.',
      show(p.line)
    ),
  'cell-no-r': (p, show, trans) =>
    trans.__('Cell %1 is not read as R: %2.', show(p.cell), show(p.problem)),
  'cell-too-large': (p, show, trans) => trans.__('it has more than %1 KiB', show(p.most)),
  'r-line-unread': (p, show, trans) => trans.__('line %1, %2', show(p.line), show(p.words)),
  'no-channel': (p, show, trans) =>
    trans.__("There is no notice channel '%1'; %2.", show(p.name), show(p.present)),
  'channel-exists': (p, show, trans) =>
    trans.__("A notice channel named '%1' exists.", show(p.name)),
  'channel-name-is-id': (_p, _show, trans) =>
    trans.__('may not be an id: these name other channels'),
  'not-channel-url': (_p, _show, trans) =>
    trans.__('must be an https:// URL, or a URL of Apprise such as slack://… or mailtos://…'),
  'channel-not-encrypted': (_p, _show, trans) =>
    trans.__('must be encrypted (https://, jsons://), because messages name your work'),
  'channel-is-local': (p, show, trans) =>
    trans.__("%1:// stays on the server's own machine", show(p.scheme)),
  'channel-reads-file': (p, show, trans) =>
    trans.__('may not name a file of the server (%1)', show(p.name)),
  'unknown-channel-url': (_p, _show, trans) =>
    trans.__('Apprise does not know this kind of URL, or it is incomplete'),
  'channel-url-examples': (p, show, trans) =>
    trans.__(
      'E-mail: mailtos://USER:PASSWORD@smtp.example.org?to=%1 Slack: https://hooks.slack.com/services/T…/B…/…',
      show(p.address)
    ),
  'channel-events-needed': (_p, _show, trans) => trans.__('at least one event is needed'),
  'channel-named-twice': (_p, _show, trans) => trans.__('the channel is named twice'),
  'channel-kind-missing': (p, show, trans) =>
    trans.__('The package that sends to channels of the kind %1 is not installed', show(p.kind)),
  'channel-package-missing': (p, show, trans) =>
    trans.__('Channels of the kind %1 need the package %2', show(p.kind), show(p.package)),
  'too-many-rules': (p, show, trans) => trans.__('there may be at most %1 rules', show(p.most)),
  'channel-answered': (p, show, trans) =>
    trans.__('%1 answered %2', show(p.service), show(p.status)),
  'channel-answered-text': (p, show, trans) =>
    trans.__('%1 answered %2: %3', show(p.service), show(p.status), show(p.text)),
  'channel-too-late': (p, show, trans) =>
    trans.__('%1 did not answer within %2 s', show(p.service), show(p.seconds)),
  'channel-unreachable': (p, show, trans) =>
    trans.__('%1 cannot be reached: %2', show(p.service), show(p.message)),
  'channel-not-sent': (p, show, trans) =>
    trans.__('%1 did not accept the message: %2', show(p.service), show(p.message)),
  'channel-address-refused': (p, show, trans) =>
    trans.__('%1: %2', show(p.service), show(p.reason)),
  'sender-ended': (p, show, trans) =>
    trans.__('The sender of messages ended unexpectedly: %1', show(p.cause)),
  'too-many-packages': (p, show, trans) => trans.__('has more than %1 packages', show(p.most)),
  'not-debian-package': (p, show, trans) =>
    trans.__('%1 is not a valid Debian package name', show(p.name)),
  'not-user-number': (p, show, trans) =>
    trans.__('must be from 1 to %1: images do not run as root', show(p.most)),
  'not-cuda-version': (p, show, trans) =>
    trans.__('%1 is not a CUDA version such as 12.6 or 12.4.1', show(p.version)),
  'text-of-at-most': (p, show, trans) => trans.__('must be text of at most %1 bytes', show(p.most)),
  'not-name-of-label': (p, show, trans) => trans.__('%1 is not a valid label name', show(p.name)),
  'not-name-of-variable': (p, show, trans) =>
    trans.__('%1 is not a valid variable name', show(p.name)),
  'contains-forbidden': (p, show, trans) => trans.__('may not contain %1', show(p.part)),
  'not-image-name': (p, show, trans) =>
    trans.__(
      '%1 is not a valid image name: write [host[:port]/]name[:tag], with lower-case letters, digits and . _ - between them',
      show(p.name)
    ),
  'push-to-digest': (_p, _show, trans) => trans.__('an image is pushed to a tag, not to a digest'),
  'no-registry': (_p, _show, trans) =>
    trans.__('does not specify a registry, such as registry.example.org:5000/'),
  'marker-missing': (p, show, trans) =>
    trans.__('The Dockerfile does not contain the line %1.', show(p.marker)),
  'line-above-marker': (p, show, trans) =>
    trans.__(
      'Line %1 was changed, but nbyard generates all lines above the marker: %2.',
      show(p.number),
      show(p.line)
    ),
  'source-refused': (p, show) => show(p.message),
  'address-not-allowed': (p, show, trans) =>
    trans.__(
      '%1 is not allowed: an administrator allows addresses with %2',
      show(p.address),
      show(p.setting)
    ),
  'address-refused': (p, show, trans) => trans.__('the address %1', show(p.problem)),
  'login-in-address': (p, show, trans) =>
    trans.__('the address %1; keep them in .netrc, which uv and pip read', show(p.problem)),
  'not-file-address': (_p, _show, trans) =>
    trans.__('a file address must begin with file:/// and an absolute path'),
  'address-with-query': (_p, _show, trans) =>
    trans.__('the address may contain neither ? nor #; add a hash with --hash=sha256:…'),
  'address-with-variables': (_p, _show, trans) =>
    trans.__('the address may not contain .., //, variables or encoded forms of them'),
  'requirement-refused': (p, show, trans) => trans.__('%1: %2', show(p.line), show(p.problem)),
  'hash-form': (_p, _show, trans) =>
    trans.__('--hash supports only sha256, sha384 and sha512: --hash=sha256:<64 hex digits>'),
  'option-misplaced': (p, show, trans) => trans.__('%1 is not allowed here', show(p.option)),
  'option-not-allowed': (p, show, trans) =>
    trans.__('the option %1 is not allowed', show(p.option)),
  'option-of-file': (p, show, trans) =>
    trans.__('the option %1 is not allowed: write the lines of that file', show(p.option)),
  'option-needs-setting': (p, show, trans) =>
    trans.__(
      'the option %1 is not allowed: an administrator allows addresses with %2',
      show(p.option),
      show(p.setting)
    ),
  'editable-needs-path': (_p, _show, trans) =>
    trans.__('-e needs the absolute path of a folder: /… or file:///…'),
  'address-without-name': (_p, _show, trans) =>
    trans.__('a requirement with an address must be written as name @ address'),
  'address-without-name-not-allowed': (p, show, trans) =>
    trans.__(
      'a requirement with an address (name @ address) is not allowed: an administrator allows addresses with %1',
      show(p.setting)
    ),
  'protected-package': (p, show, trans) =>
    trans.__('%1 may not be a requirement: it is a package installer', show(p.package)),
  'given-by-address': (p, show, trans) =>
    trans.__(
      '%1 has an address, which is not allowed: an administrator allows addresses with %2',
      show(p.package),
      show(p.setting)
    ),
  'given-by-no-wheel': (p, show, trans) =>
    trans.__('the address of %1 is not a wheel (.whl)', show(p.package)),
  'given-by-other': (p, show, trans) =>
    trans.__('the address of %1 belongs to %2', show(p.package), show(p.other)),
  'not-version': (p, show, trans) => trans.__('%1 is not a version such as 1.2', show(p.version)),
  'requirements-line': (p, show, trans) =>
    trans.__('requirements, line %1: %2', show(p.line), show(p.problem)),
  'too-many-lines': (p, show, trans) => trans.__('has more than %1 lines', show(p.most)),
  'not-requirement': (p, show, trans) => trans.__('%1 is not a valid requirement', show(p.line)),
  'not-among-requirements': (p, show, trans) =>
    trans.__('%1 is not among the requirements.', show(p.requirement)),
  'folder-without-lock': (p, show, trans) =>
    trans.__(
      '%1: a folder can only be used through an environment, which locks its content. Create one (nbyard environments create NAME -r FILE) and select it in the node instead of the file',
      show(p.line)
    ),
  'no-class': (p, show, trans) =>
    trans.__(
      '%1 has no class %2 at its top level; it has: %3',
      show(p.file),
      show(p.name),
      show(p.known, ', ')
    ),
  'no-classes': (p, show, trans) =>
    trans.__('%1 has no class %2 at its top level, and no other class', show(p.file), show(p.name)),
  'no-predict': (p, show, trans) => trans.__('%1 has no method predict', show(p.name)),
  'no-model-class': (p, show, trans) =>
    trans.__('%1 has no class with a method predict at its top level', show(p.file)),
  'several-model-classes': (p, show, trans) =>
    trans.__('%1 has several classes with predict: %2', show(p.file), show(p.names, ', ')),
  'model-needs-arguments': (p, show, trans) =>
    trans.__('needs %1: models are created without arguments', show(p.names, ', ')),
  'no-input-columns': (_p, _show, trans) =>
    trans.__('the class does not declare the input columns of predict'),
  'no-output-columns': (_p, _show, trans) =>
    trans.__('the class does not declare the output columns of predict'),
  'unreadable-column': (_p, _show, trans) =>
    trans.__("cannot be read as a column without running the code: write {'name': …, 'type': …}"),
  'columns-needed': (p, show, trans) =>
    trans.__('a list of columns is needed, such as %1', show(p.example)),
  'column-twice': (p, show, trans) => trans.__('%1 appears twice', show(p.name)),
  'column-not-object': (_p, _show, trans) =>
    trans.__('a column must be an object with name and type'),
  'column-name-needed': (_p, _show, trans) => trans.__('the name of the column is needed, as text'),
  'column-type-needed': (p, show, trans) =>
    trans.__('a type is needed, one of %1', show(p.known, ', ')),
  'not-column-type': (p, show, trans) =>
    trans.__('%1 is not a column type; must be one of %2', show(p.type), show(p.known, ', ')),
  'tensor-not-column': (_p, _show, trans) =>
    trans.__('only a tensor with a single column can be served'),
  'not-mode': (p, show, trans) =>
    trans.__('%1 is not a valid mode, such as http or batch', show(p.mode)),
  'not-tag': (p, show, trans) =>
    trans.__(
      '%1 may contain only letters, digits and . _ -, and at most 128 characters',
      show(p.tag)
    ),
  'leaves-model-folder': (p, show, trans) =>
    trans.__("%1 leads outside the model's folder", show(p.path)),
  'not-module': (p, show, trans) =>
    trans.__('%1 is not a module of src, such as model or package.model', show(p.name)),
  'not-class-name': (p, show, trans) => trans.__('%1 is not a valid class name', show(p.name)),
  'requirements-needed': (_p, _show, trans) =>
    trans.__('a list of packages or the name of a file is needed'),
  'package-needed': (_p, _show, trans) =>
    trans.__('the name of a package is needed, such as numpy==2.1'),
  'no-python-function': (_p, _show, trans) =>
    trans.__('has no python_function, the only flavor that can be served'),
  'no-signature': (_p, _show, trans) =>
    trans.__('does not list the columns: log the model with signature=infer_signature(…)'),
  'no-signature-outputs': (_p, _show, trans) =>
    trans.__('is missing: pass the predictions to infer_signature, too'),
  'deployment-silent': (p, show, trans) =>
    trans.__('%1 does not respond: it is %2.', show(p.deployment), show(p.state)),
  'deployment-silent-because': (p, show, trans) =>
    trans.__('%1 does not respond: %2.', show(p.deployment), show(p.message)),
  'deployment-silent-cause': (p, show, trans) =>
    trans.__(
      '%1 does not respond: it is %2 (%3).',
      show(p.deployment),
      show(p.state),
      show(p.cause)
    ),
  'set-twice': (p, show, trans) => trans.__('is also set by %1', show(p.other)),
  'no-gpu-types': (_p, _show, trans) =>
    trans.__('GPUs cannot be chosen by type here: leave this field empty'),
  'no-storage': (_p, _show, trans) =>
    trans.__('storage cannot be mounted here: leave this field empty, and import data as datasets'),
  'no-preset': (p, show, trans) =>
    trans.__('unknown preset %1; must be one of %2', show(p.name), show(p.known, ', ')),
  'no-span': (p, show, trans) =>
    trans.__('unknown time span %1; must be one of %2', show(p.span), show(p.known, ', ')),
  'host-name-needed': (_p, _show, trans) =>
    trans.__(
      'is needed: lower-case letters and digits, with - between them, at most 63 characters'
    ),
  'not-host-name': (p, show, trans) =>
    trans.__(
      '%1 is not a valid host name: use lower-case letters and digits, with - between them, at most 63 characters',
      show(p.name)
    ),
  'password-not-used': (p, show, trans) =>
    trans.__('is only used by %1, not by %2', show(p.services, ' and '), show(p.service)),
  'password-length': (p, show, trans) =>
    trans.__('must have %1 to %2 characters', show(p.least), show(p.most)),
  'command-too-long': (p, show, trans) =>
    trans.__(
      'may have at most %1 words of at most %2 characters',
      show(p.words),
      show(p.characters)
    ),
  'command-known': (p, show, trans) =>
    trans.__('cannot be set for %1, which has a fixed command', show(p.service)),
  'must-be-amount': (p, show, trans) =>
    trans.__('must be %1%2, not %3', show(p.amount), show(p.unit), show(p.given)),
  'amount-from-to': (p, show, trans) =>
    trans.__(
      'must be from %1 to %2%3, not %4',
      show(p.least),
      show(p.most),
      show(p.unit),
      show(p.given)
    ),
  'too-many-variables': (p, show, trans) => trans.__('may have at most %1 variables', show(p.most)),
  'set-by-nbyard': (_p, _show, trans) => trans.__('is set by nbyard itself'),
  'one-value-only': (p, show, trans) => trans.__('must be %1, or be left out', show(p.value)),
  'characters-allowed': (p, show, trans) =>
    trans.__('may have at most %1 characters', show(p.most)),
  'too-many-ports': (p, show, trans) => trans.__('may have at most %1 entries', show(p.most)),
  'port-needed': (_p, _show, trans) => trans.__('at least one is needed'),
  'port-name-taken': (p, show, trans) => trans.__('%1 is used by another port', show(p.name)),
  'not-port-name': (p, show, trans) =>
    trans.__(
      '%1 is not a valid port name: use lower-case letters and digits, with - between them, at most 63 characters',
      show(p.name)
    ),
  'port-twice': (p, show, trans) => trans.__('%1 appears twice', show(p.port)),
  'not-port': (p, show, trans) =>
    trans.__('%1 is not a valid port: must be from 1 to 65535', show(p.port)),
  'not-url-path': (_p, _show, trans) => trans.__('must begin with / and be written as in a URL'),
  'no-project': (p, show, trans) => trans.__("There is no project '%1'.", show(p.name)),
  'create-channel': (p, show, trans) =>
    trans.__('Create the channel with: nbyard channels create %1 --on none', show(p.name)),
  'no-policy': (p, show, trans) => trans.__("There is no retention policy '%1'.", show(p.name)),
  'too-many-policies': (p, show, trans) =>
    trans.__('there may be at most %1 retention policies', show(p.most)),
  'project-exists': (p, show, trans) => trans.__("The project '%1' already exists.", show(p.name)),
  'no-resource': (p, show, trans) => trans.__("There is no %1 '%2'.", show(p.kind), show(p.name)),
  'no-project-file': (p, show, trans) =>
    trans.__('There is no nbyard.toml in %1 or above it.', show(p.path)),
  'create-project': (_p, _show, trans) =>
    trans.__('Create a project folder with: nbyard init NAME'),
  'project-file-uncommitted': (_p, _show, trans) =>
    trans.__('is not committed. Commit it, or send files with --stash or --current'),
  'project-file-untracked': (_p, _show, trans) => trans.__('is ignored or not tracked by Git'),
  'project-too-large': (p, show, trans) =>
    trans.__(
      "The project's files have more than %1 bytes. Ignore data with .nbyardignore.",
      show(p.most)
    ),
  'no-commit': (p, show, trans) => trans.__('%1 has no readable Git commit', show(p.path)),
  'push-current': (_p, _show, trans) =>
    trans.__('Commit the files, or send them as they are with --current'),
  'not-a-commit': (_p, _show, trans) => trans.__('must be the full hash of a commit'),
  'not-toml': (p, show, trans) => trans.__('is not valid TOML: %1', show(p.message)),
  'not-among-files': (p, show, trans) =>
    trans.__('%1 is not among the files that are sent', show(p.path)),
  'file-bytes-missing': (p, show, trans) =>
    trans.__('The content of %1 is missing. Push again.', show(p.path)),
  'no-pushed-files': (p, show, trans) =>
    trans.__("The project '%1' has no pushed files.", show(p.name)),
  'not-linked': (p, show, trans) =>
    trans.__("The %1 '%2' is not linked to this project.", show(p.kind), show(p.name)),
  'too-many-facts': (p, show, trans) => trans.__('may have at most %1 entries', show(p.most)),
  'not-a-repository': (p, show, trans) =>
    trans.__('must be the URL of a repository (%1) or user@host:path', show(p.schemes, ', ')),
  'repository-with-secret': (_p, _show, trans) =>
    trans.__('contains a user name or password. Remove it: projects store no secrets'),
  'repository-with-space': (_p, _show, trans) =>
    trans.__('may not contain spaces or control characters'),
  'import-no-field': (p, show, trans) =>
    trans.__('%1: %2. nbyard does not have this field', show(p.place), show(p.value)),
  'import-image': (p, show, trans) =>
    trans.__(
      '%1: %2. Set it when you build an image of the environment',
      show(p.place),
      show(p.value)
    ),
  'import-bad-value': (p, show, trans) =>
    trans.__('%1: %2. %3', show(p.place), show(p.value), show(p.why)),
  'import-wrong-type': (p, show, trans) => trans.__('%1: %2', show(p.place), show(p.why)),
  'import-other-timing': (p, show, trans) =>
    trans.__('%1: %2. The schedule uses %3', show(p.place), show(p.value), show(p.used)),
  'import-login': (p, show, trans) =>
    trans.__('%1: the user name and password in the URL', show(p.place)),
  'import-no-value': (p, show, trans) =>
    trans.__('%1 is missing, so the workflow is left out', show(p.place)),
  'import-no-notebook': (p, show, trans) =>
    trans.__("%1: the notebook '%2' was not found", show(p.place), show(p.name)),
  'import-no-runtime': (p, show, trans) =>
    trans.__(
      '%1: %2 is not in runtimes.yaml. The notebook uses its kernel',
      show(p.place),
      show(p.value)
    ),
  'import-no-file': (p, show, trans) =>
    trans.__('%1: the file %2 was not found', show(p.place), show(p.name)),
  'import-bad-line': (p, show, trans) => trans.__('%1: the line is not KEY="value"', show(p.place)),
  'import-other-file': (p, show, trans) =>
    trans.__('%1: only %2 was read', show(p.place), show(p.name)),
  'import-no-project': (p, show, trans) =>
    trans.__('The folder has none of the files %1.', show(p.names, ', ')),
  'import-same-file': (p, show, trans) =>
    trans.__('another workflow is also imported as %1; rename one', show(p.name)),
  'import-version': (p, show, trans) => trans.__('must be one of %1', show(p.known, ', ')),
  'no-time-zone': (p, show, trans) => trans.__('there is no time zone %1', show(p.name)),
  'cron-field-count': (p, show, trans) =>
    trans.__(
      'a cron expression has 5 fields (minute, hour, day of month, month, day of week), or 6 with the seconds first; this has %1',
      show(p.count)
    ),
  'cron-year': (p, show, trans) =>
    trans.__(
      'the field %1 at position %2 is a year, which nbyard does not support',
      show(p.text),
      show(p.position)
    ),
  'cron-name': (p, show, trans) =>
    trans.__('%1 is not one of %2', show(p.name), show(p.known, ', ')),
  'cron-dialect': (p, show, trans) =>
    trans.__(
      '%1 at position %2 (%3) belongs to another dialect of cron',
      show(p.character),
      show(p.position),
      show(p.field)
    ),
  'cron-any-day': (_p, _show, trans) =>
    trans.__(
      'Write * instead of ?. Quartz and Amazon EventBridge count weekdays from Sunday = 1; here, Sunday is 0 or 7 and Monday is 1.'
    ),
  'cron-spread': (_p, _show, trans) =>
    trans.__(
      'Write a number of your choice. Jenkins derives it from the name of a job, other programs choose it at random.'
    ),
  'cron-near-day': (_p, _show, trans) =>
    trans.__(
      'nbyard cannot choose the working day nearest to a date. Write a day of the month, or LW for the last working day.'
    ),
  'cron-without-year': (_p, _show, trans) =>
    trans.__(
      'Remove the year. Set the start and the end of the schedule to limit it to some dates.'
    ),
  'cron-instead': (p, show, trans) => trans.__('Write %1', show(p.text)),
  'timing-dialect': (p, show, trans) =>
    trans.__(
      "'%1' is a timing of %2. Write a phrase or cron expression, such as '%3'",
      show(p.text),
      show(p.program),
      show(p.example)
    ),
  'zone-in-timing': (p, show, trans) =>
    trans.__(
      "the time zone is a field of its own: set it to %1 and the timing to '%2'",
      show(p.zone),
      show(p.rest)
    ),
  'cron-field': (p, show, trans) =>
    trans.__('%1 at position %2 is not a valid %3', show(p.text), show(p.position), show(p.field)),
  'cron-never': (_p, _show, trans) => trans.__('no calendar has such a date'),
  'due-too-often': (p, show, trans) =>
    trans.__('at least %1 seconds must lie between due times', show(p.least)),
  'never-due': (_p, _show, trans) => trans.__('no time is due from now on'),
  'ends-before-start': (_p, _show, trans) => trans.__('the end is before the start'),
  'ends-in-past': (_p, _show, trans) => trans.__('the end has passed'),
  'no-time-of-day': (p, show, trans) => trans.__('%1 is not a time of day', show(p.text)),
  'no-date': (p, show, trans) => trans.__('%1 is not a date', show(p.text)),
  'unknown-phrase': (p, show, trans) =>
    trans.__("'%1' is not a known phrase. Examples: %2", show(p.text), show(p.examples)),
  'near-phrase': (p, show, trans) =>
    trans.__("'%1' is not a known phrase. The nearest one is '%2'", show(p.text), show(p.phrase)),
  'interval-without-time': (p, show, trans) =>
    trans.__(
      "'%1' is an interval, which has no time of day. Write '%2', and set the start to the first due time",
      show(p.text),
      show(p.phrase)
    ),
  'no-schedule': (p, show, trans) => trans.__("There is no schedule '%1'.", show(p.name)),
  'schedule-exists': (p, show, trans) => trans.__("A schedule named '%1' exists.", show(p.name)),
  'schedule-has-ended': (_p, _show, trans) => trans.__('The schedule has no due time left.'),
  'schedule-runs-started': (p, show, trans) =>
    trans.__(
      'No time is due: the schedule started %1 of at most %2 runs.',
      show(p.started),
      show(p.most)
    ),
  'schedule-run-name': (_p, _show, trans) =>
    trans.__('runs of schedules and triggers are numbered, so they have no name'),
  'due-in-zone': (p, show, trans) => trans.__('%1 (%2)', show(p.times), show(p.zone)),
  'due-every-seconds': (p, show, trans) => trans.__('Every %1 seconds', show(p.count)),
  'due-every-minutes': (p, show, trans) => trans.__('Every %1 min', show(p.count)),
  'due-every-hours': (p, show, trans) => trans.__('Every %1 h', show(p.count)),
  'due-every-days': (p, show, trans) => trans.__('Every %1 × 24 h', show(p.count)),
  'due-once': (p, show, trans) => trans.__('Once, at %1', show(p.time)),
  'due-hourly': (p, show, trans) => trans.__('Every hour at minute %1', show(p.minute)),
  'due-daily': (p, show, trans) => trans.__('Every day at %1', show(p.time)),
  'due-weekdays': (p, show, trans) => trans.__('Monday to Friday at %1', show(p.time)),
  'due-on-days': (p, show, trans) => trans.__('%1 at %2', show(p.days, ', '), show(p.time)),
  'due-monthly': (p, show, trans) =>
    trans.__('On day %1 of each month at %2', show(p.day), show(p.time)),
  'due-cron': (p, show) => show(p.words),
  'due-from': (p, show, trans) => trans.__('from %1', show(p.time)),
  'due-until': (p, show, trans) => trans.__('until %1', show(p.time)),
  'due-at-most': (p, show, trans) => trans.__('runs: at most %1', show(p.count)),
  'day-monday': (_p, _show, trans) => trans.__('Monday'),
  'day-tuesday': (_p, _show, trans) => trans.__('Tuesday'),
  'day-wednesday': (_p, _show, trans) => trans.__('Wednesday'),
  'day-thursday': (_p, _show, trans) => trans.__('Thursday'),
  'day-friday': (_p, _show, trans) => trans.__('Friday'),
  'day-saturday': (_p, _show, trans) => trans.__('Saturday'),
  'day-sunday': (_p, _show, trans) => trans.__('Sunday'),
  'clock-skips': (p, show, trans) =>
    trans.__('The clock skips the planned time, so the run starts at %1', show(p.due)),
  'clock-repeats': (p, show, trans) =>
    trans.__('The clock repeats %1; this is the first one', show(p.time)),
  'clock-repeated': (p, show, trans) =>
    trans.__('The clock repeats %1; this is the second one', show(p.time)),
  'clock-forward': (p, show, trans) => trans.__('Clocks went forward by %1 h', show(p.hours)),
  'clock-back': (p, show, trans) => trans.__('Clocks went back by %1 h', show(p.hours)),
  'backfill-in-future': (_p, _show, trans) => trans.__('a backfill covers past due times only'),
  'backfill-range-empty': (_p, _show, trans) => trans.__('the start is after the end'),
  'backfill-too-early': (_p, _show, trans) => trans.__('the range starts in 1970 at the earliest'),
  'backfill-no-due-time': (_p, _show, trans) =>
    trans.__('the schedule has no past due time in this range'),
  'backfill-too-long': (p, show, trans) =>
    trans.__('the range has more than %1 due times', show(p.most)),
  'backfill-end-at': (p, show, trans) =>
    trans.__('End at %1, then start another backfill.', show(p.time)),
  'backfill-nothing-to-run': (_p, _show, trans) =>
    trans.__('Each due time has a run that succeeded or is active.'),
  'backfill-run-again': (_p, _show, trans) =>
    trans.__('Set `again` to repeat due times with a succeeded run.'),
  'no-backfill': (p, show, trans) => trans.__("There is no backfill '%1'.", show(p.name)),
  'backfill-succeeded': (p, show, trans) => trans.__('Run %1 has succeeded', show(p.number)),
  'backfill-active': (p, show, trans) => trans.__('Run %1 is active', show(p.number)),
  'tick-missed': (_p, _show, trans) => trans.__('No dispatcher ran at this time'),
  'tick-overlapped': (p, show, trans) => trans.__('Run %1 had not ended', show(p.number)),
  'no-template': (_p, _show, trans) =>
    trans.__('The frozen files of the schedule are gone; save the schedule again'),
  'tick-disabled': (_p, _show, trans) => trans.__('The schedule was disabled'),
  'tick-queue-full': (p, show, trans) => trans.__('%1 due times already wait', show(p.count)),
  'replaced-by-schedule': (_p, _show, trans) =>
    trans.__('Replaced by the next run of the schedule'),
  'no-schedule-enabled': (_p, _show, trans) => trans.__('no schedule or trigger is enabled'),
  'waits-after-reboot': (_p, _show, trans) =>
    trans.__(
      'after a reboot, no run starts until a Jupyter server or an nbyard command starts the dispatcher'
    ),
  'unit-disabled': (p, show, trans) =>
    trans.__('%1 is not enabled: it does not start the dispatcher', show(p.path)),
  'unit-starts-at-boot': (p, show, trans) =>
    trans.__('%1 starts the dispatcher at boot', show(p.path)),
  'unit-starts-at-sign-in': (p, show, trans) =>
    trans.__('%1 starts the dispatcher when you sign in', show(p.path)),
  'install-unit': (_p, _show, trans) =>
    trans.__('nbyard service install starts the dispatcher after a reboot.'),
  'enable-linger': (p, show, trans) =>
    trans.__(
      'The unit starts when you sign in. To start it at boot: loginctl enable-linger %1',
      show(p.user)
    ),
  'run-is-bisected': (_p, _show, trans) => trans.__('a running bisection compares it'),
  'kept-by-user': (_p, _show, trans) => trans.__('you marked it to be kept'),
  'newest-success': (_p, _show, trans) =>
    trans.__('it is the newest successful run, which only a size of 0 deletes'),
  'has-name': (p, show, trans) => trans.__("it is the artifact '%1'", show(p.name)),
  'run-has-name': (p, show, trans) => trans.__("it has the name '%1'", show(p.name)),
  'model-deployed': (p, show, trans) =>
    trans.__("the deployment '%1' serves its model", show(p.name)),
  'result-pinned': (p, show, trans) =>
    trans.__("%1 uses its result of '%2'", show(p.workflow), show(p.node)),
  'there-are': (p, show, trans) => trans.__('there are: %1', show(p.names, ', ')),
  'there-are-more': (p, show, trans) => trans.__('there are: %1, …', show(p.names, ', ')),
  'there-is-none': (_p, _show, trans) => trans.__('none exist yet'),
  'no-artifact': (p, show, trans) => trans.__("There is no artifact '%1'.", show(p.name)),
  'no-credential': (p, show, trans) =>
    trans.__("There is no credential '%1'; %2.", show(p.name), show(p.present)),
  'no-dataset': (p, show, trans) => trans.__("There is no dataset '%1'.", show(p.name)),
  'no-deployment': (p, show, trans) =>
    trans.__("There is no deployment '%1'; %2.", show(p.name), show(p.present)),
  'no-environment': (p, show, trans) =>
    trans.__("There is no environment '%1'; %2.", show(p.name), show(p.present)),
  'no-executable': (p, show, trans) => trans.__("There is no executable '%1'.", show(p.name)),
  'no-image': (p, show, trans) => trans.__("nbyard has no image '%1'.", show(p.name)),
  'no-model': (p, show, trans) =>
    trans.__("There is no model '%1'; %2.", show(p.name), show(p.present)),
  'no-run': (p, show, trans) => trans.__("There is no run '%1'.", show(p.name)),
  'artifact-exists': (p, show, trans) =>
    trans.__("The artifact '%1' already exists.", show(p.name)),
  'credential-exists': (p, show, trans) =>
    trans.__("The credential '%1' already exists.", show(p.name)),
  'dataset-exists': (p, show, trans) => trans.__("The dataset '%1' already exists.", show(p.name)),
  'environment-exists': (p, show, trans) =>
    trans.__("The environment '%1' already exists.", show(p.name)),
  'executable-exists': (p, show, trans) =>
    trans.__("The executable '%1' already exists.", show(p.name)),
  'run-exists': (p, show, trans) => trans.__("The run '%1' already exists.", show(p.name)),
  'name-is-output': (p, show, trans) =>
    trans.__(
      "'%1' is the output '%2' of the artifact '%3'.",
      show(p.name),
      show(p.output),
      show(p.artifact)
    ),
  'name-of-output-taken': (p, show, trans) =>
    trans.__(
      "The artifact %1 already exists: the output '%2' would have the same name.",
      show(p.artifact),
      show(p.output)
    ),
  'run-name-is-id': (_p, _show, trans) =>
    trans.__('may not be a number or an ID: these identify other runs'),
  'credential-name-is-id': (_p, _show, trans) =>
    trans.__('may not be an ID: IDs identify other credentials'),
  'used-by': (p, show, trans) => trans.__("'%1' is used by %2.", show(p.name), show(p.users, ', ')),
  'no-clean-up-rule': (_p, _show, trans) =>
    trans.__(
      'Set an age, a number of runs to keep, a state or a size. Otherwise even the newest successful runs would be deleted.'
    ),
  'used-by-run': (p, show, trans) =>
    trans.__("'%1' is used by a run that has not finished.", show(p.name)),
  'idempotency-key-used': (_p, _show, trans) =>
    trans.__('This Idempotency-Key was already used with a different body.'),
  'must-be-one-of': (p, show, trans) => trans.__('must be one of %1', show(p.names, ', ')),
  'field-is': (p, show, trans) => trans.__('%1 %2', show(p.path), show(p.reason)),
  'description-too-long': (p, show, trans) =>
    trans.__('may have at most %1 characters', show(p.most)),
  'no-file': (p, show, trans) => trans.__('There is no file %1.', show(p.path)),
  'no-folder': (p, show, trans) => trans.__('There is no folder %1.', show(p.path)),
  'folder-forbidden': (p, show, trans) => trans.__('The folder %1 is not writable.', show(p.path)),
  'no-example': (_p, _show, trans) => trans.__('This installation does not contain the example.'),
  'no-such-folder': (p, show, trans) => trans.__("there is no folder '%1'", show(p.path)),
  'file-not-ordinary': (p, show, trans) => trans.__('%1 is not a regular file', show(p.path)),
  'forecast-under-way': (_p, _show, trans) =>
    trans.__('Another forecast is under way; try again in a moment.'),
  'bundle-of-live-run': (p, show, trans) =>
    trans.__('Run %1 has not finished, so it has no bundle yet.', show(p.number)),
  'bundle-bytes-gone': (p, show, trans) => trans.__('%1 of the bundle was deleted.', show(p.path)),
  'unknown-cause': (_p, _show, trans) => trans.__('the cause is not recorded'),
  'folder-not-compared': (_p, _show, trans) => trans.__('One of the versions is a folder.'),
  'backup-strange-rows': (p, show, trans) =>
    trans.__(
      'The backup is damaged: the rows of the table %1 do not match the database.',
      show(p.name)
    ),
  'no-s3-credential': (p, show, trans) =>
    trans.__("there is no credential '%1' of the kind s3; %2", show(p.name), show(p.present)),
  'newest-version-importing': (p, show, trans) =>
    trans.__("The newest version of '%1' is still importing.", show(p.name)),
  'dataset-importing': (p, show, trans) => trans.__("'%1' is still importing.", show(p.name)),
  'no-ready-version': (p, show, trans) =>
    trans.__("The requested version of '%1' does not exist or is not ready.", show(p.name)),
  'no-ready-version-because': (p, show, trans) =>
    trans.__(
      "The requested version of '%1' does not exist or is not ready. %2",
      show(p.name),
      show(p.cause)
    ),
  'no-version-before': (p, show, trans) =>
    trans.__('There is no version before %1 to compare it with.', show(p.number)),
  'artifact-has-several': (p, show, trans) =>
    trans.__('%1 has several files: %2', show(p.artifact), show(p.files, ', ')),
  'artifact-has-none': (p, show, trans) =>
    trans.__('%1 has no file: its run %2 is %3.', show(p.artifact), show(p.run), show(p.state)),
  'unknown-environment': (p, show, trans) =>
    trans.__("there is no environment '%1'; %2", show(p.name), show(p.present)),
  'environment-or-other': (_p, _show, trans) =>
    trans.__(
      'Create it with nbyard environments create, define it in nbyard.toml, or set another one (environment = "" for none).'
    ),
  'no-version': (p, show, trans) => trans.__('There is no version %1.', show(p.number)),
  'environment-without-version': (p, show, trans) =>
    trans.__(
      "the environment '%1' has no version %2; installed are: %3",
      show(p.name),
      show(p.version),
      show(p.installed, ', ')
    ),
  'environment-never-installed': (p, show, trans) =>
    trans.__(
      "the environment '%1' has no version %2; none is installed",
      show(p.name),
      show(p.version)
    ),
  'version-being-built': (p, show, trans) =>
    trans.__("Version %1 of '%2' is being built.", show(p.version), show(p.name)),
  'version-not-installing': (p, show, trans) =>
    trans.__(
      "Version %1 of '%2' is %3; nothing is being installed.",
      show(p.version),
      show(p.name),
      show(p.state)
    ),
  'version-never-installed': (p, show, trans) =>
    trans.__('version %1 was never installed', show(p.version)),
  'version-not-yet-installed': (p, show, trans) =>
    trans.__(
      "version %1 of '%2' is not installed yet: it is %3",
      show(p.version),
      show(p.name),
      show(p.state)
    ),
  'version-not-installed': (p, show, trans) =>
    trans.__(
      "version %1 of '%2' was not installed: %3",
      show(p.version),
      show(p.name),
      show(p.cause)
    ),
  'rollback-with-changes': (_p, _show, trans) =>
    trans.__('a rollback uses the old lock unchanged: omit all other changes'),
  'kernel-packages-unknown': (p, show, trans) =>
    trans.__('the packages of the kernel %1 are not known', show(p.kernel)),
  'kernel-or-environment': (_p, _show, trans) =>
    trans.__('set a kernel or an environment, not both'),
  'packages-of-python': (p, show, trans) =>
    trans.__(
      'the environment contains Python packages, but the language of the notebook is %1',
      show(p.language)
    ),
  'environment-or-path': (_p, _show, trans) => trans.__('set either an environment or a path'),
  'recipe-of-dockerfile': (_p, _show, trans) =>
    trans.__('applies to environments only; a Dockerfile contains everything except its base'),
  'dockerfile-without-base': (_p, _show, trans) =>
    trans.__('the Dockerfile accepts no base: add ARG BASE before its first FROM'),
  'no-dockerfile': (p, show, trans) => trans.__('There is no Dockerfile %1.', show(p.path)),
  'version-without-image': (p, show, trans) =>
    trans.__(
      "Version %1 of '%2' is not installed, so no image can be built from it.",
      show(p.version),
      show(p.name)
    ),
  'environment-without-image': (p, show, trans) =>
    trans.__(
      "The environment '%1' is not installed, so no image can be built from it.",
      show(p.name)
    ),
  'tag-is-digest': (_p, _show, trans) =>
    trans.__('an image is built under a tag, not under a digest'),
  'image-not-pushed': (p, show, trans) =>
    trans.__('%1 is %2. Only a ready image can be pushed.', show(p.image), show(p.state)),
  'image-not-run': (p, show, trans) =>
    trans.__('%1 is %2. Only a ready image can be run.', show(p.image), show(p.state)),
  'image-being-made': (p, show, trans) =>
    trans.__('%1 is already being built, pulled or pushed.', show(p.image)),
  'image-built-already': (p, show, trans) =>
    trans.__('The image %1 already exists.', show(p.image)),
  'image-of-another-owner': (p, show, trans) =>
    trans.__('The image %1 belongs to another user.', show(p.image)),
  'image-of-no-model': (p, show, trans) =>
    trans.__('%1 is already the name of an image that does not belong to a model.', show(p.image)),
  'image-of-other-model': (p, show, trans) =>
    trans.__("%1 is the image of the model '%2'.", show(p.image), show(p.model)),
  'name-of-built-image': (p, show, trans) =>
    trans.__('%1 is the name of another image that was built here.', show(p.image)),
  'name-of-pulled-image': (p, show, trans) =>
    trans.__('%1 is the name of another image that was pulled here.', show(p.image)),
  'name-of-pushed-image': (p, show, trans) =>
    trans.__('%1 is the name of another image that was pushed from here.', show(p.image)),
  'host-name-taken': (p, show, trans) =>
    trans.__("Another deployment already uses the host name '%1'.", show(p.name)),
  'new-revision': (p, show, trans) =>
    trans.__(
      '%1 was changed in the meantime: it now has revision %2.',
      show(p.name),
      show(p.revision)
    ),
  'deployment-changed': (p, show, trans) =>
    trans.__('%1 was changed in the meantime.', show(p.name)),
  'no-revision': (p, show, trans) =>
    trans.__('%1 has no revision %2.', show(p.name), show(p.number)),
  'no-revision-before': (p, show, trans) =>
    trans.__(
      '%1 has no earlier revision %2: the current one is %3.',
      show(p.name),
      show(p.number),
      show(p.newest)
    ),
  'no-port': (p, show, trans) =>
    trans.__("%1 has no port '%2'; %3.", show(p.deployment), show(p.port), show(p.present)),
  'model-runs-once': (p, show, trans) =>
    trans.__(
      "the model '%1' cannot be deployed: in mode %2, it runs once",
      show(p.name),
      show(p.mode)
    ),
  'model-not-built': (p, show, trans) =>
    trans.__('%1 was not built: %2', show(p.image), show(p.cause)),
  'tag-for-gpus': (p, show, trans) =>
    trans.__("The tag '%1' is for GPUs, but no GPU is requested.", show(p.tag)),
  'tag-for-cpu': (p, show, trans) =>
    trans.__("The tag '%1' is for the CPU, but a GPU is requested.", show(p.tag)),
  'ide-in-sandbox': (p, show, trans) =>
    trans.__(
      '%1 is not listed in the setting ide_images. Browsers show its pages in a sandbox, where the IDE does not work.',
      show(p.image)
    ),
  'python-on': (p, show, trans) => trans.__('Python %1 on %2', show(p.version), show(p.system)),
  'store-in': (p, show, trans) =>
    trans.__('%1 %2 in %3', show(p.database), show(p.version), show(p.folder)),
  'disk-free': (p, show, trans) => trans.__('%1 GiB free', show(p.free)),
  'disk-nearly-full': (p, show, trans) =>
    trans.__('%1 MiB free; %2 MiB are always kept free', show(p.free), show(p.kept)),
  'bytes-stored': (p, show, trans) =>
    trans.__('%1 MiB in %2 files', show(p.size, ','), show(p.files, ',')),
  'kernels-found': (p, show) => show(p.names, ', '),
  'no-kernels': (_p, _show, trans) => trans.__('none installed'),
  'dispatcher-idle': (_p, _show, trans) => trans.__('not running; it starts when there is work'),
  'dispatcher-needed': (_p, _show, trans) =>
    trans.__('not running, but there is work, such as an enabled schedule'),
  'start-dispatcher': (_p, _show, trans) =>
    trans.__(
      'An open JupyterLab or any nbyard command, also this one, starts the dispatcher within seconds. nbyard service install starts it without them.'
    ),
  'dispatcher-runs': (p, show, trans) =>
    trans.__('running: process %1 on %2', show(p.pid), show(p.host)),
  'dispatcher-runs-otherwise': (p, show, trans) =>
    trans.__(
      'running: process %1 on %2, with different settings: %3',
      show(p.pid),
      show(p.host),
      show(p.settings, ', ')
    ),
  'cores-found': (p, show, trans) => trans.__('%1 (one for each core)', show(p.cores)),
  'cores-set': (p, show, trans) => trans.__('%1 (as set)', show(p.cores)),
  'memory-found': (p, show, trans) => trans.__('%1 GiB of memory', show(p.memory)),
  'memory-set': (p, show, trans) => trans.__('%1 GiB of memory (as set)', show(p.memory)),
  'gpus-found': (p, show, trans) => trans.__('GPUs %1 (%2)', show(p.gpus, ', '), show(p.source)),
  'gpus-shared': (p, show, trans) =>
    trans.__(
      'GPUs %1 (%2), each for %3 tasks at once',
      show(p.gpus, ', '),
      show(p.source),
      show(p.tasks)
    ),
  'no-gpus-found': (p, show, trans) => trans.__('no GPUs (%1)', show(p.source)),
  'gpus-as-set': (_p, _show, trans) => trans.__('as set'),
  'gpus-of-driver': (_p, _show, trans) => trans.__('reported by nvidia-smi'),
  'gpus-of-job': (p, show, trans) =>
    trans.__('reported by nvidia-smi, limited to %1 of this job', show(p.variable)),
  'no-gpu-driver': (_p, _show, trans) => trans.__('nvidia-smi is not installed'),
  'extension-in': (p, show, trans) => trans.__('extension in %1', show(p.folder)),
  'no-extension': (_p, _show, trans) => trans.__('the extension is not installed'),
  'no-preview': (_p, _show, trans) => trans.__('this kind of file has no preview'),
  'no-preview-of-format': (p, show, trans) =>
    trans.__('this kind of %1 file has no preview', show(p.format)),
  'table-empty': (_p, _show, trans) => trans.__('the file is empty'),
  'table-end-missing': (p, show, trans) =>
    trans.__('the end of the %1 file is missing', show(p.format)),
  'table-is-web-page': (_p, _show, trans) =>
    trans.__('the file is a web page (HTML), not a table; its address may need a sign-in'),
  'table-is-archive': (_p, _show, trans) => trans.__('this is an archive, not a table'),
  'table-is-binary': (_p, _show, trans) =>
    trans.__('the file holds NUL bytes: it is binary, not text'),
  'table-of-other-format': (p, show, trans) =>
    trans.__('the file is named %1 but its content is something else', show(p.suffix)),
  'table-not-text': (p, show, trans) =>
    trans.__('the file is not %1 text: %2', show(p.encoding), show(p.message)),
  'table-damaged': (p, show, trans) =>
    trans.__('the %1 file is damaged: %2', show(p.format), show(p.message)),
  'excel-damaged': (_p, _show, trans) => trans.__('the Excel file is damaged'),
  'excel-too-large': (p, show, trans) =>
    trans.__('the Excel file unpacks to %1 bytes, more than can be read', show(p.size, ',')),
  'json-damaged': (p, show, trans) => trans.__('the file is not JSON: %1', show(p.message)),
  'json-too-large': (p, show, trans) =>
    trans.__('a JSON list of more than %1 bytes; use JSON lines instead', show(p.most, ',')),
  'json-too-deep': (_p, _show, trans) => trans.__('the JSON is nested too deeply'),
  'json-not-objects': (_p, _show, trans) => trans.__('the JSON is not a list of objects'),
  'first-line-binary': (_p, _show, trans) =>
    trans.__('line 1 holds NUL bytes: it is binary, not text'),
  'first-line-not-text': (p, show, trans) =>
    trans.__('the first line is not %1 text', show(p.encoding)),
  'first-line-too-wide': (p, show, trans) =>
    trans.__('line 1 has %1 columns; the maximum is %2', show(p.columns, ','), show(p.most, ',')),
  'line-has-nul': (p, show, trans) =>
    trans.__('line %1 holds a NUL byte: the file is damaged or binary', show(p.line, ',')),
  'table-line-too-long': (p, show, trans) =>
    trans.__('line %1 is longer than %2 bytes', show(p.line, ','), show(p.most, ',')),
  'line-too-deep': (p, show, trans) => trans.__('line %1 is nested too deeply', show(p.line, ',')),
  'line-not-json': (p, show, trans) =>
    trans.__('line %1 is not JSON: %2', show(p.line, ','), show(p.message)),
  'line-not-csv': (p, show, trans) => trans.__('line %1: %2', show(p.line, ','), show(p.message)),
  'quote-not-closed': (p, show, trans) =>
    trans.__('the quote that opens in line %1 is never closed', show(p.line, ',')),
  'table-value-too-long': (p, show, trans) =>
    trans.__(
      'a value in the row that starts in line %1 is longer than %2 characters (is a quote left open?)',
      show(p.line, ','),
      show(p.most, ',')
    ),
  'row-too-deep': (p, show, trans) => trans.__('row %1 is nested too deeply', show(p.row, ',')),
  'row-not-json': (p, show, trans) =>
    trans.__('row %1 is not JSON: %2', show(p.row, ','), show(p.message)),
  'row-not-an-object': (p, show, trans) =>
    trans.__('row %1 is not a JSON object', show(p.row, ',')),
  'too-few-columns': (p, show, trans) =>
    trans.__('only %1 columns can be shown', show(p.columns, ',')),
  'too-many-columns': (p, show, trans) =>
    trans.__(
      '%1 columns are too many for a profile: the maximum for a text table is %2',
      show(p.columns, ','),
      show(p.most, ',')
    ),
  'no-sheet': (p, show, trans) =>
    trans.__("there is no sheet '%1'; there are: %2", show(p.name), show(p.known, ', ')),
  'no-sort-column': (p, show, trans) => trans.__("there is no column '%1'", show(p.name)),
  'not-a-table-key': (_p, _show, trans) => trans.__('is not a valid key'),
  'table-unreadable': (p, show, trans) => trans.__('the table cannot be read: %1', show(p.message)),
  'table-too-deep': (_p, _show, trans) => trans.__('the table is nested too deeply'),
  'table-beyond-memory': (_p, _show, trans) =>
    trans.__('reading this table needs more memory than allowed'),
  'table-reader-slow': (_p, _show, trans) => trans.__('reading this table took too long'),
  'table-reader-still': (_p, _show, trans) =>
    trans.__('reading this table came to a standstill; it may need more memory than allowed'),
  'table-reader-killed': (p, show, trans) =>
    trans.__(
      'the reader of this table was killed (%1); it may need more memory than allowed',
      show(p.signal)
    ),
  'table-reader-ended': (_p, _show, trans) =>
    trans.__(
      'the reader of this table stopped early; the table may be damaged or need more memory than allowed'
    ),
  'text-not-utf-8': (p, show, trans) =>
    trans.__('the text is not UTF-8: it is read as %1', show(p.encoding)),
  'columns-renamed': (p, show, trans) =>
    trans.__('columns with an empty or duplicate name are now called %1', show(p.names, ', ')),
  'ragged-line': (p, show, trans) =>
    trans.__(
      'line %1 has %2 values, the header has %3',
      show(p.line, ','),
      show(p.found, ','),
      show(p.expected, ',')
    ),
  'ragged-lines': (p, show, trans) =>
    trans.__('%1 (%2 such lines)', show(p.first), show(p.count, ',')),
  'dates-unclear': (p, show, trans) =>
    trans.__(
      'the order of day and month is unclear, so these columns remain text: %1',
      show(p.names, ', ')
    ),
  'first-sheet': (p, show, trans) =>
    trans.__(
      'this is the sheet %1 of %2; the others are %3',
      show(p.sheet),
      show(p.count, ','),
      show(p.others, ', ')
    ),
  'first-columns-shown': (p, show, trans) =>
    trans.__('only the first %1 of %2 columns are shown', show(p.last, ','), show(p.count, ',')),
  'columns-shown': (p, show, trans) =>
    trans.__(
      'only columns %1 to %2 of %3 columns are shown',
      show(p.first, ','),
      show(p.last, ','),
      show(p.count, ',')
    ),
  'no-trigger': (p, show, trans) => trans.__("There is no trigger '%1'.", show(p.name)),
  'trigger-exists': (p, show, trans) => trans.__("A trigger named '%1' exists.", show(p.name)),
  'other-trigger-kind': (p, show, trans) =>
    trans.__('is %1, which cannot change. Create another trigger', show(p.kind)),
  'trigger-loop': (p, show, trans) =>
    trans.__('would close a loop: %1', show(p.places, ' \u2192 ')),
  'not-a-pattern': (p, show, trans) =>
    trans.__("'%1' is not a pattern of files, such as *.csv or **/*.csv", show(p.text)),
  'too-many-watched-files': (p, show, trans) =>
    trans.__(
      'has more than %1 files that match. Choose a smaller folder or a narrower pattern',
      show(p.most)
    ),
  'nothing-to-watch': (p, show, trans) =>
    trans.__(
      '%1 does not exist. A trigger may wait for a file in an existing folder',
      show(p.path)
    ),
  'pattern-of-file': (p, show, trans) => trans.__('is for folders, and %1 is a file', show(p.path)),
  'too-many-values': (p, show, trans) => trans.__('may have at most %1 entries', show(p.most)),
  'event-has-no-fields': (_p, _show, trans) =>
    trans.__('the event has no fields; pass values when you fire the trigger'),
  'no-event-field': (p, show, trans) =>
    trans.__("'%1' is not one of %2", show(p.text), show(p.known, ', ')),
  'not-a-field-path': (p, show, trans) =>
    trans.__(
      "'%1' is not a path of names and numbers with dots, such as body.city.0",
      show(p.text)
    ),
  'no-such-parameter': (p, show, trans) =>
    trans.__('is not a parameter of the run; it has %1', show(p.known, ', ')),
  'parameter-takes-no-event': (_p, _show, trans) =>
    trans.__('an output or a secret cannot receive a value of an event'),
  'input-of-pinned': (_p, _show, trans) =>
    trans.__('an input needs the mode follows, because pinned inputs are frozen'),
  'event-field-type': (p, show, trans) =>
    trans.__('the field of the event is %1, the parameter is %2', show(p.given), show(p.wanted)),
  'trigger-is-disabled': (_p, _show, trans) => trans.__('The trigger is disabled.'),
  'not-a-webhook': (p, show, trans) =>
    trans.__('Only webhooks have a secret; this trigger is %1', show(p.kind)),
  'fires-on-dataset': (p, show, trans) =>
    trans.__('A version of dataset %1 is ready', show(p.name)),
  'fires-after-success': (p, show, trans) => trans.__('A run of %1 succeeded', show(p.path)),
  'fires-after-failure': (p, show, trans) => trans.__('A run of %1 failed', show(p.path)),
  'fires-after-end': (p, show, trans) => trans.__('A run of %1 succeeded or failed', show(p.path)),
  'fires-on-path': (p, show, trans) => trans.__('%1 is %2', show(p.path), show(p.changes, ' or ')),
  'fires-on-files': (p, show, trans) =>
    trans.__('A file %1 in %2 is %3', show(p.pattern), show(p.path), show(p.changes, ' or ')),
  'fires-on-webhook': (p, show, trans) =>
    trans.__('A signed webhook arrives, at most %1 per minute', show(p.most)),
  'fires-on-request': (_p, _show, trans) => trans.__('A notebook or program fires it'),
  'file-created': (_p, _show, trans) => trans.__('created'),
  'file-modified': (_p, _show, trans) => trans.__('modified'),
  'file-deleted': (_p, _show, trans) => trans.__('deleted'),
  'firing-overlapped': (p, show, trans) => trans.__('Run %1 had not ended', show(p.number)),
  'firing-queue-full': (p, show, trans) => trans.__('%1 events already wait', show(p.count)),
  'firing-disabled': (_p, _show, trans) => trans.__('The trigger was disabled'),
  'firing-replaced': (_p, _show, trans) => trans.__('A later event replaced it'),
  'watched-files-change-with-runs': (p, show, trans) =>
    trans.__(
      'The watched files changed during each of %1 runs in a row, so these runs seem to change them. The changes wait for one at another time. Leave files that the run writes out of the pattern.',
      show(p.most)
    ),
  'trigger-chain-too-long': (p, show, trans) =>
    trans.__('%1 triggers fired each other in a row; this looks like a loop', show(p.most)),
  'event-lacks-field': (p, show, trans) => trans.__("the event has no field '%1'", show(p.text)),
  'no-trigger-template': (_p, _show, trans) =>
    trans.__('The frozen files of the trigger are gone; save the trigger again'),
  'watched-files-unreadable': (p, show, trans) =>
    trans.__('%1 cannot be read: %2', show(p.path), show(p.message)),
  'cause-dataset': (p, show, trans) =>
    trans.__('version %1 of dataset %2', show(p.version), show(p.name)),
  'cause-run': (p, show, trans) =>
    trans.__('run %1 of %2 %3', show(p.number), show(p.title), show(p.state)),
  'run-has-succeeded': (_p, _show, trans) => trans.__('succeeded'),
  'run-has-failed': (_p, _show, trans) => trans.__('failed'),
  'cause-file': (p, show, trans) => trans.__('%1 was %2', show(p.path), show(p.change)),
  'cause-files': (p, show, trans) =>
    trans.__('%1 and %2 more files', show(p.changes, ', '), show(p.count)),
  'cause-no-files': (_p, _show, trans) => trans.__('the watched files'),
  'cause-webhook': (p, show, trans) => trans.__('webhook message %1', show(p.id)),
  'cause-run-fired': (_p, _show, trans) => trans.__('fired by a run'),
  'cause-fired': (_p, _show, trans) => trans.__('fired by a person or program'),
  'no-file-or-executable': (p, show, trans) =>
    trans.__('There is no file or executable %1.', show(p.path)),
  'webhook-refused': (_p, _show, trans) =>
    trans.__('The webhook does not exist, or the signature is not valid.'),
  'webhook-repeated': (_p, _show, trans) => trans.__('A message with this ID was received before.'),
  'webhook-too-often': (p, show, trans) =>
    trans.__('More than %1 messages arrived within a minute.', show(p.most)),
  'webhook-refused-too-often': (p, show, trans) =>
    trans.__('%1 messages of this sender were refused within a minute.', show(p.most)),
  'webhook-not-json': (_p, _show, trans) =>
    trans.__('the body must be JSON, because values are taken from it'),
  'not-text': (_p, _show, trans) => trans.__('must be text'),
  empty: (_p, _show, trans) => trans.__('may not be empty'),
  'too-long': (p, show, trans) => trans.__('may have at most %1 characters', show(p.most)),
  'too-many-characters': (p, show, trans) =>
    trans.__('may have at most %1 characters, but has %2', show(p.most), show(p.count)),
  'too-many-bytes': (p, show, trans) => trans.__('may have at most %1 bytes', show(p.most)),
  'too-many-kib': (p, show, trans) => trans.__('may have at most %1 KiB', show(p.most)),
  'not-one-line': (_p, _show, trans) => trans.__('must be one line'),
  'control-characters': (_p, _show, trans) => trans.__('may not contain control characters'),
  'outer-space': (_p, _show, trans) => trans.__('may not begin or end with a space'),
  'slash-in-name': (_p, _show, trans) => trans.__('may not contain / or \\'),
  'dots-as-name': (_p, _show, trans) => trans.__('may not be . or ..'),
  'dash-first': (_p, _show, trans) => trans.__('may not begin with -'),
  'lone-surrogate': (p, show, trans) =>
    trans.__('is not valid Unicode (lone surrogate at %1)', show(p.place)),
  'control-character': (p, show, trans) =>
    trans.__('may not contain control characters (%1 at %2)', show(p.character), show(p.place)),
  'invisible-character': (p, show, trans) =>
    trans.__('may not contain invisible characters (%1 at %2)', show(p.character), show(p.place)),
  'too-many-marks': (p, show, trans) =>
    trans.__('may have at most %1 combining marks in a row', show(p.most)),
  'folder-in-filename': (_p, _show, trans) => trans.__('must be a plain file name without folders'),
  'no-relative-path': (p, show, trans) => trans.__('%1 is not a plain relative path', show(p.path)),
  'characters-in-path': (p, show, trans) =>
    trans.__('%1 has characters that a file name may not have', show(p.path)),
  'not-between': (p, show, trans) =>
    trans.__('must be between %1 and %2', show(p.least), show(p.most)),
  'number-from-to-needed': (p, show, trans) =>
    trans.__('a number from %1 to %2 is needed', show(p.least), show(p.most)),
  negative: (_p, _show, trans) => trans.__('may not be negative'),
  'beyond-64-bits': (_p, _show, trans) => trans.__('does not fit into 64 bits'),
  'number-beyond-64-bits': (_p, _show, trans) => trans.__('the number does not fit into 64 bits'),
  'number-too-large': (_p, _show, trans) => trans.__('the number is too large'),
  'given-number-too-large': (p, show, trans) =>
    trans.__('the number %1 is too large', show(p.number)),
  'not-a-time': (p, show, trans) =>
    trans.__('%1 is not a date or time. Write 2026-11-25 or 2026-11-25T08:00+01:00', show(p.given)),
  'runs-to-compare': (p, show, trans) =>
    trans.__('must list %1 to %2 runs, not %3', show(p.least), show(p.most), show(p.count)),
  'number-not-finite': (_p, _show, trans) => trans.__('the number must be finite'),
  'given-boolean': (_p, _show, trans) => trans.__('true or false'),
  'given-integer': (_p, _show, trans) => trans.__('a whole number'),
  'given-number': (_p, _show, trans) => trans.__('a number'),
  'given-any-text': (_p, _show, trans) => trans.__('text'),
  'given-text': (p, show) => show(p.text),
  'given-object': (_p, _show, trans) => trans.__('an object'),
  'given-type': (p, show, trans) => trans.__('a %1', show(p.type)),
  'value-needed': (_p, _show, trans) => trans.__('a value is needed'),
  'value-not-null': (_p, _show, trans) => trans.__('a value is needed, not null'),
  'path-needed': (_p, _show, trans) => trans.__('a file or folder path is needed'),
  'text-needed': (p, show, trans) => trans.__('text is needed, not %1', show(p.given)),
  'integer-needed': (p, show, trans) => trans.__('a whole number is needed, not %1', show(p.given)),
  'number-needed': (p, show, trans) => trans.__('a number is needed, not %1', show(p.given)),
  'boolean-needed': (p, show, trans) => trans.__('true or false is needed, not %1', show(p.given)),
  'list-needed': (p, show, trans) => trans.__('a list is needed, not %1', show(p.given)),
  'json-list-needed': (p, show, trans) => trans.__('a JSON list is needed, not %1', show(p.given)),
  'json-needed': (p, show, trans) => trans.__('JSON text is needed, not %1', show(p.given)),
  'credential-needed': (_p, _show, trans) => trans.__('the name of a credential is needed'),
  'object-needed': (_p, _show, trans) => trans.__('an object is needed'),
  'true-or-false-needed': (_p, _show, trans) => trans.__('true or false is needed'),
  'quotes-needed': (_p, _show, trans) => trans.__('text is needed: put it in quotes'),
  needed: (_p, _show, trans) => trans.__('is needed'),
  missing: (_p, _show, trans) => trans.__('is missing'),
  'empty-or-too-long': (_p, _show, trans) => trans.__('is empty or too long'),
  'object-with-fields': (p, show, trans) =>
    trans.__('an object with the fields %1 is needed', show(p.fields, ', ')),
  'object-with': (p, show, trans) =>
    trans.__('an object with %1 is needed', show(p.fields, ' and ')),
  'no-such-field-near': (p, show, trans) =>
    trans.__('unknown field; did you mean %1?', show(p.near)),
  'no-such-field-among': (p, show, trans) =>
    trans.__('unknown field; known fields: %1', show(p.known, ', ')),
  'no-field': (p, show, trans) =>
    trans.__('unknown field %1; did you mean %2?', show(p.name), show(p.near)),
  'wrong-shape': (p, show) => show(p.message),
  'not-json-value': (p, show, trans) => trans.__('%1 is not a JSON value', show(p.given)),
  'not-among': (p, show, trans) => trans.__('must be one of %1', show(p.known, ', ')),
  'nul-in-text': (_p, _show, trans) => trans.__('the text contains a NUL character'),
  'half-surrogate-in-text': (_p, _show, trans) =>
    trans.__('the text contains half of a surrogate pair'),
  'text-too-long': (p, show, trans) =>
    trans.__('the text is longer than %1 characters', show(p.most)),
  'too-deep': (p, show, trans) => trans.__('nested deeper than %1 levels', show(p.most)),
  'at-line': (p, show, trans) => trans.__('line %1: %2', show(p.line), show(p.problem)),
  'syntax-error': (p, show, trans) => trans.__('line %1: %2', show(p.line), show(p.message)),
  'larger-than-mib': (p, show, trans) => trans.__('is larger than %1 MiB', show(p.most)),
  'not-utf8': (p, show, trans) => trans.__('is not UTF-8 text (byte %1)', show(p.byte)),
  'unknown-version': (p, show, trans) =>
    trans.__('version %1 is not known; upgrade nbyard', show(p.version)),
  'not-python': (p, show, trans) => trans.__('cannot be read as Python: %1', show(p.message)),
  'file-empty': (_p, _show, trans) => trans.__('the file is empty'),
  'key-twice': (p, show, trans) => trans.__('the key %1 appears twice in one object', show(p.key)),
  'half-surrogate': (_p, _show, trans) => trans.__('half of a surrogate pair'),
  'body-not-utf8': (_p, _show, trans) => trans.__('This is not UTF-8 text.'),
  'body-too-deep': (p, show, trans) =>
    trans.__('The body is nested deeper than %1 levels.', show(p.most)),
  'not-json': (p, show, trans) => trans.__('This is not valid JSON: %1', show(p.message)),
  'not-json-number': (p, show, trans) => trans.__('%1 is not a JSON number.', show(p.text)),
  'json-half-surrogate': (_p, _show, trans) =>
    trans.__('A text contains half of a surrogate pair.'),
  'json-key-twice': (p, show, trans) =>
    trans.__('The key %1 appears twice in one object.', show(p.key)),
  'json-number-too-large': (p, show, trans) =>
    trans.__('The number %1 is too large.', show(p.number)),
  'too-many-digits': (p, show, trans) =>
    trans.__('A number has more than %1 digits.', show(p.most)),
  'not-yaml': (p, show, trans) => trans.__('is not valid YAML: %1', show(p.message)),
  'yaml-second-document': (_p, _show, trans) => trans.__('a second document; one is expected'),
  'yaml-tag': (p, show, trans) => trans.__('the tag %1 is not supported', show(p.tag)),
  'yaml-too-many-values': (p, show, trans) =>
    trans.__('more than %1 values, those of aliases counted each time', show(p.most)),
  'yaml-alias-in-itself': (p, show, trans) =>
    trans.__('the alias *%1 contains itself', show(p.alias)),
  'no-yaml-anchor': (p, show, trans) => trans.__('there is no anchor &%1', show(p.anchor)),
  'yaml-key-not-plain': (_p, _show, trans) => trans.__('a key must be a plain text'),
  'yaml-key-needs-quotes': (p, show, trans) =>
    trans.__('the key %1 must be put in quotes', show(p.key)),
  'not-url': (_p, _show, trans) => trans.__('must be a URL'),
  'malformed-url': (_p, _show, trans) => trans.__('is not a URL'),
  'characters-in-key': (_p, _show, trans) =>
    trans.__('may have only visible ASCII characters in its key, such as letters and digits'),
  'blanks-in-url': (_p, _show, trans) =>
    trans.__('may not contain spaces, backslashes or control characters'),
  'login-in-url': (_p, _show, trans) => trans.__('may not contain a user name or password'),
  'chained-protocols': (_p, _show, trans) => trans.__('may not chain protocols'),
  'unknown-scheme': (p, show, trans) =>
    trans.__('must begin with one of %1', show(p.schemes, ', ')),
  'dots-in-key': (_p, _show, trans) => trans.__('may not contain .. in its key'),
  'password-in-url': (_p, _show, trans) => trans.__('may not contain a password'),
  'dot-segments-in-key': (_p, _show, trans) => trans.__('may not contain . or .. in its key'),
  'key-too-long': (p, show, trans) =>
    trans.__('may have at most %1 bytes in its key', show(p.most)),
  'no-bucket': (_p, _show, trans) =>
    trans.__('has no valid S3 bucket: write s3://CREDENTIAL@bucket/key'),
  'no-object': (_p, _show, trans) =>
    trans.__('must refer to an object, not to a folder: write s3://CREDENTIAL@bucket/key'),
  'no-credential-in-url': (_p, _show, trans) =>
    trans.__('has no credential: write s3://CREDENTIAL@bucket/key'),
  'endpoint-not-http': (p, show, trans) =>
    trans.__('the endpoint of the credential %1 is not an http(s) address', show(p.credential)),
  'not-region': (p, show, trans) =>
    trans.__('the credential %1 has an invalid region', show(p.credential)),
  'no-host': (_p, _show, trans) => trans.__('has no host'),
  'malformed-host': (_p, _show, trans) => trans.__('has an invalid host'),
  'percent-in-host': (_p, _show, trans) => trans.__('may not contain percent signs in its host'),
  'malformed-port': (_p, _show, trans) => trans.__('has an invalid port'),
  'malformed-port-of': (p, show, trans) => trans.__('%1 has an invalid port', show(p.entry)),
  'malformed-address': (_p, _show, trans) => trans.__('has an invalid address'),
  'network-interface': (_p, _show, trans) => trans.__('may not contain a network interface'),
  'unusual-address': (_p, _show, trans) =>
    trans.__('must have its IPv4 address as four decimal numbers'),
  'private-host': (p, show, trans) => trans.__('%1 is a private host', show(p.host)),
  'leads-to-private': (p, show, trans) =>
    trans.__('%1 resolves to %2, %3', show(p.host), show(p.address), show(p.kind)),
  'metadata-service': (_p, _show, trans) => trans.__('a metadata service'),
  'special-address': (p, show, trans) => trans.__('a special address (%1)', show(p.kind)),
  'private-address': (_p, _show, trans) => trans.__('a private address'),
  'other-protocol': (p, show, trans) =>
    trans.__('port %1 belongs to another protocol', show(p.port)),
  'host-without-address': (p, show, trans) => trans.__('%1 has no address', show(p.host)),
  'not-of-kind': (p, show, trans) =>
    trans.__('unknown field; %1 has the fields: %2', show(p.kind), show(p.known, ', ')),
  'not-registry': (_p, _show, trans) =>
    trans.__('is not a registry address such as registry.example.org:5000'),
  'line-not-variable': (p, show, trans) => trans.__('line %1 is not NAME=value', show(p.line)),
  's3-login-not-plain': (_p, _show, trans) =>
    trans.__('An access key ID and a session token may contain only printable ASCII characters.'),
  'no-credential-named': (_p, _show, trans) => trans.__('there is no credential of that name'),
  'edge-unknown-node': (_p, _show, trans) => trans.__('a connection needs a node at both ends'),
  'edge-self': (_p, _show, trans) => trans.__('a node cannot be connected to itself'),
  'edge-unknown-port': (p, show, trans) =>
    trans.__(
      '%1.%2 → %3.%4: this output or input no longer exists',
      show(p.source),
      show(p.output),
      show(p.target),
      show(p.input)
    ),
  'edge-direction': (_p, _show, trans) => trans.__('connections go from an output to an input'),
  'edge-taken': (p, show, trans) =>
    trans.__('%1 of %2 already has a connection', show(p.input), show(p.target)),
  'edge-format': (p, show, trans) =>
    trans.__(
      'the output %1 (%2) does not fit the input %3 (%4)',
      show(p.output),
      show(p.given),
      show(p.input),
      show(p.wanted)
    ),
  'any-file': (_p, _show, trans) => trans.__('any file'),
  'any-file-or-folder': (_p, _show, trans) => trans.__('any file or folder'),
  'folder-of-files': (_p, _show, trans) => trans.__('a folder with several files'),
  'edge-cycle': (_p, _show, trans) => trans.__('the connections would form a cycle'),
  'connections-in-cycle': (p, show, trans) =>
    trans.__('the connections form a cycle: %1', show(p.nodes, ', ')),
  'bypass-none': (p, show, trans) =>
    trans.__(
      '%1 needs a connection: no input of the bypassed node %2 fits',
      show(p.input),
      show(p.node)
    ),
  'bypass-several': (p, show, trans) =>
    trans.__(
      '%1 needs a connection: %2 is bypassed, and several inputs fit: %3',
      show(p.input),
      show(p.node),
      show(p.inputs, ', ')
    ),
  'argument-gone': (p, show, trans) =>
    trans.__('%1 no longer has the argument %2', show(p.name), show(p.argument)),
  'argument-problem': (p, show, trans) => trans.__('%1: %2', show(p.argument), show(p.problem)),
  'argument-needs-value': (p, show, trans) => trans.__('%1 needs a value', show(p.argument)),
  'connection-needed': (p, show, trans) => trans.__('%1 needs a connection', show(p.argument)),
  'connection-needed-for-files': (p, show, trans) =>
    trans.__('%1 needs a connection from a file or a folder with several files', show(p.argument)),
  'connection-needed-for-file': (p, show, trans) =>
    trans.__('%1 needs a connection: %2 is not in the bundle', show(p.argument), show(p.file)),
  'argument-parameter-unknown': (p, show, trans) =>
    trans.__('%1: the workflow has no parameter %2', show(p.argument), show(p.parameter)),
  'limit-not-positive': (p, show, trans) => trans.__('%1 must be more than 0', show(p.limit)),
  'limit-out-of-range': (p, show, trans) =>
    trans.__('%1 must be from 0 to %2', show(p.limit), show(p.most)),
  'cache-policy-unreadable': (_p, _show, trans) =>
    trans.__('cache must be on, bundle, off or an age such as 24 h (units: s, min, h, d)'),
  'too-many-declared-ports': (p, show, trans) =>
    trans.__('there may be at most %1 ports', show(p.most)),
  'port-name-refused': (p, show, trans) =>
    trans.__(
      '%1 is not a valid port name: use a-z, 0-9 and -, at most 31 characters',
      show(p.name)
    ),
  'port-name-reserved': (p, show, trans) =>
    trans.__("'%1' is reserved for the link to TensorBoard", show(p.name)),
  'port-number-refused': (p, show, trans) =>
    trans.__('%1 must be from 0 (any) to %2', show(p.name), show(p.most)),
  'port-declared-twice': (p, show, trans) => trans.__('two names have the port %1', show(p.port)),
  'tensorboard-folder-refused': (_p, _show, trans) =>
    trans.__('must be a folder below the working directory, or the name of an output'),
  'dockerfile-needs-containers': (p, show, trans) =>
    trans.__('is a Dockerfile, which runs in containers: set the runtime to %1', show(p.runtime)),
  'shell-needs-containers': (p, show, trans) =>
    trans.__(
      'its command line needs a shell, which is available in containers only: set the runtime to %1',
      show(p.runtime)
    ),
  'no-image-on-dask': (_p, _show, trans) =>
    trans.__(
      'a Dask worker runs the node in its own Python, not in an image: remove the image, or run the node in a container'
    ),
  'kernel-only-local': (_p, _show, trans) =>
    trans.__('only local processes can use a kernel of this machine; set an environment instead'),
  'bundle-too-large-to-send': (p, show, trans) =>
    trans.__(
      'its code bundle is larger than `max_bundle_bytes`; largest: %1. List files that the node does not need in .nbyardignore, or run the node as a local process',
      show(p.largest, ', ')
    ),
  'code-uploaded': (_p, _show, trans) =>
    trans.__('its code was uploaded, so no description can be stored next to it'),
  'node-pinned': (_p, _show, trans) =>
    trans.__('the node is pinned to a version: select Follow File first'),
  'too-many-files-to-declare': (p, show, trans) =>
    trans.__(
      'these are more than %1 files: declare an argument for their folder instead',
      show(p.most)
    ),
  'tensorboard-beside-processes-only': (_p, _show, trans) =>
    trans.__(
      'nbyard starts TensorBoard only for local processes. In a container, the task can serve it on a port.'
    ),
  'tensorboard-missing': (_p, _show, trans) =>
    trans.__(
      "TensorBoard was not found in the task's environment or with nbyard: run `pip install tensorboard`"
    ),
  'tensorboard-ended': (p, show, trans) => trans.__('TensorBoard has stopped: %1', show(p.message)),
  'same-names-of-ends': (_p, _show, trans) => trans.__('same name'),
  'similar-names': (_p, _show, trans) => trans.__('similar names'),
  'similar-names-same-format': (p, show, trans) =>
    trans.__('similar names, both %1', show(p.format)),
  'same-file': (p, show, trans) =>
    trans.__('%1 writes %2, and %3 reads it', show(p.writer), show(p.file), show(p.reader)),
  'file-of-same-name': (p, show, trans) =>
    trans.__(
      '%1 writes %2, and %3 reads a file of that name',
      show(p.writer),
      show(p.file),
      show(p.reader)
    ),
  'environment-not-on-dask': (p, show, trans) =>
    trans.__(
      'nbyard does not install the environment %1 on Dask workers: its packages must already be there',
      show(p.name)
    ),
  'requirements-not-on-dask': (_p, _show, trans) =>
    trans.__(
      'nbyard does not install its requirements file on Dask workers: the packages must already be there'
    ),
  'no-links-on-dask': (_p, _show, trans) =>
    trans.__('Monitor links are not available on Dask workers'),
  'kernel-replaced': (p, show, trans) =>
    trans.__('The kernel %1 is not installed: %2 runs the notebook.', show(p.kernel), show(p.used)),
  'output-holds-secret': (p, show, trans) =>
    trans.__('the output %1 contains a secret', show(p.output)),
  'lock-differs': (p, show, trans) =>
    trans.__(
      'the environment of the task differs from the lock of %1 version %2: %3',
      show(p.environment),
      show(p.number),
      show(p.differences)
    ),
  'lock-differs-in-more': (p, show, trans) =>
    trans.__(
      'the environment of the task differs from the lock of %1 version %2: %3 and %4 more',
      show(p.environment),
      show(p.number),
      show(p.differences),
      show(p.more)
    ),
  'python-instead': (p, show, trans) =>
    trans.__('Python %1 instead of %2', show(p.found), show(p.locked)),
  'package-instead': (p, show, trans) =>
    trans.__('%1 %2 instead of %3', show(p.package), show(p.found), show(p.locked)),
  'package-lacks': (p, show, trans) => trans.__('%1 is missing', show(p.package)),
  'locked-folder-changed': (p, show, trans) =>
    trans.__('the folder %1 has changed since it was locked', show(p.path)),
  'locked-folder-gone': (p, show, trans) => trans.__('the folder %1 is gone', show(p.path)),
  'packages-beside-lock': (p, show, trans) =>
    trans.__('%1 not in the lock', show(p.packages, ', ')),
  'more-packages-beside-lock': (p, show, trans) =>
    trans.__('%1 and %2 more not in the lock', show(p.packages, ', '), show(p.more)),
  'file-did-not-travel': (p, show, trans) =>
    trans.__(
      '%1 is next to %2, but was not copied with it: %3',
      show(p.name),
      show(p.beside),
      show(p.cause)
    ),
  'more-did-not-travel': (p, show, trans) =>
    trans.__('%1 more paths were not copied', show(p.more)),
  'file-is-dataset': (_p, _show, trans) =>
    trans.__(
      'it is a dataset. Pass it as an input, or open it below the folder in the variable NBYARD_RESOURCES'
    ),
  'link-left-out': (p, show, trans) =>
    trans.__('%1 is a link. Copy the files there, or pass them as an input', show(p.path)),
  'rule-leaves-out': (p, show, trans) =>
    trans.__(
      'the rule %1 excludes it. Add the line !%2 to .nbyardignore to include it',
      show(p.rule),
      show(p.path)
    ),
  'folder-does-not-travel': (p, show, trans) =>
    trans.__(
      'the folder %1 is too large to copy as a whole. Create an empty file nbyard.toml there, or mention the path in the code',
      show(p.folder)
    ),
  'outside-of-code': (p, show, trans) =>
    trans.__(
      '%1 was not copied with the code, because it is outside the folder %2. %3',
      show(p.path),
      show(p.folder),
      show(p.remedy)
    ),
  'move-or-give-as-input': (_p, _show, trans) => trans.__('Move it there, or pass it as an input'),
  'mark-shared-folder': (p, show, trans) =>
    trans.__(
      'Create an empty file nbyard.toml in %1: then all of %2 is copied',
      show(p.folder),
      show(p.folder)
    )
};
