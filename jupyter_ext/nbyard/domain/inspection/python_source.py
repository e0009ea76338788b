"""Python files that are parsed and never run."""

import ast
import warnings

from nbyard.errors import Invalid


def parse_python(content: bytes, file: str) -> ast.Module:
    """Parse a Python file.

    Raises:
        Invalid: the file is not valid Python; the message names the line.
    """
    try:
        with warnings.catch_warnings():
            # Warnings about users' code, such as invalid escapes, are noise in the server's log.
            warnings.simplefilter("ignore")
            return ast.parse(content, file)
    except SyntaxError as error:
        reason = f"line {error.lineno or 1}: {error.msg}"
        raise Invalid.field(file, reason) from None
    except (ValueError, RecursionError, MemoryError) as error:
        message = str(error) or type(error).__name__
        raise Invalid.field(file, f"cannot be read as Python: {message}") from None
