"""Rules of a contract, as the workflow document has them, and the verdict of a check."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal, get_args

import msgspec

from nbyard.domain.datasets.table_descriptions import ColumnType
from nbyard.domain.presentation import shown
from nbyard.reasons.structs import Reason, because, joined

MAX_EXAMPLES = 5
Level = Literal["stop", "warn"]
Scalar = str | int | float | bool
Bound = int | float | str
TYPES = {name: name for name in get_args(ColumnType)}
LEVELS = {"stop": "stop the branch", "warn": "only warn"}
Column = Annotated[str, shown("Column", order=1)]
Columns = Annotated[tuple[str, ...], shown("Columns, one in each line", order=1)]
Least = Annotated[Bound | None, shown("At least", order=2, widget="text")]
Most = Annotated[Bound | None, shown("At most", order=3, widget="text")]


class OutputRule(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    kw_only=True,
    tag_field="rule",
):
    """What all rules have. A broken rule of level `stop` fails the task, others leave a warning.

    Rules without `on_sample` compare the whole output, so check runs on a sample skip them.
    """

    level: Annotated[Level, shown("If broken", order=9, labels=LEVELS)] = "stop"
    on_sample: ClassVar[bool] = True

    def columns_used(self) -> Iterable[str]:
        """Return the columns without which the rule cannot be checked."""
        of_mean = getattr(self, "name", "") if getattr(self, "figure", "") == "mean" else ""
        column = getattr(self, "column", of_mean)
        return [column] if column else getattr(self, "columns", ())


class ColumnsRule(OutputRule, frozen=True, tag="columns"):
    """The table has these columns, and with `closed` no others."""

    columns: Columns
    closed: Annotated[bool, shown("No other columns", order=2)] = False


class TypeRule(OutputRule, frozen=True, tag="type"):
    """The column has this type. An integer also fits where a float is expected."""

    column: Column
    type: Annotated[ColumnType, shown("Type", order=2, labels=TYPES)]


class NullsRule(OutputRule, frozen=True, tag="nulls"):
    """At most this share of the values is missing."""

    column: Column
    most: Annotated[float, shown("Largest share of missing values (0 to 1)", order=2)] = 0.0


class RangeRule(OutputRule, frozen=True, tag="range"):
    """Each value is in the range. Bounds of dates are ISO texts."""

    column: Column
    min: Least = None
    max: Most = None


class UniqueRule(OutputRule, frozen=True, tag="unique"):
    """No two rows have the same values in these columns."""

    columns: Columns


class ValuesRule(OutputRule, frozen=True, tag="values"):
    """Each value is one of these."""

    column: Column
    values: Annotated[tuple[Scalar, ...], shown("Values, one in each line", order=2)]


class RowsRule(OutputRule, frozen=True, tag="rows"):
    """The number of rows is in the range."""

    min: Annotated[int | None, shown("At least", order=2)] = None
    max: Annotated[int | None, shown("At most", order=3)] = None
    on_sample: ClassVar[bool] = False


class FreshRule(OutputRule, frozen=True, tag="fresh"):
    """The newest date or time in the column is at most so many hours old, counted in UTC."""

    column: Column
    hours: Annotated[float, shown("At most this old (hours)", order=2)]


class ReferenceRule(OutputRule, frozen=True, tag="reference"):
    """Each value is in a column of the current version of a dataset."""

    column: Column
    dataset: Annotated[str, shown("Dataset", order=2, picker="dataset")]
    other: Annotated[str, shown("Its column", order=3, placeholder="of the same name")] = ""


class MetricRule(OutputRule, frozen=True, tag="metric"):
    """A number is in the range: of a JSON output, or else recorded by the task."""

    name: Annotated[str, shown("Metric", order=1)]
    min: Annotated[float | None, shown("At least", order=2)] = None
    max: Annotated[float | None, shown("At most", order=3)] = None
    on_sample: ClassVar[bool] = False


Figure = Literal["content", "rows", "mean", "metric"]
FIGURES = {
    "content": "the bytes",
    "rows": "the number of rows",
    "mean": "the mean of a column",
    "metric": "a metric",
}


class CloseRule(OutputRule, frozen=True, tag="close"):
    """A figure is close to that of the last good run, or equal if `within` is 0.

    `within` is a share of the last figure; for a mean, of the larger of mean and deviation. `name`
    is the column of a mean, or the metric.
    """

    figure: Annotated[Figure, shown("Figure", order=1, labels=FIGURES)]
    name: Annotated[str, shown("Column or metric", order=2)] = ""
    within: Annotated[float, shown("Within (share of the last figure)", order=3)] = 0.0
    on_sample: ClassVar[bool] = False


Rule = (
    ColumnsRule
    | TypeRule
    | NullsRule
    | RangeRule
    | UniqueRule
    | ValuesRule
    | RowsRule
    | FreshRule
    | ReferenceRule
    | MetricRule
    | CloseRule
)
LABELS = {
    "columns": "the columns of the table",
    "type": "the type of a column",
    "nulls": "missing values",
    "range": "the range of values",
    "unique": "no repeated rows",
    "values": "a set of values",
    "rows": "the number of rows",
    "fresh": "how old the newest row is",
    "reference": "values of another dataset",
    "metric": "a metric",
    "close": "close to the last good run",
}
Contract = tuple[Rule, ...]
Contracts = dict[str, Contract]


class CheckedFile(msgspec.Struct, omit_defaults=True):
    """A file that a contract is about; `metrics` were recorded by its task."""

    path: str = ""
    filename: str = ""
    folder: str = ""
    metrics: dict[str, float | str] = {}


class ContractQuestion(msgspec.Struct, omit_defaults=True):
    """A contract to check `now`, in seconds since 1970.

    `references` are its datasets, `last` is the output of the last good run.
    """

    contract: Contract
    now: float
    metrics: dict[str, float | str] = {}
    references: dict[str, CheckedFile] = {}
    last: CheckedFile | None = None
    is_same: bool = False


class Breach(msgspec.Struct, frozen=True):
    """A broken rule. The `reason` names its column, the count and the first counter-examples."""

    rule: Rule
    reason: Reason


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """The result of a check. `contract` identifies the rules and the data that they refer to."""

    contract: str
    rules: int = 0
    breaches: tuple[Breach, ...] = ()

    def reasons(self, level: Level) -> list[Reason]:
        """Return why rules of a level are broken."""
        return [breach.reason for breach in self.breaches if breach.rule.level == level]


class OutputContract(msgspec.Struct, frozen=True):
    """The contract on an output of a node, or on the `data` of a dataset."""

    node: str
    output: str
    rules: Contract


class PanderaSchema(msgspec.Struct, frozen=True):
    """A schema as `pandera` reads it with `from_json` or `from_yaml`."""

    text: str


def rule_text(rule: Rule) -> str:
    """Return a rule as short text, such as `range price min 0 (warn)`."""
    fields: dict[str, Any] = msgspec.to_builtins(rule)
    kind, level = fields.pop("rule"), " (warn)" if fields.pop("level", "") == "warn" else ""
    subject = fields.pop("column", None) or ", ".join(fields.pop("columns", ()))
    listed = {n: ", ".join(map(str, v)) for n, v in fields.items() if isinstance(v, tuple)}
    more = (f"{name} {value}" for name, value in (fields | listed).items())
    return " ".join(filter(None, [kind, subject, *more])) + level


def kind_of(rule: Rule) -> str:
    """Return the word for the kind of a rule, as documents have it."""
    return str(type(rule).__struct_config__.tag)


def rules_for(contract: Contract, sample: object) -> Contract:
    """Return the rules that can be checked, which are fewer on a sample."""
    return tuple(rule for rule in contract if rule.on_sample or not sample)


def unreadable(contract: Contract, key: str, problem: Reason) -> Verdict:
    """Return the verdict on content that cannot be read: each level has one breach."""
    first = {rule.level: rule for rule in reversed(contract)}
    reason = because("contract-unreadable", problem=problem)
    return Verdict(key, len(contract), tuple(Breach(rule, reason) for rule in first.values()))


Codes = Mapping[Level, str]
OF_OUTPUT: Codes = {"stop": "contract-broken", "warn": "contract-drift"}
OF_DATA: Codes = {"stop": "data-contract-broken", "warn": "data-contract-drift"}
DRIFTS = (OF_OUTPUT["warn"], OF_DATA["warn"])


def outcome_of(
    verdicts: Mapping[str, Verdict], level: Level, codes: Codes = OF_OUTPUT
) -> Reason | None:
    """Return why outputs, or inputs from datasets, break rules of a level; else None."""
    of = ((name, verdict.reasons(level)) for name, verdict in verdicts.items())
    return joined(because(codes[level], name=name, breaches=why) for name, why in of if why)


def bounds_text(low: Any, high: Any) -> str:
    """Return a range as short text, such as `≥ 5`."""
    return f"≥ {low}" if high is None else f"≤ {high}" if low is None else f"{low} … {high}"
