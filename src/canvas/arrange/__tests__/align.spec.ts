import { align, aligned, distribute, distributed, Line } from '../align';
import { bench, IBench, steps } from '../../model/__tests__/fakes';

const BOXES = [
  { id: 'a', x: 0, y: 10, width: 100, height: 50 },
  { id: 'b', x: 300, y: 0, width: 200, height: 100 },
  { id: 'c', x: 150, y: 200, width: 60, height: 40 }
];

describe('K9: align', () => {
  const cases: [Line, [number, number][]][] = [
    [
      'left',
      [
        [0, 10],
        [0, 0],
        [0, 200]
      ]
    ],
    [
      'right',
      [
        [400, 10],
        [300, 0],
        [440, 200]
      ]
    ],
    [
      'centre',
      [
        [200, 10],
        [150, 0],
        [220, 200]
      ]
    ],
    [
      'top',
      [
        [0, 0],
        [300, 0],
        [150, 0]
      ]
    ],
    [
      'middle',
      [
        [0, 95],
        [300, 70],
        [150, 100]
      ]
    ],
    [
      'bottom',
      [
        [0, 190],
        [300, 140],
        [150, 200]
      ]
    ]
  ];
  it.each(cases)('puts cards on one line: %s', (line, places) => {
    expect(aligned(BOXES, line)).toEqual(places.map((at, n) => [BOXES[n].id, at]));
  });
});

describe('K9: distribute', () => {
  it('makes equal gaps and keeps the ends', () => {
    expect(distributed(BOXES, 'horizontally')).toEqual([
      ['a', [0, 10]],
      ['c', [170, 200]],
      ['b', [300, 0]]
    ]);
  });

  it('gives cards that overlap the usual gap', () => {
    const near = BOXES.map(box => ({ ...box, y: box.y / 10 }));
    const places = distributed(near, 'vertically');
    expect(places.map(([id, [, y]]) => [id, y])).toEqual([
      ['b', 0],
      ['a', 140],
      ['c', 230]
    ]);
  });
});

describe('on the canvas', () => {
  let one: IBench;
  beforeEach(async () => {
    jest.useFakeTimers();
    one = await bench();
  });
  afterEach(() => {
    one.canvas.dispose();
    jest.useRealTimers();
  });

  it('is one undo step', () => {
    const { canvas } = one;
    canvas.store.select(['clean', 'train']);
    const before = steps(canvas);
    align(canvas, 'top');
    expect([canvas.store.place('clean'), canvas.store.place('train')]).toEqual([
      [300, 0],
      [600, 0]
    ]);
    expect(steps(canvas)).toBe(before + 1);
    canvas.store.select(['sales', 'clean', 'train']);
    canvas.doc.move([['clean', [400, 0]]]);
    distribute(canvas, 'horizontally');
    expect(canvas.store.place('clean')).toEqual([300, 0]);
    canvas.doc.undo();
    expect(canvas.store.place('clean')).toEqual([400, 0]);
  });
});
