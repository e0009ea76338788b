"""Service operations that delete finished runs by rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.callers import Caller
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
from nbyard.domain.runs.retention import PolicyPreview, RetentionPreview, choose_by_policies
from nbyard.domain.runs.structs import Run
from nbyard.retention.protection import finished_runs
from nbyard.retention.removal import preview_of, previews_of, remove_runs
from nbyard.services.operation import operation
from nbyard.services.project_filter import filter_project
from nbyard.services.runs.attempts import RunAttempts
from nbyard.services.workflows.pushed_names import PushedNames

if TYPE_CHECKING:
    from nbyard.store import Connection

# A request that deletes more would take too long.
MOST_AT_ONCE = 200


class RunCleanUps(RunAttempts):
    """The part of the run service that cleans up."""

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
            preview_of(self._store, self._parts.blobs, *choice) if sizes else shown_choice(*choice)
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
        self._parts.ensure_dispatcher()
        return CleanedUp(deleted, max(len(doomed) - MOST_AT_ONCE, 0))

    def _chosen_runs(
        self, caller: Caller, rules: CleanUpRules, project: str
    ) -> tuple[Sequence[FinishedRun], Sequence[FinishedRun]]:
        rules = self._checked_rules(caller, rules)
        with self._store.read() as c:
            inside = filter_project(self._store, c, caller, project)
            documents = self._parts.files.documents()
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
            path if path.startswith("/") else str(self._parts.files.locate_code(path, "workflow"))
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
            self._store.clean_ups.set_kept(c, record, kept)
        return self._with_shown_path(msgspec.structs.replace(record, kept=kept))

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
        with self._store.write() as c:
            self._store.retention.set_for_all_runs(c, caller.name, rules)
        self._parts.ensure_dispatcher()
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
            rules, documents = [policy.rules for policy in policies], self._parts.files.documents()
            runs = finished_runs(self._store, c, caller.name, rules, documents)
            shown = [self._shown_rules(c, caller, of_policy) for of_policy in rules]
        # All policies in order, also for one project: earlier ones choose their runs first.
        choices = choose_by_policies(runs, members, policies, datetime.now(UTC))
        both = [(choice.doomed, choice.protected) for choice in choices]
        previews = previews_of(self._store, self._parts.blobs, both)
        return RetentionPreview(
            [
                PolicyPreview(choice.policy.project, choice.policy.name, shown_rules, preview)
                for choice, preview, shown_rules in zip(choices, previews, shown, strict=True)
                if inside in ("", choice.policy.project_id)
            ]
        )
