"""Join the frames of a journey in one animated picture: python buildtools/animation.py FRAMES OUT.

FRAMES is the folder that `NBYARD_PICTURES=FRAMES npx playwright test pictures -g frames` filled.
"""

import sys
from itertools import pairwise
from pathlib import Path

from PIL import Image, ImageChops

WIDTH = 900  # pixels
MOVING, STILL = 350, 2500  # milliseconds
MOST_MOVING = 14
MOST_BYTES = 1_000_000


def main() -> None:
    """Write the animation; its first frame stays as long as its last ones."""
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    paths = sorted(folder.glob("frame-*.png"))
    frames = [_small(path) for path in paths]
    begin, running, end = frames[:4], _changing(frames[4:-2]), frames[-2:]
    step = max(1, -(-len(running) // MOST_MOVING))
    shown = [*begin, *running[::step], *end]
    still = [STILL // 2] * len(begin)
    durations = [*still, *[MOVING] * len(running[::step]), STILL, 2 * STILL]
    # One palette for all, or colours would change from frame to frame.
    all_colours = Image.new("RGB", (WIDTH, 2 * end[0].height))
    all_colours.paste(begin[0], (0, 0))
    all_colours.paste(end[0], (0, end[0].height))
    palette = all_colours.quantize(256)
    first, *rest = (one.quantize(palette=palette, dither=Image.Dither.NONE) for one in shown)
    first.save(out, save_all=True, append_images=rest, duration=durations, loop=0, optimize=True)
    size = out.stat().st_size
    if size > MOST_BYTES:
        sys.exit(f"{out} has {size:,} bytes, more than {MOST_BYTES:,}: show fewer frames.")


def _small(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        height = round(WIDTH * picture.height / picture.width)
        return picture.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)


def _changing(frames: list[Image.Image]) -> list[Image.Image]:
    """Return the frames that differ from the one before."""
    changed = (b for a, b in pairwise(frames) if ImageChops.difference(a, b).getbbox())
    return [*frames[:1], *changed]


if __name__ == "__main__":
    main()
