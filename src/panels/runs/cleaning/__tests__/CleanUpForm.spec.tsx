import { nullTranslator } from '@jupyterlab/translation';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { IPanelServices } from '../../../frame/services';
import { CleanUpForm, ICleanUp } from '../CleanUpForm';

const trans = nullTranslator.load('nbyard');
const RUN = { id: 'r', number: 7, title: 'penguins', name: '', state: 'succeeded' };
const PREVIEW = {
  count: 12,
  freed_bytes: 2_000_000,
  record_bytes: 500_000,
  runs: [],
  protected_count: 1,
  protected: [{ ...RUN, protection: { code: 'kept-by-user', params: {} } }]
};

function open(holder: ICleanUp, answer: unknown = PREVIEW) {
  const call = jest.fn(async (_: string, asked: { body: unknown }) => {
    if (answer instanceof Error) {
      throw answer;
    }
    return asked && answer;
  });
  const services = { trans, yard: { client: { call } } } as unknown as IPanelServices;
  render(<CleanUpForm services={services} holder={holder} />);
  const settle = () => act(async () => jest.advanceTimersByTimeAsync(300));
  const type = (label: RegExp, value: string) =>
    fireEvent.change(screen.getByLabelText(label), { target: { value } });
  return { call, settle, type };
}

describe('R14: the rules of a clean-up', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => {
    cleanup();
    jest.useRealTimers();
  });

  it('show what is deleted, what that frees and what is protected', async () => {
    const holder: ICleanUp = { rules: { older_than_days: 30, keep: 10 }, daily: false };
    const { call, settle, type } = open(holder);
    type(/^Older than/, '7');
    fireEvent.click(screen.getByLabelText('failed'));
    await settle();
    expect(call).toHaveBeenCalledTimes(1);
    expect(call.mock.calls[0][1].body).toEqual({
      older_than_days: 7,
      keep: 10,
      states: ['failed']
    });
    const said = screen.getByRole('status').textContent;
    expect(said).toContain('12 runs are deleted, which frees 2.5 MB.');
    expect(said).toContain('#7 penguins: you keep it');
    fireEvent.click(screen.getByLabelText(/every day/));
    expect(holder).toMatchObject({ daily: true, rules: { keep: 10, states: ['failed'] } });
  });

  it('with an unreadable number ask for nothing and delete nothing', async () => {
    const holder: ICleanUp = { daily: false };
    const { call, settle, type } = open(holder);
    type(/^Newest runs/, 'many');
    await settle();
    expect(call).not.toHaveBeenCalled();
    expect(holder.rules).toBeUndefined();
    expect(screen.getByRole('alert').textContent).toBe('Enter a number.');
  });

  it('that are refused show why', async () => {
    const { settle } = open({ rules: {}, daily: false }, new Error('Give at least one of …'));
    await settle();
    expect(screen.getByRole('status').textContent).toBe('Give at least one of …');
  });
});
