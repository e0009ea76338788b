import { fireEvent, render, screen } from '@testing-library/react';
import { bench } from '../../model/__tests__/fakes';
import type { CanvasController } from '../../model/controller';
import { useSelecting } from '../gestures';

function Stage({ canvas }: { canvas: CanvasController }): JSX.Element {
  const { onPointerDown, onContextMenu } = useSelecting(canvas);
  return (
    <div
      data-testid="stage"
      onPointerDownCapture={onPointerDown}
      onContextMenuCapture={onContextMenu}
    >
      <div className="react-flow__pane" data-testid="pane">
        <div className="react-flow__node">
          <button type="button">port</button>
          <input aria-label="text" />
        </div>
        <div className="react-flow__edge" data-testid="edge" />
      </div>
    </div>
  );
}

async function draw(): Promise<void> {
  const { canvas } = await bench();
  render(
    <>
      <p>selected</p>
      <Stage canvas={canvas} />
    </>
  );
}

describe('the pointer on the diagram', () => {
  it('draws from a port also while text elsewhere is selected, which would be dragged', async () => {
    await draw();
    const select = () => document.getSelection()!.selectAllChildren(screen.getByText('selected'));
    select();
    fireEvent.pointerDown(screen.getByRole('textbox'));
    expect(document.getSelection()!.toString()).toBe('selected');
    fireEvent.pointerDown(screen.getByRole('button'));
    expect(document.getSelection()!.rangeCount).toBe(0);
  });

  it('opens the menu of the pane beside cards and connections only', async () => {
    await draw();
    const menu = () => screen.getByTestId('stage').dataset.menu;
    fireEvent.contextMenu(screen.getByRole('button'));
    expect(menu()).toBe('item');
    fireEvent.contextMenu(screen.getByTestId('pane'));
    expect(menu()).toBe('pane');
    fireEvent.contextMenu(screen.getByTestId('edge'));
    expect(menu()).toBe('item');
  });
});
