import { Notification } from '@jupyterlab/apputils';
import { reportFailure } from '../../frame/reportFailure';
import { IPanelServices, IRestoredArgs } from '../../frame/services';
import { openComparison } from './open';

export const comparisonActions = {
  openComparison: (
    services: IPanelServices,
    [id]: string[],
    _?: readonly File[],
    args: IRestoredArgs = {}
  ) => openComparison(services, args.target ?? { id }),

  /** Compare a run with the newest earlier run of its workflow or file. */
  compareWithPrevious: (services: IPanelServices, [id]: string[]) =>
    reportFailure(services, services.trans.__('Not compared.'), async () => {
      const { yard, trans } = services;
      const asked = { path: { run: id }, query: { limit: 1 } };
      const run = yard.runs.find(id) ?? (await yard.client.call('runs.tasks', asked)).run;
      const workflow = run.workflow_id || run.path;
      const { items } = workflow
        ? await yard.client.call('runs.list', { query: { workflow, after: run.id, limit: 1 } })
        : { items: [] };
      if (items.length) {
        openComparison(services, { id: `${items[0].id},${id}` });
      } else {
        Notification.info(trans.__('There is no earlier run to compare with.'), {
          autoClose: 5000
        });
      }
    })
};
