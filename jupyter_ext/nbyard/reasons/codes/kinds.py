"""Why a file cannot be read as an executable, or run with the given values."""

from nbyard.reasons.codes.code import REASON, code

NEEDED = {
    "list-value-needed": code("a list is needed"),
    "texts-needed": code("a list of texts is needed"),
    "text-or-lines-needed": code("text or a list of lines is needed"),
    "dataset-needed": code("a dataset is needed"),
    "value-not-json": code(
        "is no JSON: {message} (line {line}, column {column})", message=str, line=int, column=int
    ),
}

EXECUTABLES = {
    "start-unknown": code("it is not known how to start this file"),
    "not-a-dockerfile": code("{file} is no Dockerfile: nothing in it is FROM an image", file=str),
    "not-an-argument": code("the {kind} has no such argument", kind=str),
    "not-an-argument-of-models": code("a model has no such argument"),
    "predictions-format": code("predictions are made as {formats:, }", formats=list),
}

NOTEBOOKS = {
    "not-a-notebook": code("is no notebook: {message}", message=str),
    "notebook-nested-too-deeply": code("is no notebook: it is nested too deeply"),
    "notebook-not-an-object": code("is no notebook: an object is needed at the top"),
    "notebook-without-format": code("is missing or no number; this is no notebook"),
    "notebook-of-other-format": code("the notebook has format {format}, not 4", format=int),
    "notebook-of-unknown-version": code("{version} is no known version", version=str),
    "notebook-not-converted": code(
        "cannot be converted from format {format} to 4: {error} {message}",
        format=int,
        error=str,
        message=str,
    ),
    "notebook-too-old-for-tag": code("only notebooks of format 4 can get a tag here"),
    "cell-type-unknown": code("must be code, markdown or raw"),
    "not-a-kernel-name": code("{name} is no name of a kernel", name=str),
    "parameters-cell-invalid": code(
        "the parameters cell is no valid Python ({message})", message=str
    ),
}

# hints of what was read of a file without running it
STARTS = {
    "script-utf-16": code(
        "{name} is UTF-16 text, which no interpreter reads. Save it as UTF-8.", name=str
    ),
    "script-with-bom": code(
        "{name} begins with a byte order mark (BOM), which {reader} takes for a part of the first"
        " word. Save it as UTF-8 without BOM.",
        name=str,
        reader=REASON,
    ),
    "read-by-system": code("the system"),
    "windows-line-ends": code(
        "{name} has Windows line ends (CRLF), which {language} takes for a part of the words. Save"
        " it with Unix line ends (LF).",
        name=str,
        language=str,
    ),
    "sh-lacks-word": code(
        "{name} has no first line (#!), therefore sh runs it. sh does not know {word}. Add the"
        " first line #!/bin/bash.",
        name=str,
        word=str,
    ),
    "script-names-no-program": code(
        "{name} does not say which program runs it. Add a first line such as"
        " #!/usr/bin/env python3, or set its command in the form.",
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
        "The first line (#!) of {name} names the program {program}, which is not installed where"
        " the node runs. Install it, or correct the line.",
        name=str,
        program=str,
    ),
    "suffix-program-missing": code(
        "Because of its file name, {name} starts with {program}, which is not installed where the"
        " node runs. Install it, or set another command in the form.",
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
        "line {line}: {keyword} is a line for a shell, which passes no arguments on; write"
        ' ["program", "word"]',
        line=int,
        keyword=str,
    ),
    "help-found-nothing": code("No arguments were found in what it prints to --help."),
    "help-to-check": code("Read from what it prints to --help: check it before you save."),
    "links-stay": code(
        "Links do not travel with the code: {names:, }. Copy what they lead to, or hand it over as"
        " an input.",
        names=list,
    ),
    "more-links-stay": code(
        "Links do not travel with the code: {names:, }, …. Copy what they lead to, or hand it over"
        " as an input.",
        names=list,
    ),
    "file-not-served": code(
        "Its file is not in the folder that is served; runs use version {number}.", number=int
    ),
    "file-gone": code("Its file is gone; runs use version {number}.", number=int),
    "file-changed-since": code(
        "Its file has changed since version {number}; the next run makes a new one.", number=int
    ),
}

ARGUMENTS = {
    "arguments-unread": code(
        "Arguments are not read: {problem}. Describe them in the form or a .nbexec file.",
        problem=REASON,
    ),
    "arguments-between": code(
        "Arguments are not read: others may stand between them. {hint} Describe them in the form or"
        " a .nbexec file.",
        hint=REASON,
    ),
    "argument-name-unfit": code("{name} is no argument name that nbyard takes.", name=str),
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
    "words-unread": code("The words behind the options are not read: {problem}.", problem=REASON),
    "parameter-unread": code("{name} is not read: {problem}", name=str, problem=REASON),
    "option-unread": code("{name} is not read: {problem}.", name=str, problem=REASON),
    "variadic-unused": code("{name} receives no values: only named parameters do.", name=str),
    "type-bool": code(
        "{name} has the type bool: every text but the empty one is true to it.", name=str
    ),
    "choices-computed": code("The choices of {name} are computed and not shown.", name=str),
    "default-computed": code(
        "The default of {name} is computed ({expression}): the script decides it when nothing is"
        " given.",
        name=str,
        expression=str,
    ),
    "default-kept": code(
        "The default of {name} cannot be passed as a value: the script keeps it.", name=str
    ),
    "default-not-shown": code(
        "The default of {name} is not shown: {problem}.", name=str, problem=REASON
    ),
    "default-unfit": code(
        "The default of {name} does not fit what is declared: {problem}.", name=str, problem=REASON
    ),
    "handed-name-computed": code(
        "{call} in line {line} is not read: its name is not written out.", call=str, line=int
    ),
    "handed-both-ways": code(
        "{name} is asked for and handed over under one name, and counts as what came first.",
        name=str,
    ),
    # why an argument is not read
    "action-has-keyword": code("{keyword} belongs to an action of its own", keyword=str),
    "own-action": code("it has an action of its own"),
    "action-is": code("its action is {action}", action=str),
    "name-not-given": code("nbyard cannot use its name"),
    "changes-nothing": code("it changes nothing"),
    "lists-of-lists": code("it takes lists of lists"),
    "letters-one-by-one": code("it takes letters one by one"),
    "rest-of-line": code("it takes the rest of the line"),
    "counts-on": code("it continues to count from its default"),
    "makes-own": code("{keyword} gives it a type of its own", keyword=str),
    "without-name": code("it has no name"),
    "true-when-not-given": code("it is true when it is not given"),
    "name-no-text": code("a name that is no text"),
    # why the arguments of a script are not read
    "negative-option": code("beside the option {option} no number can be negative", option=str),
    "foreign-parser": code("the script has a parser that is not of argparse itself"),
    "several-parsers": code("the script has several parsers"),
    "parser-keyword": code("{keyword} of the parser changes what its arguments are", keyword=str),
    "own-parser-class": code("the script has a parser class of its own"),
    "has-subcommands": code("the script has subcommands"),
    "program-has-subcommands": code("the program has subcommands"),
    "parses-own-list": code("line {line} parses a list of its own", line=int),
    "words-not-told-apart": code(
        "the words of {first} and {second} cannot be distinguished", first=str, second=str
    ),
    "several-commands": code("the script has several commands"),
    "parameters-before-command": code("parameters stand before the command"),
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
    "cell-no-python": code("The parameters cell is no valid Python ({message}).", message=str),
    "ipython-lines-unread": code(
        "Lines that only IPython understands were not read as parameters."
    ),
    "several-names-at-once": code(
        "Line {line} assigns several names at once; each is an argument of its own.", line=int
    ),
    "line-no-assignment": code(
        "Line {line} of the parameters cell is no plain assignment and was not read.", line=int
    ),
    "cell-no-r": code("Cell {cell} is not read as R: {problem}.", cell=int, problem=REASON),
    "cell-too-large": code("it has more than {most} KiB", most=int),
    "r-line-unread": code("line {line}, {words}", line=int, words=str),
}

KINDS = {**NEEDED, **EXECUTABLES, **NOTEBOOKS, **STARTS, **ARGUMENTS, **CELLS}
