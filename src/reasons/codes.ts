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
    trans.__('only an output can be found in the working folder'),
  'items-type': (_p, _show, trans) => trans.__('only a list holds items'),
  'list-of-secrets': (_p, _show, trans) => trans.__('secrets are given one by one'),
  'stream-twice': (p, show, trans) => trans.__('only one argument can be %1', show(p.stream)),
  'nothing-beside': (p, show, trans) =>
    trans.__('there is no %1 %2 that it could be beside', show(p.role), show(p.name)),
  'several-at-path': (_p, _show, trans) => trans.__('only one file or folder can lie at a path'),
  'path-twice': (p, show, trans) =>
    trans.__('%1 is the path of another %2', show(p.path), show(p.role)),
  'not-code-path': (p, show, trans) =>
    trans.__('%1 is no path from the folder of the code', show(p.path)),
  'companions-without-list': (_p, _show, trans) => trans.__('only files of a list have some'),
  'unknown-in-pattern': (p, show, trans) =>
    trans.__('%1 is not known here: %2 are', show(p.reference), show(p.known)),
  'pattern-without-name': (p, show, trans) => trans.__('%1 makes no name', show(p.pattern)),
  'record-fields': (_p, _show, trans) =>
    trans.__('needs a name of its own, and fields that are inputs'),
  'companion-missing': (p, show, trans) =>
    trans.__('%1 has no %2 beside it', show(p.file), show(p.companion)),
  javascript: (p, show, trans) =>
    trans.__(
      '%1 is JavaScript (InlineJavascriptRequirement), which is not supported',
      show(p.text)
    ),
  'null-without-fields': (p, show, trans) => trans.__('%1: null has no fields', show(p.reference)),
  'reference-without-value': (p, show) => show(p.message),
  'files-of-function': (_p, _show, trans) =>
    trans.__('a function takes files as parameters and returns them: declare them there'),
  'files-of-kind': (p, show, trans) =>
    trans.__('files at paths are for notebooks and scripts, not for a %1', show(p.kind)),
  'files-apart': (_p, _show, trans) =>
    trans.__('its working folder is one of its own: use `files` and the reach `found`'),
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
    trans.__('say how the program gets it: option, flag, positional, variable, stdin or stdout'),
  'not-option': (p, show, trans) => trans.__('%1 is no option such as --name or -n', show(p.word)),
  'flag-twice': (p, show, trans) => trans.__('%1 is the flag of another argument', show(p.flag)),
  'position-from-zero': (_p, _show, trans) =>
    trans.__('each position is counted from 0 and taken once'),
  'position-twice': (_p, _show, trans) => trans.__('each position is taken once'),
  'output-without-path': (_p, _show, trans) =>
    trans.__('an output has a path only where it is an option, a word or a variable'),
  'joined-without-prefix': (_p, _show, trans) => trans.__('what is joined needs a prefix'),
  'not-pattern': (p, show, trans) =>
    trans.__('%1 is no pattern in the working folder', show(p.pattern)),
  'files-need-folder': (_p, _show, trans) =>
    trans.__('files of the working folder need one of its own (apart)'),
  'stream-of-argument': (p, show, trans) =>
    trans.__('%1 is that of an argument already', show(p.stream)),
  'not-variable': (p, show, trans) =>
    trans.__('%1 is no name of an environment variable', show(p.name)),
  'reserved-variable': (p, show, trans) => trans.__('the variable %1 may not be set', show(p.name)),
  'line-too-long': (p, show, trans) =>
    trans.__('the command line is longer than %1 bytes', show(p.most)),
  'word-too-long': (p, show, trans) =>
    trans.__('is longer than %1 bytes, which no command line can take', show(p.most)),
  'gap-before': (p, show, trans) =>
    trans.__('a value is needed, for that of %1 would take its place', show(p.other)),
  'no-such-argument': (_p, _show, trans) => trans.__('there is no such argument'),
  'dash-after-flag': (p, show, trans) =>
    trans.__('begins with -, which %1 would take for an option', show(p.flag)),
  'dash-in-list': (p, show, trans) =>
    trans.__('a text begins with -, which %1 would not take', show(p.flag)),
  'dash-in-word': (_p, _show, trans) =>
    trans.__('begins with -, which the program would take for an option'),
  'not-file-of-attempt': (_p, _show, trans) => trans.__('must be a file of the attempt'),
  'reference-not-text': (p, show, trans) => trans.__('%1 is no text', show(p.reference)),
  'input-file-needed': (_p, _show, trans) => trans.__('a file among the inputs is needed'),
  'companion-twice': (p, show, trans) =>
    trans.__('%1 is the name of another file beside %2', show(p.file), show(p.beside)),
  'not-in-folder': (p, show, trans) =>
    trans.__('%1 is no name in the working folder', show(p.name)),
  'no-function': (p, show, trans) =>
    trans.__('has no function %1; it has: %2', show(p.name), show(p.known, ', ')),
  'no-functions': (p, show, trans) => trans.__('has no function %1; it has: none', show(p.name)),
  'asynchronous-function': (p, show, trans) =>
    trans.__('%1 is asynchronous; only plain functions are called', show(p.name)),
  'generator-function': (p, show, trans) =>
    trans.__('%1 is a generator; only plain functions are called', show(p.name)),
  'output-is-parameter': (p, show, trans) =>
    trans.__('the output %1 has the name of a parameter that is no path', show(p.name)),
  'outputs-not-written-out': (_p, _show, trans) =>
    trans.__('outputs of executable() must be names with formats, written out'),
  'no-cell': (p, show, trans) => trans.__('the notebook has no cell %1', show(p.index)),
  'cell-without-code': (p, show, trans) => trans.__('cell %1 holds no code', show(p.index)),
  'too-many-nodes': (p, show, trans) => trans.__('more than %1 nodes', show(p.most)),
  'not-node-id': (p, show, trans) => trans.__('%1 is no valid node id', show(p.id)),
  'not-edge-id': (p, show, trans) => trans.__('%1 is no valid id of an edge', show(p.id)),
  'loose-edge': (p, show, trans) => trans.__('%1 has no node at one of its ends', show(p.edge)),
  'arrows-in-circle': (p, show, trans) =>
    trans.__('the arrows form a circle: %1', show(p.nodes, ', ')),
  'no-node': (p, show, trans) => trans.__('there is no node %1', show(p.node)),
  'scope-without-nodes': (p, show, trans) =>
    trans.__('name at least one node for the scope %1', show(p.scope)),
  'workflow-cannot-run': (p, show, trans) =>
    trans.__('The workflow cannot run yet: %1', show(p.problems)),
  'environment-and-requirements': (_p, _show, trans) =>
    trans.__('name it or a requirements file, not both'),
  'too-many-packages': (p, show, trans) => trans.__('has more than %1 packages', show(p.most)),
  'not-debian-package': (p, show, trans) =>
    trans.__('%1 is no name of a Debian package', show(p.name)),
  'not-user-number': (p, show, trans) =>
    trans.__('must be from 1 to %1: an image does not work as root', show(p.most)),
  'not-cuda-version': (p, show, trans) =>
    trans.__('%1 is no version of CUDA such as 12.6 or 12.4.1', show(p.version)),
  'text-of-at-most': (p, show, trans) => trans.__('must be text of at most %1 bytes', show(p.most)),
  'not-name-of-label': (p, show, trans) => trans.__('%1 is no name of a label', show(p.name)),
  'not-name-of-variable': (p, show, trans) => trans.__('%1 is no name of a variable', show(p.name)),
  'contains-forbidden': (p, show, trans) => trans.__('may not contain %1', show(p.part)),
  'not-image-name': (p, show, trans) =>
    trans.__(
      '%1 is no name of an image: write [host[:port]/]name[:tag], in small letters, digits and . _ - between them',
      show(p.name)
    ),
  'push-to-digest': (_p, _show, trans) => trans.__('an image is pushed to a tag, not to a digest'),
  'no-registry': (_p, _show, trans) =>
    trans.__('says no registry, such as registry.example.org:5000/'),
  'marker-missing': (p, show, trans) => trans.__('It has no line %1.', show(p.marker)),
  'line-above-marker': (p, show, trans) =>
    trans.__(
      'Line %1, above the marker, was changed, and is made anew: %2.',
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
    trans.__('an address of files begins with file:/// and the whole path'),
  'address-with-query': (_p, _show, trans) =>
    trans.__('the address may have neither ? nor #; a hash is given by --hash=sha256:…'),
  'address-with-variables': (_p, _show, trans) =>
    trans.__('the address may not contain .., //, variables or what hides them'),
  'requirement-refused': (p, show, trans) => trans.__('%1: %2', show(p.line), show(p.problem)),
  'hash-form': (_p, _show, trans) =>
    trans.__('--hash is taken of sha256, sha384 and sha512 only: --hash=sha256:<64 hex digits>'),
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
    trans.__('-e takes the whole path of a folder: /… or file:///…'),
  'address-without-name': (_p, _show, trans) =>
    trans.__('what lies at an address is written name @ address'),
  'address-without-name-not-allowed': (p, show, trans) =>
    trans.__(
      'what lies at an address is written name @ address, which is not allowed: an administrator allows addresses with %1',
      show(p.setting)
    ),
  'protected-package': (p, show, trans) =>
    trans.__('%1 is not to be installed: it installs', show(p.package)),
  'given-by-address': (p, show, trans) =>
    trans.__(
      '%1 is given by an address, which is not allowed: an administrator allows addresses with %2',
      show(p.package),
      show(p.setting)
    ),
  'given-by-no-wheel': (p, show, trans) =>
    trans.__('%1 is given by an address that is no wheel (.whl)', show(p.package)),
  'given-by-other': (p, show, trans) =>
    trans.__('%1 is given by the address of %2', show(p.package), show(p.other)),
  'not-version': (p, show, trans) => trans.__('%1 is not a version such as 1.2', show(p.version)),
  'requirements-line': (p, show, trans) =>
    trans.__('requirements, line %1: %2', show(p.line), show(p.problem)),
  'too-many-lines': (p, show, trans) => trans.__('has more than %1 lines', show(p.most)),
  'not-requirement': (p, show, trans) => trans.__('%1 is no requirement', show(p.line)),
  'not-among-requirements': (p, show, trans) =>
    trans.__('%1 is none of the requirements.', show(p.requirement)),
  'folder-without-lock': (p, show, trans) =>
    trans.__(
      '%1: what is in that folder is known in a library only, whose lock keeps it: make one (nbyard environments create NAME -r FILE), and let the node name that instead of the file',
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
    trans.__('%1 has no class %2 at its top level; it has: none', show(p.file), show(p.name)),
  'no-predict': (p, show, trans) => trans.__('%1 has no method predict', show(p.name)),
  'no-model-class': (p, show, trans) =>
    trans.__('%1 has no class with a method predict at its top level', show(p.file)),
  'several-model-classes': (p, show, trans) =>
    trans.__('%1 has several classes with predict: %2', show(p.file), show(p.names, ', ')),
  'model-needs-arguments': (p, show, trans) =>
    trans.__('needs %1: a model is made without arguments', show(p.names, ', ')),
  'no-input-columns': (_p, _show, trans) =>
    trans.__('the class does not say which columns predict takes'),
  'no-output-columns': (_p, _show, trans) =>
    trans.__('the class does not say which columns predict answers with'),
  'unreadable-column': (_p, _show, trans) =>
    trans.__("is no column that can be read without running it: write {'name': …, 'type': …}"),
  'columns-needed': (p, show, trans) =>
    trans.__('a list of columns is needed, such as %1', show(p.example)),
  'column-twice': (p, show, trans) => trans.__('%1 stands there twice', show(p.name)),
  'column-not-object': (_p, _show, trans) => trans.__('a column is an object with name and type'),
  'column-name-needed': (_p, _show, trans) => trans.__('the name of the column is needed, as text'),
  'column-type-needed': (p, show, trans) => trans.__('a type is needed: %1', show(p.known, ', ')),
  'not-column-type': (p, show, trans) =>
    trans.__('%1 is no type of a column; there are: %2', show(p.type), show(p.known, ', ')),
  'tensor-not-column': (_p, _show, trans) => trans.__('only a tensor that is one column is served'),
  'not-mode': (p, show, trans) => trans.__('%1 is no mode, such as http or batch', show(p.mode)),
  'not-tag': (p, show, trans) =>
    trans.__('%1 may have letters, digits and . _ - only, and at most 128 of them', show(p.tag)),
  'leaves-model-folder': (p, show, trans) =>
    trans.__("%1 leads out of the model's folder", show(p.path)),
  'not-module': (p, show, trans) =>
    trans.__('%1 is no module of src, such as model or package.model', show(p.name)),
  'not-class-name': (p, show, trans) => trans.__('%1 is no name of a class', show(p.name)),
  'requirements-needed': (_p, _show, trans) =>
    trans.__('a list of packages or the name of a file is needed'),
  'package-needed': (_p, _show, trans) =>
    trans.__('the name of a package is needed, such as numpy==2.1'),
  'no-python-function': (_p, _show, trans) =>
    trans.__('has no python_function: only that is served'),
  'no-signature': (_p, _show, trans) =>
    trans.__('says nothing of the columns: log the model with signature=infer_signature(…)'),
  'no-signature-outputs': (_p, _show, trans) =>
    trans.__('is missing: infer the signature with the answers'),
  'deployment-silent': (p, show, trans) =>
    trans.__('%1 does not answer: it is %2.', show(p.deployment), show(p.state)),
  'deployment-silent-because': (p, show, trans) =>
    trans.__('%1 does not answer: %2.', show(p.deployment), show(p.message)),
  'deployment-silent-cause': (p, show, trans) =>
    trans.__(
      '%1 does not answer: it is %2 (%3).',
      show(p.deployment),
      show(p.state),
      show(p.cause)
    ),
  'set-twice': (p, show, trans) => trans.__('is said by %1, too', show(p.other)),
  'no-gpu-types': (_p, _show, trans) =>
    trans.__('GPUs are not chosen by their type here: leave it empty'),
  'no-storage': (_p, _show, trans) =>
    trans.__('storage is not mounted here: leave it empty, and import data as datasets'),
  'no-preset': (p, show, trans) =>
    trans.__('there is no preset %1; there are: %2', show(p.name), show(p.known, ', ')),
  'no-span': (p, show, trans) =>
    trans.__('%1 is no span; there are: %2', show(p.span), show(p.known, ', ')),
  'host-name-needed': (_p, _show, trans) =>
    trans.__('is needed: it has small letters, digits and - between them, 63 at most'),
  'not-host-name': (p, show, trans) =>
    trans.__(
      '%1 is no host name: it has small letters, digits and - between them, 63 at most',
      show(p.name)
    ),
  'password-not-used': (p, show, trans) =>
    trans.__('is for %1; %2 has none', show(p.services, ' and '), show(p.service)),
  'password-length': (p, show, trans) =>
    trans.__('must have %1 to %2 characters', show(p.least), show(p.most)),
  'command-too-long': (p, show, trans) =>
    trans.__('may have %1 words of %2 characters', show(p.words), show(p.characters)),
  'command-known': (p, show, trans) =>
    trans.__('is not for %1, whose command is known', show(p.service)),
  'must-be-amount': (p, show, trans) =>
    trans.__('must be %1%2, this is %3', show(p.amount), show(p.unit), show(p.given)),
  'amount-from-to': (p, show, trans) =>
    trans.__(
      'must be from %1 to %2%3, this is %4',
      show(p.least),
      show(p.most),
      show(p.unit),
      show(p.given)
    ),
  'too-many-variables': (p, show, trans) => trans.__('may have %1 variables', show(p.most)),
  'set-by-nbyard': (_p, _show, trans) => trans.__('is set by nbyard itself'),
  'one-value-only': (p, show, trans) => trans.__('must be %1, or be left out', show(p.value)),
  'characters-allowed': (p, show, trans) => trans.__('may have %1 characters', show(p.most)),
  'too-many-ports': (p, show, trans) => trans.__('may be %1', show(p.most)),
  'port-needed': (_p, _show, trans) => trans.__('at least one is needed'),
  'port-name-taken': (p, show, trans) => trans.__('%1 is taken by another port', show(p.name)),
  'not-port-name': (p, show, trans) =>
    trans.__('%1 has small letters, digits and - between them, 63 at most', show(p.name)),
  'port-twice': (p, show, trans) => trans.__('%1 is there twice', show(p.port)),
  'not-port': (p, show, trans) => trans.__('%1 is no port: from 1 to 65535', show(p.port)),
  'not-url-path': (_p, _show, trans) => trans.__('begins with / and is written as in a URL'),
  'not-text': (_p, _show, trans) => trans.__('must be text'),
  empty: (_p, _show, trans) => trans.__('may not be empty'),
  'too-long': (p, show, trans) => trans.__('may have at most %1 characters', show(p.most)),
  'too-many-characters': (p, show, trans) =>
    trans.__('may have at most %1 characters, this has %2', show(p.most), show(p.count)),
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
    trans.__('there is no such field; is %1 meant?', show(p.near)),
  'no-such-field-among': (p, show, trans) =>
    trans.__('there is no such field; there are: %1', show(p.known, ', ')),
  'no-field': (p, show, trans) =>
    trans.__('there is no field %1; is %2 meant?', show(p.name), show(p.near)),
  'wrong-shape': (p, show) => show(p.message),
  'not-json-value': (p, show, trans) => trans.__('%1 is no JSON value', show(p.given)),
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
  'not-utf8': (p, show, trans) => trans.__('is no UTF-8 text (byte %1)', show(p.byte)),
  'unknown-version': (p, show, trans) =>
    trans.__('version %1 is not known; upgrade nbyard', show(p.version)),
  'not-python': (p, show, trans) => trans.__('cannot be read as Python: %1', show(p.message)),
  'file-empty': (_p, _show, trans) => trans.__('the file is empty'),
  'key-twice': (p, show, trans) => trans.__('the key %1 stands twice in one object', show(p.key)),
  'half-surrogate': (_p, _show, trans) => trans.__('half of a surrogate pair'),
  'body-not-utf8': (_p, _show, trans) => trans.__('The body is no UTF-8 text.'),
  'body-too-deep': (p, show, trans) =>
    trans.__('The body is nested deeper than %1 levels.', show(p.most)),
  'not-json': (p, show, trans) => trans.__('This is no valid JSON: %1', show(p.message)),
  'not-json-number': (p, show, trans) => trans.__('%1 is no JSON number.', show(p.text)),
  'json-half-surrogate': (_p, _show, trans) =>
    trans.__('A text contains half of a surrogate pair.'),
  'json-key-twice': (p, show, trans) =>
    trans.__('The key %1 stands twice in one object.', show(p.key)),
  'json-number-too-large': (p, show, trans) =>
    trans.__('The number %1 is too large.', show(p.number)),
  'too-many-digits': (p, show, trans) =>
    trans.__('A number has more than %1 digits.', show(p.most)),
  'not-yaml': (p, show, trans) => trans.__('is no YAML: %1', show(p.message)),
  'yaml-second-document': (_p, _show, trans) => trans.__('a second document; one is expected'),
  'yaml-tag': (p, show, trans) => trans.__('the tag %1 is not read', show(p.tag)),
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
  'blanks-in-url': (_p, _show, trans) =>
    trans.__('may not contain spaces, backslashes or control characters'),
  'login-in-url': (_p, _show, trans) => trans.__('may not hold a name or password'),
  'chained-protocols': (_p, _show, trans) => trans.__('may not chain protocols'),
  'unknown-scheme': (p, show, trans) =>
    trans.__('must begin with one of %1', show(p.schemes, ', ')),
  'dots-in-key': (_p, _show, trans) => trans.__('may not contain .. in its key'),
  'password-in-url': (_p, _show, trans) => trans.__('may not hold a password'),
  'dot-segments-in-key': (_p, _show, trans) => trans.__('may not contain . or .. in its key'),
  'key-too-long': (p, show, trans) =>
    trans.__('may have at most %1 bytes in its key', show(p.most)),
  'no-bucket': (_p, _show, trans) =>
    trans.__('names no bucket of S3: write s3://CREDENTIAL@bucket/key'),
  'no-object': (_p, _show, trans) =>
    trans.__('names no object, which a folder is none: write s3://CREDENTIAL@bucket/key'),
  'no-credential-in-url': (_p, _show, trans) =>
    trans.__('names no credential: write s3://CREDENTIAL@bucket/key'),
  'endpoint-not-http': (p, show, trans) =>
    trans.__('the endpoint of the credential %1 is no http(s) address', show(p.credential)),
  'not-region': (p, show, trans) =>
    trans.__('the region of the credential %1 is none', show(p.credential)),
  'no-host': (_p, _show, trans) => trans.__('names no host'),
  'malformed-host': (_p, _show, trans) => trans.__('has no proper host'),
  'percent-in-host': (_p, _show, trans) => trans.__('may not hide its host behind percent signs'),
  'malformed-port': (_p, _show, trans) => trans.__('has no proper port'),
  'malformed-port-of': (p, show, trans) => trans.__('%1 has no proper port', show(p.entry)),
  'malformed-address': (_p, _show, trans) => trans.__('has no proper address'),
  'network-interface': (_p, _show, trans) => trans.__('may not name a network interface'),
  'unusual-address': (_p, _show, trans) => trans.__('must write an address as four plain numbers'),
  'private-host': (p, show, trans) => trans.__('%1 is a private place', show(p.host)),
  'leads-to-private': (p, show, trans) =>
    trans.__('%1 leads to %2, %3', show(p.host), show(p.address), show(p.kind)),
  'metadata-service': (_p, _show, trans) => trans.__('a metadata service'),
  'special-address': (p, show, trans) => trans.__('a %1 address', show(p.kind)),
  'private-address': (_p, _show, trans) => trans.__('a private address'),
  'other-protocol': (p, show, trans) =>
    trans.__('port %1 belongs to another protocol', show(p.port)),
  'host-without-address': (p, show, trans) => trans.__('%1 has no address', show(p.host)),
  'not-of-kind': (p, show, trans) =>
    trans.__('%1 has no such field; it has: %2', show(p.kind), show(p.known, ', ')),
  'not-registry': (_p, _show, trans) =>
    trans.__('is no registry such as registry.example.org:5000'),
  'line-not-variable': (p, show, trans) => trans.__('line %1 is not NAME=value', show(p.line)),
  's3-login-not-plain': (_p, _show, trans) =>
    trans.__('An access key ID and a session token have plain characters only.'),
  'no-credential-named': (_p, _show, trans) => trans.__('there is no credential of that name')
};
