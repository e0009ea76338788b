"""The options of ./dev: `./dev --help` prints them before any set-up."""

import argparse
import sys
from pathlib import Path


def arguments(words: list[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="./dev", description="Start JupyterLab on this checkout, with live rebuild."
    )
    parser.add_argument(
        "root", nargs="?", type=Path, help="Serve this folder (default: a copy of penguins)"
    )
    parser.add_argument(
        "--port", type=int, default=8888, help="Listen on this port (default: 8888 or a free one)"
    )
    parser.add_argument(
        "--collaboration", action="store_true", help="Share open documents between pages"
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="Print the address, and open no browser"
    )
    return parser.parse_args(words)


if __name__ == "__main__":
    arguments(sys.argv[1:])
