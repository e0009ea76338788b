import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { act, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { IPanelServices } from '../../../frame/services';
import { stored } from '../../__tests__/stored';
import { AutomationForm } from '../AutomationForm';
import { draftOf, newDraft } from '../draft';
import { IOffered } from '../offered';

const signal = () => new Signal<unknown, unknown>({});
const collection = (items: unknown[]) => ({ items, changed: signal() });
const OFFERED: Record<string, object[]> = {
  'workflows.list': [
    { id: 'w', path: 'a.nbflow' },
    { id: 'copy', path: '/store/a.nbflow', pushed_path: 'a.nbflow' }
  ]
};
const call = jest.fn(async (id: string) => ({ items: OFFERED[id] ?? [], next: null }));
const services = {
  trans: nullTranslator.load('nbyard'),
  yard: {
    client: { call },
    stream: {
      ...{ connectedChanged: signal(), events: signal(), refetch: signal() },
      start: async () => undefined
    },
    datasets: collection([{ id: 'd', name: 'sea' }])
  }
} as unknown as IPanelServices;
const none = Promise.resolve([]);
const offered: IOffered = {
  ...{ fields: none, automations: () => none },
  runtimes: Promise.resolve({
    names: ['docker', 'dask'],
    note: { code: 'dask-of-projects', params: { projects: ['ann/wine', 'ann/beer'] } }
  })
};
const leave = jest.fn();

async function show(draft = newDraft({}, 'dataset'), part = {}) {
  const shown = { services, draft, offered, leave, problems: {}, ...part };
  await act(async () => void render(<AutomationForm {...shown} />));
  return draft;
}

const choose = (label: string, value: string) =>
  fireEvent.change(screen.getByLabelText(label), { target: { value } });

describe('the form of an automation on an event', () => {
  it('asks for what the event needs', async () => {
    const draft = await show();
    choose('Dataset', 'sea');
    const note = 'Only runs of these projects may use the Dask cluster: ann/wine, ann/beer';
    expect(screen.getByText(text => text.endsWith(note))).toBeTruthy();
    choose('Runs start', 'file');
    choose('File or folder', 'inbox');
    for (const change of ['created', 'modified', 'deleted']) {
      fireEvent.click(screen.getByLabelText(change));
    }
    expect(screen.queryByLabelText('Dataset')).toBeNull();
    choose('Runs start', 'run');
    const code = screen.getByLabelText<HTMLInputElement>('Workflow, notebook or script');
    expect(code.value).toBe('');
    await waitFor(() => {
      const offered = [...document.querySelectorAll('datalist option')];
      expect(offered.map(option => option.getAttribute('value'))).toEqual(['a.nbflow']);
    });
    choose('Workflow, notebook or script', 'a.nbflow');
    choose('Its run', 'failed');
    choose('Runs start', 'webhook');
    choose('Messages per minute, at most', '5');
    choose('Runs start', 'notebook');
    expect(screen.getByText('In a notebook: %nbyard fire NAME')).toBeTruthy();
    expect(draft.typed).toMatchObject({
      'on.kind': 'notebook',
      'on.dataset': 'sea',
      'on.changes': ['deleted'],
      'on.outcome': 'failed',
      'on.most_per_minute': '5'
    });
  });

  it('replaces the secret of a webhook after a second click, and shows it once', async () => {
    const onRotate = jest.fn(async () => 'whsec_new');
    await show(newDraft({}, 'webhook'), { onRotate });
    fireEvent.click(screen.getByText('New Secret…'));
    expect(onRotate).not.toHaveBeenCalled();
    fireEvent.click(screen.getByText(/^Really Replace/));
    const shown = await screen.findByLabelText('Secret, which is not shown again');
    expect((shown as HTMLInputElement).value).toBe('whsec_new');
    onRotate.mockRejectedValueOnce(new Error('The server is away.'));
    fireEvent.click(screen.getByText('New Secret…'));
    fireEvent.click(screen.getByText(/^Really Replace/));
    expect((await screen.findByRole('alert')).textContent).toBe('The server is away.');
  });

  it('ignores the cache, unless the user clears the box', async () => {
    const draft = await show();
    const box = screen.getByLabelText<HTMLInputElement>('Run every node again');
    expect([box.checked, draft.typed['run.force']]).toEqual([true, true]);
    fireEvent.click(box);
    expect([box.checked, draft.typed['run.force']]).toEqual([false, false]);
  });

  it('shows each problem at its field', async () => {
    const problems = { 'on.dataset': 'no such dataset', 'values_from.city': 'unknown field' };
    await show(newDraft({}, 'dataset'), { problems });
    expect(screen.getAllByRole('alert').map(one => one.textContent)).toEqual([
      'no such dataset',
      'city: unknown field'
    ]);
  });

  it('keeps the kind of a known automation', async () => {
    const known = stored({ on: { kind: 'notebook' }, timing: null });
    await show(draftOf(known), { known });
    expect(screen.getByLabelText('Runs start').children).toHaveLength(1);
  });

  it('may become one on times while it is new, with their fields and their overlap', async () => {
    const draft = await show();
    choose('Runs start', 'phrase');
    expect(screen.getByLabelText<HTMLInputElement>('When').value).toBe('weekdays 8:00');
    expect(screen.queryByLabelText(/^Parameters from the event/)).toBeNull();
    expect(draft.typed).toMatchObject({ 'on.kind': 'phrase', overlap: 'skip' });
    choose('Runs start', 'file');
    expect(screen.queryByLabelText('Time zone')).toBeNull();
    expect(draft.typed).toMatchObject({ 'on.kind': 'file', overlap: 'queue' });
  });
});
