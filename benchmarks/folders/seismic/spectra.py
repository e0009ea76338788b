import json
import os

import numpy as np

import config

with open(config.PICKS_FILE) as f:
    picks = json.load(f)

n = int(8 * config.SAMPLING_RATE)
freqs = np.fft.rfftfreq(n, 1 / config.SAMPLING_RATE)
ids, amps = [], []
for event, p in sorted(picks.items()):
    tr = np.load(os.path.join(config.WAVEFORM_DIR, p["waveform"]))
    w = tr[p["sample"]:p["sample"] + n]
    if len(w) < n:
        continue
    w = (w - w.mean()) * np.hanning(n)
    ids.append(event)
    amps.append(np.abs(np.fft.rfft(w)) / config.SAMPLING_RATE)

np.savez_compressed(config.SPECTRA_FILE, freqs=freqs, ids=np.array(ids), amps=np.array(amps))
