"""Values that runs take from events."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.automations.values import (
    FIELDS,
    check_references,
    check_types,
    fields_of,
    values_of,
    values_or_reason,
)
from nbyard.errors import Invalid

from ..runs.test_causes import CAUSES

WEBHOOK = CAUSES["webhook"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
)


@pytest.mark.parametrize("kind", FIELDS)
def test_an_event_has_its_fields(kind):
    assert fields_of(CAUSES[kind], {}).keys() == FIELDS[kind].keys()


def test_values_have_their_types():
    assert values_of({"n": "version"}, fields_of(CAUSES["dataset"])) == {"n": 3}
    files = fields_of(CAUSES["file"])
    assert (files["path"], files["paths"]) == ("/in/a", ["/in/a", "/in/b"])
    assert fields_of(WEBHOOK)["sent_at"] == "2026-11-26T00:00:00Z"


def test_a_body_is_read_by_its_path():
    body = {"city": {"names": ["Bern", "Berne"], "size": 1.5}, "0": "zero"}
    wanted = {"a": "body.city.names.1", "b": "body.city.size", "c": "body.0"}
    assert values_of(wanted, fields_of(WEBHOOK, body)) == {"a": "Berne", "b": 1.5, "c": "zero"}


@pytest.mark.parametrize(
    "reference",
    (
        *("body.town", "body.city.names.2", "body.city.names.-1", "body.city.names.x"),
        *("body.0.1", "body.city.names.²", "body.city.size.0"),
    ),
)
def test_a_missing_field_is_named(reference):
    body = {"city": {"names": ["Bern", "Berne"], "size": 1.5}, "0": "zero"}
    values, reason = values_or_reason({"a": reference}, WEBHOOK, body)
    assert values == {} and "values_from.a" in str(reason) and reference in str(reason)


@given(st.lists(st.text("ab01.", max_size=4), max_size=4), JSON)
def test_any_body_has_the_field_or_lacks_it(parts, body):
    values, reason = values_or_reason({"a": ".".join(["body", *parts])}, WEBHOOK, body)
    assert (values.keys() == {"a"}) is (reason is None)


@pytest.mark.parametrize(
    ("kind", "reference"),
    [
        ("dataset", "path"),
        ("dataset", "version.number"),
        ("webhook", "body"),
        ("webhook", "body."),
        ("webhook", "body..a"),
        ("webhook", "body" + ".a" * 17),
        ("webhook", "body." + "a" * 200),
        ("webhook", ""),
        ("notebook", "body.a"),
        ("file", "Path"),
    ],
)
def test_other_references_are_refused(kind, reference):
    with pytest.raises(Invalid) as refused:
        check_references(kind, {"a": reference})
    assert refused.value.details[0].path == "values_from.a"


def test_many_references_are_refused():
    check_references("webhook", {"a": "body.x.0", "b": "webhook_id"})
    with pytest.raises(Invalid):
        check_references("webhook", {str(number): "body.x" for number in range(101)})


@pytest.mark.parametrize(
    ("kind", "reference", "argument", "fits"),
    [
        ("dataset", "version", Argument("a", type="int"), True),
        ("dataset", "version", Argument("a", type="float"), True),
        ("dataset", "version", Argument("a"), False),
        ("file", "path", Argument("a", type="int"), False),
        ("file", "path", Argument("a", role="input", format="csv"), True),
        ("file", "paths", Argument("a", type="list"), True),
        ("file", "paths", Argument("a", role="input"), False),
        ("file", "path", Argument("a", role="output"), False),
        ("webhook", "body.x", Argument("a", type="bool"), True),
        ("webhook", "body.x", Argument("a", type="secret"), False),
        ("webhook", "body.x", Argument("b"), False),
    ],
)
def test_parameters_take_fitting_values_only(kind, reference, argument, fits):
    arguments = {argument.name: argument}
    if fits:
        check_types(kind, {"a": reference}, arguments)
        return
    with pytest.raises(Invalid) as refused:
        check_types(kind, {"a": reference}, arguments)
    assert refused.value.details[0].path == "values_from.a"
