"""Guesses about an argument from its comment and name. Users may correct them."""

import re
from typing import Any, Literal, get_args

import msgspec

from nbyard.domain.arguments.structs import Role
from nbyard.domain.file_formats import SUFFIXES, OutputClass, format_of

COMMENT = re.compile(
    r"(?P<role>input|output|value)\s*(?:\Z|(?P<colon>:)\s*(?P<rest>.*)|[-–—,;]\s*(?P<help>.*))",
    re.IGNORECASE | re.DOTALL,
)
FORMAT = re.compile(
    r"\.?(?P<format>[A-Za-z0-9_+]{1,20})(?:\s*\Z|\s*[-–—,;:.(]\s*(?P<help>.*))", re.DOTALL
)
TYPE_COMMENT = re.compile(r"type:\s*(?P<type>[^\s#]+)\s*(?P<help>.*)", re.DOTALL)
# Words of `OUTPUT_DIR`, `dataURL` and `HTTPServer`: a capital before a small letter begins a word.
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

FOLDERS = frozenset({"dir", "directory", "folder"})
FILES = frozenset({"file", "filename", "filepath", "path"})
FORMATS = frozenset({*SUFFIXES, *SUFFIXES.values(), "text", "yaml", "yml", "xml", "hdf5"}) - {
    *("keras", "pt", "pth")  # in names, other meanings are more frequent
}
FORMAT_WORDS = {
    **SUFFIXES,
    "excel": "excel",
    "text": "txt",
    **dict.fromkeys(FOLDERS, "folder"),
    **dict.fromkeys(("file", "any", *get_args(OutputClass)), ""),
}
INPUTS = frozenset({"input", "in", "infile", "source", "src"})
OUTPUTS = frozenset({"output", "out", "outfile"})
# Words in the name of a path that indicate an output.
# fmt: off
WRITTEN = OUTPUTS | {
    "dest", "destination", "export", "report", "result", "results", "save", "saved", "target",
    "to", "write",
}
# Last words of names that describe a file without being its path.
ABOUT = frozenset({
    "channel", "channels", "col", "column", "columns", "count", "delimiter", "dim", "encoding",
    "features", "format", "header", "index", "kind", "label", "length", "mode", "name",
    "names", "prefix", "rows", "sep", "separator", "shape", "sheet", "size", "suffix", "type",
    "unit", "units", "url", "width",
})
# fmt: on


class Comment(msgspec.Struct, frozen=True):
    """The content of a comment about an argument."""

    help: str = ""
    role: Role | None = None
    format: str = ""
    type: str = ""
    output_class: OutputClass | Literal[""] = ""


class Guess(msgspec.Struct, frozen=True):
    """A guessed role and format."""

    role: Role = "value"
    format: str = ""


def read_comment(text: str) -> Comment:
    """Parse `input: csv`, `output: model`, `output - the table`, `type: int how many`, or help."""
    text = text.strip()
    typed = TYPE_COMMENT.match(text)
    if typed:
        inner = read_comment(typed["help"])
        return msgspec.structs.replace(inner, type=typed["type"])
    match = COMMENT.match(text)
    if match is None:
        return Comment(text)
    role: Role = match["role"].lower()  # type: ignore[assignment]
    if not match["colon"]:
        return Comment((match["help"] or "").strip(), role)
    rest = (match["rest"] or "").strip()
    named = FORMAT.match(rest)
    if named is None:
        return Comment(rest, role)
    word = named["format"].lower()
    output_class: Any = word if role == "output" and word in get_args(OutputClass) else ""
    about = (named["help"] or "").strip(" )")
    return Comment(about, role, FORMAT_WORDS.get(word, word), output_class=output_class)


def guess_role(name: str, default: str | None, has_help: bool, is_path: bool) -> Guess:
    """Guess whether a text names a file or folder that is read or written.

    `default` is None if there is none. Ambiguous names stay values.
    """
    name_words = [word.lower() for word in WORD.findall(name)]
    if not name_words or name_words[-1] in ABOUT or (default and "://" in default):
        return Guess()
    last = name_words[-1]
    by_default = format_of(default or "")
    named = [FORMAT_WORDS[w] for w in reversed(name_words) if w in FORMATS and w in FORMAT_WORDS]
    by_name = "folder" if last in FOLDERS else next(iter(named), "")
    file_format = by_default or by_name
    looks_like_file = bool(by_default) or last in FOLDERS
    if name_words[0] in OUTPUTS or last in OUTPUTS:
        return Guess("output", file_format)
    if name_words[0] in ("input", "in", "infile") or last in ("input", "infile"):
        return Guess("input", file_format)
    if last in WRITTEN and by_default:
        return Guess("output", file_format)
    names_file = last in FILES or last in FOLDERS or (len(name_words) > 1 and last in FORMATS)
    if not is_path and not (names_file and (looks_like_file or has_help or not default)):
        return Guess()
    return Guess("output" if WRITTEN & set(name_words) else "input", file_format)
