import argparse

import pandas as pd

from pipeline.settings import SETTINGS


def parse_args():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--loans", default=SETTINGS.loans)
    p.add_argument("--train", default=SETTINGS.train)
    p.add_argument("--oot", default=SETTINGS.oot, help="out-of-time sample")
    p.add_argument("--cut-off", default=SETTINGS.cut_off)
    return p.parse_args()


def main():
    args = parse_args()
    loans = pd.read_csv(args.loans, parse_dates=["issued"])
    loans["ratio"] = loans["amount"] / loans["income"]
    early = loans["issued"] < args.cut_off
    args.train.parent.mkdir(parents=True, exist_ok=True)
    loans[early].to_parquet(args.train)
    loans[~early].to_parquet(args.oot)


if __name__ == "__main__":
    main()
