"""Why an image, an environment, a model or a deployment is refused."""

from nbyard.reasons.codes.code import REASON, code

IMAGES = {
    "too-many-packages": code("has more than {most} packages", most=int),
    "not-debian-package": code("{name} is no name of a Debian package", name=str),
    "not-user-number": code("must be from 1 to {most}: an image does not work as root", most=int),
    "not-cuda-version": code("{version} is no version of CUDA such as 12.6 or 12.4.1", version=str),
    "text-of-at-most": code("must be text of at most {most} bytes", most=int),
    "not-name-of-label": code("{name} is no name of a label", name=str),
    "not-name-of-variable": code("{name} is no name of a variable", name=str),
    "contains-forbidden": code("may not contain {part}", part=str),
    "not-image-name": code(
        "{name} is no name of an image: write [host[:port]/]name[:tag], in small letters, digits"
        " and . _ - between them",
        name=str,
    ),
    "push-to-digest": code("an image is pushed to a tag, not to a digest"),
    "no-registry": code("names no registry, such as registry.example.org:5000/"),
    "marker-missing": code("It has no line {marker}.", marker=str),
    "line-above-marker": code(
        "Line {number}, above the marker, was changed, and is made anew: {line}.",
        number=int,
        line=str,
    ),
}

ENVIRONMENTS = {
    # the message of a library that reads addresses or requirements
    "source-refused": code("{message}", message=str),
    "address-not-allowed": code(
        "{address} is not allowed: an administrator allows addresses with {setting}",
        address=str,
        setting=str,
    ),
    "address-refused": code("the address {problem}", problem=REASON),
    "login-in-address": code(
        "the address {problem}; keep them in .netrc, which uv and pip read", problem=REASON
    ),
    "not-file-address": code("an address of files begins with file:/// and the whole path"),
    "address-with-query": code(
        "the address may have neither ? nor #; a hash is given by --hash=sha256:…"
    ),
    "address-with-variables": code(
        "the address may not contain .., //, variables or what hides them"
    ),
    "requirement-refused": code("{line}: {problem}", line=str, problem=REASON),
    "hash-form": code(
        "--hash is taken of sha256, sha384 and sha512 only: --hash=sha256:<64 hex digits>"
    ),
    "option-misplaced": code("{option} is not allowed here", option=str),
    "option-not-allowed": code("the option {option} is not allowed", option=str),
    "option-of-file": code(
        "the option {option} is not allowed: write the lines of that file", option=str
    ),
    "option-needs-setting": code(
        "the option {option} is not allowed: an administrator allows addresses with {setting}",
        option=str,
        setting=str,
    ),
    "editable-needs-path": code("-e takes the whole path of a folder: /… or file:///…"),
    "address-without-name": code("what lies at an address is written name @ address"),
    "address-without-name-not-allowed": code(
        "what lies at an address is written name @ address, which is not allowed: an administrator"
        " allows addresses with {setting}",
        setting=str,
    ),
    "protected-package": code("{package} is not to be installed: it installs", package=str),
    "given-by-address": code(
        "{package} is given by an address, which is not allowed: an administrator allows addresses"
        " with {setting}",
        package=str,
        setting=str,
    ),
    "given-by-no-wheel": code(
        "{package} is given by an address that is no wheel (.whl)", package=str
    ),
    "given-by-other": code("{package} is given by the address of {other}", package=str, other=str),
    "not-version": code("{version} is not a version such as 1.2", version=str),
    "requirements-line": code("requirements, line {line}: {problem}", line=int, problem=REASON),
    "too-many-lines": code("has more than {most} lines", most=int),
    "not-requirement": code("{line} is no requirement", line=str),
    "not-among-requirements": code("{requirement} is not among the requirements.", requirement=str),
    "folder-without-lock": code(
        "{line}: what is in that folder is known in a library only, whose lock keeps it: make one"
        " (nbyard environments create NAME -r FILE), and let the node name that instead of the"
        " file",
        line=str,
    ),
}

MODELS = {
    "no-class": code(
        "{file} has no class {name} at its top level; it has: {known:, }",
        file=str,
        name=str,
        known=list,
    ),
    "no-classes": code(
        "{file} has no class {name} at its top level; it has: none", file=str, name=str
    ),
    "no-predict": code("{name} has no method predict", name=str),
    "no-model-class": code("{file} has no class with a method predict at its top level", file=str),
    "several-model-classes": code(
        "{file} has several classes with predict: {names:, }", file=str, names=list
    ),
    "model-needs-arguments": code(
        "needs {names:, }: a model is made without arguments", names=list
    ),
    "no-input-columns": code("the class does not say which columns predict takes"),
    "no-output-columns": code("the class does not say which columns predict answers with"),
    "unreadable-column": code(
        "is no column that can be read without running it: write {'name': …, 'type': …}"
    ),
    "columns-needed": code("a list of columns is needed, such as {example}", example=str),
    "column-twice": code("{name} appears twice", name=str),
    "column-not-object": code("a column is an object with name and type"),
    "column-name-needed": code("the name of the column is needed, as text"),
    "column-type-needed": code("a type is needed: {known:, }", known=list),
    "not-column-type": code(
        "{type} is no type of a column; there are: {known:, }", type=str, known=list
    ),
    "tensor-not-column": code("only a tensor that is one column is served"),
    "not-mode": code("{mode} is no mode, such as http or batch", mode=str),
    "not-tag": code(
        "{tag} may have letters, digits and . _ - only, and at most 128 of them", tag=str
    ),
    "leaves-model-folder": code("{path} leads out of the model's folder", path=str),
    "not-module": code("{name} is no module of src, such as model or package.model", name=str),
    "not-class-name": code("{name} is no name of a class", name=str),
    "requirements-needed": code("a list of packages or the name of a file is needed"),
    "package-needed": code("the name of a package is needed, such as numpy==2.1"),
    "no-python-function": code("has no python_function: only that is served"),
    "no-signature": code(
        "does not list the columns: log the model with signature=infer_signature(…)"
    ),
    "no-signature-outputs": code("is missing: infer the signature with the answers"),
}

DEPLOYMENTS = {
    "deployment-silent": code(
        "{deployment} does not respond: it is {state}.", deployment=str, state=str
    ),
    "deployment-silent-because": code(
        "{deployment} does not respond: {message}.", deployment=str, message=str
    ),
    "deployment-silent-cause": code(
        "{deployment} does not respond: it is {state} ({cause}).",
        deployment=str,
        state=str,
        cause=str,
    ),
    "set-twice": code("{other} sets it, too", other=str),
    "no-gpu-types": code("GPUs are not chosen by their type here: leave it empty"),
    "no-storage": code("storage is not mounted here: leave it empty, and import data as datasets"),
    "no-preset": code("there is no preset {name}; there are: {known:, }", name=str, known=list),
    "no-span": code("{span} is no span; there are: {known:, }", span=str, known=list),
    "host-name-needed": code(
        "is needed: it has small letters, digits and - between them, 63 at most"
    ),
    "not-host-name": code(
        "{name} is no host name: it has small letters, digits and - between them, 63 at most",
        name=str,
    ),
    "password-not-used": code(
        "is for {services: and }; {service} has none", services=list, service=str
    ),
    "password-length": code("must have {least} to {most} characters", least=int, most=int),
    "command-too-long": code(
        "may have {words} words of {characters} characters", words=int, characters=int
    ),
    "command-known": code("is not for {service}, whose command is known", service=str),
    "must-be-amount": code(
        "must be {amount}{unit}, this is {given}", amount=str, unit=str, given=str
    ),
    "amount-from-to": code(
        "must be from {least} to {most}{unit}, this is {given}",
        least=str,
        most=str,
        unit=str,
        given=str,
    ),
    "too-many-variables": code("may have {most} variables", most=int),
    "set-by-nbyard": code("is set by nbyard itself"),
    "one-value-only": code("must be {value}, or be left out", value=str),
    "characters-allowed": code("may have {most} characters", most=int),
    "too-many-ports": code("may be {most}", most=int),
    "port-needed": code("at least one is needed"),
    "port-name-taken": code("{name} is taken by another port", name=str),
    "not-port-name": code(
        "{name} has small letters, digits and - between them, 63 at most", name=str
    ),
    "port-twice": code("{port} is there twice", port=int),
    "not-port": code("{port} is no port: from 1 to 65535", port=int),
    "not-url-path": code("begins with / and is written as in a URL"),
}

PRODUCTS = {**IMAGES, **ENVIRONMENTS, **MODELS, **DEPLOYMENTS}
