import { fireEvent, render, screen } from '@testing-library/react';
import { NodeProps } from '@xyflow/react';
import { addComment } from '../../arrange/comments';
import { CardNode } from '../../model/flowStore';
import { CanvasContext } from '../../model/hooks';
import { bench, IBench } from '../../model/__tests__/fakes';
import { CommentCard } from '../CommentCard';

let one: IBench;

beforeEach(async () => {
  jest.useFakeTimers();
  one = await bench();
});

afterEach(() => {
  one.canvas.dispose();
  jest.useRealTimers();
});

function show(id: string) {
  const data = { fields: one.canvas.doc.comment(id)! };
  const props = { id, data } as NodeProps<CardNode>;
  return render(
    <CanvasContext.Provider value={one.canvas}>
      <CommentCard {...props} />
    </CanvasContext.Provider>
  ).container;
}

/** A mouse or pen event; jsdom has no pointer events. */
function point(target: Element, type: string, place: MouseEventInit) {
  fireEvent(target, new MouseEvent(type, { bubbles: true, ...place }));
}

describe('K9: the corner of a comment', () => {
  it('changes the size with the first button, unless the browser cancels', () => {
    const { canvas } = one;
    canvas.doc.addComment('#1', { text: 'a', size: [200, 100] }, [0, 0]);
    const card = show('#1').querySelector<HTMLElement>('.nby-Comment')!;
    const corner = card.querySelector<HTMLElement>('.nby-Comment-corner')!;
    corner.setPointerCapture = jest.fn();
    const size = () => [card.style.width, canvas.doc.comment('#1')!.size];

    point(corner, 'pointerdown', { button: 2 });
    point(corner, 'pointermove', { clientX: 50 });
    expect(size()).toEqual(['200px', [200, 100]]);
    expect(corner.setPointerCapture).not.toHaveBeenCalled();

    point(corner, 'pointerdown', { button: 0 });
    point(corner, 'pointermove', { clientX: 50 });
    expect(size()).toEqual(['250px', [200, 100]]);
    point(corner, 'pointercancel', {});
    point(corner, 'pointermove', { clientX: 60 });
    expect(size()).toEqual(['200px', [200, 100]]);

    point(corner, 'pointerdown', { button: 0 });
    point(corner, 'pointerup', { clientX: 50, clientY: -90 });
    expect(canvas.doc.comment('#1')!.size).toEqual([250, 40]);
  });
});

describe('K9: the source of a comment', () => {
  it('is stored as it is typed, and saved with the key', () => {
    const { canvas, executed } = one;
    addComment(canvas);
    show('#1');
    const field = screen.getByRole('textbox');
    fireEvent.change(field, { target: { value: 'Data' } });
    expect(canvas.doc.comment('#1')!.text).toBe('Data');
    fireEvent.keyDown(field, { key: 's' });
    expect(executed).toEqual([]);
    expect(fireEvent.keyDown(field, { key: 's', ctrlKey: true })).toBe(false);
    expect(executed).toEqual([['docmanager:save', undefined]]);
    expect(canvas.ui.editing).toBeDefined();
    fireEvent.keyDown(field, { key: 'Escape' });
    expect(canvas.ui.editing).toBeUndefined();
  });
});
