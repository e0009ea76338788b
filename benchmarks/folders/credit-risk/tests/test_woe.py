import numpy as np
import pandas as pd

from pipeline.woe import woe


def test_woe_sign(tmp_path):
    x = pd.Series(np.arange(100.0))
    y = (x > 50).astype(int)
    bins = woe(x, y)
    assert bins[0]["woe"] > bins[-1]["woe"]
    x.to_frame("x").to_parquet(tmp_path / "train.parquet")
