import { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';
import { showRunMenu } from '../runMenu';

it('the ways to run explain themselves under the pointer', () => {
  const open = jest.spyOn(Menu.prototype, 'open').mockReturnValue(undefined);
  const commands = new CommandRegistry();
  const execute = () => undefined;
  commands.addCommand('nbyard:check-run', { label: 'Check', caption: 'On a sample', execute });
  showRunMenu({ commands } as never);
  const menu = open.mock.contexts[0] as Menu;
  const item = menu.items.find(({ command }) => command === 'nbyard:check-run')!;
  const data = { item, active: false, collapsed: false };
  expect(menu.renderer.renderItem(data)).toMatchObject({ attrs: { title: 'On a sample' } });
});
