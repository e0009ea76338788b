from pathlib import Path

import yaml

_here = Path(__file__).resolve().parent

with open(_here / "config.yaml") as f:
    cfg = yaml.safe_load(f)

paths = {key: _here / value for key, value in cfg["paths"].items()}
