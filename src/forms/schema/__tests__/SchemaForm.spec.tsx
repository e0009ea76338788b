import { nullTranslator } from '@jupyterlab/translation';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { useState } from 'react';
import { FieldKind, IField } from '../field';
import { Problems, typedValues, Values } from '../fields';
import { ISchemaFormProps, SchemaForm } from '../SchemaForm';

const trans = nullTranslator.load('nbyard');
const field = (kind: FieldKind, part: Partial<IField> = {}): IField => ({
  ...{ name: kind, kind, label: kind },
  ...part
});

function draw(fields: IField[], part: Partial<ISchemaFormProps> = {}) {
  let typed: Values = {};
  function Form() {
    const [values, setValues] = useState<Values>(() => part.values ?? typedValues(fields));
    typed = values;
    const onChange = (name: string, value: Values[string]) =>
      setValues({ ...values, [name]: value });
    return <SchemaForm {...{ fields, trans, problems: {}, ...part, values, onChange }} />;
  }
  render(<Form />);
  return () => typed;
}

const control = (label: string) =>
  screen.getByLabelText<HTMLInputElement>(new RegExp(`^${label}\\*?$`));
const type = (label: string, value: string) =>
  fireEvent.change(control(label), { target: { value } });

afterEach(cleanup);

describe('a form that is drawn from fields', () => {
  it('has the widget of each kind', () => {
    const labels = { a: 'first', b: 'second' };
    const kinds: FieldKind[] = [
      ...(['text', 'long text', 'number', 'minutes', 'gigabytes', 'password'] as const),
      ...(['words', 'pairs', 'facts', 'box', 'moment'] as const)
    ];
    const typed = draw([
      ...kinds.map(kind => field(kind)),
      field('choice', { labels, empty: 'none of them' }),
      field('boxes', { labels })
    ]);
    const seen = (label: string) => {
      const { tagName, type, inputMode } = control(label);
      return [tagName, type, inputMode].filter(Boolean).join(' ');
    };
    expect(seen('text')).toBe('INPUT text');
    expect(seen('long text')).toBe('TEXTAREA textarea');
    for (const kind of ['number', 'minutes', 'gigabytes']) {
      expect(seen(kind)).toBe('INPUT text decimal');
    }
    expect(seen('password')).toBe('INPUT password');
    expect(control('password').autocomplete).toBe('new-password');
    for (const kind of ['words', 'pairs', 'facts']) {
      expect(seen(kind)).toBe('TEXTAREA textarea');
    }
    expect(seen('box')).toBe('INPUT checkbox');
    expect(seen('moment')).toBe('INPUT datetime-local');
    expect(seen('choice')).toBe('SELECT select-one');
    const options = [...control('choice').querySelectorAll('option')];
    expect(options.map(({ textContent }) => textContent)).toEqual([
      ...['none of them', 'first', 'second']
    ]);
    expect(screen.getByRole('group', { name: 'boxes' }).tagName).toBe('FIELDSET');
    fireEvent.click(control('second'));
    fireEvent.click(control('box'));
    fireEvent.change(control('choice'), { target: { value: 'b' } });
    expect(typed()).toMatchObject({ boxes: ['b'], box: true, choice: 'b' });
  });

  it('shows a password with several lines only where it may have them', () => {
    draw([
      field('password', { name: 'a', label: 'a', isLong: false }),
      field('password', { name: 'b', label: 'b', isLong: true }),
      field('password', { name: 'c', label: 'c' })
    ]);
    expect(['a', 'b', 'c'].map(name => control(name).tagName)).toEqual([
      ...['INPUT', 'TEXTAREA', 'INPUT']
    ]);
    expect(control('b').className).toContain('nby-mod-secret');
    fireEvent.click(screen.getByText('One Line'));
    expect(control('b').type).toBe('password');
    expect(screen.getAllByText('Several Lines')).toHaveLength(2);
  });

  it('shows fields only beside the values that they belong to', () => {
    draw([
      field('choice', { name: 'on.kind', label: 'on', labels: { file: 'file', run: 'run' } }),
      field('text', { name: 'on.path', label: 'Folder', when: { 'on.kind': 'file' } }),
      field('text', { name: 'on.path', label: 'Workflow', when: { 'on.kind': 'run' } })
    ]);
    expect(screen.queryByLabelText('Folder')).toBeNull();
    type('on', 'run');
    expect(control('Workflow').type).toBe('text');
    expect(screen.queryByLabelText('Folder')).toBeNull();
  });

  it('opens More for a problem below it, and shows problems without a field at the top', () => {
    const problems: Problems = { 'rare.0.name': 'no', elsewhere: 'what?' };
    draw([field('text'), field('words', { name: 'rare', label: 'rare', more: true })], {
      problems
    });
    expect(screen.getAllByRole('alert').map(({ textContent }) => textContent)).toEqual([
      ...['elsewhere: what?', 'name: no']
    ]);
    expect(control('rare').getAttribute('aria-invalid')).toBe('true');
    expect(document.querySelector('details')!.open).toBe(true);
  });

  it('shows what is below a field and widgets of its own', () => {
    draw([field('text'), field('size', { label: 'Size' })], {
      below: { text: <p>below</p> },
      widgets: {
        size: ({ field: { label }, value, error, onChange }) => (
          <button onClick={() => onChange('large')}>{`${label}: ${String(value)} ${error}`}</button>
        )
      },
      problems: { size: 'refused' }
    });
    expect(control('text').closest('.nby-Field')!.nextElementSibling!.textContent).toBe('below');
    fireEvent.click(screen.getByText('Size: refused'));
    expect(screen.getByText('Size: large refused')).toBeTruthy();
  });

  it('searches on the server what a field offers, while the user types', async () => {
    jest.useFakeTimers();
    const call = jest.fn(async (_: string, { query }: any) => ({
      items: [{ name: `${query.search}wine` }, { name: 'wine' }]
    }));
    draw([field('text', { picker: 'project' })], { client: { call } as never });
    const settle = () => act(async () => jest.advanceTimersByTimeAsync(300));
    const offered = () => [...document.querySelectorAll('option')].map(({ value }) => value);
    await settle();
    expect(offered()).toEqual(['wine']);
    expect(control('text').tagName).toBe('INPUT');
    type('text', 'b');
    type('text', 'bi');
    await settle();
    expect(offered()).toEqual(['biwine', 'wine']);
    expect(call.mock.calls.map(([id, { query }]) => [id, query.search])).toEqual([
      ['projects.list', ''],
      ['projects.list', 'bi']
    ]);
    jest.useRealTimers();
  });

  it.each([
    [(): string[] => ['Europe/Berlin', 'Europe/Madrid'], ['UTC', 'Europe/Berlin', 'Europe/Madrid']],
    [undefined, ['UTC', Intl.DateTimeFormat().resolvedOptions().timeZone]]
  ])('offers the time zones that the browser knows', async (known, zones) => {
    jest.useFakeTimers();
    const own = Intl.supportedValuesOf;
    Object.assign(Intl, { supportedValuesOf: known });
    draw([field('text', { picker: 'zone' })], { client: {} as never });
    await act(async () => jest.advanceTimersByTimeAsync(300));
    const offered = [...document.querySelectorAll('option')].map(({ value }) => value);
    expect(offered).toEqual([...new Set(zones)]);
    Object.assign(Intl, { supportedValuesOf: own });
    jest.useRealTimers();
  });
});
