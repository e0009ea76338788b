import { nullTranslator } from '@jupyterlab/translation';
import { render } from '@testing-library/react';
import { TopPicture } from '../Pictures';

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
