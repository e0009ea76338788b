import { fireEvent, waitFor } from '@testing-library/react';
import { nullTranslator } from '@jupyterlab/translation';
import { ApiError } from '../../api/client';
import { askText } from '../askText';

const trans = nullTranslator.load('nbyard');
const input = () => document.querySelector<HTMLInputElement>('.jp-Dialog input')!;

async function type(text: string): Promise<void> {
  await waitFor(() => expect(input()).toBeTruthy());
  fireEvent.change(input(), { target: { value: text } });
  fireEvent.keyDown(input(), { key: 'Enter' });
}

describe('D2: a line of text that may be refused', () => {
  it('is asked again with the reason, and what was typed', async () => {
    const send = jest
      .fn()
      .mockRejectedValueOnce(
        new ApiError(422, 'invalid', 'url: no', 'Ask.', [{ path: 'url', message: 'is private' }])
      )
      .mockResolvedValueOnce('made');
    const answer = askText({ title: 'T', label: 'Address', ok: 'Import', trans, send });
    await type(' http://nas ');
    await waitFor(() =>
      expect(document.querySelector('[role="alert"]')?.textContent).toBe('is private. Ask.')
    );
    expect(input().value).toBe('http://nas');
    await type('http://public');
    expect(await answer).toBe('made');
    expect(send.mock.calls).toEqual([['http://nas'], ['http://public']]);
  });

  it('other errors are for who asked', async () => {
    const send = jest.fn().mockRejectedValue(new ApiError(503, 'unavailable', 'busy'));
    const answer = askText({ title: 'T', label: 'Name', ok: 'Rename', trans, send });
    const refused = expect(answer).rejects.toThrow('busy');
    await type('x');
    await refused;
  });
});
