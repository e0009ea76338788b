/** Commands that group cards. */
import { TranslationBundle } from '@jupyterlab/translation';
import type { CanvasController } from '../../model/controller';
import { ICanvasCommand } from './command';

const hasGroup = ({ groups }: CanvasController): boolean => groups.length > 0;

export function groupCommands(trans: TranslationBundle): ICanvasCommand[] {
  return [
    {
      id: 'nbyard:group-cards',
      label: trans.__('Group'),
      caption: trans.__('Put the selected cards into a group'),
      needs: 'edit',
      run: (canvas, { groups }) => groups.groupCards(canvas)
    },
    {
      id: 'nbyard:ungroup-cards',
      label: trans.__('Ungroup'),
      caption: trans.__('Remove the group and keep its cards'),
      needs: 'edit',
      allowed: hasGroup,
      run: (canvas, { groups }) => groups.ungroup(canvas)
    },
    {
      id: 'nbyard:fold-group',
      label: trans.__('Fold Group'),
      labelFor: ({ groups, store }) =>
        groups.length && groups.every(id => store.tree.isFolded(id))
          ? trans.__('Unfold Group')
          : trans.__('Fold Group'),
      caption: trans.__('Show the group as one card, or show its cards again'),
      needs: 'edit',
      allowed: hasGroup,
      run: (canvas, { groups }) => groups.toggleFold(canvas)
    },
    {
      id: 'nbyard:color-group',
      label: trans.__('Group Colour…'),
      needs: 'edit',
      allowed: hasGroup,
      run: (canvas, { groups }) => groups.colorGroups(canvas)
    },
    {
      id: 'nbyard:add-to-group',
      label: trans.__('Add to Group…'),
      needs: 'edit',
      allowed: ({ chosen, doc }) => chosen.length > 0 && doc.groups.size > 0,
      run: (canvas, { groups }) => groups.addToGroup(canvas)
    },
    {
      id: 'nbyard:remove-from-group',
      label: trans.__('Remove from Group'),
      needs: 'edit',
      allowed: ({ chosen, store }) => chosen.some(id => store.tree.parent(id)),
      run: (canvas, { groups }) => groups.removeFromGroup(canvas)
    }
  ];
}
