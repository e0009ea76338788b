"""Environments as a service. Real installations: the dispatcher's tests."""

import msgspec
import pytest
from tests.support.refusals import refused_at

from nbyard.domain.callers import Caller
from nbyard.domain.environments.requirements import name_of
from nbyard.domain.environments.structs import (
    EnvironmentChange,
    EnvironmentKernel,
    NewEnvironment,
)
from nbyard.errors import Conflict, Invalid, NameTaken, NotFound, PolicyRefused
from nbyard.reasons.structs import because, text_reason

pytestmark = pytest.mark.slow


@pytest.fixture
def environments(yard):
    return yard.services.environments


@pytest.fixture
def installed(yard, ann, environments):
    """Makes an environment whose newest version is as it is told, without installing anything."""

    def make(name, state="ready", packages=(), requirements="cow"):
        body = NewEnvironment(name, requirements)
        known = {one.name for one in environments.list(ann).items}
        made = (
            environments.change(ann, name, EnvironmentChange(requirements=requirements))
            if name in known
            else environments.create(ann, body)
        )
        with yard.store.write() as c:
            move = yard.store.environments.move
            move(c, "ann", made.current.id, "building", place="x")
            locked = [{"name": n, "version": v, "hashes": []} for n, v in packages]
            move(c, "ann", made.current.id, state, packages=locked)
        return environments.get(ann, name)

    return make


def test_a_created_environment_is_queued_with_its_lines(environments, ann):
    made = environments.create(ann, NewEnvironment("Cows", "cowsay==6.1  # moo\n\nsix"))
    assert (made.current.state, made.current.number, made.installed) == ("queued", 1, 0)
    assert made.current.requirements == ["cowsay==6.1", "six"]
    assert environments.get(ann, "Cows") == environments.get(ann, made.id) == made
    assert environments.list(ann, search="cow").items == [made]
    assert environments.list(Caller("bob")).items == []
    assert environments.log(ann, "Cows").text == ""
    with pytest.raises(NotFound):
        environments.get(Caller("bob"), made.id)


def test_the_kernel_of_this_machine_is_there_once_a_version_is_installed(
    yard, environments, installed, ann
):
    made = installed("cows", "failed")
    with pytest.raises(Conflict):
        environments.kernel(ann, "cows")
    with pytest.raises(NotFound):
        environments.kernel(Caller("bob"), made.id)
    made = installed("cows")
    with yard.store.write() as c:
        yard.store.environments.set_kernel_name(c, made.id, "nbyard-cows")
    assert environments.kernel(ann, "cows") == EnvironmentKernel("nbyard-cows", 2)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("-e .", "requirements.1"),
        ("six\n--index-url http://h.test", "requirements.2"),
        ("cow @ file:///tmp/x", "requirements.1"),
        ("pip==0.1", "requirements.1"),
    ],
)
def test_a_refused_environment_is_not_created(environments, ann, text, where):
    with refused_at(where, (Invalid, PolicyRefused)):
        environments.create(ann, NewEnvironment("cows", text))
    assert environments.list(ann).items == []


def test_names_are_unique_and_checked(environments, ann):
    environments.create(ann, NewEnvironment("cows"))
    with pytest.raises(NameTaken):
        environments.create(ann, NewEnvironment("cows"))
    with pytest.raises(Invalid):
        environments.create(ann, NewEnvironment("../cows"))


def test_a_name_that_was_never_installed_can_be_reused(environments, ann, yard):
    def end(made, state):
        with yard.store.write() as c:
            yard.store.environments.move(c, "ann", made.current.id, "building", place="x")
            yard.store.environments.move(
                c, "ann", made.current.id, state, reason=text_reason("why")
            )

    first = environments.create(ann, NewEnvironment("cows", "none"))
    with pytest.raises(NameTaken):  # it may come to something
        environments.create(ann, NewEnvironment("cows", "cow"))
    end(first, "failed")
    with pytest.raises(Invalid):
        environments.create(ann, NewEnvironment("cows", "-e ."))
    again = environments.create(ann, NewEnvironment("cows", "cow", description="mine"))
    assert (again.id, again.current.number, again.description) == (first.id, 2, "mine")
    assert again.current.requirements == ["cow"]
    assert environments.list(ann).items == [again]
    end(again, "ready")
    environments.change(ann, "cows", EnvironmentChange(add="none"))
    end(environments.get(ann, "cows"), "failed")
    with pytest.raises(NameTaken):
        environments.create(ann, NewEnvironment("cows", "cow"))


def test_one_version_at_a_time_is_built(environments, ann, installed):
    environments.create(ann, NewEnvironment("cows"))
    with pytest.raises(Conflict, match="Version 1 of 'cows'"):
        environments.change(ann, "cows", EnvironmentChange(add="six"))
    installed("ants")
    assert environments.change(ann, "ants", EnvironmentChange(add="six")).current.number == 2


def test_a_change_starts_from_the_installed_version(environments, ann, installed):
    installed("cows", requirements="cow\nant")
    found = installed("cows", "failed", requirements="none")
    assert (found.current.number, found.installed) == (2, 1)
    made = environments.change(ann, "cows", EnvironmentChange(add="cow==2", remove=["ant"]))
    assert made.current.requirements == ["cow==2"]


def test_a_change_that_is_refused_changes_nothing(environments, ann, installed):
    installed("cows")
    for body in (EnvironmentChange(add="-r x"), EnvironmentChange(add="pip")):
        with pytest.raises((Invalid, PolicyRefused)):
            environments.change(ann, "cows", body)
    with pytest.raises(NotFound):
        environments.change(ann, "cows", EnvironmentChange(remove=["none"]))
    assert [one.number for one in environments.versions(ann, "cows").items] == [1]


def test_allowed_package_sources_are_accepted(yard, environments, ann, installed):
    """They are accepted while the setting allows them."""
    yard.settings.allowed_package_sources = ["https://packages.test/team"]
    installed("cows", requirements="-i https://packages.test/team/a/\ncow")
    with pytest.raises(Invalid) as refused:
        environments.create(ann, NewEnvironment("ants", "ant\n-i https://packages.test/other"))
    assert "line 2" in refused.value.message
    assert "allowed_package_sources" in refused.value.message
    body = EnvironmentChange(add="ant\n--index-url=https://packages.test/team/b")
    made = environments.change(ann, "cows", body)
    assert made.current.requirements == ["cow", "ant", "--index-url https://packages.test/team/b"]
    installed_now = made.current.id
    with yard.store.write() as c:
        yard.store.environments.move(c, "ann", installed_now, "failed")
    yard.settings.allowed_package_sources = []
    with pytest.raises(Invalid, match=r"line 1: .* --index-url .* allowed"):
        environments.change(ann, "cows", EnvironmentChange(add="ant"))
    body = EnvironmentChange(add="ant", remove=["--index-url https://packages.test/team/a"])
    assert environments.change(ann, "cows", body).current.requirements == ["cow", "ant"]


def test_folders_need_permission_to_run_code(
    yard, environments, ann, installed, tmp_path, monkeypatch
):
    """The refusal comes before any call, also for a preview."""
    folder = tmp_path / "cow"
    folder.mkdir()
    (folder / "setup.py").write_text("raise SystemExit('it ran')")
    yard.settings.allowed_package_sources = [f"file://{tmp_path}/code"]
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: pytest.fail("it ran"))
    installed("cows")
    for ask in (environments.preview, environments.change):
        with pytest.raises(Invalid, match=f"file://{folder} is not allowed.*allowed_package_sour"):
            ask(ann, "cows", EnvironmentChange(add=f"-e {folder}"))
    yard.settings.allowed_package_sources = []
    with pytest.raises(Invalid, match=r"-e is .*: .*allowed_package_sources"):
        environments.preview(ann, "cows", EnvironmentChange(add="-e ."))


def test_versions_are_compared(environments, ann, installed):
    """The default is the newest version against the one before it."""
    installed("cows", packages=[("cow", "1"), ("ant", "1")])
    installed("cows", "failed")
    installed("cows", packages=[("cow", "2"), ("ant", "1")])
    for asked in ({}, {"old": 1, "new": 3}):
        (change,) = environments.diff(ann, "cows", **asked).items
        assert (change.name, change.old, change.new) == ("cow", "1", "2")
    assert len(environments.diff(ann, "cows", new=1).items) == 2, "all of it is new"
    with pytest.raises(NotFound):
        environments.diff(ann, "cows", new=9)
    with pytest.raises(Invalid):
        environments.diff(ann, "cows", old=-1)


def test_a_preview_installs_nothing(environments, ann, installed, wheels, monkeypatch, yard):
    """It shows the result against the current version."""
    monkeypatch.setattr(yard.settings, "installer", "pip")
    wheels.add("cow", "1.0")
    wheels.add("cow", "2.0", needs=["grass"])
    wheels.add("grass", "1.0")
    installed("cows", packages=[("cow", "1.0"), ("ipykernel", "6.30.0")], requirements="cow<2")
    found = environments.preview(ann, "cows", EnvironmentChange(add="cow>=2"))
    assert [(one.name, one.old, one.new) for one in found.changes] == [
        ("cow", "1.0", "2.0"), ("grass", "", "1.0"),
    ]  # fmt: skip
    with pytest.raises(Invalid, match="none"):
        environments.preview(ann, "cows", EnvironmentChange(add="none"))
    assert [one.number for one in environments.versions(ann, "cows").items] == [1]


def test_an_older_version_is_used_again_with_its_lock(environments, ann, installed):
    """Nothing is resolved again, and no other change is accepted with it."""
    installed("cows", packages=[("cow", "1")], requirements="cow<2")
    installed("cows", packages=[("cow", "2")])
    (change,) = environments.preview(ann, "cows", EnvironmentChange(version=1)).changes
    assert (change.old, change.new) == ("2", "1")
    made = environments.change(ann, "cows", EnvironmentChange(version=1)).current
    assert (made.number, made.state, made.requirements) == (3, "queued", ["cow<2"])
    assert [(one.name, one.version) for one in made.packages] == [("cow", "1")]
    for body in (EnvironmentChange(version=1, add="ant"), EnvironmentChange(version=3)):
        with pytest.raises((Invalid, PolicyRefused)):
            environments.change(ann, "cows", body)
    with pytest.raises(NotFound):
        environments.change(ann, "cows", EnvironmentChange(version=9))


def test_a_running_installation_is_cancelled(environments, ann, installed):
    """The earlier version stays in use, and another change is accepted at once."""
    installed("cows")
    environments.change(ann, "cows", EnvironmentChange(add="ant"))
    found = environments.cancel(ann, "cows")
    cancelled = because("installation-cancelled")
    assert (found.current.state, found.current.reason) == ("failed", cancelled)
    assert found.installed == 1
    with pytest.raises(Conflict, match="nothing is being installed"):
        environments.cancel(ann, "cows")
    assert environments.change(ann, "cows", EnvironmentChange(add="bee")).current.number == 3


def test_a_deleted_environment_is_not_found(environments, ann, installed, yard):
    made = installed("cows")
    place = yard.store.folder / "environments" / made.current.id
    place.mkdir(parents=True)
    environments.delete(ann, "cows")
    assert not place.exists()
    for ask in (environments.get, environments.versions, environments.log, environments.delete):
        with pytest.raises(NotFound):
            ask(ann, made.id)


def test_the_packages_of_a_kernel_are_captured(environments, ann):
    """A given requirement has precedence."""
    made = environments.create(ann, NewEnvironment("same", "click<9", capture="python3"))
    lines = {name_of(line): line for line in made.current.requirements}
    assert lines["msgspec"] == f"msgspec=={msgspec.__version__}"
    assert lines["click"] == "click<9"
    assert {"pip", "nbyard"}.isdisjoint(lines)
    assert made.description.startswith("Captured from")
    with pytest.raises(NotFound, match="'none' is not installed"):
        environments.create(ann, NewEnvironment("other", capture="none"))
