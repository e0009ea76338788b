"""Doctor as a service."""

import os
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest
from tests.support.refusals import refused_at

from nbyard.domain.automations.structs import AutomaticRun, NewAutomation, OnFile
from nbyard.domain.automations.times.structs import Cron
from nbyard.domain.spelling import SpellingRequest
from nbyard.host import user_unit
from nbyard.host.user_unit import DispatcherStart, unit_text
from nbyard.ipc import dispatcher_launcher


def test_doctor_reports_each_check_with_a_remedy(yard, ann):
    found = yard.services.system.doctor(ann)
    names = [check.name for check in found.checks]
    assert {"platform", "store", "disk", "bytes", "kernels", "dispatcher"} <= set(names)
    assert len(names) == len(set(names))
    assert all(check.finding for check in found.checks)
    assert all(check.cure for check in found.checks if check.state == "failed")


def test_doctor_names_a_process_stopped_while_writing(yard, ann):
    """Nobody else can write until the process continues or ends."""
    writer = (
        "import fcntl, os, signal, sys\nfile = open(sys.argv[1], 'a')\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\nos.kill(os.getpid(), signal.SIGSTOP)"
    )
    lock = yard.store.folder / "write.lock"
    process = subprocess.Popen([sys.executable, "-c", writer, lock])
    pid = process.pid
    os.waitpid(pid, os.WUNTRACED)
    told = {check.name: check for check in yard.services.system.doctor(ann).checks}["store"]
    process.kill()
    process.wait()
    assert told.state == "failed" and f"process {pid} " in told.finding
    assert f"kill -CONT {pid}" in told.cure


def test_doctor_reports_reserved_disk_space(yard, ann, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=24 * 2**20))
    told = {check.name: check for check in yard.services.system.doctor(ann).checks}["disk"]
    assert told.state == "failed"
    assert "24.0 MiB free" in told.finding and "64.0 MiB" in told.finding


def test_doctor_names_slots(yard, ann):
    told = {check.name: check.finding for check in yard.services.system.doctor(ann).checks}
    assert "GiB of memory" in told["slots"] and "GPUs" in told["slots"]


def test_doctor_names_settings_that_the_dispatcher_lacks(yard, ann, monkeypatch):
    """The message has the way to restart it."""
    with yard.store.write() as c:
        assert yard.store.leases.take(c, "dispatcher", "somewhere:7:1", 60)
    monkeypatch.setattr(
        dispatcher_launcher, "other_settings", lambda *_: {"slots": "4", "gpus": ""}
    )
    told = {check.name: check for check in yard.services.system.doctor(ann).checks}["dispatcher"]
    assert "process 7 on somewhere" in told.finding and ": slots=4, gpus=" in told.finding
    assert told.cure.startswith("kill 7 ")


def dispatcher_check(yard, ann):
    return {check.name: check for check in yard.services.system.doctor(ann).checks}["dispatcher"]


def test_doctor_warns_if_no_dispatcher_runs_although_there_is_work(yard, ann, unit, root):
    """A killed dispatcher of this machine leaves a lease that has not run out."""
    assert dispatcher_check(yard, ann).state == "ok"
    made = enable_schedule(yard, ann, root)
    with yard.store.write() as c:
        assert yard.store.leases.take(c, "dispatcher", f"{socket.gethostname()}:7:gone", 60)
    found = dispatcher_check(yard, ann)
    assert found.state == "missing" and "there is work" in found.finding
    assert "nbyard service install" in found.cure
    yard.services.automations.disable(ann, made.id)
    assert dispatcher_check(yard, ann).state == "ok"


def test_doctor_reports_the_size_of_the_store(yard, ann):
    yard.context.blobs.put_bytes(b"x" * 2**20)
    yard.context.blobs.put_bytes(b"y" * 2**20)
    told = {check.name: check.finding for check in yard.services.system.doctor(ann).checks}
    assert "2.0 MiB" in told["bytes"] and "2 files" in told["bytes"]


def test_live_work_is_counted(yard, root, finished):
    (root / "x.sh").write_text("#!/bin/sh\n")
    finished(path="x.sh")
    found = yard.services.system.counts()
    assert (found.runs["succeeded"], found.tasks["succeeded"]) == (1, 1)
    assert [(one.runtime, one.state, one.number) for one in found.attempts] == [
        ("process", "succeeded", 1)
    ]
    assert found.attempts[0].seconds > 0


def test_doctor_lists_grantable_gpus(yard, ann):
    yard.settings.gpus = ["GPU-1", "0"]
    assert yard.services.system.gpus(ann).items == ["GPU-1", "0"]


@pytest.fixture
def unit(tmp_path, monkeypatch):
    """Where the unit of the dispatcher is, and what enables it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(user_unit, "LINGER", tmp_path / "linger")
    return tmp_path / "config/systemd/user/nbyard.service"


def automations_check(yard, ann):
    return {check.name: check for check in yard.services.system.doctor(ann).checks}["automations"]


def enable_schedule(yard, ann, root):
    (root / "x.sh").write_text("#!/bin/sh\n")
    body = NewAutomation(AutomaticRun(path="x.sh"), Cron("0 8 * * *"))
    return yard.services.automations.create(ann, body)


def enable_trigger(yard, ann, root):
    (root / "x.sh").write_text("#!/bin/sh\n")
    return yard.services.automations.create(
        ann, NewAutomation(AutomaticRun(path="x.sh"), OnFile("x.sh"))
    )


def test_doctor_needs_no_unit_without_schedules(yard, ann, unit, root):
    assert automations_check(yard, ann).state == "ok"
    yard.services.automations.disable(ann, enable_schedule(yard, ann, root).id)
    assert automations_check(yard, ann).state == "ok"


@pytest.mark.parametrize("enable", [enable_schedule, enable_trigger])
def test_doctor_reports_what_starts_schedules_after_a_reboot(
    yard, ann, unit, root, tmp_path, enable
):
    enable(yard, ann, root)
    found = automations_check(yard, ann)
    assert found.state == "missing" and "nbyard service install" in found.cure
    assert found.finding.startswith("after a reboot")
    store = yard.settings.store_path
    user_unit.write(unit_text(DispatcherStart("/py", store, {})), store, False)
    found = automations_check(yard, ann)
    assert found.state == "missing" and f"{unit} is not enabled" in found.finding
    (unit.parent / "default.target.wants").mkdir()
    (unit.parent / "default.target.wants/nbyard.service").symlink_to(unit)
    found = automations_check(yard, ann)
    assert found.state == "ok" and "when you sign in" in found.finding
    assert f"loginctl enable-linger {user_unit.user_name()}" in found.cure
    (tmp_path / "linger").mkdir()
    (tmp_path / "linger" / user_unit.user_name()).touch()
    found = automations_check(yard, ann)
    assert (found.state, found.cure) == ("ok", "") and "at boot" in found.finding


def test_doctor_does_not_count_the_unit_of_another_store(yard, ann, unit, root):
    enable_schedule(yard, ann, root)
    other = unit.parent / "other"
    user_unit.write(unit_text(DispatcherStart("/py", other, {})), other, False)
    assert automations_check(yard, ann).finding.startswith("after a reboot")


def test_a_request_is_spelled_and_not_sent(yard, ann):
    asked = SpellingRequest("runs.create", body={"path": "train.ipynb"})
    spelled = yard.services.system.spell(ann, asked)
    assert spelled.command == "nbyard run train.ipynb"
    assert spelled.python.endswith("connection.runs.create(body={'path': 'train.ipynb'})")
    assert yard.services.runs.list(ann).items == []
    with refused_at("operation"):
        yard.services.system.spell(ann, SpellingRequest("runs.make"))
