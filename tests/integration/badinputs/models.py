"""Bad model files, and files that are not models."""

from typing import Any

from . import code, containers
from .ground import Ground, Seen, seen

FILE = """
name: m
deployment: {{mode: http}}
src: .
interface: {{model_module: {module}, model_class: {name}}}
input_schema: {{name: x, type: int}}
output_schema: {{name: y, type: int}}
"""


def build(ground: Ground, given: dict[str, Any], entry: dict[str, Any]) -> Seen:
    """Build a model from its module and class, or else the options of an image."""
    if "model" not in given:
        return containers.build(ground, given, entry)
    module, _, name = given["model"].partition(":")
    return _built(ground, FILE.format(module=module, name=name))


def read(ground: Ground, what: str, entry: dict[str, Any]) -> Seen:
    """Read YAML as a model file, and as the description of a tool."""
    refused = _built(ground, what)
    assert refused.status == 422 and refused.said, refused
    return code.register_tool(ground, what, entry)


def _built(ground: Ground, text: str) -> Seen:
    folder = ground.file("nervosum.yaml", text).rpartition("/")[0]
    return seen(ground.send("POST", "/models", {"path": folder}))
