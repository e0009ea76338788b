import { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';
import { IYard } from '../api/yard';

/** What the panels need of the application. */
export interface IPanelServices {
  app: JupyterFrontEnd;
  yard: IYard;
  trans: TranslationBundle;
  commands: CommandRegistry;
  browser: IFileBrowserFactory | null;
  /** The views that are open, by noun. */
  views: Record<'dataset' | 'environment' | 'executable', Views>;
}

export type Views = WidgetTracker<MainAreaWidget<Widget & { target: ITarget }>>;

/** What a view is of. */
export interface ITarget {
  id?: string;
  tab?: string;
}

/** An executable that is registered, or a file that may become one. */
export interface IExecutableTarget extends ITarget {
  path?: string;
  upload?: string;
  /** It was just registered in this view. */
  isNew?: boolean;
}

/** Paths that are selected in the file browser, without folders. */
export function selectedFiles(browser: IFileBrowserFactory | null): string[] {
  const items = browser?.tracker.currentWidget?.selectedItems();
  return items ? [...items].filter(({ type }) => type !== 'directory').map(({ path }) => path) : [];
}
