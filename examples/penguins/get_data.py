"""Renew penguins.csv from the package palmerpenguins, whose data are in the public domain (CC0)."""

import shutil
from importlib.resources import as_file, files
from pathlib import Path

if __name__ == "__main__":
    with as_file(files("palmerpenguins") / "data" / "penguins.csv") as source:
        target = Path(__file__).with_name("penguins.csv")
        shutil.copyfile(source, target)
    print(target)
