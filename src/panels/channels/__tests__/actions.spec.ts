import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { fireEvent, screen, waitFor } from '@testing-library/react';
import { ApiError } from '../../../api/client';
import { reloaded } from '../../../components/hooks/__tests__/reloaded';
import { IPanelServices } from '../../frame/services';
import { channelActions } from '../actions';
import { askChannel } from '../askChannel';

const MADE = { id: 'c', name: 'team', service: 'webhook', address: '', revision: 1, rules: [] };

type Answers = Record<string, () => unknown>;

function open(answers: Answers = {}) {
  const call = jest.fn(async (operation: string, _: unknown) => {
    const answer = answers[operation]?.() ?? MADE;
    if (answer instanceof Error) {
      throw answer;
    }
    return operation.endsWith('.list') ? { items: [], next: null } : answer;
  });
  const signal = () => new Signal<unknown, void>({});
  const start = async () => undefined;
  const stream = { connectedChanged: signal(), events: signal(), refetch: signal(), start };
  const trans = nullTranslator.load('nbyard');
  const services = { trans, yard: { client: { call }, stream } } as unknown as IPanelServices;
  const calls = (id: string) => call.mock.calls.filter(([one]) => one === id);
  return { services, calls };
}

const dialogs = () => [...document.querySelectorAll('.jp-Dialog-header')].map(it => it.textContent);
const escape = () => fireEvent.keyDown(document.querySelector('.jp-Dialog')!, { key: 'Escape' });

async function fill(name: string): Promise<HTMLElement> {
  const field = await screen.findByLabelText(/^Name/);
  fireEvent.change(field, { target: { value: name } });
  return field;
}

describe('R6: the dialog of channels', () => {
  it('is replaced by that of a new channel, which Enter saves, and comes back', async () => {
    const { services, calls } = open();
    const closed = channelActions.showChannels(services);
    fireEvent.click(await screen.findByText('New Channel…'));
    const name = await fill('team');
    expect(dialogs()).toEqual(['New Channel']);
    fireEvent.keyDown(name, { key: 'Enter', keyCode: 13 });
    expect(await screen.findByText('team')).toBeTruthy();
    expect(calls('channels.create')).toHaveLength(1);
    expect(dialogs()).toEqual(['Notifications']);
    const focused = () => document.activeElement!;
    await waitFor(() => expect(focused().textContent).toBe('Edit'));
    expect(focused().closest<HTMLElement>('li')?.dataset.id).toBe('c');
    fireEvent.click(screen.getByText('New Channel…'));
    await fill('');
    escape();
    await waitFor(() => expect(focused().textContent).toBe('New Channel…'));
    escape();
    await closed;
  });
});

describe('R6: the dialog of a channel', () => {
  it('K6: keeps what was typed for a reload, except the URL, until it is closed', async () => {
    const { services } = open({});
    const name = () => screen.findByLabelText<HTMLInputElement>(/^Name/);
    const first = askChannel(services, {});
    await fill('team');
    fireEvent.change(screen.getByLabelText(/^URL/), { target: { value: 'https://h.test/x' } });
    const kept = await reloaded(async () => (escape(), first));
    expect(kept).not.toContain('h.test');
    const again = askChannel(services, {});
    expect((await name()).value).toBe('team');
    escape();
    await again;
  });

  const press = () =>
    fireEvent.click(screen.getByRole('button', { name: 'Send Test', hidden: true }));
  const status = () => screen.getAllByRole('status', { hidden: true })[0].textContent;

  it('sends a test to the typed URL without saving it', async () => {
    const { services, calls } = open({ 'channels.test_url': () => ({ is_sent: true }) });
    const asked = askChannel(services, {});
    const url = await screen.findByLabelText(/^URL/);
    fireEvent.change(url, { target: { value: ' https://h.test/x ' } });
    press();
    await waitFor(() => expect(status()).toBe('The test message was accepted.'));
    expect(calls('channels.test_url')[0][1]).toEqual({ body: { url: 'https://h.test/x' } });
    escape();
    expect(await asked).toBeUndefined();
    expect(calls('channels.create')).toEqual([]);
  });

  it('sends a test to the stored URL of a channel if none is typed', async () => {
    const { services, calls } = open({ 'channels.test': () => ({ is_sent: true }) });
    const asked = askChannel(services, { known: MADE as never });
    await screen.findByLabelText(/^URL/);
    press();
    await waitFor(() => expect(status()).toBe('The test message was accepted.'));
    expect(calls('channels.test')[0][1]).toEqual({ path: { channel: 'c' } });
    escape();
    expect(await asked).toBeUndefined();
  });

  it('shows at its field why there is no test, and returns nothing if it is closed then', async () => {
    const details = [{ path: 'url', message: 'must be a URL' }];
    const hint = 'E-mail: mailtos://…';
    const refusal = new ApiError(422, 'invalid', 'url: must be a URL', hint, details as never);
    const { services } = open({ 'channels.test_url': () => refusal });
    const asked = askChannel(services, {});
    await fill('team');
    press();
    await waitFor(() =>
      expect(screen.getByRole('alert', { hidden: true }).textContent).toBe(`must be a URL. ${hint}`)
    );
    escape();
    expect(await asked).toBeUndefined();
  });

  it('has fields for e-mail, whose password is neither stored for a reload nor spelled', async () => {
    const { services, calls } = open();
    const asked = askChannel(services, {});
    await fill('team');
    fireEvent.change(screen.getByLabelText(/^Send to/), { target: { value: 'mail' } });
    const type = (label: RegExp, value: string) =>
      fireEvent.change(screen.getByLabelText(label), { target: { value } });
    type(/^To/, 'me@example.org');
    type(/^From/, 'bot@example.org');
    type(/^Mail server/, 'smtp.example.org');
    type(/^User/, 'ann');
    type(/^Password/, 's3cr3t');
    expect(screen.queryByLabelText(/^URL/)).toBeNull();
    expect(JSON.stringify({ ...sessionStorage })).not.toContain('s3cr3t');
    fireEvent.keyDown(screen.getByLabelText(/^Password/), { key: 'Enter', keyCode: 13 });
    await asked;
    const [[, question]] = calls('channels.create') as unknown as [[string, { body: object }]];
    expect(question.body).toMatchObject({ name: 'team' });
    expect((question.body as { url: string }).url).toMatch(
      /^mailtos:..ann:s3cr3t@smtp.example.org:587\?/
    );
    expect(Object.keys(question.body)).toEqual(['name', 'rules', 'url']);
  });

  it('shows at the mail server why its URL is refused', async () => {
    const details = [{ path: 'url', message: 'is a private host' }];
    const refusal = new ApiError(422, 'invalid', 'no', '', details as never);
    const { services } = open({ 'channels.create': () => refusal });
    const asked = askChannel(services, {});
    const name = await fill('team');
    fireEvent.change(screen.getByLabelText(/^Send to/), { target: { value: 'mail' } });
    fireEvent.keyDown(name, { key: 'Enter', keyCode: 13 });
    await waitFor(() => expect(screen.getAllByRole('alert', { hidden: true })).toHaveLength(3));
    for (const label of [/^To/, /^From/, /^Mail server/]) {
      fireEvent.change(await screen.findByLabelText(label), { target: { value: 'a@b.c' } });
    }
    fireEvent.keyDown(screen.getByLabelText(/^To/), { key: 'Enter', keyCode: 13 });
    await waitFor(() => {
      const host = screen.getByLabelText(/^Mail server/);
      expect(host.closest('.nby-Field')!.textContent).toContain('is a private host');
    });
    escape();
    await asked;
  });
});
