"""Templates as copies of one's own, and the files that never ran."""

import errno
import json
import os
import shutil
from typing import get_args
from unittest.mock import Mock

import pytest

from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.structs import NAME, CheckWorkflow, NewExample, Template
from nbyard.errors import Forbidden, Invalid, NotFound, Unavailable
from nbyard.host import example_files
from nbyard.services.workflows import service


def test_the_copy_is_complete_with_its_own_id(workflows, ann, root):
    first = workflows.create_example(ann, NewExample())
    second = workflows.create_example(ann, NewExample())
    assert (first.path, second.path) == ("penguins/penguins.nbflow", "penguins-1/penguins.nbflow")
    texts = [(root / one.path).read_text() for one in (first, second)]
    ids = {json.loads(text)["meta"]["id"] for text in texts}
    origin = json.loads((example_files.CHECKOUT / "penguins/penguins.nbflow").read_text())
    assert len(ids) == 2
    assert origin["meta"]["id"] not in ids
    found = workflows.check(ann, CheckWorkflow(first.path, texts[0]))
    assert (found.problems, found.copy_of) == ([], "")
    assert json.loads(texts[0]) | {"meta": 0} == origin | {"meta": 0}
    assert '"penguins": [0, 240]' in texts[0]  # as the canvas writes it


def test_existing_files_are_not_overwritten(workflows, ann, root):
    (root / "penguins").write_text("mine")
    assert workflows.create_example(ann, NewExample()).path == "penguins-1/penguins.nbflow"
    assert (root / "penguins").read_text() == "mine"


def test_a_folder_of_the_users_choice_and_an_environment(workflows, ann, root):
    (root / "mine").mkdir()
    made = workflows.create_example(ann, NewExample("mine", "birds"))
    assert made.path == "mine/penguins/penguins.nbflow"
    nodes = json.loads((root / made.path).read_text())["nodes"]
    assert {name: node.get("environment") for name, node in nodes.items()} == {
        **dict.fromkeys(("clean", "train", "evaluate", "report"), "birds"),
        "penguins": None,
    }
    assert not any("requirements" in node for node in nodes.values())  # refused beside the other


def test_a_folder_that_is_missing_or_outside_is_refused(workflows, ann, root):
    create = workflows.create_example
    with pytest.raises(NotFound, match="no folder"):
        create(ann, NewExample("fog"))
    with pytest.raises(Invalid):
        create(ann, NewExample("../.."))


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_read_only_folder_is_refused(workflows, ann, root, monkeypatch, number):
    def refuse(folder):
        raise OSError(number, os.strerror(number), str(folder))

    (root / "mine").mkdir()
    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(Forbidden, match="mine is not writable"):
        workflows.create_example(ann, NewExample("mine"))


def test_a_failed_copy_leaves_no_files(workflows, ann, root, monkeypatch):
    copy = shutil.copyfile

    def full(source, target):
        if target.name == "requirements.txt":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return copy(source, target)

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(Unavailable, match="disk full"):
        workflows.create_example(ann, NewExample())
    assert not (root / "penguins").exists()


def test_a_copy_without_an_id_leaves_no_files(workflows, ann, root, monkeypatch):
    monkeypatch.setattr(service, "canonical", lambda _: pytest.fail("no text"))
    with pytest.raises(pytest.fail.Exception):
        workflows.create_example(ann, NewExample())
    assert not (root / "penguins").exists()


def test_an_installation_without_the_files_is_reported(workflows, ann, monkeypatch):
    monkeypatch.setattr(service, "source", lambda file: None)
    with pytest.raises(NotFound, match="contain the template"):
        workflows.create_example(ann, NewExample())
    assert workflows.templates(ann).items == []


def test_an_installed_example_is_found_in_the_data_of_jupyter(monkeypatch, tmp_path):
    file = tmp_path / "nbyard-examples" / "wine/wine.nbflow"
    file.parent.mkdir(parents=True)
    monkeypatch.setattr(example_files, "CHECKOUT", tmp_path / "none")
    monkeypatch.setattr(
        example_files, "jupyter_path", lambda *names: [str(tmp_path.joinpath(*names))]
    )
    assert example_files.source("wine/wine.nbflow") is None
    file.touch()
    assert example_files.source("wine/wine.nbflow") == file


def test_templates_have_a_title_a_description_and_a_note_on_what_to_look_at(workflows, ann):
    found = {each.name: each.document for each in workflows.templates(ann).items}
    assert [*found] == [*get_args(Template)]
    assert all(each.meta.title and each.meta.description for each in found.values())
    assert [name for name, each in found.items() if not each.comments] == [NAME]
    assert len({each.meta.id for each in found.values()}) == len(found)


def test_a_template_shares_the_lock_of_the_example(workflows, ann, root):
    made = workflows.create_example(ann, NewExample(template="words"))
    folder = root / "words"
    assert made.path == "words/words.nbflow"
    assert (folder / "requirements.txt").read_bytes() == (
        example_files.CHECKOUT / example_files.LOCK
    ).read_bytes()
    assert (folder / "count.sh.nbexec").is_file()


def test_missing_packages_of_the_kernel_are_named(workflows, ann, monkeypatch):
    needs = workflows.example_needs
    assert needs(ann).missing == []
    monkeypatch.setattr(service, "PACKAGES", ("pandas", "no-such-package"))
    assert needs(ann).missing == ["no-such-package"]
    # spelled as in another index
    monkeypatch.setattr(service, "PACKAGES", ("Pandas", "typing.extensions"))
    assert needs(ann).missing == []
    monkeypatch.setattr("nbyard.host.kernels.find_kernel", Mock(side_effect=NotFound("gone")))
    assert needs(ann).missing == []


def test_files_that_never_ran_are_listed_newest_first(yard, ann, workflows, flow, root):
    assert [one.path for one in workflows.unrun(ann).items] == [flow]
    (root / "sub").mkdir()
    for age, name in enumerate(("new.nbflow", "sub/old.nbflow")):
        document = {"version": 1, "meta": {"title": f"Flow {age}"}}
        (root / name).write_text(json.dumps(document))
        os.utime(root / name, (2_000_000_000 - age, 2_000_000_000 - age))
    (root / "broken.nbflow").write_text("{")
    found = workflows.unrun(ann, limit=2).items
    assert [(one.path, one.title) for one in found] == [
        ("new.nbflow", "Flow 0"),
        ("sub/old.nbflow", "Flow 1"),
    ]
    yard.services.runs.create(ann, NewRun(path=flow))
    assert flow not in [one.path for one in workflows.unrun(ann).items]
    assert "broken.nbflow" in [one.path for one in workflows.unrun(ann).items]
