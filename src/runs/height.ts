/** The height of Run Info: a third of the window at first, more after a failure until a success. */
import { SplitPanel, Widget } from '@lumino/widgets';
import { recall, remember } from '../components/hooks/sessionMemory';

const AFTER_FAILURE = 0.4;
/** Where the page keeps which failed runs had their room; a reload is no new failure. */
const KEY = 'shown-failures';
const KEPT = 50;
/** A smaller difference of the height is no choice of the user. */
const TOLERANCE = 0.02;

interface IKept {
  readonly runs: readonly string[];
  /** The share of the height before and after a failure. */
  readonly raised?: readonly [number, number];
}

/** Give Run Info a third of the height when it first opens alone. */
export function enlarge(tab: Widget): void {
  splitOf(tab)?.setRelativeSizes([2, 1]);
}

/** Give Run Info two fifths of the window once for each failed run; a larger height stays. */
export function growForFailedRun(tab: Widget, run: string): void {
  const split = splitOf(tab);
  const { runs = [], raised } = recall<IKept>(KEY) ?? {};
  if (!split || runs.includes(run)) {
    return;
  }
  const height = split.node.clientHeight || window.innerHeight;
  const wanted = Math.min(1, (window.innerHeight * AFTER_FAILURE) / height);
  const [, now] = split.relativeSizes();
  const isLow = now < wanted;
  remember(KEY, {
    runs: [...runs, run].slice(-KEPT),
    raised: isLow ? [now, wanted] : raised
  });
  if (isLow) {
    split.setRelativeSizes([1 - wanted, wanted]);
  }
}

/** Give Run Info the height from before a failure, unless the user changed it since. */
export function restoreHeight(tab: Widget): void {
  const split = splitOf(tab);
  const { runs, raised } = recall<IKept>(KEY) ?? {};
  if (split && raised) {
    const [before, after] = raised;
    if (Math.abs(split.relativeSizes()[1] - after) < TOLERANCE) {
      split.setRelativeSizes([1 - before, before]);
    }
    remember(KEY, { runs });
  }
}

/** Return the panel that divides the window between Run Info and what is above it. */
function splitOf(tab: Widget): SplitPanel | undefined {
  const stack = tab.parent?.parent;
  const split = stack?.parent;
  return split instanceof SplitPanel && split.widgets.length === 2 && split.widgets[1] === stack
    ? split
    : undefined;
}
