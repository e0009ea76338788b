"""Model packages from files."""

from importlib import metadata

import pytest
from tests.support.refusals import refused_at

from nbyard.domain.models.structs import ModelColumn, NewModel
from nbyard.errors import Invalid, NotFound

from .test_service import write

pytestmark = pytest.mark.slow

MODEL = """
import json
import msgspec
from helping.near import sign


class Signs:
    input_schema = {"x": float}
    output_schema = {"sign": int}

    def predict(self, frame):
        return [sign(one) for one in frame["x"]]
"""


@pytest.fixture
def file(root) -> str:
    folder = root / "signs"
    (folder / "helping").mkdir(parents=True)
    (folder / "model.py").write_text(MODEL)
    (folder / "helping/__init__.py").write_text("")
    (folder / "helping/near.py").write_text("from .far import sign\nimport yaml\n")
    (folder / "helping/far.py").write_text("def sign(x): return int(x > 0)\n")
    (folder / "other").mkdir()
    (folder / "other/big.bin").write_text("x" * 100)
    return "signs/model.py"


def paths(yard, digest: str) -> list[str]:
    return [one.path for one in yard.context.blobs.tree(digest).files]


def test_a_class_is_built_with_the_modules_and_packages_that_it_imports(models, ann, file, yard):
    made = models.build(ann, NewModel(file))
    assert (made.name, made.mode, made.path, made.source) == ("Signs", "http", file, None)
    assert (made.model.module, made.model.class_name, made.model.src) == ("model", "Signs", ".")
    assert made.model.inputs == [ModelColumn("x", "float")]
    pins = [f"{name}=={metadata.version(name)}" for name in ("msgspec", "pyyaml")]
    assert sorted(line.lower() for line in made.model.requirements) == pins
    beside = ["helping/__init__.py", "helping/far.py", "helping/near.py", "model.py"]
    beside.append("other/big.bin")  # of a folder that is not too large all comes along
    assert paths(yard, made.bundle_digest) == beside
    assert models.build(ann, NewModel(file, class_name="Signs")).number == 2


def test_the_class_of_a_project_comes_with_all_of_it(models, ann, file, root, yard):
    (root / "requirements.txt").write_text("")
    made = models.build(ann, NewModel(file))
    assert made.model.src == "signs"
    assert "signs/other/big.bin" in paths(yard, made.bundle_digest)


def test_a_requirements_file_beside_it_counts_in_place_of_its_imports(models, ann, file, root):
    (root / "signs/requirements.txt").write_text("# all\nnumpy == 2.1\n")
    assert models.build(ann, NewModel(file)).model.requirements == ["numpy==2.1"]


@pytest.mark.parametrize(
    ("old", "new", "path", "words"),
    [
        ("import msgspec", "import no_such", "model.py.requirements", "imports no_such"),
        ("class Signs", "class Signs(:", "model.py", "line"),
        (
            '    input_schema = {"x": float}\n',
            "",
            "model.py:Signs.input_schema",
            "does not declare",
        ),
    ],
)
def test_missing_settings_are_requested(models, ann, file, root, old, new, path, words):
    (root / file).write_text(MODEL.replace(old, new))
    with refused_at(path) as caught:
        models.build(ann, NewModel(file))
    assert words in caught.value.message
    assert models.list(ann).items == []


def test_all_that_is_missing_is_named_at_once(models, ann, file, root):
    text = MODEL.replace("import msgspec", "import no_such").replace("    input_schema", "    x")
    (root / file).write_text(text)
    with pytest.raises(Invalid) as caught:
        models.build(ann, NewModel(file))
    paths = [detail.path for detail in caught.value.details]
    assert paths == ["model.py:Signs.input_schema", "model.py.requirements"]
    lines = [line for line in caught.value.hint.splitlines() if line.startswith("    ")]
    assert [line.split()[0] for line in lines] == ["input_schema", "no_such"]


def test_optional_imports_are_not_required(models, ann, file, root):
    tried = "try:\n    import no_such_module\nexcept ImportError:\n    pass"
    (root / file).write_text(MODEL.replace("import msgspec", tried))
    (line,) = models.build(ann, NewModel(file)).model.requirements
    assert line.lower().startswith("pyyaml==")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (NewModel(), "path"),
        (NewModel("signs", class_name="Signs"), "class_name"),
        (NewModel("signs/model.py", run="1", output="model"), "path"),
        (NewModel("signs/my-model.py"), "path"),
    ],
)
def test_only_one_source_is_built(models, ann, file, root, body, path):
    (root / "signs/my-model.py").write_text(MODEL)
    with refused_at(path):
        models.build(ann, body)


def test_a_missing_file_is_named(models, ann):
    with pytest.raises(NotFound, match=r"no file signs\.py"):
        models.build(ann, NewModel("signs.py"))


def test_a_model_file_means_its_folder(models, ann, root):
    """A node on the canvas knows its file."""
    write(root)
    by_file = models.build(ann, NewModel("job/nervosum.yaml"))
    by_folder = models.build(ann, NewModel("job"))
    assert (by_file.path, by_file.name) == (by_folder.path, by_folder.name)
    assert by_file.bundle_digest == by_folder.bundle_digest
    assert models.deployed(ann, NewModel("job/nervosum.yaml")).items == []
    (root / "job/other.yaml").write_text("")
    with pytest.raises(NotFound):
        models.build(ann, NewModel("job/other.yaml"))
