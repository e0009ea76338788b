import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import { NameField } from '../NameField';

const trans = nullTranslator.load('nbyard');
const rest = { busy: false, trans, onChange: jest.fn(), onFree: jest.fn() };

describe('a name that is suggested', () => {
  it('is selected in a focused field, so that typing replaces it', () => {
    const { rerender } = render(<NameField name="" {...rest} />);
    const field = screen.getByRole<HTMLInputElement>('textbox', { name: 'Name' });
    field.focus();
    rerender(<NameField name="tool" {...rest} />);
    expect([field.selectionStart, field.selectionEnd]).toEqual([0, 4]);
  });

  it('may be missing only until it arrives', () => {
    const { rerender } = render(<NameField name="" isAwaited {...rest} />);
    const field = screen.getByRole<HTMLInputElement>('textbox', { name: 'Name' });
    expect(field.required).toBe(false);
    rerender(<NameField name="" {...rest} />);
    expect(field.required).toBe(true);
  });

  it('selects nothing of what the user typed', () => {
    const { rerender } = render(<NameField name="" {...rest} />);
    const field = screen.getByRole<HTMLInputElement>('textbox', { name: 'Name' });
    field.focus();
    fireEvent.change(field, { target: { value: 'one' } });
    rerender(<NameField name="one" {...rest} />);
    expect(field.selectionStart).toBe(field.selectionEnd);
  });
});
