"""Why a project or a link is refused."""

from nbyard.reasons.codes.code import REASON, code

REFUSALS = {
    "no-project": code("There is no project '{name}'.", name=str),
    "create-channel": code(
        "Create the channel with: nbyard channels create {name} --on none", name=str
    ),
    "no-policy": code("There is no retention policy '{name}'.", name=str),
    "too-many-policies": code("there may be at most {most} retention policies", most=int),
    "project-exists": code("The project '{name}' already exists.", name=str),
    "no-resource": code("There is no {kind} '{name}'.", kind=str, name=str),
    "no-project-file": code("There is no nbyard.toml in {path} or above it.", path=str),
    "create-project": code("Create a project folder with: nbyard init NAME"),
    "project-file-uncommitted": code(
        "is not committed. Commit it, or send files with --stash or --current"
    ),
    "project-file-untracked": code("is ignored or not tracked by Git"),
    "project-too-large": code(
        "The project's files have more than {most} bytes. Ignore data with .nbyardignore.",
        most=int,
    ),
    "no-commit": code("{path} has no readable Git commit", path=str),
    "push-current": code("Commit the files, or send them as they are with --current"),
    "not-a-commit": code("must be the full hash of a commit"),
    "not-toml": code("is not valid TOML: {message}", message=str),
    "not-among-files": code("{path} is not among the files that are sent", path=str),
    "node-file-not-sent": code(
        "node {node} of {workflow} uses {path}, which is not among the files that are sent",
        node=str,
        workflow=str,
        path=str,
    ),
    "file-bytes-missing": code("The content of {path} is missing. Push again.", path=str),
    "no-pushed-files": code("The project '{name}' has no pushed files.", name=str),
    "not-linked": code("The {kind} '{name}' is not linked to this project.", kind=str, name=str),
    "too-many-facts": code("may have at most {most} entries", most=int),
    "not-a-repository": code(
        "must be the URL of a repository ({schemes:, }) or user@host:path", schemes=list
    ),
    "repository-with-secret": code(
        "contains a user name or password. Remove it: projects store no secrets"
    ),
    "repository-with-space": code("may not contain spaces or control characters"),
}

# what the conversion of another program's project leaves out
LEFT_OUT = {
    "import-no-field": code(
        "{place}: {value}. nbyard does not have this field", place=str, value=str
    ),
    "import-bad-value": code("{place}: {value}. {why}", place=str, value=str, why=REASON),
    "import-wrong-type": code("{place}: {why}", place=str, why=REASON),
    "import-other-timing": code(
        "{place}: {value}. The schedule uses {used}", place=str, value=str, used=str
    ),
    "import-login": code("{place}: the user name and password in the URL", place=str),
    "import-no-value": code("{place} is missing, so the workflow is left out", place=str),
    "import-no-notebook": code("{place}: the notebook '{name}' was not found", place=str, name=str),
    "import-no-runtime": code(
        "{place}: {value} is not in runtimes.yaml. The notebook uses its kernel",
        place=str,
        value=str,
    ),
    "import-no-file": code("{place}: the file {name} was not found", place=str, name=str),
    "import-bad-line": code('{place}: the line is not KEY="value"', place=str),
    "import-other-file": code("{place}: only {name} was read", place=str, name=str),
    "import-no-project": code("The folder has none of the files {names:, }.", names=list),
    "import-same-file": code("another workflow is also imported as {name}; rename one", name=str),
    "import-version": code("must be one of {known:, }", known=list),
}

PROJECTS = {**REFUSALS, **LEFT_OUT}
