"""Other tools for the same work: one module for each, all with the same graphs."""

import sys
from pathlib import Path

# For tests.support, which has the private engine and its images.
sys.path.append(str(Path(__file__).parents[2]))
