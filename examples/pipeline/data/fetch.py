"""Fetch images (one row of pixels each) and their labels (one line each)."""

import argparse
import shutil
import urllib.request

TIMEOUT_SECONDS = 60


def fetch(url: str, target: str) -> None:
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as source, open(target, "wb") as file:
        shutil.copyfileobj(source, file)
    print(f"fetched {url}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--images-url", "--labels-url", "--images", "--labels"):
        parser.add_argument(name, required=True)
    told = parser.parse_args()
    fetch(told.images_url, told.images)
    fetch(told.labels_url, told.labels)
