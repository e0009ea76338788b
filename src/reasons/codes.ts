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
  'engine-unreachable': (p, show, trans) =>
    trans.__('Docker cannot be reached at %1: %2', show(p.url), show(p.why)),
  'engine-refused': (p, show, trans) => trans.__('The Docker engine refused: %1', show(p.message)),
  'engine-wants-tls': (_p, _show, trans) => trans.__('the engine wants TLS'),
  'engine-url-invalid': (p, show, trans) =>
    trans.__('a URL of an engine begins with %1', show(p.schemes, ', ')),
  'certificates-missing': (p, show, trans) =>
    trans.__('there is no %1 in %2', show(p.files, ', '), show(p.folder)),
  'connection-closed': (p, show, trans) => trans.__('The connection to %1 is closed.', show(p.url)),
  'no-answer-in-time': (_p, _show, trans) => trans.__('no answer in time'),
  'no-ssh': (_p, _show, trans) => trans.__('there is no ssh here.'),
  'permission-denied': (_p, _show, trans) => trans.__('permission denied'),
  'network-of-other-kind': (p, show, trans) =>
    trans.__('The network %1 is of the other kind and still in use.', show(p.network)),
  'no-address-range': (_p, _show, trans) =>
    trans.__('The Docker engine has no free address range for another network.'),
  'archive-incomplete': (p, show, trans) =>
    trans.__('The engine sent only a part of %1: %2', show(p.path), show(p.message)),
  'build-refused': (p, show, trans) =>
    trans.__('The image could not be built: %1', show(p.message)),
  'image-known-by-id': (p, show, trans) =>
    trans.__('The image %1 is gone, and can be had by its id only: make it anew.', show(p.image)),
  'image-not-pulled': (p, show, trans) =>
    trans.__('The image %1 is not here and cannot be pulled: %2', show(p.image), show(p.why)),
  'image-not-pushed': (p, show, trans) =>
    trans.__('%1 cannot be pushed: %2', show(p.image), show(p.why)),
  'image-removed-at-naming': (p, show, trans) =>
    trans.__('The image %1 was removed while it was named.', show(p.image)),
  'image-removed-meanwhile': (p, show, trans) =>
    trans.__('The image %1 was removed meanwhile.', show(p.image)),
  'image-not-fetched': (p, show, trans) =>
    trans.__('The image %1 was fetched, and is not there.', show(p.image)),
  'image-replaced': (p, show, trans) =>
    trans.__(
      '%1 is another image by now, and the one that this revision was made of (%2) is gone. Deploy it as a new one.',
      show(p.image),
      show(p.known)
    ),
  'image-without-program': (_p, _show, trans) =>
    trans.__('The image says no program: its Dockerfile needs ENTRYPOINT or CMD.'),
  'no-image-builder': (_p, _show, trans) =>
    trans.__('No image can be made here; name one that has all it needs.'),
  'environment-of-image-gone': (_p, _show, trans) =>
    trans.__('The environment that it was to be built of is gone.'),
  'requirement-in-folder': (p, show, trans) =>
    trans.__(
      '%1: an image cannot be built of what lies in a folder of this machine',
      show(p.requirement)
    ),
  'no-serving-mode': (p, show, trans) =>
    trans.__('there is no mode %1; there are: %2', show(p.mode), show(p.known, ', ')),
  'no-serving-modes': (p, show, trans) =>
    trans.__('there is no mode %1; there are: none', show(p.mode)),
  'registry-unknown': (p, show, trans) => trans.__('%1 cannot be found from here', show(p.host)),
  'registry-closed': (p, show, trans) => trans.__('nobody answers at %1', show(p.host)),
  'registry-silent': (p, show, trans) => trans.__('%1 does not answer in time', show(p.host)),
  'registry-without-tls': (p, show, trans) =>
    trans.__('%1 speaks no TLS, which the engine was not told', show(p.host)),
  'registry-not-trusted': (p, show, trans) =>
    trans.__('the certificate of %1 is not trusted by the engine', show(p.host)),
  'registry-login-needed': (p, show, trans) =>
    trans.__(
      '%1 wants a login that may do this (%2, or a credential of the kind registry)',
      show(p.host),
      show(p.command)
    ),
  'registry-login-refused': (p, show, trans) =>
    trans.__(
      '%1 does not take the login of the credential %2 for this',
      show(p.host),
      show(p.credential)
    ),
  'registry-without-image': (p, show, trans) => trans.__('%1 has no such image', show(p.host)),
  'disk-full': (_p, _show, trans) => trans.__('the disk is full'),
  'container-name-taken': (p, show, trans) =>
    trans.__('The container %1 could not be made: its name is taken.', show(p.container)),
  'container-ended': (p, show, trans) => trans.__('The container %1 has ended.', show(p.container)),
  'container-gone-at-once': (_p, _show, trans) => trans.__('Its container was gone at once.'),
  'container-gone': (_p, _show, trans) => trans.__('its container is gone'),
  'podman-keeps-none-warm': (_p, _show, trans) =>
    trans.__('Containers cannot be kept warm on Podman: let the run take fresh ones.'),
  'secrets-out-of-reach': (_p, _show, trans) =>
    trans.__(
      'The Docker engine does not see the memory of this machine, and secrets are never written to a disk: let what uses a credential run as a process, on Dask, or with an engine here.'
    ),
  'requirements-file-missing': (p, show, trans) =>
    trans.__('The requirements file %1 is not in the bundle.', show(p.file)),
  'requirements-file-outside': (p, show, trans) =>
    trans.__('The requirements file %1 is outside the bundle.', show(p.file)),
  'path-leads-out': (p, show, trans) =>
    trans.__("%1 leads out of the attempt's folder", show(p.path)),
  'gpus-not-given': (p, show, trans) =>
    trans.__(
      'the engine did not give the GPUs that were granted: %1 (granted: %2)',
      show(p.why),
      show(p.gpus, ', ')
    ),
  'gpus-need-toolkit': (p, show, trans) =>
    trans.__(
      'the engine did not give the GPUs that were granted: %1 (granted: %2).',
      show(p.why),
      show(p.gpus, ', ')
    ),
  'gpus-not-listed': (_p, _show, trans) =>
    trans.__('the image has neither nvidia-smi nor ls to look for them'),
  'gpus-not-supported': (p, show, trans) =>
    trans.__('this engine has no support for GPUs (%1)', show(p.message)),
  'no-cdi-device': (_p, _show, trans) => trans.__('Podman knows no such CDI device'),
  'no-gpu-seen': (_p, _show, trans) => trans.__('a container sees none'),
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
    trans.__('The runner was ended while it started (%1).', show(p.exit_code)),
  'dask-unset': (_p, _show, trans) => trans.__('No Dask cluster is set.'),
  'dask-not-installed': (_p, _show, trans) =>
    trans.__('The Dask runtime needs distributed, which is not installed.'),
  'dask-unreachable': (p, show, trans) =>
    trans.__('The Dask cluster %1 cannot be reached: %2', show(p.cluster), show(p.message)),
  'dask-silent': (p, show, trans) =>
    trans.__('The Dask cluster does not answer: %1', show(p.message)),
  'dask-out-of-reach': (_p, _show, trans) => trans.__('The Dask cluster was out of reach.'),
  'dask-connection-closed': (_p, _show, trans) =>
    trans.__('The connection to the Dask cluster was closed.'),
  'dask-differs': (p, show, trans) =>
    trans.__('The Dask cluster does not fit this installation: %1.', show(p.differences, '; ')),
  'scheduler-differs': (p, show, trans) =>
    trans.__('the scheduler has %1 %2, here is %3', show(p.package), show(p.theirs), show(p.own)),
  'worker-differs': (p, show, trans) =>
    trans.__(
      'the worker %1 has %2 %3, here is %4',
      show(p.worker),
      show(p.package),
      show(p.theirs),
      show(p.own)
    ),
  'dask-not-imported': (p, show, trans) =>
    trans.__('%1 cannot be imported: %2', show(p.package), show(p.message)),
  'dask-program-missing': (p, show, trans) =>
    trans.__('there is no %1 here, which %2 needs', show(p.program), show(p.cluster)),
  'dask-gateway-unusable': (p, show, trans) => trans.__('dask-gateway: %1', show(p.message)),
  'dask-gateway-failed': (p, show, trans) =>
    trans.__('dask-gateway gives no cluster: %1', show(p.message)),
  'dask-not-made': (p, show, trans) =>
    trans.__('%1 makes no cluster: %2', show(p.cluster), show(p.message)),
  'dask-workers-silent': (p, show, trans) =>
    trans.__('The Dask workers %1 do not answer.', show(p.workers, ', ')),
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
  'report-not-stored': (_p, _show, trans) => trans.__('unexpected: it cannot be written down'),
  'no-runtime': (p, show, trans) => trans.__('There is no runtime %1.', show(p.runtime)),
  'no-runtime-here': (p, show, trans) => trans.__('there is no runtime %1 here', show(p.runtime)),
  'changed-while-read': (p, show, trans) =>
    trans.__('%1 changed while it was looked at', show(p.file)),
  'credential-deleted': (p, show, trans) =>
    trans.__('The credential %1 was deleted.', show(p.credential)),
  'credential-deleted-since': (p, show, trans) =>
    trans.__('The credential %1 was deleted after the run was asked for.', show(p.credential)),
  'result-of-other-attempt': (_p, _show, trans) =>
    trans.__("The result carries another attempt's token."),
  'code-gone': (p, show, trans) =>
    trans.__('The code of %1 is no longer in the store.', show(p.node)),
  'pinned-result-gone': (p, show, trans) =>
    trans.__('The result of run %1, to which this is pinned, is gone.', show(p.run)),
  'environment-deleted': (p, show, trans) =>
    trans.__('The environment %1 was deleted.', show(p.environment)),
  'environment-to-install': (p, show, trans) =>
    trans.__('%1 is to be installed once more', show(p.environment)),
  'output-not-made': (p, show, trans) =>
    trans.__('%1 made no output %2.', show(p.node), show(p.output)),
  'listing-too-long': (p, show, trans) =>
    trans.__('its listing has more than %1 entries', show(p.most)),
  'contents-unusable': (p, show, trans) =>
    trans.__('%1: its contents cannot be put into words', show(p.message)),
  'probe-interrupted': (_p, _show, trans) =>
    trans.__('the dispatcher ended before the model answered: try again'),
  'probe-image-gone': (p, show, trans) =>
    trans.__(
      'the image %1 in which the step ran is gone from the engine: run the step again',
      show(p.image)
    ),
  'probe-too-slow': (p, show, trans) =>
    trans.__('loading it and asking it once took more than %1 s', show(p.seconds)),
  'probe-broke-off': (p, show, trans) =>
    trans.__('loading it and asking it once broke off: %1', show(p.why)),
  'probe-without-result': (_p, _show, trans) =>
    trans.__('loading it and asking it once left no result'),
  'probe-left-folder': (_p, _show, trans) =>
    trans.__('loading it and asking it once left a folder in the place of its answer'),
  'object-needed': (_p, _show, trans) => trans.__('an object is needed'),
  'list-needed': (_p, _show, trans) => trans.__('a list is needed'),
  'texts-needed': (_p, _show, trans) => trans.__('a list of texts is needed'),
  'text-or-lines-needed': (_p, _show, trans) => trans.__('text or a list of lines is needed'),
  'value-needed': (_p, _show, trans) => trans.__('a value is needed'),
  'dataset-needed': (_p, _show, trans) => trans.__('a dataset is needed'),
  'not-utf8': (p, show, trans) => trans.__('is no UTF-8 text (byte %1)', show(p.byte)),
  'not-json': (p, show, trans) =>
    trans.__('is no JSON: %1 (line %2, column %3)', show(p.message), show(p.line), show(p.column)),
  'start-unknown': (_p, _show, trans) => trans.__('it is not known how to start this file'),
  'not-a-dockerfile': (p, show, trans) =>
    trans.__('%1 is no Dockerfile: nothing in it is FROM an image', show(p.file)),
  'not-an-argument': (p, show, trans) => trans.__('the %1 has no such argument', show(p.kind)),
  'not-an-argument-of-models': (_p, _show, trans) => trans.__('a model has no such argument'),
  'predictions-format': (p, show, trans) =>
    trans.__('predictions are made as %1', show(p.formats, ', ')),
  'notebook-unreadable': (p, show, trans) => trans.__('is no notebook: %1', show(p.message)),
  'notebook-nested-too-deeply': (_p, _show, trans) =>
    trans.__('is no notebook: it is nested too deeply'),
  'notebook-not-an-object': (_p, _show, trans) =>
    trans.__('is no notebook: an object is needed at the top'),
  'notebook-without-format': (_p, _show, trans) =>
    trans.__('is missing or no number; this is no notebook'),
  'notebook-of-other-format': (p, show, trans) =>
    trans.__('the notebook has format %1, not 4', show(p.format)),
  'notebook-of-unknown-version': (p, show, trans) =>
    trans.__('%1 is no known version', show(p.version)),
  'notebook-not-converted': (p, show, trans) =>
    trans.__(
      'cannot be converted from format %1 to 4: %2 %3',
      show(p.format),
      show(p.error),
      show(p.message)
    ),
  'notebook-too-old-for-tag': (_p, _show, trans) =>
    trans.__('only notebooks of format 4 can get a tag here'),
  'cell-type-unknown': (_p, _show, trans) => trans.__('must be code, markdown or raw'),
  'not-a-kernel-name': (p, show, trans) => trans.__('%1 is no name of a kernel', show(p.name)),
  'parameters-cell-invalid': (p, show, trans) =>
    trans.__('the parameters cell is no valid Python (%1)', show(p.message)),
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
  'text-needed': (_p, _show, trans) => trans.__('a text is needed'),
  'words-needed': (_p, _show, trans) => trans.__('words are needed'),
  'patterns-needed': (_p, _show, trans) => trans.__('patterns are needed'),
  'symbols-needed': (_p, _show, trans) => trans.__('symbols are needed, each once'),
  'image-name-needed': (_p, _show, trans) => trans.__('the name of an image is needed'),
  'type-name-needed': (_p, _show, trans) => trans.__('each type needs a name'),
  'program-missing': (_p, _show, trans) => trans.__('the program is missing'),
  'tools-needed': (_p, _show, trans) => trans.__('a list of tools is needed'),
  'one-tool-needed': (p, show, trans) =>
    trans.__(
      'one CommandLineTool, or one with the id main, is needed; there is: %1',
      show(p.known, ', ')
    ),
  'one-tool-needed-of-none': (_p, _show, trans) =>
    trans.__('one CommandLineTool, or one with the id main, is needed; there is: none'),
  'input-file-needed': (_p, _show, trans) =>
    trans.__('one file among the inputs is needed: $(inputs.name.path)'),
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
    trans.__('$(%1) is not supported here: %2 are', show(p.path), show(p.known)),
  'javascript-not-supported': (_p, _show, trans) =>
    trans.__('JavaScript is not supported; plain parameter references are'),
  'requirement-not-supported': (_p, _show, trans) => trans.__('this requirement is not supported'),
  'not-followed': (p, show, trans) => trans.__('%1 is not followed', show(p.name)),
  'directive-not-followed': (p, show, trans) =>
    trans.__('%1 is not followed: put what it names into this file', show(p.name)),
  'address-not-followed': (p, show, trans) =>
    trans.__('%1 is not followed: only files by their path from this one are', show(p.path)),
  'name-stands-twice': (_p, _show, trans) => trans.__('the name stands twice'),
  'type-stands-twice': (p, show, trans) => trans.__('%1 stands twice', show(p.name)),
  'for-files': (_p, _show, trans) => trans.__('is for files'),
  'for-files-and-lists': (_p, _show, trans) => trans.__('is for files and lists of them'),
  'for-a-prefix': (_p, _show, trans) => trans.__('is for what has a prefix'),
  'not-for-type': (p, show, trans) => trans.__('is not for the type %1', show(p.type)),
  'binding-twice': (_p, _show, trans) => trans.__('the input has one already'),
  'records-bound-twice': (_p, _show, trans) =>
    trans.__('the records of the list are bound already'),
  'pattern-without-name': (p, show, trans) => trans.__('%1 makes no name', show(p.pattern)),
  'not-alone': (p, show, trans) => trans.__('%1 stands alone in its object', show(p.name)),
  'imports-itself': (p, show, trans) => trans.__('%1 imports itself', show(p.path)),
  'too-many-files-named': (p, show, trans) =>
    trans.__('more than %1 files are named', show(p.most)),
  'no-such-file': (p, show, trans) => trans.__('there is no file %1', show(p.path)),
  'file-not-utf8': (p, show, trans) =>
    trans.__('%1 is no UTF-8 text (byte %2)', show(p.path), show(p.byte)),
  'record-needs-value': (_p, _show, trans) => trans.__('of a record needs outputEval'),
  'value-needs-expression': (_p, _show, trans) =>
    trans.__('a value needs outputEval, or is told in cwl.output.json'),
  'output-is-no-stdin': (_p, _show, trans) => trans.__('an output is no stdin'),
  'file-not-of-glob': (_p, _show, trans) =>
    trans.__('a file is one of those that glob finds, such as $(self[0])'),
  'type-contains-itself': (p, show, trans) => trans.__('the type %1 contains itself', show(p.name)),
  'types-named-too-often': (p, show, trans) =>
    trans.__('types are named more than %1 times', show(p.most)),
  'no-such-type': (p, show, trans) => trans.__('there is no type %1', show(p.name)),
  'not-an-exit-code': (p, show, trans) => trans.__('%1 is no exit code', show(p.found)),
  'not-an-input': (p, show, trans) =>
    trans.__('%1 names %2, which is no input', show(p.text), show(p.name)),
  'reference-needs-contents': (p, show, trans) =>
    trans.__('$(%1) needs loadContents of %2', show(p.path), show(p.name)),
  'reference-leads-nowhere': (p, show, trans) =>
    trans.__('$(%1): %2 is not there', show(p.path), show(p.name)),
  'not-a-command': (p, show, trans) => trans.__('is a %1, no command', show(p.kind)),
  'cwl-has-no-words': (p, show, trans) => trans.__('CWL has no words for this: %1', show(p.what)),
  'word-with-condition': (_p, _show, trans) => trans.__('a word that is there only with others'),
  'a-secret': (_p, _show, trans) => trans.__('a secret'),
  'name-of-script': (p, show, trans) =>
    trans.__('the name %1 is that of the script itself', show(p.name)),
  'variable-without-value': (_p, _show, trans) => trans.__('a variable that may have no value'),
  'type-in-variable': (p, show, trans) => trans.__('a %1 in a variable', show(p.type)),
  'output-in-other-way': (_p, _show, trans) => trans.__('an output that is given in this way'),
  'json-in-word': (_p, _show, trans) => trans.__('JSON in a word'),
  'repeated-flag': (_p, _show, trans) => trans.__('a flag that is repeated')
};
