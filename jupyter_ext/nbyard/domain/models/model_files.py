"""Model files: Nervosum's `nervosum.yaml`, and the file `MLmodel` of MLflow's folders.

Only the parsed document is read here. The build checks whether the files that it names exist.
"""

import keyword
import posixpath
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from nbyard.domain.models.schema_notations import columns_of
from nbyard.domain.models.structs import HTTP, TAG, ModelFile
from nbyard.domain.naming.names import check_name
from nbyard.errors import Invalid
from nbyard.field_suggestions import similar_name

TOP = (
    "name", "deployment", "tag", "src", "interface", "requirements", "input_schema",
    "output_schema", "metadata",
)  # fmt: skip
MODE = re.compile(r"[a-z][a-z0-9_-]{0,31}")
MAX_TAG = 128
MAX_LINES = 1000


def read_model_file(document: Any, where: str = "model") -> ModelFile:
    """Parse the document of a nervosum.yaml. `where` is the file's name for errors.

    Raises:
        Invalid: a field is missing, unknown or invalid; the message names it.
    """
    if not isinstance(document, Mapping):
        _refuse(where, f"an object with the fields {', '.join(TOP)} is needed")
    _refuse_unknown(document, where, TOP)
    deployment = _part(document, where, "deployment", ("mode", "platform_tag"))
    interface = _part(document, where, "interface", ("model_module", "model_class"))
    lines, file = _requirements(document.get("requirements"), f"{where}.requirements")
    name = check_name(_scalar(document, where, "name"), f"{where}.name")
    mode = _scalar(deployment, f"{where}.deployment", "mode")
    if not MODE.fullmatch(mode):
        _refuse(
            f"{where}.deployment.mode", f"{mode[:40]!r} is not a valid mode, such as http or batch"
        )
    platform_tag = _scalar(deployment, f"{where}.deployment", "platform_tag", default="")
    tag = _scalar(document, where, "tag", default="")
    if tag and not TAG.fullmatch(tag):
        _refuse(
            f"{where}.tag",
            f"{tag[:MAX_TAG]!r} may contain only letters, digits and . _ -, and at most 128"
            " characters",
        )
    given = _scalar(document, where, "src") if "src" in document else "."
    src = folder_path(given, f"{where}.src")
    module, class_name = _module_and_class(interface, f"{where}.interface")
    inputs = columns_of(_needed(document, where, "input_schema"), f"{where}.input_schema")
    outputs = columns_of(_needed(document, where, "output_schema"), f"{where}.output_schema")
    metadata = document.get("metadata")
    if metadata is not None and not isinstance(metadata, Mapping):
        _refuse(f"{where}.metadata", "an object is needed")
    return ModelFile(
        name=name,
        mode=mode,
        platform_tag=platform_tag,
        tag=tag,
        src=src,
        module=module,
        class_name=class_name,
        requirements=lines,
        requirements_file=file,
        inputs=inputs,
        outputs=outputs,
        metadata=dict(metadata or {}),
    )


def _module_and_class(interface: Mapping[str, Any], where: str) -> tuple[str, str]:
    module = _scalar(interface, where, "model_module")
    # `model.py` is a valid dotted name, too: the module `py` of a package `model`.
    if module.endswith(".py") or not all(_is_name(part) for part in module.split(".")):
        _refuse(
            f"{where}.model_module",
            f"{module[:80]!r} is not a module of src, such as model or package.model",
        )
    class_name = _scalar(interface, where, "model_class")
    if not _is_name(class_name):
        _refuse(f"{where}.model_class", f"{class_name[:80]!r} is not a valid class name")
    return module, class_name


def _refuse_unknown(fields: Mapping[str, Any], where: str, known: tuple[str, ...]) -> None:
    for name in fields:
        if name not in known:
            near = similar_name(name, known)
            among = f"unknown field; known fields: {', '.join(known)}"
            reason = f"unknown field; did you mean {near}?" if near else among
            _refuse(f"{where}.{name[:60]}", reason)


def _needed(fields: Mapping[str, Any], where: str, name: str) -> Any:
    if fields.get(name) is None:
        _refuse(f"{where}.{name}", "is missing")
    return fields[name]


def _part(
    top: Mapping[str, Any], where: str, name: str, known: tuple[str, ...]
) -> Mapping[str, Any]:
    part = _needed(top, where, name)
    if not isinstance(part, Mapping):
        _refuse(f"{where}.{name}", f"an object with {' and '.join(known)} is needed")
    _refuse_unknown(part, f"{where}.{name}", known)
    return part


def _scalar(fields: Mapping[str, Any], where: str, name: str, default: str | None = None) -> str:
    """Return a field as text. Integers are converted; other numbers must be quoted."""
    value = fields.get(name)
    if value is None and default is not None:
        return default
    value = _needed(fields, where, name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    # A tag 1.10 without quotes is the number 1.1 in YAML, so its last digit would be lost.
    if not isinstance(value, str):
        _refuse(f"{where}.{name}", "text is needed: put it in quotes")
    if not value.strip() or "\0" in value or len(value) > MAX_LINES:
        _refuse(f"{where}.{name}", "is empty or too long")
    return value


def folder_path(text: str, where: str) -> str:
    """Return a path in normal form, which must be below the folder of the model file.

    Raises:
        Invalid: the path leaves the folder.
    """
    plain = posixpath.normpath(text.replace("\\", "/"))
    if plain.startswith(("/", "../")) or plain == "..":
        _refuse(where, f"{text[:200]} leads outside the model's folder")
    return plain


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text) and not text.startswith("__")


def _requirements(value: Any, where: str) -> tuple[list[str], str]:
    """Return the lines of requirements and an empty path, or no lines and a file's path."""
    if value is None or value == []:
        return [], ""
    if isinstance(value, str):
        return [], folder_path(value, where)
    if not isinstance(value, list) or len(value) > MAX_LINES:
        _refuse(where, "a list of packages or the name of a file is needed")
    for index, line in enumerate(value):
        if not isinstance(line, str) or "\n" in line:
            _refuse(f"{where}.{index}", "the name of a package is needed, such as numpy==2.1")
    return list(value), ""


def read_mlflow_file(document: Any, name: str, where: str = "MLmodel") -> ModelFile:
    """Parse the document of a file `MLmodel`. `name` becomes the name of the model.

    The document must have MLflow's flavour python_function and a signature of columns.

    Raises:
        Invalid: the flavour or the signature is missing.
    """
    top = document if isinstance(document, Mapping) else {}
    flavours = top.get("flavors")
    if not isinstance(flavours, Mapping) or "python_function" not in flavours:
        _refuse(f"{where}.flavors", "has no python_function, the only flavor that can be served")
    signature = top.get("signature")
    if not isinstance(signature, Mapping) or not signature.get("inputs"):
        _refuse(
            f"{where}.signature",
            "does not list the columns: log the model with signature=infer_signature(…)",
        )
    outputs = signature.get("outputs")
    if not outputs:
        _refuse(
            f"{where}.signature.outputs", "is missing: pass the predictions to infer_signature, too"
        )
    return ModelFile(
        name=check_name(name, f"{where}.name"),
        mode=HTTP,
        src=".",
        module="",
        class_name="",
        flavour="mlflow",
        # MLflow writes the requirements of each model to this file in its folder.
        requirements_file="requirements.txt",
        inputs=columns_of(signature["inputs"], f"{where}.signature.inputs"),
        outputs=columns_of(outputs, f"{where}.signature.outputs"),
    )


def _refuse(where: str, reason: str) -> NoReturn:
    raise Invalid.field(where, reason)
