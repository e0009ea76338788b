/** Creates, edits, fires and deletes automations. */
import { Notification } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { Automation, NewRun } from '../../api/types';
import { reasonText } from '../../reasons';
import { changedFields, withRevision } from '../frame/dialogs/changes';
import { confirm } from '../frame/dialogs/confirm';
import { focusRow } from '../frame/focusRow';
import { reportFailure } from '../frame/reportFailure';
import { codeOf, saveCode } from '../../api/documents/saveDocuments';
import { IPanelServices } from '../frame/services';
import { askAutomation, showSecret } from './form/askAutomation';
import { automationsOf } from './collection';
import { bodyOf, draftOf, newDraft } from './form/draft';
import { dueText } from './results';

export const automationActions = {
  /** Save what the file reads, and ask when it runs. */
  scheduleFile: async (services: IPanelServices, [path]: string[]): Promise<void> => {
    const { trans } = services;
    await reportFailure(services, trans.__('Not scheduled.'), async () => {
      await saveCode(services, { path });
      await create(services, PathExt.basename(path), { path });
    });
  },

  /** Ask when a run is repeated, with its values. */
  scheduleRun: async (services: IPanelServices, [id]: string[]): Promise<void> => {
    const { yard, trans } = services;
    await reportFailure(services, trans.__('Not scheduled.'), async () => {
      const { run, tasks } = await yard.client.call('runs.get', { path: { run: id } });
      const { path, title, parameters, runtime } = run;
      const code = path ? { path } : { executable: tasks[0].executable_id };
      await create(services, title, { ...code, parameters, runtime });
    });
  },

  /** Save what the file reads, and ask which event runs it. */
  triggerFile: async (services: IPanelServices, [path]: string[]): Promise<void> => {
    const { trans } = services;
    await reportFailure(services, trans.__('Not created.'), async () => {
      await saveCode(services, { path });
      await create(services, PathExt.basename(path), { path }, 'dataset');
    });
  },

  editAutomation: async (services: IPanelServices, [id]: string[]): Promise<void> => {
    const { yard, trans } = services;
    await reportFailure(services, trans.__('Not changed.'), async () => {
      const path = { automation: id };
      const known = await yard.client.call('automations.get', { path });
      const { name, run, revision: read } = known;
      const draft = draftOf(known);
      const before = bodyOf(draft, run);
      const get = () => yard.client.call('automations.get', { path });
      let save = withRevision(known, get, trans);
      const question = (revision: number) => ({
        path,
        body: { revision, ...changedFields(bodyOf(draft, run), before) }
      });
      const made = await askAutomation(services, {
        ...{ draft, run, known },
        title: trans.__('Edit “%1”', name),
        ok: trans.__('Save'),
        request: () => ({ id: 'automations.update', question: question(read) }),
        send: () => save(revision => yard.client.call('automations.update', question(revision))),
        onRotate: async () => {
          const rotated = await yard.client.call('automations.rotate', { path });
          save = withRevision(rotated, get, trans);
          return rotated.secret;
        }
      });
      if (made) {
        automationsOf(yard).put(made);
      }
    });
  },

  /** Start a run now. Only that of a time exists at once, and is shown. */
  fireAutomation: async (services: IPanelServices, [id]: string[]): Promise<void> => {
    const { yard, trans, commands } = services;
    await reportFailure(services, trans.__('Not started.'), async () => {
      const path = { automation: id };
      const known =
        automationsOf(yard).find(id) ?? (await yard.client.call('automations.get', { path }));
      if (known.mode === 'follows') {
        await saveCode(services, codeOf(known.run));
      }
      const { run_id: run } = await yard.client.call('automations.fire', { path, body: {} });
      if (run) {
        await commands.execute('nbyard:show-run', { id: run });
      }
    });
  },

  enableAutomation: (services: IPanelServices, [id]: string[]) =>
    setEnabled(services, id, 'enable'),

  disableAutomation: (services: IPanelServices, [id]: string[]) =>
    setEnabled(services, id, 'disable'),

  deleteAutomation: async (services: IPanelServices, [id]: string[]): Promise<void> => {
    const { yard, trans } = services;
    const body = trans.__('It starts no more runs. Its earlier runs are kept.');
    await reportFailure(services, trans.__('Not deleted.'), async () => {
      const request = { id: 'automations.delete', question: { path: { automation: id } } } as const;
      if (await confirm(services, trans.__('Delete this automation?'), body, request)) {
        await yard.client.call(request.id, request.question);
        automationsOf(yard).remove(id);
      }
    });
  }
};

async function create(
  services: IPanelServices,
  name: string,
  run: Partial<NewRun>,
  kind: 'phrase' | 'dataset' = 'phrase'
): Promise<void> {
  const { yard, trans } = services;
  const draft = newDraft(run, kind);
  const question = () => ({ body: bodyOf(draft, run) });
  const isTimed = kind === 'phrase';
  const made = await askAutomation(services, {
    ...{ draft, run },
    title: isTimed ? trans.__('Schedule “%1”', name) : trans.__('Trigger “%1”', name),
    ok: isTimed ? trans.__('Schedule') : trans.__('Create'),
    request: () => ({ id: 'automations.create', question: question() }),
    send: () => yard.client.call('automations.create', question())
  });
  if (made) {
    automationsOf(yard).put({ ...made, secret: '' });
    if (made.secret) {
      await showSecret(services, made);
    }
    focusRow('automation', made.id);
    if (made.timing) {
      confirmScheduled(services, made);
    }
  }
}

/** Show when the new automation runs, with a button that shows it in the sidebar. */
function confirmScheduled({ app, trans }: IPanelServices, made: Automation): void {
  const times = reasonText(made.sentence, trans) || made.name;
  const text = made.next_due
    ? trans.__('Scheduled: %1, next run %2', times, dueText(made, made.next_due))
    : trans.__('Scheduled: %1', times);
  const show = () => {
    app.shell.activateById('nbyard-sidebar');
    focusRow('automation', made.id);
  };
  Notification.success(text, {
    autoClose: 8000,
    actions: [{ label: trans.__('Show'), callback: show }]
  });
}

async function setEnabled(
  services: IPanelServices,
  automation: string,
  verb: 'disable' | 'enable'
): Promise<void> {
  const { yard, trans } = services;
  await reportFailure(services, trans.__('Not changed.'), async () => {
    const path = { automation };
    automationsOf(yard).put(await yard.client.call(`automations.${verb}`, { path }));
  });
}
