import { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IStateDB } from '@jupyterlab/statedb';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';
import { IYard } from '../../api/yard';

/** The nouns that have views of their own. */
export const VIEWED = [
  'artifact',
  'comparison',
  'dataset',
  'deployment',
  'environment',
  'executable',
  'history',
  'project',
  'runs'
] as const;

/** What the panels need of the application. */
export interface IPanelServices {
  app: JupyterFrontEnd;
  yard: IYard;
  trans: TranslationBundle;
  rendermime: IRenderMimeRegistry;
  commands: CommandRegistry;
  browser: IFileBrowserFactory | null;
  /** Where choices of the user are stored. */
  state: IStateDB | null;
  /** Its current notebook is the one that had the focus last. */
  notebooks: INotebookTracker | null;
  /** The open views, by noun. */
  views: Record<(typeof VIEWED)[number], Views>;
}

export type Views = WidgetTracker<MainAreaWidget<Widget & { target: ITarget }>>;

/** The target of a view. */
export interface ITarget {
  id?: string;
  tab?: string;
  /** The id of the view's widget before a reload of the page; its drafts are stored under it. */
  view?: string;
}

/** What the command that opens an item gets after a reload of the page. */
export interface IRestoredArgs {
  target?: ITarget;
}

/** A registered executable, or a file that may become one. */
export interface IExecutableTarget extends ITarget {
  path?: string;
  upload?: string;
  /** It was just registered in this view. */
  isNew?: boolean;
}

/** An artifact, or the initial values of its form. */
export interface IArtifactTarget extends ITarget {
  /** Its run was started from this view. */
  isNew?: boolean;
  /** The run of the artifact to copy. */
  of?: string;
  name?: string;
  executable?: string;
  values?: Record<string, unknown>;
}

/** A deployment, or the form for a new one. */
export interface IDeploymentTarget extends ITarget {
  /** It was just created in this view. */
  isNew?: boolean;
  /** Choose what to deploy first. */
  chooses?: boolean;
  /** The initial image of the form. */
  image?: string;
  model?: IModelSource;
}

/** The source of a model: an output of a run as `step.output`, or a class of a file. */
export type IModelSource = { run: string; output: string } | { path: string; class_name?: string };

/** Return the selected paths of the file browser, without folders. */
export function selectedFiles(browser: IFileBrowserFactory | null): string[] {
  const items = browser?.tracker.currentWidget?.selectedItems();
  return items ? [...items].filter(({ type }) => type !== 'directory').map(({ path }) => path) : [];
}

/** The document of a main area widget. */
export interface IDocument {
  context?: DocumentRegistry.Context;
}

/** Return the path of the document in front. */
export function documentInFront(app: JupyterFrontEnd): string | undefined {
  return (app.shell.currentWidget as IDocument | null)?.context?.path;
}
