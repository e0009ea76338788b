import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { AutomationNotice } from '../../../api/types';
import { Leave } from '../../frame/dialogs/launch';
import { IPanelServices } from '../../frame/services';
import { AutomationNotices } from '../AutomationNotices';

const MAIL = { id: 'c1', name: 'mail', service: 'E-Mail', rules: [] };

describe('R6: the channels of an automation', () => {
  afterEach(cleanup);

  it('are chosen with one click each, and created in a dialog of their own', async () => {
    const made = { ...MAIL, id: 'c2', name: 'team' };
    const call = jest.fn(async (operation: string, _: unknown) =>
      operation === 'channels.list' ? { items: [MAIL], next: null } : made
    );
    const signal = () => new Signal<unknown, void>({});
    const stream = {
      connectedChanged: signal(),
      events: signal(),
      refetch: signal(),
      start: async () => undefined
    };
    const trans = nullTranslator.load('nbyard');
    const services = { trans, yard: { client: { call }, stream } } as unknown as IPanelServices;
    let notify: AutomationNotice[] = [];
    const onChange = (next: AutomationNotice[]) => {
      notify = next;
      draw();
    };
    const left: Promise<unknown>[] = [];
    const focus: (() => string)[] = [];
    const leave: Leave = (action, next) => {
      left.push(action());
      focus.push(next as () => string);
    };
    const form = () => <AutomationNotices {...{ services, notify, onChange, leave }} />;
    const { rerender } = render(form());
    const draw = () => rerender(form());
    await act(async () => undefined);
    const events = ['failed', 'recovered', 'automation-missed'];
    fireEvent.click(screen.getByLabelText(/^mail/));
    expect(notify).toEqual([{ channel: 'mail', events }]);
    fireEvent.click(screen.getByLabelText('also if it succeeds'));
    expect(notify).toEqual([{ channel: 'mail', events: [...events, 'succeeded'] }]);
    fireEvent.click(screen.getByLabelText('also if it succeeds'));
    expect(notify).toEqual([{ channel: 'mail', events }]);
    fireEvent.click(screen.getByLabelText(/^mail/));
    expect(notify).toEqual([]);
    fireEvent.click(screen.getByRole('button', { name: 'New Channel…', hidden: true }));
    const name = await waitFor(() => screen.getByLabelText(/^Name/));
    fireEvent.change(name, { target: { value: 'team' } });
    fireEvent.change(screen.getByLabelText(/^URL/), { target: { value: 'https://h.test/' } });
    expect(screen.getAllByRole('button', { name: 'Cancel', hidden: true })).toHaveLength(1);
    fireEvent.click(screen.getByRole('button', { name: 'Save Channel', hidden: true }));
    await act(async () => left[0]);
    expect(call).toHaveBeenCalledWith('channels.create', {
      body: { name: 'team', url: 'https://h.test/', rules: [] }
    });
    expect(notify).toEqual([{ channel: 'team', events }]);
    expect(document.querySelector<HTMLInputElement>(focus[0]())!.checked).toBe(true);
  });
});
