"""Messages about unknown fields and values suggest the name that was probably meant."""

from typing import Literal

import msgspec
import pytest

from nbyard.domain.deployments.structs import NewDeployment
from nbyard.domain.executables.nbexec_files import Description
from nbyard.domain.workflows.structs import Document
from nbyard.field_suggestions import add_suggestions, near_spelling, suggestion_text

KNOWN = ("timeout_seconds", "retries", "memory_bytes", "gpu")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("timeout", "; did you mean timeout_seconds?"),
        ("timeout_second", "; did you mean timeout_seconds?"),
        ("gpus", "; did you mean gpu?"),
        ("retires", "; did you mean retries?"),
        ("resources", "; there are: timeout_seconds, retries, memory_bytes, gpu"),
        ("t", "; there are: timeout_seconds, retries, memory_bytes, gpu"),
        ("", "; there are: timeout_seconds, retries, memory_bytes, gpu"),
    ],
)
def test_the_nearest_name_or_all_are_suggested(name, words):
    assert suggestion_text(name, KNOWN) == words


def test_very_many_names_are_limited():
    assert suggestion_text("x", [f"column {n}" for n in range(1000)]).count("column") == 40


def test_a_longer_name_is_not_misspelled():
    assert near_spelling("retires", KNOWN) == "retries"
    assert near_spelling("timeout", KNOWN) == ""


def _told(plain, kind):
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(plain, kind)
    return add_suggestions(str(caught.value), kind)


@pytest.mark.parametrize(
    ("plain", "kind", "words"),
    [
        ({"version": 1, "node": {}}, Document, "`node`; did you mean nodes?"),
        (
            {"version": 1, "nodes": {"a": {"type": "dataset", "pth": ""}}},
            Document,
            "`pth`; did you mean path? - at `$.nodes[...]`",
        ),
        (
            {"version": 1, "nodes": {"a": {"type": "dataset", "pin": {"run": "1", "numbr": 1}}}},
            Document,
            "`numbr`; did you mean number? - at `$.nodes[...].pin`",
        ),
        (
            {"arguments": [{"name": "a", "reach": {"kind": "option", "falg": "x"}}]},
            Description,
            "`falg`; did you mean flag? - at `$.arguments[0].reach`",
        ),
        (
            {"resources": {"timeout": 1}},
            Description,
            "; did you mean timeout_seconds? - at `$.resources`",
        ),
        ({"version": "x"}, Description, "Expected `int`, got `str` - at `$.version`"),
        (
            {"general": {"service": "jupyterlab"}},
            NewDeployment,
            "'jupyterlab'; did you mean jupyter? - at `$.general.service`",
        ),
        (
            {"service": "x"},
            NewDeployment,
            "'x'; there are: api, code-server, jupyterlab, own - at `$.service`",
        ),
        (
            {"arguments": [{"name": "a", "reach": {"kind": "x"}}]},
            Description,
            "beside, file - at `$.arguments[0].reach.kind`",
        ),
        (3, Literal[1, 2], "Invalid enum value 3; there are: 1, 2"),
        ("x", Literal["a", "it's"] | int, "Invalid enum value 'x'; there are: a, it's"),
    ],
)
def test_fields_are_searched_at_their_place(plain, kind, words):
    """Also in unions, in lists, and in mappings by any key."""
    assert _told(plain, kind).endswith(words)


@pytest.mark.parametrize(
    "words",
    [
        "Object contains unknown field `x` - at `$.nodes.a.b.c`",
        "Object contains unknown field `x` - at `$.nothing`",
        "another word",
    ],
)
def test_messages_without_a_known_place_are_unchanged(words):
    assert add_suggestions(words, Document) == words


def test_any_key_may_appear_in_a_mapping():
    words = "Object contains unknown field `pth` - at `$.nodes.clean`"
    assert "- at `$.nodes.clean`" in add_suggestions(words, Document)
