import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { act, render, screen } from '@testing-library/react';
import { fakeClient } from '../../../../api/__tests__/fake';
import { RunDetail } from '../../../../api/types';
import { RunModel } from '../../../model/runModel';
import { IRunServices } from '../../../model/services';
import { RunContext } from '../../context/hooks';
import { Output } from '../Output';

const task = { node: 'a', label: 'a.sh', state: 'succeeded', started_at: '', artifacts: [] };

async function show(cached: boolean): Promise<void> {
  const detail = {
    run: { id: 'r', state: 'succeeded' },
    tasks: [{ ...task, cached }]
  } as unknown as RunDetail;
  const log = { text: 'printed\n', start: 0, next: 8, done: true, attempt: 1 };
  const client = fakeClient((_, url) =>
    url.includes('/log') ? log : { notebook: null, done: 0, total: 0 }
  );
  const services = { yard: { client }, trans: nullTranslator.load('nbyard') };
  const changed = new Signal<object, undefined>({});
  const model = { id: 'r', changed, detail, activity: new Map(), task: () => task };
  const shared = { onStep: () => undefined, attempt: 0, onAttempt: () => undefined };
  render(
    <RunContext.Provider value={services as unknown as IRunServices}>
      <Output model={model as unknown as RunModel} detail={detail} step="a" {...shared} />
    </RunContext.Provider>
  );
  await act(async () => undefined);
}

it('R3: the output of a script is its log', async () => {
  await show(false);
  expect(await screen.findByRole('log')).toBeTruthy();
  expect(screen.queryByText(/notebook/)).toBeNull();
});

it('K8: says why a cached task has no notebook', async () => {
  await show(true);
  expect(
    await screen.findByText(/came from the cache.* there is no executed notebook/)
  ).toBeTruthy();
  expect(screen.getByRole('log')).toBeTruthy();
});
