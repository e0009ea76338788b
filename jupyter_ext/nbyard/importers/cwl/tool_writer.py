"""Writes a command as the text of a `CommandLineTool` (CWL v1.2)."""

from typing import Any

import msgspec

from nbyard.domain.commands.command_line import FILE
from nbyard.domain.executables.nbexec_files import Description
from nbyard.domain.parsing.strict_yaml import is_plain
from nbyard.errors import Invalid
from nbyard.importers.cwl.tool_document import document_of, with_hint
from nbyard.importers.cwl.tool_reader import read_document

LEAD = "#!/usr/bin/env cwl-runner\n"


def write_tool(description: Description, *, label: str = "", doc: str = "", file: str = "") -> str:
    """Return the document as YAML. Reading it results in the same command.

    A hint has what CWL cannot express. A script becomes an input, and `file` is its path beside the
    document.

    Raises:
        Invalid: The executable is not a command, or CWL cannot express an argument.
    """
    if description.kind not in ("", "command"):
        raise Invalid.field("executable", f"is a {description.kind}, not a command")
    plain = msgspec.structs.replace(description, name="", kind="command")
    document = document_of(plain, file)
    runs_script = any(FILE in word for word in plain.command or ())
    if not runs_script and read_document(document).description != plain:
        document = with_hint(document, plain)
    heads = {"label": label, "doc": doc}
    first = {name: document.pop(name) for name in ("cwlVersion", "class")}
    document = {**first, **{n: text for n, text in heads.items() if text}, **document}

    import yaml

    def quoted(dumper: Any, text: str) -> Any:
        # A reader might parse a text without quotes as another type.
        style = None if is_plain(text) else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    # A separate class: a representer of SafeDumper itself would change it for all users.
    own = type("Dumper", (yaml.SafeDumper,), {"ignore_aliases": lambda *_: True})
    yaml.add_representer(str, quoted, Dumper=own)
    text = yaml.dump(document, Dumper=own, sort_keys=False, allow_unicode=True, width=100)
    return f"{LEAD}{text}"
