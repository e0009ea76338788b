"""Build inputs of a model's image. Real builds: tests/integration/docker."""

import json
import sys
from types import ModuleType

import msgspec
import pytest

from nbyard.domain.models.structs import ModelColumn, ModelFile
from nbyard.errors import Invalid
from nbyard.images import model_images
from nbyard.images.model_images import model_files, serving_of

MODEL = ModelFile(
    "Spark job", "http", "src", "model", "M", [ModelColumn("x", "float")], [ModelColumn("y", "int")]
)


def test_equal_models_give_equal_bytes():
    assert model_files(MODEL, "python:3.11") == model_files(MODEL, "python:3.11")


def test_the_dockerfile_installs_the_server_first_and_runs_as_nobody():
    files = model_files(msgspec.structs.replace(MODEL, requirements=["numpy==2.1"]), "python:3.11")
    text = files["Dockerfile"]
    assert text.startswith("# Made by nbyard") and "ARG BASE=python:3.11\n" in text
    assert text.index("serving.txt") < text.index("requirements.txt")
    assert text.rstrip().endswith('"-m", "nbyard.serving", "nbyard.serving.http:HttpMode"]')
    assert "EXPOSE 5000\n" in text and "USER 65534:65534\n" in text
    assert files["requirements.txt"] == "numpy==2.1\n"
    assert "uvicorn" in files["serving.txt"] and "pandas" in files["serving.txt"]
    assert "requirements.txt" not in model_files(MODEL, "b")["Dockerfile"]


def test_the_server_is_copied_as_source_with_the_model():
    files = model_files(MODEL, "b")
    assert "lib/nbyard/serving/__main__.py" in files
    assert "lib/nbyard/serving/http/app.py" in files
    assert "import" not in files["lib/nbyard/__init__.py"]
    assert not any("__pycache__" in name for name in files)
    assert json.loads(files["model.json"])["name"] == "Spark job"


def test_an_unknown_mode_is_refused_by_name():
    with pytest.raises(Invalid, match=r"mode 'smoke'; .*http"):
        serving_of("smoke")


def test_an_external_mode_is_included(tmp_path, monkeypatch):
    (tmp_path / "herd/inner").mkdir(parents=True)
    (tmp_path / "herd/__init__.py").write_text("")
    (tmp_path / "herd/inner/__init__.py").write_text(
        "class Herd:\n    requirements = ('cow',)\n    port = 0\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    class Point:
        name, value = "herd", "herd.inner:Herd"

        def load(self):
            from importlib import import_module

            return import_module("herd.inner").Herd

    monkeypatch.setattr(model_images, "entry_points_of", lambda group: {"herd": Point()})
    model_images.serving_modes.cache_clear()
    try:
        files = model_files(msgspec.structs.replace(MODEL, mode="herd"), "b")
    finally:
        model_images.serving_modes.cache_clear()
        sys.modules.pop("herd", ModuleType("herd"))
    assert files["lib/herd/inner/__init__.py"]
    assert "cow\n" in files["serving.txt"]
    assert "EXPOSE" not in files["Dockerfile"]
