import { SplitPanel, Widget } from '@lumino/widgets';
import { enlarge, growForFailedRun, restoreHeight } from '../height';

let split: SplitPanel;
let tab: Widget;

beforeEach(() => {
  sessionStorage.clear();
  split = new SplitPanel({ orientation: 'vertical' });
  const [stack, inner] = [new SplitPanel(), new SplitPanel()];
  tab = new Widget();
  inner.addWidget(tab);
  stack.addWidget(inner);
  split.addWidget(new Widget());
  split.addWidget(stack);
  Object.defineProperty(split.node, 'clientHeight', { value: window.innerHeight * 0.8 });
  enlarge(tab);
});

const share = () => split.relativeSizes()[1];

describe('K5: the height of Run Info', () => {
  it('is two fifths of the window after a failure', () => {
    expect(share()).toBeCloseTo(1 / 3);
    growForFailedRun(tab, 'r1');
    expect(share() * 0.8).toBeCloseTo(0.4);
  });

  it('stays where the user chose a larger one', () => {
    split.setRelativeSizes([1, 3]);
    growForFailedRun(tab, 'r1');
    expect(share()).toBeCloseTo(0.75);
  });

  it('is overridden once for each failed run, also after a reload', () => {
    growForFailedRun(tab, 'r1');
    split.setRelativeSizes([4, 1]);
    growForFailedRun(tab, 'r1');
    expect(share()).toBeCloseTo(0.2);
    growForFailedRun(tab, 'r2');
    expect(share()).toBeCloseTo(0.5);
  });

  it('is as before the failure after a success, also after two failures', () => {
    growForFailedRun(tab, 'r1');
    growForFailedRun(tab, 'r2');
    restoreHeight(tab);
    expect(share()).toBeCloseTo(1 / 3);
    split.setRelativeSizes([1, 1]);
    restoreHeight(tab);
    expect(share()).toBeCloseTo(0.5);
  });

  it('stays after a success where the user chose another one meanwhile', () => {
    growForFailedRun(tab, 'r1');
    split.setRelativeSizes([2, 3]);
    restoreHeight(tab);
    expect(share()).toBeCloseTo(0.6);
  });

  it('is left alone where Run Info stands elsewhere', () => {
    const alone = new Widget();
    growForFailedRun(alone, 'r1');
    growForFailedRun(tab, 'r1');
    expect(share()).toBeCloseTo(0.5);
  });
});
