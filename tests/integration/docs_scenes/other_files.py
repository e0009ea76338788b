"""Write the notebook of the page about other files, which saves a plot and a table."""

import json
from pathlib import Path

source = (
    "import os\nos.makedirs('plots', exist_ok=True)\n"
    "open('plots/a.svg', 'w').write('<svg/>')\nopen('result.csv', 'w').write('a\\n1\\n')"
)
cell: dict[str, object] = {"cell_type": "code", "id": "c", "metadata": {}, "source": source}
cell |= {"execution_count": None, "outputs": []}
text = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
Path("train.ipynb").write_text(text)
