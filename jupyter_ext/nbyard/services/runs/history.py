"""Service operations that search, keep and tag runs, and delete finished runs by rules."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.callers import Caller
from nbyard.domain.ids import is_id
from nbyard.domain.paging import Page, check_choice, page_of
from nbyard.domain.runs.clean_up import (
    CleanedUp,
    CleanUpPreview,
    CleanUpRules,
    FinishedRun,
    NewRetention,
    Retention,
    check_rules,
    choose_runs,
    shown_choice,
)
from nbyard.domain.runs.origins import KINDS
from nbyard.domain.runs.retention import PolicyPreview, RetentionPreview, choose_by_policies
from nbyard.domain.runs.structs import Run
from nbyard.domain.state_machines import RUN
from nbyard.errors import Invalid
from nbyard.host.project_files import DOCUMENT
from nbyard.retention.removal import finished_runs, preview_of, previews_of, remove_runs
from nbyard.services.operation import operation
from nbyard.services.requests import filter_project
from nbyard.services.runs.previews import RunPreviews
from nbyard.services.workflows.file_tracking import saved_workflow
from nbyard.services.workflows.pushed_workflows import PushedCopies, PushedNames

if TYPE_CHECKING:
    from nbyard.store import Connection

# A request that deletes more would take too long.
MOST_AT_ONCE = 200
TAG = re.compile(r"\w[\w./-]{0,59}")
Names = list[str]  # inside the class, `list` is the operation


class RunHistory(RunPreviews):
    """The part of the run service that searches and cleans up past runs."""

    @operation("POST", "/runs/clean-up/preview", scope="runs:read")
    def preview_clean_up(
        self, caller: Caller, body: CleanUpRules, project: str = "", sizes: bool = True
    ) -> CleanUpPreview:
        """Show what a clean-up would delete, what it frees, and what is protected.

        With `project`, only the runs of the project are deleted, and its rules see no others.
        Without `sizes`, the answer has no sizes, which take seconds with 100,000 runs.
        Named and kept runs are protected. So are runs whose model a deployment serves, and runs
        whose result a workflow's pinned node uses.
        """
        choice = self._chosen_runs(caller, body, project)
        return (
            preview_of(self._store, self._context.blobs, *choice)
            if sizes
            else shown_choice(*choice)
        )

    @operation("POST", "/runs/clean-up", scope="runs:write")
    def clean_up(self, caller: Caller, body: CleanUpRules, project: str = "") -> CleanedUp:
        """Delete the first 200 runs that the rules choose, of all runs or of one project.

        Repeat the request until no runs are left. Unreferenced bytes are deleted in the
        background.
        """
        doomed, _ = self._chosen_runs(caller, body, project)
        # On a full disk, even deleting needs space for the transaction.
        self._store.reserve.spend()
        deleted = remove_runs(self._store, caller.name, doomed[:MOST_AT_ONCE])
        self._context.ensure_dispatcher()
        return CleanedUp(deleted, max(len(doomed) - MOST_AT_ONCE, 0))

    def _chosen_runs(
        self, caller: Caller, rules: CleanUpRules, project: str
    ) -> tuple[Sequence[FinishedRun], Sequence[FinishedRun]]:
        rules = self._checked_rules(caller, rules)
        with self._store.read() as c:
            inside = filter_project(self._store, c, caller, project)
            documents = self._context.files.documents()
            runs = finished_runs(self._store, c, caller.name, [rules], documents)
            if inside:
                members = self._store.retention.runs_in(c, inside)
                runs = [run for run in runs if run.id in members]
        return choose_runs(runs, rules, datetime.now(UTC))

    def _checked_rules(self, caller: Caller, rules: CleanUpRules) -> CleanUpRules:
        """Return the rules with the stored path of the workflow, or with its ID if it was pushed.

        The path of a pushed workflow changes with each push.
        """
        check_rules(rules)
        with self._store.read() as c:
            pushed = PushedNames(self._store, c, caller.name).workflow(c, rules.workflow)
        if pushed:
            return msgspec.structs.replace(rules, workflow=pushed.id)
        # The ID of a workflow has neither a slash nor a dot.
        if "/" not in rules.workflow and "." not in rules.workflow:
            return rules
        path = rules.workflow
        real = (
            path if path.startswith("/") else str(self._context.files.locate_code(path, "workflow"))
        )
        return msgspec.structs.replace(rules, workflow=real)

    @operation("POST", "/runs/{run}/keep", scope="runs:write")
    def keep(self, caller: Caller, run: str) -> Run:
        """Keep a run: clean-ups never delete it."""
        return self._set_kept(caller, run, True)

    @operation("DELETE", "/runs/{run}/keep", scope="runs:write", status=204)
    def unkeep(self, caller: Caller, run: str) -> None:
        """Allow clean-ups to delete a run again."""
        self._set_kept(caller, run, False)

    def _set_kept(self, caller: Caller, run: str, kept: bool) -> Run:
        with self._store.write() as c:
            record = self._recorded(c, caller, run)
            self._store.runs.change(c, record, kept=kept)
        return self._with_shown_path(msgspec.structs.replace(record, kept=kept))

    @operation("POST", "/run-tags/{runs}", scope="runs:write")
    def tag(self, caller: Caller, runs: str, add: str = "", remove: str = "") -> Page[Run]:
        """Add tags to runs, and remove others.

        `runs` are IDs, names or numbers. Commas separate runs and tags. A tag has at most 60
        letters, digits, `_`, `.`, `/` and `-`.

        Raises:
            Invalid: a tag has another form.
        """
        keys, new, old = ([*filter(None, text.split(","))] for text in (runs, add, remove))
        if wrong := [tag for tag in new if not TAG.fullmatch(tag)]:
            raise Invalid.field("add", f"'{wrong[0][:60]}' has another form than a tag")
        changed = []
        with self._store.write() as c:
            for key in keys:
                run = self._recorded(c, caller, key)
                tags = sorted({*run.tags, *new} - {*old})
                self._store.runs.change(c, run, tags=f" {' '.join(tags)} " if tags else None)
                changed.append(self._with_shown_path(msgspec.structs.replace(run, tags=tags)))
        return Page(changed)

    @operation("GET", "/run-retention", scope="runs:read")
    def retention(self, caller: Caller) -> Retention:
        """Show the rules of the daily clean-up."""
        with self._store.read() as c:
            stored = self._store.retention.of_all_runs(c, caller.name)
            rules = stored.rules and self._shown_rules(c, caller, stored.rules)
        return msgspec.structs.replace(stored, rules=rules)

    def _shown_rules(self, c: Connection, caller: Caller, rules: CleanUpRules) -> CleanUpRules:
        """Return the rules with `PROJECT:PATH` in place of the ID of a pushed workflow."""
        workflow = self._store.workflows.get(c, caller.name, rules.workflow)
        if workflow is None:
            return rules
        shown = PushedNames(self._store, c, caller.name).shown(workflow.path)
        return rules if shown == workflow.path else msgspec.structs.replace(rules, workflow=shown)

    @operation("PATCH", "/run-retention", scope="runs:write")
    def set_retention(self, caller: Caller, body: NewRetention) -> Retention:
        """Clean up by these rules every day; without rules, end the daily clean-up.

        The dispatcher applies the rules within a minute after a change, then once a day while it
        works.
        """
        rules = body.rules and self._checked_rules(caller, body.rules)
        with self._context.writing_work() as c:
            self._store.retention.set_for_all_runs(c, caller.name, rules)
        return self.retention(caller)

    @operation("GET", "/run-retention/preview", scope="runs:read")
    def preview_retention(self, caller: Caller, project: str = "") -> RetentionPreview:
        """Show what each policy would delete now, what it frees, and what is protected.

        Policies are applied in this order: the rules for all runs, then those of projects by name.
        With `project`, only the policies of this project are shown.
        """
        with self._store.read() as c:
            inside = filter_project(self._store, c, caller, project)
            policies = self._store.retention.policies(c, caller.name).get(caller.name, [])
            # Each dialog asks, and most users have no policy: all runs would be read for nothing.
            if not any(inside in ("", policy.project_id) for policy in policies):
                return RetentionPreview([])
            members = self._store.retention.runs_by_policy(c, policies)
            rules, documents = (
                [policy.rules for policy in policies],
                self._context.files.documents(),
            )
            runs = finished_runs(self._store, c, caller.name, rules, documents)
            shown = [self._shown_rules(c, caller, of_policy) for of_policy in rules]
        # All policies in order, also for one project: earlier ones choose their runs first.
        choices = choose_by_policies(runs, members, policies, datetime.now(UTC))
        both = [(choice.doomed, choice.protected) for choice in choices]
        previews = previews_of(self._store, self._context.blobs, both)
        return RetentionPreview(
            [
                PolicyPreview(choice.policy.project, choice.policy.name, shown_rules, preview)
                for choice, preview, shown_rules in zip(choices, previews, shown, strict=True)
                if inside in ("", choice.policy.project_id)
            ]
        )

    @operation("GET", "/runs", scope="runs:read")
    def list(  # noqa: PLR0913, PLR0917  these are the query's parameters
        self,
        caller: Caller,
        limit: int = 50,
        after: str = "",
        state: str = "",
        workflow: str = "",
        executable: str = "",
        search: str = "",
        node: str = "",
        since: str = "",
        until: str = "",
        origin: str = "",
        automation: str = "",
        project: str = "",
        person: str = "",
        tag: str = "",
        details: bool = False,
        order: str = "",
    ) -> Page[Run]:
        """List runs, newest first, filtered by the given fields.

        `workflow` is an ID or path. A file and its pushed copy have the same runs. `node` means
        runs in which that node's task succeeded. `since` and `until` limit the time of submission,
        without `until` itself: a date or time in ISO 8601, by default in the server's time zone.
        `origin` is what started the runs, such as `manual`, `shell`, `retry` or `automation`.
        `automation` is an ID or a name; its backfills and retries are among the runs.
        `project` is the ID or name of a project.

        `person` is the name of who submitted the runs: the user of JupyterHub or of another
        identity provider, else the user of the machine. `tag` is one of the tags of the runs.
        `details` adds the metrics of each run, and which parameters differ from their defaults.
        `order` sorts by `number`, `started`, `duration`, `name`, `path`, `state`, `person`, `tags`,
        or a metric as NODE.METRIC. A `-` before it reverses the order. Runs without a value are
        last.

        Raises:
            Invalid: the state, origin or order is unknown.
        """
        if "." in order:
            self._read_new_metrics(caller)
        for field, given, known_words in (("state", state, RUN.moves), ("origin", origin, KINDS)):
            if given:
                check_choice(field, given, known_words)
        begin, end = parse_moment(since, "since"), parse_moment(until, "until")
        known, path, same_as = self._of_workflow(caller, workflow)
        filters = {"state": state, "workflow": known, "path": path, "search": search, "tag": tag}
        filters |= {"node": node, "origin": origin, "person": person}
        with self._store.read() as c:
            filters["project"] = filter_project(self._store, c, caller, project)
            filters |= self._ids(c, caller, executable, automation)
            rows, filters["order"] = self._store.runs, order
            runs = rows.page(
                c, caller.name, limit + 1, after, begin=begin, end=end, same_as=same_as, **filters
            )
            listed = self._detailed(c, caller, runs) if details else runs
            page = page_of(listed, limit, lambda r: rows.cursor(c, r.id, order) if order else r.id)
        return Page([self._with_shown_path(run) for run in page.items], page.next)

    def _ids(self, c: Connection, caller: Caller, *keys: str) -> dict[str, str]:
        executable, automation = keys
        # An ID may be that of a deleted executable or automation.
        if executable and not is_id(executable):
            file = self._real(executable)
            executable = self._store.executables.find(c, caller.name, executable, file).id
        if automation and not is_id(automation):
            automation = self._store.automations.find(c, caller.name, automation).automation.id
        return {"executable": executable, "automation": automation}

    def _read_new_metrics(self, caller: Caller) -> None:
        """Store the metrics of tasks that succeeded since the last time, for lists in their order.

        Files that cannot be read now are read the next time.
        """
        while True:
            with self._store.read() as c:
                unread = self._store.tasks.unread(c, caller.name, MOST_AT_ONCE)
                made = self._store.tasks.succeeded_by_run(c, unread)
                read = self._read_metrics(c, caller, made)
            if not read:
                return
            with self._store.write() as c:
                self._store.tasks.set_metrics(c, read)

    def _detailed(self, c: Connection, caller: Caller, runs: Sequence[Run]) -> Sequence[Run]:
        metrics = self._metrics(c, caller, [run.id for run in runs])
        defaults = self._store.workflows.defaults(c, {run.workflow_version_id for run in runs})
        detailed = []
        for run in runs:
            own = defaults.get(run.workflow_version_id, {})
            changed = [n for n, v in run.parameters.items() if n not in own or own[n] != v]
            detailed.append(msgspec.structs.replace(run, metrics=metrics[run.id], changed=changed))
        return detailed

    def _of_workflow(self, caller: Caller, workflow: str) -> tuple[str, str, Names]:
        """Return the ID of a workflow, "" and the IDs of workflows with the same history.

        For other code, return the given text and the real path. `workflow` is the ID of a workflow,
        the path of a file, or `PROJECT:PATH` for a pushed workflow.
        """
        if not workflow:
            return "", "", []
        with self._store.read() as c:
            pushed = PushedNames(self._store, c, caller.name).real(c, workflow)
        real = self._real(pushed or workflow)
        with self._store.read() as c:
            # A workflow keeps its ID when its file moves. Other code is known by its path only.
            if real.endswith(DOCUMENT):
                known = saved_workflow(self._context, c, caller.name, Path(real))
            else:
                known = self._store.workflows.get(c, caller.name, workflow)
            if known is not None:
                copies = PushedCopies(self._store, c, caller.name)
                return known.id, "", copies.same_as(c, known)
        return (real, "", []) if real.endswith(DOCUMENT) else (workflow, real, [])

    def _real(self, path: str) -> str:
        """Return the real path of code.

        Absolute paths are accepted, because this API returns them.
        """
        if not path or path.startswith("/"):
            return path and os.path.realpath(path)
        return str(self._context.files.locate_code(path, "workflow"))


def parse_moment(text: str, field: str) -> datetime | None:
    """Return the time in a text, None for an empty text.

    Raises:
        Invalid: the text is no date or time.
    """
    if not text:
        return None
    try:
        # a text without a time zone means that of the server
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        raise Invalid.field(
            field, f"{text[:40]} is not a date or time. Write 2026-11-25 or 2026-11-25T08:00+01:00"
        ) from None
