import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { CanvasContext } from '../../model/hooks';
import { bench, IBench, nodesOf } from '../../model/__tests__/fakes';
import { INodePreview } from '../../model/tokens';
import { Chips } from '../Chips';
import { roomFor } from '../NodeCard';
import { Preview } from '../Preview';

let one: IBench;
beforeEach(async () => (one = await bench()));
afterEach(() => one.canvas.dispose());

function show(preview: INodePreview, room?: number) {
  return render(
    <CanvasContext.Provider value={one.canvas}>
      <Preview id="train" preview={preview} room={room} />
    </CanvasContext.Provider>
  ).container;
}

describe('K9: the preview on a card', () => {
  it('has only the height that is free above the next card, in whole rows', () => {
    const height = (room?: number) =>
      show({ text: 'a' }, room)
        .querySelector<HTMLElement>('.nby-Node-preview')!
        .style.getPropertyValue('--nby-room');
    expect([undefined, 0, 15, 40].map(height)).toEqual(['', '0', '0px', '36px']);
    const view = one.canvas.views.get('train')!;
    expect(roomFor(view, undefined)).toBeUndefined();
    expect(roomFor(view, 60)).toBe(0);
    const port = { name: 'a', format: '', state: 'free', help: '' } as const;
    const full = { ...view, inputs: [port, port], outputs: [], problems: [], chips: [] };
    expect(roomFor(full, 240)).toBe(121);
    expect(roomFor({ ...full, chips: ['docker', '1 GPU', '2 CPU'] }, 240)).toBe(67);
    expect(roomFor({ ...full, inputs: [port, { ...port, state: 'missing' }] }, 240)).toBe(79);
    expect(roomFor({ ...full, problems: ['three lines'] }, 240)).toBe(62);
  });

  it('is the picture, with its name, before anything else', () => {
    const made = show({ picture: '/p', caption: 'figure.png', text: 'a line' });
    expect(made.querySelector('img')!.getAttribute('src')).toBe('/p');
    expect(made.textContent).toBe('figure.png');
  });

  it('has the first rows of a table, its name and its size', () => {
    show({ caption: 'out', table: { columns: ['a', 'b'], rows: [['1', '<b>']], size: '9 × 2' } });
    const table = within(screen.getByRole('table', { name: 'First rows' }));
    expect(table.getAllByRole('cell').map(cell => cell.textContent)).toEqual(['1', '<b>', '']);
    expect(table.getByText('out · 9 × 2')).toBeTruthy();
  });

  it('has as many columns as fit', () => {
    const rows = [['Adelie', 'Torgersen', '39.1', '18.7']];
    const columns = ['species', 'island', 'bill_length', 'bill_depth'];
    const names = (of: INodePreview) => {
      const heads = [...show(of).querySelectorAll('th')].map(
        one => one.textContent || one.dataset.most
      );
      cleanup();
      return heads;
    };
    expect(names({ table: { columns, rows, count: 9 } })).toEqual([
      ...['species', 'island', 'bill_length'],
      '+6'
    ]);
    const short = ['a', 'b'];
    expect(names({ table: { columns: short, rows } })).toEqual([...short, '']);
    const long = { columns: ['x'.repeat(60), 'y'.repeat(60), 'z', 'w'], rows };
    expect(names({ table: long })).toEqual([...long.columns.slice(0, 2), '+2']);
  });

  it('begins with the columns that the tables before it do not have', () => {
    const { canvas, runs } = one;
    const of = (columns: string[], count = columns.length) => {
      const table = { columns, rows: [], count };
      runs.states.set('clean', { state: 'succeeded', preview: { table } });
      runs.changed.emit(new Set(['clean']));
    };
    const first = () => {
      const table = { columns: ['species', 'island', 'ratio'], rows: [] };
      const { textContent } = show({ table }).querySelector('th')!;
      cleanup();
      return textContent;
    };
    canvas.doc.connect({ source: 'clean', output: 'tidy', target: 'train', input: 'data' });
    expect(first()).toBe('species');
    of(['species', 'island']);
    expect(first()).toBe('ratio');
    of(['species', 'island'], 9); // the others may have the same name
    expect(first()).toBe('species');
  });

  it('E7: shows the picture in its own size on a click', async () => {
    const enlarge = jest.fn().mockResolvedValue(new Blob());
    URL.createObjectURL = () => 'blob:large';
    URL.revokeObjectURL = jest.fn();
    show({ picture: '/p', caption: 'figure.png', enlarge });
    fireEvent.click(screen.getByRole('button', { name: 'Enlarge figure.png' }));
    const large = () => document.querySelector('.jp-Dialog .nby-Enlarged');
    await waitFor(() => expect(large()!.getAttribute('src')).toBe('blob:large'));
    document.querySelector<HTMLElement>('.jp-Dialog .jp-mod-accept')!.click();
    await waitFor(() => expect(URL.revokeObjectURL).toHaveBeenCalled());
  });

  it('has metrics and the class of a model; a first line only without these', () => {
    const metrics = [{ name: 'accuracy', value: '0.977' }];
    expect(show({ metrics, model: 'Pipeline', text: 'x' }).textContent).toBe(
      'Pipelineaccuracy 0.977'
    );
    expect(show({ text: 'hello' }).textContent).toBe('hello');
  });
});

describe('E5: the chips of a card', () => {
  it('offer other resources for this node', () => {
    const { canvas, executed } = one;
    canvas.doc.setField('clean', 'gpu', 1);
    render(
      <CanvasContext.Provider value={canvas}>
        <Chips id="clean" chips={canvas.views.get('clean')!.chips} gpus={0} />
      </CanvasContext.Provider>
    );
    fireEvent.click(screen.getByRole('button', { name: '1 GPU' }));
    expect(canvas.store.selected).toEqual(['clean']);
    expect(executed.map(([id]) => id)).toContain('nbyard:choose-resources');
    expect(nodesOf(canvas).clean.gpu).toBe(1);
  });

  it('say what the executable requests', () => {
    render(
      <CanvasContext.Provider value={one.canvas}>
        <Chips id="clean" chips={[]} gpus={2} />
      </CanvasContext.Provider>
    );
    expect(screen.getByRole('button', { name: '2 GPUs' })).toBeTruthy();
  });

  it('offer nothing in a read-only workflow', () => {
    const { canvas } = one;
    Object.defineProperty(canvas, 'readOnly', { value: true });
    const show = (...chips: string[]) =>
      render(
        <CanvasContext.Provider value={canvas}>
          <Chips id="clean" chips={chips} gpus={0} />
        </CanvasContext.Provider>
      ).container;
    expect(show().textContent).toBe('');
    expect(show('1 GPU').querySelector('button')!.disabled).toBe(true);
  });

  it('offer them also for a node without any choice', () => {
    const { canvas, executed } = one;
    render(
      <CanvasContext.Provider value={canvas}>
        <Chips id="clean" chips={canvas.views.get('clean')!.chips} gpus={0} />
      </CanvasContext.Provider>
    );
    fireEvent.click(screen.getByRole('button', { name: 'CPU' }));
    expect(executed.map(([id]) => id)).toContain('nbyard:choose-resources');
  });
});
