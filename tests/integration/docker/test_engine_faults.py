"""Engines that are killed, hang, see none of nbyard's files or lose a response."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path

import psutil
import pytest
from tests.support.images import tiny_image
from tests.support.private_engine import PrivateEngine, started_engine

from nbyard.attempts.folders import keep_record
from nbyard.dockerd import Engine
from nbyard.errors import Unavailable
from nbyard.runtimes.docker.files.log_copy import UNSEEN

from .bench import Bench, log_of, output, result_of, until
from .relay import Relay

SECONDS = 1_000_000 + os.getpid()  # so that it is known among others
COUNT = "i=0; while [ $i -lt 120 ]; do echo line $i; i=$((i+1)); sleep 0.1; done"
LINES = "".join(f"line {i}\n" for i in range(120))


@pytest.fixture(scope="module")
def engines(tmp_path_factory) -> Iterator[Callable[[bool], PrivateEngine]]:
    """Yield a function that returns the engine with or without live-restore."""
    with ExitStack() as stack:

        def engine(live_restore: bool) -> PrivateEngine:
            folder = tmp_path_factory.mktemp("e")
            return stack.enter_context(started_engine(folder, live_restore=live_restore))

        yield cache(engine)


@pytest.fixture
def private(engines: Callable[[bool], PrivateEngine], request) -> PrivateEngine:
    """Return an engine that a test may kill; the next test starts it again."""
    engine = engines(getattr(request, "param", True))
    engine.start()
    return engine


@pytest.fixture
def own_bench(private: PrivateEngine, tmp_path: Path) -> Iterator[Bench]:
    with closing(Engine(private.url)) as engine:
        bench = Bench(tmp_path, engine, tiny_image(engine))
        yield bench
        private.start()
        bench.close()


@pytest.mark.long
def test_container_survives_an_engine_with_live_restore(private: PrivateEngine, own_bench: Bench):
    """The container is adopted, and its log has no gap."""
    runtime = own_bench.runtime()
    order = own_bench.shell(COUNT)
    order = own_bench.start(order, runtime)
    until(lambda: "line 3" in log_of(order))
    private.kill()
    until(lambda: "cannot be reached" in str(runtime.poll(order).reason))
    assert runtime.poll(order).state == "running"
    with pytest.raises(Unavailable):
        runtime.start(own_bench.shell("true"))
    private.start()
    assert own_bench.wait(order, runtime).state == "succeeded"
    assert log_of(order) == LINES


@pytest.mark.parametrize("private", [False], indirect=True)
def test_attempt_is_lost_when_the_engine_dies_with_its_containers(
    private: PrivateEngine, own_bench: Bench
):
    """For an infrastructure reason, as soon as the engine is back."""
    runtime = own_bench.runtime()
    order = own_bench.shell("sleep 600")
    order = own_bench.start(order, runtime)
    private.kill()
    private.start()
    seen = own_bench.over(order, runtime)
    assert seen.state == "lost" and str(seen.reason).startswith("its container was killed"), seen


@pytest.mark.parametrize("private", [False, True], indirect=True)
def test_engine_killed_at_the_end_of_a_script_causes_no_failure(
    private: PrivateEngine, own_bench: Bench
):
    """The exit code is known, or the attempt is lost."""
    runtime = own_bench.runtime()
    order = own_bench.shell("sleep 1; echo last")
    order = own_bench.start(order, runtime)
    until(lambda: "last" in log_of(order))
    private.kill()
    private.start()
    seen = own_bench.over(order, runtime)
    if seen.state == "lost":
        assert seen.reason and seen.reason.code in ("container-exit-unknown", "container-killed")
    else:
        assert result_of(order).state == "succeeded"
    own_bench.clear(runtime, order)


@pytest.mark.parametrize("private", [False, True], indirect=True)
def test_an_engine_that_misses_the_end_of_a_container(
    private: PrivateEngine, own_bench: Bench
) -> None:
    """A success is not reported as a failure, a possibly truncated log is marked, and
    nothing remains."""
    runtime = own_bench.runtime()
    order = own_bench.shell(f"echo one; sleep 1.{SECONDS}; echo two")
    order = own_bench.start(order, runtime)
    until(lambda: log_of(order).startswith("one\n"))
    private.kill()
    until(lambda: not _sleepers(f"1.{SECONDS}"))
    private.start()
    seen = own_bench.over(order, runtime)
    if seen.state == "finished":
        assert result_of(order).state == "succeeded"
    else:
        assert seen.state == "lost", seen
    text = log_of(order)
    assert text == "one\ntwo\n" or text.endswith(UNSEEN.decode()), text
    own_bench.clear(runtime, order)


def test_calls_to_a_hanging_engine_time_out(private: PrivateEngine, own_bench: Bench, monkeypatch):
    """The work continues when the engine does."""
    runtime = own_bench.runtime()
    order = own_bench.shell("until [ -e go ]; do sleep 0.05; done; echo done")
    order = own_bench.start(order, runtime)
    pid = private.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        with monkeypatch.context() as impatient:
            impatient.setattr(runtime.engine.client(), "timeout", 1)
            seen = runtime.poll(order)
        assert seen.state == "running"
    finally:
        os.kill(pid, signal.SIGCONT)
    (order.folder / "code/go").touch()
    assert own_bench.wait(order, runtime).state == "succeeded"


@pytest.mark.long
def test_engine_without_access_to_the_files_is_detected(
    own_bench: Bench, private: PrivateEngine, tmp_path, monkeypatch
):
    """A real engine in a mount namespace without nbyard's files."""
    private.stop()
    hidden = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]
    script = 'mount -t tmpfs none "$0" && exec "$@"'
    own = private.command
    monkeypatch.setattr(private, "command", lambda: [*hidden, script, str(tmp_path), *own()])
    private.start()
    runtime = own_bench.runtime()
    order = own_bench.shell(
        'cat "$IN" > ../outputs/o/x; echo said',
        environment={"IN": "{attempt}/inputs/i/x"},
        outputs={"o": output("outputs/o/x")},
    )
    (order.folder / "inputs/i").mkdir()
    (order.folder / "inputs/i/x").write_text("across\n")
    assert own_bench.run(order, runtime).state == "succeeded"
    container = own_bench.engine.container(f"nby-{order.attempt_id}")
    assert container and container.labels["nbyard.staging"] == "volume"
    assert (order.folder / "outputs/o/x").read_text() == "across\n"
    assert log_of(order) == "said\n"
    own_bench.clear(runtime, order)
    private.stop()  # the next one starts with the files


@pytest.mark.long
def test_lost_response_to_create_makes_no_second_container(bench: Bench, tmp_path):
    with Relay(bench.engine.url, tmp_path / "relay.sock") as relay:
        runtime = bench.runtime(docker_host=relay.url)
        order = bench.shell("echo once")
        relay.cut_after = b"/containers/create?name=nby-" + order.attempt_id.encode() + b" "
        with pytest.raises(Unavailable):
            runtime.start(order)
        relay.cut_after = b""
        assert bench.run(order, runtime).state == "succeeded"
        assert log_of(order) == "once\n"
        assert sum(one.startswith("container") for one in bench.left()) == 1
        runtime.close()


def test_folder_of_a_lost_attempt_stays_empty(bench: Bench) -> None:
    """For an engine without access to it, which removes the container after the record."""
    runtime = bench.runtime(staging="volume")
    order = bench.shell("echo begun; exec sleep 600", outputs={"o": output("outputs/o/x")})
    order = bench.start(order, runtime)
    until(lambda: log_of(order) == "begun\n")
    runtime.engine.signal(f"nby-{order.attempt_id}", "SIGKILL")
    assert bench.over(order, runtime).state == "lost"
    keep_record(order.folder)
    bench.clear(runtime, order)
    assert not {"code", "outputs"} & {path.name for path in order.folder.iterdir()}


@pytest.mark.long
def test_number_of_threads_does_not_grow(bench: Bench):
    runtime = bench.runtime()
    before = threading.active_count()
    orders = [bench.shell("true") for _ in range(3)]
    for order in orders:
        bench.run(order, runtime)
        bench.clear(runtime, order)
    until(lambda: threading.active_count() <= before)


@pytest.mark.long
def test_private_engine_of_the_tests_leaves_no_containers(private: PrivateEngine, own_bench: Bench):
    """Stopping an engine with live-restore would not stop its containers."""
    order = own_bench.shell(f"sleep {SECONDS}")
    own_bench.runtime().start(order)
    until(_sleepers)
    private.stop()
    until(lambda: not _sleepers())


def _sleepers(seconds: str = str(SECONDS)) -> list[psutil.Process]:
    found = psutil.process_iter(["cmdline"])
    return [one for one in found if one.info["cmdline"] == ["sleep", seconds]]
