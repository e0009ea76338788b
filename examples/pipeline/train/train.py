"""Learn the mean image of each label; an image gets the label of the nearest mean."""

import argparse
import csv
import json
from collections import defaultdict
from pathlib import Path

Image = list[float]


def rows(path: Path) -> list[tuple[str, Image]]:
    with path.open(newline="") as file:
        return [(label, [float(pixel) for pixel in image]) for label, *image in csv.reader(file)]


def learned(examples: list[tuple[str, Image]]) -> dict[str, Image]:
    images = defaultdict(list)
    for label, image in examples:
        images[label].append(image)
    return {
        label: [sum(pixels) / len(pixels) for pixels in zip(*known, strict=True)]
        for label, known in sorted(images.items())
    }


def nearest(means: dict[str, Image], image: Image) -> str:
    def distance(label: str) -> float:
        return sum((a - b) ** 2 for a, b in zip(means[label], image, strict=True))

    return min(means, key=distance)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--train", "--test", "--model"):
        parser.add_argument(name, type=Path, required=True)
    told = parser.parse_args()
    means, unseen = learned(rows(told.train)), rows(told.test)
    accuracy = sum(nearest(means, image) == label for label, image in unseen) / len(unseen)
    told.model.write_text(json.dumps({"accuracy": accuracy, "means": means}))
    print(f"accuracy {accuracy:.2f}")
