"""Tasks receive secrets, and no stored record shows one."""

import json

import pytest
from tests.support.leaked_secrets import CANARY, in_memory, is_in, places_of

from nbyard.domain.credentials import CredentialPatch, NewCredential
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import InUse, Invalid
from nbyard.reasons.structs import because

from .telling import ANN, ENDED, REACHES, Telling

FUNCTION = """
def call(token: str, fail: bool):
    secret = open(token).read()
    print(secret)
    if fail:
        raise ValueError(secret)
    return len(secret)
"""


FAILS = pytest.mark.parametrize("fails", [False, True])


@pytest.fixture
def work(yard, dispatcher):
    return Telling(yard.context.files.root, yard, dispatcher)


@FAILS
def test_notebook_receives_a_secret_as_a_path_and_no_record_shows_it(work, fails):
    path = work.telling_notebook()
    detail = work.run(path=path, parameters={"token": "api", "fails": fails})
    work.check(detail, fails=fails)
    if fails:
        assert detail.tasks[0].failure.message == "ValueError: ***"


@FAILS
@pytest.mark.parametrize("reach", REACHES)
def test_command_receives_a_secret_as_file_variable_or_stdin(work, reach, fails):
    path = work.telling_script(reach, fails=fails)
    work.check(work.run(path=path, parameters={"token": "api"}), fails=fails)


def test_function_receives_a_secret_as_a_path(work):
    (work.root / "steps.py").write_text(FUNCTION)
    arguments = [{"name": "token", "type": "secret", "required": True},
                 {"name": "fail", "type": "bool"}]  # fmt: skip
    (work.root / "steps.py.call.nbexec").write_text(
        json.dumps({"version": 1, "arguments": arguments})
    )
    for fails in (False, True):
        detail = work.run(path="steps.py::call", parameters={"token": "api", "fail": fails})
        assert detail.run.state == ("failed" if fails else "succeeded"), detail.tasks[0].failure
        assert "***\n" in work.log(detail)
        assert not is_in(work.told(detail))
        assert places_of(work.yard.store.folder) == [] and in_memory(work.yard.store.id) == []


def test_output_that_contains_a_secret_is_reported(work):
    text = "import sys\nopen(sys.argv[2], 'w').write('<' + open(sys.argv[1]).read() + '>')\n"
    arguments = [
        {"name": "token", "type": "secret", "reach": {"kind": "positional", "position": 0}},
        {"name": "out", "role": "output", "format": "txt",
         "reach": {"kind": "positional", "position": 1}},
    ]  # fmt: skip
    detail = work.run(path=work.script(text, *arguments), parameters={"token": "api"})
    assert detail.run.state == "succeeded"
    assert detail.tasks[0].warning == because("output-holds-secret", output="out")


def test_login_is_a_json_file_whose_public_fields_are_shown(work):
    fields = {"access_key_id": "ann-key", "secret_access_key": CANARY}
    work.yard.services.credentials.create(ANN, NewCredential("minio", "s3", fields))
    path = work.notebook("login = ''  # type: secret", "import nbyard\nnbyard.secret('login')")
    detail = work.run(path=path, parameters={"login": "minio"})
    assert detail.run.state == "succeeded"
    assert not is_in(work.told(detail)) and b"ann-key" in work.told(detail)


def test_unknown_credential_is_refused_at_its_field(work):
    """The value may be the secret itself, so the message does not repeat it."""
    path = work.notebook("token = ''  # type: secret", "token")
    for call in (work.yard.services.runs.create, work.yard.services.runs.check):
        with pytest.raises(Invalid) as refused:
            call(ANN, NewRun(path=path, parameters={"token": CANARY}))
        assert [one.path for one in refused.value.details] == ["parameters.token"]
        assert "credential of that name" in refused.value.message
        assert "Your credentials: api." in refused.value.hint
        assert not is_in(refused.value.words.encode())
    with pytest.raises(Invalid, match="name of a credential"):
        work.yard.services.runs.create(ANN, NewRun(path=path, parameters={"token": ""}))


def test_result_is_cached_until_the_credential_is_replaced(work):
    path = work.notebook("token = ''  # type: secret", "print(len(open(token).read()))")
    body = {"path": path, "parameters": {"token": "api"}}
    first, again = work.run(**body), work.run(**body)
    assert (first.tasks[0].cached, again.tasks[0].cached) == (False, True)
    work.yard.services.credentials.update(ANN, "api", CredentialPatch(1, {"secret": "another"}))
    assert not work.run(**body).tasks[0].cached


def test_deleted_credential_fails_the_task_that_needs_it(work):
    path = work.notebook("token = ''  # type: secret", "token")
    with work.dispatching.standing_still():
        made = work.yard.services.runs.create(ANN, NewRun(path=path, parameters={"token": "api"}))
        with pytest.raises(InUse, match="run 1"):
            work.yard.services.credentials.delete(ANN, "api")
        work.yard.services.credentials.delete(ANN, "api", force=True)
    detail = work.dispatching.until(
        lambda: work.yard.services.runs.get(ANN, made.id), lambda d: d.run.state in ENDED
    )
    failure = detail.tasks[0].failure
    assert failure is not None and failure.kind == "preparation"
    assert failure.reason == because("credential-deleted-since", credential="'api'")


def test_credential_lists_the_workflows_that_use_it(work):
    argument = {"name": "token", "type": "secret", "reach": {"kind": "option", "flag": "--token"}}
    plain = {"name": "word", "reach": {"kind": "option", "flag": "--word"}}
    node = {"type": "executable", "path": work.script("", argument, plain)}
    for name, arguments, parameters in (
        ("secret", {"token": {"value": "api"}}, {}),
        ("word", {"word": {"value": "api"}}, {}),
        ("parameter", {"token": {"parameter": "t"}}, {"t": {"type": "secret", "default": "api"}}),
        ("unknown", {"token": {"value": "other"}}, {}),
    ):
        document = {"version": 1, "meta": {"title": name, "parameters": parameters}}
        document["nodes"] = {"main": {**node, "arguments": arguments}}
        (work.root / f"{name}.nbflow").write_text(json.dumps(document))
    credentials = work.yard.services.credentials
    assert credentials.get(ANN, "api").used_by == ["parameter.nbflow", "secret.nbflow"]
    with pytest.raises(InUse, match=r"'api' .* parameter\.nbflow, secret\.nbflow"):
        credentials.delete(ANN, "api")
    assert work.run(path="secret.nbflow").run.state == "succeeded"
    assert work.run(path="parameter.nbflow").tasks[0].arguments == {"token": "api"}
    with pytest.raises(Invalid, match=r"main\.token: token: .* no credential"):
        work.run(path="unknown.nbflow")
    with pytest.raises(Invalid, match=r"parameters\.t: .* no credential"):
        work.run(path="parameter.nbflow", parameters={"t": CANARY})
