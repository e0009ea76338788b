"""Build the browser bundle of ./dev and read its state."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
FOLDER = CHECKOUT / "build/dev"
BUNDLE = FOLDER / "labextensions/nbyard"


def stage(package: Path) -> None:
    """Create a package whose entry is the source itself, with page reloading added."""
    shutil.rmtree(package, ignore_errors=True)
    package.mkdir(parents=True)
    for name in ("src", "style", "schema", "LICENSE"):
        (package / name).symlink_to(CHECKOUT / name)
    described: dict[str, Any] = json.loads((CHECKOUT / "package.json").read_bytes())
    described["main"] = "src/index.ts"
    described["jupyterlab"] |= {
        "extension": "extension.js",
        "outputDir": os.path.relpath(BUNDLE, package),
    }
    (package / "package.json").write_text(json.dumps(described, indent=2))
    reload = json.dumps(str(CHECKOUT / "buildtools/dev_reload.js"))
    (package / "extension.js").write_text(
        f"import {{ follow }} from {reload};\nexport {{ default }} from './src/index';\n"
        "void follow();\n"
    )


def type_checker() -> list[str]:
    """Return node's arguments for a type check that writes only below build/dev."""
    cache = str(FOLDER / "types.tsbuildinfo")
    options = ["--watch", "--preserveWatchOutput", "--noEmit", "--tsBuildInfoFile", cache]
    return ["node_modules/typescript-native/bin/tsc", *options]


def copy_schemas() -> None:
    """Copy the settings schemas into the bundle."""
    for path in (CHECKOUT / "schema").glob("*.json"):
        shutil.copyfile(path, BUNDLE / "schemas/nbyard" / path.name)


def build() -> dict[str, str]:
    """Return the entry file and the schemas of the bundle; empty before the first build."""
    try:
        load = json.loads((BUNDLE / "package.json").read_bytes())["jupyterlab"]["_build"]["load"]
        schemas = max(path.stat().st_mtime_ns for path in BUNDLE.glob("schemas/*/*.json"))
    except (OSError, ValueError, KeyError):
        return {}
    return {"load": load, "schemas": str(schemas)}
