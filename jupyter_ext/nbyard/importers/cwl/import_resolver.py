"""Resolves `$import` and `$include` (Schema Salad v1.2, section 4 "Document preprocessing").

An object with such a field is replaced by the content of the file that it names.
"""

import posixpath
from typing import Any

from nbyard.domain.parsing.strict_yaml import read_yaml
from nbyard.errors import NotFound
from nbyard.importers.cwl.typed_fields import refuse_field, shown_value
from nbyard.importers.protocol import Near

IMPORT, INCLUDE = "$import", "$include"
MAX_FILES = 100


class Loader:
    """Reads the files that a document names, with the function `near`.

    The number of files is limited.
    """

    def __init__(self, near: Near) -> None:
        self._near = near
        self._left = MAX_FILES

    def resolve(self, value: Any, where: str = "", file: tuple[str, ...] = ("",)) -> Any:
        """Return the value with the content of all named files in place.

        `file` lists the chain of files that led here.

        Raises:
            Invalid: A file is missing, is not on this disk or imports itself, or there are too
                many. The error names the field.
        """
        if isinstance(value, list):
            return self._resolve_list(value, where, file)
        if not isinstance(value, dict):
            return value
        directive = next((name for name in (IMPORT, INCLUDE) if name in value), "")
        if not directive:
            return {k: self.resolve(inner, _at(where, k), file) for k, inner in value.items()}
        if len(value) > 1:
            refuse_field(where, f"{directive} must be the only key of its object")
        return self._read(directive, value[directive], _at(where, directive), file)

    def _resolve_list(self, value: list[Any], where: str, file: tuple[str, ...]) -> list[Any]:
        """Return a list with all files resolved.

        The items of an imported list become items of this one.
        """
        resolved: list[Any] = []
        for index, element in enumerate(value):
            whole = self.resolve(element, _at(where, str(index)), file)
            is_part = isinstance(element, dict) and IMPORT in element and isinstance(whole, list)
            resolved += whole if is_part else [whole]
        return resolved

    def _read(self, directive: str, named: Any, where: str, file: tuple[str, ...]) -> Any:
        if not isinstance(named, str) or not named:
            refuse_field(where, f"the path of a file is needed, not {shown_value(named)}")
        if "://" in named or named.startswith(("/", "file:")):
            refuse_field(
                where,
                f"{named[:200]} is not supported: use the path of a file relative to this file",
            )
        # A fragment would need an index of all ids in the other file.
        if "#" in named:
            refuse_field(where, f"{named[:200]}: a part of a file is not supported")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(file[-1]), named))
        if path in file:
            refuse_field(where, f"{path} imports itself")
        # Count the files, because imports could multiply without a circle.
        self._left -= 1
        if self._left < 0:
            refuse_field(where, f"more than {MAX_FILES} files are imported or included")
        try:
            content = self._near(path)
        except NotFound:
            refuse_field(where, f"there is no file {path[:200]}")
        if directive == IMPORT:
            return self.resolve(read_yaml(content, path), where, (*file, path))
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            refuse_field(where, f"{path[:200]} is not UTF-8 text (byte {error.start})")


def _at(where: str, name: Any) -> str:
    return f"{where}.{name}" if where else str(name)
