"""The clauses that select visible rows."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from nbyard.domain.callers import ROLES, Role
from nbyard.domain.ids import new_id
from nbyard.domain.projects.members import NewMember, ShareLink
from nbyard.errors import Forbidden
from nbyard.store import Connection, Store
from nbyard.store.schema.tables import credentials, datasets, events, runs
from nbyard.store.visibility import may_see, may_see_event

from .rows import START, Rows

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
        rows, pick = Rows(store, c), self.random.choice
        self.groups = {user: {g for g in GROUPS if self.random.random() < 0.5} for user in USERS}
        for user, groups in self.groups.items():
            store.grants.set_groups(c, user, groups)
        self.owners: dict[tuple[Any, str], str] = {}
        for kind, number in itertools.product(("dataset", "run", "project"), range(4)):
            owner = pick(USERS)
            self.owners[kind, self._made(rows, kind, f"{kind}{number}", owner)] = owner
        self.links: set[tuple[str, str, str]] = set()
        self.grants: dict[tuple[str, str, str, bool], Role] = {}

    def _made(self, rows: Rows, kind: str, name: str, owner: str) -> str:
        if kind == "dataset":
            return rows.dataset(name, owner).id
        if kind == "run":
            return rows.run(name, owner).id
        fields = {"description": "", "repository": "", "requirements": "", "metadata": {}}
        row = {**fields, "task": {}, "files": "", "git": None}
        return self.store.projects.create(self.c, owner, name=name, **row)

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
        roles = ["owner" for thing in reached if self.owners[thing] == viewer]
        for (*thing, name, group), role in self.grants.items():
            is_named = name in self.groups[viewer] if group else name == viewer
            roles += [role] if tuple(thing) in reached and is_named else []
        return max(roles, key=ROLES.index, default=None)

    def check(self) -> None:
        """Compare lists, single rows, events and roles of all users with the rule."""
        rows, c = self.store, self.c
        for viewer in USERS:
            seen = {thing for thing in self.owners if self.role(viewer, *thing)}
            for kind, key in self.owners:
                assert rows.grants.role(c, viewer, kind, key) == self.role(viewer, kind, key)
                named = getattr(rows, f"{kind}s")
                row = named.get(c, viewer, key)
                assert (row.role if row else None) == self.role(viewer, kind, key)
            for kind, args in (("dataset", ("",)), ("run", ()), ("project", ("",))):
                page = getattr(rows, f"{kind}s").page(c, viewer, 99, "", *args)
                roles = {s: self.role(viewer, *s) for s in seen if s[0] == kind}
                assert {(kind, item.id): item.role for item in page} == roles
            subjects = select(events.c.subject_id).where(may_see_event(viewer, c))
            known = {key for _, key in self.owners}
            found = {*c.execute(subjects).scalars()} & known
            assert found == {key for _, key in seen}


@pytest.mark.parametrize("seed", range(4))
def test_nobody_sees_more_than_the_rule_allows(store, seed):
    with store.write() as c:
        shared = Shared(store, c, seed)
        shared.check()  # nothing is shared
        # Nobody links the resource of another before the first grant.
        while not shared.grants:
            shared.step(links=False)
        for _ in range(5):
            for _ in range(6):
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
