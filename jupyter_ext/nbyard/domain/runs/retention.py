"""Retention: policies that delete finished runs every day, for all runs or those of a project."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from nbyard.domain.naming.names import check_name
from nbyard.domain.runs.clean_up import (
    Age,
    CleanUpPreview,
    CleanUpRules,
    FinishedRun,
    Most,
    Newest,
    States,
    check_rules,
    choose_runs,
)

MOST_POLICIES = 20  # of a project: each is applied to all of its runs


class PolicyRules(
    msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, kw_only=True
):
    """Rules that choose finished runs of a project to delete. A run must fit all given rules.

    - `older_than_days`: the run finished at least that many days ago.
    - `keep`: the number of newest finished runs of the project to keep of each workflow.
    - `states`: the states of runs to delete, all final states if empty.
    - `max_bytes`: delete the oldest runs until the outputs of the project's runs fit into it.

    With `keep`, the newest successful run of each workflow stays, unless `keep` is 0. `max_bytes`
    deletes these runs last. It keeps the newest successful run of the project, unless `max_bytes`
    is 0.
    """

    older_than_days: Age = None
    keep: Newest = None
    states: States = []
    max_bytes: Most = None

    @property
    def as_clean_up(self) -> CleanUpRules:
        """Return these rules as the rules of a clean-up."""
        return CleanUpRules(**msgspec.structs.asdict(self))

    def check(self, name: str) -> str:
        """Check the limits of rules; return the name of the policy as it is stored.

        Raises:
            Invalid: the name or a rule is refused, or the rules would delete all runs.
        """
        check_rules(self.as_clean_up)
        return check_name(name, "policy")


class ProjectPolicy(msgspec.Struct, frozen=True):
    """A policy of a project. The dispatcher applies it every day."""

    name: str
    rules: PolicyRules
    updated_at: datetime


class ProjectRetention(msgspec.Struct, frozen=True):
    """The policies of a project by name."""

    policies: list[ProjectPolicy]


class Policy(msgspec.Struct, frozen=True):
    """A policy to apply: for all runs of an owner, or with a `project_id` for one project's runs.

    Only policies of projects have a `name`.
    """

    rules: CleanUpRules
    updated_at: datetime
    name: str = ""
    project_id: str = ""
    project: str = ""


class PolicyPreview(msgspec.Struct, frozen=True):
    """The runs that a policy deletes next, without those that earlier policies delete.

    An empty `project` means the policy for all runs.
    """

    project: str
    name: str
    rules: CleanUpRules
    preview: CleanUpPreview


class RetentionPreview(msgspec.Struct, frozen=True):
    """The runs that the next daily clean-up deletes, by policy, in the order of application."""

    policies: list[PolicyPreview]


class PolicyChoice(msgspec.Struct, frozen=True):
    """The runs that a policy deletes, and the runs that only their protection keeps."""

    policy: Policy
    doomed: Sequence[FinishedRun]
    protected: Sequence[FinishedRun]


def choose_by_policies(
    runs: Iterable[FinishedRun],
    members: Mapping[str, Collection[str]],
    policies: Iterable[Policy],
    now: datetime,
) -> list[PolicyChoice]:
    """Choose the runs to delete by each policy in turn.

    A policy sees only the runs that earlier policies leave. `members` has, by the ID of a project,
    the IDs of its runs.
    """
    left = [*runs]
    choices = []
    for policy in policies:
        inside = policy.project_id and members.get(policy.project_id, ())
        own = left if not policy.project_id else [run for run in left if run.id in inside]
        doomed, protected = choose_runs(own, policy.rules, now)
        choices.append(PolicyChoice(policy, doomed, protected))
        # Otherwise a later policy would count a run among those to keep that is deleted anyway.
        gone = {run.id for run in doomed}
        left = [run for run in left if run.id not in gone]
    return choices
