import { fireEvent, waitFor } from '@testing-library/react';
import { nullTranslator } from '@jupyterlab/translation';
import { ApiError } from '../../../../api/client';
import { askFields, nameField } from '../askFields';

const trans = nullTranslator.load('nbyard');
const input = () => document.querySelector<HTMLInputElement>('.jp-Dialog input')!;
const alert = () => document.querySelector('.jp-Dialog [role="alert"]')?.textContent;

async function type(text: string): Promise<void> {
  await waitFor(() => expect(input()).toBeTruthy());
  fireEvent.change(input(), { target: { value: text } });
  fireEvent.keyDown(input(), { key: 'Enter' });
}

function ask(call: jest.Mock) {
  return askFields<string, { name: string }>({ trans, yard: { client: { call } } } as never, {
    title: 'Rename',
    ok: 'Rename',
    fields: [nameField(trans)],
    known: { name: 'old' },
    request: body => ({ id: 'datasets.update', question: { path: { dataset: 'd' }, body } })
  });
}

describe('D2: a line of text that may be refused', () => {
  it('is asked again with the reason, and what was typed', async () => {
    const details = [{ path: 'name', message: 'is private' }];
    const call = jest
      .fn()
      .mockRejectedValueOnce(new ApiError(422, 'invalid', 'name: no', 'Ask.', details))
      .mockResolvedValueOnce('made');
    const answer = ask(call);
    await waitFor(() => expect(document.activeElement).toBe(input()));
    expect([input().value, input().selectionStart, input().selectionEnd]).toEqual(['old', 0, 3]);
    await type(' nas ');
    await waitFor(() => expect(alert()).toBe('is private. Ask.'));
    await waitFor(() => expect(document.activeElement).toBe(input()));
    await type('public');
    expect(await answer).toBe('made');
    expect(call.mock.calls.map(([, { body }]) => body)).toEqual([
      { name: 'nas' },
      { name: 'public' }
    ]);
  });

  it('is asked again after another error too', async () => {
    const call = jest.fn().mockRejectedValueOnce(new ApiError(503, 'unavailable', 'busy'));
    const answer = ask(call.mockResolvedValueOnce('made'));
    await type('x');
    await waitFor(() => expect(alert()).toBe('busy'));
    await type('x');
    expect(await answer).toBe('made');
  });

  it('is for who asked, if the error is none of the server', async () => {
    const refused = expect(ask(jest.fn().mockRejectedValue(new Error('broken')))).rejects.toThrow(
      'broken'
    );
    await type('x');
    await refused;
  });
});
