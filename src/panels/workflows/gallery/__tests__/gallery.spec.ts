import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { fireEvent, screen, within } from '@testing-library/react';
import { workflowActions } from '../../actions';
import { IPanelServices } from '../../../frame/services';

const trans = nullTranslator.load('nbyard');
const HIDDEN = { hidden: true }; // jsdom opens no dialog element

const template = (name: string, nodes: object, edges = {}) => ({
  name,
  document: {
    version: 1,
    meta: { title: `The ${name}`, description: `Shows ${name}.` },
    nodes,
    edges
  }
});
const TEMPLATES = [
  template('penguins', { a: { type: 'dataset', path: 'a.csv' } }),
  template(
    'words',
    {
      a: { type: 'executable', path: 'a.ipynb' },
      b: { type: 'executable', path: 'b.sh', label: 'Count' }
    },
    { e: { source: 'a', output: 'o', target: 'b', input: 'i' } }
  )
];

async function opened() {
  const call = jest.fn(async (id: string) =>
    id === 'workflows.templates'
      ? { items: TEMPLATES }
      : id === 'workflows.example_needs'
        ? { packages: ['joblib', 'pandas'], missing: [] }
        : { path: 'd/words/words.nbflow' }
  );
  const commands = new CommandRegistry();
  const open = jest.fn();
  commands.addCommand('docmanager:open', { execute: open });
  const services = { yard: { client: { call } }, trans, commands } as unknown as IPanelServices;
  const done = workflowActions.openGallery(services, ['d']);
  return {
    call,
    open,
    done,
    card: await screen.findByRole('button', { name: /The words/, ...HIDDEN })
  };
}

describe('the gallery of templates', () => {
  it('shows what each template is, and creates a workflow from one with a click', async () => {
    const { call, open, done, card } = await opened();
    expect(card.textContent).toContain('Shows words.');
    const drawing = within(card).getByRole('img', { name: '2 nodes', ...HIDDEN });
    const kinds = ['notebook', 'command'].map(
      kind => drawing.querySelectorAll(`.nby-mod-is-${kind}`).length
    );
    expect([...kinds, drawing.querySelectorAll('path').length]).toEqual([1, 1, 1]);
    expect(document.querySelector('.jp-Dialog')!.textContent).toContain('joblib, pandas');
    fireEvent.click(card);
    await done;
    const body = { folder: 'd', template: 'words', environment: '' };
    expect(call).toHaveBeenLastCalledWith('workflows.create_example', { body });
    expect(open.mock.calls[0][0]).toEqual({ path: 'd/words/words.nbflow' });
    expect(document.querySelector('.jp-Dialog')).toBeNull();
  });

  it('creates nothing after Cancel', async () => {
    const { call, done } = await opened();
    fireEvent.click(screen.getByRole('button', { name: 'Cancel', ...HIDDEN }));
    await done;
    expect(call).not.toHaveBeenCalledWith('workflows.create_example', expect.anything());
  });
});
