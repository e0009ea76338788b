"""`python -m nbyard.serving MODE [--model FILE|JSON] [--root FOLDER] [WORD…]`."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from pathlib import Path
from typing import cast

from .models import read_spec
from .protocol import Mode

MODEL_VARIABLE = "NBYARD_MODEL"
ROOT_VARIABLE = "NBYARD_MODEL_ROOT"
USAGE = __doc__ or ""


def main(argv: list[str]) -> int:
    """Load the model that model.json describes and serve it in a mode; return the exit code."""
    if not argv:
        sys.stderr.write(f"{USAGE}\n")
        return 2
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    mode, rest = argv[0], argv[1:]
    model_source = os.environ.get(MODEL_VARIABLE, "model.json")
    root = os.environ.get(ROOT_VARIABLE, ".")
    while rest[:1] in (["--model"], ["--root"]) and len(rest) > 1:
        if rest[0] == "--model":
            model_source = rest[1]
        else:
            root = rest[1]
        rest = rest[2:]
    module, _, name = mode.partition(":")
    serving = cast(Mode, getattr(importlib.import_module(module), name)())
    text = model_source if model_source.startswith("{") else Path(model_source).read_text("utf-8")
    return serving.serve(read_spec(text, os.path.abspath(root)), rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
