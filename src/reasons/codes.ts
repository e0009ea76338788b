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
  'host-not-found': (p, show, trans) =>
    trans.__('%1 cannot be found: %2', show(p.host), show(p.message)),
  'host-unreadable': (p, show, trans) =>
    trans.__('%1 cannot be read: %2', show(p.host), show(p.message)),
  'certificate-invalid': (p, show, trans) =>
    trans.__('the certificate of %1 is not valid: %2', show(p.host), show(p.message)),
  'redirect-circle': (_p, _show, trans) => trans.__('redirects in a circle'),
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
    trans.__('the connection broke off within the compressed bytes'),
  'transfer-cancelled': (_p, _show, trans) => trans.__('the transfer was cancelled'),
  'transfer-too-long': (_p, _show, trans) => trans.__('the transfer took too long'),
  'server-answers-late': (_p, _show, trans) => trans.__('the server does not answer in time'),
  'server-too-slow': (_p, _show, trans) => trans.__('the server sends too slowly'),
  'fetched-too-large': (p, show, trans) =>
    trans.__('the file is larger than the %1 bytes allowed here', show(p.most, ',')),
  'no-upload': (_p, _show, trans) =>
    trans.__('there is no such upload; it may be finished or abandoned'),
  'upload-finished': (_p, _show, trans) => trans.__('the upload is finished'),
  'upload-locked': (_p, _show, trans) => trans.__('another request is writing to this upload'),
  'upload-offset-differs': (p, show, trans) =>
    trans.__('the upload goes on at %1, not at %2', show(p.offset), show(p.given)),
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
    trans.__('the bytes have the checksum %1, not the stated one', show(p.checksum)),
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
  'not-a-dataset-id': (p, show, trans) => trans.__("'%1' is not an id", show(p.id)),
  'dataset-place-taken': (p, show, trans) =>
    trans.__('%1 is in the way: it was not made by nbyard', show(p.path)),
  'link-place-taken': (p, show, trans) => trans.__("%1 exists and is not nbyard's", show(p.path)),
  'link-refused': (p, show, trans) =>
    trans.__('%1 cannot be linked: %2', show(p.path), show(p.message)),
  'archive-unknown': (_p, _show, trans) =>
    trans.__('This is no archive that can be unpacked: zip, tar, tar.gz, tar.bz2, tar.xz.'),
  'archive-damaged': (p, show, trans) =>
    trans.__('The archive is damaged or was cut off: %1', show(p.message)),
  'archive-without-end': (_p, _show, trans) =>
    trans.__('The archive is damaged or was cut off: it has no end.'),
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
    trans.__('The archive comes to far more than its own size.'),
  'archive-beyond-ratio': (p, show, trans) =>
    trans.__('The archive comes to far more than its own size (at most %1 times).', show(p.most)),
  'not-a-digest': (p, show, trans) => trans.__("'%1' is not a digest", show(p.digest)),
  'digest-of-folder': (_p, _show, trans) => trans.__('is the digest of a folder, not of a file'),
  'digest-of-file': (_p, _show, trans) => trans.__('is the digest of a file, not of a folder'),
  'bytes-missing': (p, show, trans) =>
    trans.__('the bytes of %1 are not in the store', show(p.digest)),
  'bytes-damaged': (p, show, trans) =>
    trans.__('the stored bytes of %1 do not match it', show(p.digest)),
  'bytes-being-deleted': (_p, _show, trans) =>
    trans.__('Unused bytes are being deleted; try again in a moment.'),
  'disk-full-for-bytes': (p, show, trans) =>
    trans.__('disk full: needs %1 bytes', show(p.needed, ',')),
  'disk-full-with-reserve': (p, show, trans) =>
    trans.__(
      'disk full: needs %1 bytes beside the %2 that are always kept free; %3 are free',
      show(p.needed, ','),
      show(p.reserve),
      show(p.free)
    ),
  'disk-full-no-file': (_p, _show, trans) => trans.__('disk full: no file can be made'),
  'file-changed-while-read': (p, show, trans) =>
    trans.__('%1 changed while it was read', show(p.path)),
  'place-taken': (p, show, trans) => trans.__('%1 exists already', show(p.path)),
  'folder-name-twice': (_p, _show, trans) => trans.__('two files of the folder have the same name'),
  'folder-too-deep': (p, show, trans) => trans.__('folders may be at most %1 deep', show(p.most)),
  'folder-too-many-files': (p, show, trans) =>
    trans.__('a folder may have at most %1 files', show(p.most, ',')),
  'path-empty': (_p, _show, trans) => trans.__('a path is needed'),
  'path-has-nul': (_p, _show, trans) => trans.__('may not contain NUL'),
  'path-hides-dots': (_p, _show, trans) => trans.__('may not hide .. behind percent signs'),
  'path-too-long': (p, show, trans) => trans.__('%1… is longer than a path can be', show(p.path)),
  'path-outside-root': (p, show, trans) =>
    trans.__('%1 leads out of the folder that is served', show(p.path)),
  'path-outside-folders': (p, show, trans) =>
    trans.__('%1 is outside the folders allowed here', show(p.path)),
  'not-an-ordinary-file': (p, show, trans) => trans.__('%1 is not an ordinary file', show(p.path)),
  'path-is-folder': (p, show, trans) => trans.__('%1 is a folder, not a file', show(p.path)),
  'path-is-link': (p, show, trans) => trans.__('%1 is a link', show(p.path)),
  'path-missing': (p, show, trans) => trans.__('%1 does not exist', show(p.path)),
  'path-unreadable': (p, show, trans) =>
    trans.__('%1 cannot be read: %2', show(p.path), show(p.message)),
  'no-file': (p, show, trans) => trans.__('There is no file %1.', show(p.path)),
  'file-too-large': (p, show, trans) =>
    trans.__('%1 has more than %2 bytes.', show(p.path), show(p.most, ',')),
  'file-forbidden': (p, show, trans) => trans.__('%1 may not be read.', show(p.path)),
  'no-entry-point': (p, show, trans) =>
    trans.__(
      "there is no %1 '%2' (present: %3)",
      show(p.noun),
      show(p.name),
      show(p.present, ', ')
    ),
  'no-entry-points': (p, show, trans) =>
    trans.__("there is no %1 '%2' (present: none)", show(p.noun), show(p.name)),
  'command-not-started': (p, show, trans) => trans.__('cannot be started: %1', show(p.message)),
  'help-silent': (p, show, trans) =>
    trans.__('printed nothing to --help within %1 s', show(p.seconds)),
  'no-uv': (_p, _show, trans) => trans.__('There is no uv here.'),
  'no-installer': (_p, _show, trans) => trans.__('There is neither uv nor pip here.'),
  'installation-too-long': (p, show, trans) =>
    trans.__('It took longer than install_timeout_seconds: %1 s.', show(p.seconds)),
  'address-of-dependency': (p, show, trans) =>
    trans.__('%1 comes from an address that another package names', show(p.package)),
  'hashes-differ': (p, show, trans) =>
    trans.__('%1 %2 has none of the hashes that are asked for.', show(p.package), show(p.version)),
  'kernel-not-on-machine': (p, show, trans) =>
    trans.__("There is no kernel '%1' on this machine.", show(p.name)),
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
    trans.__(
      'The store is busy: process %1 (%2) keeps it from being written.',
      show(p.pid),
      show(p.name)
    ),
  'store-blocked-by-stopped': (p, show, trans) =>
    trans.__(
      'The store is busy: process %1 (%2) was stopped while it wrote.',
      show(p.pid),
      show(p.name)
    ),
  'model-probe-not-started': (p, show, trans) =>
    trans.__('%1 cannot be started to look at it: %2', show(p.program), show(p.message)),
  'model-probe-too-long': (p, show, trans) =>
    trans.__('loading it and asking it once took more than %1 s', show(p.seconds)),
  'model-probe-ended': (_p, _show, trans) =>
    trans.__(
      'loading it and asking it once broke off; it may need more memory than it may have here'
    ),
  'model-probe-ended-after': (p, show, trans) =>
    trans.__('loading it and asking it once broke off: %1', show(p.last)),
  'model-probe-unreadable': (p, show, trans) =>
    trans.__('what it says of itself cannot be understood: %1', show(p.message)),
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
    trans.__('line 1 has %1 columns; a table may have %2', show(p.columns, ','), show(p.most, ',')),
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
      'a value in the row from line %1 on is longer than %2 characters (is a quote left open?)',
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
    trans.__('%1 columns are too many to look into', show(p.columns, ',')),
  'no-sheet': (p, show, trans) =>
    trans.__("there is no sheet '%1', but %2", show(p.name), show(p.known, ', ')),
  'no-sort-column': (p, show, trans) => trans.__("there is no column '%1'", show(p.name)),
  'not-a-table-key': (_p, _show, trans) => trans.__('is not a key'),
  'table-unreadable': (p, show, trans) => trans.__('the table cannot be read: %1', show(p.message)),
  'table-too-deep': (_p, _show, trans) => trans.__('the table is nested too deeply'),
  'table-beyond-memory': (_p, _show, trans) =>
    trans.__('reading this table needs more memory than allowed'),
  'table-reader-slow': (_p, _show, trans) => trans.__('reading this table took too long'),
  'table-reader-still': (_p, _show, trans) =>
    trans.__('reading this table came to a standstill; it may need more memory than allowed'),
  'table-reader-killed': (p, show, trans) =>
    trans.__(
      'reading this table broke off (%1); it may need more memory than allowed',
      show(p.signal)
    ),
  'table-reader-ended': (_p, _show, trans) =>
    trans.__('reading this table broke off; it may be damaged or need more memory than allowed'),
  'body-missing': (_p, _show, trans) => trans.__('A body is needed.'),
  'body-too-large': (p, show, trans) =>
    trans.__('The body has more than %1 bytes.', show(p.most, ',')),
  'body-of-other-type': (_p, _show, trans) => trans.__('Send the body as application/json.'),
  'body-of-other-encoding': (_p, _show, trans) => trans.__('Send the body as it is, or with gzip.'),
  'body-not-gzip': (_p, _show, trans) => trans.__('The body is no gzip stream.'),
  'body-gzip-cut': (_p, _show, trans) => trans.__('The body is no whole gzip stream.'),
  'schema-mismatch': (p, show) => show(p.message),
  'text-has-nul': (_p, _show, trans) => trans.__('the text contains a NUL character'),
  'unknown-query-parameter': (_p, _show, trans) => trans.__('is no parameter of this operation'),
  'query-parameter-missing': (_p, _show, trans) => trans.__('is needed'),
  'parameter-not-utf8': (_p, _show, trans) => trans.__('is no UTF-8 text'),
  'not-an-idempotency-key': (_p, _show, trans) => trans.__('may have 200 printable characters'),
  'byte-count-needed': (_p, _show, trans) => trans.__('a whole number of bytes is needed'),
  'whole-number-needed': (_p, _show, trans) => trans.__('a whole number is needed'),
  'scope-missing': (p, show, trans) => trans.__('This needs the scope %1.', show(p.scope)),
  'port-without-websockets': (p, show, trans) =>
    trans.__('The port %1 of %2 has no websockets.', show(p.port), show(p.name)),
  'service-worker-refused': (_p, _show, trans) =>
    trans.__('Only what ide_images trusts may have a service worker.'),
  'pass-of-other-deployment': (_p, _show, trans) =>
    trans.__('This pass is for another deployment.'),
  'port-silent': (p, show, trans) =>
    trans.__('%1 does not answer at its port %2.', show(p.name), show(p.port)),
  'response-cut': (p, show, trans) => trans.__('%1 broke off before it answered.', show(p.name)),
  'server-silent': (p, show, trans) =>
    trans.__('%1 does not answer: %2', show(p.url), show(p.message)),
  'token-refused': (_p, _show, trans) =>
    trans.__('The server does not accept the token, or is stopped.'),
  'no-jupyter-at-url': (p, show, trans) =>
    trans.__('No Jupyter server runs there (status %1).', show(p.status)),
  'no-jupyter-at-port': (p, show, trans) =>
    trans.__('No Jupyter server runs on port %1 here.', show(p.port)),
  'no-nbyard-at-server': (_p, _show, trans) =>
    trans.__('There is a server, but no nbyard: is its extension enabled?'),
  'server-refused': (p, show, trans) => trans.__('The server answered %1.', show(p.status)),
  'not-a-server': (p, show, trans) =>
    trans.__("'%1' is neither a URL nor the port of a Jupyter server", show(p.server)),
  'no-artifact': (p, show, trans) => trans.__("There is no artifact '%1'.", show(p.name)),
  'no-ready-model': (_p, _show, trans) => trans.__('There is no such model that is ready.'),
  'no-ready-model-yet': (p, show, trans) =>
    trans.__('There is no such model that is ready; %1 is %2.', show(p.model), show(p.state)),
  'no-ready-model-named': (p, show, trans) =>
    trans.__('There is no such model that is ready; %1.', show(p.known)),
  'no-gpu-to-grant': (_p, _show, trans) =>
    trans.__('No GPU can be granted: this machine has none, as far as nbyard knows.'),
  'database-refused': (p, show, trans) => trans.__('The database answers: %1', show(p.message)),
  'database-silent': (_p, _show, trans) =>
    trans.__('The database does not answer; try again in a moment.'),
  'database-silent-because': (p, show, trans) =>
    trans.__(
      'The database does not answer; try again in a moment. PostgreSQL says: %1.',
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
    trans.__('its folder cannot be made (%1)', show(p.message)),
  'store-folder-read-only': (_p, _show, trans) => trans.__('its folder cannot be written'),
  'store-folder-has-strange-file': (p, show, trans) =>
    trans.__('others can write to its folder, and %1 belongs to %2', show(p.file), show(p.owner)),
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
    trans.__('a migration of its database was broken off, no version is stamped'),
  'credential-key-missing': (p, show, trans) =>
    trans.__('Credentials here were encrypted with a key (%1) that is missing.', show(p.key)),
  'credential-of-other-key': (p, show, trans) =>
    trans.__("The credential '%1' was encrypted with another key (%2).", show(p.name), show(p.key)),
  'credential-changed-outside': (p, show, trans) =>
    trans.__("The credential '%1' was changed outside of nbyard.", show(p.name)),
  'no-key-in-place': (p, show, trans) => trans.__('%1 holds no key.', show(p.place)),
  'key-of-other-length': (p, show, trans) =>
    trans.__('A key in %1 is not %2 bytes long.', show(p.place), show(p.length))
};
