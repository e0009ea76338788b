"""STA/LTA picks for every event in the catalogue."""
import csv
import json
import os

import numpy as np

from config import CATALOG_CSV, LTA, PICKS_FILE, SAMPLING_RATE, STA, THRESHOLD, WAVEFORM_DIR, WORK_DIR


def sta_lta(x, ns, nl):
    c = np.cumsum(x.astype(float) ** 2)
    sta = (c[nl:] - c[nl - ns:-ns]) / ns
    lta = (c[nl:] - c[:-nl]) / nl
    return sta / np.maximum(lta, 1e-12)


os.makedirs(WORK_DIR, exist_ok=True)
picks = {}
with open(CATALOG_CSV, newline="") as f:
    for row in csv.DictReader(f):
        trace = np.load(os.path.join(WAVEFORM_DIR, row["waveform"]))
        ratio = sta_lta(trace, int(STA * SAMPLING_RATE), int(LTA * SAMPLING_RATE))
        above = np.flatnonzero(ratio > THRESHOLD)
        if above.size == 0:
            print("no pick for", row["event_id"])
            continue
        picks[row["event_id"]] = {"sample": int(above[0] + LTA * SAMPLING_RATE), "waveform": row["waveform"]}

with open(PICKS_FILE, "w") as f:
    json.dump(picks, f, indent=1)
