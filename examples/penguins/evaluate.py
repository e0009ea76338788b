"""Compare a model's predictions with the known species."""

import argparse
import json

import joblib
import pandas as pd

FEATURES = ["bill_length", "bill_depth", "flipper", "mass"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--metrics", required=True)
    parser.add_argument("--predictions", required=True)
    parser.add_argument("-d", "--digits", type=int, default=4)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()

    model = joblib.load(options.model)
    test = pd.read_csv(options.test)
    test["told"] = model.predict(test[FEATURES])
    right = int((test["told"] == test["species"]).sum())
    metrics = {
        "rows": len(test),
        "right": right,
        "accuracy": round(right / len(test), options.digits),
    }
    if options.verbose:
        print(pd.crosstab(test["species"], test["told"]))
    test.to_csv(options.predictions, index=False)
    with open(options.metrics, "w") as handle:
        json.dump(metrics, handle, indent=2, sort_keys=True)
        handle.write("\n")
    print(f"{right} of {len(test)} right")


if __name__ == "__main__":
    main()
