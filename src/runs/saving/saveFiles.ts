import { JupyterFrontEnd } from '@jupyterlab/application';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { saveIcon } from '@jupyterlab/ui-components';
import { IRunServices } from '../model/services';
import { describedBy } from '../describe/describedBy';

export const SAVE_FILES = 'nbyard:save-run-files';

/** Saves files that a task wrote beside its outputs, if there is a file browser. */
export function addSaveFiles(
  app: JupyterFrontEnd,
  services: IRunServices,
  browser: IFileBrowserFactory
): void {
  const { trans } = services;
  app.commands.addCommand(SAVE_FILES, {
    label: trans.__('Save to Folder…'),
    caption: trans.__('Save these files in a folder of the file browser'),
    icon: saveIcon,
    describedBy: describedBy('files', trans),
    isEnabled: () => !!browser.tracker.currentWidget,
    execute: async args => {
      const { run, node } = args;
      const model = browser.tracker.currentWidget?.model;
      if (typeof run !== 'string' || typeof node !== 'string' || !model) {
        return;
      }
      const { saveFiles } = await import('./savingFiles');
      await saveFiles(services, model, { run, node });
    }
  });
}
