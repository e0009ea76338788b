"""Write the mean temperature of each day at an invented weather station."""

import argparse
import csv
import math
import random
from datetime import date, timedelta

START = date(2021, 1, 1)
YEAR = 365.25


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--readings", default="readings.csv", help="output: csv")
    options = parser.parse_args()

    draw = random.Random(options.seed)
    anomaly = 0.0
    with open(options.readings, "w", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(["day", "temperature"])
        for number in range(round(options.years * YEAR)):
            season = 10 - 9 * math.cos(2 * math.pi * (number - 20) / YEAR)
            anomaly = 0.8 * anomaly + draw.gauss(0, 1.7)  # warm days follow warm days
            day = START + timedelta(days=number)
            table.writerow([day.isoformat(), round(season + anomaly, 1)])


if __name__ == "__main__":
    main()
