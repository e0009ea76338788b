"""Tell for each sample of a table whether it is malignant."""

import argparse

import pandas as pd
from diagnosis import FEATURES, Diagnosis


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--known", required=True, help="input: csv, samples to learn from")
    parser.add_argument("--fresh", required=True, help="input: csv, samples to tell")
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--answers", default="answers.csv", help="output: csv")
    options = parser.parse_args()

    model = Diagnosis(pd.read_csv(options.known), options.threshold)
    fresh = pd.read_csv(options.fresh)
    answers = [model.predict(*row) for row in fresh[FEATURES].itertuples(index=False)]
    told = fresh.assign(
        told=[a.malignant for a in answers], probability=[a.probability for a in answers]
    )
    told.to_csv(options.answers, index=False)
    print(f"{sum(told['told'])} of {len(told)} samples are malignant")


if __name__ == "__main__":
    main()
