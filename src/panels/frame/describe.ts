import { TranslationBundle } from '@jupyterlab/translation';
import { JSONObject } from '@lumino/coreutils';
import { IPanelCommand } from './command';

/** Return the arguments of a command as JSON Schema. */
export function describe(command: IPanelCommand, trans: TranslationBundle) {
  return { args: { type: 'object', properties: properties(command, trans) } };
}

function properties(command: IPanelCommand, trans: TranslationBundle): JSONObject {
  const { files, inFolder, noun, args = {}, options } = command;
  if (files) {
    return {
      path: { type: 'string', description: trans.__('The file') },
      selected: { type: 'boolean', description: trans.__('The selection of the file browser') }
    };
  }
  if (inFolder) {
    return { cwd: { type: 'string', description: trans.__('The folder') } };
  }
  if (noun) {
    const id = { type: 'string', description: trans.__('The ID, or the name of a kernel') };
    return { id, ...options } as JSONObject;
  }
  return Object.fromEntries(
    Object.entries(args).map(([name, description]) => [name, { type: 'string', description }])
  );
}
