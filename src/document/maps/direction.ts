/** Whether a metric is better if it is lower or higher, by usual names. */

const anyOf = (...names: string[]) => new RegExp(`(?<![a-z])(${names.join('|')})(?![a-z])`, 'i');
export const LOW = anyOf(
  ...['loss', 'logloss', 'nll', 'err', 'error', 'mae', 'mape', 'mse', 'rmse', 'perplexity'],
  ...['wer', 'cer', 'cost', 'latency', 'seconds', 'time', 'rank']
);
export const HIGH = anyOf(
  ...['acc', 'accuracy', 'score', 'auc', 'f1', 'precision', 'recall', 'r2', 'iou', 'dice'],
  ...['bleu', 'rouge', 'reward', 'sharpe']
);

/** Return whether a metric is better if it is higher, by its name. */
export function isBetterHigh(name: string): boolean {
  return !LOW.test(name);
}
