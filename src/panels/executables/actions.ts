import { belowRoot, fileOf } from '../../api/paths';
import { Executable } from '../../api/types';
import { uploadFile } from '../../api/upload';
import { copyText } from '../../components/problems';
import { chooseFiles } from '../../components/chooseFiles';
import { askFields, nameField } from '../frame/dialogs/askFields';
import { deleteConfirmed } from '../frame/dialogs/confirm';
import { IPanelServices, IRestoredArgs } from '../frame/services';
import { reportFailure } from '../frame/reportFailure';
import { IPlace, showPlace } from './editSource';
import { openExecutable } from './open';
import { runInBackground } from './runInBackground';

async function known({ yard }: IPanelServices, id: string): Promise<Executable> {
  return (
    yard.executables.find(id) ?? yard.client.call('executables.get', { path: { executable: id } })
  );
}

export const executableActions = {
  uploadExecutable: (services: IPanelServices, _: string[], [file]: readonly File[]) =>
    reportFailure(services, services.trans.__('Not uploaded.'), async () => {
      if (file) {
        openExecutable(services, { upload: await uploadFile(services.yard.client, file) });
      }
    }),

  registerExecutable: (services: IPanelServices, paths: string[]) =>
    paths.forEach(path => openExecutable(services, { path })),

  openExecutable: (
    services: IPanelServices,
    [id]: string[],
    _?: readonly File[],
    args: IRestoredArgs = {}
  ) => openExecutable(services, args.target ?? { id }),

  testExecutable: (services: IPanelServices, [id]: string[]) =>
    openExecutable(services, { id, tab: 'test' }),

  editSource: (
    services: IPanelServices,
    [id]: string[],
    _?: readonly File[],
    place: IPlace & { path?: string } = {}
  ) =>
    reportFailure(services, services.trans.__('Not opened.'), async () => {
      const { path } = place.path ? place : await known(services, id);
      const below = fileOf(belowRoot(path ?? '') ?? '');
      if (!below) {
        throw new Error(services.trans.__('This executable was uploaded and has no file to edit.'));
      }
      await showPlace(await services.commands.execute('docmanager:open', { path: below }), place);
    }),

  renameExecutable: (services: IPanelServices, [id]: string[]) =>
    reportFailure(services, services.trans.__('Not renamed.'), async () => {
      const { yard, trans } = services;
      const { name, revision } = await known(services, id);
      const path = { executable: id };
      await askFields<Executable, { name: string }>(services, {
        title: trans.__('Rename executable'),
        ok: trans.__('Rename'),
        fields: [nameField(trans)],
        known: { name },
        into: yard.executables,
        request: body => ({
          id: 'executables.update',
          question: { path, body: { revision, ...body } }
        })
      });
    }),

  replaceExecutable: (services: IPanelServices, [id]: string[]) =>
    reportFailure(services, services.trans.__('The new version was not created.'), async () => {
      const { yard } = services;
      const { revision, path: source } = await known(services, id);
      if (source) {
        throw new Error(services.trans.__('This executable follows its file: edit the file.'));
      }
      const [file] = await chooseFiles('file');
      if (file) {
        const upload = await uploadFile(yard.client, file);
        const path = { executable: id };
        const body = { revision, upload };
        yard.executables.put(await yard.client.call('executables.update', { path, body }));
        openExecutable(services, { id, tab: 'versions' });
      }
    }),

  copyExecutableId: ({ trans }: IPanelServices, [id]: string[]) =>
    copyText(id, trans.__('The ID is copied.')),

  deleteExecutable: (services: IPanelServices, [executable]: string[]) =>
    reportFailure(services, services.trans.__('Not deleted.'), async () => {
      const { yard, trans } = services;
      const { name } = await known(services, executable);
      const body = trans.__('The versions are deleted. The file and past runs stay.');
      const request = { id: 'executables.delete', question: { path: { executable } } } as const;
      const title = trans.__('Delete “%1”?', name);
      if (await deleteConfirmed(services, name, title, body, request)) {
        yard.executables.remove(executable);
      }
    }),

  runInBackground: (services: IPanelServices, [path]: string[]) =>
    reportFailure(services, services.trans.__('Not started.'), () =>
      runInBackground(services, path)
    )
};
