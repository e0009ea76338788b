"""Engines anywhere: by DOCKER_HOST, TCP with TLS, ssh and Podman's socket."""

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.support.images import tiny_image
from tests.support.private_engine import PrivateEngine, why_no_engine

import nbyard
from nbyard.dockerd import HOME, STORE, ContainerSpec, Engine, Mount
from nbyard.domain.doctor import Check
from nbyard.errors import Unavailable
from nbyard.reasons.structs import because

from .bench import Bench, log_of, output, until
from .far import Ssh, certificates, free_port

pytestmark = pytest.mark.sample(2)


class Tls:
    """An engine that accepts only clients with a certificate of its authority."""

    def __init__(self, folder: Path):
        self.keys = certificates(folder / "keys")
        self.strangers = certificates(folder / "strangers")
        port = free_port()
        self.url = f"tcp://127.0.0.1:{port}"
        names = {"cacert": "ca", "cert": "cert", "key": "key"}
        files = [f"--tls{option}={self.keys}/server/{n}.pem" for option, n in names.items()]
        options = ["--host", self.url, "--tlsverify", *files]
        self.private = PrivateEngine(folder / "e", options=options)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tls]:
    if why_no_engine():
        pytest.skip(why_no_engine())
    made = Tls(tmp_path_factory.mktemp("t"))
    made.private.start()
    yield made
    made.private.stop()


@pytest.fixture(scope="module")
def ssh(tls: Tls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ssh]:
    if Ssh.why_not():
        pytest.skip(Ssh.why_not())
    made = Ssh(tmp_path_factory.mktemp("s") / "d", tls.private.url)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def far_bench(tls: Tls, tmp_path: Path) -> Iterator[Bench]:
    engine = Engine(tls.private.url)
    made = Bench(tmp_path, engine, tiny_image(engine))
    yield made
    made.close()
    engine.close()


@pytest.fixture(params=["DOCKER_HOST", "TLS of Docker's client", "TLS by settings", "ssh"])
def way(request: pytest.FixtureRequest, tls: Tls, monkeypatch: pytest.MonkeyPatch) -> dict:
    """Return options of a runtime."""
    client = str(tls.keys / "client")
    match request.param:
        case "DOCKER_HOST":
            monkeypatch.setenv("DOCKER_HOST", tls.private.url)
            return {"docker_host": ""}
        case "TLS of Docker's client":
            monkeypatch.setenv("DOCKER_HOST", tls.url)
            monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
            monkeypatch.setenv("DOCKER_CERT_PATH", client)
            return {"docker_host": ""}
        case "TLS by settings":
            return {"docker_host": tls.url, "certificates": client}
        case _:
            ssh: Ssh = request.getfixturevalue("ssh")
            monkeypatch.setenv("PATH", ssh.client("key"))
            return {"docker_host": ssh.url}


def test_attempt_runs_on_a_remote_engine(far_bench: Bench, way: dict):
    """Staged, fed by standard input, followed, cancelled.

    The attempt records the connection."""
    data = os.urandom(200_000) + b"\nno newline at the end"
    order = far_bench.shell(
        "echo to the log >&2; cat",
        stdin="inputs/i/data.bin",
        stdout="outputs/o/copy.bin",
        outputs={"o": output("outputs/o/copy.bin")},
    )
    (order.folder / "inputs/i").mkdir()
    (order.folder / "inputs/i/data.bin").write_bytes(data)
    runtime = far_bench.runtime(staging="volume", **way)
    result = far_bench.run(order, runtime)
    assert result.state == "succeeded", result
    assert (order.folder / "outputs/o/copy.bin").read_bytes() == data
    assert log_of(order) == "to the log\n"
    endless = far_bench.shell("echo ready; sleep 600")
    endless = far_bench.start(endless, runtime)
    assert endless.site == runtime.engine.url
    until(lambda: "ready" in log_of(endless))
    runtime.stop(order, because("text", text="finished"))
    runtime.stop(endless, because("text", text="enough"))
    until(lambda: not far_bench.left())
    assert far_bench.wait(endless, runtime).state == "cancelled"


def test_later_process_finds_the_attempt_by_its_site(far_bench: Bench, tls: Tls):
    """The process has only the certificates of its settings."""
    keys = str(tls.keys / "client")
    order = far_bench.shell("echo begun; sleep 1; echo ended")
    first = far_bench.runtime(docker_host=tls.url, certificates=keys)
    order = far_bench.start(order, first)
    first.close()
    later = far_bench.runtime(docker_host="unix:///nowhere", certificates=keys)
    assert far_bench.wait(order, later).state == "succeeded"
    assert log_of(order) == "begun\nended\n"


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("strangers/client", "certificate verify failed"),
        ("keys", "there is no cert.pem, key.pem in "),
        ("", "the engine requires TLS"),
    ],
)
def test_certificate_errors_are_reported(tls: Tls, folder: str, words: str):
    engine = Engine(tls.url, certificates=str(tls.keys.parent / folder) if folder else "")
    with pytest.raises(Unavailable) as caught:
        engine.fresh_info()
    engine.close()
    assert f"reached at {tls.url}: " in caught.value.message
    assert words in caught.value.message
    assert "docker_cert_path" in caught.value.hint


@pytest.mark.long
def test_lost_connection_is_restored(ssh: Ssh, far_bench: Bench, monkeypatch: pytest.MonkeyPatch):
    """The work continues meanwhile, and no line of its log is missing."""
    monkeypatch.setenv("PATH", ssh.client("key"))
    runtime = far_bench.runtime(docker_host=ssh.url)
    order = far_bench.shell("for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.25; done")
    order = far_bench.start(order, runtime)
    until(lambda: "2" in log_of(order))
    ssh.cut()
    assert far_bench.wait(order, runtime).state == "succeeded"
    assert log_of(order).split() == list("12345678")


def test_ssh_errors_are_reported(ssh: Ssh, monkeypatch: pytest.MonkeyPatch):
    """A refused key; no prompt for a password."""
    monkeypatch.setenv("PATH", ssh.client("stranger"))
    engine = Engine(ssh.url)
    with pytest.raises(Unavailable) as caught:
        engine.fresh_info()
    engine.close()
    assert "Permission denied (publickey)" in caught.value.message


def doctor(environment: dict[str, str]) -> Check:
    words = [sys.executable, "-m", "nbyard.cli.main", "doctor", "--json"]
    done = subprocess.run(
        words, env=os.environ | environment, capture_output=True, timeout=60, check=False
    )
    (found,) = [one for one in json.loads(done.stdout)["checks"] if one["name"] == "docker"]
    return msgspec.convert(found, Check)


def test_doctor_names_the_engine_and_the_connection(tls: Tls, tmp_path: Path):
    keys = str(tls.keys / "client")
    told = {"NBYARD_STORE_DIR": str(tmp_path / "store"), "NBYARD_DOCKER_HOST": tls.url}
    found = doctor(told | {"NBYARD_DOCKER_CERT_PATH": keys})
    assert found.state == "ok" and f"at {tls.url}, over TCP" in str(found.finding)
    found = doctor(told)
    assert found.state == "missing" and "requires TLS" in str(found.finding)
    assert "docker_cert_path" in str(found.cure)


@pytest.mark.leaves_running  # the dispatcher leaves by itself a second after the run
def test_nbyard_works_in_a_container_with_the_host_socket(bench: Bench, tmp_path: Path):
    """All of nbyard with its dispatcher, with a store that the engine cannot see."""
    store, root = tmp_path / "store", tmp_path / "root"
    for folder in (store, root):
        folder.mkdir()
    (root / "work.sh").write_text('echo "said by $(id -u)"; echo across > "$OUT"\n')
    reach = {"kind": "variable", "variable": "OUT"}
    out = {"name": "out", "role": "output", "format": "txt", "reach": reach}
    told = {"version": 1, "kind": "command", "arguments": [out]}
    (root / "work.sh.nbexec").write_text(json.dumps(told))
    inside = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]
    script = """
        mount -t tmpfs none "$0" && "$@" run work.sh --runtime docker --image IMAGE --json &&
        "$@" runs log 1
    """
    words = [script.replace("IMAGE", bench.image), str(store), sys.executable]
    settings = {"STORE_DIR": str(store), "DOCKER_HOST": bench.engine.url, "IDLE_SECONDS": "1"}
    done = subprocess.run(
        [*inside, *words, "-m", "nbyard.cli.main"],
        cwd=root,
        env=os.environ | {f"NBYARD_{name}": value for name, value in settings.items()},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    said = done.stdout + done.stderr
    assert '"state": "succeeded"' in said, said
    assert f"said by {os.getuid() or 65534}" in said
    assert list(store.iterdir()) == [], "nothing of it was ever where the engine looks"


IN_A_CONTAINER = """
cd && mkdir root && cd root && echo 'from the bundle' > beside.txt
echo 'echo "said by $(id -u)"; cat beside.txt; cat beside.txt > "$OUT"' > work.sh
echo "$TOLD" > work.sh.nbexec
"$@" run work.sh --runtime docker --image "$IMAGE" --json && "$@" runs log 1
"""


def python_places() -> list[str]:
    """Return what our Python consists of; not all of /usr, where the engine puts its own init."""
    if sys.base_prefix != "/usr":
        return [sys.base_prefix]
    program = Path(sys.executable).resolve()
    return [sysconfig.get_path("stdlib"), str(program), str(program.with_name("python3"))]


@pytest.mark.long
@pytest.mark.timeout(300)
def test_nbyard_works_in_a_real_container_with_the_host_socket(
    bench: Bench, python_base_image: str
):
    """Python and nbyard are mounted read-only, and store and project are inside.

    Its runs are containers beside its own, filled and read through the engine."""
    reach = {"kind": "variable", "variable": "OUT"}
    out = {"name": "out", "role": "output", "format": "txt", "reach": reach}
    places = {sys.prefix, *python_places(), str(Path(nbyard.__file__).parents[1])}
    socket = bench.engine.url.removeprefix("unix://")
    spec = ContainerSpec(
        name=f"nbyard-test-{bench.store_id}",
        image=python_base_image,
        argv=["sh", "-c", IN_A_CONTAINER, "sh", sys.executable, "-m", "nbyard.cli.main"],
        user="0:0",
        labels={STORE: bench.store_id},
        environment={
            "HOME": HOME,
            "IMAGE": bench.image,
            "NBYARD_DOCKER_HOST": "unix:///var/run/docker.sock",
            "NBYARD_IDLE_SECONDS": "1",
            "NBYARD_STORE_DIR": f"{HOME}/store",
            "PYTHONPATH": str(Path(nbyard.__file__).parents[1]),
            "TOLD": json.dumps({"version": 1, "kind": "command", "arguments": [out]}),
        },
        mounts=[Mount(place, place, read_only=True) for place in sorted(places)]
        + [Mount("/var/run/docker.sock", socket)],
    )
    bench.engine.create(spec)
    bench.engine.start(spec.name)
    until(lambda: (c := bench.engine.container(spec.name)) and c.is_over, 240)
    said = b"".join(piece for _, piece in bench.engine.log(spec.name)).decode()
    if "not found (required by" in said:
        pytest.skip("this machine's Python does not run in Debian 12")
    assert '"state": "succeeded"' in said, said
    assert "said by 65534\nfrom the bundle\n" in said
