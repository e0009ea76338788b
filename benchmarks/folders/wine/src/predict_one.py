"""python predict_one.py 7.4 0.7 0 9.4"""
import sys
from pathlib import Path

import joblib
import numpy as np

MODEL_PATH = Path(__file__).resolve().parents[1] / "models" / "forest.joblib"

if __name__ == "__main__":
    values = np.array([float(v) for v in sys.argv[1:]]).reshape(1, -1)
    model = joblib.load(MODEL_PATH)
    print("good" if model.predict(values)[0] else "ordinary")
