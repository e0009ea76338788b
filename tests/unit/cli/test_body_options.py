"""Options of a command from the fields of a request, and the same words from the request."""

import shlex
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import click
import msgspec
import pytest
from msgspec import UNSET, UnsetType

from nbyard.cli.body_options import body_options, field_options
from nbyard.domain.presentation import AGE, SIZE, shown
from nbyard.services.spelling.words import UnspellableRequest, presented

Colour = Annotated[Literal["red", "white"], shown("Colour", "What is in the bottle.")]


class Cellar(msgspec.Struct, frozen=True):
    street: Annotated[str, shown(option_help="Where it is.", metavar="STREET")] = ""
    floor: Annotated[int, shown()] = 0


class Wine(msgspec.Struct):
    name: Annotated[str, shown("Name", argument=True)]
    grapes: Annotated[list[str], shown(argument=True)] = []
    colour: Colour = "red"
    days: Annotated[float | None, shown(option="-a --age", format=AGE)] = None
    size: Annotated[int | None, shown(format=SIZE)] = None
    facts: Annotated[dict[str, str], shown(option="--set")] = {}
    tags: Annotated[list[str], shown(option="--tag", names=("datasets",))] = []
    is_open: Annotated[bool, shown(option="--closed", values=(False, True))] = True
    cellar: Annotated[Cellar, shown("Cellar")] = Cellar()
    secret: Annotated[str, shown(option="", secret=True)] = ""
    own: str = ""


class WineChange(msgspec.Struct):
    revision: Annotated[int, shown(lock=True)]
    colour: Colour | UnsetType = UNSET
    mode: Annotated[
        Literal["pinned", "follows"] | UnsetType,
        shown(option="--pinned/--follow", values=("pinned", "follows")),
    ] = UNSET
    cellar: Annotated[Cellar | UnsetType, shown()] = UNSET


@click.command()
@body_options(Wine)
@click.option("--wait", is_flag=True)
def create(body: Wine, wait: bool) -> Any:
    return body


@click.command()
@click.argument("wine")
@body_options(WineChange)
def update(wine: str, body: Any) -> Any:
    return body(SimpleNamespace(revision=3, cellar=Cellar("Hill 1", 2)))


def read(command: click.Command, words: str) -> Any:
    return command.main(shlex.split(words), standalone_mode=False)


class OnTime(msgspec.Struct, tag="time"):
    at: Annotated[str, shown(option="--at")]


class OnFile(msgspec.Struct, tag="file"):
    path: Annotated[str, shown(option="--on-file")]
    pattern: Annotated[str, shown()] = "*"


@click.command()
@field_options(OnTime, "on_time")
@field_options(OnFile, "on_file")
def automate(on_time: Any, on_file: Any) -> Any:
    return (on_time(), on_file())


WINES = [
    ("a", Wine("a")),
    ("--colour white a", Wine("a", colour="white")),
    ("--age 30d --size 20GB a", Wine("a", days=30.0, size=20 * 10**9)),
    ("--set a=b=c --set d= a", Wine("a", facts={"a": "b=c", "d": ""})),
    ("--tag x --tag '' a", Wine("a", tags=["x", ""])),
    ("--closed a", Wine("a", is_open=False)),
    ("--street 'Hill 1' --floor 2 a b", Wine("a", ["b"], cellar=Cellar("Hill 1", 2))),
    ("-- -a -b", Wine("-a", ["-b"])),
]  # fmt: skip


@pytest.mark.parametrize(("words", "wine"), WINES)
def test_a_command_reads_a_request_and_a_request_spells_its_command(words, wine):
    assert read(create, words) == wine
    assert shlex.join(presented("create")({}, wine)[2:]) == words


@pytest.mark.parametrize("wine", [Wine("a", secret="s"), Wine("a", own="o"), Wine("a", days=1e-9)])
def test_a_request_beyond_the_options_has_no_command(wine):
    with pytest.raises(UnspellableRequest):
        presented("create")({}, wine)


CHANGES = [
    ("w", WineChange(3)),
    ("--follow w", WineChange(3, mode="follows")),
    ("--colour white --pinned w", WineChange(3, colour="white", mode="pinned")),
    ("--street '' --floor 0 w", WineChange(3, cellar=Cellar())),
]


@pytest.mark.parametrize(("words", "change"), CHANGES)
def test_a_change_repeats_the_revision_that_was_read(words, change):
    assert read(update, words) == change
    assert shlex.join(presented("update")({"wine": "w"}, change)[2:]) == words


def test_a_change_keeps_the_parts_that_no_option_sets():
    assert read(update, "--floor 3 w").cellar == Cellar("Hill 1", 3)


@pytest.mark.parametrize("words", ["", "--colour blue a", "--age 30 a", "--size 5 a", "--set a b"])
def test_a_value_of_another_form_is_refused(words):
    with pytest.raises(click.UsageError):
        read(create, words)


def test_a_union_is_chosen_by_the_options_of_one_struct():
    words = "--on-file inbox --pattern '*.csv'"
    given = {"path": "inbox", "pattern": "*.csv"}
    assert read(automate, words) == ({}, given)
    assert shlex.join(presented("automate")({}, OnFile(**given))[2:]) == words


def test_a_field_without_a_default_is_a_required_option():
    command = click.command()(body_options(OnTime)(lambda body: body))
    assert read(command, "--at 8:00") == OnTime("8:00")
    with pytest.raises(click.MissingParameter):
        read(command, "")


def test_help_and_completion_follow_from_the_fields():
    shown_help = create.get_help(click.Context(create))
    assert "What is in the bottle." in shown_help and "--street STREET" in shown_help
    assert "secret" not in shown_help and "own" not in shown_help
    tag = next(one for one in create.params if one.name == "tags")
    assert getattr(tag, "names") == ("datasets",)  # noqa: B009


def test_ages_and_sizes():
    assert [AGE.read(text) for text in ("12h", "30d", "1.5w")] == [0.5, 30, 10.5]
    assert [SIZE.read(text) for text in ("0", "5 B", "5kB", "1.5MB", "20G")] == [
        0, 5, 5000, 1_500_000, 20_000_000_000
    ]  # fmt: skip
    for kind, texts in ((AGE, ("30", "-1d", "1y")), (SIZE, ("x", "5", "2.5"))):
        for text in texts:
            with pytest.raises(ValueError, match="write"):
                kind.read(text)
    assert [SIZE.write(size) for size in (0, 5, 5000, 20_000_000_000)] == ["0", "5B", "5kB", "20GB"]
