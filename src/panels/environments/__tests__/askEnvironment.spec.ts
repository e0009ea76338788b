import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, waitFor } from '@testing-library/react';
import { ApiError } from '../../../api/client';
import { Environment } from '../../../api/types';
import { reloaded } from '../../../components/hooks/__tests__/reloaded';
import { askEnvironment } from '../askEnvironment';

const trans = nullTranslator.load('nbyard');
const packages = () => document.querySelector<HTMLTextAreaElement>('.jp-Dialog textarea')!;
const name = () => document.querySelector<HTMLInputElement>('.jp-Dialog input')!;

describe('L1: a new environment', () => {
  it('is asked again with the line that was refused, and what was typed', async () => {
    const details = [{ path: 'requirements.1', message: 'the option -e is not allowed' }];
    const made = { id: 'e' } as Environment;
    const send = jest
      .fn()
      .mockRejectedValueOnce(new ApiError(422, 'invalid', 'no', '', details))
      .mockResolvedValueOnce(made);
    const answer = askEnvironment({ name: 'environment', capture: '' }, trans, { call: send });
    await waitFor(() => expect(packages()).toBeTruthy());
    expect(name().value).toBe('environment');
    fireEvent.change(packages(), { target: { value: '-e x' } });
    expect(fireEvent.keyDown(packages(), { key: 'Enter' })).toBe(true); // adds a line
    expect(send).not.toHaveBeenCalled();
    fireEvent.keyDown(packages(), { key: 'Enter', ctrlKey: true });
    await waitFor(() =>
      expect(document.querySelector('[role="alert"]')?.textContent).toBe(
        'Line 1: the option -e is not allowed'
      )
    );
    expect(packages().value).toBe('-e x');
    await waitFor(() => expect(document.activeElement).toBe(packages()));
    fireEvent.change(packages(), { target: { value: 'six' } });
    fireEvent.keyDown(packages(), { key: 'Enter', ctrlKey: true });
    expect(await answer).toBe(made);
    expect(send.mock.calls.map(([, sent]) => sent.body)).toEqual([
      { name: 'environment', capture: '', requirements: '-e x' },
      { name: 'environment', capture: '', requirements: 'six' }
    ]);
  });

  it('stands at the name when it is about the name, which then has the focus', async () => {
    const details = [{ path: 'name', message: 'It is taken.' }];
    const refusal = new ApiError(409, 'name-taken', 'no', 'Choose another.', details);
    const send = jest.fn().mockRejectedValue(refusal);
    const answer = askEnvironment({ name: 'environment', capture: '' }, trans, { call: send });
    await waitFor(() => expect(packages()).toBeTruthy());
    packages().focus();
    fireEvent.keyDown(packages(), { key: 'Enter', ctrlKey: true });
    const alert = () => document.querySelector('[role="alert"]');
    await waitFor(() => expect(alert()?.textContent).toBe('It is taken. Choose another.'));
    expect(alert()!.closest('.nby-Field')!.contains(name())).toBe(true);
    await waitFor(() => expect(document.activeElement).toBe(name()));
    expect([name().selectionStart, name().selectionEnd]).toEqual([0, 'environment'.length]);
    fireEvent.keyDown(packages(), { key: 'Escape' });
    await answer;
  });

  it('K6: keeps what was typed for a reload, without secrets, until it is closed', async () => {
    const ask = () => askEnvironment({ name: 'e', capture: '' }, trans, { call: jest.fn() });
    const escape = () => fireEvent.keyDown(packages(), { key: 'Escape' });
    const first = ask();
    await waitFor(() => expect(packages()).toBeTruthy());
    fireEvent.change(packages(), { target: { value: 'six\nx @ https://me:hush@h.test/x' } });
    expect(await reloaded(async () => (escape(), first))).not.toContain('hush');
    const again = ask();
    await waitFor(() => expect(packages().value).toBe('six'));
    escape();
    await again;
  });

  it('L7: says whose packages it takes, and asks for them', async () => {
    const made = { id: 'e' } as Environment;
    const send = jest.fn().mockResolvedValue(made);
    const answer = askEnvironment({ name: 'environment', capture: 'python3' }, trans, {
      call: send
    });
    await waitFor(() => expect(packages()).toBeTruthy());
    expect(document.querySelector('.jp-Dialog .nby-Note')?.textContent).toContain(
      'packages of the kernel python3'
    );
    fireEvent.keyDown(packages(), { key: 'Enter', ctrlKey: true });
    expect(await answer).toBe(made);
    const body = { name: 'environment', capture: 'python3', requirements: '' };
    expect(send).toHaveBeenCalledWith('environments.create', { body });
  });

  it('shows other errors too, and keeps what was typed', async () => {
    const made = { id: 'e' } as Environment;
    const send = jest
      .fn()
      .mockRejectedValueOnce(new ApiError(503, 'unavailable', 'busy'))
      .mockResolvedValueOnce(made);
    const answer = askEnvironment({ name: 'environment', capture: '' }, trans, { call: send });
    await waitFor(() => expect(packages()).toBeTruthy());
    fireEvent.change(packages(), { target: { value: 'six' } });
    fireEvent.keyDown(packages(), { key: 'Enter', ctrlKey: true });
    await waitFor(() => expect(document.querySelector('[role="alert"]')?.textContent).toBe('busy'));
    expect(packages().value).toBe('six');
    fireEvent.keyDown(packages(), { key: 'Enter', ctrlKey: true });
    expect(await answer).toBe(made);
  });
});
