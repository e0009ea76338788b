import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import { JsonObject } from '../../../document/canonical';
import { LimitFields } from '../LimitFields';

const trans = nullTranslator.load('nbyard');
const ALL = ['error', 'exit-code', 'timeout', 'memory', 'contract', 'kernel-died'];

function show(fields: JsonObject, errors = {}) {
  const onChange = jest.fn();
  render(<LimitFields fields={fields} errors={errors} trans={trans} onChange={onChange} />);
  return onChange;
}

describe('K11: the limits of a node', () => {
  it('say after which failures it is tried again', () => {
    const onChange = show({ retry_on: ALL.slice(1) });
    expect(screen.getAllByRole('checkbox', { checked: true })).toHaveLength(5);
    expect(screen.getByLabelText('a missing or invalid output')).toBeTruthy();
    fireEvent.click(screen.getByLabelText('an error'));
    expect(onChange).toHaveBeenLastCalledWith('retry_on', undefined); // all of them
    fireEvent.click(screen.getByLabelText('a time limit'));
    expect(onChange).toHaveBeenLastCalledWith(
      'retry_on',
      ALL.filter(kind => !['error', 'timeout'].includes(kind))
    );
  });

  it('follow all failures where nothing is said', () => {
    show({});
    expect(screen.getAllByRole('checkbox', { checked: true })).toHaveLength(ALL.length);
  });

  it('show what applies to empty fields', () => {
    const shown = () =>
      ['CPUs', 'GPUs', 'Memory'].map(
        label => screen.getByLabelText<HTMLInputElement>(label).placeholder
      );
    const props = { fields: {}, trans, onChange: jest.fn() };
    const { rerender } = render(<LimitFields {...props} />);
    expect(shown()).toEqual(['1', '0', 'no limit']);
    const usual = { cpu: 4, gpu: 2, memory_bytes: 2 ** 30 };
    rerender(<LimitFields {...props} usual={usual} />);
    expect(shown()).toEqual(['4', '2', '1 GiB']);
  });

  it('take a size of memory, and say what is none', () => {
    const onChange = show({});
    const field = screen.getByLabelText('Memory');
    const enter = (value: string) => {
      fireEvent.change(field, { target: { value } });
      fireEvent.blur(field);
    };
    enter('-1 GiB');
    expect(screen.getByRole('alert').textContent).toContain('Enter a size');
    expect(onChange).not.toHaveBeenCalled();
    enter('2 GiB');
    expect(onChange).toHaveBeenLastCalledWith('memory_bytes', 2 * 1024 ** 3);
  });

  it('have what the server says of a number at its field', () => {
    show({ retries: -1 }, { retries: 'retries must be from 0 to 20' });
    const field = screen.getByLabelText('Retries');
    expect(field.getAttribute('aria-invalid')).toBe('true');
    expect(screen.getByRole('alert').textContent).toBe('retries must be from 0 to 20');
  });
});
