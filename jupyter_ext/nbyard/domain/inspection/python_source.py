"""Python files that are read and never run."""

import ast
import warnings

from nbyard.errors import Invalid


def parse_python(content: bytes, file: str) -> ast.Module:
    """The tree of a file.

    Raises:
        Invalid: it is no Python; the words name the line.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(content, file)
    except SyntaxError as error:
        raise Invalid.field(file, f"line {error.lineno or 1}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        words = str(error) or type(error).__name__
        raise Invalid.field(file, f"cannot be read as Python: {words}") from None
