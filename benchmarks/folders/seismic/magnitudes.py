"""Brune fit -> moment magnitude"""
import numpy as np
import pandas as pd
from scipy.optimize import curve_fit

import config as cfg


def brune(f, omega0, fc):
    return omega0 / (1 + (f / fc) ** 2)


spectra = np.load(cfg.SPECTRA_FILE)
events = pd.read_csv(cfg.CATALOG_CSV, index_col="event_id")

rows = []
for eid, amp in zip(spectra["ids"], spectra["amps"]):
    (omega0, fc), _ = curve_fit(brune, spectra["freqs"][1:], amp[1:], p0=(amp[1:].max(), 5.0))
    r = 1000 * max(events.loc[eid, "depth_km"], 1)
    m0 = 4 * np.pi * 2700 * 3500 ** 3 * r * omega0 / 0.55
    rows.append((eid, fc, 2 / 3 * (np.log10(m0) - 9.1)))

pd.DataFrame(rows, columns=["event_id", "fc", "mw"]).to_csv(cfg.MAGNITUDES_CSV, index=False)
