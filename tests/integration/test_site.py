"""The documentation site: navigation from the index, links that GitHub shows as well, warnings."""

import shutil
import subprocess
from pathlib import Path

import pytest

from checks.plan import SITE

ROOT = Path(__file__).resolve().parents[2]
INDEX = """# A project

## How to

- [Run](how-to/run.md)

## Reference

- [Settings](settings.md), [what changed](../CHANGELOG.md)
"""
RUN = """# Run

Set [a limit](../settings.md#a-limit). See the [folder](../../examples), [a file](../../run.py) and
[how to contribute](../../CONTRIBUTING.md).
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    files = {
        "docs/index.md": INDEX,
        "docs/how-to/run.md": RUN,
        "docs/settings.md": "# Settings\n\n## A limit\n\n```tsx\nuseState<readonly T[]>([])\n```\n",
        "CHANGELOG.md": "# Changes\n",
        "CONTRIBUTING.md": "# Contribute\n",
        "run.py": "",
        "examples/note.txt": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    shutil.copy(ROOT / "docs/conf.py", tmp_path / "docs")
    shutil.copytree(ROOT / "docs/site", tmp_path / "docs/site")
    return tmp_path


def build(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        SITE.command, check=False, cwd=checkout, capture_output=True, text=True, timeout=100
    )


def page(checkout: Path, name: str) -> str:
    return (checkout / "build/docs" / name).read_text()


def test_navigation_follows_the_index_and_links_match_github(checkout: Path):
    done = build(checkout)
    assert (done.returncode, done.stderr) == (0, "")
    index = page(checkout, "docs/index.html")
    captions = [index.index(f'class="caption-text">{name}<') for name in ("How to", "Reference")]
    assert captions[0] < captions[1] < index.index('class="caption-text">Project<')
    assert 'href="../CONTRIBUTING.html"' in index

    run = page(checkout, "docs/how-to/run.html")
    assert 'href="../settings.html#a-limit"' in run
    assert 'href="../../CONTRIBUTING.html"' in run
    assert 'href="../../_downloads/' in run
    assert '<span class="xref myst">folder</span>' in run and "#../../examples" not in run
    assert "docs/index.html" in page(checkout, "index.html")
    assert "limit" in page(checkout, "searchindex.js")


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "text, warning",
    [
        ("[x](nothing.md)", "nothing.md"),
        ("[x](../settings.md#nothing)", "nothing"),
        ("[x](../../nothing.py)", "nothing.py"),
        ("![x](nothing.png)", "nothing.png"),
        ("```nothing\n1\n```", "nothing"),
    ],
    ids=["page", "heading", "file", "image", "language"],
)
def test_broken_link_fails_the_build(checkout: Path, text: str, warning: str):
    with (checkout / "docs/how-to/run.md").open("a") as file:
        file.write(f"\n{text}\n")
    done = build(checkout)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if "WARNING" in line]
    assert "docs/how-to/run.md" in line and warning in line


@pytest.mark.long
def test_unlinked_page_fails_the_build(checkout: Path):
    (checkout / "docs/lost.md").write_text("# Lost\n")
    done = build(checkout)
    assert done.returncode == 1 and "docs/lost.md" in done.stderr
