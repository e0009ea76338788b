/** Writes an earlier version of a workflow into its file. */
import { Notification } from '@jupyterlab/apputils';
import { IFlow, parseFlow, writeFlow } from '../../../document/flow';
import { reportFailure } from '../../frame/reportFailure';
import { IPanelServices } from '../../frame/services';

/**
 * Restore nodes, connections and parameters. Cards that are in both versions keep their places, and
 * fields of other programs stay.
 */
export function restoredFlow(now: IFlow, old: IFlow): IFlow {
  const { parameters: _, environment: __, ...meta } = now.meta;
  const id = meta.id ?? old.meta.id;
  const positions = Object.entries({ ...old.positions, ...now.positions });
  const comments = Object.keys(old.comments ?? {}).length ? old.comments : now.comments;
  const known = (place: string) => place in old.nodes || place in comments;
  return {
    ...now,
    meta: { ...meta, ...old.meta, ...(id === undefined ? {} : { id }) },
    nodes: old.nodes,
    edges: old.edges,
    positions: Object.fromEntries(positions.filter(([place]) => known(place))),
    comments
  };
}

export async function restoreVersion(
  services: IPanelServices,
  path: string,
  old: object,
  number: number
): Promise<void> {
  const { app, trans } = services;
  const { contents } = app.serviceManager;
  await reportFailure(services, trans.__('The version was not restored.'), async () => {
    const { content } = await contents.get(path, { type: 'file', format: 'text' });
    const now = parseFlow(String(content));
    if (!now) {
      throw new Error(trans.__('The file is not a workflow.'));
    }
    const text = writeFlow(restoredFlow(now, old as IFlow));
    await contents.save(path, { type: 'file', format: 'text', content: text });
    Notification.success(
      trans.__('Restored version %1. The version before is in the history.', number),
      {
        autoClose: 8000
      }
    );
  });
}
