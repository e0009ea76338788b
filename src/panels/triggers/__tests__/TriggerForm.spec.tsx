import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { fireEvent, render, screen } from '@testing-library/react';
import { IPanelServices } from '../../frame/services';
import { draftOf } from '../draft';
import { TriggerForm } from '../TriggerForm';

const collection = (items: unknown[]) => ({ items, changed: new Signal({}) });
const services = {
  trans: nullTranslator.load('nbyard'),
  yard: {
    datasets: collection([{ id: 'd', name: 'sea' }]),
    workflows: collection([
      { id: 'w', path: 'a.nbflow' },
      { id: 'copy', path: '/store/a.nbflow', pushed_path: 'a.nbflow' }
    ])
  }
} as unknown as IPanelServices;

function show(problems: Record<string, string> = {}, isKnown = false) {
  const draft = draftOf();
  render(<TriggerForm {...{ services, draft, problems, isKnown }} />);
  return draft;
}

const choose = (label: string, value: string) =>
  fireEvent.change(screen.getByLabelText(label), { target: { value } });

describe('the form of a trigger', () => {
  it('asks for what the event needs', () => {
    const draft = show();
    choose('Dataset', 'sea');
    choose('Run when', 'file');
    choose('File or folder', 'inbox');
    choose('A file is', 'deleted');
    expect(screen.queryByLabelText('Dataset')).toBeNull();
    choose('Run when', 'workflow');
    const offered = [...document.querySelectorAll('datalist option')];
    expect(offered.map(option => option.getAttribute('value'))).toEqual(['a.nbflow']);
    choose('Workflow, notebook or script', 'a.nbflow');
    choose('Its run', 'failed');
    choose('Run when', 'webhook');
    choose('Messages per minute, at most', '5');
    choose('Run when', 'notebook');
    expect(screen.getByText('In a notebook: %nbyard fire NAME')).toBeTruthy();
    expect(draft).toMatchObject({
      kind: 'notebook',
      dataset: 'sea',
      path: 'inbox',
      changes: 'deleted',
      after: 'a.nbflow',
      outcome: 'failed',
      perMinute: '5'
    });
  });

  it('replaces the secret of a webhook after a second click, and shows it once', async () => {
    const onRotate = jest.fn(async () => 'whsec_new');
    const draft = { ...draftOf(), kind: 'webhook' as const };
    render(<TriggerForm {...{ services, draft, problems: {}, isKnown: true, onRotate }} />);
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

  it('ignores the cache, unless the user clears the box', () => {
    const draft = show();
    const box = screen.getByLabelText<HTMLInputElement>('Run every node again');
    expect([box.checked, draft.force]).toEqual([true, true]);
    fireEvent.click(box);
    expect([box.checked, draft.force]).toEqual([false, false]);
  });

  it('shows each problem at its field', () => {
    show({ 'on.dataset': 'no such dataset', 'values_from.city': 'unknown field' });
    expect(screen.getAllByRole('alert').map(one => one.textContent)).toEqual([
      'no such dataset',
      'values_from.city: unknown field'
    ]);
  });

  it('keeps the kind of a known trigger', () => {
    show({}, true);
    expect(screen.getByLabelText('Run when').children).toHaveLength(1);
  });
});
