/** Creates, edits, fires and deletes triggers. */
import { PathExt } from '@jupyterlab/coreutils';
import { changedFields, withRevision } from '../frame/dialogs/changes';
import { confirm } from '../frame/dialogs/confirm';
import { focusRow } from '../frame/focusRow';
import { reportFailure } from '../frame/reportFailure';
import { codeOf, saveCode } from '../../api/documents/saveDocuments';
import { IPanelServices } from '../frame/services';
import { askTrigger, showSecret } from './askTrigger';
import { triggersOf } from './collection';
import { bodyOf, draftOf, ITriggerBody } from './draft';

export const triggerActions = {
  /** Save what the file reads, and ask what runs it. */
  triggerFile: async (services: IPanelServices, [path]: string[]): Promise<void> => {
    const { yard, trans } = services;
    await reportFailure(services, trans.__('Not created.'), async () => {
      await saveCode(services, { path });
      const question = (body: ITriggerBody) => ({ body });
      const made = await askTrigger(services, {
        title: trans.__('Trigger of “%1”', PathExt.basename(path)),
        ok: trans.__('Create'),
        run: { path },
        request: body => ({ id: 'triggers.create', question: question(body) }),
        send: body => yard.client.call('triggers.create', question(body))
      });
      if (made) {
        triggersOf(yard).put({ ...made, secret: '' });
        if (made.secret) {
          await showSecret(services, made);
        }
        focusRow('trigger', made.id);
      }
    });
  },

  editTrigger: async (services: IPanelServices, [id]: string[]): Promise<void> => {
    const { yard, trans } = services;
    await reportFailure(services, trans.__('Not changed.'), async () => {
      const path = { trigger: id };
      const known = await yard.client.call('triggers.get', { path });
      const before = bodyOf(draftOf(known), known.run);
      const get = () => yard.client.call('triggers.get', { path });
      let save = withRevision(known, get, trans);
      const question = (revision: number, body: ITriggerBody) => ({
        path,
        body: { revision, ...changedFields(body, before) }
      });
      const made = await askTrigger(services, {
        title: trans.__('Edit “%1”', known.name),
        ok: trans.__('Save'),
        known,
        run: known.run,
        request: body => ({ id: 'triggers.update', question: question(known.revision, body) }),
        send: body =>
          save(revision => yard.client.call('triggers.update', question(revision, body))),
        onRotate: async () => {
          const rotated = await yard.client.call('triggers.rotate', { path });
          save = withRevision(rotated, get, trans);
          return rotated.secret;
        }
      });
      if (made) {
        triggersOf(yard).put(made);
      }
    });
  },

  fireTrigger: async (services: IPanelServices, [id]: string[]): Promise<void> => {
    const { yard, trans } = services;
    await reportFailure(services, trans.__('Not fired.'), async () => {
      const path = { trigger: id };
      const known = triggersOf(yard).find(id) ?? (await yard.client.call('triggers.get', { path }));
      if (known.mode === 'follows') {
        await saveCode(services, codeOf(known.run));
      }
      await yard.client.call('triggers.fire', { path, body: {} });
    });
  },

  enableTrigger: (services: IPanelServices, [id]: string[]) => setEnabled(services, id, 'enable'),

  disableTrigger: (services: IPanelServices, [id]: string[]) => setEnabled(services, id, 'disable'),

  deleteTrigger: async (services: IPanelServices, [id]: string[]): Promise<void> => {
    const { yard, trans } = services;
    const body = trans.__('It starts no more runs. Its earlier runs are kept.');
    await reportFailure(services, trans.__('Not deleted.'), async () => {
      const request = { id: 'triggers.delete', question: { path: { trigger: id } } } as const;
      if (await confirm(services, trans.__('Delete this trigger?'), body, request)) {
        await yard.client.call(request.id, request.question);
        triggersOf(yard).remove(id);
      }
    });
  }
};

async function setEnabled(
  services: IPanelServices,
  trigger: string,
  verb: 'disable' | 'enable'
): Promise<void> {
  const { yard, trans } = services;
  await reportFailure(services, trans.__('Not changed.'), async () => {
    const path = { trigger };
    triggersOf(yard).put(await yard.client.call(`triggers.${verb}`, { path }));
  });
}
