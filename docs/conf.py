"""Build the documentation site with Sphinx, from the Markdown that GitHub shows.

Run `python -m sphinx -E -W --keep-going -q -c docs . build/docs` in the repository root.
The source folder is the repository, so that a relative link works here and on GitHub.
"""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from docutils.nodes import document
from pygments.lexers.jsx import TsxLexer
from pygments.token import Error, Text
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

project = "nbyard"
copyright = "nbyard contributors"
language = "en"

extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = [
    *("docs/*.md", "docs/**/*.md"),
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "RELEASE.md"),
    *("SECURITY.md", "CODE_OF_CONDUCT.md"),
    *("benchmarks/README.md", "examples/*/README.md"),
]
# folders that Sphinx need not look through
exclude_patterns = ["**/node_modules", ".*", "build", "dist", "jupyter_ext", "lib", "src", "tests"]
nitpicky = True
myst_heading_anchors = 6

html_theme = "furo"
html_title = "nbyard"
html_extra_path = ["site"]
html_copy_source = False

SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s:]+)\.md\)")


class LenientTsxLexer(TsxLexer):
    """Pygments takes brackets in type arguments, as in `useState<readonly T[]>`, for an error."""

    def get_tokens_unprocessed(self, *given: Any) -> Iterator[tuple[int, Any, str]]:
        for place, kind, value in super().get_tokens_unprocessed(*given):
            yield place, Text if kind is Error else kind, value


def setup(app: Sphinx) -> dict[str, bool]:
    """Register what Sphinx needs beside Markdown."""
    app.add_lexer("tsx", LenientTsxLexer)
    app.connect("source-read", add_navigation)
    app.connect("doctree-read", show_folders_as_text)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def add_navigation(app: Sphinx, docname: str, source: list[str]) -> None:
    """Add a hidden table of contents for each section of an index page."""
    page = PurePosixPath(docname)
    if page.name != "index":
        return
    _, *parts = SECTION.split(source[0])
    sections = dict(zip(parts[::2], map(linked_pages, parts[1::2]), strict=True))
    if docname == root_doc:
        sections["Project"] = project_pages(app.env.found_docs, source[0])
    for caption, pages in sections.items():
        source[0] += toctree(caption, pages)


def linked_pages(text: str) -> list[str]:
    """Return the Markdown pages that a text links to, in its order."""
    return list(dict.fromkeys(LINK.findall(text)))


def project_pages(found: set[str], text: str) -> list[str]:
    """Return the pages outside docs/ that the index does not link to."""
    outside = sorted(f"../{name}" for name in found if not name.startswith("docs/"))
    return [name for name in outside if name not in linked_pages(text)]


def toctree(caption: str, pages: list[str]) -> str:
    """Return the MyST directive for one section of the navigation."""
    options = [":hidden:", f":caption: {caption}"]
    return "\n".join(["", "```{toctree}", *options, "", *pages, "```", ""])


def show_folders_as_text(app: Sphinx, page: document) -> None:
    """Replace links to folders of the repository by their text: the site has no page for them."""
    here = Path(page["source"]).parent
    for link in list(page.findall(pending_xref)):
        if link["reftype"] == "myst" and (here / link["reftarget"]).is_dir():
            link.replace_self(link.children)
