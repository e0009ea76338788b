"""States of a deployment, and what follows the end of its container."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.deployments.creation_form import complete_request
from nbyard.domain.deployments.deployment_status import (
    MAX_RESTART_DELAY_SECONDS,
    SILENT,
    SILENT_BECAUSE,
    TRIES,
    WAITS_FOR_BUILD,
    Ended,
    RevisionStatus,
    end_reason,
    is_port_taken,
    never_answered,
    no_way_in,
    not_built,
    reproduce_pull,
    restart_delay_seconds,
    restarts_then,
    start_failure,
    state_after_end,
    state_of,
)
from nbyard.domain.deployments.structs import NewDeployment
from nbyard.domain.state_machines import DEPLOYMENT
from nbyard.reasons.structs import because, text_reason

SPEC = complete_request(NewDeployment("cows:1", name="cows", command=["serve", "a b"], gpu=1))[1]
NO_IMAGE = text_reason("no image")
phases = st.sampled_from(["pending", "alive", "over"])
statuses = st.builds(
    RevisionStatus, st.just(1), phases, st.booleans(), st.booleans(),
    st.sampled_from([None, text_reason("why")]), st.sampled_from([None, 0, 1]),
)  # fmt: skip


@given(st.integers(0, 2), statuses, statuses)
def test_any_two_revisions_give_one_state_with_its_reason(serving, one, other):
    from msgspec.structs import replace

    found = {1: one, 2: replace(other, number=2)}
    state, reason = state_of(serving, found)
    assert state in DEPLOYMENT.moves
    answering = found.get(serving)
    is_answered = answering is not None and answering.phase == "alive" and answering.answers
    assert (state == "running") == is_answered
    if state == "down":
        assert reason
    if state in ("failed", "completed"):
        assert answering is None or answering.phase == "over"
        assert other.phase == "over" and reason == (None if state == "completed" else other.reason)


def test_a_replaced_revision_serves_until_the_next_responds():
    old, new = RevisionStatus(1, "alive", True, True), RevisionStatus(2, "alive", False, False)
    assert state_of(1, {1: old, 2: new}) == ("running", None)
    failed = RevisionStatus(2, "over", reason=NO_IMAGE)
    not_taken = because("no-takeover", number=2, cause=NO_IMAGE)
    assert state_of(1, {1: old, 2: failed}) == ("running", not_taken)
    waits = RevisionStatus(2, "pending", reason=because(WAITS_FOR_BUILD))
    assert state_of(1, {1: old, 2: waits}) == ("running", None), "it is no failure"
    assert state_of(0, {2: waits}) == ("queued", waits.reason)
    again = RevisionStatus(1, "pending", reason=because("service-ended", exit_code=0))
    both = because("all", reasons=[again.reason, not_taken])
    assert state_of(1, {1: again, 2: failed}) == ("queued", both), "it is started again"
    thrice = RevisionStatus(1, "over", reason=again.reason, exit_code=0)
    assert state_of(0, {1: thrice}) == ("failed", again.reason)
    assert state_of(2, {2: RevisionStatus(2, "alive", True, True)}) == ("running", None)
    assert (
        state_of(0, {1: RevisionStatus(1, "pending", reason=text_reason("waits for 1 of"))})[0]
        == "queued"
    )
    silent = RevisionStatus(1, "alive", False, True)
    assert state_of(1, {1: silent}) == ("down", because(SILENT))
    both = because("all", reasons=[because(SILENT), not_taken])
    assert state_of(1, {1: silent, 2: failed}) == ("down", both)
    busy = RevisionStatus(1, "alive", False, True, says="in a call")
    assert state_of(1, {1: busy}) == ("down", because(SILENT_BECAUSE, message="in a call"))
    assert state_of(1, {1: RevisionStatus(1, "alive", False, False)})[0] == "starting"


@pytest.mark.parametrize("reason", [None, NO_IMAGE])
def test_a_deployment_is_not_at_rest_while_a_revision_stops(reason):
    """Otherwise, nobody would stop the container of that revision."""
    over = {2: RevisionStatus(2, "over", reason=reason, exit_code=0)}
    assert state_of(0, over, is_leaving=True) == ("starting", reason)
    assert state_of(0, over)[0] == ("failed" if reason else "completed")


def test_a_wait_in_vain_is_reported():
    full = text_reason("No space left.")
    assert not_built(full) == because("build-failed", cause=full)
    assert not_built(None) == because("image-removed")


def test_a_failed_start_is_retried_a_few_times():
    died, restarts = Ended(1), 0
    for _ in range(TRIES - 1):
        assert state_after_end(died, restarts, "own") == "again"
        restarts = restarts_then(died, restarts)
    assert state_after_end(died, restarts, "own") == "failed"
    assert state_after_end(Ended(1, lived_seconds=60), restarts, "api") == "again", (
        "after a while of life anew"
    )
    assert state_after_end(Ended(0), 0, "own") == "completed"
    assert state_after_end(Ended(0, out_of_memory=True), 0, "own") == "again"


@pytest.mark.parametrize("service", ["api", "jupyterlab", "code-server"])
def test_a_serving_revision_is_never_finished(service):
    assert state_after_end(Ended(0), 0, service) == "again"
    assert state_after_end(Ended(0), TRIES - 1, service) == "failed"


@given(st.integers(1, 2000))
def test_pauses_grow_up_to_a_minute(restarts):
    assert (
        1
        <= restart_delay_seconds(restarts)
        <= restart_delay_seconds(restarts + 1)
        <= MAX_RESTART_DELAY_SECONDS
    )


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (Ended(137, out_of_memory=True), "the service ran out of memory: its limit is 8 GB"),
        (
            Ended(3, last="a\nValueError: no cows\n"),
            "the service exited with code 3: ValueError: no cows",
        ),
        (Ended(9, last="2026-01-31 12:00:00,000 INFO ready\n"), "the service exited with code 9"),
        (Ended(0, last="batch 7\n"), "the service exited with code 0"),
        (Ended(137), "the service was killed (exit code 137)"),
        (Ended(137, last="batch 7\n"), "the service was killed (exit code 137)"),
        (Ended(143, last="bye\n"), "the service was killed (exit code 143): bye"),
        (Ended(None), "its container was removed outside nbyard"),
        (Ended(None, lived_seconds=5.0), str(because("container-exit-unknown"))),
        (Ended(127, error="no such thing"), "the service could not be started: no such thing"),
        (
            Ended(128, error="port is already allocated"),
            "the service could not be started: a port is already in use on the engine's machine:"
            " port is already allocated",
        ),
    ],
)
def test_the_end_has_a_reason(ended, words):
    assert str(end_reason(ended, SPEC)) == words


def test_engine_messages_become_reasons():
    taken = "driver failed: listen tcp4 127.0.0.1:80: bind: address already in use"
    assert is_port_taken(taken) and start_failure(taken) == because("port-taken", message=taken)
    missing = 'exec: "x": executable file not found in $PATH'
    assert start_failure(missing) == because("command-missing", message=missing)
    hook = "error running hook #0: exec: nvidia-container-cli: executable file not found"
    assert start_failure(hook) == because("hook-failed", message=hook)
    assert start_failure("other") is None and not is_port_taken("other")
    assert "(/) within 300 s" in str(never_answered(SPEC))


def test_a_shell_can_fetch_an_image_by_hand():
    assert reproduce_pull("cows:1") == "docker pull cows:1"
    assert reproduce_pull("a:1", "tcp://h:1") == "docker --host tcp://h:1 pull a:1"


@pytest.mark.parametrize(
    ("engine", "is_here"),
    [
        ("unix:///var/run/docker.sock", True),
        ("", True),
        ("tcp://127.0.0.1:2375", True),
        ("ssh://ann@localhost", True),
        ("tcp://10.0.0.7:2376", False),
        ("ssh://ann@there", False),
    ],
)
def test_a_remote_engine_is_refused(engine, is_here):
    elsewhere = because("engine-elsewhere", engine=engine)
    assert no_way_in("bridge", engine) == (None if is_here else elsewhere)
    for network in ("none", "internal"):
        assert no_way_in(network, engine) == because("network-closed", network=network)
    assert no_way_in("internal", engine, ("internal",)) == (None if is_here else elsewhere)
