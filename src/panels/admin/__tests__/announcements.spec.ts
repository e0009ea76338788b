import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { IPanelServices } from '../../frame/services';
import { followAnnouncements } from '../announcements';

const opened = jest.fn();

interface IAnswer {
  broadcast: { text: string; until: string } | null;
  is_admin: boolean;
  expiring?: object[];
}

const later = (ms: number) => new Date(Date.now() + ms).toISOString();
const settle = () => jest.advanceTimersByTimeAsync(1);
const shown = () => Notification.manager.notifications.map(({ message }) => message);

async function follow(answer: Partial<IAnswer>) {
  const told: IAnswer = { broadcast: null, is_admin: false, ...answer };
  const stream = {
    events: new Signal<object, object[]>({}),
    refetch: new Signal<object, void>({})
  };
  const call = jest.fn(async () => ({ ...told, drain: null }));
  const commands = new CommandRegistry();
  const palette = { addItem: jest.fn() };
  const yard = { client: { call }, stream };
  const services = { yard, commands, trans: nullTranslator.load('nbyard') };
  const reminded = jest.fn(async () => undefined);
  followAnnouncements(
    services as unknown as IPanelServices,
    palette as never,
    async () => opened(),
    reminded
  );
  await settle();
  const event = async (topic: string, data: object = {}) => {
    stream.events.emit([{ topic, data }]);
    await settle();
  };
  return { told, stream, call, commands, palette, reminded, event };
}

describe('announcements', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => {
    Notification.manager.notifications.forEach(({ id }) => Notification.dismiss(id));
    jest.useRealTimers();
  });

  it('shows a message until its time', async () => {
    await follow({ broadcast: { text: 'Restart', until: later(60_000) } });
    expect(shown()).toEqual(['Restart']);
    await jest.advanceTimersByTimeAsync(59_000);
    expect(shown()).toEqual(['Restart']);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(shown()).toEqual([]);
  });

  it('H3: reminds of deployments that stop soon, also when their lifetime changes', async () => {
    const soon = { id: 'd', expires_at: later(60_000) };
    const { told, call, event, reminded } = await follow({ expiring: [soon] });
    expect(reminded).toHaveBeenLastCalledWith([soon]);
    await event('deployment', { change: { code: 'start-requested', params: {} } });
    expect(call).toHaveBeenCalledTimes(1);
    told.expiring = [];
    await event('deployment', { change: { code: 'lifetime-extended', params: {} } });
    expect(reminded).toHaveBeenLastCalledWith([]);
  });

  it('shows a new message at once in place of the last one, and removes a withdrawn one', async () => {
    const { told, event } = await follow({});
    expect(shown()).toEqual([]);
    told.broadcast = { text: 'First', until: later(60_000) };
    await event('run');
    expect(shown()).toEqual([]);
    await event('broadcast');
    expect(shown()).toEqual(['First']);
    told.broadcast = { text: 'Second', until: later(60_000) };
    await event('broadcast');
    expect(shown()).toEqual(['Second']);
    told.broadcast = null;
    await event('broadcast');
    expect(shown()).toEqual([]);
  });

  it('does not repeat a message that the user closed', async () => {
    const { stream } = await follow({ broadcast: { text: 'Restart', until: later(60_000) } });
    Notification.manager.notifications.forEach(({ id }) => Notification.dismiss(id));
    stream.refetch.emit();
    await settle();
    expect(shown()).toEqual([]);
  });

  it('keeps a message for weeks', async () => {
    await follow({ broadcast: { text: 'Closed', until: later(2 ** 33) } });
    await jest.advanceTimersByTimeAsync(1000);
    expect(shown()).toEqual(['Closed']);
  });

  it('offers the page to administrators only', async () => {
    const user = await follow({});
    expect(user.commands.hasCommand('nbyard:open-admin')).toBe(false);
    expect(user.palette.addItem).not.toHaveBeenCalled();
    const { commands, palette, event } = await follow({ is_admin: true });
    await event('broadcast');
    expect(palette.addItem).toHaveBeenCalledTimes(1);
    await commands.execute('nbyard:open-admin');
    expect(opened).toHaveBeenCalledTimes(1);
  });

  it('is silent if the server does not respond', async () => {
    const { call, stream } = await follow({});
    call.mockRejectedValueOnce(new Error('away'));
    stream.refetch.emit();
    await settle();
    expect(shown()).toEqual([]);
  });
});
