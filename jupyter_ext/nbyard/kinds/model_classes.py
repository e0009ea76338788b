"""Check that the class that a model file names exists in its folder."""

import ast
from pathlib import Path

from nbyard.domain.models.structs import ModelFile
from nbyard.errors import Invalid
from nbyard.reasons.structs import because

# Values that may be a class when they are assigned to a name, such as a call's result.
MAY_BE_CLASS = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.IfExp, ast.BoolOp)


def check_class(folder: Path, model: ModelFile, where: str) -> None:
    """Check that a module in the folder defines the class of the model, without running it.

    Raises:
        Invalid: The folder, the module or the class is missing. The error names the field.
    """
    src = (folder / model.src).resolve()
    if not src.is_relative_to(folder) or not src.is_dir():
        raise Invalid.field(f"{where}.src", because("no-folder-beside-file", path=model.src))
    path = src.joinpath(*model.module.split("."))
    places = [path.with_name(f"{path.name}.py"), path / "__init__.py"]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        why = because("no-module-in-folder", module=model.module, folder=model.src)
        raise Invalid.field(f"{where}.interface.model_module", why)
    try:
        tree = ast.parse(file.read_bytes(), file.name)
    except (SyntaxError, ValueError) as error:
        why = because("python-unreadable", file=file.name, message=str(error))
        raise Invalid.field(f"{where}.interface.model_module", why) from None
    # A class may be defined at any level, imported, or assigned to a name.
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign) and isinstance(node.value, MAY_BE_CLASS):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    if model.class_name not in names:
        why = because("class-missing", file=file.name, name=model.class_name)
        raise Invalid.field(f"{where}.interface.model_class", why)
