"""Hints about notebooks, scripts and commands, read from their source."""

from nbyard.reasons.codes.code import REASON, code

HINTS_OF_CODE = {
    # hints of what was read of a file without running it
    "script-utf-16": code("{name} is UTF-16 text, which no interpreter reads. Save it as UTF-8."),
    "script-with-bom": code(
        "{name} begins with a byte order mark (BOM), which {reader} reads as part of"
        " the first word. Save it as UTF-8 without BOM.",
        reader=REASON,
    ),
    "read-by-system": code("the system"),
    "windows-line-ends": code(
        "{name} has Windows line endings (CRLF), which {language} reads as part of"
        " the words. Save it with Unix line endings (LF)."
    ),
    "sh-lacks-word": code(
        "{name} has no first line (#!), so sh runs it. sh does not support {word}."
        " Add the first line #!/bin/bash."
    ),
    "script-names-no-program": code(
        "{name} does not say which program runs it. Add a first line such as"
        " #!/usr/bin/env python3, or set its command in the form."
    ),
    "file-of-elyra": code(
        "{name} is a pipeline of Elyra, which nbyard cannot read. Drag its notebooks and scripts"
        " onto a new workflow."
    ),
    "file-of-nb-workflows": code(
        "{name} belongs to a project of NB Workflows. Convert the folder of the project:"
        " nbyard projects convert FOLDER"
    ),
    "arguments-of-binary": code(
        "nbyard cannot read the arguments of the binary {name}. Declare them in the form, or let"
        " Read --help (nbyard executables help) suggest them."
    ),
    "arguments-by-other-way": code(
        "{name} reads its arguments with {way}, which nbyard cannot follow. Declare them in the"
        " form, or let Read --help (nbyard executables help) suggest them."
    ),
    "python-line-invalid": code("{name}, line {line}: {message}"),
    "script-no-python": code("{name} cannot be read as Python: {message}"),
    # why the program of a failed run could not start
    "shebang-unusable": code(
        "The first line (#!) of {name} specifies the program {program}, which is not"
        " installed where the node runs. Install it, or correct the line."
    ),
    "suffix-program-missing": code(
        "Because of its file name, {name} is started with {program}, which is not"
        " installed where the node runs. Install it, or set another command in the"
        " form."
    ),
    "loader-missing": code(
        "The program {name} needs the loader {loader}, which is not installed where the node runs."
        " Use a program built for this system, or an image that has the loader."
    ),
    "library-missing": code(
        "The library {library} is not installed where the node runs. Install it, or use an image"
        " that has it."
    ),
    "set-executable": code("Run chmod +x {name}, then run the node again."),
    "binary-of-processor": code(
        "{name} is a program for {processor} processors. Use a program built for the processor of"
        " the machine that runs the node."
    ),
    "binary-of-system": code("{name} is a program for {system}. Use a program built for Linux."),
    "shell-passes-no-arguments": code(
        "line {line}: {keyword} uses the shell form, which does not pass arguments"
        ' on; write ["program", "word"]'
    ),
    "links-stay": code(
        "Symbolic links and names with control characters are not copied with the code:"
        " {names:, }. Copy their targets, or pass them as inputs."
    ),
    "more-links-stay": code(
        "Symbolic links and names with control characters are not copied with the code:"
        " {names:, }, …. Copy their targets, or pass them as inputs."
    ),
    "file-not-served": code("Its file is outside the served folder; runs use version {number}."),
    "file-gone": code("Its file was not found; runs use version {number}."),
    "file-changed-since": code(
        "Its file has changed since version {number}; the next run creates a new one."
    ),
    # arguments
    "help-to-check": code(
        "Arguments were read from the output of --help. Check them before you save."
    ),
    "help-found-nothing": code("No arguments were found in the output of --help."),
    "arguments-unread": code(
        "Arguments are not read: {problem}. Describe them in the form or a .nbexec file."
    ),
    "arguments-between": code(
        "Arguments are not read: unknown ones may be between them. {hint} Describe"
        " them in the form or a .nbexec file."
    ),
    "argument-name-unfit": code("{name} is not a valid argument name."),
    "argument-unread": code("The argument {name} in line {line} is not read: {problem}."),
    "unnamed-argument-unread": code("The argument in line {line} is not read: {problem}."),
    "loose-arguments-unread": code(
        "Arguments added in a loop, under a condition or elsewhere are not read (line {lines:, })."
    ),
    "arguments-of-call-unread": code("Arguments that {name} in line {line} may add are not read."),
    "arguments-of-decorator-unread": code("Arguments that @{name} may add are not read."),
    "words-unread": code("The positional arguments are not read: {problem}."),
    "option-unread": code("{name} is not read: {problem}."),
    "variadic-unused": code("{name} receives no values: only named parameters do."),
    "type-bool": code(
        "{name} has the type bool, which converts every text except the empty one to true. Pass"
        " true, or an empty text for false."
    ),
    "choices-computed": code("The choices of {name} are computed and not shown."),
    "default-computed": code(
        "The default of {name} is computed ({expression}): the script sets it if no"
        " value is passed."
    ),
    "default-kept": code(
        "The default of {name} cannot be passed as a value: the script sets it itself."
    ),
    "default-not-shown": code("The default of {name} is not shown: {problem}."),
    "default-unfit": code("The default of {name} does not match its declaration: {problem}."),
    "handed-name-computed": code(
        "{call} in line {line} is not read: its name must be a literal and a valid argument name."
    ),
    "handed-both-ways": code(
        "{name} is declared both as an output and as another argument. The first"
        " declaration is used."
    ),
    # why an argument is not read
    # cells
    "no-parameters-cell": code(
        "No parameters cell was found. To set values for a run, add the tag “parameters” to the "
        "cell that assigns them."
    ),
    "no-constants-to-tag": code(
        "No parameters. To set values for a run, write a cell with assignments such as {example},"
        " and add the tag “parameters” to it."
    ),
    "parameters-cell-without-values": code(
        "Cell {cell} is tagged “parameters” but assigns no values. Write an assignment such as"
        " {example} in it, or move the tag to another cell."
    ),
    "kernel-not-read": code("Arguments of {kernel} notebooks are not read: add them in the form."),
    "several-parameters-cells": code(
        "Cells {cells:, } are all tagged parameters; the last value counts."
    ),
    "cells-incomplete": code(
        "Cells {cells:, } have no metadata or no source, against the notebook format. The run adds"
        " them to its copy; saving the notebook in JupyterLab adds them to the file."
    ),
    "parameter-hides-function": code(
        "{name}: this parameter has the name of a Python function, and the notebook can no longer"
        " call the function. Rename the parameter."
    ),
    "parameters-hide-functions": code(
        "{names:, }: these parameters have the names of Python functions, and the notebook can no"
        " longer call the functions. Rename the parameters."
    ),
    "cell-no-python": code("The parameters cell is not valid Python ({message})."),
    "ipython-lines-unread": code(
        "Lines that only IPython understands were not read as parameters."
    ),
    "several-names-at-once": code(
        "Line {line} assigns several names at once; each is an argument of its own."
    ),
    "line-no-assignment": code(
        "Line {line} of the parameters cell is not a plain assignment and was not read."
    ),
    "cell-no-r": code("Cell {cell} is not read as R: {problem}."),
    # unsupported
    # misfits
    # what an imported document has without effect
    "cwl-version-read-as": code("cwlVersion {version} is read as {known}."),
    "cwl-field-left-out": code("{path} is left out."),
    "cwl-value-left-out": code("{path} is left out: {value}"),
    "cwl-hint-left-out": code("The hint {name} is left out."),
    "cwl-hint-misfits": code(
        "The hint {name} does not fit the rest of the document: it is left out."
    ),
    "cwl-hint-with-image": code(
        "The image '{image}' of the hint {name} is used for nodes that run in containers."
    ),
    "cwl-hint-without-image": code("The hint {name} specifies no image."),
    "cwl-disk-not-reserved": code("ResourceRequirement: disk space is not reserved."),
    "cwl-network-by-settings": code("NetworkAccess: the settings of nbyard decide."),
    "cwl-contents-stay": code("{path} is ignored: the contents stay in the file."),
    "cwl-lists-unchecked": code("{path}: the values of inner lists are not checked."),
    "cwl-records-unchecked": code("{path}: the values of records are not checked."),
    # arguments
    # files that code opens itself, at paths that the description declares
    "files-of-function": code(
        "a function takes files as parameters and returns them: declare them there"
    ),
    "files-of-kind": code("files at paths are for notebooks and scripts, not for a {kind}"),
    "files-apart": code("the working folder is separate: use `files` and the reach `found`"),
    # workflows
}
