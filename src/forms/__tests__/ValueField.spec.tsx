import { nullTranslator } from '@jupyterlab/translation';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { IValueFieldProps, ValueField } from '../ValueField';

const trans = nullTranslator.load('nbyard');

function show(props: Partial<IValueFieldProps>): jest.Mock {
  const onChange = jest.fn();
  render(
    <ValueField label="seed" type="int" value={undefined} {...{ trans, onChange }} {...props} />
  );
  return onChange;
}

const shown = () => {
  const field = screen.getByLabelText<HTMLInputElement | HTMLSelectElement>(/^seed/);
  return field instanceof HTMLSelectElement ? field.selectedOptions[0].textContent : field.value;
};

afterEach(cleanup);

describe('a field with a default', () => {
  it.each([
    [undefined, '7', null],
    [0, '0', 'changed from 7'],
    [null, '', 'changed from 7']
  ])('shows the stored value %p as %p', (value, text, note) => {
    const onChange = show({ value, fallback: 7 });
    expect(shown()).toBe(text);
    expect(screen.queryByText(/^changed/)?.textContent ?? null).toBe(note);
    fireEvent.blur(screen.getByLabelText(/^seed/));
    expect(onChange).not.toHaveBeenCalled();
  });

  it.each([
    [undefined, 'default: true'],
    [false, 'false'],
    [null, 'none']
  ])('shows the stored choice %p as %p', (value, text) => {
    show({ type: 'bool', value, fallback: true });
    expect(shown()).toBe(text);
  });
});
