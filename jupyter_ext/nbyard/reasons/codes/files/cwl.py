"""Why a document of the Common Workflow Language cannot be read, or a command not be written."""

from nbyard.reasons.codes.code import REASON, code

NEEDED = {
    "object-needed-not": code("an object is needed, not {found}", found=str),
    "list-or-object-needed-not": code("a list or an object is needed, not {found}", found=str),
    "quoted-text-needed-not": code("text is needed, not {found}: put it in quotes", found=str),
    "truth-needed-not": code("true or false is needed, not {found}", found=str),
    "number-needed-not": code("a number of at least 0 is needed, not {found}", found=str),
    "whole-number-needed-not": code("a whole number is needed, not {found}", found=str),
    "type-needed-not": code("a type is needed, not {found}", found=str),
    "path-needed-not": code("the path of a file is needed, not {found}", found=str),
    "one-of-needed-not": code("one of {known:, } is needed, not {found}", known=list, found=str),
    "class-needed-not": code("{classes: or } is needed, not {found}", classes=list, found=str),
    "not-a-tool": code("line 1: a tool is needed, not {found}", found=str),
    "field-needed": code("is needed"),
    "name-needed": code("a name is needed"),
    "cwl-text-needed": code("a text is needed"),
    "words-needed": code("each word must be a non-empty text"),
    "patterns-needed": code("each pattern must be a non-empty text"),
    "symbols-needed": code("at least one symbol is needed, and no symbol twice"),
    "image-name-needed": code("the name of an image is needed"),
    "type-name-needed": code("each type needs a name"),
    "cwl-program-missing": code("the program is missing"),
    "tools-needed": code("a list of tools is needed"),
    "one-tool-needed": code(
        "exactly one CommandLineTool, or one with the id main, is needed; the file has: {known:, }",
        known=list,
    ),
    "one-tool-needed-of-none": code(
        "exactly one CommandLineTool, or one with the id main, is needed; the file has: none"
    ),
    "cwl-input-file-needed": code(
        "a reference to one input file is needed, such as $(inputs.name.path)"
    ),
    "default-file-needed": code("a file in the folder of the document is needed (location)"),
}

UNSUPPORTED = {
    "not-supported": code("is not supported"),
    "references-not-supported": code("references are not supported here"),
    "union-not-supported": code(
        "a union of several types is not supported (of one type with null is)"
    ),
    "input-type-not-supported": code("an input of the type {type} is not supported", type=str),
    "list-of-type-not-supported": code("a list of {type} is not supported", type=str),
    "type-in-lists-not-supported": code("a {type} in inner lists is not supported", type=str),
    "type-in-records-not-supported": code(
        "a {type} in a list of records is not supported", type=str
    ),
    "literal-not-supported": code("a {type} literal is not supported", type=str),
    "record-value-not-supported": code("is not supported for a record"),
    "files-in-lists-not-supported": code("files in inner lists are not supported"),
    "files-in-type-not-supported": code(
        "files in a {type} of this kind are not supported", type=str
    ),
    "part-of-file-not-supported": code("{path}: a part of a file is not supported", path=str),
    "reference-not-supported": code("$({path}) is not supported", path=str),
    "reference-not-supported-here": code(
        "$({path}) is not supported here; supported: {known}", path=str, known=str
    ),
    "javascript-not-supported": code("JavaScript is not supported; use plain parameter references"),
    "requirement-not-supported": code("this requirement is not supported"),
    "not-followed": code("{name} is not supported here", name=str),
    "directive-not-followed": code(
        "{name} is not supported here: put the content of its file into this file", name=str
    ),
    "address-not-followed": code(
        "{path} is not supported: use the path of a file relative to this file", path=str
    ),
}

MISFITS = {
    "name-stands-twice": code("the name appears twice"),
    "type-stands-twice": code("{name} appears twice", name=str),
    "for-files": code("is allowed only for files"),
    "for-files-and-lists": code("is allowed only for files and lists of files"),
    "for-a-prefix": code("is allowed only with a prefix"),
    "not-for-type": code("is not allowed for the type {type}", type=str),
    "binding-twice": code("the input has one already"),
    "records-bound-twice": code("the records of the list already have a binding"),
    "not-alone": code("{name} must be the only key of its object", name=str),
    "imports-itself": code("{path} imports itself", path=str),
    "too-many-files-named": code("more than {most} files are imported or included", most=int),
    "no-such-file": code("there is no file {path}", path=str),
    "file-not-utf8": code("{path} is not UTF-8 text (byte {byte})", path=str, byte=int),
    "record-needs-value": code("needs outputEval for a record"),
    "value-needs-expression": code("a value needs outputEval, or the file cwl.output.json"),
    "output-is-no-stdin": code("an output cannot have the type stdin"),
    "file-not-of-glob": code("must be a file that glob finds, such as $(self[0]), or an input"),
    "type-contains-itself": code("the type {name} contains itself", name=str),
    "types-named-too-often": code("types are named more than {most} times", most=str),
    "no-such-type": code("there is no type {name}", name=str),
    "not-an-exit-code": code("{found} is not an exit code", found=str),
    "not-an-input": code("{text} refers to {name}, which is not an input", text=str, name=str),
    "reference-needs-contents": code("$({path}) needs loadContents of {name}", path=str, name=str),
    "reference-leads-nowhere": code("$({path}): {name} is not available", path=str, name=str),
}

# what cannot be written in the language
WRITING = {
    "cwl-not-a-command": code("is a {kind}, not a command", kind=str),
    "cwl-has-no-words": code("CWL cannot express this: {what}", what=REASON),
    "word-with-condition": code("a word that depends on other arguments"),
    "a-secret": code("a secret"),
    "name-of-script": code("the name {name} is reserved for the script itself", name=str),
    "variable-without-value": code("a variable that may have no value"),
    "type-in-variable": code("a {type} in an environment variable", type=str),
    "output-in-other-way": code("an output that is passed in this way"),
    "json-in-word": code("a JSON value on the command line"),
    "repeated-flag": code("a flag that is repeated"),
}

# what an imported document has without effect
NOTES = {
    "cwl-version-read-as": code("cwlVersion {version} is read as {known}.", version=str, known=str),
    "cwl-field-left-out": code("{path} is left out.", path=str),
    "cwl-value-left-out": code("{path} is left out: {value}", path=str, value=str),
    "cwl-hint-left-out": code("The hint {name} is left out.", name=str),
    "cwl-hint-misfits": code(
        "The hint {name} does not fit the rest of the document: it is left out.", name=str
    ),
    "cwl-hint-with-image": code(
        "The image '{image}' of the hint {name} is used for nodes that run in containers.",
        name=str,
        image=str,
    ),
    "cwl-hint-without-image": code("The hint {name} specifies no image.", name=str),
    "cwl-disk-not-reserved": code("ResourceRequirement: disk space is not reserved."),
    "cwl-network-by-settings": code("NetworkAccess: the settings of nbyard decide."),
    "cwl-contents-stay": code("{path} is ignored: the contents stay in the file.", path=str),
    "cwl-lists-unchecked": code("{path}: the values of inner lists are not checked.", path=str),
    "cwl-records-unchecked": code("{path}: the values of records are not checked.", path=str),
}

CWL = {**NEEDED, **UNSUPPORTED, **MISFITS, **WRITING, **NOTES}
