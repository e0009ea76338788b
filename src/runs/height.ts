/** The height of Run Info: at first a third of the window, or half of a low one. */
import { SplitPanel, Widget } from '@lumino/widgets';

/** A third of less would hold little more than the header. */
const LOW = 600;

/** Give Run Info a part of the height when it first opens alone. */
export function enlarge(tab: Widget): void {
  const stack = tab.parent?.parent;
  const split = stack?.parent;
  if (split instanceof SplitPanel && split.widgets.length === 2 && split.widgets[1] === stack) {
    split.setRelativeSizes([split.node.clientHeight < LOW ? 1 : 2, 1]);
  }
}
