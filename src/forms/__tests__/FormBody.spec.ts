import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, waitFor } from '@testing-library/react';
import { askCredential } from '../../panels/credentials/askCredential';
import { askEnvironment } from '../../panels/environments/askEnvironment';
import { askFields, nameField } from '../../panels/frame/dialogs/askFields';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { askValues } from '../askValues';
import { withCommand } from '../FormBody';

const trans = nullTranslator.load('nbyard');
const send = jest.fn();
const client = { call: send };
const asker = { trans, yard: { client } } as never;
const request = () => ({ id: 'runs.list', question: {} }) as const;
const kinds = { call: async () => [{ kind: 'token', label: 'Token', fields: [] }] };
const rows = { name: 'rows', role: 'value' as const, type: 'int' as const, format: '' };

const DIALOGS: [string, () => Promise<unknown>][] = [
  ['values', () => askValues({ title: 'T', arguments: [rows], ok: 'Run', trans, send })],
  [
    'a name',
    () => askFields(asker, { title: 'T', ok: 'Save', fields: [nameField(trans)], request })
  ],
  ['a credential', () => askCredential({ trans, yard: { client: kinds } } as never)],
  ['an environment', () => askEnvironment({ name: 'e', capture: '' }, trans, client)]
];

describe('G8: a question with its command', () => {
  it('is answered by Enter although the focus was elsewhere, and by none on its commands', async () => {
    const spelling = { client, request };
    const ask = () =>
      showDialog({
        body: withCommand('Sure?', spelling, trans),
        buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: 'Delete' })]
      });
    const answer = ask();
    const button = () => document.querySelector('.jp-Dialog-button.jp-mod-warn');
    await waitFor(() => expect(document.activeElement).toBe(button()));
    const summary = () => document.querySelector('.jp-Dialog summary');
    await waitFor(() => expect(summary()).toBeTruthy());
    fireEvent.keyDown(summary()!, { key: 'Enter' });
    expect(button()).toBeTruthy();
    fireEvent.keyDown(button()!, { key: 'Enter', keyCode: 13 });
    expect((await answer).button.label).toBe('Delete');
  });
});

describe('E10: the first field of a form in a dialog', () => {
  const idle = window.requestIdleCallback;
  beforeEach(() => {
    // a dialog looks for its field when the browser is first idle; here before React drew it
    window.requestIdleCallback = ready => Number(ready({} as IdleDeadline));
  });
  afterEach(() => {
    window.requestIdleCallback = idle;
  });

  it.each(DIALOGS)('has the focus in a dialog for %s that looked too early', async (_, ask) => {
    const answer = ask();
    const field = () => document.querySelector('.jp-Dialog input');
    await waitFor(() => expect(field()).toBeTruthy());
    await waitFor(() => expect(document.activeElement).toBe(field()));
    fireEvent.keyDown(document.querySelector('.jp-Dialog')!, { key: 'Escape' });
    expect(await answer).toBeUndefined();
  });

  it('leaves the focus to another field that the user chose before the browser was idle', async () => {
    let whenIdle: IdleRequestCallback | undefined;
    window.requestIdleCallback = ready => Number((whenIdle = ready) && 1);
    const more = { ...rows, name: 'more' };
    const answer = askValues({ title: 'T', arguments: [rows, more], ok: 'Run', trans, send });
    const fields = () => document.querySelectorAll<HTMLElement>('.jp-Dialog input');
    await waitFor(() => expect(document.activeElement).toBe(fields()[0]));
    fields()[1].focus();
    whenIdle!({} as IdleDeadline);
    await Promise.resolve();
    expect(document.activeElement).toBe(fields()[1]);
    fireEvent.keyDown(document.querySelector('.jp-Dialog')!, { key: 'Escape' });
    expect(await answer).toBeUndefined();
  });
});
