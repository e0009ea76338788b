"""Why a project or a link is refused."""

from nbyard.reasons.codes.code import code

PROJECTS = {
    "no-project": code("There is no project '{name}'.", name=str),
    "project-exists": code("A project named '{name}' exists.", name=str),
    "no-resource": code("There is no {kind} '{name}'.", kind=str, name=str),
    "no-project-file": code("There is no nbyard.toml in {path} or above it.", path=str),
    "create-project": code("Create a project folder with: nbyard init NAME"),
    "project-file-uncommitted": code(
        "is in no commit. Commit it, or send files with --stash or --current"
    ),
    "project-file-untracked": code("is ignored or not tracked by Git"),
    "project-too-large": code(
        "The project's files have more than {most} bytes. Ignore data with .nbyardignore.",
        most=int,
    ),
    "no-commit": code("{path} has no readable commit of Git", path=str),
    "push-current": code("Commit the files, or send them as they are with --current"),
    "not-a-commit": code("must be the full name of a commit"),
    "not-toml": code("is no valid TOML: {message}", message=str),
    "not-among-files": code("{path} is not among the files that are sent", path=str),
    "file-bytes-missing": code("The bytes of {path} are missing. Push again.", path=str),
    "no-pushed-files": code("Nothing of the project '{name}' was pushed.", name=str),
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
