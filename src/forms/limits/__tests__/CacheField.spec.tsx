import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import { Json } from '../../../document/canonical';
import { CacheField } from '../CacheField';

const trans = nullTranslator.load('nbyard');
const choice = () => screen.getByLabelText('Use cached results');

function show(value?: Json) {
  const onChange = jest.fn();
  render(<CacheField value={value} trans={trans} onChange={onChange} />);
  return onChange;
}

describe('K11: the cache policy', () => {
  it.each<[Json | undefined, string]>([
    [undefined, ''],
    [true, 'on'],
    ['on', 'on'],
    ['observed', 'on'],
    ['bundle', 'bundle'],
    [false, 'off'],
    ['off', 'off'],
    ['7 d', 'age']
  ])('%p is shown', (value, way) => {
    show(value);
    expect(choice()).toHaveProperty('value', way);
  });

  it('is chosen', () => {
    const onChange = show(true);
    for (const [way, value] of [
      ['off', false],
      ['bundle', 'bundle'],
      ['age', '24 h'],
      ['', undefined]
    ] as const) {
      fireEvent.change(choice(), { target: { value: way } });
      expect(onChange).toHaveBeenLastCalledWith(value);
    }
  });

  it('may be an age, as it is written', () => {
    const onChange = show('24 h');
    const age = screen.getByLabelText('Maximum age of results');
    fireEvent.change(age, { target: { value: '30 min' } });
    fireEvent.blur(age);
    expect(onChange).toHaveBeenLastCalledWith('30 min');
  });
});
