"""Commands that create, change and preview schedules."""

import shlex
from typing import Any

import click
import msgspec

from nbyard.cli.commands.notices.options import schedule_notices
from nbyard.cli.output.console import print_note, show_json
from nbyard.cli.output.views.schedule_views import local_time, show_preview
from nbyard.cli.shared_options import connect, json_option, server_option, with_options
from nbyard.cli.stored_runs import (
    changed_run,
    changed_run_options,
    stored_run,
    stored_run_options,
)
from nbyard.domain.schedules.structs import (
    Missed,
    NewSchedule,
    Phrase,
    SchedulePatch,
    SchedulePreviewRequest,
)

MOMENTS = ["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
WHEN = 'When runs are due: "weekdays 8:00", "every 15 minutes", "0 8 * * 1-5" …'


def timing_options(command: Any) -> Any:
    """Add the options that say when a schedule is due, and its policies."""
    return with_options(
        command,
        click.option("--zone", help="Time zone, such as Europe/Berlin. Default: the server's."),
        click.option("--from", "starts_at", type=click.DateTime(MOMENTS), help="First moment."),
        click.option("--until", "ends_at", type=click.DateTime(MOMENTS), help="Last moment."),
        click.option("--at-most", type=int, metavar="N", help="End after N runs."),
    )


def policy_options(command: Any) -> Any:
    """Add the options for overlapping and missed runs, and for the files that runs use."""
    return with_options(
        command,
        click.option(
            "--overlap",
            type=click.Choice(["skip", "queue", "replace"]),
            help="While a run is active: skip the due time, queue it, or replace the run.",
        ),
        click.option(
            "--missed",
            type=click.Choice(["skip", "last", "all"]),
            help="Due times that passed without a dispatcher: run none, the last, or all.",
        ),
        click.option(
            "--window",
            type=int,
            metavar="SECONDS",
            help="Catch up due times that are at most this late. Default: 3600.",
        ),
        click.option(
            "--most", type=int, metavar="N", help="With --missed all: at most N. Default: 10."
        ),
        click.option(
            "--pinned/--follow",
            default=None,
            help="Use the files as they are now, or (default) when a run is due.",
        ),
    )


# The limit of the server.
ALL = 500


@click.command()
@click.argument("target", metavar="FILE|EXECUTABLE")
@click.option("--when", required=True, help=WHEN)
@timing_options
@policy_options
@click.option(
    "--notify",
    multiple=True,
    metavar="CHANNEL[:EVENT,…]",
    help="Channel that reports events of this schedule. Default: failed, recovered, missed.",
)
@click.option("--name", default="", help="Name of the schedule. Default: that of the file.")
@stored_run_options
@click.option("--disabled", is_flag=True, help="Create the schedule without enabling it.")
@server_option
@json_option
def create(target: str, when: str, server: str, as_json: bool, **given: Any) -> None:
    """Run a workflow, notebook or executable at set times.

    \b
    Examples:
      nbyard schedules create report.ipynb --when "weekdays 8:00" --zone Europe/Berlin
      nbyard schedules create pipeline.nbflow --when "every 15 minutes" --overlap queue
      nbyard schedules create report.ipynb --when "weekdays 8:00" --notify mail:failed
      nbyard schedules create train.py --when "0 2 * * *" --until 2027-06-30 -p epochs=5
    """
    run = stored_run(target, given)
    body = NewSchedule(
        run,
        Phrase(when),
        name=given["name"],
        is_enabled=not given["disabled"],
        notify=schedule_notices(given["notify"]),
        **_fields_of_options(given, Missed()),
    )
    schedules = connect(server).schedules
    if not body.name:
        _refuse_same(schedules, body, when)
    _print_result(schedules.create(body=body), as_json)


def _refuse_same(schedules: Any, body: NewSchedule, when: str) -> None:
    """Refuse a second schedule of a file at the same times, unless it has a name of its own."""
    path = body.run.path or ""
    for known in schedules.list(limit=ALL, path=path).items:
        is_same_code = path or known.run.executable == body.run.executable
        if is_same_code and known.words == when and body.zone in ("", known.zone):
            name = shlex.quote(known.name)
            raise click.UsageError(
                f"The schedule {known.name} runs it at these times. Change it with nbyard schedules"
                f" update {name}, or create another one with --name NAME."
            )


@click.command()
@click.argument("schedule")
@click.option("--when", help=WHEN)
@timing_options
@policy_options
@click.option(
    "--notify",
    multiple=True,
    metavar="CHANNEL[:EVENT,…]",
    help="Replace the channels of the schedule.",
)
@click.option("--name", help="New name.")
@changed_run_options
@click.option("--refreeze", is_flag=True, help="With pinned files: freeze them again.")
@server_option
@json_option
def update(schedule: str, server: str, as_json: bool, **given: Any) -> None:
    """Change a schedule. Omitted options keep their values.

    \b
    Examples:
      nbyard schedules update report --when "weekdays 7:30"
      nbyard schedules update report -p epochs=10 --environment train@2
    """
    schedules = connect(server).schedules
    record = schedules.get(schedule=schedule)
    more = _fields_of_options(given, record.missed) | changed_run(record, given)
    if given["when"] is not None:
        more["timing"] = Phrase(given["when"])
    if given["notify"]:
        more["notify"] = schedule_notices(given["notify"])
    if given["name"] is not None:
        more["name"] = given["name"]
    body = SchedulePatch(record.revision, refreeze=given["refreeze"], **more)
    _print_result(schedules.update(schedule=record.id, body=body), as_json)


@click.command()
@click.argument("phrase", metavar="[WHEN]", default="")
@click.option("--when", default="", help=WHEN)
@timing_options
@click.option("--count", default=5, metavar="N", help="Number of due times to show.")
@server_option
@json_option
def preview(phrase: str, when: str, server: str, as_json: bool, count: int, **given: Any) -> None:
    """Explain a timing and show its next due times.

    \b
    Examples:
      nbyard schedules preview --when "weekdays 8:00" --zone Europe/Berlin
      nbyard schedules preview --when "30 2 * * *" --count 10
    """
    if bool(phrase) == bool(when):
        raise click.UsageError('--when is needed once, such as --when "weekdays 8:00"')
    timing = Phrase(when or phrase)
    body = SchedulePreviewRequest(timing, count=count, **_fields_of_options(given, Missed()))
    schedule_preview = connect(server).schedules.preview(body=body)
    (show_json if as_json else show_preview)(schedule_preview)


COMMANDS = (create, update, preview)


def _fields_of_options(given: dict[str, Any], missed: Missed) -> dict[str, Any]:
    """Return the fields of the given options."""
    names = ("zone", "starts_at", "ends_at", "at_most", "overlap")
    # `preview` has only some of these options.
    fields = {name: given[name] for name in names if given.get(name) is not None}
    if given.get("pinned") is not None:
        fields["mode"] = "pinned" if given["pinned"] else "follows"
    parts = {"policy": "missed", "window_seconds": "window", "most": "most"}
    changes = {
        name: given[option] for name, option in parts.items() if given.get(option) is not None
    }
    if changes:
        fields["missed"] = msgspec.structs.replace(missed, **changes)
    return fields


def _print_result(made: Any, as_json: bool) -> None:
    if as_json:
        show_json(made)
        return
    print_note(f"{made.name}: {made.sentence}")
    if made.next_due is not None:
        print_note(f"Next run: {local_time(made.next_due, made.zone)}")
    click.echo(made.id)
