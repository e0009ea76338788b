import { fireEvent, screen, waitFor } from '@testing-library/react';
import { nullTranslator } from '@jupyterlab/translation';
import { ApiError } from '../../api/client';
import { askValues } from '../askValues';
import { ValuesHolder } from '../ValuesForm';

const trans = nullTranslator.load('nbyard');
const field = () => document.querySelector<HTMLTextAreaElement>('.jp-Dialog textarea')!;

const alerts = () =>
  [...document.querySelectorAll('[role="alert"]')].map(({ textContent }) => textContent);

function ask(send: (holder: ValuesHolder) => Promise<unknown>): Promise<unknown> {
  const extras = { name: 'extras', role: 'value' as const, type: 'json' as const, format: '' };
  return askValues({ title: 'Run', arguments: [extras], ok: 'Run', trans, send });
}

describe('E10: a dialog with a field of several lines', () => {
  it('is submitted by Enter with what was typed; Shift+Enter is a new line', async () => {
    const send = jest.fn(async ({ values }: ValuesHolder) => values);
    const answer = ask(send);
    await waitFor(() => expect(field()).toBeTruthy());
    field().focus();
    fireEvent.change(field(), { target: { value: '{"a": 1}' } });
    expect(fireEvent.keyDown(field(), { key: 'Enter', shiftKey: true })).toBe(true);
    expect(send).not.toHaveBeenCalled();
    fireEvent.keyDown(field(), { key: 'Enter' });
    expect(await answer).toEqual({ extras: { a: 1 } });
  });

  it('keeps what was typed over a reload of the page, until it was sent', async () => {
    sessionStorage.clear();
    const extras = { name: 'extras', role: 'value' as const, type: 'json' as const, format: '' };
    const open = () =>
      askValues({
        ...{ title: 'Run', arguments: [extras], draft: 'a.ipynb', ok: 'Run', trans },
        send: async ({ values }) => values
      });
    const press = (button: string) =>
      fireEvent.click(document.querySelector(`.jp-Dialog-button.jp-mod-${button}`)!);
    const before = open();
    await waitFor(() => expect(field()).toBeTruthy());
    field().focus();
    fireEvent.change(field(), { target: { value: '{"a": 1}' } });
    field().blur();
    await waitFor(() => expect(sessionStorage.length).toBe(2));
    const kept = { ...sessionStorage };
    press('reject');
    expect([await before, sessionStorage.length]).toEqual([undefined, 0]);
    Object.assign(sessionStorage, kept); // as after a reload of the page
    const answer = open();
    await waitFor(() => expect(field()?.value).toMatch(/"a": ?1/));
    press('accept');
    expect(await answer).toEqual({ extras: { a: 1 } });
    expect(sessionStorage.length).toBe(0);
  });

  it('takes a priority, and says beside it what is refused', async () => {
    const send = jest.fn(async ({ priority }: ValuesHolder) => {
      if (priority === 101) {
        const details = [{ path: 'priority', message: 'must be from -100 to 100' }];
        throw new ApiError(422, 'invalid', 'no', '', details);
      }
      return priority;
    });
    const answer = askValues({
      title: 'Run',
      arguments: [],
      asksHow: true,
      ok: 'Run',
      trans,
      send
    });
    const enter = async (text: string) => {
      await waitFor(() => expect(screen.getByLabelText('Priority')).toBeTruthy());
      screen.getByLabelText('Priority').focus();
      fireEvent.change(screen.getByLabelText('Priority'), { target: { value: text } });
      fireEvent.click(document.querySelector('.jp-Dialog-button.jp-mod-accept')!);
    };
    await enter('101');
    await waitFor(() => expect(screen.getByText('must be from -100 to 100')).toBeTruthy());
    await enter('7');
    expect(await answer).toBe(7);
  });

  it('has the focus at its first field, and after a refusal at the refused one, once', async () => {
    const details = [{ path: 'parameters.table', message: 'choose a file' }];
    const send = jest.fn(async () => {
      throw new ApiError(422, 'invalid', 'parameters.table: choose a file', '', details);
    });
    const one = { role: 'value' as const, type: 'string' as const, format: '' };
    const fields = [
      { ...one, name: 'title', default: 'x' },
      { ...one, name: 'table', role: 'input' as const }
    ];
    const answer = askValues({ title: 'Run', arguments: fields, ok: 'Run', trans, send });
    await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText('title')));
    fireEvent.click(document.querySelector('.jp-Dialog-button.jp-mod-accept')!);
    await waitFor(() => expect(screen.getByText('choose a file')).toBeTruthy());
    await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText('table')));
    expect(alerts()).toEqual(['choose a file']);
    fireEvent.keyDown(document.querySelector('.jp-Dialog')!, { key: 'Escape' });
    expect(await answer).toBeUndefined();
  });

  it('says above the form what belongs to no field', async () => {
    const send = jest.fn(async () => {
      throw new ApiError(422, 'invalid', 'too many runs', '', [{ path: 'owner', message: 'x' }]);
    });
    const answer = ask(send);
    await waitFor(() => expect(field()).toBeTruthy());
    fireEvent.click(document.querySelector('.jp-Dialog-button.jp-mod-accept')!);
    await waitFor(() => expect(alerts()).toEqual(['too many runs']));
    fireEvent.keyDown(document.querySelector('.jp-Dialog')!, { key: 'Escape' });
    expect(await answer).toBeUndefined();
  });

  it('is asked again while a text cannot be taken', async () => {
    const send = jest.fn();
    const answer = ask(send);
    await waitFor(() => expect(field()).toBeTruthy());
    field().focus();
    fireEvent.change(field(), { target: { value: '{' } });
    fireEvent.keyDown(field(), { key: 'Enter' });
    await waitFor(() =>
      expect(document.querySelector('[role="alert"]')?.textContent).toBe('Enter valid JSON.')
    );
    expect(field().value).toBe('{');
    fireEvent.keyDown(document.querySelector('.jp-Dialog')!, { key: 'Escape' });
    expect(await answer).toBeUndefined();
    expect(send).not.toHaveBeenCalled();
  });

  it('K10: refuses the values of a sweep until they are readable', async () => {
    const rate = { name: 'rate', role: 'value' as const, type: 'int' as const, format: '' };
    const answer = askValues({
      ...{ title: 'Run', arguments: [rate], canSweep: () => true, ok: 'Run', trans },
      send: async holder => ({ ...holder.sweep(), values: holder.values })
    });
    const sweep = () => screen.getByText('Sweep…');
    const enter = async (text: string) => {
      fireEvent.change(screen.getByLabelText('rate'), { target: { value: text } });
      fireEvent.keyDown(screen.getByLabelText('rate'), { key: 'Enter' });
    };
    await waitFor(() => expect(sweep()).toBeTruthy());
    fireEvent.click(sweep());
    await enter('1..3, x');
    await waitFor(() => expect(alerts()).toEqual(['Enter a whole number.']));
    await enter('1..3');
    expect(await answer).toEqual({ sweep: { rate: '1..3' }, values: {} });
  });

  it('shows a refused text with its reason, and the reasons of other fields', async () => {
    const details = [{ path: 'parameters.table', message: 'choose a file' }];
    const send = jest.fn(async ({ values }: ValuesHolder) => {
      if (!values.rows) {
        throw new ApiError(422, 'invalid', 'parameters.table: choose a file', '', details);
      }
      return values;
    });
    const one = { role: 'value' as const, format: '' };
    const fields = [
      { ...one, name: 'rows', type: 'int' as const, default: 8 },
      { ...one, name: 'table', role: 'input' as const, type: 'string' as const }
    ];
    const answer = askValues({ title: 'Run', arguments: fields, ok: 'Run', trans, send });
    const rows = () => screen.getByLabelText<HTMLInputElement>('rows');
    const enter = async (text: string) => {
      await waitFor(() => expect(rows()).toBeTruthy());
      rows().focus();
      fireEvent.change(rows(), { target: { value: text } });
      fireEvent.click(document.querySelector('.jp-Dialog-button.jp-mod-accept')!);
    };
    await enter('8');
    await waitFor(() => expect(alerts()).toEqual(['choose a file']));
    await enter('abc');
    await waitFor(() => expect(alerts()).toEqual(['Enter a whole number.', 'choose a file']));
    expect(rows().value).toBe('abc');
    expect(screen.getByText('changed from 8')).toBeTruthy();
    await enter('9');
    expect(await answer).toEqual({ rows: 9 });
  });

  it('brings a text back that was typed when the page was reloaded', async () => {
    sessionStorage.clear();
    const rows = { name: 'rows', role: 'value' as const, type: 'int' as const, format: '' };
    const open = () =>
      askValues({
        ...{ title: 'Run', arguments: [rows], draft: 'b.ipynb', ok: 'Run', trans },
        send: async ({ values }) => values
      });
    const shown = () => screen.getByLabelText<HTMLInputElement>('rows');
    const press = (button: string) =>
      fireEvent.click(document.querySelector(`.jp-Dialog-button.jp-mod-${button}`)!);
    const before = open();
    await waitFor(() => expect(shown()).toBeTruthy());
    fireEvent.change(shown(), { target: { value: '12' } });
    await waitFor(() => expect(sessionStorage.length).toBe(1));
    const kept = { ...sessionStorage };
    press('reject');
    await before;
    sessionStorage.clear();
    Object.assign(sessionStorage, kept); // as after a reload of the page
    const answer = open();
    await waitFor(() => expect(shown().value).toBe('12'));
    press('accept');
    expect(await answer).toEqual({ rows: 12 });
  });
});
