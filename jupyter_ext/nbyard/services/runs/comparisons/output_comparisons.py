"""Compares the same data of two runs: columns of tables, files of folders, lines of texts."""

from nbyard.domain.comparison.facts import InputFile, OutputFile
from nbyard.domain.comparison.run_comparisons import kind_of
from nbyard.domain.comparison.structs import OutputComparison
from nbyard.domain.datasets.comparisons import MAX_FILES, Content, compare_columns, compare_files
from nbyard.domain.executables.code_diffs import MAX_LINES, shorten_line
from nbyard.errors import Invalid
from nbyard.reasons.structs import because
from nbyard.services.executables.version_diffs import content_diff, content_of
from nbyard.services.service_context import ServiceContext

MAX_TEXT_BYTES = 1 << 20


def compare_outputs(parts: ServiceContext, old: OutputFile, new: OutputFile) -> OutputComparison:
    """Compare two files by their kind.

    Of pictures and other files, only the bytes are compared.
    """
    if old.digest == new.digest:
        return OutputComparison(old, new, same=True)
    kind = kind_of((old, new))
    if kind == "folder":
        then, now = (
            {
                entry.path: Content(entry.digest, entry.size_bytes)
                for entry in parts.blobs.tree(file.digest).files
            }
            for file in (old, new)
        )
        changes = compare_files(then, now)
        files = changes[:MAX_FILES]
        return OutputComparison(old, new, False, files=files, cut=len(changes) > MAX_FILES)
    if kind == "table":
        try:
            profiles = [
                parts.tables.whole_profile(parts.table(file.digest, file.filename))
                for file in (old, new)
            ]
        except Invalid as error:
            return OutputComparison(old, new, False, note=error.reason)
        rows = [profile.rows for profile in profiles]
        return OutputComparison(old, new, False, columns=compare_columns(*profiles), rows=rows)
    return compare_texts(parts, old, new) if kind == "text" else OutputComparison(old, new, False)


def compare_inputs(parts: ServiceContext, old: InputFile, new: InputFile) -> OutputComparison:
    """Compare inputs of two runs that come from outside.

    If they are not stored, compare digests.
    """
    if not all(file.digest and parts.blobs.exists(file.digest) for file in (old, new)):
        note = because("input-not-stored")
        is_same = old.digest == new.digest
        return OutputComparison(old.as_output(), new.as_output(), is_same, note=note)
    sizes = [parts.blobs.path(file.digest).stat().st_size for file in (old, new)]
    return compare_outputs(parts, old.as_output(sizes[0]), new.as_output(sizes[1]))


def compare_texts(parts: ServiceContext, old: OutputFile, new: OutputFile) -> OutputComparison:
    """Compare two texts by line, or two notebooks by cell."""
    if max(old.size_bytes, new.size_bytes) > MAX_TEXT_BYTES:
        too_long = because("too-many-bytes", most=MAX_TEXT_BYTES)
        return OutputComparison(old, new, False, note=too_long)
    contents = [content_of(parts.blobs, file.digest) for file in (old, new)]
    are_notebooks = (old.format, new.format) == ("ipynb", "ipynb")
    try:
        lines, note = content_diff(*contents, are_notebooks=are_notebooks)
    except Invalid:  # an output only named like a notebook
        lines, note = content_diff(*contents, are_notebooks=False)
    short = [*map(shorten_line, lines[:MAX_LINES])]
    return OutputComparison(old, new, False, lines=short, cut=len(lines) > MAX_LINES, note=note)
