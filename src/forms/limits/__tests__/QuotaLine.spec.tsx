import { nullTranslator } from '@jupyterlab/translation';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { QuotaUse } from '../../../api/types';
import { Holders } from '../Holders';
import { QuotaLine } from '../QuotaLine';

const trans = nullTranslator.load('nbyard');
const run = { kind: 'run', id: 'r', name: '12', owner: 'ann', gpus: 1 };
const cows = { kind: 'deployment', id: 'd', name: 'cows', owner: 'ann', gpus: 0 };

async function line(use: object, deployments = false): Promise<string | null> {
  const known = { limits: {}, uses: [], free_gpus: 0, total_gpus: 0, ...use };
  const ask = async () => known as unknown as QuotaUse;
  const { container } = render(<QuotaLine {...{ ask, deployments, trans }} />);
  await act(async () => undefined);
  return container.textContent;
}

afterEach(cleanup);

describe('H3: the quota beside the fields', () => {
  it.each([
    [{ free_gpus: 2, total_gpus: 4 }, '2 of 4 GPUs are free'],
    [
      { free_gpus: 2, total_gpus: 4, limits: { gpus: 1 }, uses: [cows] },
      '2 of 4 GPUs are free · your quota: 1'
    ],
    [
      { free_gpus: 2, total_gpus: 4, limits: { gpus: 1 }, uses: [run, cows] },
      '2 of 4 GPUs are free · your quota: 1, of which 1 held by run 12'
    ],
    [{ limits: { gpus: 1 } }, ''],
    [{}, '']
  ])('%j', async (use, text) => {
    expect(await line(use)).toBe(text);
  });

  it('has deployments and their lifetime where one deploys', async () => {
    const use = { limits: { deployments: 2, deployment_days: 0.25 }, uses: [cows] };
    expect(await line(use, true)).toBe(
      'you have 1 of at most 2 deployments · stops after 6 hours, unless you extend it'
    );
  });
});

describe('H3: what holds something', () => {
  it('has a button that frees it, once the user confirmed', async () => {
    const client = { call: jest.fn(async () => ({})) };
    const holder = { kind: 'run', id: 'r', name: '12', operation: 'runs.cancel' } as const;
    render(<Holders holders={[holder]} client={client} trans={trans} />);
    fireEvent.click(screen.getByRole('button', { name: 'Free run 12' }));
    await act(() => new Promise<void>(done => setTimeout(done)));
    await act(async () => document.querySelector<HTMLElement>('.jp-Dialog .jp-mod-warn')!.click());
    await act(() => new Promise<void>(done => setTimeout(done)));
    expect(client.call).toHaveBeenCalledWith('runs.cancel', { path: { run: 'r' } });
    expect(screen.getByRole('button')).toHaveProperty('disabled', true);
  });
});
