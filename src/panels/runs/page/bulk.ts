/** Acts on several runs at once. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { isLive, Run } from '../../../api/types';
import { askFields } from '../../frame/dialogs/askFields';
import { reportFailure } from '../../frame/reportFailure';
import { IPanelServices } from '../../frame/services';

/** The IDs of more runs make an address too long. */
const AT_ONCE = 100;

/** Keep runs, or no longer if all of them are kept. */
export function keepRuns(services: IPanelServices, runs: readonly Run[]): Promise<unknown> {
  const { yard, trans } = services;
  const id = runs.every(({ kept }) => kept) ? 'runs.unkeep' : 'runs.keep';
  return reportFailure(services, trans.__('Not changed.'), async () => {
    for (const { id: run } of runs) {
      await yard.client.call(id, { path: { run } });
    }
  });
}

/** Ask for the tags that the runs have in common; each run keeps its other tags. */
export async function tagRuns(services: IPanelServices, runs: readonly Run[]): Promise<void> {
  const { yard, trans } = services;
  const [first, ...others] = runs.map(({ tags = [] }) => tags);
  const common = first.filter(tag => others.every(tags => tags.includes(tag)));
  const request = ({ tags }: { tags: string }, chosen = runs) => {
    const wanted = tags.split(/[\s,]+/).filter(Boolean);
    const query = {
      add: wanted.join(','),
      remove: common.filter(tag => !wanted.includes(tag)).join(',')
    };
    const ids = chosen.map(({ id }) => id).join(',');
    return { id: 'runs.tag' as const, question: { path: { runs: ids }, query } };
  };
  await askFields<object, { tags: string }>(services, {
    title: trans._n('Tags of %1 run', 'Tags of %1 runs', runs.length),
    ok: trans.__('Save'),
    fields: [
      {
        name: 'tags',
        kind: 'text',
        label: trans.__('Tags that all of them have, separated by spaces')
      }
    ],
    start: { tags: common.join(' ') },
    request,
    send: async body => {
      for (let at = 0; at < runs.length; at += AT_ONCE) {
        const { id, question } = request(body, runs.slice(at, at + AT_ONCE));
        await yard.client.call(id, question);
      }
      return {};
    }
  });
}

/** Ask, then delete the runs that have ended. */
export async function deleteRuns(services: IPanelServices, runs: readonly Run[]): Promise<void> {
  const { yard, trans } = services;
  const ended = runs.filter(run => !isLive(run));
  const live = runs.length - ended.length;
  const { button } = await showDialog({
    title: trans._n('Delete %1 run?', 'Delete %1 runs?', ended.length),
    body: [
      trans.__('The records, the logs and the results are deleted. This cannot be undone.'),
      live && trans._n('%1 run has not ended and stays.', '%1 runs have not ended and stay.', live)
    ]
      .filter(Boolean)
      .join(' '),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Keep') }),
      Dialog.warnButton({ label: trans.__('Delete') })
    ]
  });
  if (button.accept) {
    await reportFailure(services, trans.__('Not deleted.'), async () => {
      for (const { id: run } of ended) {
        await yard.client.call('runs.delete', { path: { run } });
        yard.runs.remove(run);
      }
    });
  }
}
