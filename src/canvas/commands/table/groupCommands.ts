/** Commands that group cards. */
import { TranslationBundle } from '@jupyterlab/translation';
import { Actions, ICanvasCommand } from './command';

type Allowed = ICanvasCommand['allowed'];

export function groupCommands(trans: TranslationBundle): ICanvasCommand[] {
  const command = (
    id: keyof Actions['grouping'],
    label: string,
    allowed?: Allowed,
    labelFor?: ICanvasCommand['labelFor']
  ): ICanvasCommand => ({
    id: `nbyard:${id}`,
    label,
    labelFor,
    needs: 'edit',
    allowed,
    run: (canvas, { grouping }) => grouping[id](canvas)
  });
  const isInGroup: Allowed = ({ groups }) => groups.length > 0;
  const fold = trans.__('Fold Group');
  return [
    command('group-cards', trans.__('Group')),
    command('ungroup-cards', trans.__('Ungroup'), isInGroup),
    command('fold-group', fold, isInGroup, ({ groups, store }) =>
      groups.every(id => store.tree.isFolded(id)) && groups[0] ? trans.__('Unfold Group') : fold
    ),
    command('color-group', trans.__('Group Colour…'), isInGroup),
    command('add-to-group', trans.__('Add to Group…'), ({ doc }) => doc.groups.size > 0),
    command('remove-from-group', trans.__('Remove from Group'), isInGroup)
  ];
}
