"""The clauses that select visible rows."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from nbyard.domain.callers import ROLES, Role
from nbyard.domain.ids import new_id
from nbyard.domain.models.structs import ModelFilter
from nbyard.domain.projects.members import NewMember, SharedKind, ShareLink
from nbyard.domain.workflows.structs import Document, Meta
from nbyard.errors import Forbidden
from nbyard.reasons.structs import because
from nbyard.store import Connection, Store
from nbyard.store.schema.deployment_tables import models
from nbyard.store.schema.tables import credentials, datasets, events, runs
from nbyard.store.visibility import SHARED, may_see, may_see_event

from .automations.conftest import row_of
from .lineage.records import Records
from .rows import START, Rows
from .test_deployments import SPEC, TEXTS
from .test_models import MODEL

# Each kind that the clause decides, and the other arguments of its list.
PAGES: dict[SharedKind, tuple[Any, ...]] = {
    **dict.fromkeys(("dataset", "executable", "environment", "automation", "project"), ("",)),
    **{"run": (), "workflow": ("",), "model": (ModelFilter(),), "deployment": ("", "")},
}


# A version of a model is read with no role.
def shown_role(kind: SharedKind, row: Any) -> Role | None:
    role: Role | None = None if kind == "model" else getattr(row, "automation", row).role
    return role


USERS, GROUPS = ("ada", "bob", "eve", "joe"), ("lab", "class")


@pytest.mark.parametrize(("viewer", "is_seen"), [("ada", True), ("eve", False), ("", False)])
def test_a_row_is_seen_by_its_owner(store, viewer, is_seen):
    with store.write() as c:
        Rows(store, c).run()
        assert c.execute(select(may_see(viewer, runs.c.owner))).scalar_one() == is_seen


def test_other_tables_are_never_shared():
    assert str(may_see("ada", credentials.c.owner)) == "credentials.owner = :owner_1"


class Shared:
    """Random projects, links and roles of random users and groups, and who may do what by them."""

    def __init__(self, store: Store, c: Connection, seed: int):
        self.store, self.c, self.random = store, c, random.Random(seed)
        rows, pick = Records(store, c), self.random.choice
        self.groups = {user: {g for g in GROUPS if self.random.random() < 0.5} for user in USERS}
        for user, groups in self.groups.items():
            store.grants.set_groups(c, user, groups)
        self.owners: dict[tuple[Any, str], str] = {}
        assert PAGES.keys() == SHARED.keys(), "a new kind"
        for kind, number in itertools.product(PAGES, range(2)):
            owner = pick(USERS)
            self.owners[kind, self._made(rows, kind, f"{kind}{number}", owner)] = owner
        self.links: set[tuple[str, str, str]] = set()
        self.grants: dict[tuple[str, str, str, bool], Role] = {}

    def _made(self, rows: Records, kind: SharedKind, name: str, owner: str) -> str:
        if kind == "model":
            made = rows.model(rows.image(name, owner), owner=owner)
            self.c.execute(update(models).values(model=msgspec.to_builtins(MODEL)))
            return made
        if kind == "deployment":
            key, reason = new_id(), because("deployment-created")
            self.store.deployments.insert(self.c, owner, key, {**TEXTS, "name": name})
            self.store.deployments.add_revision(self.c, key, SPEC, reason, "hash")
            return key
        if kind == "automation":
            self.store.automations.insert(self.c, row_of(name, owner=owner))
            return name
        if kind == "workflow":
            document = Document(1, Meta(id=name))
            return self.store.workflows.create_or_update(self.c, owner, f"/{name}", document).id
        if kind == "project":
            fields = {"description": "", "repository": "", "requirements": "", "metadata": {}}
            row = {**fields, "task": {}, "files": "", "git": None}
            return self.store.projects.create(self.c, owner, name=name, **row)
        return str(getattr(rows, kind)(name, owner).id)

    def step(self, *, links: bool = True) -> None:
        """Link, unlink, grant or revoke something."""
        pick, rows, c = self.random.choice, self.store, self.c
        kind, key = pick([*self.owners])
        project = pick([key for kind, key in self.owners if kind == "project"])
        group = self.random.random() < 0.3
        name = pick(GROUPS if group else USERS)
        if links and kind != "project" and self.random.random() < 0.5:
            found = rows.projects.by_id(c, project)
            assert found is not None
            if (project, kind, key) in self.links:
                assert rows.projects.unlink(c, found, kind, key)
            else:
                rows.projects.link(c, found, kind, key)
            self.links ^= {(project, kind, key)}
        elif self.random.random() < 0.3:
            known = self.grants.pop((kind, key, name, group), None)
            assert rows.grants.revoke(c, kind, key, name, group=group) is (known is not None)
        else:
            role = self.grants[kind, key, name, group] = pick(ROLES)
            rows.grants.grant(c, kind, key, NewMember(name, role, group))

    def role(self, viewer: str, kind: Any, key: str) -> str | None:
        """The highest role, by the plainest rule."""
        reached = [(kind, key)]
        reached += [("project", p) for p, *linked in self.links if linked == [kind, key]]
        roles: list[Role] = ["owner" for thing in reached if self.owners[thing] == viewer]
        for (*thing, name, group), role in self.grants.items():
            is_named = name in self.groups[viewer] if group else name == viewer
            roles += [role] if tuple(thing) in reached and is_named else []
        highest = max(roles, key=ROLES.index, default=None)
        # The runs of an automation have the files and secrets of its owner.
        is_limited = kind == "automation" and self.owners[kind, key] != viewer
        return "viewer" if highest and is_limited else highest

    def check(self) -> None:
        """Compare lists, single rows, events and roles of all users with the rule."""
        rows, c = self.store, self.c
        for viewer in USERS:
            seen = {thing for thing in self.owners if self.role(viewer, *thing)}
            for kind, key in self.owners:
                assert rows.grants.role(c, viewer, kind, key) == self.role(viewer, kind, key)
                named = getattr(rows, f"{kind}s")
                row = named.get(c, viewer, key)
                assert (row is not None) == ((kind, key) in seen)
                assert row is None or shown_role(kind, row) in (None, self.role(viewer, kind, key))
            for kind, args in PAGES.items():
                page = getattr(rows, f"{kind}s").page(c, viewer, 99, "", *args)
                items = [getattr(item, "automation", item) for item in page]
                assert {(kind, item.id) for item in items} == {s for s in seen if s[0] == kind}
                for item in items:
                    role = self.role(viewer, kind, item.id)
                    assert shown_role(kind, item) in (None, role)
            subjects = select(events.c.subject_id).where(may_see_event(viewer, c))
            # Rows of some kinds are inserted without an event.
            known = {*c.execute(select(events.c.subject_id)).scalars()}
            of_events = {kind for kind, key in self.owners if key in known}
            assert of_events >= {"dataset", "run", "project"}, of_events
            found = {*c.execute(subjects).scalars()} & {key for _, key in self.owners}
            assert found == {key for _, key in seen} & known


@pytest.mark.parametrize("seed", range(4))
def test_nobody_sees_more_than_the_rule_allows(store, seed):
    with store.write() as c:
        shared = Shared(store, c, seed)
        shared.check()  # nothing is shared
        # Nobody links the resource of another before the first grant.
        while not shared.grants:
            shared.step(links=False)
        for _ in range(3):
            for _ in range(15):
                shared.step()
            shared.check()


def test_grants_end_with_their_resource(store):
    with store.write() as c:
        data = Rows(store, c).dataset("a")
        store.grants.grant(c, "dataset", data.id, NewMember("bob"))
        assert store.grants.delete_dangling(c) == 0
        store.datasets.delete(c, data)
        assert store.grants.delete_dangling(c) == 1
        assert c.execute(select(datasets.c.id)).first() is None and START


def test_the_viewer_of_a_link_sees_one_row_until_it_expires(store):
    """Queries that are built once notice that time passes, and a name is no pattern."""
    now = datetime.now(UTC)
    with store.write() as c:
        rows = Rows(store, c)
        run, other = rows.run("first"), rows.run("second")
        data = rows.dataset("red")
        for kind, row, ends in (
            ("run", run, now + timedelta(days=1)),
            ("dataset", data, now + timedelta(days=1)),
            ("run", other, now - timedelta(seconds=1)),
        ):
            link = ShareLink(new_id(), "ada", now, ends)
            store.share_links.insert(c, kind, row.id, link, f"{row.id:_<64}")
            viewer, is_valid = f"/link/{link.id}", ends > now
            find = store.runs.get if kind == "run" else store.datasets.get
            found = find(c, viewer, row.id)
            assert (found.role if found else None) == ("viewer" if is_valid else None)
            assert (store.share_links.open(c, f"{row.id:_<64}") is not None) == is_valid
            others = {run.id, other.id} - {row.id}
            assert not any(store.runs.get(c, viewer, key) for key in others)
            for guessed in ("/link/", "/link/%", link.id, "link"):
                assert find(c, guessed, row.id) is None
        assert store.share_links.open(c, "none") is None
        assert store.grants.delete_dangling(c) == 1
        assert [len(store.share_links.list(c, "run", row.id)) for row in (run, other)] == [1, 0]
        store.grants.check(c, "/link/x", "run", run.id, "viewer")
        with pytest.raises(Forbidden):
            store.grants.check(c, "/link/x", "run", run.id, "editor")
