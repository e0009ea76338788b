"""Models as executables: a model computes a prediction for each row of a dataset (mode batch)."""

import ast
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from nbyard.domain.arguments.structs import ANY, Argument
from nbyard.domain.attempts.structs import CommandWork
from nbyard.domain.commands.invocations import ATTEMPT
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.domain.models.model_files import read_mlflow_file, read_model_file
from nbyard.domain.models.structs import (
    MLFLOW_FILE,
    MODEL_FILES,
    SERVING_FOLDER,
    ModelFile,
    model_json,
)
from nbyard.domain.paging import check_choice
from nbyard.domain.parsing.strict_yaml import read_yaml
from nbyard.domain.workflows.edges import FOLDER
from nbyard.errors import Invalid
from nbyard.kinds.protocol import Reading

MODE = "nbyard.serving.batch:BatchMode"
PYTHON = "python3"
INPUT, OUTPUT = "data", "predictions"
CSV, PARQUET = "csv", "parquet"
# a folder output has a file for each file of the dataset
OUTPUTS = (CSV, PARQUET, FOLDER)
MODEL = "--model"
# the path of model.json in an attempt
SERVED = f"{SERVING_FOLDER}/model.json"
# Values that are certainly no class; a call may return one.
NO_CLASS = (
    *(ast.Constant, ast.JoinedStr, ast.Lambda, ast.UnaryOp, ast.Compare),
    *(ast.List, ast.Tuple, ast.Dict, ast.Set),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)
# With these, a module may define any name while it is imported.
GETATTR = "__getattr__"
DYNAMIC = {"*", GETATTR, "globals", "exec", "sys.modules"}


def arguments_of(output: str = CSV) -> list[Argument]:
    """Return the arguments of any model: its input and its output in a format of OUTPUTS.

    Raises:
        Invalid: the output format is not in OUTPUTS.
    """
    check_choice("output", output, OUTPUTS)
    input_help = "CSV or Parquet, or a folder of them, to predict."
    return [
        Argument(INPUT, role="input", format=ANY, required=True, help=input_help),
        Argument(OUTPUT, role="output", format=output, help="A prediction for each row, in order."),
    ]


class ModelKind:
    """Executable kind `model`: predict each row of a dataset with a model."""

    name = "model"
    suffixes: tuple[str, ...] = (*MODEL_FILES, MLFLOW_FILE.lower())
    keeps_arguments = True

    def read(self, name: str, content: bytes) -> Reading:
        """Read the model file. Models of the modes http and batch are read alike.

        Raises:
            Invalid: a field of the file is missing or invalid.
        """
        model = read_model(name, content)
        return Reading(self.name, "python", "", arguments_of(), command=command_of(model))

    def check_files(self, file: Path, content: bytes) -> None:
        """Check that the module that a model file with this content names defines its class.

        Raises:
            Invalid: the folder, the module or the class is missing. The error names the field.
        """
        model = read_model(str(file), content)
        if model.module:
            check_class(file.parent, model, file.name)

    def work(
        self, file: str, reading: Reading, values: dict[str, Any], environment: EnvironmentRef
    ) -> CommandWork:
        """Return the command that predicts with the environment's interpreter.

        It runs in the folder of the model file. The serving code is part of the attempt folder.

        Raises:
            Invalid: the dataset is missing, or a value is not an argument of a model.
        """
        # The arguments of a model are the same for all models.
        for name in values:
            if name not in (INPUT, OUTPUT):
                raise Invalid.field(f"arguments.{name[:40]}", "a model does not have this argument")
        if INPUT not in values:
            raise Invalid.field(f"arguments.{INPUT}", "a dataset is needed")
        command, _ = with_spec_as_file(reading.command)
        if command[:1] == [PYTHON] and environment.interpreter:
            command[0] = environment.interpreter
        target = values.get(OUTPUT, f"{ATTEMPT}/outputs/{OUTPUT}/{OUTPUT}.csv")
        return CommandWork(
            [*command, "--input", str(values[INPUT]), "--output", str(target)],
            {"PYTHONPATH": f"{ATTEMPT}/{SERVING_FOLDER}"},
        )

    def code_digest(self, content: bytes) -> str:
        """Return the digest of the model file, without the class, which is another file."""
        return "sha256:" + hashlib.sha256(content).hexdigest()


def read_model(name: str, content: bytes) -> ModelFile:
    """Read a model file, or the file of an MLflow folder.

    Raises:
        Invalid: the file is malformed. The error names the field.
    """
    path = PurePosixPath(name)
    document = read_yaml(content, path.name)
    if path.name.lower() == MLFLOW_FILE.lower():
        return read_mlflow_file(document, path.parent.name or "model", path.name)
    return read_model_file(document, path.name)


def command_of(model: ModelFile) -> list[str]:
    """Return the command that predicts with a model, in the folder of its file."""
    spec_json = json.dumps(model_json(model), sort_keys=True)
    return [PYTHON, "-m", "nbyard.serving", MODE, MODEL, spec_json, "--root", "."]


def with_spec_as_file(command: Sequence[str]) -> tuple[list[str], str]:
    """Replace the JSON in a command of `command_of` by the path of model.json.

    Returns the command and the JSON, which is empty if the command has none. Linux limits a word
    to 128 KiB, which the JSON of a thousand columns can exceed.
    """
    argv = list(command)
    place = argv.index(MODEL) + 1 if MODEL in argv[:-1] else 0
    if not place or not argv[place].startswith('{"'):
        return argv, ""  # a description beside the file names another command
    spec_json, argv[place] = argv[place], f"{ATTEMPT}/{SERVED}"
    return argv, spec_json


def check_class(folder: Path, model: ModelFile, where: str) -> None:
    """Check that a module in the folder defines the class of the model, without running it.

    Raises:
        Invalid: The folder, the module or the class is missing. The error names the field.
    """
    src = (folder / model.src).resolve()
    if not src.is_relative_to(folder) or not src.is_dir():
        raise Invalid.field(f"{where}.src", f"there is no folder {model.src} next to the file")
    path = src.joinpath(*model.module.split("."))
    places = [path.with_name(f"{path.name}.py"), path / "__init__.py"]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        why = f"there is no module {model.module} in {model.src}"
        raise Invalid.field(f"{where}.interface.model_module", why)
    try:
        tree = ast.parse(file.read_bytes(), file.name)
    except (SyntaxError, ValueError) as error:
        why = f"{file.name}: {error}"
        raise Invalid.field(f"{where}.interface.model_module", why) from None
    if not {model.class_name, *DYNAMIC} & set(possible_classes(tree)):
        why = f"{file.name} has no class {model.class_name} at its top level"
        raise Invalid.field(f"{where}.interface.model_class", why)


def possible_classes(tree: ast.Module) -> Iterator[str]:
    """Yield the names that may be a class of the module, and those of `DYNAMIC` that it uses.

    A class may be defined at any level, imported, or assigned to a name.
    """
    ignored: set[ast.AST] = set()
    for node in ast.walk(tree):  # parents come before their children
        if node in ignored:
            continue
        if isinstance(node, ast.ClassDef):
            yield node.name
            ignored |= {part for part in node.body if getattr(part, "name", "") == GETATTR}
        elif isinstance(node, ast.ImportFrom | ast.Import):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.FunctionDef):
            # A decorator may return anything.
            yield from [node.name] if node.decorator_list or node.name == GETATTR else []
        elif isinstance(node, ast.Assign):
            ignored.update(*(_plain_names(target, node.value) for target in node.targets))
        elif isinstance(node, ast.AnnAssign):
            ignored.update(_plain_names(node.target, node.value))
        elif isinstance(node, ast.Name) and (isinstance(node.ctx, ast.Store) or node.id in DYNAMIC):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield ast.unparse(node)


def _plain_names(target: ast.expr, value: ast.expr | None) -> Iterator[ast.AST]:
    """Yield the names in a target of an assignment that are certainly no class."""
    if isinstance(target, ast.Name):
        yield from [target] if value is None or isinstance(value, NO_CLASS) else []
    elif isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
        has_star = any(isinstance(part, ast.Starred) for part in [*target.elts, *value.elts])
        is_paired = len(target.elts) == len(value.elts) and not has_star
        for part, part_value in zip(target.elts, value.elts, strict=False) if is_paired else ():
            yield from _plain_names(part, part_value)
