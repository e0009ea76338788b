"""projects.*: what is stored, refused, linked and kept."""

import msgspec
import nbformat
import pytest

from nbyard.domain.automations.structs import NewAutomation
from nbyard.domain.callers import Caller
from nbyard.domain.credentials import NewCredential
from nbyard.domain.datasets.structs import FileSource, NewDataset
from nbyard.domain.models.structs import NewModel
from nbyard.domain.projects.structs import LinkKind, NewLink, NewProject, ProjectPatch, ProjectTask
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid, NameTaken, NotFound, StaleWrite
from nbyard.services.operation_table import table

SIDEBAR = (
    *("artifacts", "credentials", "datasets", "deployments", "environments", "executables"),
    *("automations", "runs", "workflows"),
)


@pytest.fixture
def made(projects, ann):
    return projects.create(
        ann,
        NewProject(
            "wine",
            "About wine",
            "https://git.example/wine",
            "A GPU",
            metadata={"team": "cellar"},
            task=ProjectTask("Predict quality", "white-wine", "RMSE below 0.6"),
        ),
    )


def test_a_project_is_stored(projects, ann, made):
    assert (made.description, made.requirements) == ("About wine", "A GPU")
    assert made.metadata == {"team": "cellar"} and made.task.criteria == "RMSE below 0.6"
    shown = msgspec.structs.replace(made, stored_bytes=0)
    assert projects.get(ann, "wine") == projects.get(ann, made.id) == shown
    assert projects.list(ann).items == [made]
    assert projects.list(ann, search="beer").items == []


def test_names_are_unique(projects, ann, made):
    with pytest.raises(NameTaken):
        projects.create(ann, NewProject("wine"))
    other = projects.create(ann, NewProject("beer"))
    with pytest.raises(NameTaken):
        projects.update(ann, "beer", ProjectPatch(other.revision, name="wine"))
    assert projects.update(ann, "wine", ProjectPatch(made.revision, name="wine")).name == "wine"


def test_the_same_key_creates_one_project(projects, ann):
    first = projects.create(ann, NewProject("wine"), idempotency_key="k")
    assert projects.create(ann, NewProject("wine"), idempotency_key="k") == first


def test_a_change_keeps_omitted_fields(projects, ann, made):
    changed = projects.update(ann, "wine", ProjectPatch(made.revision, metadata={"team": "press"}))
    assert (changed.metadata, changed.description) == ({"team": "press"}, made.description)
    with pytest.raises(StaleWrite):
        projects.update(ann, "wine", ProjectPatch(made.revision, description="late"))
    task = ProjectTask("Another goal")
    assert projects.update(ann, "wine", ProjectPatch(changed.revision, task=task)).task == task


def test_bad_fields_are_refused(projects, ann, made):
    with pytest.raises(Invalid):
        projects.create(ann, NewProject("beer", repository="file:///etc"))
    with pytest.raises(Invalid):
        projects.update(ann, "wine", ProjectPatch(made.revision, name=" "))
    assert len(projects.list(ann).items) == 1


def test_links(projects, ann, made, imported, flow, finished):
    run = finished(path=flow).run
    resources: tuple[tuple[LinkKind, str], ...] = (
        ("dataset", imported.name),
        ("executable", "tool"),
        ("workflow", flow),
        ("run", str(run.number)),
    )
    for kind, key in resources:
        assert projects.link(ann, "wine", NewLink(kind, key)).links[kind] == 1
        projects.link(ann, "wine", NewLink(kind, key))
    found = projects.links(ann, "wine").items
    assert {one.kind for one in found} == {"dataset", "executable", "workflow", "run"}
    assert [one.name for one in projects.links(ann, "wine", kind="workflow").items] == ["Twice"]
    assert projects.linkable(ann, "wine", kind="dataset").items == []
    projects.unlink(ann, "wine", "dataset", imported.id)
    assert [one.id for one in projects.linkable(ann, "wine", kind="dataset").items] == [imported.id]
    with pytest.raises(NotFound, match="not linked"):
        projects.unlink(ann, "wine", "dataset", imported.id)


def test_equal_bytes_of_a_project_count_once(projects, ann, made, imported, flow, finished):
    details = [finished(path=flow) for _ in range(2)]
    for detail in details:
        projects.link(ann, "wine", NewLink("run", detail.run.id))
    results = [one for detail in details for task in detail.tasks for one in task.artifacts]
    sizes = {one.digest: one.size_bytes for one in results}
    assert projects.get(ann, "wine").stored_bytes == sum(sizes.values()) > 0
    projects.link(ann, "wine", NewLink("dataset", imported.id))
    expected = sum(sizes.values()) + imported.current.size_bytes
    assert projects.get(ann, "wine").stored_bytes == expected


def test_a_workflow_is_linked_before_it_runs(projects, ann, made, flow, root, yard):
    (root / "other.nbflow").write_text((root / flow).read_text().replace("Twice", "Thrice"))
    offered = projects.linkable(ann, "wine", kind="workflow").items
    assert {(one.name, one.path) for one in offered} == {
        ("Twice", flow),
        ("Thrice", "other.nbflow"),
    }
    (offer,) = projects.linkable(ann, "wine", kind="workflow", search="twice").items
    assert projects.link(ann, "wine", NewLink("workflow", offer.id)).links["workflow"] == 1
    (linked,) = projects.links(ann, "wine", kind="workflow").items
    assert (linked.name, linked.path) == ("Twice", flow)
    (listed,) = yard.services.workflows.list(ann, project="wine").items
    assert (listed.id, listed.has_runs) == (linked.id, False)
    assert yard.services.runs.create(ann, NewRun(path=flow)).workflow_id == linked.id
    assert yard.services.workflows.list(ann, project="wine").items[0].has_runs
    (rest,) = projects.linkable(ann, "wine", kind="workflow").items
    assert rest.path == "other.nbflow"


@pytest.mark.parametrize("limit", [1, 2])
def test_files_that_never_ran_follow_a_full_page(projects, ann, made, flow, root, yard, limit):
    yard.services.runs.create(ann, NewRun(path=flow))
    for name in ("second", "third"):
        (root / f"{name}.nbflow").write_text((root / flow).read_text().replace("Twice", name))
    page = projects.linkable(ann, "wine", kind="workflow", limit=limit)
    assert page.next is None
    assert {item.path for item in page.items} == {flow, "second.nbflow", "third.nbflow"}


def test_an_executable_is_listed_with_its_path(projects, ann, made, flow, finished):
    finished(path=flow)
    (resource,) = projects.linkable(ann, "wine", kind="executable", search="tool.py").items
    assert (resource.name, resource.path) == ("tool", "tool.py")
    assert projects.link(ann, "wine", NewLink("executable", "tool.py")).links["executable"] == 1


def test_a_notebook_is_linked_before_it_runs(projects, ann, made, root):
    for name in ("clean", "train"):
        nbformat.write(nbformat.v4.new_notebook(), root / f"{name}.ipynb")
    offered = projects.linkable(ann, "wine", kind="executable").items
    assert {one.path for one in offered} == {"clean.ipynb", "train.ipynb"}
    (offer,) = projects.linkable(ann, "wine", kind="executable", search="CLEAN").items
    for _ in range(2):
        assert projects.link(ann, "wine", NewLink("executable", offer.id)).links["executable"] == 1
    (linked,) = projects.links(ann, "wine", kind="executable").items
    assert (linked.name, linked.path, linked.is_gone) == ("clean", "clean.ipynb", False)
    (rest,) = projects.linkable(ann, "wine", kind="executable").items
    assert rest.path == "train.ipynb"
    with pytest.raises(NotFound):
        projects.link(ann, "wine", NewLink("executable", "gone.ipynb"))


def test_a_link_to_a_missing_file_is_marked_and_can_be_removed(projects, ann, made, flow, root):
    projects.link(ann, "wine", NewLink("workflow", flow))
    (linked,) = projects.links(ann, "wine", kind="workflow").items
    assert not linked.is_gone
    (root / flow).unlink()
    (linked,) = projects.links(ann, "wine", kind="workflow").items
    assert linked.is_gone
    projects.unlink(ann, "wine", "workflow", linked.id)
    assert projects.links(ann, "wine", kind="workflow").items == []


def test_a_model_is_linked_by_a_near_name(projects, ann, made, yard, root):
    (root / "model.py").write_text(
        "class MyIris:\n    input_schema = {'x': int}\n    output_schema = {'y': int}\n"
        "    def predict(self, frame): ...\n"
    )
    model = yard.services.models.build(ann, NewModel("model.py", class_name="MyIris"))
    projects.link(ann, "wine", NewLink("model", f"model-{model.name.lower()}"))
    assert [one.id for one in projects.links(ann, "wine").items] == [model.id]
    projects.unlink(ann, "wine", "model", model.name.lower())
    assert projects.links(ann, "wine").items == []


def test_a_page_of_links_continues(projects, ann, made, yard, root):
    for name in ("a", "b", "c"):
        (root / f"{name}.csv").write_text("x\n1\n")
        one = yard.services.datasets.create(ann, NewDataset(FileSource(f"{name}.csv")))
        projects.link(ann, "wine", NewLink("dataset", one.id))
    first = projects.links(ann, "wine", limit=2)
    rest = projects.links(ann, "wine", limit=2, after=first.next)
    assert [one.name for one in (*first.items, *rest.items)] == ["c.csv", "b.csv", "a.csv"]
    assert rest.next is None


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("dataset", "nothing"),
        ("run", "99"),
        ("workflow", "nothing.nbflow"),
        ("automation", "nothing"),
        ("model", "nothing"),
        ("deployment", "nothing"),
        ("environment", "nothing"),
        ("executable", "nothing"),
    ],
)
def test_only_what_exists_can_be_linked(projects, ann, made, kind, key):
    with pytest.raises(NotFound, match=key):
        projects.link(ann, "wine", NewLink(kind, key))


def test_an_unknown_kind_is_refused(projects, ann, made):
    for call in (projects.links, projects.linkable):
        with pytest.raises(Invalid, match="dataset"):
            call(ann, "wine", kind="channel")
    with pytest.raises(Invalid):
        projects.unlink(ann, "wine", "channel", "team")


def test_other_people_see_neither_project_nor_resources(projects, made, imported):
    eve = Caller("eve")
    projects.create(eve, NewProject("beer"))
    texts = []
    for key in (imported.id, imported.id[:-4] + "0000"):
        with pytest.raises(NotFound) as refused:
            projects.link(eve, "beer", NewLink("dataset", key))
        texts.append(str(refused.value).replace(key, ""))
    assert texts[0] == texts[1]
    for call in (projects.get, projects.delete, projects.links):
        with pytest.raises(NotFound):
            call(eve, made.id)
    assert projects.linkable(eve, "beer", kind="dataset").items == []


def test_deleting_a_project_keeps_its_resources(projects, ann, made, imported, yard):
    projects.link(ann, "wine", NewLink("dataset", imported.id))
    projects.delete(ann, "wine")
    assert projects.list(ann).items == []
    assert yard.services.datasets.get(ann, imported.id).name == imported.name


def test_every_list_of_the_sidebar_is_limited_to_a_project(projects, ann, made, yard, root):
    (root / "a.py").write_text("print()\n")
    services = yard.services
    on = {"run": {"path": "a.py"}, "on": {"kind": "notebook"}}
    pairs = [
        services.automations.create(ann, msgspec.convert({**on, "name": name}, NewAutomation))
        for name in ("mine", "other")
    ]
    secrets = [
        services.credentials.create(ann, NewCredential(name, "token", {"secret": "s"}))
        for name in ("mine", "other")
    ]
    projects.link(ann, "wine", NewLink("automation", "mine"))
    projects.link(ann, "wine", NewLink("credential", secrets[0].id))
    for service, found in ((services.automations, pairs), (services.credentials, secrets)):
        assert [one.id for one in service.list(ann, project="wine").items] == [found[0].id]
        assert service.list(ann, project="wine", search="other").items == []
        assert len(service.list(ann, search="min").items) == 1
        with pytest.raises(NotFound):
            service.list(Caller("eve"), project="wine")
    for operation in table():
        limits = [field.name for field in operation.fields]
        if operation.verb == "list" and operation.noun in SIDEBAR:
            assert {"project", "search"} <= {*limits}, operation.id


def test_results_are_shown_as_data_and_models(projects, ann, made, root, finished):
    """The newest result of each output, only from runs of the project."""
    (root / "train.py").write_text(
        "import argparse\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('--output-model', default='model.pickle')\n"
        "parser.add_argument('--output-scores', default='scores.csv')\n"
        "for path in vars(parser.parse_args()).values():\n"
        "    open(path, 'w').write('a')\n"
    )
    runs = [finished(path="train.py") for _ in range(3)]
    for done in runs[:2]:
        projects.link(ann, "wine", NewLink("run", done.run.id))
    found = projects.artifacts(ann, "wine").items
    assert {(one.kind, one.label, one.name, one.number) for one in found} == {
        ("model", "train.py", "output_model", runs[1].run.number),
        ("data", "train.py", "output_scores", runs[1].run.number),
    }
    assert [one.name for one in projects.artifacts(ann, "wine", kind="model").items] == [
        "output_model"
    ]
    assert [one.name for one in projects.artifacts(ann, "wine", search="SCOR").items] == [
        "output_scores"
    ]
    with pytest.raises(Invalid):
        projects.artifacts(ann, "wine", kind="picture")
    with pytest.raises(NotFound):
        projects.artifacts(Caller("eve"), "wine")
