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
  'waits-for-turn': (_p, _show, trans) => trans.__('waits for its turn'),
  'waits-for-slots': (p, show, trans) =>
    trans.__('waits for %1 of %2 slots', show(p.wanted), show(p.total)),
  'waits-for-memory': (p, show, trans) =>
    trans.__('waits for %1 of %2 GiB of memory', show(p.wanted), show(p.total)),
  'waits-for-gpus': (p, show, trans) =>
    trans.__('waits for %1 of %2 GPUs (%3 free)', show(p.wanted), show(p.total), show(p.free)),
  'waits-behind': (p, show, trans) => trans.__('%1, behind other tasks', show(p.wait)),
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
    trans.__('waits for a free Dask worker of %1', show(p.workers)),
  'no-dask-worker': (_p, _show, trans) => trans.__('waits for a Dask worker: none is registered'),
  runs: (p, show, trans) => trans.__('runs because %1', show(p.cause)),
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
  'cache-off': (_p, _show, trans) => trans.__('its cache is off'),
  'result-gone': (_p, _show, trans) => trans.__('the result to reuse is gone'),
  'result-expired': (p, show, trans) =>
    trans.__('its result of run %1 is older than %2', show(p.run), show(p.age)),
  'result-not-kept': (_p, _show, trans) => trans.__('its last result is no longer kept'),
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
  'input-connected': (p, show, trans) => trans.__('%1 is connected now', show(p.name)),
  'input-disconnected': (p, show, trans) => trans.__('%1 is no longer connected', show(p.name)),
  'input-changed': (p, show, trans) => trans.__('%1 has new bytes', show(p.name)),
  'file-added': (p, show, trans) => trans.__('the file %1 is new', show(p.name)),
  'file-changed': (p, show, trans) => trans.__('the file %1 changed', show(p.name)),
  'file-removed': (p, show, trans) => trans.__('the file %1 is gone', show(p.name)),
  'declaration-changed': (_p, _show, trans) => trans.__('its declaration changed'),
  'more-changes': (p, show, trans) => trans.__('and %1 more changes', show(p.count)),
  'environment-changed': (_p, _show, trans) => trans.__('its environment changed'),
  'environment-has': (p, show, trans) => trans.__('its environment %1', show(p.packages, ', ')),
  'environment-now': (p, show, trans) => trans.__('it uses the environment %1 now', show(p.new)),
  'environment-left': (p, show, trans) =>
    trans.__('it no longer uses the environment %1', show(p.old)),
  'environment-instead': (p, show, trans) =>
    trans.__('it uses the environment %1 instead of %2', show(p.new), show(p.old)),
  'environment-version': (p, show, trans) =>
    trans.__(
      'the environment %1 went from version %2 to %3',
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
  failure: (p, show) => show(p.message),
  'time-limit': (p, show, trans) => trans.__('ran longer than its limit of %1 s', show(p.seconds)),
  'silence-limit': (p, show, trans) => trans.__('gave no sign of life for %1 s', show(p.seconds)),
  'queue-limit': (p, show, trans) =>
    trans.__('waited longer than its limit of %1 s in the queue', show(p.seconds)),
  'cancel-file': (_p, _show, trans) => trans.__('stopped by its cancel file'),
  ended: (_p, _show, trans) => trans.__('it has ended'),
  'no-result': (_p, _show, trans) => trans.__('it is gone without a result'),
  'result-unreadable': (_p, _show, trans) => trans.__('its result cannot be read'),
  'container-removed': (_p, _show, trans) => trans.__('its container was removed from outside'),
  'container-killed': (p, show, trans) =>
    trans.__('its container was killed (signal %1)', show(p.signal)),
  'container-not-started': (p, show, trans) =>
    trans.__('its container could not be started: %1', show(p.message)),
  'container-input-cut': (_p, _show, trans) =>
    trans.__('its standard input was cut off when nbyard stopped'),
  'runner-silent': (p, show, trans) =>
    trans.__('the runner ended without a result (exit code %1)', show(p.exit_code)),
  'runner-silent-after': (p, show, trans) =>
    trans.__(
      'the runner ended without a result (exit code %1): %2',
      show(p.exit_code),
      show(p.last)
    ),
  'supervisor-killed': (_p, _show, trans) => trans.__('its supervisor was killed'),
  'worker-not-stopped': (_p, _show, trans) => trans.__('its worker could not be stopped'),
  'host-silent': (p, show, trans) =>
    trans.__('no sign of life from %1 for %2 s', show(p.host), show(p.seconds)),
  'machine-restarted': (_p, _show, trans) => trans.__('the machine was restarted'),
  'dask-worker-gone': (p, show, trans) => trans.__('the Dask worker %1 is gone', show(p.worker)),
  'dask-forgotten': (_p, _show, trans) => trans.__('the Dask scheduler does not know it any more'),
  'dask-cancelled': (_p, _show, trans) => trans.__('its Dask task was cancelled from outside'),
  'dask-no-result': (_p, _show, trans) => trans.__('its result is not visible here'),
  'waits-for-build': (_p, _show, trans) => trans.__('waits for the build of its image'),
  'build-failed': (p, show, trans) => trans.__('the build of its image failed: %1', show(p.cause)),
  'image-removed': (_p, _show, trans) => trans.__('its image was removed before it was built'),
  'no-takeover': (p, show, trans) =>
    trans.__('revision %1 has not taken over: %2', show(p.number), show(p.cause)),
  'service-silent': (_p, _show, trans) => trans.__('the service does not answer'),
  'service-silent-because': (p, show, trans) =>
    trans.__('the service does not answer: %1', show(p.message)),
  'service-never-answered': (p, show, trans) =>
    trans.__(
      'the service never answered at port %1 (%2) within %3 s; its log may show why',
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
    trans.__('the service ended with exit code %1', show(p.exit_code)),
  'service-ended-after': (p, show, trans) =>
    trans.__('the service ended with exit code %1: %2', show(p.exit_code), show(p.last)),
  'service-killed': (p, show, trans) =>
    trans.__('the service was killed (exit code %1)', show(p.exit_code)),
  'service-killed-after': (p, show, trans) =>
    trans.__('the service was killed (exit code %1): %2', show(p.exit_code), show(p.last)),
  'port-taken': (p, show, trans) =>
    trans.__("a port is taken on the engine's machine: %1", show(p.message)),
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
  'error-with-hint': (p, show, trans) => trans.__('%1 %2', show(p.message), show(p.hint)),
  'system-error': (p, show) => show(p.message),
  unexpected: (p, show) => show(p.message),
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
      '%1. To keep the bytes as they are, give the file another extension, such as .dat.',
      show(p.message)
    ),
  'kernel-program-gone': (p, show, trans) =>
    trans.__('The kernel %1 cannot start: %2 is gone.', show(p.name), show(p.program)),
  'there-are': (p, show, trans) => trans.__('there are: %1', show(p.names, ', ')),
  'there-are-more': (p, show, trans) => trans.__('there are: %1, …', show(p.names, ', ')),
  'there-is-none': (_p, _show, trans) => trans.__('there is none yet'),
  'no-artifact': (p, show, trans) => trans.__("There is no artifact '%1'.", show(p.name)),
  'no-credential': (p, show, trans) =>
    trans.__("There is no credential '%1'; %2.", show(p.name), show(p.present)),
  'no-dataset': (p, show, trans) => trans.__("There is no dataset '%1'.", show(p.name)),
  'no-deployment': (p, show, trans) =>
    trans.__("There is no deployment '%1'; %2.", show(p.name), show(p.present)),
  'no-environment': (p, show, trans) =>
    trans.__("There is no environment '%1'; %2.", show(p.name), show(p.present)),
  'no-executable': (p, show, trans) => trans.__("There is no executable '%1'.", show(p.name)),
  'no-image': (p, show, trans) =>
    trans.__("There is no image '%1' that was made here.", show(p.name)),
  'no-model': (p, show, trans) =>
    trans.__("There is no model '%1'; %2.", show(p.name), show(p.present)),
  'no-run': (p, show, trans) => trans.__("There is no run '%1'.", show(p.name)),
  'artifact-exists': (p, show, trans) =>
    trans.__("There is an artifact '%1' already.", show(p.name)),
  'credential-exists': (p, show, trans) =>
    trans.__("There is a credential '%1' already.", show(p.name)),
  'dataset-exists': (p, show, trans) => trans.__("There is a dataset '%1' already.", show(p.name)),
  'environment-exists': (p, show, trans) =>
    trans.__("There is an environment '%1' already.", show(p.name)),
  'executable-exists': (p, show, trans) =>
    trans.__("There is an executable '%1' already.", show(p.name)),
  'run-exists': (p, show, trans) => trans.__("There is a run '%1' already.", show(p.name)),
  'name-is-output': (p, show, trans) =>
    trans.__(
      "'%1' is the output '%2' of the artifact '%3'.",
      show(p.name),
      show(p.output),
      show(p.artifact)
    ),
  'name-of-output-taken': (p, show, trans) =>
    trans.__(
      "%1 is another artifact: so its output '%2' would be called.",
      show(p.artifact),
      show(p.output)
    ),
  'run-name-is-id': (_p, _show, trans) =>
    trans.__('may not be a number or an id: these name other runs'),
  'credential-name-is-id': (_p, _show, trans) =>
    trans.__('may not be an id: these name other credentials'),
  'used-by': (p, show, trans) => trans.__("'%1' is used by %2.", show(p.name), show(p.users, ', ')),
  'used-by-run': (p, show, trans) =>
    trans.__("'%1' is used by a run that is not at its end.", show(p.name)),
  'idempotency-key-used': (_p, _show, trans) =>
    trans.__('This Idempotency-Key was used with another body.'),
  needed: (_p, _show, trans) => trans.__('is needed'),
  'must-be-one-of': (p, show, trans) => trans.__('must be one of %1', show(p.names, ', ')),
  'field-is': (p, show, trans) => trans.__('%1 %2', show(p.path), show(p.reason)),
  'description-too-long': (p, show, trans) =>
    trans.__('may have at most %1 characters', show(p.most)),
  'no-file': (p, show, trans) => trans.__('There is no file %1.', show(p.path)),
  'no-folder': (p, show, trans) => trans.__('There is no folder %1.', show(p.path)),
  'no-such-folder': (p, show, trans) => trans.__("there is no folder '%1'", show(p.path)),
  'file-not-ordinary': (p, show, trans) => trans.__('%1 is no ordinary file', show(p.path)),
  'unknown-cause': (_p, _show, trans) => trans.__('the cause is not recorded'),
  'no-s3-credential': (p, show, trans) =>
    trans.__("names no credential of the kind s3: '%1'; %2", show(p.name), show(p.present)),
  'newest-version-importing': (p, show, trans) =>
    trans.__("The newest version of '%1' is still importing.", show(p.name)),
  'dataset-importing': (p, show, trans) => trans.__("'%1' is still importing.", show(p.name)),
  'no-ready-version': (p, show, trans) =>
    trans.__("'%1' has no such version that is ready.", show(p.name)),
  'no-ready-version-because': (p, show, trans) =>
    trans.__("'%1' has no such version that is ready. %2", show(p.name), show(p.cause)),
  'no-version-before': (p, show, trans) =>
    trans.__('There is no version before %1 to compare it with.', show(p.number)),
  'artifact-has-several': (p, show, trans) =>
    trans.__('%1 has several files: %2', show(p.artifact), show(p.files, ', ')),
  'artifact-has-none': (p, show, trans) =>
    trans.__('%1 has no file: its run %2 is %3.', show(p.artifact), show(p.run), show(p.state)),
  'unknown-environment': (p, show, trans) =>
    trans.__("there is no environment '%1'; %2", show(p.name), show(p.present)),
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
    trans.__('its lock is taken as it is: change nothing besides'),
  'kernel-packages-unknown': (p, show, trans) =>
    trans.__('the packages of the kernel %1 are not known', show(p.kernel)),
  'kernel-or-environment': (_p, _show, trans) => trans.__('name it or an environment, not both'),
  'packages-of-python': (p, show, trans) =>
    trans.__('its packages are of Python, the language of the notebook is %1', show(p.language)),
  'environment-or-path': (_p, _show, trans) => trans.__('name either an environment or a path'),
  'recipe-of-dockerfile': (_p, _show, trans) =>
    trans.__('is for environments; a Dockerfile says it all itself, but for its base'),
  'dockerfile-without-base': (_p, _show, trans) =>
    trans.__('the Dockerfile takes none: ARG BASE has to stand before its first FROM'),
  'no-dockerfile': (p, show, trans) => trans.__('There is no Dockerfile %1.', show(p.path)),
  'version-without-image': (p, show, trans) =>
    trans.__(
      "Version %1 of it is not installed: '%2' has no image yet.",
      show(p.version),
      show(p.name)
    ),
  'environment-without-image': (p, show, trans) =>
    trans.__("It is not installed: '%1' has no image yet.", show(p.name)),
  'tag-is-digest': (_p, _show, trans) =>
    trans.__('an image is built under a tag, not under a digest'),
  'image-not-pushed': (p, show, trans) =>
    trans.__('%1 is %2; only what is ready is pushed.', show(p.image), show(p.state)),
  'image-not-run': (p, show, trans) =>
    trans.__('%1 is %2; only what is ready is run.', show(p.image), show(p.state)),
  'image-being-made': (p, show, trans) => trans.__('%1 is being made.', show(p.image)),
  'image-built-already': (p, show, trans) => trans.__('%1 was built already.', show(p.image)),
  'image-of-another-owner': (p, show, trans) =>
    trans.__('%1 is the image of somebody else.', show(p.image)),
  'image-of-no-model': (p, show, trans) =>
    trans.__("%1 is the name of an image that is no model's.", show(p.image)),
  'image-of-other-model': (p, show, trans) =>
    trans.__("%1 is the image of the model '%2'.", show(p.image), show(p.model)),
  'name-of-built-image': (p, show, trans) =>
    trans.__('%1 is the name of another image that was built here.', show(p.image)),
  'name-of-pulled-image': (p, show, trans) =>
    trans.__('%1 is the name of another image that was pulled here.', show(p.image)),
  'name-of-pushed-image': (p, show, trans) =>
    trans.__('%1 is the name of another image that was pushed from here.', show(p.image)),
  'host-name-taken': (p, show, trans) =>
    trans.__("The host name '%1' is taken by another deployment.", show(p.name)),
  'new-revision': (p, show, trans) =>
    trans.__('%1 has revision %2 by now.', show(p.name), show(p.revision)),
  'deployment-changed': (p, show, trans) =>
    trans.__('%1 was changed by somebody meanwhile.', show(p.name)),
  'no-revision': (p, show, trans) =>
    trans.__('%1 has no revision %2.', show(p.name), show(p.number)),
  'no-revision-before': (p, show, trans) =>
    trans.__('%1 has no revision %2 before %3.', show(p.name), show(p.number), show(p.newest)),
  'no-port': (p, show, trans) =>
    trans.__("%1 has no port '%2'; %3.", show(p.deployment), show(p.port), show(p.present)),
  'model-runs-once': (p, show, trans) =>
    trans.__("'%1' is a model in mode %2, which runs once", show(p.name), show(p.mode)),
  'model-not-built': (p, show, trans) =>
    trans.__('%1 was not built: %2', show(p.image), show(p.cause)),
  'unknown-format': (p, show, trans) =>
    trans.__("'%1' is not known; there is: %2", show(p.format), show(p.present, ', ')),
  'no-programs-on-server': (_p, _show, trans) =>
    trans.__('programs are not run on the machine of the server'),
  'not-a-command': (p, show, trans) =>
    trans.__('%1 is a %2, no command', show(p.file), show(p.kind)),
  'path-or-upload': (_p, _show, trans) => trans.__('name either a path or an upload'),
  'code-follows-file': (p, show, trans) =>
    trans.__("'%1' follows its file: change that", show(p.name)),
  'no-version-to-compare': (p, show, trans) =>
    trans.__('There is no such version to compare; there are: %1.', show(p.present, ', ')),
  'file-not-declared': (p, show, trans) =>
    trans.__("'%1' is no file that was declared", show(p.name)),
  'workflow-as-node': (p, show, trans) =>
    trans.__('%1 is a workflow, which no node can be', show(p.file)),
  'data-not-code': (p, show, trans) => trans.__('%1 is data, not code', show(p.file)),
  'program-behind-shell': (p, show, trans) =>
    trans.__(
      '%1, line %2: %3 is a line for a shell, which passes no arguments on; write ["program", "word"]',
      show(p.file),
      show(p.line),
      show(p.keyword)
    ),
  'no-runtime': (p, show, trans) =>
    trans.__("there is no '%1' (present: %2)", show(p.runtime), show(p.present, ', ')),
  'no-requirements-file': (p, show, trans) =>
    trans.__('There is no requirements file %1.', show(p.path)),
  'no-requirements-in-bundle': (p, show, trans) =>
    trans.__('There is no requirements file %1 in the bundle of %2.', show(p.path), show(p.file)),
  'dataset-removed': (p, show, trans) =>
    trans.__("There is no dataset '%1' any more.", show(p.name)),
  'dataset-gone': (p, show, trans) => trans.__("The dataset '%1' is gone.", show(p.name)),
  'dataset-not-ready': (p, show, trans) => trans.__("The dataset '%1' is not ready.", show(p.name)),
  'version-gone': (p, show, trans) =>
    trans.__('The version %1 that this node is pinned to is gone.', show(p.version)),
  'no-step-to-pin': (_p, _show, trans) => trans.__('there is no such step in the workflow'),
  'no-run-to-pin': (p, show, trans) => trans.__("there is no run '%1'", show(p.name)),
  'pinned-run-gone': (p, show, trans) =>
    trans.__(
      'It is pinned to run %1, which is not there: unpin it, or pin it to another run.',
      show(p.run)
    ),
  'pinned-run-unknown': (p, show, trans) =>
    trans.__(
      "It is pinned to run '%1', which is not there: unpin it, or pin it to another run.",
      show(p.run)
    ),
  'pinned-task-not-succeeded': (p, show, trans) =>
    trans.__(
      'It is pinned to run %1, but is %2 there: unpin it, or pin it to another run.',
      show(p.run),
      show(p.state)
    ),
  'pinned-task-gone': (p, show, trans) =>
    trans.__(
      'It is pinned to run %1, but is not in it: unpin it, or pin it to another run.',
      show(p.run)
    ),
  'pinned-bytes-gone': (p, show, trans) =>
    trans.__(
      'It is pinned to run %1, whose bytes of %2 are gone: unpin it, or pin it to another run.',
      show(p.run),
      show(p.output)
    ),
  'path-or-run': (_p, _show, trans) =>
    trans.__('either a path or the output of a run is built, not both'),
  'model-source-needed': (_p, _show, trans) =>
    trans.__('a folder, a Python file, or a run with an output is needed'),
  'not-python-file': (p, show, trans) => trans.__('%1 is no Python file', show(p.path)),
  'python-unreadable': (p, show, trans) => trans.__('%1: %2', show(p.file), show(p.message)),
  'name-not-importable': (p, show, trans) =>
    trans.__('%1 cannot be imported: its name is no Python name', show(p.file)),
  'imports-not-installed': (p, show, trans) =>
    trans.__(
      'imports %1, of which no package from an index is installed here',
      show(p.names, ', ')
    ),
  'no-model-file': (p, show, trans) =>
    trans.__('none of %1 lies in %2', show(p.known, ', '), show(p.path)),
  'no-file-in-folder': (p, show, trans) =>
    trans.__('there is no file %1 in the folder', show(p.path)),
  'no-folder-beside-file': (p, show, trans) =>
    trans.__('there is no folder %1 beside the file', show(p.path)),
  'no-module-in-folder': (p, show, trans) =>
    trans.__('there is no module %1 in %2', show(p.module), show(p.folder)),
  'no-class': (p, show, trans) =>
    trans.__('%1 has no class %2 at its top level', show(p.file), show(p.name)),
  'run-needed': (_p, _show, trans) => trans.__('A run is needed.'),
  'run-without-output': (p, show, trans) =>
    trans.__('Run %1 has no output: it is %2.', show(p.run), show(p.state)),
  'no-output': (p, show, trans) =>
    trans.__("Run %1 has no output '%2'; %3.", show(p.run), show(p.output), show(p.present)),
  'several-outputs': (p, show, trans) =>
    trans.__('run %1 has several: %2', show(p.run), show(p.outputs, ', ')),
  'not-a-model': (p, show, trans) =>
    trans.__(
      '%1 is neither what pickle or joblib wrote nor a folder with a model file or of MLflow',
      show(p.file)
    ),
  'no-model-in-folder': (p, show, trans) =>
    trans.__('the folder %1 has neither a model file nor MLmodel', show(p.folder)),
  'packages-from-no-index': (p, show, trans) =>
    trans.__('it needs %1, which came from no index', show(p.names, ', ')),
  'model-origin-unknown': (_p, _show, trans) =>
    trans.__('nobody knows any more where it was made: run its step again'),
  'model-image-gone': (_p, _show, trans) =>
    trans.__('the record of the image that its step ran in is gone: run the step again'),
  'model-needs-container': (p, show, trans) =>
    trans.__('A model that was written in a container is loaded only in one: %1', show(p.message)),
  'model-not-batch': (p, show, trans) =>
    trans.__('%1 is of mode %2; one of mode batch predicts datasets.', show(p.image), show(p.mode)),
  'priority-out-of-range': (p, show, trans) =>
    trans.__('may be from -%1 to %2', show(p.most), show(p.most)),
  'name-needed-to-replace': (_p, _show, trans) => trans.__('name what is replaced'),
  'path-or-executable': (_p, _show, trans) => trans.__('name either a path or an executable'),
  'too-few-gpus': (p, show, trans) =>
    trans.__('%1 wanted, but this machine has %2', show(p.wanted), show(p.present)),
  'no-gpus': (p, show, trans) => trans.__('%1 wanted, but this machine has none', show(p.wanted)),
  'replaced-run-not-ended': (p, show, trans) =>
    trans.__("'%1' is %2; it can be replaced when it has ended.", show(p.name), show(p.state)),
  'nothing-to-run': (_p, _show, trans) => trans.__('there is no executable to run'),
  'no-state': (p, show, trans) => trans.__("there is no state '%1'", show(p.state)),
  'run-ended': (p, show, trans) => trans.__('The run has %1 already.', show(p.state)),
  'run-not-ended': (_p, _show, trans) => trans.__('The run is not at its end; cancel it first.'),
  'nothing-to-retry': (p, show, trans) =>
    trans.__('The run is %1; there is nothing to try again.', show(p.state)),
  'no-node': (p, show, trans) => trans.__("The run has no node '%1'.", show(p.node)),
  'no-attempt': (p, show, trans) =>
    trans.__("'%1' has no attempt %2.", show(p.node), show(p.number)),
  'no-attempt-yet': (p, show, trans) => trans.__("'%1' has no attempt yet.", show(p.node)),
  'attempt-not-running': (p, show, trans) =>
    trans.__("No attempt '%1' is under way: its links end with it.", show(p.attempt)),
  'no-link': (p, show, trans) => trans.__("The attempt has no link '%1'.", show(p.port)),
  'nothing-listens': (p, show, trans) => trans.__('Nothing listens at %1 yet.', show(p.port)),
  'no-data-given': (p, show, trans) =>
    trans.__("%1 was given no data as '%2'.", show(p.node), show(p.name)),
  'no-other-file': (p, show, trans) =>
    trans.__("'%1' has no other file '%2'.", show(p.node), show(p.path)),
  'no-other-files': (p, show, trans) => trans.__("'%1' has no other files.", show(p.node)),
  'needs-any-data': (_p, _show, trans) =>
    trans.__('a file, a folder, a dataset or an artifact is needed'),
  'needs-folder': (_p, _show, trans) => trans.__('a folder is needed'),
  'needs-file': (_p, _show, trans) => trans.__('a file, a dataset or an artifact is needed'),
  'needs-files': (_p, _show, trans) =>
    trans.__(
      'a file or a folder with several files is needed; they are taken in the order of their names'
    ),
  'value-needed': (_p, _show, trans) => trans.__('a value is needed'),
  'value-too-long': (p, show, trans) =>
    trans.__('may have at most %1 characters; use a dataset for more', show(p.most)),
  'value-of-output': (_p, _show, trans) => trans.__('is an output; its file goes to the store'),
  'data-not-ready': (p, show, trans) => trans.__("the dataset '%1' is not ready", show(p.name)),
  'no-data': (p, show, trans) =>
    trans.__("there is no file, dataset or artifact '%1'", show(p.name)),
  'no-parameter': (p, show, trans) =>
    trans.__('%1 has no such parameter; it has: %2', show(p.owner), show(p.known, ', ')),
  'no-parameters': (p, show, trans) =>
    trans.__('%1 has no such parameter; it has: none', show(p.owner)),
  'no-workflow-parameter': (p, show, trans) =>
    trans.__('The workflow has no such parameter; it has: %1', show(p.known, ', ')),
  'no-workflow-parameters': (_p, _show, trans) =>
    trans.__('The workflow has no such parameter; it has: none')
};
