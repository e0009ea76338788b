import sys

import pandas as pd

sys.path.insert(0, "code")
import hydro


def test_round_trip():
    df = pd.DataFrame({"G1": [1.0, 2.0]}, index=pd.to_datetime(["1990-01-01", "1990-01-02"]))
    df.index.name = "date"
    hydro.save_flows(df, "tests/flows.csv")
    pd.testing.assert_frame_equal(hydro.load_flows("tests/flows.csv"), df, check_freq=False)
