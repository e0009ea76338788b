/** The height of Run Info: a third of the window at first. */
import { SplitPanel, Widget } from '@lumino/widgets';

/** Give Run Info a third of the height when it first opens alone. */
export function enlarge(tab: Widget): void {
  const stack = tab.parent?.parent;
  const split = stack?.parent;
  if (split instanceof SplitPanel && split.widgets.length === 2 && split.widgets[1] === stack) {
    split.setRelativeSizes([2, 1]);
  }
}
