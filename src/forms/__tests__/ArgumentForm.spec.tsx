import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen } from '@testing-library/react';
import { ApiClient } from '../../api/client';
import { Binding, IArgument, readArguments } from '../../document/arguments';
import { ArgumentForm } from '../ArgumentForm';
import { ParametersEditor } from '../ParametersEditor';

const trans = nullTranslator.load('nbyard');

function form(argument: Partial<IArgument>, binding?: Binding, rest = {}) {
  const onChange = jest.fn();
  render(
    <ArgumentForm
      arguments={readArguments([argument])}
      bindings={{ [argument.name!]: binding }}
      trans={trans}
      onChange={onChange}
      {...rest}
    />
  );
  return onChange;
}

function type(label: string, text: string) {
  const field = screen.getByLabelText(label);
  fireEvent.change(field, { target: { value: text } });
  fireEvent.blur(field);
}

describe('K7: values in a typed form', () => {
  it.each([
    ['int', '12', 12],
    ['int', '-1_000', -1000],
    ['float', '1e-3', 0.001],
    ['string', 'a = b', 'a = b'],
    ['list', '[1, "x"]', [1, 'x']],
    ['json', '{"a": null}', { a: null }],
    ['date', '2025-02-28', '2025-02-28'],
    ['time', '08:30', '08:30'],
    ['datetime', '2025-02-28T08:30', '2025-02-28T08:30'],
    ['decimal', '1.50', '1.50']
  ] as const)('reads a value of type %s', (kind, text, value) => {
    const onChange = form({ name: 'n', type: kind });
    type('n', text);
    expect(onChange).toHaveBeenCalledWith('n', { value });
  });

  it.each([
    ['date', '2025-02-28', 'date'],
    ['time', '08:30:00', 'time'],
    ['datetime', '2025-02-28T08:30', 'datetime-local'],
    ['datetime', '2025-02-28T08:30:00+00:00', 'text'],
    ['decimal', '1.50', 'text']
  ] as const)('shows a default of type %s (%s) in a field of type %s', (kind, value, input) => {
    form({ name: 'n', type: kind, default: value });
    const field = screen.getByLabelText<HTMLInputElement>('n');
    expect([field.type, field.value]).toEqual([input, value]);
  });

  it('E3: offers credentials for a secret, and keeps one that is gone', async () => {
    const call = jest.spyOn(ApiClient.prototype, 'call');
    call.mockResolvedValue({ items: [{ name: 'api' }, { name: 'minio' }] } as never);
    const onChange = form({ name: 'token', type: 'secret' }, { value: 'gone' });
    expect(await screen.findByText('minio')).toBeTruthy();
    const field = screen.getByLabelText<HTMLSelectElement>('token');
    expect([...field.options].map(({ text }) => text)).toEqual(['', 'api', 'minio', 'gone']);
    expect(field.selectedOptions[0].text).toBe('gone');
    fireEvent.change(field, { target: { value: '0' } });
    expect(onChange).toHaveBeenCalledWith('token', { value: 'api' });
    call.mockRestore();
  });

  it('offers names of data for an input, and a way to bring a file', () => {
    const bring = (_: IArgument, onName: (name: string) => void) => (
      <button onClick={() => onName('brought.csv')}>Upload…</button>
    );
    const inputs = { names: ['a.csv', 'made.table'], bring };
    const onChange = form({ name: 'n', role: 'input', format: 'csv' }, undefined, { inputs });
    const field = screen.getByLabelText<HTMLInputElement>('n');
    expect([...field.list!.options].map(({ value }) => value)).toEqual(inputs.names);
    expect(screen.getByText(/CSV file: path, dataset or artifact/)).toBeTruthy();
    fireEvent.click(screen.getByText('Upload…'));
    expect(onChange).toHaveBeenCalledWith('n', { value: 'brought.csv' });
  });

  it.each([
    ['int', '1.5', 'Enter a whole number.'],
    ['int', '99999999999999999999', 'This number is too large.'],
    ['float', 'fast', 'Enter a number.'],
    ['list', '{"a": 1}', 'Enter a JSON list, for example [1, 2].'],
    ['json', '{', 'Enter valid JSON.']
  ] as const)('says under the field what is wrong with a %s', (kind, text, message) => {
    const onChange = form({ name: 'n', type: kind });
    type('n', text);
    expect(onChange).not.toHaveBeenCalled();
    expect(screen.getByRole('alert').textContent).toBe(message);
    expect(screen.getByLabelText('n').getAttribute('aria-invalid')).toBe('true');
  });

  it('chooses true, false and choices', () => {
    const onChange = form({ name: 'fast', type: 'bool', default: false });
    fireEvent.change(screen.getByLabelText('fast'), { target: { value: '0' } });
    expect(onChange).toHaveBeenLastCalledWith('fast', { value: true });
    const other = form({ name: 'mode', type: 'choice', choices: ['a', 2] });
    fireEvent.change(screen.getByLabelText('mode'), { target: { value: '1' } });
    expect(other).toHaveBeenLastCalledWith('mode', { value: 2 });
  });

  it('goes back to the default', () => {
    const onChange = form({ name: 'n', type: 'int', default: 3 }, { value: 5 });
    fireEvent.click(screen.getByText('Reset'));
    expect(onChange).toHaveBeenLastCalledWith('n', undefined);
    type('n', '');
    expect(onChange).toHaveBeenCalledTimes(2);
  });

  it('marks a changed value while it is typed, and no default file', () => {
    form({ name: 'n', type: 'int', default: 3 });
    fireEvent.change(screen.getByLabelText('n'), { target: { value: '35' } });
    expect(screen.getByText('changed from 3')).toBeTruthy();
    fireEvent.change(screen.getByLabelText('n'), { target: { value: '3' } });
    expect(screen.getByText('default')).toBeTruthy();
    form({ name: 'data', role: 'input', default: 'a.csv' }, { value: 'a.csv' });
    expect(screen.queryByText('Reset')).toBeNull();
  });

  it('Escape gives up what was typed', () => {
    const onChange = form({ name: 'n', type: 'int' }, { value: 5 });
    const field = screen.getByLabelText<HTMLInputElement>('n');
    fireEvent.change(field, { target: { value: 'x' } });
    fireEvent.keyDown(field, { key: 'Escape' });
    expect(field.value).toBe('5');
    expect(onChange).not.toHaveBeenCalled();
  });

  it('binds to a parameter of the workflow of the same type', () => {
    const parameters = { rate: { type: 'float' as const, default: 0.5 }, name: { type: 'string' } };
    const onChange = form({ name: 'n', type: 'float' }, undefined, { parameters });
    const choice = screen.getByLabelText('Source of “n”');
    expect([...choice.querySelectorAll('option')].map(option => option.value)).toEqual([
      '',
      'rate'
    ]);
    fireEvent.change(choice, { target: { value: 'rate' } });
    expect(onChange).toHaveBeenCalledWith('n', { parameter: 'rate' });
  });

  it('shows a binding whose parameter is gone', () => {
    form({ name: 'n' }, { parameter: 'old' }, { parameters: {} });
    expect(screen.getByText(/no longer has the parameter “old”/)).toBeTruthy();
  });

  it('shows what an arrow brings, and what the server says', () => {
    form({ name: 'raw', role: 'input' }, undefined, { connected: { raw: 'sales.data' } });
    expect(screen.getByText('← sales.data')).toBeTruthy();
    form({ name: 'n' }, undefined, { errors: { n: 'too small' } });
    expect(screen.getByRole('alert').textContent).toBe('too small');
  });
});

describe('K7: parameters of the workflow', () => {
  it('are declared, and names are checked', () => {
    const onChange = jest.fn();
    render(
      <ParametersEditor parameters={{ a: { type: 'int' } }} trans={trans} onChange={onChange} />
    );
    const name = screen.getByLabelText('Name of a new parameter');
    fireEvent.change(name, { target: { value: 'a' } });
    expect(screen.getByText('“a” already exists.')).toBeTruthy();
    fireEvent.change(name, { target: { value: '1x' } });
    expect(screen.getByText(/Start with a letter or _/)).toBeTruthy();
    fireEvent.change(name, { target: { value: 'b' } });
    fireEvent.change(screen.getByLabelText('Type of the new parameter'), {
      target: { value: 'float' }
    });
    fireEvent.click(screen.getByText('Add'));
    expect(onChange).toHaveBeenCalledWith('b', { type: 'float' });
    fireEvent.click(screen.getByText('Remove “a”'));
    expect(onChange).toHaveBeenLastCalledWith('a', undefined);
  });
});
