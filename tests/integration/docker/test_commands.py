"""Commands in real containers."""

import contextlib
import json
import mmap
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from nbyard.dockerd import Container, Engine
from nbyard.domain.arguments.bindings import OUTPUTS_FILE, Bound, Referenced
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.attempts.metric_series import UsageSample, read_samples
from nbyard.domain.attempts.structs import CANCEL, USAGE, CommandWork, ExitCodes, Output
from nbyard.domain.commands.command_line import build_argv
from nbyard.domain.commands.invocations import Invocation, PlacedFile
from nbyard.errors import NbyardError, Unavailable
from nbyard.reasons.structs import because
from nbyard.runtimes.protocol import Order

from .bench import BOTH, Bench, log_of, output, result_of, until

pytestmark = pytest.mark.sample(1)

PAGE = mmap.PAGESIZE


@BOTH
def test_a_command_reads_its_input_and_writes_its_output(bench: Bench, staging):
    """The folder is the same whether the engine sees it or not.

    The user owns the files."""
    order = bench.shell(
        'cat "$IN"; echo noise >&2; cat "$IN" > ../outputs/o/result.txt; cat tool.txt',
        environment={"IN": "{attempt}/inputs/i/data.txt"},
        outputs={"o": output("outputs/o/result.txt")},
    )
    (order.folder / "inputs/i").mkdir()
    (order.folder / "inputs/i/data.txt").write_text("grün\n")
    (order.folder / "code/tool.txt").write_text("from the bundle\n")
    result = bench.run(order, bench.runtime(staging=staging))
    assert (result.state, result.outputs, result.failure) == ("succeeded", ["o"], None)
    assert (order.folder / "outputs/o/result.txt").read_text() == "grün\n"
    assert sorted(log_of(order).splitlines()) == ["from the bundle", "grün", "noise"]
    owners = {path.lstat().st_uid for path in order.folder.rglob("*")}
    assert owners == {os.getuid()}


@BOTH
def test_a_command_knows_its_task_and_records_metrics(bench: Bench, staging):
    """The container has the files of `nbyard.input` and `nbyard.log_metric`.

    It cannot change the task and the result."""
    spoil = "echo x >> task.json || echo no; echo x > result.json || echo neither"
    order = bench.shell(
        'cd "$NBYARD_ATTEMPT"; cat task.json; echo "{}" >> metrics.jsonl; '
        + (spoil if staging == "bind" else "true")
    )
    result = bench.run(order, bench.runtime(staging=staging))
    assert result.state == "succeeded" and '"handed":{}' in log_of(order)
    assert (order.folder / "metrics.jsonl").read_text() == "{}\n"
    if staging == "bind":
        assert "no\n" in log_of(order) and "neither" in log_of(order)


@pytest.mark.long
@BOTH
def test_shell_command_line_is_quoted(bench: Bench, staging):
    """ShellCommandRequirement of CWL; words that are not raw are quoted."""
    raw = Bound(1, text='| while read -r x; do echo "<$x>"; done; exit 3', raw=True)
    told = Invocation(words=(Bound(0, text="$(inputs.data.path)"), raw), apart=True, for_shell=True)
    data = Argument("data", "input", required=True, reach=Referenced())
    line = build_argv(["cat"], [data], {"data": "{attempt}/inputs/data/it's; x.txt"}, told)
    work = CommandWork(line.argv, exit_codes=ExitCodes(success=(3,)))
    order = bench.order(work, directory="outputs/.work")
    for name in ("outputs/.work", "inputs/data"):
        (order.folder / name).mkdir(parents=True)
    (order.folder / "inputs/data/it's; x.txt").write_text("abc\n")
    result = bench.run(order, bench.runtime(staging=staging))
    assert (result.failure, log_of(order)) == (None, "<abc>\n")


@pytest.mark.long
@BOTH
def test_paths_are_translated_for_the_container(bench: Bench, staging):
    """In a text file of the working folder, and in cwl.output.json."""
    text = 'cat {attempt}/inputs/data/d > o.txt; echo "{\\"o\\": {\\"class\\": \\"File\\", '
    text += '\\"path\\": \\"$PWD/o.txt\\"}}" > cwl.output.json'
    work = CommandWork(["sh", "go.sh"], files=[PlacedFile("go.sh", "", text, False)])
    found = {"o": Output("outputs/o", declared_in=OUTPUTS_FILE)}
    order = bench.order(work, outputs=found, directory="outputs/.work")
    for name in ("outputs/.work", "inputs/data"):
        (order.folder / name).mkdir(parents=True)
    (order.folder / "outputs/.work/go.sh").write_text(text)
    (order.folder / "inputs/data/d").write_text("abc\n")
    result = bench.run(order, bench.runtime(staging=staging))
    assert (result.failure, result.outputs) == (None, ["o"])
    assert (order.folder / "outputs/o/o.txt").read_text() == "abc\n"


@pytest.mark.long
@BOTH
def test_command_runs_in_its_own_working_folder(bench: Bench, staging):
    """Standard error is a file, patterns find outputs, and a given exit code is success."""
    script = "echo one > a.txt; echo two > b.txt; echo out; echo err >&2; echo n > said.n; exit 3"
    work = CommandWork(["sh", "-c", script], stdout="outputs/.work/said", stderr="outputs/e/err",
                       exit_codes=ExitCodes(success=(3,)))  # fmt: skip
    found = {
        "all": Output(
            "outputs/all", "folder", patterns=["*.txt"], several=True, declared_in=OUTPUTS_FILE
        ),
        "said": Output("outputs/said", patterns=["sa*d"], declared_in=OUTPUTS_FILE),
        "note": Output("outputs/note", declared_in=OUTPUTS_FILE, beside="said", pattern=".n"),
        "e": Output("outputs/e/err"),
    }
    order = bench.order(work, outputs=found, directory="outputs/.work")
    (order.folder / "outputs/.work").mkdir(parents=True)
    result = bench.run(order, bench.runtime(staging=staging))
    assert (result.failure, result.outputs) == (None, ["all", "said", "note", "e"])
    outputs = order.folder / "outputs"
    assert sorted(path.name for path in (outputs / "all").iterdir()) == ["a.txt", "b.txt"]
    assert (outputs / "said/said").read_text() == "out\n"
    assert (outputs / "note/said.n").read_text() == "n\n"
    assert (outputs / "e/err").read_text() == "err\n"


def test_probe_detects_whether_the_engine_sees_the_files(bench: Bench):
    runtime = bench.runtime()
    order = bench.shell("sleep 20")
    runtime.start(order)
    container = bench.engine.container(f"nby-{order.attempt_id}")
    assert container and container.labels["nbyard.staging"] == "bind"
    runtime.stop(order, because("text", text="enough"))
    until(lambda: not bench.left())


def test_output_link_out_of_the_folder_is_refused(bench: Bench):
    script = "cd ../outputs/o && rm -f x; ln -s /etc/passwd result.txt 2>/dev/null || exit 9"
    order = bench.shell(script, outputs={"o": output("outputs/o/result.txt")})
    result = bench.run(order)
    assert result.state == "failed"


@BOTH
def test_standard_streams_keep_every_byte(bench: Bench, staging):
    """Standard input and output are files, equal byte for byte, also without a final newline."""
    data = os.urandom(300_000) + b"\r\nno newline at the end"
    order = bench.shell(
        "echo to the log >&2; cat",
        stdin="inputs/i/data.bin",
        stdout="outputs/o/copy.bin",
        outputs={"o": output("outputs/o/copy.bin")},
    )
    (order.folder / "inputs/i").mkdir()
    (order.folder / "inputs/i/data.bin").write_bytes(data)
    result = bench.run(order, bench.runtime(staging=staging))
    assert result.state == "succeeded", result
    assert (order.folder / "outputs/o/copy.bin").read_bytes() == data
    assert log_of(order) == "to the log\n"


def test_arguments_are_not_read_by_a_shell(bench: Bench):
    words = ["$(touch /tmp/nby_canary)", "a b", "--x={attempt}/inputs/i", "; exit 1", "é\n"]
    result = bench.run(order := bench.order(CommandWork(argv=["echo", *words])))
    assert result.state == "succeeded"
    assert log_of(order) == (
        "$(touch /tmp/nby_canary) a b --x=/nbyard/attempt/inputs/i ; exit 1 é\n\n"
    )


def test_cancel_kills_a_command_that_ignores_term(bench: Bench, monkeypatch):
    """TERM at once, KILL after a while. The caller does not wait, and nothing remains."""
    monkeypatch.setattr("nbyard.runtimes.docker.attempts.container_process.GRACE_SECONDS", 1.0)
    runtime, has_looked = bench.runtime(), threading.Event()
    order = bench.start(
        bench.shell("trap '' TERM; echo ready; while true; do sleep 1; done"), runtime
    )
    until(lambda: "ready" in log_of(order))
    send = runtime.engine.signal

    def signal(name: str, number: str) -> None:
        assert number != "SIGKILL" or has_looked.wait(60)
        send(name, number)

    monkeypatch.setattr(runtime.engine, "signal", signal)
    runtime.stop(order, because("text", text="cancelled by ada"))
    assert bench.left()
    has_looked.set()
    until(lambda: not bench.left())
    result = result_of(order)
    assert result.state == "cancelled" and result.failure
    assert result.failure.message == "cancelled by ada"
    assert runtime.poll(order).state == "finished"


@pytest.mark.long
def test_command_that_obeys_term_ends_at_once(bench: Bench, monkeypatch):
    monkeypatch.setattr("nbyard.runtimes.docker.attempts.container_process.GRACE_SECONDS", 600.0)
    runtime = bench.runtime()
    order = bench.shell("trap 'echo bye; exit 4' TERM; echo ready; while true; do sleep 0.1; done")
    runtime.start(order)
    until(lambda: "ready" in log_of(order))
    runtime.stop(order, because("text", text="enough"))
    until(lambda: not bench.left())
    assert "bye" in log_of(order) and result_of(order).state == "cancelled"


@pytest.mark.long
def test_time_limit_holds_for_the_next_process(bench: Bench):
    """The next process counts from the same start.

    In any case, the attempt ends at its limit."""
    order = bench.shell("trap 'exit 3' TERM; while true; do sleep 0.1; done", timeout_seconds=4)
    former = bench.runtime()
    order = bench.start(order, former)
    until(lambda: former.poll(order).state == "running")
    former.close()
    result = bench.wait(order, bench.runtime())
    assert result.failure
    told = result.failure.kind, result.failure.reason
    assert (result.state, told) == ("failed", ("timeout", because("time-limit", seconds=4)))
    until(lambda: not bench.left())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=4m", "small", str(disk)]
    if os.geteuid() or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.long
def test_attempt_stopped_at_its_limit_waits_for_disk_space(
    docker_engine: Engine, tiny_image: str, small_disk: Path
):
    """The disk was full after the stop request.

    The outcome is recorded before anything is removed."""
    bench = Bench(small_disk, docker_engine, tiny_image)
    order = bench.shell("echo begun; sleep 600", timeout_seconds=4)
    runtime = bench.runtime()
    order = bench.start(order, runtime)
    until(lambda: runtime.poll(order).state == "running" and (order.folder / USAGE).exists())
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * PAGE)
    os.truncate(ballast, ballast.stat().st_size - PAGE)
    until((order.folder / CANCEL).exists)
    with pytest.raises(OSError, match="No space left"):
        until(lambda: runtime.poll(order).state != "running")
    until(lambda: not runtime.attempt(order).is_busy)
    assert bench.left()
    ballast.unlink()
    result = bench.wait(order, runtime)
    assert result.failure is not None and result.failure.kind == "timeout"
    assert log_of(order) == "begun\n"
    bench.clear(runtime, order)
    bench.close()


@pytest.mark.sample(2)
@pytest.mark.parametrize("is_late", [False, True])
def test_out_of_memory_is_reported(bench: Bench, monkeypatch, is_late: bool):
    """From the engine's events, if its state lacks the reason."""
    known = Engine.container

    def late(engine: Engine, name: str) -> Container | None:
        found = known(engine, name)
        return found and msgspec.structs.replace(found, out_of_memory=False)

    if is_late:
        monkeypatch.setattr(Engine, "container", late)
    limit = 48 * 2**20
    order = bench.shell("dd if=/dev/zero of=/dev/null bs=200M count=1", memory_bytes=limit)
    result = bench.run(msgspec.structs.replace(order, memory_bytes=limit))
    assert result.failure and result.failure.kind == "memory", result
    assert result.failure.reason == because("out-of-memory-at", limit="48 MiB")


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (Engine.remove, because("container-removed")),
        (
            lambda engine, name: engine.signal(name, "SIGKILL"),
            because("container-killed", signal=9),
        ),
    ],
    ids=["removed", "killed"],
)
def test_attempt_is_lost_with_its_container(bench: Bench, end, reason):
    runtime = bench.runtime()
    order = bench.start(bench.shell("sleep 60"), runtime)
    assert runtime.poll(order).state == "running"
    end(bench.engine, f"nby-{order.attempt_id}")
    seen = bench.over(order, runtime)
    assert (seen.state, seen.reason) == ("lost", reason)


def test_command_that_cannot_start_is_explained(bench: Bench):
    order = bench.order(CommandWork(argv=["no-such-program"]))
    result = bench.run(order)
    assert result.failure and result.failure.exit_code == 127
    assert "no-such-program" in log_of(order)


def test_missing_image_is_reported(bench: Bench):
    order = bench.shell("true", image="nowhere.invalid/nothing:1")
    with pytest.raises(NbyardError) as caught:
        bench.runtime().start(order)
    assert not isinstance(caught.value, Unavailable)
    assert "nowhere.invalid/nothing:1" in caught.value.message
    assert bench.left() == []


def test_missing_engine_is_explained(bench: Bench):
    runtime = bench.runtime(docker_host="unix:///nowhere/docker.sock")
    with pytest.raises(Unavailable) as caught:
        runtime.start(bench.shell("true"))
    assert "unix:///nowhere/docker.sock" in caught.value.message
    assert "DOCKER_HOST" in caught.value.hint
    assert runtime.sweep(bench.store_id, []) == []


def test_hardened_defaults_hold_in_the_container(bench: Bench):
    """No capabilities, no root, limits, its own network, no GPU."""
    script = """
    cat /proc/self/status; id -u; id -g; cat /proc/mounts
    touch /etc/x 2>/dev/null && echo ROOTFS WRITABLE
    touch ../inputs/x 2>/dev/null && echo INPUTS WRITABLE
    touch /tmp/x "$HOME/x" && echo scratch works
    cat /proc/1/comm; echo "gpu $NVIDIA_VISIBLE_DEVICES"; ls ..
    """
    runtime = bench.runtime()
    order = bench.shell(script, memory_bytes=None)
    order = msgspec.structs.replace(order, memory_bytes=64 * 2**20, cpu=0.5)
    assert bench.run(order, runtime).state == "succeeded"
    said = log_of(order)
    assert "CapEff:\t0000000000000000" in said and "NoNewPrivs:\t1" in said
    assert "Seccomp:\t2" in said and "WRITABLE" not in said
    lines = said.splitlines()
    uid = str(os.getuid() or 65534)
    assert uid in lines
    assert "scratch works" in lines, said
    assert "gpu void" in lines
    assert "docker-init" in lines or "tini" in lines
    assert not {"log", "result.json", "events.jsonl"} & {*lines}, "a command must not reach them"
    told = bench.engine.client().inspect_container(f"nby-{order.attempt_id}")
    host = told["HostConfig"]
    assert host["PidsLimit"] == 4096 and host["Memory"] == host["MemorySwap"] == 64 * 2**20
    assert host["NanoCpus"] == 500_000_000 and host["Init"] is True
    assert host["Privileged"] is False and host["RestartPolicy"]["Name"] == "no"
    assert host["LogConfig"]["Config"]["max-size"]
    networks = told["NetworkSettings"]["Networks"]
    assert len(networks) == 1 and "bridge" not in networks
    # code, outputs and the file of its metrics
    assert json.dumps(told["Mounts"]).count('"RW": true') == 3


def test_each_run_has_its_own_network_until_its_end(bench: Bench):
    runtime = bench.runtime()
    first, second = bench.shell("sleep 60"), bench.shell("sleep 60")
    runtime.start(first)
    runtime.start(second)
    assert bench.left().count(f"network nby-{bench.run_id}") == 1
    runtime.stop(first, because("text", text="done"))
    until(lambda: len(bench.left()) == 2)
    assert f"network nby-{bench.run_id}" in bench.left()
    runtime.stop(second, because("text", text="done"))
    until(lambda: not bench.left())


def test_resource_usage_of_a_command_is_recorded(bench: Bench):
    """From the engine, because the container has no part of nbyard."""
    gate = "../outputs/o/gate"
    order = bench.shell(f"until [ -e {gate} ]; do :; done", outputs={"o": output("outputs/o/gate")})
    runtime = bench.runtime()
    order = bench.start(order, runtime)
    until(lambda: len(samples(order)) >= 2)
    (order.folder / "outputs/o/gate").touch()
    assert bench.wait(order, runtime).state == "succeeded"
    until(lambda: samples(order)[-1].processes == 0)
    first, *_, last = samples(order)
    assert first.processes >= 1 and first.memory > 0
    assert last.memory == 0 and last.cpu >= first.cpu > 0


def samples(order: Order) -> list[UsageSample]:
    path = order.folder / USAGE
    return read_samples(path.read_bytes().splitlines()) if path.exists() else []


def test_undeclared_files_stay_in_the_volume(bench: Bench) -> None:
    """This includes files above the size limit of the transfer."""
    script = "head -c 9000000 /dev/zero > $NBYARD_ATTEMPT/code/big"
    script += "; echo made > $NBYARD_ATTEMPT/outputs/o"
    order = bench.shell(script, outputs={"o": output("outputs/o")})
    result = bench.run(order, bench.runtime(staging="volume"))
    assert (result.state, result.outputs) == ("succeeded", ["o"])
    assert (order.folder / "outputs" / "o").read_text() == "made\n"
    assert not (order.folder / "code" / "big").exists()
