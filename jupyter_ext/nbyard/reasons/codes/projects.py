"""Why a project or a link is refused."""

from nbyard.reasons.codes.code import code

PROJECTS = {
    "no-project": code("There is no project '{name}'.", name=str),
    "project-exists": code("A project named '{name}' exists.", name=str),
    "no-resource": code("There is no {kind} '{name}'.", kind=str, name=str),
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
