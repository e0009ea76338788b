"""Why a file cannot be read as an executable, or run with the given values."""

from nbyard.reasons.codes.code import code

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

KINDS = {**NEEDED, **EXECUTABLES, **NOTEBOOKS}
