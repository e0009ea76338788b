"""What makes a cluster, where it is missing or says no; the real ones are in integration."""

import signal
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from nbyard.errors import Invalid, Unavailable
from nbyard.runtimes.dask.cluster_factory import create_cluster, describe_cluster
from nbyard.settings import Settings


def settings(folder: Path, name: str) -> Settings:
    return Settings(store_dir=str(folder), dask_cluster=name)


@pytest.mark.parametrize(
    ("name", "package"), [("gateway", "dask-gateway"), ("slurm", "dask-jobqueue")]
)
def test_a_missing_package_is_named(tmp_path, monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package.replace("-", "_"), None)
    for ask in (create_cluster, describe_cluster):
        with pytest.raises(Invalid, match=f"{package} cannot be imported") as caught:
            ask(settings(tmp_path, name))
        assert caught.value.hint == f"pip install {package}"


def test_a_missing_batch_system_is_named(tmp_path, monkeypatch):
    """Else jobs would be asked for in vain, for ever."""
    told = ModuleType("dask_jobqueue")
    job = SimpleNamespace(submit_command="no-such-sbatch --parsable")
    told.__dict__["SLURMCluster"] = SimpleNamespace(job_cls=job)
    monkeypatch.setitem(sys.modules, "dask_jobqueue", told)
    with pytest.raises(Invalid, match="no-such-sbatch, which slurm needs"):
        describe_cluster(settings(tmp_path, "slurm"))


def test_importing_a_package_changes_no_signal_handler(tmp_path, monkeypatch):
    (tmp_path / "dask_jobqueue.py").write_text(
        "import signal\nsignal.signal(signal.SIGINT, lambda *_: None)\nraise ImportError('enough')"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "dask_jobqueue", raising=False)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Invalid, match="enough"):
        describe_cluster(settings(tmp_path, "slurm"))
    assert signal.getsignal(signal.SIGINT) is before


def test_a_callable_may_return_an_address_or_fail(tmp_path, monkeypatch):
    (tmp_path / "named_clusters.py").write_text(
        "def cluster(): return 'tcp://scheduler:8786'\n"
        "def away(): raise ConnectionRefusedError('nobody there')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    made = create_cluster(settings(tmp_path, "named_clusters"))
    assert made.target == "tcp://scheduler:8786"
    made.end(False)
    with pytest.raises(Unavailable, match="cluster: nobody there"):
        create_cluster(settings(tmp_path, "named_clusters:away"))


@pytest.mark.parametrize("name", ["no_such_module", "os:no_such_name", "slrum"])
def test_an_invalid_factory_is_reported_early(tmp_path, name):
    with pytest.raises(Invalid, match=f"{name} cannot create a cluster") as refused:
        describe_cluster(settings(tmp_path, name))
    assert "gateway, htcondor" in refused.value.hint and "MODULE:CALLABLE" in refused.value.hint
