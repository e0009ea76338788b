/** Commands that move cards. */
import { TranslationBundle } from '@jupyterlab/translation';
import { tidyIcon } from '../../../icons/startup';
import { ICanvasCommand } from './command';

export function arrangeCommands(trans: TranslationBundle): ICanvasCommand[] {
  return [
    {
      id: 'nbyard:tidy-workflow',
      label: trans.__('Tidy Up'),
      caption: trans.__('Arrange the nodes from left to right'),
      icon: tidyIcon,
      needs: 'edit',
      run: (canvas, { navigation }) => navigation.tidy(canvas)
    },
    ...moves(trans)
  ];
}

function moves(trans: TranslationBundle): ICanvasCommand[] {
  const step = 20;
  const move = (id: string, label: string, dx: number, dy: number): ICanvasCommand => ({
    id: `nbyard:move-node-${id}`,
    label,
    needs: 'targets',
    quiet: true,
    run: (canvas, { editing }) => editing.move(canvas, dx * step, dy * step)
  });
  return [
    move('left', trans.__('Move Node Left'), -1, 0),
    move('right', trans.__('Move Node Right'), 1, 0),
    move('up', trans.__('Move Node Up'), 0, -1),
    move('down', trans.__('Move Node Down'), 0, 1)
  ];
}
