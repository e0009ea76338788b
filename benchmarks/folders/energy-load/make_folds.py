import numpy as np
import pandas as pd
import yaml

config = yaml.safe_load(open("config.yaml"))
P = config["paths"]

n = len(pd.read_parquet(P["hourly"]))
week = np.arange(n) // 168
np.save(P["folds"], week % 5)
