/** Creates, edits, starts and deletes schedules. */
import { PathExt } from '@jupyterlab/coreutils';
import { Schedule } from '../../api/types';
import { confirm } from '../frame/confirm';
import { focusRow } from '../frame/focusRow';
import { reportFailure } from '../frame/reportFailure';
import { IPanelServices, saveOpen } from '../frame/services';
import { askSchedule } from './askSchedule';
import { schedulesOf } from './collection';

export const scheduleActions = {
  /** Ask when a file runs. An open document is saved first. */
  scheduleFile: async (services: IPanelServices, [path]: string[]): Promise<void> => {
    const { app, yard, trans } = services;
    await reportFailure(services, trans.__('Not scheduled.'), async () => {
      await saveOpen(app, path);
      const made = await askSchedule(services, {
        title: trans.__('Schedule “%1”', PathExt.basename(path)),
        ok: trans.__('Schedule'),
        send: draft => yard.client.call('schedules.create', { body: { run: { path }, ...draft } })
      });
      if (made) {
        schedulesOf(yard).put(made);
        focusRow('schedule', made.id);
      }
    });
  },

  editSchedule: async (services: IPanelServices, [id]: string[]): Promise<void> => {
    const { yard, trans } = services;
    await reportFailure(services, trans.__('Not changed.'), async () => {
      const path = { schedule: id };
      const known = await yard.client.call('schedules.get', { path });
      const made = await askSchedule(services, {
        title: trans.__('Edit “%1”', known.name),
        ok: trans.__('Save'),
        known,
        send: draft =>
          yard.client.call('schedules.update', {
            path,
            body: { revision: known.revision, ...draft }
          })
      });
      if (made) {
        schedulesOf(yard).put(made);
      }
    });
  },

  runSchedule: async (services: IPanelServices, [id]: string[]): Promise<void> => {
    const { yard, trans, commands } = services;
    await reportFailure(services, trans.__('Not started.'), async () => {
      const run = await yard.client.call('schedules.run', { path: { schedule: id } });
      yard.runs.put(run);
      await commands.execute('nbyard:show-run', { id: run.id });
    });
  },

  toggleSchedule: async (services: IPanelServices, [id]: string[]): Promise<void> => {
    const { yard, trans } = services;
    await reportFailure(services, trans.__('Not changed.'), async () => {
      const path = { schedule: id };
      const known: Schedule = await yard.client.call('schedules.get', { path });
      const verb = known.is_enabled ? 'schedules.disable' : 'schedules.enable';
      schedulesOf(yard).put(await yard.client.call(verb, { path }));
    });
  },

  deleteSchedule: async (services: IPanelServices, [id]: string[]): Promise<void> => {
    const { yard, trans } = services;
    const body = trans.__('It starts no more runs. Its earlier runs are kept.');
    await reportFailure(services, trans.__('Not deleted.'), async () => {
      if (await confirm(services, trans.__('Delete this schedule?'), body, trans.__('Delete'))) {
        await yard.client.call('schedules.delete', { path: { schedule: id } });
        schedulesOf(yard).remove(id);
      }
    });
  }
};
