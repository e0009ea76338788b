"""Load tables into SQLite in memory and write the result of a query."""

import argparse
import sqlite3

import pandas as pd


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", required=True, help="input: csv")
    parser.add_argument("--customers", required=True, help="input: csv")
    parser.add_argument("--products", required=True, help="input: csv")
    parser.add_argument("--query", required=True, help="input: sql, one SELECT")
    parser.add_argument("--result", default="result.csv", help="output: csv")
    options = parser.parse_args()

    with open(options.query) as handle:
        query = handle.read()
    base = sqlite3.connect(":memory:")
    pd.read_csv(options.orders).to_sql("orders", base, index=False)
    pd.read_csv(options.customers).to_sql("customers", base, index=False)
    pd.read_csv(options.products).to_sql("products", base, index=False)
    result = pd.read_sql(query, base)
    result.to_csv(options.result, index=False)
    print(result.to_string(index=False))


if __name__ == "__main__":
    main()
