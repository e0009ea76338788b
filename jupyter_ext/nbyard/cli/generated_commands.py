"""Commands generated from the table of operations.

The help of options that are generated from the query of an operation.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import click
from msgspec import UNSET

from nbyard.cli.body_options import body_options
from nbyard.cli.output.console import (
    columns,
    format_duration,
    format_size,
    print_note,
    show_items,
    show_json,
    start_text,
)
from nbyard.cli.output.views import (
    attempt_views,
    automation_views,
    bisection_views,
    clean_up_views,
    comparison_view,
    contract_views,
    deployment_views,
    environment_views,
    notice_views,
    project_views,
    views_by_noun,
)
from nbyard.cli.output.views.environment_views import next_step, standing_of
from nbyard.cli.output.views.views_by_noun import show_facts, show_run_facts
from nbyard.cli.shared_options import (
    confirm_deletion,
    connect,
    json_option,
    server_option,
    show_id,
    yes_option,
)
from nbyard.domain.runs.origins import KINDS
from nbyard.domain.runs.structs import Run
from nbyard.domain.state_machines import RUN, TASK
from nbyard.errors import NbyardError, Unavailable
from nbyard.services.operation import Field, Operation
from nbyard.services.operation_table import table
from nbyard.services.spelling.words import verb_word

RUNS: Mapping[str, str] = {
    "state": f"Only runs in this state: {', '.join(RUN.moves)}.",
    "workflow": "Only runs of this workflow or file: its path or ID.",
    "executable": "Only runs of this executable: its name, ID or file.",
    "search": "Only runs with this text in their title or name.",
    "node": "Only runs in which this node succeeded.",
    "since": "Only runs submitted at this date or time, or later.",
    "until": "Only runs submitted before this date or time.",
    "origin": f"Only runs started in this way: {', '.join(KINDS)}.",
    "automation": "Only runs of this automation: its name or ID.",
    "project": "Only runs of this project: its name or ID.",
    "person": "Only runs that this user submitted.",
    "tag": "Only runs with this tag.",
    "order": "Sort by number, started, duration, name, path, state, person, tags or NODE.METRIC.",
    "details": "Add metrics, and which parameters differ from their defaults.",
}
BY_OPERATION: Mapping[str, Mapping[str, str]] = {
    "shares.revoke": {"group": "The name is that of a group."},
    "runs.list": RUNS,
    "admin.broadcast": {"text": "What users see.", "until": "Date or time when it disappears."},
    "admin.drain": {"text": "Why new tasks wait. Users see it in the queue."},
    "admin.usage": {"by": "Sum by user or by project.", "days": "Number of days. Default: 30."},
    "audit.list": {
        "user": "Only what this user changed.",
        "operation": "Only this operation, such as runs.cancel.",
        "since": "Only changes at this date or time, or later.",
        "until": "Only changes before this date or time.",
    },
    "workflows.restore": {"workflow": "Copy this workflow, which others share: its ID."},
    "runs.tasks": {"state": f"Only tasks in these states, with commas: {', '.join(TASK.moves)}."},
}
# The commands whose options are the fields of a request, with their help.
OF_BODIES: Mapping[str, str] = {
    "deployments.create_key": """Create a key with which programs call a deployment.

    The key is printed once. nbyard stores only its hash.

    \b
    Examples:
      nbyard deployments keys create penguins --expires 30d
    """,
    "executables.help": """Run a command with --help and read its arguments.

    Nothing is saved.
    """,
    "executables.inspect": "Read the arguments of a file without running it.",
    "projects.create": """Create a project.

    \b
    Example:
      nbyard projects create wine --goal "Predict the quality of wine" --set team=cellar
    """,
    "quotas.set": """Set the limits of everyone, user:NAME, group:NAME or project:NAME.

    The limits replace all earlier ones of this quota.

    \b
    Examples:
      nbyard quotas set everyone --gpus 1 --runs 4
      nbyard quotas set group:students --preset tutorial
      nbyard quotas set user:ann --gpus 2 --memory 64GB --disk 500GB
    """,
    "shares.create_link": """Create a link that shows one resource, for reading only.

    KIND is dataset, run, workflow or deployment. Every user who has the link can open it, and
    people without an account if the server allows it.

    \b
    Examples:
      nbyard shares create-link run 12 --expires 7d
    """,
    "shares.grant": """Set the role of a user or group on a project or another resource.

    KIND is project, dataset, executable, workflow, run, model, deployment, environment or
    automation. A viewer may read it, an editor also change it, an owner also delete and share it.

    \b
    Examples:
      nbyard shares grant project wine bob --role editor
      nbyard shares grant dataset red-wine students --group
    """,
}
OF_LISTS: Mapping[str, str] = {
    "project": "Only what belongs to this project: its name or ID.",
    "search": "Only items with this text, for example in the name.",
}
# The fields of pages, with the same meaning in each operation that returns a page.
OF_PAGES: Mapping[str, str] = {
    "limit": "Most items to list. Default: {default}.",
    "after": "Continue after this value, which the last page printed.",
}


def option_help(operation: Operation, field: Field) -> str | None:
    """Return the help of an option, None if its name is enough."""
    named = BY_OPERATION.get(operation.id, {}).get(field.name)
    if named is not None:
        return named
    if operation.verb == "list" and field.name in OF_LISTS:
        return OF_LISTS[field.name]
    is_page = any(other.name == "after" for other in operation.fields)
    text = OF_PAGES.get(field.name) if is_page else None
    return text.format(default=field.default) if text else None


PARTS = (
    *(views_by_noun, attempt_views, comparison_view),
    *(bisection_views, contract_views, deployment_views, environment_views),
    *(automation_views, clean_up_views, project_views, notice_views),
)
ALL_VIEWS = {name: show for part in PARTS for name, show in part.VIEWS.items()}
ALL_VIEWS["quotas.set"] = show_id
MEMBERS = columns("name role group creator=is_creator")
LIMITS = columns(
    "gpus cpu memory=memory_bytes disk=stored_bytes runs queued=queued_runs deployments lifetime",
    lifetime=lambda q: "" if q.deployment_days is None else f"{q.deployment_days:g}d",
)
QUOTA = columns("quota=id") | LIMITS
# What operations without an answer did.
DONE = {
    "delete": "Deleted {}.",
    "delete_key": "Revoked the key {1} of {0}.",
    "delete_policy": "Deleted the policy {1} of {0}.",
    "resume": "New tasks start again.",
    "withdraw": "Users no longer see the message.",
    "unkeep": "Clean-ups may delete run {}.",
    "unlink": "Unlinked {2} from {0}.",
    "revoke": "{2} has no role on the {0} {1} any more.",
}
# The tables of lists by noun, and those of other operations by ID. One item is shown as facts.
COLUMNS: dict[str, dict[str, Callable[[Any], Any]]] = {
    "admin.deployments": columns("name owner state gpus made=created_at reason=waits id"),
    "admin.queue": columns(
        "run node owner waiting_since=queued_at cpu gpu memory=memory_bytes reason=waits"
    ),
    "admin.runs": columns("number owner title state made=created_at id"),
    "admin.cancel_run": columns("number owner title state made=created_at id"),
    "admin.stop_deployment": columns("name owner state gpus made=created_at id"),
    "admin.usage": columns(
        "day of gpu_hours core_hours stored=stored_bytes",
        gpu_hours=lambda u: f"{u.gpu_hours:.2f}",
        core_hours=lambda u: f"{u.core_hours:.2f}",
    ),
    "audit": columns("at user operation subject owner status"),
    "artifacts": columns(
        "name state files size executable run=number made=created_at",
        files=lambda a: ", ".join(f.filename for f in a.files),
        size=lambda a: format_size(sum(f.size_bytes for f in a.files)),
    ),
    "credentials": columns("name kind version changed=updated_at description id"),
    "datasets": columns(
        "name state=current.state version=current.number rows=current.rows columns=current.columns"
        " size=current.size_bytes made=created_at id"
    ),
    "datasets.get": columns(
        "name state reason=current.reason table format=current.format size=current.size_bytes"
        " digest=current.digest from opens_as description made=created_at id",
        state=lambda d: f"{d.current.state} (version {d.current.number})",
        table=lambda d: f"{d.current.rows} × {d.current.columns}" if d.current.columns else "",
        opens_as=lambda d: d.resource or d.notice,
        **{"from": lambda d: d.current.source or d.current.origin},
    ),
    "datasets.versions": columns(
        "version=number state rows columns size=size_bytes made=created_at digest"
    ),
    "deployments": columns(
        "name state service=spec.service image=spec.image revision gpus links made=created_at"
        " stops reason",
        stops=deployment_views.stop_text,
        links=lambda d: ", ".join(link.path for link in d.links if link.answers),
    ),
    "deployments.events": columns(
        "at state change revision reason", revision=lambda e: e.revision or ""
    ),
    "deployments.keys": columns("key=prefix name made=created_at expires=expires_at"),
    "deployments.revisions": columns(
        "revision=number how=origin image=spec.image restarts answered=ready_at ended=ended_at"
        " reason"
    ),
    "environments": columns(
        "name state version=current.number installed packages size=current.size_bytes kernel"
        " made=current.created_at reason=current.reason next",
        state=lambda e: standing_of(e.current),
        packages=lambda e: len(e.current.packages),
        next=next_step,
    ),
    "environments.defaults": environment_views.DEFAULT_COLUMNS,
    "environments.versions": columns(
        "version=number state packages size=size_bytes python made=created_at lock reason",
        state=standing_of,
        packages=lambda v: len(v.packages) or "",
        lock=lambda v: v.digest.removeprefix("sha256:")[:12],
    ),
    "executables": columns("name kind=current.kind version=current.number path id"),
    "executables.versions": columns("version=number made=created_at code=code_digest id"),
    "images": columns(
        "name=reference state made_by=origin size=size_bytes id made reason",
        id=lambda i: i.image_id.removeprefix("sha256:")[:12],
        made=lambda i: i.finished_at or i.created_at,
    ),
    "images.get": columns(
        "name=reference state reason failed_at made_by=origin image=image_id size=size_bytes digest"
        " environment Dockerfile=path made id",
        failed_at=lambda i: i.failed_line and f"line {i.failed_line.line}: {i.failed_line.text}",
        environment=lambda i: f"{i.environment} version {i.version}" if i.version else "",
        made=lambda i: i.finished_at or i.created_at,
    ),
    "kernels": columns(
        "name language from place title reason",
        place=lambda k: k.place or k.interpreter,
        **{"from": lambda k: k.origin if k.is_there else "gone"},
    ),
    "workflows.versions": columns("version=number runs person saved=created_at"),
    "workflows.unrun": columns("path title saved=saved_at"),
    "workflows": columns("path=shown_path title id"),
    "shares": MEMBERS,
    "shares.grant": MEMBERS,
    "shares.links": columns("id creator created=created_at expires=expires_at"),
    "projects": columns(
        "name linked repository changed=updated_at id", linked=project_views.link_counts
    ),
    "projects.artifacts": project_views.ARTIFACT_COLUMNS,
    "projects.links": project_views.RESOURCE_COLUMNS,
    "projects.linkable": project_views.RESOURCE_COLUMNS,
    "quotas": QUOTA,
    "quotas.get": QUOTA,
    "quotas.use": {
        "quota": lambda u: u.quota,
        **{name: lambda u, read=read: read(u.limits) for name, read in LIMITS.items()},  # type: ignore[misc]
        **columns(
            "stored=stored_bytes held_by free_GPUs",
            held_by=lambda u: [use.reason for use in u.uses],
            free_GPUs=lambda u: f"{u.free_gpus} of {u.total_gpus}",
        ),
    },
    "automations": automation_views.AUTOMATION_COLUMNS,
    "automations.firings": automation_views.FIRING_COLUMNS,
    "backfills": automation_views.BACKFILL_COLUMNS,
    "bisections": bisection_views.BISECTION_COLUMNS,
    "contracts": contract_views.CONTRACT_COLUMNS,
    "channels": notice_views.CHANNEL_COLUMNS,
    "channels.notices": notice_views.NOTICE_COLUMNS,
    "runs.queue": columns(
        "position before waits held_by to_free starts",
        position=lambda q: q.place or "no task is in the queue",
        before=lambda q: f"{q.own_before} of yours, {q.others_before} of others" if q.place else "",
        held_by=lambda q: (
            [f"{h.kind} {h.name}" + (f" of {h.owner}" if h.owner else "") for h in q.holders]
            + ["others"] * q.held_by_others
        ),
        to_free=lambda q: [
            f"nbyard {h.operation.replace('.', ' ')} {h.name}" for h in q.holders if not h.owner
        ],
        starts=lambda q: start_text(q.starts_in_seconds),
    ),
    "runs": columns(
        "number state title name took started=created_at id",
        took=lambda r: format_duration(r.started_at, r.finished_at),
    ),
}


def generated_commands(noun: str) -> Iterator[click.Command]:
    """Yield a command for each operation of a noun, unless it is written by hand."""
    for operation in table():
        # Options express only some request bodies.
        has_other_body = operation.placed("body") and operation.id not in OF_BODIES
        if operation.noun == noun and not has_other_body:
            yield GeneratedCommand(operation)


class GeneratedCommand(click.Command):
    """The command of an operation."""

    def __init__(self, operation: Operation):
        self._operation = operation
        named = [field.name for field in operation.arguments]
        # `rm` accepts several names. With names of two kinds, a list would be ambiguous.
        self._is_removal = operation.verb == "delete" and len(named) == 1
        parameters: list[click.Parameter] = [
            click.Argument([name], nargs=-1 if self._is_removal else 1, required=True)
            for name in named
        ]
        for field in operation.placed("query"):
            if field in operation.arguments:
                continue
            option = f"--{field.name.replace('_', '-')}"
            is_flag = field.type is bool
            kind: dict[str, Any] = {"is_flag": True} if is_flag else {"type": field.type}
            kind |= {"required": True} if field.default is UNSET else {"default": None}
            about = option_help(operation, field)
            parameters.append(click.Option([option], help=about, **kind))

        def call(**given: Any) -> None:
            self._call(**given)

        command: Any = server_option(json_option(call))
        for field in operation.placed("body"):
            command = body_options(field.type)(command)
        # Decorators list the parameters of a function from the last one on.
        parameters += reversed(command.__click_params__)
        about = OF_BODIES.get(operation.id, f"{operation.summary}.")
        super().__init__(verb_word(operation.verb), callback=command, params=parameters, help=about)
        if operation.verb.startswith("delete"):
            yes_option(self)

    def _call(self, server: str, as_json: bool, yes: bool = False, **values: Any) -> None:
        client = connect(server)
        noun = getattr(client, self._operation.noun)
        # Omitted options use the defaults of the operation.
        given = {name: value for name, value in values.items() if value is not None}
        ask = getattr(noun, self._operation.verb)
        names = [given[field.name] for field in self._operation.placed("path")]
        if self._operation.verb.startswith("delete"):
            what = ", ".join(names[0]) if self._is_removal else " of ".join(reversed(names))
            confirm_deletion(what, self._operation.summary, yes)
        if self._is_removal:
            name = self._operation.placed("path")[0].name
            self._remove_each(ask, name, given.pop(name), given, is_quiet=as_json)
        else:
            answer = ask(**given)
            if answer is None and not as_json:
                click.echo(DONE[self._operation.verb].format(*names))
            if isinstance(answer, Run) and answer.origin.source_id and not as_json:
                # the answer has no name of the automation
                show_run_facts(answer, source=client.runs.get(answer.id).source_text)
                return
            self.print_answer(answer, as_json)
            if self._operation.id == "runs.list" and not answer.items:
                workflow = given.get("workflow", "")
                # The other filters may be why the list is empty.
                if workflow and not ask(workflow=workflow, limit=1).items:
                    print_note(
                        f"No run of '{workflow}' is known. List workflows: nbyard workflows ls"
                    )

    def _remove_each(
        self,
        remove: Callable[..., Any],
        name: str,
        keys: Iterable[str],
        given: dict[str, Any],
        *,
        is_quiet: bool,
    ) -> None:
        """Remove each of the keys and print what was deleted. Raise the last error at the end."""
        failed: NbyardError | None = None
        for key in keys:
            try:
                remove(**{name: key}, **given)
                if not is_quiet:
                    click.echo(DONE["delete"].format(key))
            # Without a server or store, every further key would fail too.
            except Unavailable:
                raise
            except NbyardError as error:
                if failed is not None:
                    print_note(f"Error: {failed.message}")
                failed = error
        if failed is not None:
            raise failed

    def print_answer(self, answer: Any, as_json: bool) -> None:
        if answer is None:
            return
        operation = self._operation
        view = ALL_VIEWS.get(operation.id)
        if view is not None and not as_json:
            view(answer)
            return
        items = getattr(answer, "items", None)
        is_list = operation.verb == "list"
        shown_columns = COLUMNS.get(operation.noun if is_list else operation.id)
        if as_json or shown_columns is None:
            show_json(answer)
        elif isinstance(items, list):
            has_others = any(getattr(item, "role", "owner") != "owner" for item in items)
            owners = {getattr(item, "owner", "") for item in items}
            is_added = (has_others or len(owners) > 1) and "owner" not in shown_columns
            show_items(items, shown_columns | (columns("owner") if is_added else {}))
            can_continue = any(field.name == "after" for field in operation.fields)
            if can_continue and getattr(answer, "next", None):
                click.echo(f"More with --after {answer.next}", err=True)
        else:
            show_facts((title, read(answer)) for title, read in shown_columns.items())
