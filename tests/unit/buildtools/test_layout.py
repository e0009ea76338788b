"""The lint that finds circles of imports in the TypeScript sources."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
const { circlesIn } = await import(process.argv[1]);
const { files, folders } = circlesIn(process.argv[2]);
console.log(JSON.stringify([[...files.keys()], [...folders.keys()]]));
"""

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def circles(src: Path, sources: dict[str, str]) -> list[set[str]]:
    """Return the files and the folders that are in a circle."""
    for name, text in sources.items():
        (src / name).parent.mkdir(parents=True, exist_ok=True)
        (src / name).write_text(text)
    words = ["node", "--input-type=module", "-e", PROGRAM]
    plugin = (ROOT / "scripts/layout.mjs").as_uri()
    output = subprocess.check_output([*words, plugin, str(src)], text=True)
    return [{str(Path(path).relative_to(src)) for path in found} for found in json.loads(output)]


@pytest.mark.parametrize(
    "back",
    [
        "import { a } from '../one/a';",
        "import type { A } from '../one/a';",
        "export * from '../one/a';",
        "const late = () => import('../one/a');",
    ],
)
def test_a_circle_of_files_is_found(tmp_path: Path, back: str) -> None:
    sources = {"one/a.ts": "import { b } from '../two/b';", "two/b.tsx": back, "index.ts": ""}
    assert circles(tmp_path, sources) == [{"one/a.ts", "two/b.tsx"}, {"one", "two"}]


def test_a_circle_of_folders_is_found(tmp_path: Path) -> None:
    """Without one of files."""
    sources = {
        "one/a.ts": "import { b } from '../two/b';",
        "two/b.ts": "",
        "two/c.ts": "import { d } from '../one/d';",
        "one/d.ts": "",
    }
    assert circles(tmp_path, sources) == [set(), {"one", "two"}]


def test_tests_and_styles_close_no_circle(tmp_path: Path) -> None:
    sources = {
        "one/a.ts": "import '../../style/a.css';\nimport { b } from '../two/b';",
        "two/b.ts": "",
        "two/__tests__/b.spec.ts": "import { a } from '../../one/a';",
    }
    assert circles(tmp_path, sources) == [set(), set()]
