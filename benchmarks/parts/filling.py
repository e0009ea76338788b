"""Fill the store of `in_lab.mjs` with many runs, datasets, named artifacts and models.

python -m parts.filling FOLDER ROWS
"""

import sys
from pathlib import Path

from nbyard.rest.identity import local_name
from nbyard.settings import Settings
from nbyard.yard import Yard
from parts.filled import fill


def main() -> None:
    folder, rows = Path(sys.argv[1]), int(sys.argv[2])
    with Yard.open(Settings(inline_dispatch=True), root=folder) as yard:
        fill(yard.store, local_name(), rows, rows)
        with yard.store.read() as c:
            ids = yard.store.datasets.names(c, local_name())
        shown = yard.context.links.root  # as after an import, so that no list creates links
        for dataset_id in ids:
            (shown / dataset_id).symlink_to(folder)


if __name__ == "__main__":
    main()
