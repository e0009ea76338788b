"""Converts a project folder of NB Workflows to a project file of nbyard."""

import re
from collections.abc import Collection, Mapping

from nbyard.domain.naming.names import check_name
from nbyard.domain.parsing.strict_yaml import read_yaml
from nbyard.domain.projects.definitions import ProjectDefinition
from nbyard.domain.projects.notifications import NotificationEntry
from nbyard.domain.projects.project_checks import SHORT_SSH
from nbyard.domain.projects.structs import NewProject
from nbyard.errors import Invalid, NotFound
from nbyard.importers.nb_workflows.runtime_reader import read_runtimes_file, read_variables
from nbyard.importers.nb_workflows.workflow_reader import ReadWorkflow, read_workflow
from nbyard.importers.nb_workflows.yaml_fields import Fields
from nbyard.importers.project_protocol import ConvertedProject
from nbyard.reasons.structs import Reason, because

PROJECTS = ("labfile.yaml", "workflows.yaml")
RUNTIMES = "runtimes.yaml"
VARIABLES = ".nbvars"
VERSIONS = ("0.2", "0.3")
VERSION = re.compile(r"(0\.[23])(\.\d+)?")
# The user information of a URL ends at the last @ of its server.
LOGIN = re.compile(r"\s*(?P<scheme>(?:[A-Za-z][A-Za-z0-9+.-]*://)?)(?P<user>[^/?#]*)@")
SSH = ("ssh://", "git://")
TOP = ("version", "project", "workflows")
# Files of version 0.2 call the owner `username`.
FACTS = ("projectid", "owner", "username")


def convert_project(files: Mapping[str, bytes], paths: Collection[str]) -> ConvertedProject:
    """Convert a project folder. `files` has small files, `paths` those of all files.

    Raises:
        NotFound: The folder has no project file.
        Invalid: A file is refused. The message says where.
    """
    left: list[Reason] = []
    project_files = [name for name in PROJECTS if name in files]
    if not project_files:
        raise NotFound(f"The folder has none of the files {', '.join(PROJECTS)}.")
    project_file, *others = project_files
    top = _fields(files[project_file], project_file, left)
    for other in others:
        left.append(because("import-other-file", place=other, name=project_file))
    if not VERSION.fullmatch(top.text("version")):
        raise Invalid.field(f"{project_file}.version", f"must be one of {', '.join(VERSIONS)}")
    top.leave_out_others(TOP)
    runtimes = _fields(files.get(RUNTIMES, b"{}"), RUNTIMES, left)
    environments, images = read_runtimes_file(runtimes, files)
    workflows = _workflows(top, paths, environments)
    secrets: dict[str, str] = {}
    for name in sorted(files):
        if name.endswith(VARIABLES):
            secrets |= read_variables(files[name], name, left)
    fields = top.below("project")
    fields.leave_out(("users",))
    fields.leave_out_others(("name", "description", "repository", "users", *FACTS))
    project = NewProject(
        check_name(fields.text("name"), f"{fields.place}.name"),
        fields.text("description"),
        _repository(fields),
        metadata={name: text for name in FACTS if (text := fields.text(name))},
    )
    schedules = {
        check_name(name, f"{project_file}.workflows"): workflow.schedule
        for name, workflow in workflows.items()
        if workflow.schedule
    }
    notifications: dict[str, list[NotificationEntry]] = {}
    for workflow in workflows.values():
        for channel, entry in workflow.notifications.items():
            notifications.setdefault(channel, []).append(entry)
    definition = ProjectDefinition(project, schedules, environments, notifications)
    texts = {workflow.path: workflow.text for workflow in workflows.values()}
    return ConvertedProject(definition, texts, secrets, left, images)


def _repository(fields: Fields) -> str:
    """Return the URL of the repository, without the user of its server, which may be a token."""
    url = fields.text("repository")
    match = LOGIN.match(url)
    if match is None or SHORT_SSH.fullmatch(url.strip()):
        return url
    # A user of SSH is no secret, but its password is.
    if match["scheme"].lower() in SSH and ":" not in match["user"]:
        return url
    fields.left.append(because("import-login", place=f"{fields.place}.repository"))
    return match["scheme"] + url[match.end() :]


def _workflows(
    top: Fields, paths: Collection[str], environments: Collection[str]
) -> dict[str, ReadWorkflow]:
    """Return all workflows by name."""
    workflows: dict[str, ReadWorkflow] = {}
    for alias, fields in top.each("workflows"):
        made = read_workflow(alias, fields, paths, environments)
        if made is None:
            continue
        if any(workflow.path == made.path for workflow in workflows.values()):
            raise Invalid.field(
                fields.place, f"another workflow is also imported as {made.path}; rename one"
            )
        workflows[alias] = made
    return workflows


def _fields(content: bytes, filename: str, left: list[Reason]) -> Fields:
    return Fields(read_yaml(content, filename), filename, left)
