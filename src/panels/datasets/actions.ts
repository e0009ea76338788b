import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { UUID } from '@lumino/coreutils';
import { addressOf, download } from '../../api/addresses';
import { ApiError } from '../../api/client';
import { Dataset } from '../../api/types';
import { freeName, stemOf } from '../../components/format/freeName';
import { copyText } from '../../components/problems';
import { canonical } from '../../document/canonical';
import { newId } from '../../document/nodeId';
import { EXTENSION } from '../../document/fileType';
import { chooseFiles } from '../../components/chooseFiles';
import { askFields, nameField } from '../frame/dialogs/askFields';
import { deleteConfirmed } from '../frame/dialogs/confirm';
import { focusRow } from '../frame/focusRow';
import { reportFailure } from '../frame/reportFailure';
import { IPanelServices } from '../frame/services';
import { openDataset } from './open';
import { askUnpack, folderOf } from './archives';
import { folderOfChosen } from './folders';
import { uploads } from './uploads';

/** What the dialog of an import asks for. */
interface IImported {
  source: { url: string };
}

type Action = (services: IPanelServices, ids: string[]) => Promise<unknown> | unknown;

/** Wrap an action to show its errors. */
function reporting(failed: (services: IPanelServices) => string, action: Action): Action {
  return (services, ids) =>
    reportFailure(services, failed(services), async () => action(services, ids));
}

async function known({ yard }: IPanelServices, id: string): Promise<Dataset> {
  return yard.datasets.find(id) ?? yard.client.call('datasets.get', { path: { dataset: id } });
}

/** Create a dataset from the file; if its name is taken, the user decides. */
async function datasetOfFile(services: IPanelServices, path: string): Promise<Dataset | undefined> {
  const { yard, trans } = services;
  const file = PathExt.basename(path);
  const packed = await askUnpack(file, trans);
  if (!packed) {
    return undefined;
  }
  const create = (how: { name?: string; replace?: boolean }) => {
    const body = { source: { kind: 'file' as const, path }, ...packed, ...how };
    return yard.client.call('datasets.create', { body });
  };
  try {
    return await create({});
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 'name-taken')) {
      throw error;
    }
    const name = packed.unpack ? folderOf(file) : file;
    const others = await yard.datasets.search(stemOf(name));
    const same = others.find(other => other.name === name);
    const version = same && trans.__('Add as Version %1', same.current.number + 1);
    const { button } = await showDialog({
      title: trans.__('Register “%1”', name),
      body: error.message,
      buttons: [
        Dialog.cancelButton(),
        Dialog.createButton({ label: trans.__('Keep both'), actions: ['both'] }),
        ...(version ? [Dialog.okButton({ label: version })] : [])
      ]
    });
    if (!button.accept) {
      return undefined;
    }
    return create(
      button.actions.includes('both') ? { name: freeName(name, others) } : { name, replace: true }
    );
  }
}

export const datasetActions = {
  uploadDataset: ({ yard }: IPanelServices, _: string[], files: readonly File[]) =>
    uploads.add(yard, files),

  uploadFolder: ({ yard }: IPanelServices, _: string[], files: readonly File[]) => {
    const folder = folderOfChosen(files);
    return folder && uploads.addFolder(yard, folder);
  },

  importDataset: reporting(
    ({ trans }) => trans.__('Not imported.'),
    async (services: IPanelServices) => {
      const { yard, trans } = services;
      const request = ({ source: { url } }: IImported, packed = {}) => ({
        id: 'datasets.create' as const,
        question: { body: { source: { kind: 'url' as const, url }, ...packed } }
      });
      const made = await askFields<Dataset, IImported>(services, {
        title: trans.__('Dataset from URL'),
        ok: trans.__('Import'),
        fields: [
          {
            name: 'source.url',
            kind: 'text',
            label: trans.__('Address'),
            placeholder: trans.__('https://'),
            help: trans.__(
              'An http or https address, or s3://CREDENTIAL@bucket/key. The file is fetched in the background.'
            ),
            isSecret: true // it may have a token
          }
        ],
        into: yard.datasets,
        request,
        send: async body => {
          const file = PathExt.basename(body.source.url.split(/[?#]/)[0]);
          const packed = await askUnpack(file, trans);
          return packed && yard.client.call('datasets.create', request(body, packed).question);
        }
      });
      if (made) {
        focusRow('dataset', made.id);
      }
    }
  ),

  registerDataset: reporting(
    ({ trans }) => trans.__('Not registered.'),
    async (services, paths) => {
      const { yard, trans } = services;
      for (const path of paths) {
        const made = await datasetOfFile(services, path);
        if (!made) {
          continue;
        }
        yard.datasets.put(made);
        focusRow('dataset', made.id);
        Notification.success(trans.__('“%1” is registered as a dataset.', made.name), {
          autoClose: 4000,
          actions: [{ label: trans.__('Open'), callback: () => openDataset(services, made.id) }]
        });
      }
    }
  ),

  openDataset: ((services, [id]) => openDataset(services, id)) as Action,

  notebookFromDataset: reporting(
    ({ trans }) => trans.__('The notebook was not created.'),
    async ({ yard, commands, browser }, [dataset]) => {
      const folder = browser?.tracker.currentWidget?.model.path ?? '';
      const { path } = await yard.client.call('datasets.notebook', {
        path: { dataset },
        body: { folder }
      });
      return commands.execute('docmanager:open', { path });
    }
  ),

  workflowFromDataset: reporting(
    ({ trans }) => trans.__('The workflow was not created.'),
    async (services, [id]) => {
      const { app, commands, browser } = services;
      const { name } = await known(services, id);
      const path = browser?.tracker.currentWidget?.model.path ?? '';
      const { contents } = app.serviceManager;
      const made = await contents.newUntitled({ path, type: 'file', ext: EXTENSION });
      const node = newId(name, () => false);
      const flow = {
        version: 1,
        meta: { id: UUID.uuid4() },
        nodes: { [node]: { type: 'dataset', dataset: id, label: name } },
        edges: {},
        positions: { [node]: [80, 120] }
      };
      const content = canonical(flow);
      await contents.save(made.path, { type: 'file', format: 'text', content });
      return commands.execute('docmanager:open', { path: made.path });
    }
  ),

  downloadDataset: (async (services, [dataset]) => {
    const { current } = await known(services, dataset);
    const address = addressOf(services.yard.client, 'datasets.content', { path: { dataset } });
    download(address, current.filename);
  }) as Action,

  replaceDataset: (async (services, [id]) => {
    const { name } = await known(services, id);
    const [file] = await chooseFiles('file');
    return file && uploads.add(services.yard, [file], name);
  }) as Action,

  renameDataset: reporting(
    ({ trans }) => trans.__('Not renamed.'),
    async (services, [id]) => {
      const { yard, trans } = services;
      const { name, revision } = await known(services, id);
      const path = { dataset: id };
      await askFields<Dataset, { name: string }>(services, {
        title: trans.__('Rename dataset'),
        ok: trans.__('Rename'),
        fields: [nameField(trans)],
        known: { name },
        into: yard.datasets,
        request: body => ({
          id: 'datasets.update',
          question: { path, body: { revision, ...body } }
        })
      });
    }
  ),

  copyDatasetId: (({ trans }, [id]) => copyText(id, trans.__('The ID is copied.'))) as Action,

  copyDatasetDigest: (async (services, [id]) => {
    const { current } = await known(services, id);
    const digest = (current.digest ?? '').replace(/^sha256:/, '');
    await copyText(digest, services.trans.__('The SHA-256 is copied.'));
  }) as Action,

  deleteDataset: reporting(
    ({ trans }) => trans.__('Not deleted.'),
    async (services, [dataset]) => {
      const { yard, trans } = services;
      const { name } = await known(services, dataset);
      const isDeleted = await deleteConfirmed(
        services,
        name,
        trans.__('Delete “%1”?', name),
        trans.__('The dataset and its versions are deleted. Past runs keep their records.'),
        { id: 'datasets.delete', question: { path: { dataset } } }
      );
      if (!isDeleted) {
        return;
      }
      yard.datasets.remove(dataset);
    }
  )
};
