"""Commands that compare a project folder with the server, and apply the differences."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import click

from nbyard.cli.output.console import print_note, show_json
from nbyard.cli.output.views.clean_up_views import show_policy_effect
from nbyard.cli.output.views.environment_views import continues_text, next_step
from nbyard.cli.output.views.project_views import show_changes
from nbyard.cli.shared_options import confirm, connect, json_option, server_option, with_options
from nbyard.domain.environments.structs import Environment
from nbyard.domain.projects.definitions import FILE, ProjectPlan, ProjectPush, read_definition
from nbyard.domain.projects.project_checks import check_node_files
from nbyard.domain.runs.origins import GitState
from nbyard.domain.state_machines import ENVIRONMENT_VERSION
from nbyard.errors import Forbidden, Invalid, NbyardError, NotFound
from nbyard.host.git import repository_state
from nbyard.reasons.structs import reason_text
from nbyard.transfer import project_folders as selection
from nbyard.transfer.bundles import SecretFilter, secrets_left_out
from nbyard.transfer.project_folders import FileSelection, Pull, SelectedFile, pack_files

CHUNK = 8 << 20
MOST_NAMED = 20
ARCHIVE = "project.zip"
NOT_YET = "version-not-yet-installed"
LOOK_SECONDS = 0.5


def selection_options(command: Any) -> Any:
    """Add the options that choose the files to send."""
    return with_options(
        command,
        click.option("--stash", is_flag=True, help="Send tracked files with their changes."),
        click.option("--current", is_flag=True, help="Send all files that are not ignored."),
        click.option(
            "--folder",
            default="",
            help="Project folder. Default: that of the working directory.",
        ),
    )


@click.command()
@selection_options
@server_option
@json_option
def plan(server: str, as_json: bool, **given: Any) -> None:
    """Show what a push would change.

    The committed files of the project folder are compared. Files are chosen as by nbyard push.

    \b
    Examples:
      nbyard plan
      nbyard plan --current --server 8888
    """
    connection = connect(server)
    body, files = _request(**given)
    _check_workflows(body, files)
    _show(connection, body, connection.projects.plan(body=body), as_json, False)


@click.command()
@selection_options
@click.option("--yes", is_flag=True, help="Apply the changes without asking.")
@server_option
@json_option
def push(server: str, as_json: bool, yes: bool, **given: Any) -> None:
    """Send a project folder, after showing the changes.

    The project, its environments and its schedules become those of nbyard.toml. Fields of a
    schedule that the file leaves out keep their values. Schedules use the sent files. Without
    --stash and --current, the files of the last commit are sent.

    The command waits until the environments of nbyard.toml are installed. It ends with 1 if one
    cannot be installed.

    \b
    Examples:
      nbyard push
      nbyard push --current --yes
    """
    connection = connect(server)
    body, files = _request(**given)
    _check_workflows(body, files)
    push_plan = connection.projects.plan(body=body)
    if not push_plan.changes:
        # The server restores files of schedules that are missing.
        _show(connection, body, connection.projects.push(body=body), as_json)
        _await_environments(connection, body, ())
        return
    if not as_json:
        _show(connection, body, push_plan, False)
    if not yes:
        confirm("Apply these changes?")
    if push_plan.missing:
        packed = pack_files(files, push_plan.missing)
        pieces = (packed[start : start + CHUNK] for start in range(0, len(packed), CHUNK))
        upload = connection.upload(ARCHIVE, len(packed), pieces)
        body = ProjectPush(body.definition, body.files, upload, body.git)
    done = _send(connection, body)
    if as_json:
        show_json(done)
    else:
        print_note(f"{body.definition.project.name}: pushed")
    changed = [change.name for change in push_plan.changes if change.kind == "environment"]
    _await_environments(connection, body, changed)


def _check_workflows(body: ProjectPush, files: Mapping[str, SelectedFile]) -> None:
    """Check that the files of nodes are sent with the workflows of schedules."""
    entries = body.definition.schedules.items()
    paths = {name: entry.path for name, entry in entries if isinstance(entry.path, str)}
    check_node_files(paths, files, lambda path: files[path].content)


def _send(connection: Any, body: ProjectPush) -> ProjectPlan:
    """Push a folder; wait for environments that its schedules need and that are being installed."""
    while True:
        try:
            return connection.projects.push(body=body)  # type: ignore[no-any-return]
        except Invalid as error:
            waits = [detail.why for detail in error.details if detail.why.code == NOT_YET]
            if not waits or len(waits) < len(error.details):
                raise
        # An interrupted push is repeated as a whole.
        for why in waits:
            _await_installation(connection, str(why.params["name"]))


def _await_environments(connection: Any, body: ProjectPush, changed: Collection[str]) -> None:
    """Wait for the environments of the project file, which nodes may use. Exit with 1 on failure.

    `changed` are the names of environments that the push changed. Earlier failures do not count.
    """
    is_failed = False
    for name in body.definition.environments:
        try:
            environment, has_waited = _await_installation(connection, name)
        except Forbidden:  # the token may push projects, but not read environments
            print_note(f"{name}: the token may not read its state, so the push does not wait")
            continue
        if environment.current.state == "failed" and (has_waited or name in changed):
            print_note(f"{name} was not installed: {reason_text(environment.current.reason)}")
            print_note(next_step(environment))
            is_failed = True
    if is_failed:
        raise click.exceptions.Exit(1)


def _await_installation(connection: Any, name: str) -> tuple[Environment, bool]:
    """Wait while the newest version of an environment is being installed.

    Return the environment, and whether it was being installed.
    """
    environment: Environment = connection.environments.get(environment=name)
    if environment.current.state not in ENVIRONMENT_VERSION.live:
        return environment, False
    print_note(f"{name}: waiting for its installation…")
    try:
        while environment.current.state in ENVIRONMENT_VERSION.live:
            connection.wait(LOOK_SECONDS)
            environment = connection.environments.get(environment=name)
    except KeyboardInterrupt:
        print_note(continues_text(name))
        sys.exit(130)
    if environment.current.state == "ready":
        print_note(f"{name}: version {environment.current.number} is installed")
    return environment, True


def _request(stash: bool, current: bool, folder: str) -> tuple[ProjectPush, Any]:
    if stash and current:
        raise click.UsageError("Use either --stash or --current.")
    place = selection.project_folder(Path(folder).resolve())
    choice: FileSelection = "tracked" if stash else "current" if current else "committed"
    secrets = SecretFilter(place)
    files = selection.select_files(place, choice, secrets)
    if warning := secrets_left_out(secrets.left_out):
        print_note(str(warning))
    git = repository_state([place / FILE])
    if choice == "committed" and git is not None and git.is_dirty:
        print_note("Some files have changes that are not committed. --stash sends them too.")
        # The sent files are those of the commit, so the push itself has no other changes.
        git = GitState(git.commit, git.branch)
    definition = read_definition(files[FILE].content)
    described = {path: file.described for path, file in files.items()}
    return ProjectPush(definition, described, git=git), files


def _show(
    connection: Any, body: ProjectPush, shown: ProjectPlan, as_json: bool, is_push: bool = True
) -> None:
    """Print changes, and what the policies among them delete after a push."""
    if as_json:
        show_json(shown)
        return
    show_changes(shown)
    if shown.unlinked:
        names = ", ".join([*shown.unlinked.values()][:MOST_NAMED])
        command = ("nbyard", "projects", "link", body.definition.project.name, "workflow")
        print_note(
            f"Not linked: {names}. They ran before the push, and a policy of the project may delete"
            f" these runs. To link them: {shlex.join([*command, *shown.unlinked])}"
        )
    project = body.definition.project.name
    changed = {change.name for change in shown.changes if change.kind == "policy"}
    for key, rules in body.definition.retention.items():
        if (name := rules.check(key)) not in changed:
            continue
        try:
            preview = connection.runs.preview_clean_up(rules.as_clean_up, project=project)
        except NotFound:  # a new project has no runs
            return
        except NbyardError as error:  # a push applies its changes all the same
            print_note(f"What policy {name} deletes cannot be previewed: {error.words}")
            return
        show_policy_effect(name, preview, is_push)


@click.command()
@click.argument("project", default="")
@click.option(
    "--folder",
    default="",
    help="Folder to write to. Default: the project folder, or a new one with the project's name.",
)
@click.option("--yes", is_flag=True, help="Apply the changes without asking.")
@server_option
@json_option
def pull(project: str, folder: str, yes: bool, server: str, as_json: bool) -> None:
    """Write the pushed files of a project, after showing the changes.

    nbyard.toml gets the schedules and environments that the server has now. Files that the server
    lacks are kept.

    \b
    Examples:
      nbyard pull
      nbyard pull wine --folder wine
    """
    connection = connect(server)
    pulled = Pull.of(connection, project, Path(folder) if folder else None)
    if as_json:
        show_json(pulled.plan)
    else:
        show_changes(pulled.plan)
    if not pulled.plan.changes:
        return
    replaced = [change.name for change in pulled.plan.changes if change.action == "change"]
    uncommitted = selection.uncommitted_files(pulled.folder, replaced)
    for path in uncommitted[:MOST_NAMED]:
        print_note(f"{path}: its changes are not committed, and are replaced.")
    if (more := len(uncommitted) - MOST_NAMED) > 0:
        print_note(f"and {more} more")
    if not yes:
        confirm(f"Write these changes to {pulled.folder}?")
    for path in pulled.missing:
        source, _ = connection.project_file(pulled.name, path)
        with source, pulled.writing(path) as target:
            shutil.copyfileobj(source, target, CHUNK)
    pulled.write_definition()
    print_note(f"{pulled.folder}: pulled")


COMMANDS = (plan, push, pull)
