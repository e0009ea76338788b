"""What a message says about a run: its failing cell, its last lines and its usual duration."""

from nbyard.dispatch.notices.controller import link_to
from nbyard.domain.attempts.structs import Failure
from nbyard.domain.notices.structs import NoticeRule
from nbyard.reasons.structs import because

from ...store.automations.conftest import add as add_automation

FAILURE = Failure(
    "error",
    because("text", text="KeyError: 'x'"),
    cell=6,
    traceback="\x1b[31mline 1\x1b[0m\nKeyError: 'x'",
)


def test_a_failure_names_its_cell_and_last_lines(notified):
    notified.channel()
    notified.bench.context.settings.public_url = "https://lab.example.org/"
    run = notified.end("failed", failure=FAILURE)
    notified.look()
    (message,) = notified.sent
    lines = message.body.splitlines()
    assert lines[0].startswith(f"Run {notified.bench.run(run).number} failed after ")
    assert any("cell 7" in line and "KeyError: 'x'" in line for line in lines)
    assert lines[lines.index("    line 1") + 1] == "    KeyError: 'x'"
    assert f"https://lab.example.org/lab?nbyard-run={run}" in lines
    assert message.events[0]["data"]["last_lines"] == ["line 1", "KeyError: 'x'"]


def test_without_a_public_address_links_lead_to_the_server_that_started_last(notified):
    notified.channel()
    with notified.store.write() as c:
        notified.store.facts.set(c, "server_url", "http://localhost:8888/")
    run = notified.end("failed", failure=FAILURE)
    notified.look()
    (message,) = notified.sent
    assert f"http://localhost:8888/lab?nbyard-run={run}" in message.body.splitlines()


def test_a_message_names_the_schedule_of_its_run(notified):
    notified.channel()
    add_automation(notified.store, "nightly", None)
    notified.set_run(notified.end("failed"), origin="retry", source_id="nightly")
    notified.fail()
    notified.look()
    of_schedule, other = notified.sent
    assert of_schedule.body.splitlines()[1] == "Automation nightly"
    assert of_schedule.events[0]["data"]["automation"] == "nightly"
    assert "Automation" not in other.body and "automation" not in other.events[0]["data"]


def test_without_a_traceback_the_log_has_the_last_lines(notified):
    notified.channel()
    run_id = notified.bench.submit()
    notified.bench.until(lambda: notified.bench.runtime.running)
    attempt = notified.bench.attempt(run_id)
    (notified.bench.folder(attempt) / "log").write_text("one\ntwo\n")
    failure = Failure("exit code", because("text", text="exit code 3"), exit_code=3)
    notified.bench.runtime.end(attempt, "failed", failure=failure)
    notified.bench.until_run(run_id, "failed")
    notified.look()
    assert "    one\n    two\n" in notified.sent[0].body


def test_the_duration_is_compared_with_earlier_runs_of_the_file(notified):
    notified.channel("team", NoticeRule(["succeeded"]))
    for seconds in (10, 20, 60):
        notified.set_run(notified.end(path="/a.nbflow"), started_at=0, finished_at=seconds)
    notified.look()
    first, second, third = (message.body.splitlines()[0] for message in notified.sent)
    assert "after 10.0 s" in first and "usually" not in first
    assert "s (usually 10.0 s)" in second
    assert "s (usually 15.0 s)" in third


def test_a_message_about_a_deleted_run_says_what_is_known(notified):
    notified.channel()
    (run,) = notified.fail()
    number = notified.bench.run(run).number
    with notified.store.write() as c:
        found = notified.store.runs.by_id(c, run)
        assert found is not None
        notified.store.runs.delete(c, found)
    notified.look()
    assert notified.sent[0].body.splitlines() == [f"Run {number}", f"Event {run}:failed"]


def test_without_a_base_address_there_is_no_link():
    assert link_to("", "r") == ""
    assert link_to("https://lab/", "r") == "https://lab/lab?nbyard-run=r"
