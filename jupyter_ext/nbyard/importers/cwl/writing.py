"""From a command to the text of a `CommandLineTool` (CWL v1.2)."""

from typing import Any

import msgspec

from nbyard.domain.commands.command_line import FILE
from nbyard.domain.executables.descriptions import Description
from nbyard.domain.parsing.strict_yaml import is_plain
from nbyard.errors import Invalid
from nbyard.importers.cwl.documents import document_of, with_hint
from nbyard.importers.cwl.reading import read_document

LEAD = "#!/usr/bin/env cwl-runner\n"


def write_tool(description: Description, *, label: str = "", doc: str = "", file: str = "") -> str:
    """The document as YAML; read again it is the same command. What CWL alone does not keep stands
    in a hint. A script, whose place beside the document is `file`, becomes an input of its own.

    Raises:
        Invalid: it is no command, or CWL has no words for an argument.
    """
    if description.kind not in ("", "command"):
        raise Invalid.field("executable", f"is a {description.kind}, no command")
    told = msgspec.structs.replace(description, name="", kind="command")
    document = document_of(told, file)
    runs_script = any(FILE in word for word in told.command or ())
    if not runs_script and read_document(document).description != told:
        document = with_hint(document, told)
    heads = {"label": label, "doc": doc}
    first = {name: document.pop(name) for name in ("cwlVersion", "class")}
    return LEAD + _text({**first, **{n: text for n, text in heads.items() if text}, **document})


def _text(document: dict[str, Any]) -> str:
    """What a reader might take for something else than text is put in quotes."""
    import yaml

    def quoted(dumper: Any, text: str) -> Any:
        style = None if is_plain(text) else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    own = type("Dumper", (yaml.SafeDumper,), {"ignore_aliases": lambda *_: True})
    yaml.add_representer(str, quoted, Dumper=own)
    return str(yaml.dump(document, Dumper=own, sort_keys=False, allow_unicode=True, width=100))
