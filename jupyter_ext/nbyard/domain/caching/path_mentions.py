"""Paths that code may refer to, in any language.

Candidates are quoted texts, words with a dot or slash, and imported modules.
"""

import json
import re
from collections.abc import Iterable
from itertools import takewhile

from nbyard.domain.notebooks.parameter_cells import source_of

# mentions kept per text
MOST = 5_000
MOST_BYTES = 4 << 20  # people do not write longer code
QUOTED = re.compile(r"(?P<mark>[\"'])(?P<text>(?:(?!(?P=mark))[^\\\n]){1,300})(?P=mark)")
WORD = re.compile(r"(?<![\w./~-])[\w.-]+[./][\w./-]{1,300}")
# calls that access a file or folder of this name, in several languages
CALLED = re.compile(
    r"\b(?:Path|chdir|exists|i?glob|is_?dir|is_?file|listdir|scandir|walk|setwd|path\.join"
    r"|list\.(?:files|dirs)|(?:file|dir)\.exists|file\.path)\(\s*"
    r"(?P<mark>[\"'])(?P<text>[\w.-]+)(?P=mark)"
)
CHANGED = re.compile(r"^\s*%?cd\s+(?P<mark>[\"']?)(?P<text>[\w./-]+)(?P=mark)", re.MULTILINE)
COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
COMMANDS = re.compile(r"^\s*[!%].*$", re.MULTILINE)
SHELL = (".sh", ".bash")
IMPORTED = re.compile(r"^\s*(?:from|import)\s+(?P<name>[A-Za-z_]\w*)", re.MULTILINE)


def code_of(filename: str, content: bytes) -> str:
    """Return the text of a script, or of all code cells of a notebook of any format."""
    text = content[:MOST_BYTES].decode("utf-8", "replace")
    if not filename.endswith(".ipynb"):
        return text
    notebook = json.loads(content)
    sheets = [notebook] if "cells" in notebook else notebook["worksheets"]
    cells = [cell for sheet in sheets for cell in sheet["cells"] if cell["cell_type"] == "code"]
    texts = []
    for cell in cells:
        # before notebook format 4, the lines are in `input`, in format 1 in `code`
        lines = next((cell[name] for name in ("source", "input", "code") if name in cell), "")
        if isinstance(lines, list) and "source" not in cell:
            # these lines may lack line ends
            texts.append("\n".join(line.rstrip("\n") for line in lines))
        else:
            texts.append(source_of({"source": lines}))
    return "\n".join(texts)


def possible_paths(code: str) -> list[str]:
    """Return each text in the code that may be a relative path."""
    imported = [match["name"] for match in IMPORTED.finditer(code)]
    texts = dict.fromkeys(
        [
            *(match["text"] for match in QUOTED.finditer(code)),
            *imported,
            # `import features` reads the folder `features` or the file `features.py`.
            *(f"{name}.py" for name in imported),
            *(match[0] for match in WORD.finditer(code)),
        ]
    )
    # Absolute paths lead out of the code folder, and `.` and `..` name no file.
    return [text for text in texts if text.strip("./") and text[0] != "/"][:MOST]


def likely_paths(filename: str, code: str, names: Iterable[str] = ()) -> list[str]:
    """Return each text in the code that is very likely a relative path.

    Such a text looks like a path, or a call accesses it. `names` are added: names that the code is
    known to look for. Paths may contain wildcards and placeholders.
    """
    uncommented = COMMENT.sub("", code)
    quoted = [match["text"] for match in QUOTED.finditer(uncommented)]
    commands = uncommented if filename.endswith(SHELL) else "\n".join(COMMANDS.findall(uncommented))
    texts = dict.fromkeys(
        [
            *(text for text in quoted if "/" in text or "." in text),
            *(match[0] for match in WORD.finditer(commands)),
            *(
                match["text"]
                for match in (*CALLED.finditer(uncommented), *CHANGED.finditer(uncommented))
            ),
            *names,
        ]
    )
    return [text for text in texts if text.strip("./") and text[0] not in "/~"][:MOST]


def literal_folder(text: str) -> str:
    """Return the leading folders of a path, up to the first wildcard or placeholder."""
    parts = text.split("/")
    return "/".join(takewhile(lambda part: not set("*?[{%$") & set(part), parts))
