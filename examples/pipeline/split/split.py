"""Split labelled images at random into rows for training and rows for the test."""

import argparse
import random
import sys
from pathlib import Path

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--images", "--labels", "--train", "--test"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--share", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    told = parser.parse_args()
    if not 0 < told.share < 1:
        sys.exit(f"share is {told.share}; it has to be between 0 and 1")
    pairs = zip(told.labels.read_text().split(), told.images.read_text().split(), strict=True)
    rows = [f"{label},{pixels}\n" for label, pixels in pairs]
    random.Random(told.seed).shuffle(rows)
    count = max(1, round(len(rows) * told.share))
    told.test.write_text("".join(rows[:count]))
    told.train.write_text("".join(rows[count:]))
    print(f"{len(rows) - count} rows for training, {count} for the test")
