"""Requests of every operation as hypothesis draws them, and what commands and programs send."""

import contextlib
import io
import shlex
import sys
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import msgspec
from hypothesis import strategies as st

from nbyard.cli.main import nbyard
from nbyard.domain.credentials import KINDS, CredentialKind, NewCredential
from nbyard.domain.datasets.structs import FileSource
from nbyard.domain.deployments.structs import DeploymentChange
from nbyard.domain.images.structs import Recipe
from nbyard.domain.parsing.typed_json import convert_json
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.spelling import SpellingRequest
from nbyard.services.operation import Operation
from nbyard.services.operation_table import table
from nbyard.services.spelling.resource_commands import secret_places
from nbyard.services.spelling.spell import spell

BY_ID = {one.id: one for one in table()}
SECRET = "hunter2-never-shown"
# Words that a shell, click or a command would read in another way.
AWKWARD = ["", "-x", "--force", "a b", "it's", '"q"', "$HOME", "a=b", "x:y", "é\n", "#!", "*", "\\"]
USUAL = ["train.ipynb", "flow.nbflow", "data/a.csv", "clean", "tools/Dockerfile", "model.py"]
TEXTS = st.one_of(
    st.sampled_from(USUAL + AWKWARD),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for the values of a type that requests use."""
    if kind is NewCredential:
        return credentials()
    return _drawn(msgspec.inspect.type_info(kind))


def _drawn(info: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for values as in JSON."""
    match info:
        case msgspec.inspect.Metadata():
            return _drawn(info.type)
        case msgspec.inspect.StructType():
            return _struct(info.cls)
        case msgspec.inspect.UnionType():
            return st.one_of(*map(_drawn, info.types))
        case msgspec.inspect.LiteralType():
            return st.sampled_from(info.values)
        case msgspec.inspect.ListType() | msgspec.inspect.VarTupleType():
            return st.lists(_drawn(info.item_type), max_size=2)
        case msgspec.inspect.TupleType():
            return st.tuples(*map(_drawn, info.item_types)).map(list)
        case msgspec.inspect.DictType():
            return st.dictionaries(_drawn(info.key_type), _drawn(info.value_type), max_size=2)
        case msgspec.inspect.AnyType():
            return JSON
    plain: dict[type, st.SearchStrategy[Any]] = {
        msgspec.inspect.StrType: TEXTS,
        msgspec.inspect.IntType: st.integers(0, 9) | st.integers(-(2**53), 2**53),
        msgspec.inspect.FloatType: st.sampled_from([0.0, 0.5, 2.0, 3600.0, 1e-9, 1e20]),
        msgspec.inspect.BoolType: st.booleans(),
        msgspec.inspect.NoneType: st.none(),
        msgspec.inspect.DateTimeType: st.sampled_from(
            [
                "2026-11-26T08:00:00",
                "2026-11-26T08:00:01",
                "2026-11-26T08:00:00Z",
                "0001-01-01T00:00",
            ]
        ).filter(_is_moment),
    }
    return plain[type(info)]


def _is_moment(text: str) -> bool:
    with contextlib.suppress(msgspec.ValidationError):
        msgspec.convert(text, datetime)
        return True
    return False


def credentials() -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for new credentials, with the fields of their kinds."""

    def of_kind(kind: CredentialKind) -> st.SearchStrategy[dict[str, Any]]:
        fields = st.fixed_dictionaries({}, optional={field.name: TEXTS for field in kind.fields})
        given = {"name": TEXTS, "kind": st.just(kind.kind), "fields": fields}
        return st.fixed_dictionaries(given, optional={"description": TEXTS})

    return st.sampled_from(KINDS).flatmap(of_kind)


@cache
def _struct(kind: type) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for structs, which may contain themselves."""
    return st.deferred(lambda: _fields(msgspec.inspect.type_info(kind)))


def _fields(info: Any) -> st.SearchStrategy[dict[str, Any]]:
    fields = {field.encode_name: _drawn(field.type) for field in info.fields}
    required = {field.encode_name for field in info.fields if field.required}
    needed = {name: fields[name] for name in required}
    optional = sorted(fields.keys() - required)
    tag = {info.tag_field: info.tag} if info.tag_field else {}
    # Most fields of a request have their defaults.
    some = st.lists(st.sampled_from(optional), max_size=3, unique=True) if optional else st.just([])
    drawn = some.flatmap(
        lambda names: st.fixed_dictionaries(needed | {name: fields[name] for name in names})
    )
    return drawn.map(lambda found: tag | found)


class Sent(Exception):
    """The request that a command or a program would send."""

    def __init__(self, operation: Operation, values: dict[str, Any]):
        super().__init__(operation.id)
        self.operation = operation
        self.values = values


# The recorder answers these: commands ask them before they change something.
READS = ("images.dockerfile", "runs.preview_clean_up")


class Recorder:
    """A connection that raises the first request that changes something.

    With `is_read`, it raises the first request.
    """

    def __init__(self, known: Any, *, is_read: bool):
        self._known = known
        self._is_read = is_read

    def __getattr__(self, noun: str) -> Any:
        return SimpleNamespace(
            **{
                one.verb: lambda *given, one=one, **named: self._ask(one, given, named)
                for one in table()
                if one.noun == noun
            }
        )

    def _ask(self, operation: Operation, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
        names = [field.name for field in operation.fields]
        values = dict(zip(names, given, strict=False)) | named
        if self._is_read:
            raise Sent(operation, values)
        if operation.method == "GET":
            return SimpleNamespace(id=next(iter(values.values()), ""), items=[], **self._known)
        if operation.id == "runs.preview_clean_up":
            return SimpleNamespace(
                runs=[], count=1, freed_bytes=0, record_bytes=0, protected_count=0
            )
        if operation.id == "images.dockerfile":
            return SimpleNamespace(text="", recipe=Recipe())
        raise Sent(operation, values)


@contextlib.contextmanager
def recording(body: Any, *, is_read: bool) -> Iterator[None]:
    """Connect commands and programs to a recorder; prompts are answered with a secret."""
    names = ("revision", "version", "missed", "digest")
    known = {name: getattr(body, name) for name in names if hasattr(body, name)}
    with (
        patch("nbyard.discover.connect", lambda server="": Recorder(known, is_read=is_read)),
        patch("click.prompt", lambda *_, **__: SECRET),
        patch("click.confirm", lambda *_, **__: True),
        patch("getpass.getpass", lambda *_: SECRET),
        patch.object(sys, "stdin", SimpleNamespace(isatty=lambda: True)),
    ):
        yield


def sent_by_command(words: list[str], body: Any, *, is_read: bool = False) -> Sent:
    """Parse words as the shell's command does, and return what it sends."""
    with recording(body, is_read=is_read), contextlib.redirect_stdout(io.StringIO()):
        try:
            nbyard.main(words, prog_name="nbyard", standalone_mode=False)
        except Sent as sent:
            return sent
    raise AssertionError("The command sent nothing.")


def sent_by_program(code: str, body: Any, *, is_read: bool = False) -> Sent:
    """Execute a program and return what it sends."""
    with recording(body, is_read=is_read):
        try:
            exec(compile(code, "program", "exec"), {})
        except Sent as sent:
            return sent
    raise AssertionError("The program sent nothing.")


def same(operation: Operation, values: dict[str, Any]) -> dict[str, Any]:
    """Return a request without what each spelling has of its own."""
    found = {
        field.name: values[field.name]
        for field in operation.fields
        if field.place != "header" and values.get(field.name, field.default) != field.default
    }
    if "body" in found:
        found["body"] = _same_body(found["body"], operation.placed("body")[0].type)
    return found


def _same_body(body: Any, kind: Any) -> Any:
    body = convert_json(body, kind) if isinstance(body, dict) else body
    replace = msgspec.structs.replace
    if isinstance(body, NewRun):
        return replace(body, origin="")
    if isinstance(getattr(body, "run", None), NewRun):
        body = replace(body, run=replace(body.run, origin=""))
    if isinstance(getattr(body, "source", None), FileSource):
        # Without a server, a command sends the whole path.
        body = replace(body, source=FileSource(str(Path(body.source.path).absolute())))
    if isinstance(body, DeploymentChange):
        # A command changes the newest revision.
        body = replace(body, revision=0, changed_at=None)
    return body


def check_command(name: str, body: dict[str, Any] | None, command: str) -> None:
    """Check the command of a request for the item KEY; command and program send it."""
    operation = BY_ID[name]
    path = {field.name: "KEY" for field in operation.placed("path")}
    asked = SpellingRequest(name, path, {}, None if body is None else with_secrets(operation, body))
    assert spell(operation, asked).command == f"nbyard {command}"
    round_trip(operation, asked)


def with_secrets(operation: Operation, body: dict[str, Any]) -> dict[str, Any]:
    """Return the body with a secret at each secret place."""
    body = deepcopy(body)
    for place in secret_places(convert_json(body, operation.placed("body")[0].type)):
        *outer, name = place.split(".")
        inner = body
        for one in outer:
            inner = inner[one]
        inner[name] = SECRET
    return body


def round_trip(operation: Operation, asked: SpellingRequest) -> None:
    """Check that command and program send the request, and show no secret."""
    spelled = spell(operation, asked)
    assert SECRET not in spelled.command + spelled.python
    first, *words = shlex.split(spelled.command)
    assert first == "nbyard"
    fields = operation.placed("body")
    body = convert_json(asked.body, fields[0].type) if fields else None
    wanted = {**asked.path, **asked.query, **({"body": body} if fields else {})}
    is_read = operation.method == "GET"
    for sent in (
        sent_by_command(words, body, is_read=is_read),
        sent_by_program(spelled.python, body, is_read=is_read),
    ):
        assert sent.operation.id == operation.id
        assert same(operation, sent.values) == same(operation, wanted), spelled
