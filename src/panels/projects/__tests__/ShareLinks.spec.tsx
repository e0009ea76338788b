import { nullTranslator } from '@jupyterlab/translation';
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { IPanelServices } from '../../frame/services';
import { ShareLinks } from '../ShareLinks';

afterEach(cleanup);

it('creates, copies and lists a link, and revokes it', async () => {
  const copied = jest.fn(async () => undefined);
  Object.defineProperty(navigator, 'clipboard', { value: { writeText: copied } });
  let items = [{ id: 'l', creator: 'ann', expires_at: '2026-12-30T08:00:00Z', created_at: '' }];
  const call = jest.fn(async (id: string, _asked?: unknown) => {
    if (id === 'shares.revoke_link') {
      items = [];
    }
    return id === 'shares.create_link' ? { url: '/nbyard/links/secret' } : { items };
  });
  const services = { yard: { client: { call } }, trans: nullTranslator.load('nbyard') };
  render(<ShareLinks services={services as unknown as IPanelServices} kind="run" resource="r" />);
  expect(screen.getByText(/for people without an account if the administrator/)).toBeTruthy();
  fireEvent.change(screen.getByLabelText('Valid for'), { target: { value: '7' } });
  fireEvent.click(screen.getByRole('button', { name: 'Copy Link' }));
  const path = { kind: 'run', resource: 'r' };
  const link = new URL('/nbyard/links/secret', location.href).href;
  await waitFor(() => expect(copied).toHaveBeenCalledWith(link));
  expect(call).toHaveBeenCalledWith('shares.create_link', { path, body: { days: 7 } });
  expect(screen.getByLabelText<HTMLInputElement>('Link').value).toBe(link);
  fireEvent.click(await screen.findByRole('button', { name: 'Revoke' }));
  await waitFor(() => expect(screen.queryByRole('button', { name: 'Revoke' })).toBeNull());
  expect(call).toHaveBeenCalledWith('shares.revoke_link', { path: { ...path, link: 'l' } });
  expect(screen.queryByLabelText('Link')).toBeNull();
});
