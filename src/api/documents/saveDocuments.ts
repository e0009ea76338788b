/** Saves open documents, so that a run reads the code that the user sees. */
import { JupyterFrontEnd } from '@jupyterlab/application';
import { PathExt } from '@jupyterlab/coreutils';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { parseFlow } from '../../document/flow';
import { belowRoot, fileOf } from '../paths';
import { IYard } from '../yard';

const AREAS = ['main', 'left', 'right', 'down'] as const;
/** Files that a node may import or start. */
const CODE = /\.(ipynb|py|r|jl|sh|sql)$/i;
const WORKFLOW = /\.nbflow$/i;
/** The drive of documents that several users edit; its files are those of the server. */
const SHARED = 'RTC';

/** The file or the executable of a run. */
export interface ICode {
  readonly path?: string | null;
  readonly executable?: string | null;
}

/** Return the code of a request to run; a file outside of the server's folder cannot be open. */
export function codeOf({ path, executable }: ICode): ICode {
  return { path: belowRoot(path ?? ''), executable };
}

export interface ISaveServices {
  readonly app: JupyterFrontEnd;
  readonly yard: IYard;
  readonly trans: TranslationBundle;
}

/** Return the open documents that have changes, each once. */
export function unsavedDocuments(app: JupyterFrontEnd): DocumentRegistry.Context[] {
  return openDocuments(app).filter(({ model }) => model.dirty);
}

/**
 * Call `look` when an open document is changed or saved. Documents that are opened later are watched
 * once they are in front. Return the function that ends it.
 */
export function watchDocuments(app: JupyterFrontEnd, look: () => void): () => void {
  const { currentChanged } = app.shell;
  const receiver = {};
  const watch = () =>
    openDocuments(app).forEach(({ model }) => model.stateChanged.connect(look, receiver));
  watch();
  currentChanged?.connect(watch, receiver);
  return () => Signal.disconnectReceiver(receiver);
}

/**
 * Save the open, changed documents that a run of `code` reads, and return their number. Reject with
 * the name of a document that is not saved; JupyterLab has shown the reason.
 */
export async function saveCode(services: ISaveServices, code: ICode): Promise<number> {
  const read = await unsavedCode(services, code);
  for (const context of read) {
    await save(context, services.trans);
  }
  return read.length;
}

/**
 * Return the open, changed documents that a run of `code` reads: its file, the files of its nodes,
 * and writable code in their folders.
 */
export async function unsavedCode(
  services: Omit<ISaveServices, 'trans'>,
  code: ICode
): Promise<DocumentRegistry.Context[]> {
  const { app } = services;
  const placeIn = (path: string) => placeOf(app, path);
  const own = placeIn(fileOf(code.path ?? ''));
  const drives = ['', driveOf(own)];
  const possible = unsavedDocuments(app).filter(({ path }) => {
    const place = placeIn(path);
    return place === own || (!WORKFLOW.test(path) && drives.includes(driveOf(place)));
  });
  if (!possible.length) {
    return [];
  }
  const files = (await filesOf(services, code)).map(path => placeIn(fileOf(path)));
  return possible.filter(context => {
    const place = placeIn(context.path);
    const isBeside = () => files.some(file => isBelow(place, folderOf(file)));
    return files.includes(place) || (CODE.test(place) && isWritable(context) && isBeside());
  });
}

/** Save the open documents of a file, and return them. Reject if one is not saved. */
export async function saveOpen(
  { app, trans }: Pick<ISaveServices, 'app' | 'trans'>,
  path: string
): Promise<DocumentRegistry.Context[]> {
  const place = placeOf(app, path);
  const open = openDocuments(app).filter(context => placeOf(app, context.path) === place);
  for (const context of open.filter(({ model }) => model.dirty)) {
    await save(context, trans);
  }
  return open;
}

function openDocuments(app: JupyterFrontEnd): DocumentRegistry.Context[] {
  const contexts = new Set<DocumentRegistry.Context>();
  for (const area of AREAS) {
    for (const widget of widgetsOf(app, area)) {
      const { context } = widget as { context?: DocumentRegistry.Context };
      if (context?.model) {
        contexts.add(context);
      }
    }
  }
  return [...contexts];
}

/** Return the widgets of an area; the shell of JupyterLab 4.4 lists none of the area below. */
function widgetsOf(app: JupyterFrontEnd, area: string): Iterable<Widget> {
  try {
    return app.shell.widgets(area);
  } catch (error) {
    if (area === 'down') {
      return [];
    }
    throw error;
  }
}

/** Return the file of the code, and the files of the nodes of a workflow. */
async function filesOf(
  services: Omit<ISaveServices, 'trans'>,
  { path, executable }: ICode
): Promise<string[]> {
  if (!path) {
    return executable ? pathsOf(services, [executable]) : [];
  }
  if (!WORKFLOW.test(path)) {
    return [path];
  }
  const nodes = Object.values(parseFlow(await textOf(services.app, path))?.nodes ?? {});
  const relative = nodes.flatMap(node => (typeof node.path === 'string' ? [node.path] : []));
  const named = nodes.flatMap(({ executable: id }) => (typeof id === 'string' ? [id] : []));
  const folder = PathExt.dirname(path);
  return [
    path,
    ...relative.flatMap(file => belowRoot(file.startsWith('/') ? file : join(folder, file)) ?? []),
    ...(await pathsOf(services, named))
  ];
}

function join(folder: string, file: string): string {
  return PathExt.normalize(PathExt.join(folder, file));
}

/** Return the files of executables; those outside of the server's folder cannot be open. */
async function pathsOf(
  { yard }: Pick<ISaveServices, 'yard'>,
  executables: string[]
): Promise<string[]> {
  const paths = await Promise.all(
    [...new Set(executables)].map(async executable => {
      const known = yard.executables.find(executable);
      const asked = () => yard.client.call('executables.get', { path: { executable } });
      return (known ?? (await asked().catch(() => undefined)))?.path ?? ''; // it may be deleted
    })
  );
  return paths.flatMap(path => belowRoot(path) ?? []);
}

/** Return the text of a workflow as the user sees it; empty if it cannot be read. */
async function textOf(app: JupyterFrontEnd, path: string): Promise<string> {
  const place = placeOf(app, path);
  const open = openDocuments(app).find(context => placeOf(app, context.path) === place);
  if (open) {
    return open.model.toString();
  }
  const { contents } = app.serviceManager;
  const asked = contents.get(path, { type: 'file', format: 'text' });
  return asked.then(
    ({ content }) => String(content),
    () => ''
  );
}

/** Return the drive and the path in it, which is one for all names of a file. */
function placeOf({ serviceManager: { contents } }: JupyterFrontEnd, path: string): string {
  const drive = contents.driveName(path);
  return `${drive === SHARED ? '' : drive}:${contents.localPath(path)}`;
}

function driveOf(place: string): string {
  return place.slice(0, place.indexOf(':'));
}

/** Return the folder of a place with a slash at its end; empty for the root of a drive. */
function folderOf(place: string): string {
  return place.slice(0, place.lastIndexOf('/') + 1);
}

/** Return whether a place is in a folder or below; in the root of its drive only directly. */
function isBelow(place: string, folder: string): boolean {
  return folder ? place.startsWith(folder) : !place.includes('/');
}

function isWritable({ contentsModel, model }: DocumentRegistry.Context): boolean {
  return contentsModel?.writable !== false && !model.readOnly;
}

async function save(context: DocumentRegistry.Context, trans: TranslationBundle): Promise<void> {
  const saved = await context.save().then(
    () => true,
    () => false
  );
  // A conflict leaves the changes if the user keeps neither version.
  if (!saved || (context.model.dirty && !context.model.collaborative)) {
    throw new Error(trans.__('%1 is not saved.', PathExt.basename(context.path)));
  }
}
