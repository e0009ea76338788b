"""The way of secrets from the store to the memory of the work."""

import os
from dataclasses import replace

import msgspec
import pytest
from tests.support.fake_runtime_bench import OWNER, Bench
from tests.support.leaked_secrets import CANARY

from nbyard.dispatch.attempts import secret_delivery
from nbyard.dispatch.attempts.clean_up import CleanUps
from nbyard.dispatch.recovery import LeftoverSweeper
from nbyard.dispatch.threads import Threads
from nbyard.dockerd.engine_images import login_for
from nbyard.domain.credentials import Login, NewCredential
from nbyard.domain.runs.structs import SecretOf
from nbyard.errors import Invalid
from nbyard.runner import secret_files


@pytest.fixture
def case(bench: Bench, tmp_path, monkeypatch):
    """That of a task which names a token and a login."""
    monkeypatch.setattr(secret_files, "SHARED", str(tmp_path))
    case = bench.snapshot(bench.start())
    keep = bench.yard.services.credentials.create
    token = keep(OWNER, NewCredential("api", "token", {"secret": CANARY}))
    fields = {"server": "h.test", "username": "ann", "password": CANARY}
    login = keep(OWNER, NewCredential("hub", "registry", fields))
    bindings = {"token": SecretOf(token.id, "api", 1), "login": SecretOf(login.id, "hub", 1)}
    plan = msgspec.structs.replace(case.task.plan, bindings=bindings)
    task = msgspec.structs.replace(case.task, plan=plan)
    return replace(case, task=task)


def test_secrets_are_written_and_removed(bench, case, tmp_path):
    folder = case.order.folder
    places = secret_delivery.deliver_secrets(bench.context, case, folder)
    assert places == {"token": "{attempt}/secrets/token", "login": "{attempt}/secrets/login.json"}
    assert (folder / "secrets/token").read_text() == CANARY
    told = msgspec.json.decode((folder / "secrets/login.json").read_bytes())
    assert told == {"server": "h.test", "username": "ann", "password": CANARY}
    assert msgspec.json.decode((folder / "secrets/.hidden").read_bytes()) == [CANARY, CANARY]
    secret_delivery.delete_delivered_secrets(bench.context, case.attempt.id)
    assert not (folder / "secrets").exists()


def test_a_deleted_or_replaced_credential_is_noticed(bench, case):
    assert secret_delivery.credentials_unchanged(bench.context, case)
    with bench.yard.store.write() as c:
        rows = bench.yard.store.credentials
        api = rows.get(c, case.run.owner, "api")
        assert api is not None
        rows.change(c, api)
    assert not secret_delivery.credentials_unchanged(bench.context, case)
    with bench.yard.store.write() as c:
        rows.delete(c, api)
    with pytest.raises(Invalid, match="'api' was deleted"):
        secret_delivery.deliver_secrets(bench.context, case, case.order.folder)


def test_secrets_in_written_files_are_found(bench, case, tmp_path):
    """Every file is checked if the secrets are no longer known."""
    told, fine = tmp_path / "told", tmp_path / "fine"
    told.write_text(f"x{CANARY}y")
    fine.write_text("x")

    def held() -> list[bool]:
        masks = secret_delivery.masks_of_attempt(bench.context, case)
        return [masks.holds(str(told)), masks.holds(str(fine))]

    assert held() == [True, False]
    with bench.yard.store.write() as c:
        api = bench.yard.store.credentials.get(c, case.run.owner, "api")
        assert api is not None
        bench.yard.store.credentials.delete(c, api)
    assert held() == [True, True]


def test_a_sweep_removes_leftover_secrets(bench, case):
    """A killed dispatcher leaves them."""
    live, dead = case.order.folder, "a1"
    secret_delivery.deliver_secrets(bench.context, case, live)
    secret_files.store_secrets(
        str(live.parent), secret_files.secrets_folder(bench.context.store.id, dead), {}, []
    )
    threads = Threads(1)
    LeftoverSweeper(bench.context, threads, CleanUps(threads)).tick()
    threads.close()
    assert not os.path.exists(secret_files.secrets_folder(bench.context.store.id, dead))
    assert (live / "secrets/token").exists()


def test_registries_get_the_login_of_the_owner(bench, case):
    with secret_delivery.for_registries(bench.context, case.run.owner):
        assert login_for("h.test/cows:1") == Login("hub", "ann", CANARY)
        assert login_for("cows:1") is None
    with secret_delivery.for_registries(bench.context, "bob"):
        assert login_for("h.test/cows:1") is None
    assert login_for("h.test/cows:1") is None
