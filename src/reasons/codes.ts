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
  'task-unusable': (p, show) => show(p.problem),
  'file-unusable': (p, show, trans) => trans.__('%1: %2', show(p.file), show(p.error)),
  'program-missing': (p, show, trans) =>
    trans.__(
      '%1 cannot be started: there is no such program (or the interpreter in its #! line is missing)',
      show(p.program)
    ),
  'program-not-executable': (p, show, trans) =>
    trans.__(
      '%1 cannot be started: it may not be executed; is its executable bit set?',
      show(p.program)
    ),
  'program-not-runnable': (p, show, trans) =>
    trans.__(
      '%1 cannot be started: the system cannot execute this kind of file; does it lack a #! line?',
      show(p.program)
    ),
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
  'parameter-name': (p, show, trans) => trans.__("'%1' is no parameter name", show(p.name)),
  'parameter-language': (p, show, trans) =>
    trans.__("values cannot be given to a notebook in '%1'", show(p.language)),
  'parameter-not-finite': (_p, _show, trans) =>
    trans.__('a number that is not finite can only be given to a Python notebook'),
  'parameter-refused': (p, show) => show(p.error),
  'parameter-untranslatable': (p, show, trans) =>
    trans.__('a value cannot be given to a notebook in %1: %2', show(p.language), show(p.error)),
  'kernel-missing': (p, show, trans) =>
    trans.__(
      "the kernel '%1' is not installed here (present: %2)",
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
    trans.__("the kernel '%1' ended while it started", show(p.kernel)),
  'kernel-ended-by': (p, show, trans) =>
    trans.__("the kernel '%1' ended while it started (%2)", show(p.kernel), show(p.end)),
  'kernel-died': (p, show, trans) => trans.__('the kernel died in %1', show(p.place)),
  'kernel-died-by': (p, show, trans) =>
    trans.__('the kernel died (%1) in %2', show(p.end), show(p.place)),
  'warm-kernel-lost': (p, show, trans) =>
    trans.__('the kernel that was ready cannot be had: %1', show(p.error)),
  cell: (p, show, trans) => trans.__('cell %1', show(p.number)),
  'parameter-cell': (_p, _show, trans) => trans.__("the cell with the parameters' values"),
  raised: (p, show, trans) => trans.__('%1: %2', show(p.name), show(p.text)),
  'raised-bare': (p, show) => show(p.name),
  'no-message': (_p, _show, trans) => trans.__('it failed without a message'),
  interrupted: (_p, _show, trans) => trans.__('interrupted'),
  'supervisor-stopped': (p, show, trans) =>
    trans.__('the supervisor was told to stop (%1)', show(p.signal)),
  'left-out': (p, show, trans) => trans.__('%1 (%2)', show(p.cause), show(p.problem)),
  signal: (p, show, trans) => trans.__('signal %1, %2', show(p.signal), show(p.name)),
  'ended-by-signal': (p, show, trans) =>
    trans.__('ended by signal %1 (%2)', show(p.signal), show(p.name)),
  'exited-as': (p, show, trans) =>
    trans.__(
      'exit code %1, a %2 failure as its description says',
      show(p.exit_code),
      show(p.meaning)
    ),
  'notebook-process-ended': (p, show, trans) =>
    trans.__('the process that ran the notebook ended early (%1)', show(p.end)),
  'function-process-ended': (p, show, trans) =>
    trans.__('its process ended before the function returned (%1)', show(p.end)),
  'function-exited': (p, show, trans) =>
    trans.__('the function left its process (exit code %1)', show(p.exit_code)),
  'function-missing': (p, show, trans) =>
    trans.__('%1 has no function %2 once it is imported', show(p.file), show(p.function)),
  'disk-full': (p, show, trans) =>
    trans.__('%1 (disk full: nothing can be written)', show(p.cause)),
  'memory-limit': (p, show, trans) =>
    trans.__('used %1 of memory, more than its limit of %2', show(p.used), show(p.limit)),
  'system-killed': (p, show, trans) =>
    trans.__('the system ended it for lack of memory (%1)', show(p.cause)),
  'out-of-memory': (_p, _show, trans) => trans.__('out of memory'),
  'out-of-memory-at': (p, show, trans) => trans.__('out of memory: limit %1', show(p.limit)),
  'output-missing': (p, show, trans) =>
    trans.__("the output '%1' is missing: %2", show(p.output), show(p.cause)),
  'value-unfit': (p, show) => show(p.text),
  'not-written': (p, show, trans) => trans.__('%1 was not written', show(p.path)),
  'nothing-fits': (p, show, trans) =>
    trans.__('nothing in its working folder fits %1', show(p.patterns, ' or ')),
  'several-files': (p, show, trans) =>
    trans.__('%1 files fit where one is expected: %2', show(p.count), show(p.files, ', ')),
  'output-unchanged': (p, show, trans) =>
    trans.__('%1 is as it was: the work did not write it', show(p.path)),
  'unchanged-folder': (p, show, trans) =>
    trans.__('%1 holds no file that the work wrote', show(p.path)),
  'working-folder-linked': (_p, _show, trans) =>
    trans.__('its working folder became a symbolic link'),
  'link-leaves': (p, show, trans) =>
    trans.__("%1 is a symbolic link that leaves the attempt's folder", show(p.file)),
  'neither-file-nor-folder': (p, show, trans) =>
    trans.__('%1 is neither a file nor a folder', show(p.file)),
  'is-a-folder': (p, show, trans) =>
    trans.__('%1 is a folder where a file is expected', show(p.file)),
  'is-no-folder': (p, show, trans) => trans.__('%1 is no folder', show(p.file)),
  'same-names': (p, show, trans) => trans.__('two of its files are called %1', show(p.file)),
  'companion-missing': (p, show, trans) =>
    trans.__('%1 has no %2 beside it', show(p.file), show(p.companion)),
  'value-null': (_p, _show, trans) => trans.__('its value is null'),
  'expression-lacks': (p, show, trans) =>
    trans.__("$(%1): there is no '%2'", show(p.expression), show(p.name)),
  'contents-unusable': (p, show, trans) =>
    trans.__('%1 %2: its contents cannot be a value', show(p.file), show(p.problem)),
  'contents-too-large': (_p, _show, trans) => trans.__('has more than 64 KiB'),
  'contents-not-text': (p, show, trans) => trans.__('is no UTF-8 text (byte %1)', show(p.byte)),
  'told-not-json': (p, show, trans) => trans.__('%1 is no JSON: %2', show(p.file), show(p.error)),
  'told-too-large': (p, show, trans) =>
    trans.__('%1 is no JSON object of at most %2 bytes', show(p.file), show(p.limit)),
  'told-missing': (p, show, trans) =>
    trans.__("%1 names '%2', which is not there", show(p.file), show(p.name))
};
