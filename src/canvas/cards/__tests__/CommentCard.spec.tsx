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
