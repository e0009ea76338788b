import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { fireEvent, screen, waitFor } from '@testing-library/react';
import { IPanelServices } from '../../frame/services';
import { channelActions } from '../actions';

describe('R6: the dialog of channels', () => {
  it('saves a channel with Enter and stays open', async () => {
    const made = { id: 'c', name: 'team', service: 'webhook', address: '', rules: [] };
    const call = jest.fn(async (operation: string, _: unknown) =>
      operation.endsWith('.list') ? { items: [], next: null } : made
    );
    const signal = () => new Signal<unknown, void>({});
    const start = async () => undefined;
    const stream = { connectedChanged: signal(), events: signal(), refetch: signal(), start };
    const trans = nullTranslator.load('nbyard');
    const services = { trans, yard: { client: { call }, stream } } as unknown as IPanelServices;
    const closed = channelActions.showChannels(services);
    fireEvent.click(await screen.findByText('New Channel…'));
    const name = await screen.findByLabelText(/^Name/);
    fireEvent.change(name, { target: { value: 'team' } });
    fireEvent.keyDown(name, { key: 'Enter' });
    await waitFor(() => expect(call.mock.calls.map(([one]) => one)).toContain('channels.create'));
    expect(await screen.findByText('team')).toBeTruthy();
    fireEvent.keyDown(document.querySelector('.jp-Dialog')!, { key: 'Escape' });
    await closed;
  });
});
