"""Everything that somebody may want to change."""
import os

HERE = os.path.dirname(os.path.abspath(__file__))
WAVEFORM_DIR = os.path.join(HERE, "waveforms")
WORK_DIR = os.path.join(HERE, "work")
FIG_DIR = os.path.join(HERE, "figures")

CATALOG_CSV = os.path.join(HERE, "catalog.csv")
PICKS_FILE = os.path.join(WORK_DIR, "picks.json")
SPECTRA_FILE = os.path.join(WORK_DIR, "spectra.npz")
MAGNITUDES_CSV = os.path.join(WORK_DIR, "magnitudes.csv")

SAMPLING_RATE = 100.0
STA, LTA = 0.5, 10.0
THRESHOLD = 3.5
