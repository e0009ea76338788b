/** All actions of the canvas as commands, which menus, toolbar and keys refer to. */
import { TranslationBundle } from '@jupyterlab/translation';
import { arrangeCommands } from './arrangeCommands';
import { ICanvasCommand } from './command';
import { editCommands } from './editCommands';
import { nodeCommands } from './nodeCommands';
import { runCommands } from './runCommands';
import { viewCommands } from './viewCommands';

export function commandTable(trans: TranslationBundle): ICanvasCommand[] {
  return [
    ...runCommands(trans),
    ...editCommands(trans),
    ...nodeCommands(trans),
    ...arrangeCommands(trans),
    ...viewCommands(trans)
  ];
}
