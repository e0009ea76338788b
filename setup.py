"""Gives the package a README with absolute links, since PyPI shows it without the repository."""

import re
import tomllib
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
SOURCE = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Source"]
TO_A_FILE = r"(\[[^]]*\]\()(?!https?:|#)"

readme = (ROOT / "README.md").read_text()
readme = re.sub(f"!{TO_A_FILE}", rf"!\1{SOURCE}/raw/HEAD/", readme)
readme = re.sub(f"(?<!!){TO_A_FILE}", rf"\1{SOURCE}/blob/HEAD/", readme)
setup(long_description=readme, long_description_content_type="text/markdown")
