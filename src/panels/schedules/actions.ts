/** Creates, edits, starts and deletes schedules. */
import { Notification } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { NewRun, Schedule } from '../../api/types';
import { reasonText } from '../../reasons';
import { changedFields, withRevision } from '../frame/dialogs/changes';
import { confirm } from '../frame/dialogs/confirm';
import { focusRow } from '../frame/focusRow';
import { reportFailure } from '../frame/reportFailure';
import { codeOf, saveCode } from '../../api/documents/saveDocuments';
import { IPanelServices } from '../frame/services';
import { askSchedule } from './askSchedule';
import { schedulesOf } from './collection';
import { bodyOf, draftOf, IScheduleDraft } from './draft';
import { dueText } from './due';

export const scheduleActions = {
  /** Save what the file reads, and ask when it runs. */
  scheduleFile: async (services: IPanelServices, [path]: string[]): Promise<void> => {
    const { trans } = services;
    await reportFailure(services, trans.__('Not scheduled.'), async () => {
      await saveCode(services, { path });
      await schedule(services, PathExt.basename(path), { path });
    });
  },

  /** Ask when a run is repeated, with its values. */
  scheduleRun: async (services: IPanelServices, [id]: string[]): Promise<void> => {
    const { yard, trans } = services;
    await reportFailure(services, trans.__('Not scheduled.'), async () => {
      const { run, tasks } = await yard.client.call('runs.get', { path: { run: id } });
      const { path, title, parameters, runtime } = run;
      const code = path ? { path } : { executable: tasks[0].executable_id };
      await schedule(services, title, { ...code, parameters, runtime });
    });
  },

  editSchedule: async (services: IPanelServices, [id]: string[]): Promise<void> => {
    const { yard, trans } = services;
    await reportFailure(services, trans.__('Not changed.'), async () => {
      const path = { schedule: id };
      const known = await yard.client.call('schedules.get', { path });
      const before = bodyOf(draftOf(known), known.run);
      const save = withRevision(known, () => yard.client.call('schedules.get', { path }), trans);
      const question = (revision: number, draft: IScheduleDraft) => ({
        path,
        body: { revision, ...changedFields(bodyOf(draft, known.run), before) }
      });
      const made = await askSchedule(services, {
        title: trans.__('Edit “%1”', known.name),
        ok: trans.__('Save'),
        run: known.run,
        known,
        request: draft => ({
          id: 'schedules.update',
          question: question(known.revision, draft)
        }),
        send: draft =>
          save(revision => yard.client.call('schedules.update', question(revision, draft)))
      });
      if (made) {
        schedulesOf(yard).put(made);
      }
    });
  },

  runSchedule: async (services: IPanelServices, [id]: string[]): Promise<void> => {
    const { yard, trans, commands } = services;
    await reportFailure(services, trans.__('Not started.'), async () => {
      const path = { schedule: id };
      const known =
        schedulesOf(yard).find(id) ?? (await yard.client.call('schedules.get', { path }));
      if (known.mode === 'follows') {
        await saveCode(services, codeOf(known.run));
      }
      const run = await yard.client.call('schedules.run', { path });
      yard.runs.put(run);
      await commands.execute('nbyard:show-run', { id: run.id });
    });
  },

  enableSchedule: async (services: IPanelServices, [id]: string[]): Promise<void> =>
    setEnabled(services, id, 'enable'),

  disableSchedule: async (services: IPanelServices, [id]: string[]): Promise<void> =>
    setEnabled(services, id, 'disable'),

  deleteSchedule: async (services: IPanelServices, [id]: string[]): Promise<void> => {
    const { yard, trans } = services;
    const body = trans.__('It starts no more runs. Its earlier runs are kept.');
    await reportFailure(services, trans.__('Not deleted.'), async () => {
      const request = { id: 'schedules.delete', question: { path: { schedule: id } } } as const;
      if (await confirm(services, trans.__('Delete this schedule?'), body, request)) {
        await yard.client.call(request.id, request.question);
        schedulesOf(yard).remove(id);
      }
    });
  }
};

async function schedule(
  services: IPanelServices,
  title: string,
  run: Partial<NewRun>
): Promise<void> {
  const { yard, trans } = services;
  const question = (draft: IScheduleDraft) => ({ body: bodyOf(draft, run) });
  const made = await askSchedule(services, {
    title: trans.__('Schedule “%1”', title),
    ok: trans.__('Schedule'),
    run,
    request: draft => ({ id: 'schedules.create', question: question(draft) }),
    send: draft => yard.client.call('schedules.create', question(draft))
  });
  if (made) {
    schedulesOf(yard).put(made);
    focusRow('schedule', made.id);
    confirmScheduled(services, made);
  }
}

/** Show when the new schedule runs, with a button that shows it in the sidebar. */
function confirmScheduled({ app, trans }: IPanelServices, made: Schedule): void {
  const times = reasonText(made.sentence, trans) || made.name;
  const text = made.next_due
    ? trans.__('Scheduled: %1, next run %2', times, dueText(made, made.next_due))
    : trans.__('Scheduled: %1', times);
  const show = () => {
    app.shell.activateById('nbyard-sidebar');
    focusRow('schedule', made.id);
  };
  Notification.success(text, {
    autoClose: 8000,
    actions: [{ label: trans.__('Show'), callback: show }]
  });
}

async function setEnabled(
  services: IPanelServices,
  schedule: string,
  verb: 'disable' | 'enable'
): Promise<void> {
  const { yard, trans } = services;
  await reportFailure(services, trans.__('Not changed.'), async () => {
    const path = { schedule };
    schedulesOf(yard).put(await yard.client.call(`schedules.${verb}`, { path }));
  });
}
