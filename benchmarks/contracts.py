"""Count the injected faults that proposed contracts catch, their false alarms, and their cost.

    python benchmarks/contracts.py [--seeds 3] [--rows 1000000] [--rounds 5]
        [--good 10] [--faults 8] [--smallest] > contracts.jsonl

Five kinds of tables each have five good versions, from which a contract is proposed. Ten more good
versions and eight versions with one fault each are then checked: 50 good ones and 40 faults. Each
seed draws all of them again. The cost is that of checking a proposed contract on a CSV and a
Parquet file, compared with reading all columns of the same file with nbyard.

The tables penguins, wine and diabetes are random parts of the rows of real tables. The tables
orders and readings are drawn: keys, categories, amounts with a heavy tail, times, gaps.

| field | what is measured |
|---|---|
| faults | the versions with a fault |
| caught | those that break a rule |
| good_versions | the other versions |
| false_alarms | those that break a rule |
| read | reading all columns |
| check | checking the contract, which reads the columns, too |
"""

import argparse
import datetime as dt
import math
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import palmerpenguins
import polars as pl
import sklearn.datasets
from parts.paired import measure, options_of, print_line, ratio, report

from nbyard.domain.contracts.proposals import PastResult, new_rules, propose
from nbyard.domain.contracts.structs import CheckedFile, Contract, ContractQuestion
from nbyard.errors import NbyardError
from nbyard.tabular import TableFile, Tables
from nbyard.tabular.contract_checks import Table, check_contract

PAST = 5
NOW = dt.datetime.now(dt.UTC)
Random = np.random.Generator
Draw = Callable[[Random, int], pl.DataFrame]


def some_of(frame: pl.DataFrame, random: Random, day: int) -> pl.DataFrame:
    """Return a random part of a real table, in another order."""
    rows = int(frame.height * random.uniform(0.85, 1.0))
    return frame[random.permutation(frame.height)[:rows]]


def orders(random: Random, day: int, rows: int = 0) -> pl.DataFrame:
    """Return the orders of the days until `day`."""
    count = rows or int(random.normal(2_000, 80))
    until = NOW - dt.timedelta(days=PAST - day)
    minutes = np.sort(random.uniform(0, 60 * 24 * 30, count))
    coupons = ["spring" if share < 0.2 else None for share in random.random(count)]
    return pl.DataFrame(
        {
            "order_id": np.arange(count) + 10_000 * day,
            "ordered_at": [until - dt.timedelta(minutes=float(m)) for m in minutes[::-1]],
            "country": random.choice(["DE", "FR", "IT", "PL"], count, p=[0.5, 0.3, 0.15, 0.05]),
            "amount": random.lognormal(3.5, 0.8, count).round(2),
            "items": random.poisson(3, count) + 1,
            "coupon": pl.Series(coupons, dtype=pl.String),
        }
    ).with_columns(pl.col("ordered_at").dt.replace_time_zone(None).dt.truncate("1s"))


def readings(random: Random, day: int, rows: int = 0) -> pl.DataFrame:
    """Return the readings of sensors in the week until `day`."""
    count = rows or 24 * 7 * 12
    until = (NOW - dt.timedelta(days=PAST - day)).replace(tzinfo=None, microsecond=0)
    hours = np.arange(count) / 12
    warmth = 18 + 6 * np.sin(hours / 24 * 2 * math.pi) + random.normal(0, 1.5, count)
    gaps = random.random(count) < 0.03
    return pl.DataFrame(
        {
            "at": [until - dt.timedelta(minutes=5 * (count - place)) for place in range(count)],
            "sensor": random.choice(["north", "south", "roof"], count),
            "celsius": pl.Series(warmth.round(2)).set(pl.Series(gaps), None),
            "humidity": (60 + random.normal(0, 8, count)).clip(5, 99).round(1),
            "is_day": (hours % 24 > 6) & (hours % 24 < 20),
        }
    )


def tables() -> dict[str, Draw]:
    """Return the functions that draw a version of each table."""
    penguins = pl.from_pandas(palmerpenguins.load_penguins())
    wine = pl.from_pandas(sklearn.datasets.load_wine(as_frame=True).frame)
    diabetes = pl.from_pandas(sklearn.datasets.load_diabetes(as_frame=True, scaled=False).frame)
    real = {"penguins": penguins, "wine": wine, "diabetes": diabetes}
    drawn: dict[str, Draw] = {"orders": orders, "readings": readings}
    return {name: partial(some_of, frame) for name, frame in real.items()} | drawn


Fault = Callable[[pl.DataFrame, Random], pl.DataFrame]


def numeric(frame: pl.DataFrame, random: Random) -> str:
    """Return the name of a random column of numbers, keys aside."""
    names = [c.name for c in frame.get_columns() if c.dtype.is_numeric() and c.name != "order_id"]
    return str(random.choice(names))


def spoil(frame: pl.DataFrame, random: Random, share: float, name: str, value: Any) -> pl.DataFrame:
    """Replace a share of the values of a column."""
    hit = pl.Series(random.random(frame.height) < share)
    return frame.with_columns(pl.when(hit).then(value).otherwise(pl.col(name)).alias(name))


def renamed(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
    name = str(random.choice(frame.columns))
    return frame.rename({name: f"{name}_new"})


def dropped(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
    return frame.drop(str(random.choice(frame.columns)))


def words_among_numbers(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
    name = numeric(frame, random)
    return spoil(frame.with_columns(pl.col(name).cast(pl.String)), random, 0.03, name, pl.lit("?"))


def missing_values(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
    return spoil(frame, random, 0.2, str(random.choice(frame.columns)), pl.lit(None))


def other_unit(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
    name, factor = numeric(frame, random), float(random.choice([0.01, 0.1, 10, 100, 1000]))
    return frame.with_columns(pl.col(name) * factor)


def sentinels(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
    return spoil(frame, random, 0.02, numeric(frame, random), pl.lit(-999))


def half(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
    return frame.head(frame.height // 2)


def twice(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
    return pl.concat([frame, frame])


def misspelled(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
    names = [c.name for c in frame.get_columns() if c.dtype == pl.String]
    if not names:
        return swapped(frame, random)
    name = str(random.choice(names))
    return spoil(frame, random, 0.02, name, pl.col(name) + "x")


def swapped(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
    first = numeric(frame, random)
    second = numeric(frame.drop(first), random)
    return frame.rename({first: second, second: first})


def repeated(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
    """Repeat rows, where a key shows it; else leave the rows out that a filter kept before."""
    if "order_id" in frame.columns:
        return pl.concat([frame, frame.head(frame.height // 20)])
    return frame.head(frame.height * 2 // 5)


def stale(frame: pl.DataFrame, random: Random) -> pl.DataFrame:
    names = [c.name for c in frame.get_columns() if c.dtype.is_temporal()]
    if not names:
        return other_unit(frame, random)
    return frame.with_columns(pl.col(names[0]) - dt.timedelta(days=60))


FAULTS: tuple[Fault, ...] = (
    *(renamed, dropped, words_among_numbers, missing_values, other_unit, sentinels),
    *(half, twice, misspelled, swapped, repeated, stale),
)


class Bench:
    """Writes versions of tables, and checks the contracts that are proposed from them."""

    def __init__(self, folder: Path):
        self._folder = folder
        self.tables = Tables(folder / "tables")
        self._count = 0

    def written(self, frame: pl.DataFrame) -> TableFile:
        """Write a version as CSV."""
        self._count += 1
        path = self._folder / f"v{self._count}.csv"
        frame.write_csv(path)
        return TableFile(path, path.name, f"v{self._count}")

    def proposed(self, versions: list[TableFile], days: list[int]) -> Contract:
        """Propose a contract from versions."""
        at = [NOW - dt.timedelta(days=PAST - day) for day in days]
        past = zip(days, at, map(self.tables.whole_profile, versions), strict=True)
        return new_rules((), propose([PastResult(*each) for each in past]))

    def breaks(self, contract: Contract, file: TableFile, last: TableFile) -> list[str]:
        """Return the rules that a version breaks."""
        try:
            broken = self.tables.breaches(file, contract, {}, last)
        except NbyardError as error:
            return [str(error)]
        return [str(breach.reason) for breach in broken]


def quality(bench: Bench, seed: int, good_of_table: int, faults_of_table: int) -> None:
    """Report the caught faults and false alarms of one draw of all versions."""
    random = np.random.default_rng(seed)
    caught = faults = alarms = good = 0
    for name, draw in tables().items():
        days = [*range(PAST)]
        past = [bench.written(draw(random, day)) for day in days]
        contract = bench.proposed(past, days)
        kinds = random.choice(len(FAULTS), faults_of_table, replace=False)
        for _ in range(good_of_table):
            # Each is drawn as of today, because freshness is checked as of now.
            broken = bench.breaks(contract, bench.written(draw(random, PAST)), past[-1])
            good, alarms = good + 1, alarms + bool(broken)
            if broken:
                sys.stderr.write(f"seed {seed}: false alarm on {name}: {broken}\n")
        for kind in kinds:
            frame = FAULTS[kind](draw(random, PAST), random)
            found = bench.breaks(contract, bench.written(frame), past[-1])
            faults, caught = faults + 1, caught + bool(found)
            if not found:
                sys.stderr.write(f"seed {seed}: missed {FAULTS[kind].__name__} of {name}\n")
    print_line(
        f"seed {seed}", faults=faults, caught=caught, good_versions=good, false_alarms=alarms
    )


def cost(bench: Bench, folder: Path, rows: int, rounds: int, *, warm_up: bool) -> None:
    """Report what checking costs beside reading all columns, as CSV and as Parquet."""
    random = np.random.default_rng(0)
    past = [bench.written(orders(random, day)) for day in range(PAST)]
    contract = bench.proposed(past, [*range(PAST)])
    frame = orders(random, PAST, rows)
    for suffix, write in (("csv", frame.write_csv), ("parquet", frame.write_parquet)):
        path = folder / f"large.{suffix}"
        write(path)
        kept = folder / f"kept-{suffix}"
        kept.mkdir()
        file = CheckedFile(str(path), path.name, str(kept))
        last = CheckedFile(str(past[-1].path), "last.csv", str(folder / "kept-last"))
        Path(last.folder).mkdir(exist_ok=True)
        question = ContractQuestion(contract, NOW.timestamp(), last=last)

        def read(file: CheckedFile = file) -> None:
            table = Table(file)
            table.frame([*table.places]).collect(engine="streaming")

        def check(file: CheckedFile = file, question: ContractQuestion = question) -> None:
            check_contract(file, question)

        seconds = measure({"check": check, "read": read}, rounds, warm_up=warm_up)
        share = ratio(seconds, "check", "read") - 1
        title = f"{len(contract)} rules on {rows:,} rows of {suffix}"
        report(title, seconds, ["read"], added_share=round(share, 3))


def main() -> None:
    """Run all parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--good", type=int, default=10, help="good versions of each table")
    parser.add_argument("--faults", type=int, default=8, help="faulty versions of each table")
    options = options_of(parser, seeds=1, rows=10_000, rounds=1, good=1, faults=2)
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name))
        try:
            for seed in range(1, options.seeds + 1):
                quality(bench, seed, options.good, options.faults)
            cost(bench, Path(name), options.rows, options.rounds, warm_up=options.warm_up)
        finally:
            bench.tables.close()


if __name__ == "__main__":
    main()
