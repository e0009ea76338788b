"""Model classes: Python classes with `predict`, read from source and never run.

The columns come from the first of these that exists:

- the attributes `input_schema` and `output_schema` of the class
- the annotations of `predict`: plain types such as `float`, or a class of the same file with
  annotated fields, such as a TypedDict or a dataclass
"""

import ast
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from nbyard.domain.inspection.constant_expressions import NotConstant, evaluate_constant
from nbyard.domain.inspection.python_calls import parse_python
from nbyard.domain.models.schema_notations import columns_of, names_type
from nbyard.domain.models.structs import HTTP, ModelColumn, ModelFile
from nbyard.domain.naming.names import check_name
from nbyard.errors import Detail, Invalid

PREDICT = "predict"
INPUTS, OUTPUTS = "input_schema", "output_schema"
EXAMPLE = {
    INPUTS: "input_schema = {'age': 'int', 'spent': 'float'}",
    OUTPUTS: "output_schema = {'leaves': 'bool'}",
}
MAX_LISTED = 10
# Annotations of several answers, such as `list[float]`.
SEVERAL = ("list", "List", "Sequence", "Series")


def read_class(content: bytes, file: str, class_name: str = "") -> ModelFile:
    """Return the model file of a class in a Python file, without its requirements.

    Without a `class_name`, the only class with `predict` is used.

    Raises:
        Invalid: the file is not valid Python. Or it has no class with `predict`, or several
            and none is named. Or the class does not declare its input and output columns; the
            error names all that is missing, and its hint has the lines to add.
    """
    tree = parse_python(content, file)
    classes = _classes_of(tree)
    model_class = _choose_class(classes, file, class_name)
    where = f"{file}:{model_class.name}"
    refused: list[Detail] = []
    # the server creates the model without arguments
    init = _method(classes, model_class, "__init__")
    if needed := [name.arg for name, is_optional in _parameters(init) if not is_optional]:
        reason = f"needs {', '.join(needed[:MAX_LISTED])}: models are created without arguments"
        refused.append(Detail(f"{where}.__init__", f"{reason}. Set a default for each"))
    reader, schemas = _Reader(tree, classes, model_class, where), []
    for side in (INPUTS, OUTPUTS):
        try:
            schemas.append(reader.columns(side))
        except Invalid as error:
            refused += error.details
    if refused:
        raise Invalid.fields(refused, hint=reader.missing_lines({each.path for each in refused}))
    return ModelFile(
        name=check_name(model_class.name, f"{where}.name"),
        mode=HTTP,
        src=".",
        module=file.rpartition("/")[2].removesuffix(".py"),
        class_name=model_class.name,
        inputs=schemas[0],
        outputs=schemas[1],
        flavour="row" if reader.takes_row else "class",
    )


def _parameters(function: ast.FunctionDef | None) -> list[tuple[ast.arg, bool]]:
    """Return the parameters of a method without self, each with whether it has a default."""
    if function is None:
        return []
    given = function.args
    places = [*given.posonlyargs, *given.args]
    optional = places[len(places) - len(given.defaults) :]
    pairs = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    named = [(name, default is not None) for name, default in pairs]
    return [*((name, name in optional) for name in places[1:]), *named]


def class_names(content: bytes, file: str) -> list[str]:
    """Return the names of the classes that have `predict`, own or from a base in the file.

    Raises:
        Invalid: the file is not valid Python.
    """
    return _fitting(_classes_of(parse_python(content, file)))


def _classes_of(tree: ast.Module) -> dict[str, ast.ClassDef]:
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def _fitting(classes: Mapping[str, ast.ClassDef]) -> list[str]:
    return [name for name, node in classes.items() if _method(classes, node, PREDICT)]


def _choose_class(classes: Mapping[str, ast.ClassDef], file: str, name: str) -> ast.ClassDef:
    fits = _fitting(classes)
    if name:
        if name not in classes:
            known = ", ".join([*classes][:MAX_LISTED]) or "no class"
            reason = f"{file} has no class {name[:80]!r} at its top level; it has: {known}"
            raise Invalid.field("class_name", reason)
        # A base class of another module, which is not read here, may define `predict`.
        if name not in fits and not classes[name].bases:
            raise Invalid.field("class_name", f"{name} has no method predict")
        return classes[name]
    if not fits:
        raise Invalid.field("path", f"{file} has no class with a method predict at its top level")
    if len(fits) > 1:
        reason = f"{file} has several classes with predict: {', '.join(fits[:MAX_LISTED])}"
        raise Invalid.field("class_name", reason, hint=f"Choose one, such as {file}:{fits[0]}.")
    return classes[fits[0]]


def _method(
    classes: Mapping[str, ast.ClassDef], of: ast.ClassDef, name: str
) -> ast.FunctionDef | None:
    """Return a method of the class, or of its base classes in the same file."""
    for each in _class_and_bases(classes, of):
        for statement in each.body:
            if isinstance(statement, ast.FunctionDef) and statement.name == name:
                return statement
    return None


def _class_and_bases(
    classes: Mapping[str, ast.ClassDef], of: ast.ClassDef
) -> Iterator[ast.ClassDef]:
    todo: list[ast.ClassDef] = [of]
    seen: set[str] = set()
    while todo:
        each = todo.pop(0)
        if each.name not in seen:
            seen.add(each.name)
            yield each
            names = [base.id for base in each.bases if isinstance(base, ast.Name)]
            todo += [classes[name] for name in names if name in classes]


class _Reader:
    def __init__(
        self,
        tree: ast.Module,
        classes: Mapping[str, ast.ClassDef],
        model: ast.ClassDef,
        where: str,
    ):
        self._tree = tree
        self._classes = classes
        self._model = model
        self._where = where
        self._predict = _method(classes, model, PREDICT)
        self._values = _parameters(self._predict)
        needed = sum(not is_optional for _, is_optional in self._values)
        # Whether predict takes the values of one row. Otherwise it takes a DataFrame.
        self.takes_row = needed > 1 or any(
            _is_plain(name.annotation) for name, _ in self._values[:1]
        )

    def missing_lines(self, paths: Collection[str]) -> str:
        """Return a hint with the lines to add to the class for the missing columns in `paths`."""
        sides = [side for side in (INPUTS, OUTPUTS) if f"{self._where}.{side}" in paths]
        lines = [EXAMPLE[side] for side in sides]
        if sides and self.takes_row and self._predict:
            for name, _ in self._values:
                name.annotation = name.annotation or ast.Name("float")
            lines = [f"def predict({ast.unparse(self._predict.args)}) -> float:"]
        code = "\n".join(f"        {line}" for line in lines)
        return f"Add to the class {self._model.name}, with your columns:\n\n{code}" if lines else ""

    def columns(self, side: str) -> list[ModelColumn]:
        """Return the columns of the input or of the output.

        Raises:
            Invalid: the class declares no columns of this side, or they cannot be read.
        """
        declared = self._columns_of_attribute(side) or self._columns_of_annotation(side)
        if not declared:
            kind = "input" if side == INPUTS else "output"
            reason = f"the class does not declare the {kind} columns of predict"
            raise Invalid.field(f"{self._where}.{side}", reason)
        return columns_of(declared, f"{self._where}.{side}")

    def _columns_of_attribute(self, side: str) -> list[dict[str, Any]]:
        for class_node in _class_and_bases(self._classes, self._model):
            for line in class_node.body:
                node = _assigned_value(line, side)
                if node is not None:
                    return self._columns_of_literal(node, side)
        return []

    def _columns_of_literal(self, node: ast.expr, side: str) -> list[dict[str, Any]]:
        name = node.id if isinstance(node, ast.Name) else ""
        values = [_assigned_value(line, name) for line in self._tree.body] if name else []
        # The last assignment of a variable counts, as after an import of the module.
        node = next((value for value in reversed(values) if value is not None), node)
        # {column: type}; with the keys name and type it is a single column
        if isinstance(node, ast.Dict):
            keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
            if not {"name", "type"} <= keys:
                return [
                    {"name": _text(key), "type": _text(value)}
                    for key, value in zip(node.keys, node.values, strict=True)
                    if key is not None
                ]
        listed = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
        return [self._column(element, f"{side}.{place}") for place, element in enumerate(listed)]

    def _column(self, node: ast.expr, where: str) -> dict[str, Any]:
        if isinstance(node, ast.Dict):
            try:
                return {
                    _text(key): _text(value)
                    if _text(key) == "type"
                    else evaluate_constant(value, {})
                    for key, value in zip(node.keys, node.values, strict=True)
                    if key is not None
                }
            except NotConstant:
                pass
        if isinstance(node, ast.Tuple | ast.List) and len(node.elts) == 2:
            return {"name": _text(node.elts[0]), "type": _text(node.elts[1])}
        raise Invalid.field(
            f"{self._where}.{where}",
            "cannot be read as a column without running the code: write {'name': …, 'type': …}",
        )

    def _columns_of_annotation(self, side: str) -> list[dict[str, Any]]:
        if self._predict is None:
            return []
        if side == INPUTS and self.takes_row:
            typed = [
                {"name": name.arg, "type": _text(name.annotation), "nullable": is_optional}
                for name, is_optional in self._values
                if name.annotation
            ]
            return typed if len(typed) == len(self._values) else []
        node = self._predict.returns
        if side == INPUTS:
            node = next((name.annotation for name, _ in self._values), None)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                node = ast.parse(node.value, mode="eval").body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return []
        # The class may be inside of another type, such as `Row` in `list[Row]`.
        for inner in ast.walk(node) if node is not None else ():
            if isinstance(inner, ast.Name) and inner.id in self._classes:
                fields = [
                    {
                        "name": line.target.id,
                        "type": _text(line.annotation),
                        "nullable": line.value is not None,
                    }
                    for line in self._classes[inner.id].body
                    if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
                ]
                if fields:
                    return fields
        if isinstance(node, ast.Subscript) and _text(node.value) in SEVERAL:
            node = node.slice
        is_answer = side == OUTPUTS and _is_plain(node)
        return [{"type": _text(node)}] if node is not None and is_answer else []


def _assigned_value(line: ast.stmt, name: str) -> ast.expr | None:
    if isinstance(line, ast.AnnAssign):
        targets: list[ast.expr] = [line.target]
    elif isinstance(line, ast.Assign):
        targets = line.targets
    else:
        return None
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    return line.value if name in names else None


def _is_plain(node: ast.expr | None) -> bool:
    return node is not None and names_type(_text(node))


def _text(node: ast.expr) -> str:
    """Return the text that an expression names.

    A string gives its content, `numpy.float64` gives `float64`, other code its source.
    """
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return node.attr if isinstance(node, ast.Attribute) else ast.unparse(node)
