"""The steps of one handler for every operation."""

import gzip
import json

import pytest
from tests.support.jupyter_server import TOKEN

from nbyard.domain.callers import Caller
from nbyard.domain.users.admin import AuditEntry
from nbyard.errors import Busy
from nbyard.freezing.pushed_folders import home_folder
from nbyard.rest import operation_handler
from nbyard.rest.access import RequestBudgets
from nbyard.rest.operation_handler import RestContext
from nbyard.settings import Settings

pytestmark = pytest.mark.leaves_running


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=abc", "limit"),
        ("limit=1.5", "limit"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=501", "limit"),
        ("limit=9223372036854775808", "limit"),
        ("limit=", "limit"),
        ("limti=5", "limti"),
        ("search=%00", "search"),
        ("search=%ff%fe", "search"),
        ("search=%ed%a0%80", "search"),
    ],
)
def test_invalid_queries_are_refused(api, query, field):
    answer = api.send("GET", f"/datasets?{query}")
    assert answer.status in (400, 422)
    if answer.status == 422:
        assert answer.json["details"][0]["path"] == field


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/events", "after=9223372036854775808"),
        ("/events", "after=-1"),
        ("/datasets/x/preview", "offset=9223372036854775808"),
        ("/datasets/x/preview", "version=99999999999999999999"),
        ("/datasets/x/content", "version=99999999999999999999"),
        ("/runs/x/tasks/y/log", "after=9223372036854775808"),
        ("/artifacts/x/preview", "offset=9223372036854775808"),
    ],
)
def test_too_large_numbers_are_refused(api, path, query):
    assert api.send("GET", f"{path}?{query}").status in (404, 422)


@pytest.mark.parametrize(
    "key", ["%00", "a%00b", "%ff", "%ed%a0%80", "%F0%9F%9A%80", "..", "%2e%2e"]
)
def test_unknown_keys_are_refused(api, key):
    for path in (f"/datasets/{key}", f"/runs/{key}", f"/executables/{key}", f"/uploads/{key}"):
        assert api.send("GET", path).status in (400, 404, 422)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b'{"a": 1, "a": 2}', 400),
        (b'{"x": NaN}', 400),
        (b'{"x": 1e999}', 400),
        (b'{"x": "\\ud800"}', 422),
        (b'{"name": "\\udc00"}', 422),
        (b'{"\\udc00": 1}', 422),
        (b"[" * 100_000 + b"]" * 100_000, 400),
        (b"null", 422),
        (b"[]", 422),
        (b'"text"', 422),
        (b'{"naem": 1}', 422),
        (b'{"path": "a\\u0000b"}', 422),
        (b'{"path": 5}', 422),
    ],
)
def test_invalid_bodies_are_refused(api, body, status):
    answer = api.send("POST", "/runs", body)
    assert answer.status == status
    assert answer.json["message"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"source": {"kind": "file", "path": 1}}, "source.path"),
        ({"source": {"kind": "ftp"}}, "source"),
        ({"source": {"kind": "file", "path": "x", "more": 1}}, "source.more"),
        ({"name": "x"}, "source"),
    ],
)
def test_a_refused_field_is_named(api, body, place):
    assert api.send("POST", "/datasets", body).json["details"][0]["path"].startswith(place)


def test_compressed_bodies_are_read_up_to_the_limit(api):
    packed = {"Content-Encoding": "gzip"}
    assert api.send("POST", "/runs", gzip.compress(b"{}"), packed).status == 422
    assert api.send("POST", "/runs", b"no gzip", packed).status == 400
    bomb = gzip.compress(b"0" * (64 << 20))
    assert api.send("POST", "/runs", bomb, packed).status == 413
    assert api.send("POST", "/runs", b"{}", {"Content-Encoding": "br"}).status == 415


def test_large_bodies_are_not_kept(api):
    assert api.send("POST", "/runs", b'{"path": "' + b"x" * (17 << 20) + b'"}').status == 413


@pytest.mark.parametrize("key", ["x" * 201, "a\tb"])
def test_idempotency_keys_are_short_and_printable(api, key):
    answer = api.send("POST", "/runs", {"path": "x"}, {"Idempotency-Key": key})
    assert answer.status == 422
    assert answer.json["details"][0]["path"] == "Idempotency-Key"


def test_the_same_key_gives_the_same_run(api):
    (api.root / "key.sh").write_text("#!/bin/sh\ntrue\n")
    header = {"Idempotency-Key": "once"}
    first = api.send("POST", "/runs", {"path": "key.sh"}, header)
    again = api.send("POST", "/runs", {"path": "key.sh"}, header)
    assert (first.status, first.json["id"]) == (201, again.json["id"])
    assert api.send("POST", "/runs", {"path": "key.sh", "force": True}, header).status == 409


def test_a_refusal_before_the_body_says_that_the_connection_closes(api):
    """A proxy would send the next request there, and report a lost connection."""
    for method, token in (("GET", None), ("POST", "wrong"), ("PUT", TOKEN)):
        refused = api.send(method, "/datasets", token=token)
        assert refused.status >= 400 and refused.headers["Connection"] == "close"
    for path in ("/datasets", "/datasets/none"):
        assert "Connection" not in api.send("GET", path).headers


def test_a_missing_scope_is_forbidden(api, monkeypatch):
    reader = Caller("ann", scopes=("datasets:read",))
    monkeypatch.setattr(operation_handler, "caller_of", lambda user: reader)
    assert api.send("GET", "/datasets").status == 200
    refused = api.send("POST", "/runs", {"path": "x"})
    assert (refused.status, refused.json["code"]) == (403, "forbidden")
    assert " custom:nbyard:write " in refused.json["message"], "a scope that the hub has"


def test_without_the_scope_to_link_nothing_is_created(api, monkeypatch):
    (api.root / "alone.sh").write_text("#!/bin/sh\ntrue\n")
    writer = Caller("ann", scopes=("runs:write", "runs:read"))
    monkeypatch.setattr(operation_handler, "caller_of", lambda user: writer)
    refused = api.send("POST", "/runs", {"path": "alone.sh"}, {"Nbyard-Project": "wine"})
    assert (refused.status, refused.json["code"]) == (403, "forbidden")
    assert " custom:nbyard:write " in refused.json["message"]
    assert api.send("GET", "/runs").json["items"] == []
    assert api.send("POST", "/runs", {"path": "alone.sh"}).status == 201
    assert api.send("GET", "/runs", headers={"Nbyard-Project": "wine"}).status == 200


def test_unexpected_errors_show_no_internals(api, monkeypatch):
    context = api.app.web_app.settings["nbyard"]

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the inside")

    monkeypatch.setattr(context.services.datasets, "list", fail)
    answer = api.send("GET", "/datasets")
    assert (answer.status, answer.json["code"]) == (500, "internal")
    assert "inside" not in answer.content.decode()
    assert answer.json["request_id"] in answer.json["hint"]


def test_a_busy_store_sets_retry_after(api, monkeypatch):
    context = api.app.web_app.settings["nbyard"]

    def fail(*_: object, **__: object) -> None:
        raise Busy()

    monkeypatch.setattr(context.services.datasets, "list", fail)
    answer = api.send("GET", "/datasets")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


def test_a_user_with_too_many_requests_waits(api, monkeypatch):
    context = api.app.web_app.settings["nbyard"]
    monkeypatch.setattr(context, "budgets", RequestBudgets(per_minute=2))
    answers = [api.send("GET", "/datasets") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].json["code"] == "too-often"
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 30


def test_markup_in_names_is_returned_as_data(api):
    (api.root / "m.csv").write_text("a\n1\n")
    name = "<img src=x onerror=alert(1)>"
    source = {"kind": "file", "path": "m.csv"}
    answer = api.send("POST", "/datasets", {"source": source, "name": name})
    assert answer.json["name"] == name
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_created_resources_are_linked_to_the_active_project(api):
    (api.root / "linked.py").write_text("print()\n")
    project = api.send("POST", "/projects", {"name": "active"}).json["id"]
    body = {"run": {"path": "linked.py"}, "on": {"kind": "phrase", "text": "daily at 6"}}
    for header, names in (("gone", []), (project, ["linked 2"])):
        assert api.send("POST", "/automations", body, {"Nbyard-Project": header}).status == 201
        found = api.send("GET", f"/automations?project={project}").json["items"]
        assert [one["name"] for one in found] == names
    assert api.send("POST", "/automations", body, {"Nbyard-Project": "a\x00b"}).status in (400, 422)


@pytest.fixture
def audited(api, monkeypatch):
    """A server whose store has several users; returns the entries, oldest first."""
    context = api.app.web_app.settings["nbyard"]
    monkeypatch.setattr(context.settings, "shared", True)
    known = Caller("ann", scopes=("read", "write"), person="Ann A.")
    monkeypatch.setattr(operation_handler, "caller_of", lambda user: known)
    root = Caller("root", scopes=("admin",))
    seen = {entry.id for entry in context.services.audit.list(root).items}

    def entries() -> list[AuditEntry]:
        listed = context.services.audit.list(root).items
        return [entry for entry in listed[::-1] if entry.id not in seen]

    return entries


def test_a_shared_store_shows_paths_as_their_users_know_them(tmp_path):
    """A file of another user is never taken for an own one with the same path."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    given = tmp_path / "link" / "store"
    home = home_folder(given, "ann.b")
    values = {
        "path": f"{home}/penguins/a.nbflow",
        "message": f"{given}/homes/bob/red wine.csv and {home}/é.csv",
        "another": f"{given.resolve()}/homes/bob/penguins/a.nbflow",
        "other": f"s3://bucket{home}/x and /mnt{home}/x",
    }
    shown = {
        "path": "penguins/a.nbflow",
        "message": "/bob/red wine.csv and é.csv",
        "another": "/bob/penguins/a.nbflow",
        "other": values["other"],
    }
    for shared, expected in ((True, shown), (False, values)):
        context = RestContext(pytest.fail, Settings(store_dir=str(given), shared=shared))
        assert json.loads(context.encode(values, "ann.b")) == expected
        context.close()


def test_changes_and_refusals_are_audited(api, audited):
    """Neither reads, nor requests that fail a check, nor what a request says."""
    body = {"name": "wine", "description": "a s3cret"}
    made = api.send("POST", "/projects", body, {"X-Request-Id": "q1"})
    assert made.status == 201
    assert api.send("POST", "/projects", {"name": ""}).status == 422
    assert api.send("DELETE", "/projects/none").status == 404
    assert api.send("POST", "/system/spelling", {"operation": "runs.list"}).status in (200, 422)
    assert api.send("GET", f"/projects/{made.json['id']}").status == 200
    assert api.send("DELETE", f"/projects/{made.json['id']}").status == 204
    attempt = {"Nbyard-Attempt": "01a22a68-a6d2-7b54-9318-cba880331614"}
    assert api.send("POST", "/admin/drain?text=s3cret", None, attempt).status == 403
    entries = audited()
    assert [(e.operation, e.subject, e.status) for e in entries] == [
        ("projects.create", made.json["id"], 201),
        ("projects.delete", made.json["id"], 204),
        ("admin.drain", "", 403),
    ]
    assert {(e.user, e.person, e.owner) for e in entries} == {("ann", "Ann A.", "")}
    assert entries[0].request_id == "q1"
    assert entries[2].attempt_id == attempt["Nbyard-Attempt"]
    assert "s3cret" not in str(entries)


def test_what_an_administrator_does_to_things_of_others_is_marked(api, audited, monkeypatch):
    (api.root / "x.sh").write_text("#!/bin/sh\n")
    settings = api.app.web_app.settings["nbyard"].settings
    with monkeypatch.context() as patch:
        patch.setattr(settings, "shared", False)  # a script would need a container
        run = api.send("POST", "/runs", {"path": "x.sh"}).json["id"]
    root = Caller("root", scopes=("admin",))
    monkeypatch.setattr(operation_handler, "caller_of", lambda user: root)
    assert api.send("POST", f"/admin/runs/{run}/cancel").status == 202
    last = audited()[-1]
    assert (last.user, last.owner, last.subject) == ("root", "ann", run)


def test_a_store_of_one_person_has_no_audit_log(api, audited, monkeypatch):
    monkeypatch.setattr(api.app.web_app.settings["nbyard"].settings, "shared", False)
    assert api.send("POST", "/projects", {"name": "alone"}).status == 201
    assert audited() == []


def test_a_change_succeeds_even_if_its_entry_cannot_be_written(api, audited, monkeypatch, caplog):
    def fail(entry: object) -> None:
        raise Busy

    audit = api.app.web_app.settings["nbyard"].services.audit
    monkeypatch.setattr(audit, "record", fail)
    assert api.send("POST", "/projects", {"name": "unlogged"}).status == 201
    assert "projects.create" in caplog.text
