import { SplitPanel, Widget } from '@lumino/widgets';
import { enlarge } from '../height';

it.each([
  { height: 900, part: 1 / 3 },
  { height: 450, part: 1 / 2 }
])('gives Run Info its part of the height: %j', ({ height, part }) => {
  const split = new SplitPanel({ orientation: 'vertical' });
  const [stack, inner] = [new SplitPanel(), new SplitPanel()];
  const tab = new Widget();
  inner.addWidget(tab);
  stack.addWidget(inner);
  split.addWidget(new Widget());
  split.addWidget(stack);
  Object.defineProperty(split.node, 'clientHeight', { value: height });
  enlarge(tab);
  expect(split.relativeSizes()[1]).toBeCloseTo(part);
});
