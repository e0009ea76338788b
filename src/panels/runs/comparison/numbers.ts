/** Compares the numbers of runs. */

/** Names of metrics whose lower or higher values are better; others have no best value. */
const LOWER = /(^|[\W_])(loss|error|err|rmse|mse|mae|mape|perplexity)($|[\W_])/i;
const HIGHER = /(^|[\W_])(acc|accuracy|auc|f1|precision|recall|r2)($|[\W_])/i;

const isNumber = (value: unknown): value is number => Number.isFinite(value);

/** Return the best value of a metric; undefined if its direction is unknown or nothing differs. */
export function bestOf(name: string, values: readonly unknown[]): number | undefined {
  const known = values.filter(isNumber);
  const isLow = LOWER.test(name);
  if (isLow === HIGHER.test(name) || new Set(known).size < 2) {
    return undefined;
  }
  return isLow ? Math.min(...known) : Math.max(...known);
}

/** Return by how much the last value is larger than the first; empty if one is no number. */
export function deltaText(values: readonly unknown[], show: (value: number) => string): string {
  const [first, last] = [values[0], values[values.length - 1]];
  if (!isNumber(first) || !isNumber(last) || first === last) {
    return '';
  }
  const sign = last > first ? '+' : '−';
  const share = Math.abs((last - first) / first) * 100;
  const percent = Number.isFinite(share) ? ` (${sign}${Number(share.toPrecision(2))} %)` : '';
  return `${sign}${show(Math.abs(last - first))}${percent}`;
}
