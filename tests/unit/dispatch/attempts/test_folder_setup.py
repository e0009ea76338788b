"""What lies in an attempt's folder before it starts."""

import json
from datetime import UTC, datetime

import pytest
from tests.support.fake_runtime_bench import Bench

from nbyard.dispatch.attempts.folder_setup import RESULT_KEY, fill_folder
from nbyard.dispatch.cache.keys import Identities
from nbyard.host import hardware
from nbyard.serving.batch import prediction_parts


def test_the_task_file(bench):
    """The identity in the environment, the secrets of the attempt, and its limits."""
    run = bench.start(n=7, timeout_seconds=9.0, memory_bytes=1000)
    folder = bench.folder(bench.attempt(run))
    task = json.loads((folder / "task.json").read_text())
    case = bench.snapshot(run)
    assert (task["token"], task["mark"]) == (case.attempt.token, case.attempt.mark)
    assert len({task["token"], task["mark"], case.attempt.id}) == 3
    assert task["environment"]["NBYARD_RUN_ID"] == run
    assert task["environment"]["NBYARD_NODE_ID"] == "a"
    scheduled = datetime.fromisoformat(task["environment"]["NBYARD_SCHEDULED_AT"])
    assert scheduled == case.run.created_at.replace(microsecond=0)
    assert scheduled.tzinfo == UTC
    assert (task["timeout_seconds"], task["memory_bytes"]) == (9.0, 1000)
    assert task["work"]["argv"][-4:] == ["--n", "7", "--out", "{attempt}/outputs/out/out.txt"]
    assert (folder / "code" / "work.py").is_file()
    assert folder.stat().st_mode & 0o077 == 0


def variables(bench: Bench, runtime: str, gpu: int | None = None) -> dict[str, str]:
    """What work is told of GPUs."""
    bench.context.runtimes[runtime] = bench.runtime
    run = bench.start(runtime=runtime, gpu=gpu)
    told = json.loads((bench.folder(bench.attempt(run)) / "task.json").read_text())["environment"]
    bench.runtime.end(bench.attempt(run))
    bench.until_task(run, "succeeded")
    return {name: value for name, value in told.items() if name.startswith("CUDA_")}


ORDER = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


@pytest.mark.parametrize(
    ("runtime", "ids", "seen"),
    [
        ("process", ["2", "3"], "2,3"),
        ("docker", ["2", "3"], "0,1"),
        ("docker", ["GPU-b", "MIG-a"], "GPU-b,MIG-a"),
    ],
)
def test_the_work_gets_its_gpus(bench, runtime, ids, seen):
    """GPUs have the driver's indexes.

    In a container, which has no others, they are numbered from zero.
    """
    bench.context.settings.gpus = ids
    assert variables(bench, runtime, 2) == {"CUDA_VISIBLE_DEVICES": seen, **ORDER}


def test_work_without_granted_gpus_sees_none(bench, tmp_path, monkeypatch):
    """This holds while other work has GPUs, and while nvidia-smi fails.

    Without nvidia-smi the GPUs are unknown, and a container has none by default.
    """
    none = {"CUDA_VISIBLE_DEVICES": "", **ORDER}
    bench.context.settings.gpus = []
    assert (variables(bench, "process"), variables(bench, "docker")) == (none, {})
    bench.context.settings.gpus = ["auto"]
    monkeypatch.setattr(hardware, "_driver", hardware.Driver())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert variables(bench, "process") == {}
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\nexit 9\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert variables(bench, "process") == none


def test_granted_gpus_are_passed_while_nvidia_smi_fails(bench, monkeypatch):
    """They were granted earlier."""
    bench.context.settings.gpus = ["auto"]
    said = iter([("GPU-a",), None, None])
    monkeypatch.setattr(hardware, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(hardware, "_driver", hardware.Driver())
    monkeypatch.setattr(hardware, "ask_driver", lambda: next(said, None))
    assert variables(bench, "process", 1) == {"CUDA_VISIBLE_DEVICES": "GPU-a", **ORDER}


def test_a_result_has_one_cache_key() -> None:
    """What predicts runs where nbyard may not be installed, and has the name by itself."""
    assert prediction_parts.KEY == RESULT_KEY


def test_a_complete_folder_is_kept(bench):
    """Two times the same: nothing is staged over work that may be running."""
    case = bench.snapshot(bench.start())
    (case.order.folder / "code" / "work.py").write_text("changed by the work")
    fill_folder(bench.context, Identities(bench.context), case)
    assert (case.order.folder / "code" / "work.py").read_text() == "changed by the work"


@pytest.mark.parametrize("torn", ["other start", "empty", "half"])
def test_a_folder_after_a_power_cut_is_filled_again(bench, torn):
    """Nothing in the folder was synced. An attempt that started stays unchanged."""
    case = bench.snapshot(bench.start())
    folder = case.order.folder
    told = json.loads((folder / "task.json").read_text())
    left = {"other start": json.dumps({**told, "boot_id": "of another day"}), "half": '{"attempt'}
    (folder / "task.json").write_text(left.get(torn, ""))
    (folder / "code" / "work.py").write_text("")
    if torn == "other start":
        (folder / "runner.json").write_text("{}")
        fill_folder(bench.context, Identities(bench.context), case)
        assert (folder / "code" / "work.py").read_text() == ""
        (folder / "runner.json").unlink()
    fill_folder(bench.context, Identities(bench.context), case)
    assert (folder / "code" / "work.py").read_text() != ""
    assert json.loads((folder / "task.json").read_text()) == told
