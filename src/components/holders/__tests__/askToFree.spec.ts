import { Dialog, Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, screen, waitFor } from '@testing-library/react';
import { showProblem } from '../../problems';
import { holdersIn } from '../askToFree';

const trans = nullTranslator.load('nbyard');
const quota = { code: 'quota-of-user', params: {} };
const limit = { code: 'quota-gpus', params: { count: 1 } };
const run = { code: 'held-by-run', params: { id: 'r', name: '12' } };
const cows = { code: 'held-by-deployment', params: { id: 'd', name: 'cows' } };
const others = { code: 'held-by-others', params: {} };
const full = (...holders: object[]) => ({ code: 'quota-full', params: { quota, limit, holders } });

function refused(reason: object) {
  const client = { call: jest.fn(async () => ({ id: 'd' })) };
  showProblem('Not started.', { code: 'over-quota', message: 'full', reason, client }, trans);
  const [{ options }] = Notification.manager.notifications;
  const free = options.actions?.find(({ label }) => label === 'Free…');
  return { client, free };
}

describe('H3: what holds a quota', () => {
  afterEach(() => {
    Notification.manager.notifications.forEach(({ id }) => Notification.dismiss(id));
    Dialog.flush();
  });

  it('is read from the refusal, without what belongs to others', () => {
    expect(holdersIn(full(run, cows, others))).toEqual([
      { kind: 'run', id: 'r', name: '12', operation: 'runs.cancel' },
      { kind: 'deployment', id: 'd', name: 'cows', operation: 'deployments.stop' }
    ]);
    expect(holdersIn({ code: 'over-quota', params: {} })).toEqual([]);
    expect(holdersIn(undefined)).toEqual([]);
  });

  it('is freed from the notification, after a confirmation', async () => {
    const { client, free } = refused(full(cows, others));
    free!.callback(new MouseEvent('click') as never);
    await screen.findByText('Stop the deployment “cows”?');
    expect(client.call).not.toHaveBeenCalled();
    fireEvent.click(screen.getByText('Stop Deployment'));
    await waitFor(() => expect(client.call).toHaveBeenCalled());
    expect(client.call).toHaveBeenCalledWith('deployments.stop', { path: { deployment: 'd' } });
  });

  it('has no button if it belongs to others', () => {
    expect(refused(full(others)).free).toBeUndefined();
  });
});
