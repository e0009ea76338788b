import { fireEvent, render, screen, within } from '@testing-library/react';
import { CanvasContext } from '../../model/hooks';
import { bench, IBench, nodesOf } from '../../model/__tests__/fakes';
import { INodePreview } from '../../model/tokens';
import { Chips } from '../Chips';
import { Preview } from '../Preview';

let one: IBench;
beforeEach(async () => (one = await bench()));
afterEach(() => one.canvas.dispose());

function show(preview: INodePreview) {
  return render(
    <CanvasContext.Provider value={one.canvas}>
      <Preview preview={preview} />
    </CanvasContext.Provider>
  ).container;
}

describe('K9: the preview on a card', () => {
  it('is the picture, with its name, before anything else', () => {
    const made = show({ picture: '/p', caption: 'figure.png', text: 'a line' });
    expect(made.querySelector('img')!.getAttribute('src')).toBe('/p');
    expect(made.textContent).toBe('figure.png');
  });

  it('has the first rows of a table, its name and its size', () => {
    show({ caption: 'out', table: { columns: ['a', 'b'], rows: [['1', '<b>']], size: '9 × 2' } });
    const table = within(screen.getByRole('table', { name: 'First rows' }));
    expect(table.getAllByRole('cell').map(cell => cell.textContent)).toEqual(['1', '<b>']);
    expect(table.getByText('out · 9 × 2')).toBeTruthy();
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
