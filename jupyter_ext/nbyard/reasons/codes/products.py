"""Why an image, an environment, a model or a deployment is refused."""

from nbyard.reasons.codes.code import REASON, code

IMAGES = {
    "too-many-packages": code("has more than {most} packages", most=int),
    "not-debian-package": code("{name} is not a valid Debian package name", name=str),
    "not-user-number": code("must be from 1 to {most}: images do not run as root", most=int),
    "not-cuda-version": code("{version} is not a CUDA version such as 12.6 or 12.4.1", version=str),
    "text-of-at-most": code("must be text of at most {most} bytes", most=int),
    "not-name-of-label": code("{name} is not a valid label name", name=str),
    "not-name-of-variable": code("{name} is not a valid variable name", name=str),
    "contains-forbidden": code("may not contain {part}", part=str),
    "not-image-name": code(
        "{name} is not a valid image name: write [host[:port]/]name[:tag], with"
        " lower-case letters, digits and . _ - between them",
        name=str,
    ),
    "push-to-digest": code("an image is pushed to a tag, not to a digest"),
    "no-registry": code("does not specify a registry, such as registry.example.org:5000/"),
    "marker-missing": code("The Dockerfile does not contain the line {marker}.", marker=str),
    "line-above-marker": code(
        "Line {number} was changed, but nbyard generates all lines above the marker: {line}.",
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
    "not-file-address": code("a file address must begin with file:/// and an absolute path"),
    "address-with-query": code(
        "the address may contain neither ? nor #; add a hash with --hash=sha256:…"
    ),
    "address-with-variables": code(
        "the address may not contain .., //, variables or encoded forms of them"
    ),
    "requirement-refused": code("{line}: {problem}", line=str, problem=REASON),
    "hash-form": code(
        "--hash supports only sha256, sha384 and sha512: --hash=sha256:<64 hex digits>"
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
    "editable-needs-path": code("-e needs the absolute path of a folder: /… or file:///…"),
    "address-without-name": code("a requirement with an address must be written as name @ address"),
    "address-without-name-not-allowed": code(
        "a requirement with an address (name @ address) is not allowed: an"
        " administrator allows addresses with {setting}",
        setting=str,
    ),
    "protected-package": code(
        "{package} may not be a requirement: it is a package installer", package=str
    ),
    "given-by-address": code(
        "{package} has an address, which is not allowed: an administrator allows"
        " addresses with {setting}",
        package=str,
        setting=str,
    ),
    "given-by-no-wheel": code("the address of {package} is not a wheel (.whl)", package=str),
    "given-by-other": code("the address of {package} belongs to {other}", package=str, other=str),
    "not-version": code("{version} is not a version such as 1.2", version=str),
    "requirements-line": code("requirements, line {line}: {problem}", line=int, problem=REASON),
    "too-many-lines": code("has more than {most} lines", most=int),
    "not-requirement": code("{line} is not a valid requirement", line=str),
    "not-among-requirements": code("{requirement} is not among the requirements.", requirement=str),
    "folder-without-lock": code(
        "{line}: a folder can only be used through an environment, which locks its"
        " content. Create one (nbyard environments create NAME -r FILE) and select it"
        " in the node instead of the file",
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
        "{file} has no class {name} at its top level, and no other class", file=str, name=str
    ),
    "no-predict": code("{name} has no method predict", name=str),
    "no-model-class": code("{file} has no class with a method predict at its top level", file=str),
    "several-model-classes": code(
        "{file} has several classes with predict: {names:, }", file=str, names=list
    ),
    "model-needs-arguments": code(
        "needs {names:, }: models are created without arguments", names=list
    ),
    "no-input-columns": code("the class does not declare the input columns of predict"),
    "no-output-columns": code("the class does not declare the output columns of predict"),
    "unreadable-column": code(
        "cannot be read as a column without running the code: write {'name': …, 'type': …}"
    ),
    "columns-needed": code("a list of columns is needed, such as {example}", example=str),
    "column-twice": code("{name} appears twice", name=str),
    "column-not-object": code("a column must be an object with name and type"),
    "column-name-needed": code("the name of the column is needed, as text"),
    "column-type-needed": code("a type is needed, one of {known:, }", known=list),
    "not-column-type": code(
        "{type} is not a column type; must be one of {known:, }", type=str, known=list
    ),
    "tensor-not-column": code("only a tensor with a single column can be served"),
    "not-mode": code("{mode} is not a valid mode, such as http or batch", mode=str),
    "not-tag": code(
        "{tag} may contain only letters, digits and . _ -, and at most 128 characters", tag=str
    ),
    "leaves-model-folder": code("{path} leads outside the model's folder", path=str),
    "not-module": code("{name} is not a module of src, such as model or package.model", name=str),
    "not-class-name": code("{name} is not a valid class name", name=str),
    "requirements-needed": code("a list of packages or the name of a file is needed"),
    "package-needed": code("the name of a package is needed, such as numpy==2.1"),
    "no-python-function": code("has no python_function, the only flavor that can be served"),
    "no-signature": code(
        "does not list the columns: log the model with signature=infer_signature(…)"
    ),
    "no-signature-outputs": code("is missing: pass the predictions to infer_signature, too"),
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
    "set-twice": code("is also set by {other}", other=str),
    "no-gpu-types": code("GPUs cannot be chosen by type here: leave this field empty"),
    "no-storage": code(
        "storage cannot be mounted here: leave this field empty, and import data as datasets"
    ),
    "no-preset": code("unknown preset {name}; must be one of {known:, }", name=str, known=list),
    "no-span": code("unknown time span {span}; must be one of {known:, }", span=str, known=list),
    "host-name-needed": code(
        "is needed: lower-case letters and digits, with - between them, at most 63 characters"
    ),
    "not-host-name": code(
        "{name} is not a valid host name: use lower-case letters and digits, with -"
        " between them, at most 63 characters",
        name=str,
    ),
    "password-not-used": code(
        "is only used by {services: and }, not by {service}", services=list, service=str
    ),
    "password-length": code("must have {least} to {most} characters", least=int, most=int),
    "command-too-long": code(
        "may have at most {words} words of at most {characters} characters",
        words=int,
        characters=int,
    ),
    "command-known": code("cannot be set for {service}, which has a fixed command", service=str),
    "must-be-amount": code("must be {amount}{unit}, not {given}", amount=str, unit=str, given=str),
    "amount-from-to": code(
        "must be from {least} to {most}{unit}, not {given}",
        least=str,
        most=str,
        unit=str,
        given=str,
    ),
    "too-many-variables": code("may have at most {most} variables", most=int),
    "set-by-nbyard": code("is set by nbyard itself"),
    "one-value-only": code("must be {value}, or be left out", value=str),
    "characters-allowed": code("may have at most {most} characters", most=int),
    "too-many-ports": code("may have at most {most} entries", most=int),
    "port-needed": code("at least one is needed"),
    "port-name-taken": code("{name} is used by another port", name=str),
    "not-port-name": code(
        "{name} is not a valid port name: use lower-case letters and digits, with -"
        " between them, at most 63 characters",
        name=str,
    ),
    "port-twice": code("{port} appears twice", port=int),
    "not-port": code("{port} is not a valid port: must be from 1 to 65535", port=int),
    "not-url-path": code("must begin with / and be written as in a URL"),
}

PRODUCTS = {**IMAGES, **ENVIRONMENTS, **MODELS, **DEPLOYMENTS}
