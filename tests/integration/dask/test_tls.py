"""A cluster that accepts TLS only, and only clients with a certificate of its authority."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbyard.diagnostics import probe_dask
from nbyard.errors import Unavailable
from nbyard.runtimes.dask import DaskRuntime
from nbyard.settings import Settings
from nbyard.testing.conformance.runtimes import finish, place_attempt

from ..test_runs import Project
from .ground import Ground, ground
from .test_workflows import TABLE

CLIENT = """
import os
from dask.distributed import Client
with Client(os.environ["NBYARD_DASK_ADDRESS"], timeout=20) as client:
    print(client.submit(sum, [1, 2, 3]).result())
"""

pytestmark = pytest.mark.leaves_running  # processes of the ground are ended by the fixture


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Create a self-signed certificate, which all parts of the cluster use."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=dask"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


@pytest.fixture(scope="module")
def cluster(certificate: tuple[Path, Path]) -> Iterator[Ground]:
    pem, key = map(str, certificate)
    with ground(tls=["--tls-ca-file", pem, "--tls-cert", pem, "--tls-key", key]) as made:
        made.start_worker()
        yield made


@pytest.mark.long
def test_work_becomes_a_client_of_a_tls_cluster(
    tmp_path: Path, cluster: Ground, certificate: tuple[Path, Path]
) -> None:
    """The work needs no setting for certificates."""
    pem, key = map(str, certificate)
    told = {"dask_tls_ca_file": pem, "dask_tls_cert": pem, "dask_tls_key": key}
    settings = Settings(store_dir=str(tmp_path), dask_address=cluster.address, **told)
    runtime = DaskRuntime(settings)
    order = place_attempt(tmp_path, f"python3 - <<'END'\n{CLIENT}\nEND", {}, "")
    runtime.start(order)
    assert finish(runtime, order).state == "succeeded", (order.folder / "log").read_text()
    assert (order.folder / "log").read_text() == "6\n"
    runtime.close()
    said = probe_dask(settings)
    words = f"1 workers with 1 threads at {cluster.address}"
    assert (said.state, str(said.finding)) == ("ok", words)


@pytest.mark.long
@pytest.mark.parametrize("runtime", ["process", "dask"])
def test_notebook_computes_a_dataframe_on_a_tls_cluster(
    tmp_path: Path, cluster: Ground, certificate: tuple[Path, Path], runtime: str
) -> None:
    """The notebook contains only the address, on a worker and in a process."""
    pem, key = map(str, certificate)
    told = {"dask_tls_ca_file": pem, "dask_tls_cert": pem, "dask_tls_key": key}
    with Project.opened(tmp_path, dask_address=cluster.address, **told) as project:
        project.notebook("table", "output_txt = 'o.txt'", TABLE)
        detail = project.run(runtime=runtime)
        assert detail.run.state == "succeeded", project.log(detail.run.id, "table")
        assert project.bytes_of(detail, "table", "output_txt") == b"4950"


@pytest.mark.long
def test_client_without_a_certificate_is_refused(
    tmp_path: Path, cluster: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbyard.runtimes.dask.cluster.CONNECT_SECONDS", 0.5)
    runtime = DaskRuntime(Settings(store_dir=str(tmp_path), dask_address=cluster.address))
    with pytest.raises(Unavailable, match="cannot be reached"):
        runtime.start(place_attempt(tmp_path, "true", {}, ""))
    runtime.close()
