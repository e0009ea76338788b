import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { IPanelServices } from '../../frame/services';
import { ChooseModel } from '../ChooseModel';

const trans = nullTranslator.load('nbyard');
const created_at = '2030-01-01T00:00:00Z';
const OUTPUT = {
  run_id: 'r',
  run_number: 7,
  run_title: 'Penguins',
  output: 'train.model',
  label: 'Train it'
};

let runs: { items: object[]; changed: Signal<object, void>; start: () => void };

function show(sources: object, images: object[], engine: object = { state: 'ok' }): jest.Mock {
  runs = { items: [], changed: new Signal<object, void>({}), start: () => undefined };
  const answers: Record<string, object> = {
    'images.list': { items: images },
    'deployments.form': { engine }
  };
  const call = jest.fn(async (id: string) => answers[id] ?? sources);
  const stream = { lost: undefined, connectedChanged: new Signal<object, boolean>({}) };
  const commands = new CommandRegistry();
  commands.addCommand('nbyard:create-example', { label: 'Try It', execute: () => undefined });
  const services = { yard: { client: { call }, stream, runs }, trans, commands };
  const onChosen = jest.fn();
  render(<ChooseModel services={services as unknown as IPanelServices} onChosen={onChosen} />);
  return onChosen;
}

afterEach(cleanup);

describe('what can be deployed', () => {
  it('is models of runs, images that are ready, and classes; a click or Enter chooses', async () => {
    const onChosen = show(
      {
        outputs: [{ ...OUTPUT, size_bytes: 10, created_at }],
        classes: [{ path: 'm.py', class_name: 'Model' }]
      },
      [
        { id: 'i', reference: 'birds:1', state: 'ready', created_at },
        { id: 'j', reference: 'later:1', state: 'building', created_at }
      ]
    );
    const rows = await screen.findAllByRole('row');
    expect(rows.map(({ textContent }) => textContent)).toEqual([
      expect.stringContaining('Penguins, run 7'),
      expect.stringContaining('birds:1'),
      expect.stringContaining('Model')
    ]);
    await waitFor(() => expect(document.activeElement).toBe(rows[0]));
    fireEvent.keyDown(rows[0], { key: 'Enter' });
    fireEvent.click(rows[1]);
    fireEvent.click(rows[2]);
    fireEvent.click(screen.getByRole('button', { name: 'Another Image or Service…' }));
    expect(onChosen.mock.calls.map(([target]) => target)).toEqual([
      { model: { run: 'r', output: 'train.model' } },
      { image: 'birds:1' },
      { model: { path: 'm.py', class_name: 'Model' } },
      {}
    ]);
  });

  it('says at once that containers are unavailable, and what helps', async () => {
    const text = 'no Docker';
    show({ outputs: [], classes: [] }, [], { state: 'missing', finding: text, cure: text });
    expect((await screen.findByRole('alert')).textContent).toContain('no Docker');
    expect(screen.getByRole('link', { name: 'How to install and start Docker' })).toBeTruthy();
  });

  it('says so if not all models are listed', async () => {
    const classes = [{ path: 'm.py', class_name: 'Model' }];
    show({ outputs: [], classes, cut: false }, []);
    await screen.findByRole('row');
    expect(screen.queryByText('Not all models are listed.')).toBeNull();
    cleanup();
    show({ outputs: [], classes, cut: true }, []);
    expect(await screen.findByText('Not all models are listed.')).toBeTruthy();
  });

  it('is the example where there is nothing yet', async () => {
    show({ outputs: [], classes: [] }, []);
    expect(await screen.findByRole('button', { name: 'Try It' })).toBeTruthy();
    expect(screen.queryByRole('row')).toBeNull();
  });

  it('offers the model of a run that ends meanwhile', async () => {
    const sources = { outputs: [] as object[], classes: [] };
    show(sources, []);
    await screen.findByRole('button', { name: 'Try It' });
    sources.outputs.push({ ...OUTPUT, size_bytes: 10, created_at });
    runs.items.push({ state: 'succeeded' });
    act(() => runs.changed.emit());
    expect(await screen.findByText('Train it → model')).toBeTruthy();
  });

  it('leaves the focus where the user went while it loaded', async () => {
    const notebook = document.createElement('textarea');
    document.body.append(notebook);
    show({ outputs: [{ ...OUTPUT, size_bytes: 10, created_at }], classes: [] }, []);
    notebook.focus();
    await screen.findByRole('row');
    expect(document.activeElement).toBe(notebook);
    notebook.remove();
  });
});
