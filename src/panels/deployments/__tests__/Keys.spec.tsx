import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import { fakeClient, json } from '../../../api/__tests__/fake';
import { Deployment } from '../../../api/types';
import { IPanelServices } from '../../frame/services';
import { Keys } from '../tabs/Keys';

const trans = nullTranslator.load('nbyard');
const KEY = {
  id: 'k',
  prefix: 'nbk_abc123',
  name: 'cron',
  created_at: '2030-01-01T00:00:00Z',
  expires_at: null
};
const COWS = { id: 'd', name: 'cows', address: 'http://127.0.0.1:7000/' } as Deployment;

function open() {
  const asked: [string, unknown][] = [];
  let keys: unknown[] = [];
  const client = fakeClient(async (method, url, request) => {
    const text = await request.text();
    asked.push([`${method} ${url.replace(/.*\/api\//, '')}`, text && JSON.parse(text)]);
    if (method === 'POST') {
      keys = [KEY];
      return json(201, { ...KEY, key: 'nbk_abc123secret', address: COWS.address });
    }
    return method === 'GET' ? { items: keys } : new Response(null, { status: 204 });
  });
  render(
    <Keys services={{ yard: { client }, trans } as unknown as IPanelServices} deployment={COWS} />
  );
  return { asked };
}

it('shows a new key once, with the command that calls the deployment', async () => {
  const { asked } = open();
  fireEvent.change(screen.getByLabelText('Purpose'), { target: { value: 'cron' } });
  fireEvent.change(screen.getByLabelText(/^Days/), { target: { value: '' } });
  fireEvent.click(screen.getByRole('button', { name: 'Create Key' }));
  const key = await screen.findByRole('region', { name: 'Key' });
  expect(key.textContent).toBe('nbk_abc123secret');
  expect(screen.getByRole('region', { name: 'Command' }).textContent).toBe(
    'curl -H "Authorization: Bearer nbk_abc123secret" http://127.0.0.1:7000/'
  );
  expect(await screen.findByRole('rowheader', { name: 'nbk_abc123…' })).toBeTruthy();
  expect(asked.filter(([line]) => line.startsWith('POST'))).toEqual([
    ['POST deployments/d/keys', { name: 'cron', days: null }]
  ]);
});

it('revokes a key after a question', async () => {
  const { asked } = open();
  fireEvent.click(screen.getByRole('button', { name: 'Create Key' }));
  fireEvent.click(await screen.findByRole('button', { name: 'Revoke Key nbk_abc123' }));
  await screen.findByText('Revoke the key nbk_abc123…?');
  fireEvent.click(document.querySelector('.jp-Dialog-button.jp-mod-accept')!);
  await waitFor(() => expect(screen.queryByRole('rowheader')).toBeNull());
  expect(asked[asked.length - 1]).toEqual(['DELETE deployments/d/keys/k', '']);
});
