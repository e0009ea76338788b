/** All actions of the canvas as commands, which menus, toolbar and keys refer to. */
import { TranslationBundle } from '@jupyterlab/translation';
import { arrangeCommands } from './arrangeCommands';
import { Group, ICanvasCommand } from './command';
import { editCommands } from './editCommands';
import { groupCommands } from './groupCommands';
import { navigateCommands } from './navigateCommands';
import { nodeCommands } from './nodeCommands';
import { runWorkflowCommands } from './runWorkflowCommands';
import { viewCommands } from './viewCommands';

export function commandTable(trans: TranslationBundle): (ICanvasCommand & { group: Group })[] {
  const of = (group: Group, commands: ICanvasCommand[]) =>
    commands.map(command => ({ ...command, group }));
  return [
    ...of('run', runWorkflowCommands(trans)),
    ...of('edit', [
      ...editCommands(trans),
      ...nodeCommands(trans),
      ...groupCommands(trans),
      ...arrangeCommands(trans)
    ]),
    ...of('view', viewCommands(trans)),
    ...of('navigate', navigateCommands(trans))
  ];
}
