import { JupyterFrontEnd } from '@jupyterlab/application';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { IYard } from '../api/yard';

/** What the panels need of the application. */
export interface IPanelServices {
  app: JupyterFrontEnd;
  yard: IYard;
  trans: TranslationBundle;
  commands: CommandRegistry;
  browser: IFileBrowserFactory | null;
  /** Open, or bring to the front, the view of one thing. */
  openDataset: (id: string) => void;
  openExecutable: (of: IExecutableTarget) => void;
}

/** An executable that is registered, or a file that may become one. */
export interface IExecutableTarget {
  id?: string;
  path?: string;
  upload?: string;
  tab?: string;
  /** It was just registered in this view. */
  isNew?: boolean;
}

/** Paths that are selected in the file browser, without folders. */
export function selectedFiles(browser: IFileBrowserFactory | null): string[] {
  const items = browser?.tracker.currentWidget?.selectedItems();
  return items ? [...items].filter(({ type }) => type !== 'directory').map(({ path }) => path) : [];
}
