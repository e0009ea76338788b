"""Why a workflow, an executable, its arguments or its command is refused."""

from nbyard.reasons.codes.code import REASON, REASONS, code

ARGUMENTS = {
    "reserved-word": code("{name} is a reserved word of Python", name=str),
    "not-argument-name": code(
        "{name} is not a valid argument name: use letters, digits and _, not starting with a"
        " digit, at most 128 characters",
        name=str,
    ),
    "name-twice": code("the name {name} is used twice", name=str),
    "no-choices": code("a choice needs at least one value"),
    "flag-type": code("a flag needs the type bool, or int to repeat it"),
    "words-type": code("several words need the type list"),
    "stdin-role": code("only an input or a secret can be standard input"),
    "only-outputs-to-stdout": code("only an output can be standard output"),
    "only-outputs-to-stderr": code("only an output can be standard error"),
    "only-outputs-found": code("only an output can be collected from the working folder"),
    "items-type": code("items need the type list"),
    "list-of-secrets": code("a list cannot contain secrets: declare one argument for each secret"),
    "stream-twice": code("only one argument can be {stream}", stream=str),
    "nothing-beside": code(
        "there is no {role} {name} that this file can be placed next to", role=str, name=str
    ),
    "several-at-path": code("only a single file or folder can have a path"),
    "path-twice": code("{path} is the path of another {role}", path=str, role=str),
    "not-code-path": code("{path} is not a plain path relative to the code folder", path=str),
    "companions-without-list": code("only a list of files can have companions"),
    "unknown-in-pattern": code(
        "{reference} is not supported here; supported: {known}", reference=str, known=str
    ),
    "pattern-without-name": code("{pattern} does not produce a file name", pattern=str),
    "record-fields": code("needs a unique name, and all its fields must be inputs"),
    "javascript": code(
        "{text} is JavaScript (InlineJavascriptRequirement), which is not supported", text=str
    ),
    "null-without-fields": code("{reference}: null has no fields", reference=str),
    # the message of the program that resolves references
}

# files that code opens itself, at paths that the description declares
PATHS = {
    "files-of-function": code(
        "a function takes files as parameters and returns them: declare them there"
    ),
    "files-of-kind": code(
        "files at paths are for notebooks and scripts, not for a {kind}", kind=str
    ),
    "files-apart": code("the working folder is separate: use `files` and the reach `found`"),
    "leaves-code": code("{path} leaves the code bundle", path=str),
    "is-code-file": code("{path} is the code file itself", path=str),
    "path-contains": code("{path} contains {other}", path=str, other=REASON),
    "path-inside": code("{path} lies in {other}", path=str, other=REASON),
    "the-code-file": code("the code file {file}", file=str),
    "the-path-of": code("{path}, the path of the {role} {name}", path=str, role=str, name=str),
}

COMMANDS = {
    "no-program": code("the program is missing"),
    "empty-or-nul": code("may not be empty or contain NUL"),
    "reach-missing": code(
        "specify how the program receives it: option, flag, positional, variable, stdin or stdout"
    ),
    "not-option": code("{word} is not an option such as --name or -n", word=str),
    "flag-twice": code("{flag} is the flag of another argument", flag=str),
    "position-from-zero": code("positions start at 0, and each position can be used only once"),
    "position-twice": code("each position can be used only once"),
    "output-without-path": code(
        "an output gets a path only as an option, a positional word or a variable"
    ),
    "joined-without-prefix": code("a joined word needs a prefix"),
    "not-pattern": code("{pattern} is not a pattern relative to the working folder", pattern=str),
    "files-need-folder": code("files of the working folder need a separate working folder (apart)"),
    "stream-of-argument": code("another argument already uses {stream}", stream=str),
    "not-variable": code("{name} is not a valid name of an environment variable", name=str),
    "reserved-variable": code("the variable {name} may not be set", name=str),
    "line-too-long": code("the command line is longer than {most} bytes", most=int),
    "word-too-long": code(
        "is longer than {most} bytes, the maximum for a word of a command line", most=int
    ),
    "gap-before": code(
        "a value is needed, because the value of {other} would take its position", other=str
    ),
    "no-such-argument": code("unknown argument"),
    "dash-after-flag": code("begins with -, so {flag} would read it as an option", flag=str),
    "dash-in-list": code(
        "a text begins with -, so {flag} would not accept it as a value", flag=str
    ),
    "dash-in-word": code("begins with -, so the program would read it as an option"),
    "not-file-of-attempt": code("must be a file of the attempt"),
    "reference-not-text": code("{reference} is not a text", reference=str),
    "input-file-needed": code("an input file is needed"),
    "companion-twice": code(
        "{file} is already the name of another file next to {beside}", file=str, beside=str
    ),
    "not-in-folder": code("{name} is not a path inside the working folder", name=str),
}

# functions and notebooks
SOURCES = {
    "no-function": code("has no function {name}; it has: {known:, }", name=str, known=list),
    "no-functions": code("has no function {name}; it has no functions", name=str),
    "asynchronous-function": code(
        "{name} is asynchronous; only plain functions are called", name=str
    ),
    "generator-function": code("{name} is a generator; only plain functions are called", name=str),
    "output-is-parameter": code(
        "the output {name} has the name of a parameter that is not a path", name=str
    ),
    "outputs-not-written-out": code(
        "outputs of executable() must be a plain dictionary of names and formats, not computed"
    ),
    "no-cell": code("the notebook has no cell {index}", index=int),
    "no-cell-to-tag": code("no cell of the notebook assigns a constant"),
    "cell-without-code": code("cell {index} is not a code cell", index=int),
}

WORKFLOWS = {
    "too-many-nodes": code("more than {most} nodes", most=int),
    "not-node-id": code("{id} is not a valid node ID", id=str),
    "not-edge-id": code("{id} is not a valid connection ID", id=str),
    "not-comment-id": code("{id} is not a valid comment ID, such as #1", id=str),
    "loose-edge": code("the connection {edge} has no node at one of its ends", edge=str),
    "no-node": code("there is no node {node}", node=str),
    "scope-without-nodes": code("the scope {scope} needs at least one node", scope=str),
    "nodes-inactive": code("each of these nodes is muted or bypassed, or depends on a muted node"),
    "workflow-is-copy": code(
        "has the same ID as {path}, so it counts as a copy with separate runs. JupyterLab gives it"
        " a new ID when you save it",
        path=str,
    ),
    "workflow-cannot-run": code("The workflow cannot run yet: {problems}", problems=REASONS),
    "environment-and-requirements": code(
        "set either an environment or a requirements file, not both"
    ),
}

DOCUMENTS = {**ARGUMENTS, **PATHS, **COMMANDS, **SOURCES, **WORKFLOWS}
