"""Why a file cannot be read as an executable, or run with the given values."""

from nbyard.reasons.codes.code import REASON, code

NEEDED = {
    "list-value-needed": code("a list is needed"),
    "texts-needed": code("a list of texts is needed"),
    "text-or-lines-needed": code("text or a list of lines is needed"),
    "dataset-needed": code("a dataset is needed"),
    "value-not-json": code(
        "is not valid JSON: {message} (line {line}, column {column})",
        message=str,
        line=int,
        column=int,
    ),
}

EXECUTABLES = {
    "start-unknown": code("nbyard does not know how to start this file"),
    "not-a-dockerfile": code("{file} is not a Dockerfile: it has no FROM instruction", file=str),
    "not-an-argument": code("the {kind} does not have this argument", kind=str),
    "not-an-argument-of-models": code("a model does not have this argument"),
    "predictions-format": code("must be one of {formats:, }", formats=list),
}

NOTEBOOKS = {
    "not-a-notebook": code("is not a notebook: {message}", message=str),
    "notebook-nested-too-deeply": code("is not a notebook: it is nested too deeply"),
    "notebook-not-an-object": code("is not a notebook: an object is needed at the top level"),
    "notebook-without-format": code("is missing or not a number; this is not a notebook"),
    "notebook-of-other-format": code("the notebook has format {format}, not 4", format=int),
    "notebook-of-unknown-version": code("{version} is not a known version", version=str),
    "notebook-not-converted": code(
        "cannot be converted from format {format} to 4: {error} {message}",
        format=int,
        error=str,
        message=str,
    ),
    "notebook-too-old-for-tag": code("tags can only be added to notebooks of format 4"),
    "cell-type-unknown": code("must be code, markdown or raw"),
    "not-a-kernel-name": code("{name} is not a valid kernel name", name=str),
    "parameters-cell-invalid": code(
        "the parameters cell is not valid Python ({message})", message=str
    ),
}

# hints of what was read of a file without running it
STARTS = {
    "script-utf-16": code(
        "{name} is UTF-16 text, which no interpreter reads. Save it as UTF-8.", name=str
    ),
    "script-with-bom": code(
        "{name} begins with a byte order mark (BOM), which {reader} reads as part of"
        " the first word. Save it as UTF-8 without BOM.",
        name=str,
        reader=REASON,
    ),
    "read-by-system": code("the system"),
    "windows-line-ends": code(
        "{name} has Windows line endings (CRLF), which {language} reads as part of"
        " the words. Save it with Unix line endings (LF).",
        name=str,
        language=str,
    ),
    "sh-lacks-word": code(
        "{name} has no first line (#!), so sh runs it. sh does not support {word}."
        " Add the first line #!/bin/bash.",
        name=str,
        word=str,
    ),
    "script-names-no-program": code(
        "{name} does not say which program runs it. Add a first line such as"
        " #!/usr/bin/env python3, or set its command in the form.",
        name=str,
    ),
    "file-of-elyra": code(
        "{name} is a pipeline of Elyra, which nbyard cannot read. Drag its notebooks and scripts"
        " onto a new workflow.",
        name=str,
    ),
    "file-of-nb-workflows": code(
        "{name} belongs to a project of NB Workflows. Convert the folder of the project:"
        " nbyard projects convert FOLDER",
        name=str,
    ),
    "arguments-of-binary": code(
        "nbyard cannot read the arguments of the binary {name}. Declare them in the form, or let"
        " Read --help (nbyard executables help) suggest them.",
        name=str,
    ),
    "arguments-by-other-way": code(
        "{name} reads its arguments with {way}, which nbyard cannot follow. Declare them in the"
        " form, or let Read --help (nbyard executables help) suggest them.",
        name=str,
        way=str,
    ),
    "python-line-invalid": code("{name}, line {line}: {message}", name=str, line=int, message=str),
    "script-no-python": code("{name} cannot be read as Python: {message}", name=str, message=str),
    # why the program of a failed run could not start
    "shebang-unusable": code(
        "The first line (#!) of {name} specifies the program {program}, which is not"
        " installed where the node runs. Install it, or correct the line.",
        name=str,
        program=str,
    ),
    "suffix-program-missing": code(
        "Because of its file name, {name} is started with {program}, which is not"
        " installed where the node runs. Install it, or set another command in the"
        " form.",
        name=str,
        program=str,
    ),
    "loader-missing": code(
        "The program {name} needs the loader {loader}, which is not installed where the node runs."
        " Use a program built for this system, or an image that has the loader.",
        name=str,
        loader=str,
    ),
    "library-missing": code(
        "The library {library} is not installed where the node runs. Install it, or use an image"
        " that has it.",
        library=str,
    ),
    "set-executable": code("Run chmod +x {name}, then run the node again.", name=str),
    "binary-of-processor": code(
        "{name} is a program for {processor} processors. Use a program built for the processor of"
        " the machine that runs the node.",
        name=str,
        processor=str,
    ),
    "binary-of-system": code(
        "{name} is a program for {system}. Use a program built for Linux.", name=str, system=str
    ),
    "shell-passes-no-arguments": code(
        "line {line}: {keyword} uses the shell form, which does not pass arguments"
        ' on; write ["program", "word"]',
        line=int,
        keyword=str,
    ),
    "help-found-nothing": code("No arguments were found in the output of --help."),
    "help-to-check": code(
        "Arguments were read from the output of --help. Check them before you save."
    ),
    "links-stay": code(
        "Symbolic links and names with control characters are not copied with the code:"
        " {names:, }. Copy their targets, or pass them as inputs.",
        names=list,
    ),
    "more-links-stay": code(
        "Symbolic links and names with control characters are not copied with the code:"
        " {names:, }, …. Copy their targets, or pass them as inputs.",
        names=list,
    ),
    "file-not-served": code(
        "Its file is outside the served folder; runs use version {number}.", number=int
    ),
    "file-gone": code("Its file was not found; runs use version {number}.", number=int),
    "file-changed-since": code(
        "Its file has changed since version {number}; the next run creates a new one.", number=int
    ),
}

ARGUMENTS = {
    "arguments-unread": code(
        "Arguments are not read: {problem}. Describe them in the form or a .nbexec file.",
        problem=REASON,
    ),
    "arguments-between": code(
        "Arguments are not read: unknown ones may be between them. {hint} Describe"
        " them in the form or a .nbexec file.",
        hint=REASON,
    ),
    "argument-name-unfit": code("{name} is not a valid argument name.", name=str),
    "argument-unread": code(
        "The argument {name} in line {line} is not read: {problem}.",
        name=str,
        line=int,
        problem=REASON,
    ),
    "unnamed-argument-unread": code(
        "The argument in line {line} is not read: {problem}.", line=int, problem=REASON
    ),
    "loose-arguments-unread": code(
        "Arguments added in a loop, under a condition or elsewhere are not read (line {lines:, }).",
        lines=list,
    ),
    "arguments-of-call-unread": code(
        "Arguments that {name} in line {line} may add are not read.", name=str, line=int
    ),
    "arguments-of-decorator-unread": code("Arguments that @{name} may add are not read.", name=str),
    "words-unread": code("The positional arguments are not read: {problem}.", problem=REASON),
    "parameter-unread": code("{name} is not read: {problem}", name=str, problem=REASON),
    "option-unread": code("{name} is not read: {problem}.", name=str, problem=REASON),
    "variadic-unused": code("{name} receives no values: only named parameters do.", name=str),
    "type-bool": code(
        "{name} has the type bool, which converts every text except the empty one to true. Pass"
        " true, or an empty text for false.",
        name=str,
    ),
    "choices-computed": code("The choices of {name} are computed and not shown.", name=str),
    "default-computed": code(
        "The default of {name} is computed ({expression}): the script sets it if no"
        " value is passed.",
        name=str,
        expression=str,
    ),
    "default-kept": code(
        "The default of {name} cannot be passed as a value: the script sets it itself.", name=str
    ),
    "default-not-shown": code(
        "The default of {name} is not shown: {problem}.", name=str, problem=REASON
    ),
    "default-unfit": code(
        "The default of {name} does not match its declaration: {problem}.", name=str, problem=REASON
    ),
    "handed-name-computed": code(
        "{call} in line {line} is not read: its name must be a literal and a valid argument name.",
        call=str,
        line=int,
    ),
    "handed-both-ways": code(
        "{name} is declared both as an output and as another argument. The first"
        " declaration is used.",
        name=str,
    ),
    # why an argument is not read
    "action-has-keyword": code("the keyword {keyword} belongs to a custom action", keyword=str),
    "own-action": code("it has an action of its own"),
    "action-is": code("the action {action} is not supported", action=str),
    "name-not-given": code("nbyard cannot use its name"),
    "changes-nothing": code("setting it has no effect"),
    "lists-of-lists": code("its value is a list of lists"),
    "letters-one-by-one": code("it splits its value into single letters"),
    "rest-of-line": code("it consumes the rest of the command line"),
    "counts-on": code("it counts up from its default"),
    "makes-own": code("the keyword {keyword} is not supported", keyword=str),
    "without-name": code("it has no name"),
    "true-when-not-given": code("it is true by default"),
    "name-no-text": code("a name is not text"),
    # why the arguments of a script are not read
    "negative-option": code("with the option {option}, numbers cannot be negative", option=str),
    "foreign-parser": code("the script has an ArgumentParser that is not from argparse"),
    "several-parsers": code("the script has several parsers"),
    "parser-keyword": code(
        "the keyword {keyword} of the parser may change its arguments", keyword=str
    ),
    "own-parser-class": code("the script defines its own parser class"),
    "has-subcommands": code("the script has subcommands"),
    "program-has-subcommands": code("the program has subcommands"),
    "parses-own-list": code(
        "line {line} parses a fixed list instead of the command line", line=int
    ),
    "words-not-told-apart": code(
        "the values of {first} and {second} cannot be distinguished", first=str, second=str
    ),
    "several-commands": code("the script has several commands"),
    "parameters-before-command": code("parameters are declared above the command"),
    "command-keyword": code(
        "{keyword} of the command may change how arguments are read", keyword=str
    ),
    "argparse-and-click": code("the script uses both argparse and click"),
}

CELLS = {
    "no-parameters-cell": code(
        "No parameters cell was found. To set values for a run, add the tag “parameters” to the "
        "cell that assigns them."
    ),
    "no-constants-to-tag": code(
        "No parameters. To set values for a run, write a cell with assignments such as {example},"
        " and add the tag “parameters” to it.",
        example=str,
    ),
    "parameters-cell-without-values": code(
        "Cell {cell} is tagged “parameters” but assigns no values. Write an assignment such as"
        " {example} in it, or move the tag to another cell.",
        cell=int,
        example=str,
    ),
    "kernel-not-read": code(
        "Arguments of {kernel} notebooks are not read: add them in the form.", kernel=str
    ),
    "several-parameters-cells": code(
        "Cells {cells:, } are all tagged parameters; the last value counts.", cells=list
    ),
    "cells-incomplete": code(
        "Cells {cells:, } have no metadata or no source, against the notebook format. The run adds"
        " them to its copy; saving the notebook in JupyterLab adds them to the file.",
        cells=list,
    ),
    "parameter-hides-function": code(
        "{name}: this parameter has the name of a Python function, and the notebook can no longer"
        " call the function. Rename the parameter.",
        name=str,
    ),
    "parameters-hide-functions": code(
        "{names:, }: these parameters have the names of Python functions, and the notebook can no"
        " longer call the functions. Rename the parameters.",
        names=list,
    ),
    "cell-no-python": code("The parameters cell is not valid Python ({message}).", message=str),
    "ipython-lines-unread": code(
        "Lines that only IPython understands were not read as parameters."
    ),
    "several-names-at-once": code(
        "Line {line} assigns several names at once; each is an argument of its own.", line=int
    ),
    "line-no-assignment": code(
        "Line {line} of the parameters cell is not a plain assignment and was not read.", line=int
    ),
    "cell-no-r": code("Cell {cell} is not read as R: {problem}.", cell=int, problem=REASON),
    "cell-too-large": code("it has more than {most} KiB", most=int),
    "r-line-unread": code("line {line}, {words}", line=int, words=str),
}

KINDS = {**NEEDED, **EXECUTABLES, **NOTEBOOKS, **STARTS, **ARGUMENTS, **CELLS}
