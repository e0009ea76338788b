import { nullTranslator } from '@jupyterlab/translation';
import { render } from '@testing-library/react';
import { HistogramPicture, TopPicture } from '../Pictures';

const trans = nullTranslator.load('nbyard');

describe('D6: the most frequent values', () => {
  it('have bars as wide as their share', () => {
    const top = [
      { value: 'a', count: 500 },
      { value: 'b', count: 1 }
    ];
    const { container } = render(<TopPicture top={top} count={1000} name="c" trans={trans} />);
    const widths = [...container.querySelectorAll('rect')].map(bar => bar.getAttribute('width'));
    expect(widths).toEqual(['120', '1']);
    const said = [...container.querySelectorAll('text[text-anchor="end"]')];
    expect(said.map(({ textContent }) => textContent)).toEqual(['50 %', '< 1 %']);
  });
});

describe('the histogram of whole numbers', () => {
  const histogram = { edges: [0.5, 2.5, 4.5, 5.5], counts: [4, 4, 2] };

  it('has a narrower last bar, as high as its share', () => {
    const { container } = render(
      <HistogramPicture histogram={histogram} min={1} max={5} name="n" trans={trans} />
    );
    const bars = [...container.querySelectorAll('.nby-Picture-bar')];
    const of = (name: string) => bars.map(bar => Number(bar.getAttribute(name)));
    expect(new Set(of('height')).size).toBe(1);
    expect(of('width')).toEqual([95, 95, 47]);
    const rows = [...container.querySelectorAll('tbody tr')];
    expect(rows.map(({ firstChild }) => firstChild?.textContent)).toEqual(['1 – 2', '3 – 4', '5']);
  });

  it('has bars of one width for other numbers, and for one huge one', () => {
    for (const { edges, counts, min } of [
      { edges: [0.2, 1.7, 3.2], counts: [1, 1], min: 0.2 },
      { edges: [2 ** 53, 2 ** 53], counts: [1], min: 2 ** 53 }
    ]) {
      const { container } = render(
        <HistogramPicture histogram={{ edges, counts }} min={min} name="n" trans={trans} />
      );
      const bars = [...container.querySelectorAll('.nby-Picture-bar')];
      expect(bars.map(bar => Number(bar.getAttribute('width')))).toEqual(
        counts.map(() => 240 / counts.length - 1)
      );
    }
  });
});
