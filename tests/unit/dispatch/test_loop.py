"""The loop: one dispatcher for each store, which leaves when nothing is to be done."""

import os
import socket
import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.notebooks import notebook
from tests.support.fake_runtime_bench import OWNER

from nbyard.dispatch.loop import ROUNDS, Cue, Dispatcher
from nbyard.domain.automations.structs import AutomaticRun, NewAutomation
from nbyard.domain.automations.times.structs import Phrase
from nbyard.domain.executables.structs import NewExecutable
from nbyard.errors import DatabaseAway
from nbyard.ipc.dispatcher_launcher import LEASE, has_dispatcher
from nbyard.runtimes.process import ProcessRuntime
from nbyard.settings import Settings
from nbyard.store import Store
from nbyard.store.leases import Lease, LeaseLost
from nbyard.yard import Yard

DEAD = f"{socket.gethostname()}:{2**22 + 1}:1"


@pytest.fixture
def config(tmp_path) -> Settings:
    return Settings(store_dir=str(tmp_path / "store"), idle_seconds=0.0, slots=1)


def taken(config: Settings, holder: str) -> Lease:
    store = Store(config.store_path)
    with store.write() as c:
        lease = store.leases.take(c, LEASE, holder, 60)
    store.close()
    assert lease is not None
    return lease


@given(st.lists(st.sampled_from(Cue)))
def test_less_urgent_work_waits_for_a_calm_but_is_never_left_out(cues):
    news_since = owes = False
    for cue in [*cues, Cue.CALM]:
        has_news, has_time, owes = ROUNDS[owes, cue]
        assert has_news == (cue in (Cue.CLOCK, Cue.NEWS))
        news_since |= has_news
        assert has_time == (cue is Cue.CLOCK or (cue is Cue.CALM and news_since))
        news_since &= not has_time
        assert owes == news_since


def test_an_idle_dispatcher_leaves(config):
    dispatcher = Dispatcher.open(config)
    store = Store(config.store_path)
    assert has_dispatcher(store)
    dispatcher.run()
    assert not has_dispatcher(store)
    store.close()


@pytest.mark.parametrize(("file", "is_prepared"), [("n.ipynb", True), ("s.py", False)])
def test_only_a_store_with_notebooks_has_a_prepared_parent(config, tmp_path, file, is_prepared):
    """Without them, it would need memory and time for nothing."""
    (tmp_path / file).write_text(notebook("1") if is_prepared else "1")
    with Yard.open(Settings(store_dir=config.store_dir, inline_dispatch=True), tmp_path) as yard:
        yard.services.executables.create(OWNER, NewExecutable(file))
    dispatcher = Dispatcher.open(config)
    runtime = dispatcher.context.runtimes["process"]
    assert isinstance(runtime, ProcessRuntime) and runtime.parents
    assert bool(runtime.parents.of_commands.pid) is True
    assert bool(runtime.parents.of_notebooks.pid) is is_prepared
    dispatcher.run()


def test_a_second_dispatcher_exits_at_once(config):
    taken(config, "another-host:1:1")
    with pytest.raises(SystemExit) as left:
        Dispatcher.open(config)
    assert left.value.code == 0


def test_a_killed_dispatcher_is_replaced_at_once(config):
    """Nobody waits until the lease of a dead process expires."""
    before = taken(config, DEAD)
    dispatcher = Dispatcher.open(config)
    store = Store(config.store_path)
    with store.read() as c:
        lease = store.leases.get(c, LEASE)
    assert lease is not None and lease.epoch > before.epoch
    assert lease.holder.split(":")[1] == str(os.getpid())
    dispatcher.run()
    store.close()


@pytest.mark.parametrize("leave", [Dispatcher.stop, Dispatcher.leave_when_idle])
def test_an_exiting_dispatcher_releases_the_lease(config, leave):
    """The dispatcher exits on request, or when it is idle."""
    config.idle_seconds = 1000.0
    dispatcher = Dispatcher.open(config)
    thread = threading.Thread(target=dispatcher.run)
    thread.start()
    leave(dispatcher)
    thread.join(20)
    assert not thread.is_alive()
    store = Store(config.store_path)
    assert not has_dispatcher(store)
    store.close()


def test_an_early_stop_keeps_no_lease(config):
    config.idle_seconds = 1000.0
    stopping = threading.Event()
    dispatcher = Dispatcher.open(config, stopping)
    stopping.set()
    dispatcher.run()
    store = Store(config.store_path)
    assert not has_dispatcher(store)
    with pytest.raises(SystemExit) as left:
        Dispatcher.open(config, stopping)
    assert left.value.code == 0 and not has_dispatcher(store)
    store.close()


def test_a_lost_lease_raises_an_error(bench):
    bench.submit()
    former = bench.replace_dispatcher()
    with pytest.raises(LeaseLost):
        former.tick()


def test_no_dispatcher_exits_while_work_waits(bench):
    """The idle exit looks again in the transaction that gives the lease back."""
    run = bench.submit()
    assert not bench.dispatcher.release_if_idle()
    bench.cancel(run)
    bench.until_run(run, "cancelled")
    assert bench.dispatcher.release_if_idle()
    with bench.store.read() as c:
        lease = bench.store.leases.get(c, LEASE)
    assert lease is not None and lease.until < datetime.now(UTC)


def test_a_failed_round_does_not_stop_the_loop(bench, monkeypatch, caplog):
    def refuse(*_: object, **__: object) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(bench.dispatcher.runs, "tick", refuse)
    assert bench.dispatcher.tick()
    assert "this round failed" in caplog.text
    monkeypatch.undo()
    assert not bench.dispatcher.tick()


def test_a_database_outage_is_logged_by_the_store_only(bench, monkeypatch, caplog):
    """A round fails four times a second during the outage."""

    def refuse(*_: object, **__: object) -> bool:
        raise DatabaseAway

    monkeypatch.setattr(bench.dispatcher.runs, "tick", refuse)
    assert bench.dispatcher.tick()
    assert caplog.text == ""


def test_an_automation_keeps_the_dispatcher_unless_another_takes_its_place(bench):
    """It stays idle until the next due time, but another one with other settings replaces it."""
    run = AutomaticRun(path="work.py")
    made = bench.yard.services.automations.create(OWNER, NewAutomation(run, Phrase("daily")))
    bench.round()
    assert not bench.dispatcher.tick(), "there is nothing to do"
    assert not bench.dispatcher.has_idled(10**9) and not bench.dispatcher.release_if_idle()
    bench.dispatcher.leave_when_idle()
    assert bench.dispatcher.has_idled(0.0)
    bench.yard.services.automations.disable(OWNER, made.id)
    bench.dispatcher.leaves_when_idle = False
    bench.round()
    assert bench.dispatcher.has_idled(10**9)


def test_a_replaced_dispatcher_exits_despite_enabled_automations(bench):
    bench.yard.services.automations.create(
        OWNER, NewAutomation(AutomaticRun(path="work.py"), Phrase("daily"))
    )
    bench.dispatcher.leave_when_idle()
    assert bench.dispatcher.release_if_idle()


def test_the_dispatcher_starts_the_run_of_a_due_time(dispatcher, yard):
    """The loop wakes at the next due time."""
    (yard.context.files.root / "work.py").write_text("print()\n")
    automations = yard.services.automations
    made = automations.create(
        OWNER, NewAutomation(AutomaticRun(path="work.py"), Phrase("in 1 second"))
    )
    ticks = dispatcher.until(lambda: automations.firings(OWNER, made.id).items, bool)
    assert [tick.outcome for tick in ticks] == ["started"]
    run = dispatcher.until(
        lambda: yard.services.runs.get(OWNER, ticks[0].run_id).run,
        lambda run: run.state == "succeeded",
    )
    assert run.origin.due_at == ticks[0].due_at
