/** The height of Run Info: a third of the window at first, more after a failure. */
import { SplitPanel, Widget } from '@lumino/widgets';
import { recall, remember } from '../components/hooks/sessionMemory';

const AFTER_FAILURE = 0.4;
/** Where the page keeps which failed runs had their room; a reload is no new failure. */
const KEY = 'shown-failures';
const KEPT = 50;

/** Give Run Info a third of the height when it first opens alone. */
export function enlarge(tab: Widget): void {
  splitOf(tab)?.setRelativeSizes([2, 1]);
}

/** Give Run Info two fifths of the window once for each failed run; a larger height stays. */
export function growForFailedRun(tab: Widget, run: string): void {
  const split = splitOf(tab);
  const known = recall<{ runs: string[] }>(KEY)?.runs ?? [];
  if (!split || known.includes(run)) {
    return;
  }
  remember(KEY, { runs: [...known, run].slice(-KEPT) });
  const height = split.node.clientHeight || window.innerHeight;
  const wanted = Math.min(1, (window.innerHeight * AFTER_FAILURE) / height);
  const [, now] = split.relativeSizes();
  if (now < wanted) {
    split.setRelativeSizes([1 - wanted, wanted]);
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
