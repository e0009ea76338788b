/** Commands that group cards. */
import { TranslationBundle } from '@jupyterlab/translation';
import { Actions, ICanvasCommand } from './command';

type Allowed = ICanvasCommand['allowed'];

export function groupCommands(trans: TranslationBundle): ICanvasCommand[] {
  const hasCards: Allowed = ({ chosen }) => chosen.length > 0;
  const isInGroup: Allowed = ({ groups }) => groups.length > 0;
  const command = (
    id: keyof Actions['grouping'],
    label: string,
    allowed: Allowed = isInGroup
  ): ICanvasCommand => ({
    id: `nbyard:${id}`,
    label,
    needs: 'edit',
    allowed,
    run: (canvas, { grouping }) => grouping[id](canvas)
  });
  const fold = command('fold-group', trans.__('Fold Group'));
  return [
    command('group-cards', trans.__('Group'), hasCards),
    command('ungroup-cards', trans.__('Ungroup')),
    {
      ...fold,
      labelFor: ({ groups, store }) =>
        groups.some(id => store.tree.isFolded(id)) ? trans.__('Unfold Group') : fold.label
    },
    command('color-group', trans.__('Group Colour…')),
    command('add-to-group', trans.__('Add to Group…'), ({ doc }) => doc.groups.size > 0),
    command('remove-from-group', trans.__('Remove from Group')),
    command('save-as-workflow', trans.__('Save as Sub-Workflow…'), hasCards),
    command(
      'unpack-workflow',
      trans.__('Unpack Sub-Workflow'),
      ({ checker, step = '' }) => checker.reading(step)?.kind === 'workflow'
    )
  ];
}
