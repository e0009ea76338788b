"""Model files: Nervosum's `nervosum.yaml`, and the file `MLmodel` of MLflow's folders.

Only the document is read here. The build checks whether the files in it exist.
"""

import keyword
import posixpath
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from nbyard.domain.models.column_types import columns_of
from nbyard.domain.models.structs import HTTP, TAG, ModelFile
from nbyard.domain.names import check_name
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because
from nbyard.spelling import similar

TOP = (
    "name", "deployment", "tag", "src", "interface", "requirements", "input_schema",
    "output_schema", "metadata",
)  # fmt: skip
MODE = re.compile(r"[a-z][a-z0-9_-]{0,31}")
MAX_TAG = 128
MAX_LINES = 1000


def read_model_file(document: Any, where: str = "model") -> ModelFile:
    """Parse the document of a nervosum.yaml. `where` is the file's name.

    Raises:
        Invalid: a field is missing, unknown or invalid; the message names it.
    """
    top = _object(document, where)
    _only(top, where, TOP)
    deployment = _part(top, where, "deployment", ("mode", "platform_tag"))
    interface = _part(top, where, "interface", ("model_module", "model_class"))
    lines, file = _requirements(top.get("requirements"), f"{where}.requirements")
    return ModelFile(
        name=check_name(_scalar(top, where, "name"), f"{where}.name"),
        mode=_mode(_scalar(deployment, f"{where}.deployment", "mode"), f"{where}.deployment.mode"),
        platform_tag=_scalar(deployment, f"{where}.deployment", "platform_tag", default=""),
        tag=_tag(_scalar(top, where, "tag", default=""), f"{where}.tag"),
        src=folder_path(_scalar(top, where, "src"), f"{where}.src"),
        module=_module(
            _scalar(interface, f"{where}.interface", "model_module"),
            f"{where}.interface.model_module",
        ),
        class_name=_class(
            _scalar(interface, f"{where}.interface", "model_class"),
            f"{where}.interface.model_class",
        ),
        requirements=lines,
        requirements_file=file,
        inputs=columns_of(_needed(top, where, "input_schema"), f"{where}.input_schema"),
        outputs=columns_of(_needed(top, where, "output_schema"), f"{where}.output_schema"),
        metadata=_metadata(top.get("metadata"), f"{where}.metadata"),
    )


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        _refuse(where, because("object-with-fields", fields=[*TOP]))
    return value


def _only(found: Mapping[str, Any], where: str, known: tuple[str, ...]) -> None:
    for name in found:
        if name not in known:
            near = similar(name, known)
            among = because("no-such-field-among", known=[*known])
            reason = because("no-such-field-near", near=near) if near else among
            _refuse(f"{where}.{name[:60]}", reason)


def _needed(found: Mapping[str, Any], where: str, name: str) -> Any:
    if found.get(name) is None:
        _refuse(f"{where}.{name}", because("missing"))
    return found[name]


def _part(
    top: Mapping[str, Any], where: str, name: str, known: tuple[str, ...]
) -> Mapping[str, Any]:
    found = _needed(top, where, name)
    if not isinstance(found, Mapping):
        _refuse(f"{where}.{name}", because("object-with", fields=[*known]))
    _only(found, f"{where}.{name}", known)
    return found


def _scalar(found: Mapping[str, Any], where: str, name: str, default: str | None = None) -> str:
    """Return a text. Integers are converted, but not numbers that would lose their spelling."""
    value = found.get(name)
    if value is None and default is not None:
        return default
    value = _needed(found, where, name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        _refuse(f"{where}.{name}", because("quotes-needed"))
    if not value.strip() or "\0" in value or len(value) > MAX_LINES:
        _refuse(f"{where}.{name}", because("empty-or-too-long"))
    return value


def _mode(text: str, where: str) -> str:
    if not MODE.fullmatch(text):
        _refuse(where, because("not-mode", mode=repr(text[:40])))
    return text


def _tag(text: str, where: str) -> str:
    if text and not TAG.fullmatch(text):
        _refuse(where, because("not-tag", tag=repr(text[:MAX_TAG])))
    return text


def folder_path(text: str, where: str) -> str:
    """Return a folder below that of the model file, in normal form.

    Raises:
        Invalid: the path leaves the folder.
    """
    plain = posixpath.normpath(text.replace("\\", "/"))
    if plain.startswith(("/", "../")) or plain == "..":
        _refuse(where, because("leaves-model-folder", path=text[:200]))
    return plain


def _module(text: str, where: str) -> str:
    if text.endswith(".py") or not all(_is_name(part) for part in text.split(".")):
        _refuse(where, because("not-module", name=repr(text[:80])))
    return text


def _class(text: str, where: str) -> str:
    if not _is_name(text):
        _refuse(where, because("not-class-name", name=repr(text[:80])))
    return text


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text) and not text.startswith("__")


def _requirements(value: Any, where: str) -> tuple[list[str], str]:
    """Return lines, or the name of a file."""
    if value is None or value == []:
        return [], ""
    if isinstance(value, str):
        return [], folder_path(value, where)
    if not isinstance(value, list) or len(value) > MAX_LINES:
        _refuse(where, because("requirements-needed"))
    for index, line in enumerate(value):
        if not isinstance(line, str) or "\n" in line:
            _refuse(f"{where}.{index}", because("package-needed"))
    return list(value), ""


def _metadata(value: Any, where: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        _refuse(where, because("object-needed"))
    return dict(value)


def read_mlflow_file(document: Any, name: str, where: str = "MLmodel") -> ModelFile:
    """Parse the file `MLmodel` of a folder with that `name`.

    It must have MLflow's flavour python_function and a signature of columns.

    Raises:
        Invalid: the flavour or the signature is missing.
    """
    top = document if isinstance(document, Mapping) else {}
    flavours = top.get("flavors")
    if not isinstance(flavours, Mapping) or "python_function" not in flavours:
        _refuse(f"{where}.flavors", because("no-python-function"))
    signature = top.get("signature")
    if not isinstance(signature, Mapping) or not signature.get("inputs"):
        _refuse(f"{where}.signature", because("no-signature"))
    outputs = signature.get("outputs")
    if not outputs:
        _refuse(f"{where}.signature.outputs", because("no-signature-outputs"))
    return ModelFile(
        name=check_name(name, f"{where}.name"),
        mode=HTTP,
        src=".",
        module="",
        class_name="",
        flavour="mlflow",
        requirements_file="requirements.txt",
        inputs=columns_of(signature["inputs"], f"{where}.signature.inputs"),
        outputs=columns_of(outputs, f"{where}.signature.outputs"),
    )


def _refuse(where: str, reason: Reason) -> NoReturn:
    raise Invalid.field(where, reason)
