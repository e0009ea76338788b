import { SplitPanel, Widget } from '@lumino/widgets';
import { enlarge } from '../height';

it('gives Run Info a third of the height', () => {
  const split = new SplitPanel({ orientation: 'vertical' });
  const [stack, inner] = [new SplitPanel(), new SplitPanel()];
  const tab = new Widget();
  inner.addWidget(tab);
  stack.addWidget(inner);
  split.addWidget(new Widget());
  split.addWidget(stack);
  enlarge(tab);
  expect(split.relativeSizes()[1]).toBeCloseTo(1 / 3);
});
