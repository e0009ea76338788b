import { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';
import { IYard } from '../api/yard';

/** What the panels need of the application. */
export interface IPanelServices {
  app: JupyterFrontEnd;
  yard: IYard;
  trans: TranslationBundle;
  rendermime: IRenderMimeRegistry;
  commands: CommandRegistry;
  browser: IFileBrowserFactory | null;
  /** The views that are open, by noun. */
  views: Record<'artifact' | 'dataset' | 'deployment' | 'environment' | 'executable', Views>;
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

/** An artifact, or what its form is filled in with. */
export interface IArtifactTarget extends ITarget {
  /** It is being made from this view. */
  isNew?: boolean;
  /** The run of the one that it is to be like. */
  of?: string;
  name?: string;
  executable?: string;
  values?: Record<string, unknown>;
}

/** A deployment, or the form for a new one. */
export interface IDeploymentTarget extends ITarget {
  /** It was just made from this view. */
  isNew?: boolean;
  /** What the form begins with. */
  image?: string;
  model?: IModelSource;
}

/** What a model is made of: an output of a run as `step.output`, or a class of a file. */
export type IModelSource = { run: string; output: string } | { path: string };

/** Paths that are selected in the file browser, without folders. */
export function selectedFiles(browser: IFileBrowserFactory | null): string[] {
  const items = browser?.tracker.currentWidget?.selectedItems();
  return items ? [...items].filter(({ type }) => type !== 'directory').map(({ path }) => path) : [];
}
