"""Write three tables of an invented shop. As in real tables, some rows are wrong."""

import argparse
import csv
import random
from datetime import date, timedelta

CITIES = ["Oslo", "Porto", "Graz", "Lyon"]
PRODUCTS = [("lamp", 39), ("chair", 85), ("table", 240), ("shelf", 120), ("mug", 9)]


def write(path: str, head: list[str], rows: list[list[object]]) -> None:
    with open(path, "w", newline="") as handle:
        csv.writer(handle).writerows([head, *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders-count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--orders", default="orders.csv", help="output: csv")
    parser.add_argument("--customers", default="customers.csv", help="output: csv")
    parser.add_argument("--products", default="products.csv", help="output: csv")
    options = parser.parse_args()

    draw = random.Random(options.seed)
    customers = [[number, draw.choice(CITIES)] for number in range(1, 81)]
    orders: list[list[object]] = []
    for number in range(1, options.orders_count + 1):
        day = date(2025, 1, 1) + timedelta(days=draw.randrange(365))
        quantity = draw.choice([1, 1, 2, 3, 5])
        order = [number, day, draw.randrange(1, 81), draw.randrange(len(PRODUCTS)) + 1, quantity]
        fault = draw.randrange(40)
        if fault == 0:
            order[1] = ""  # no date
        elif fault == 1:
            order[2] = 900 + number  # no such customer
        elif fault == 2:
            order[4] = -quantity
        orders.append(order)
        if fault == 3:
            orders.append(order)  # entered twice
    write(options.customers, ["customer", "city"], customers)
    prices = [[number, *product] for number, product in enumerate(PRODUCTS, 1)]
    write(options.products, ["product", "name", "price"], prices)
    write(options.orders, ["number", "day", "customer", "product", "quantity"], orders)


if __name__ == "__main__":
    main()
