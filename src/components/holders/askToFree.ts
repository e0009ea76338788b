import { Dialog, InputDialog, Notification, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import type { Reason } from '../../reasons';

/** A run or deployment that holds what something else waits for. */
export interface IHolder {
  kind: 'run' | 'deployment';
  id: string;
  /** The number of a run. */
  name: string;
  /** What frees it. */
  operation: 'runs.cancel' | 'deployments.stop';
  /** The user that it belongs to, empty for the user's own. */
  owner?: string;
  title?: string;
}

/** Return what a refusal names of the user's own that holds a quota. */
export function holdersIn(reason: Reason | null | undefined): IHolder[] {
  const holders = reason?.code === 'quota-full' ? (reason.params.holders as Reason[]) : [];
  return holders
    .filter(({ params }) => params.id) // those of others have no ID
    .map(({ code, params }) => ({
      id: String(params.id),
      name: String(params.name),
      ...(code === 'held-by-run'
        ? { kind: 'run', operation: 'runs.cancel' }
        : { kind: 'deployment', operation: 'deployments.stop' })
    }));
}

/** Sends the operation that frees a holder. */
export interface IFreeing {
  call(id: IHolder['operation'], question: { path: never }): Promise<unknown>;
}

export function holderText(
  { kind, name }: Pick<IHolder, 'kind' | 'name'>,
  trans: TranslationBundle
): string {
  return kind === 'run' ? trans.__('run %1', name) : trans.__('the deployment “%1”', name);
}

/** Free what a refusal names, after asking which one if there are several. */
export async function freeOne(
  client: IFreeing,
  reason: Reason,
  trans: TranslationBundle
): Promise<void> {
  const holders = holdersIn(reason);
  const items = holders.map(holder => holderText(holder, trans));
  const title = trans.__('Choose what to free');
  const only = holders.length === 1 ? items[0] : undefined;
  const chosen = only ?? (await InputDialog.getItem({ title, items })).value;
  const holder = holders[items.indexOf(chosen ?? '')];
  if (holder) {
    await askToFree(client, holder, trans);
  }
}

/** Ask whether to cancel the run or stop the deployment; do so, and return whether it worked. */
export async function askToFree(
  client: IFreeing,
  holder: IHolder,
  trans: TranslationBundle
): Promise<boolean> {
  const { kind, id, name, operation } = holder;
  const isRun = kind === 'run';
  const label = isRun ? trans.__('Cancel Run') : trans.__('Stop Deployment');
  const { button } = await showDialog({
    title: isRun ? trans.__('Cancel run %1?', name) : trans.__('Stop the deployment “%1”?', name),
    body: trans.__('What it holds becomes free. You can start it again.'),
    buttons: [Dialog.cancelButton({ label: trans.__('Keep') }), Dialog.warnButton({ label })]
  });
  try {
    return button.accept && !!(await client.call(operation, { path: { [kind]: id } as never }));
  } catch (error) {
    Notification.error(trans.__('Not freed: %1', (error as Error).message), { autoClose: 8000 });
    return false;
  }
}
