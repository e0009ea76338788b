/** Commands that move cards. */
import { TranslationBundle } from '@jupyterlab/translation';
import { tidyIcon } from '../../../icons/startup';
import type { Axis, Line } from '../../arrange/align';
import { ICanvasCommand } from './command';

export function arrangeCommands(trans: TranslationBundle): ICanvasCommand[] {
  return [
    {
      id: 'nbyard:tidy-workflow',
      label: trans.__('Tidy Up'),
      caption: trans.__('Arrange the nodes from left to right, in rows that fit the window'),
      icon: tidyIcon,
      needs: 'edit',
      run: (canvas, { tidy }) => tidy(canvas)
    },
    ...alignments(trans),
    ...moves(trans),
    ...sizes(trans)
  ];
}

function alignments(trans: TranslationBundle): ICanvasCommand[] {
  const align = (line: Line, label: string): ICanvasCommand => ({
    id: `nbyard:align-${line}`,
    label,
    needs: 'edit',
    least: 2,
    run: (canvas, { aligning }) => aligning.align(canvas, line)
  });
  const distribute = (axis: Axis, label: string): ICanvasCommand => ({
    id: `nbyard:distribute-${axis}`,
    label,
    caption: trans.__('Make the gaps between the selected cards equal'),
    needs: 'edit',
    least: 3,
    run: (canvas, { aligning }) => aligning.distribute(canvas, axis)
  });
  return [
    align('left', trans.__('Align Left')),
    align('centre', trans.__('Align Centres')),
    align('right', trans.__('Align Right')),
    align('top', trans.__('Align Top')),
    align('middle', trans.__('Align Middles')),
    align('bottom', trans.__('Align Bottom')),
    distribute('horizontally', trans.__('Distribute Horizontally')),
    distribute('vertically', trans.__('Distribute Vertically'))
  ];
}

/** How far a key moves a card or the edge of a comment. */
const STEP = 20;

function moves(trans: TranslationBundle): ICanvasCommand[] {
  const move = (id: string, label: string, dx: number, dy: number): ICanvasCommand => ({
    id: `nbyard:move-node-${id}`,
    label,
    needs: 'targets',
    quiet: true,
    run: (canvas, { editing }) => editing.move(canvas, dx * STEP, dy * STEP)
  });
  return [
    move('left', trans.__('Move Node Left'), -1, 0),
    move('right', trans.__('Move Node Right'), 1, 0),
    move('up', trans.__('Move Node Up'), 0, -1),
    move('down', trans.__('Move Node Down'), 0, 1)
  ];
}

function sizes(trans: TranslationBundle): ICanvasCommand[] {
  const resize = (id: string, label: string, dx: number, dy: number): ICanvasCommand => ({
    id: `nbyard:make-comment-${id}`,
    label,
    needs: 'edit',
    run: (canvas, { comments }) => comments.resizeComments(canvas, dx * STEP, dy * STEP)
  });
  return [
    resize('wider', trans.__('Make Comment Wider'), 1, 0),
    resize('narrower', trans.__('Make Comment Narrower'), -1, 0),
    resize('taller', trans.__('Make Comment Taller'), 0, 1),
    resize('shorter', trans.__('Make Comment Shorter'), 0, -1)
  ];
}
