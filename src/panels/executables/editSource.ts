/** Shows a place in the source of an executable: a cell of its notebook, or a line of its file. */
import { PathExt } from '@jupyterlab/coreutils';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import type { Notebook } from '@jupyterlab/notebook';

/** Looks at the notebook after these pauses. */
const LAYOUT_MS = [50, 150, 300, 500, 1000];
/** Events after which the user scrolls or edits. */
const BY_USER = ['wheel', 'pointerdown', 'keydown'];

type Editor = NonNullable<NonNullable<Notebook['activeCell']>['editor']>;

export interface IPlace {
  /** A cell, from 0. */
  cell?: number;
  /** A line of the cell, from 1. */
  line?: number;
  /** A line of each file, from 1, by file name. */
  lines?: Readonly<Record<string, number>>;
}

/** Show the place in an opened document; other widgets, such as a viewer, stay as they are. */
export async function showPlace(opened: unknown, { cell, line, lines }: IPlace): Promise<void> {
  const document = opened as IDocumentWidget | undefined;
  await document?.context?.ready;
  await document?.revealed;
  const content = document?.content as (Partial<Notebook> & { editor?: Editor }) | undefined;
  if (typeof cell === 'number' && content?.widgets && cell < content.widgets.length) {
    await showCell(content as Notebook, cell, line);
  } else if (content?.editor) {
    const number = lines?.[PathExt.basename(document!.context.path)];
    if (number) {
      showLine(content.editor, number);
    }
  }
}

async function showCell(notebook: Notebook, cell: number, line?: number): Promise<void> {
  notebook.deselectAll();
  notebook.activeCellIndex = cell;
  await notebook.scrollToItem(cell, 'center');
  const { activeCell } = notebook;
  await activeCell?.ready;
  if (line && activeCell?.editor) {
    showLine(activeCell.editor, line);
  }
  notebook.activate(); // the focus follows the active cell
  void keepInView(notebook, cell);
}

/** A notebook that has just been opened may scroll back to its top while it is laid out. */
async function keepInView(notebook: Notebook, cell: number): Promise<void> {
  const { node } = notebook;
  let isOver = false;
  const end = () => void (isOver = true);
  BY_USER.forEach(type => node?.addEventListener(type, end, { once: true, passive: true }));
  for (const pause of LAYOUT_MS) {
    await new Promise(done => setTimeout(done, pause));
    if (isOver || notebook.isDisposed || notebook.activeCellIndex !== cell) {
      break; // the user has moved on
    }
    const place = notebook.widgets[cell]?.node?.getBoundingClientRect();
    const view = node?.getBoundingClientRect();
    const isAway = place && view && (place.bottom <= view.top || place.top >= view.bottom);
    if (isAway) {
      await notebook.scrollToItem(cell, 'center');
    }
  }
  BY_USER.forEach(type => node?.removeEventListener(type, end));
}

function showLine(editor: Editor, number: number): void {
  const place = { line: Math.min(number, editor.lineCount) - 1, column: 0 };
  editor.setCursorPosition(place);
  editor.revealPosition(place);
  editor.focus();
}
