"""Make the catalogue of reasons for the browser, and an example of each code.

python buildtools/reason_catalogue.py           writes codes.ts and reasons.json
python buildtools/reason_catalogue.py --check   exits with code 1 if a file differs from the code
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from nbyard.reasons.codes import CODES
from nbyard.reasons.codes.code import FIELD, NUMBER, REASON, REASONS, Code
from nbyard.reasons.structs import Reason

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = ROOT / "src/reasons/codes.ts"
EXAMPLES = ROOT / "tests/cases/reasons.json"
HEAD = """\
// Made by buildtools/reason_catalogue.py; do not edit.

/** Marks texts, so that tools collect them for translators. */
const trans = { __: (text: string) => text };

/** The text of each code of `nbyard/reasons`. `{name}` is a parameter, `{name:words}` a list. */
export const CODES: Readonly<Record<string, string>> = {
"""
INNER = {"code": "forced", "params": {}}


def catalogue() -> str:
    """Return the TypeScript module, as prettier formats it."""
    lines = [f"  {_key(name)}: {_render(code)}," for name, code in CODES.items()]
    plain = HEAD + "\n".join(lines) + "\n};\n"
    command = ["npx", "--no-install", "prettier", "--stdin-filepath", str(CATALOGUE)]
    done = subprocess.run(
        command, input=plain, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True
    )
    return done.stdout


def _key(name: str) -> str:
    return name if name.isalpha() else f"'{name}'"


def _render(code: Code) -> str:
    """Return the text of a code in TypeScript, marked for translators if it has words."""
    text = json.dumps(code.text, ensure_ascii=False)
    return text if FIELD.fullmatch(code.text) else f"trans.__({text})"


def examples() -> str:
    """Return the examples: those that exist and fit, and one of each other code."""
    kept = [one["reason"] for one in json.loads(EXAMPLES.read_text("utf-8"))]
    found = [one for one in kept if _fits(one)]
    missing = CODES.keys() - {one["code"] for one in found}
    found += [_example(name) for name in CODES if name in missing]
    cases = [{"reason": one, "text": str(msgspec.convert(one, Reason))} for one in found]
    return json.dumps(cases, indent=2, ensure_ascii=False) + "\n"


def _fits(example: dict[str, Any]) -> bool:
    known = CODES.get(example["code"])
    return known is not None and known.fields.keys() == example["params"].keys()


def _example(name: str) -> dict[str, Any]:
    fields = CODES[name].fields
    return {"code": name, "params": {field: _value(field, fields[field]) for field in fields}}


def _value(field: str, kind: Any) -> Any:
    if kind == REASON:
        return INNER
    if kind == REASONS:
        return [INNER, INNER]
    if kind is list:
        return [f"{field} 1", f"{field} 2"]
    return 2 if kind in (int, float, NUMBER) else f"some {field}"


def main() -> int:
    """Write the files, or check them; return the exit code."""
    made = {CATALOGUE: catalogue(), EXAMPLES: examples()}
    if sys.argv[1:] != ["--check"]:
        for path, text in made.items():
            path.write_text(text, encoding="utf-8")
        return 0
    old = [str(path) for path, text in made.items() if path.read_text("utf-8") != text]
    for name in old:
        sys.stderr.write(f"{name} is out of date: run buildtools/reason_catalogue.py\n")
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
