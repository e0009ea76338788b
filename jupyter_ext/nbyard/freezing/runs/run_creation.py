"""Creation of runs: from a template, or as the retry of a run, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.ids import new_id
from nbyard.domain.naming.names import name_key
from nbyard.domain.naming.runtime_names import DASK, DOCKER
from nbyard.domain.naming.unique_names import check_free, name_taken, next_name
from nbyard.domain.runs.origins import RECHECK, SOURCED, Origin
from nbyard.domain.runs.planning import CONTAINER, plan_tasks
from nbyard.domain.runs.structs import BytesOf, NewRun, ResultOf, Run, Sample, TaskPlan
from nbyard.domain.runs.templates import RunTemplate, TemplateContent
from nbyard.domain.state_machines import RUN
from nbyard.domain.workflows.structs import Binding
from nbyard.errors import Conflict, Invalid, NotFound
from nbyard.freezing.environment_resolution import Renew, without_lock
from nbyard.freezing.runs.single_run import given_values, refused
from nbyard.reasons.structs import because

if TYPE_CHECKING:
    from nbyard.domain.callers import Caller
    from nbyard.store import Connection, Store

Values = Mapping[str, Any]
MANUAL = Origin()
LOWEST = -100


def check_run_name_free(store: Store, c: Connection, owner: str, name: str) -> None:
    """Check that no run of the owner has this name.

    Raises:
        NameTaken: another run has the name.
    """
    names = store.runs.names(c, owner)
    same = (taken for taken in names.values() if name_key(taken) == name_key(name))
    is_artifact = store.runs.named(c, owner, next(same, "")) is not None
    check_free(names, "artifact" if is_artifact else "run", name)


def check_outputs_unambiguous(
    store: Store, c: Connection, owner: str, name: str, outputs: Sequence[str]
) -> None:
    """Check that NAME.OUTPUT stays unambiguous if an artifact with these outputs gets this name.

    For example, `b.train` is the output `train` of the artifact `b`.

    Raises:
        NameTaken: the name means an output of another artifact, or another artifact has the name
            of such an output.
    """
    stem, _, last = name.rpartition(".")
    older = store.runs.named(c, owner, stem) if stem else None
    tasks = store.tasks.of_run(c, older.id) if older else []
    of_older = {a.name for task in tasks for a in task.plan.arguments if a.role == "output"}
    like = [output for output in outputs if store.runs.named(c, owner, f"{name}.{output}")]
    if last in of_older:
        why = f"'{name}' is the output '{last}' of the artifact '{stem}'."
    elif like:
        taken = f"{name}.{like[0]}"
        why = (
            f"The artifact {taken} already exists: the output '{like[0]}' would have the same name."
        )
    else:
        return
    # The name itself was refused, so do not suggest it.
    free = next_name([*store.runs.names(c, owner).values(), name], name)
    raise name_taken(why, f"Choose another name; '{free}' is free.")


def take_name(store: Store, c: Connection, owner: str, name: str, *, replace: bool) -> None:
    """Check that a new run may have this name. With `replace`, an ended run loses the name.

    Raises:
        NameTaken: another run has the name, and `replace` is not set.
        Conflict: the run that has the name has not ended.
    """
    names = store.runs.names(c, owner)
    same = [key for key, taken in names.items() if name_key(taken) == name_key(name)]
    older = store.runs.get(c, owner, same[0]) if replace and same else None
    if older is None:
        check_run_name_free(store, c, owner, name)
        return
    if older.state in RUN.live:
        raise Conflict(
            f"'{older.name}' is {older.state}; it can be replaced when it has finished.",
            hint=because("cancel-run", number=older.number),
        )
    store.runs.change(c, older, "renamed", name=None)


def create_run(  # noqa: PLR0913
    store: Store,
    c: Connection,
    template: RunTemplate,
    *,
    submission_key: str = "",
    origin: Origin = MANUAL,
    name: str | None = None,
    values: Values | None = None,
    replace: bool = False,
    sample: Sample | None = None,
) -> tuple[str, bool]:
    """Queue a run of a template; return its ID and whether it is new.

    If a run with the `submission_key` exists, it is returned. `values` replace those of the
    template. With a `sample`, tasks get only a part of their data.

    Raises:
        NameTaken: another run has the name, and `replace` is not set.
        Conflict: the run that has the name has not ended.
        Invalid: a value is refused, the run would have no tasks, or it has problems.
    """
    owner, content = template.owner, template.content
    # A client repeats a request without an answer, and a restarted dispatcher a due time. Both must
    # get the run that exists.
    if submission_key and (known := store.runs.with_submission_key(c, owner, submission_key)):
        return known, False
    if name is not None:
        take_name(store, c, owner, name, replace=replace)
    content = with_values(content, values or {})
    recorded = recorded_values(content)
    plans = plan_run(store, c, owner, content, recorded, sample)
    _check_environments(store, c, plans, owner)
    if name and not template.workflow_id:
        outputs = [a.name for a in plans[0].arguments if a.role == "output"]
        check_outputs_unambiguous(store, c, owner, name, outputs)
    row = {
        "name": name,
        "title": template.title or plans[0].label,
        "owner": owner,
        "path": template.path,
        "workflow_id": template.workflow_id,
        "workflow_version_id": template.workflow_version_id,
        "parameters": recorded,
        "runtime": content.overrides.runtime,
        "priority": content.priority,
        "edges": msgspec.to_builtins(content.edges()),
        "reason": None,
        "template_id": template.id,
        "git": msgspec.to_builtins(content.git),
        "submission_key": submission_key or None,
    }
    return _insert(store, c, row, origin, plans), True


def retry_run(store: Store, c: Connection, old: Run, renew: Renew, key: str, caller: Caller) -> str:
    """Queue a retry of an ended run, which belongs to the caller; return its ID.

    `renew` returns the new plan of each task. The retry has the values and the template of the
    old run. It takes over the due time, automation and projects; of an own run, also the name
    and the place in a backfill.
    """
    takes_over = caller.name == old.owner
    row = {
        **_same_work(store, c, old),
        "owner": caller.name,
        "name": (takes_over and old.name) or None,
        "reason": because("retry-of-run", run=old.number),
        "submission_key": key or None,
    }
    if old.name and takes_over:
        store.runs.change(c, old, "renamed", name=None)
    # The plans of its tasks, not the template: an earlier retry may have renewed an environment.
    # The maps among them create their elements again, and reuse the results of finished ones. What
    # comes after a map gets other results of it, unless all of its elements succeeded.
    tasks, plans = store.tasks.of_run(c, old.id), []
    changed = {t.plan.element.map for t in tasks if t.plan.element and t.state != "succeeded"}
    for task in (task for task in tasks if not task.plan.element):  # in the order of the graph
        plan = renew(task)
        if plan.needs() & changed and not plan.pinned:
            changed.add(task.node)
            plan = msgspec.structs.replace(plan, reuse="")
        plans.append(plan)
    _check_environments(store, c, plans, caller.name, old.owner)
    # Its code reads the scheduled time, so a retry on another day must not change it.
    before = old.origin
    origin = msgspec.structs.replace(
        before, kind="retry", id=old.id, cause=None, person=caller.submitter
    )
    made = _insert(store, c, row, origin, plans)
    store.projects.link_retry(c, old, made)
    if before.backfill_id and takes_over:
        store.backfills.replace_run(c, before.backfill_id, old.id, made)
    return made


def create_probe(
    store: Store, c: Connection, like: Run, plans: Sequence[TaskPlan], bisection_id: str
) -> str:
    """Queue a run of a bisection, with these plans; all else is as in the run `like`."""
    row = _same_work(store, c, like) | {"name": None, "reason": None, "submission_key": None}
    # Code that reads the scheduled time gets the same one in all runs of a bisection.
    origin = Origin("bisect", bisection_id, like.origin.due_at)
    return _insert(store, c, row, origin, plans)


def create_recheck(store: Store, c: Connection, like: Run, plan: TaskPlan, key: str) -> None:
    """Queue a run of one node of the run `like` with low priority, once for each `key`.

    The run belongs to no workflow and no file, so that nothing follows from its end.

    Raises:
        OverQuota: the quota of the owner can never allow the task, or allows no further run.
        PolicyRefused: the run `like` may no longer use its runtime or image.
    """
    if store.runs.with_submission_key(c, like.owner, key):
        return
    isolated_plans(store, c, like.owner, [plan], like.id)
    places = dict.fromkeys(("path", "workflow_id", "workflow_version_id", "template_id"), "")
    row = _same_work(store, c, like) | places | {"name": None, "reason": None, "edges": []}
    row |= {"title": plan.label, "submission_key": key, "priority": LOWEST}
    _insert(store, c, row, Origin(RECHECK, like.id, like.origin.due_at), [plan])


def _same_work(store: Store, c: Connection, run: Run) -> dict[str, Any]:
    """Return the columns of a run that a repetition of the run has too."""
    same = ("title", "owner", "path", "workflow_id", "workflow_version_id", "parameters")
    return {name: getattr(run, name) for name in (*same, "runtime", "priority")} | {
        "edges": msgspec.to_builtins(store.runs.edges(c, run.id)),
        "template_id": store.runs.template_id(c, run.id),
        "git": msgspec.to_builtins(run.git),
    }


def with_values(content: TemplateContent, values: Values) -> TemplateContent:
    """Return the content of a template with other values of parameters.

    Raises:
        Invalid: a value is refused, or is the frozen input of a single executable.
    """
    if not values:
        return content
    arguments = {argument.name: argument for argument in content.parameters}
    for name in values:
        if content.main and name in arguments and arguments[name].role == "input":
            raise Invalid.field(
                f"parameters.{name}", "is an input, whose data is frozen; freeze the request again"
            )
    owner = content.nodes[content.main].name if content.main else ""
    given = given_values(arguments, NewRun(parameters=dict(values)), owner)
    document = content.document
    if content.main:
        node = document.nodes[content.main]
        bindings = node.arguments | {name: Binding(value=value) for name, value in given.items()}
        main = msgspec.structs.replace(node, arguments=bindings)
        nodes = {**document.nodes, content.main: main}
        document = msgspec.structs.replace(document, nodes=nodes)
    return msgspec.structs.replace(content, document=document, values=content.values | given)


def recorded_values(content: TemplateContent) -> dict[str, Any]:
    """Return the values of parameters that the record of a run contains, by name.

    For a workflow, these are all parameters, also those with default values. For a single
    executable, these are the values in the request.

    Raises:
        Invalid: a value is missing.
    """
    given = content.values
    if content.main:
        return dict(given)
    if missing := [name for name in content.needed if name not in given]:
        raise refused([(f"parameters.{name}", "a value is needed") for name in missing])
    known = {a.name: given.get(a.name, a.default) for a in content.parameters}
    return {name: value for name, value in known.items() if value is not msgspec.UNSET}


def plan_run(
    store: Store,
    c: Connection,
    owner: str,
    content: TemplateContent,
    values: Values,
    sample: Sample | None = None,
) -> list[TaskPlan]:
    """Return the tasks of a run in topological order. `values` are its recorded values.

    Tasks that read data get the sample, unless they reuse a result.

    Raises:
        Invalid: the run would have no tasks, or it has problems.
    """
    credentials = store.credentials.references(c, owner)
    chosen, nodes = frozenset(content.chosen), content.nodes
    plans = plan_tasks(content.document, nodes, values, chosen, content.overrides, credentials)
    if not plans:
        raise Invalid("There is nothing to run: add or select a notebook, script or program.")
    plans = [without_lock(store, c, owner, plan, nodes[plan.node].kind) for plan in plans]
    # A task without input data produces the same result as in a full run.
    return [
        msgspec.structs.replace(plan, sample=sample)
        if sample
        and not plan.reuse
        and any(isinstance(b, BytesOf | ResultOf) for b in plan.bindings.values())
        else plan
        for plan in plans
    ]


def _check_environments(
    store: Store, c: Connection, plans: Iterable[TaskPlan], *users: str
) -> None:
    """Check that a user of a shared store sees each environment.

    Raises:
        NotFound: an environment was deleted, or is no longer shared.
    """
    for used in {plan.environment for plan in plans} if store.isolation.is_shared else ():
        if used and not any(store.environments.get(c, user, used.id) for user in users):
            raise NotFound(because("environment-deleted", environment=used.name))


def isolated_plans(
    store: Store, c: Connection, owner: str, plans: Collection[TaskPlan], run_id: str = ""
) -> list[TaskPlan]:
    """Check plans against the rules of a shared store.

    With a `run_id`, the projects of the run count, too. Images of the owner are named by ID. Every
    container has a limit for cores and memory, which also counts for quotas.

    Raises:
        PolicyRefused: a runtime, an image or a Dockerfile is not allowed.
    """
    rules = store.isolation
    if not rules.is_shared:
        return [*plans]
    checked, of_run = [], (rules.dask_users, owner, run_id)
    may_use_dask = any(p.runtime == DASK for p in plans) and store.projects.has_among(c, *of_run)
    for plan in plans:
        image = plan.image
        if not plan.reuse:  # a plan with a result runs nothing
            rules.check_runtime(plan.runtime, plan.label, may_use_dask=may_use_dask)
            image = store.images.usable(c, rules, owner, image)
            version = store.executables.version(c, plan.executable_version_id)
            if version is not None and version.kind == CONTAINER and not image:
                rules.check_dockerfile(version.file)
        limits: dict[str, Any] = {}
        if plan.runtime == DOCKER:
            limits["cpu"] = plan.cpu or rules.cpu
            limits["memory_bytes"] = plan.memory_bytes or rules.memory_bytes
        checked.append(msgspec.structs.replace(plan, image=image, **limits))
    return checked


def _insert(
    store: Store, c: Connection, row: dict[str, Any], origin: Origin, plans: Collection[TaskPlan]
) -> str:
    """Insert a queued run with its waiting tasks; return its ID.

    Raises:
        OverQuota: the quota of the owner can never allow a task, or allows no further run.
    """
    plans = isolated_plans(store, c, row["owner"], plans)
    now, run_id = datetime.now(UTC), new_id()
    source_id = origin.id if origin.kind in SOURCED else origin.source_id
    started_by = {
        "origin": origin.kind,
        "origin_id": origin.id,
        "due_at": origin.due_at,
        "cause": msgspec.to_builtins(origin.cause),
        "chain": origin.chain,
        "backfill_id": origin.backfill_id,
        "source_id": source_id,
        "person": origin.person,
    }
    store.runs.insert(c, {**row, **started_by, "id": run_id, "created_at": now})
    ids = [new_id() for _ in plans]
    rows = [
        {
            "id": task_id,
            "run_id": run_id,
            "node": plan.node,
            "place": place,
            "cached": False,
            "reason": None,
            "plan": plan,
            "cache_key": "",
            "executable_id": plan.executable_id,
            "created_at": now,
        }
        for place, (task_id, plan) in enumerate(zip(ids, plans, strict=True))
    ]
    store.tasks.insert(c, row["owner"], run_id, rows)
    store.lineage.insert(c, list(zip(ids, plans, strict=True)))
    store.quotas.check_run(c, row["owner"], run_id, [plan for plan in plans if not plan.reuse])
    return run_id
