"""Why an attempt failed."""

from nbyard.reasons.codes.code import REASON, code

FAILURES = {
    # the work could not begin
    "task-unusable": code("{problem}", problem=str),
    "file-unusable": code("{file}: {error}"),
    "program-missing": code(
        "{program} cannot be started: the program or its interpreter was not found"
    ),
    "program-not-executable": code("{program} cannot be started: it is not executable"),
    "program-not-runnable": code(
        "{program} cannot be started: the system cannot execute this kind of file"
    ),
    "program-not-started": code("{program} cannot be started: {error}"),
    "command-too-large": code(
        "the command line and its environment are larger than the system allows"
    ),
    "argument-too-large": code(
        "the argument '{argument}'… has {size} bytes; the system allows less than {limit}",
        size=int,
        limit=int,
    ),
    "notebook-format": code("{path} is not a notebook of format 4"),
    "notebook-unreadable": code("{path} cannot be read as a notebook: {error}"),
    "notebooks-impossible": code("notebooks cannot be run here: {error}"),
    "parameter-name": code("'{name}' is not a valid parameter name"),
    "parameter-language": code("values cannot be passed to a notebook in '{language}'"),
    "parameter-not-finite": code(
        "a number that is not finite can only be passed to a Python notebook"
    ),
    "parameter-refused": code("{error}"),
    "parameter-untranslatable": code(
        "a value cannot be passed to a notebook in {language}: {error}"
    ),
    # `end` is how the process ended
    "kernel-missing": code("the kernel '{kernel}' is not installed here (installed: {present:, })"),
    "no-kernel": code("the kernel '{kernel}' is not installed here (present: none)"),
    "kernel-not-started": code("the kernel '{kernel}' cannot be started: {error}"),
    "kernel-silent": code("the kernel '{kernel}' did not answer within {seconds} s"),
    "kernel-interrupted": code("interrupted while the kernel was started"),
    "kernel-ended": code("the kernel '{kernel}' exited during startup"),
    "kernel-ended-by": code("the kernel '{kernel}' exited during startup ({end})"),
    "kernel-died": code("the kernel died in {place}", place=REASON),
    "kernel-died-by": code("the kernel died ({end}) in {place}", place=REASON),
    "warm-kernel-lost": code("the ready kernel cannot be used: {error}"),
    "cell": code("cell {number}"),
    "parameter-cell": code("the cell with the parameters' values"),
    # what the work itself said
    "raised": code("{name}: {text}"),
    "raised-bare": code("{name}"),
    "no-message": code("it failed without a message"),
    "interrupted": code("interrupted"),
    "supervisor-stopped": code("the supervisor received {signal}", signal=str),
    # the file of the program shows why it could not start
    "start-hinted": code("{cause}. {hint}"),
    # the work missed a file that did not travel with its code
    "left-out": code("{cause} ({problem})"),
    # a check run, whose data were cut
    "sample-doubted": code("{cause} (this may be due to the sample)"),
    # how the process of the work ended
    "signal": code("signal {signal}, {name}"),
    "ended-by-signal": code("killed by signal {signal} ({name})"),
    # `meaning` of this exit code in the description of the command: temporary or permanent
    "exited-as": code("exit code {exit_code}, declared as a {meaning} failure"),
    # `line` is the last one of the output, mostly the error of the program
    "exited-after-line": code("{cause}: {line}", line=str),
    "notebook-process-ended": code("the process that ran the notebook exited early ({end})"),
    "function-process-ended": code("the process exited before the function returned ({end})"),
    "function-exited": code("the function raised SystemExit (exit code {exit_code})"),
    "function-missing": code("{file} does not define the function {function} when imported"),
    "disk-full": code("{cause} (disk full: nothing can be written)"),
    "memory-limit": code("used {used} of memory, more than its limit of {limit}"),
    "system-killed": code("the system killed the process because memory ran out ({cause})"),
    "out-of-memory": code("out of memory"),
    "out-of-memory-at": code("out of memory: limit {limit}"),
    # an output is not as declared
    "output-missing": code("the output '{output}' is missing: {cause}"),
    "value-unfit": code("{text}"),
    "not-written": code("{path} was not written"),
    "nothing-fits": code("no file or folder in the working folder matches {patterns: or }"),
    "several-files": code("{count} files match where one is expected: {files:, }"),
    "output-unchanged": code("{path} is unchanged: the task did not write it"),
    "unchanged-folder": code("{path} contains no file that the task wrote"),
    "working-folder-linked": code("the working folder was replaced by a symbolic link"),
    "link-leaves": code("{file} is a symbolic link that points outside the attempt's folder"),
    "neither-file-nor-folder": code("{file} is neither a file nor a folder"),
    "is-a-folder": code("{file} is a folder where a file is expected"),
    "is-no-folder": code("{file} is not a folder"),
    "same-names": code("two of its files are called {file}"),
    "companion-missing": code("{companion} is missing next to {file}"),
    "value-null": code("its value is null"),
    "expression-lacks": code("$({expression}): there is no '{name}'"),
    "contents-unusable": code("{file} {problem}: its contents cannot be used as a value"),
    "contents-too-large": code("has more than 64 KiB"),
    "contents-not-text": code("is not UTF-8 text (byte {byte})", byte=int),
    # cwl.output.json, in which the work names its outputs
    "told-not-json": code("{file} is not valid JSON: {error}"),
    "told-too-large": code("{file} is not a JSON object of at most {limit} bytes", limit=int),
    "told-missing": code("{file} refers to '{name}', which was not found"),
    # output is missing in a log, which has the English text too
    "log-gap": code("lines missing here: {lines:,} ({size:bytes}): {why}"),
    "log-gap-at-least": code("lines missing here: at least {lines:,} ({size:bytes}): {why}"),
    "log-gap-uncounted": code("lines missing here: {why}"),
    "log-limit": code("the log has reached its limit"),
    "log-forgotten": code("the container engine kept no more of the log"),
    "log-unseen": code("the container ended while its engine was down"),
}
