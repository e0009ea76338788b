"""Check that the class that a model file names exists in its folder."""

import ast
from collections.abc import Iterator
from pathlib import Path

from nbyard.domain.models.structs import ModelFile
from nbyard.errors import Invalid

# Values that are certainly no class; a call may return one.
NO_CLASS = (
    *(ast.Constant, ast.JoinedStr, ast.Lambda, ast.UnaryOp, ast.Compare),
    *(ast.List, ast.Tuple, ast.Dict, ast.Set),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)
# With these, a module may define any name while it is imported.
GETATTR = "__getattr__"
DYNAMIC = {"*", GETATTR, "globals", "exec", "sys.modules"}


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
