import { nullTranslator } from '@jupyterlab/translation';
import { act, cleanup, render, screen } from '@testing-library/react';
import { fakeClient } from '../../../../api/__tests__/fake';
import { IRunServices } from '../../../model/services';
import { RunContext } from '../../context/hooks';
import { Waits } from '../Waits';

afterEach(cleanup);

const HOLDER = { kind: 'run', id: 'x', name: '7', operation: 'runs.cancel' };

async function show(queue: object): Promise<string | null> {
  const client = fakeClient(() => ({ holders: [], held_by_others: false, ...queue }));
  const services = { yard: { client }, trans: nullTranslator.load('nbyard') };
  const { container } = render(
    <RunContext.Provider value={services as unknown as IRunServices}>
      <Waits run="r" turn="" />
    </RunContext.Provider>
  );
  await act(async () => undefined);
  return container.textContent;
}

describe('H3: a queued run', () => {
  it('shows its position, and how many tasks of whom are before it', async () => {
    expect(await show({ place: 3, own_before: 1, others_before: 1 })).toBe(
      'Position 3 in the queue: 1 of yours and 1 of others are before it.'
    );
  });

  it('shows who holds what it needs, also if it is the next', async () => {
    const text = await show({ place: 1, own_before: 0, others_before: 0, holders: [HOLDER] });
    expect(text).toBe('Held by run 7 Free');
    expect(screen.getByRole('button', { name: 'Free run 7' })).toBeTruthy();
    cleanup();
    const others = { place: 1, own_before: 0, others_before: 0, held_by_others: true };
    expect(await show(others)).toBe('Others hold some of what it needs.');
  });

  it('names the run of a colleague that the user may see, without a button', async () => {
    const holders = [{ ...HOLDER, owner: 'ann', title: 'Train' }];
    const text = await show({ place: 1, own_before: 0, others_before: 0, holders });
    expect(text).toBe('Held by run 7 of ann · Train');
    expect(screen.queryByRole('button')).toBeNull();
  });

  it('shows nothing once no task is in the queue', async () => {
    expect(await show({ place: 0, own_before: 0, others_before: 0 })).toBe('');
  });
});
