import { Dialog, showDialog } from '@jupyterlab/apputils';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { TranslationBundle } from '@jupyterlab/translation';
import { parseFlow, writeFlow } from './flow';
import { FlowModel } from './flowModel';
import { merge3 } from './merge';
import { refusal } from './refusal';

type Context = DocumentRegistry.IContext<FlowModel>;
export type Choice = 'mine' | 'theirs' | 'both';

export async function askVersion(
  path: string,
  trans: TranslationBundle
): Promise<Choice | undefined> {
  const { button } = await showDialog({
    title: trans.__('Changed on disk'),
    body: trans.__('“%1” changed on disk after you opened it. Choose the version to keep.', path),
    buttons: [
      Dialog.cancelButton(),
      Dialog.cancelButton({ label: trans.__('Use Theirs'), actions: ['theirs'] }),
      Dialog.cancelButton({ label: trans.__('Keep Mine'), actions: ['mine'] }),
      Dialog.okButton({ label: trans.__('Merge Both'), actions: ['both'] })
    ],
    defaultButton: 3
  });
  return button.actions[0] as Choice | undefined;
}

/** Apply the choice to the document; return whether to save it then. */
export async function resolveConflict(
  context: Context,
  choice: Choice | undefined
): Promise<boolean> {
  if (!choice) {
    throw refusal('ModalCancelError');
  }
  const model = context.model;
  const shared = model.sharedModel;
  const mine = shared.toJSON();
  const base = parseFlow(model.base) ?? mine;
  await context.revert(); // only a revert takes the new hash; the document is theirs now
  if (choice === 'theirs') {
    return false;
  }
  if (shared.broken !== undefined && choice === 'both') {
    return false; // theirs is no workflow to merge with: the canvas shows it and asks
  }
  const flow = choice === 'mine' ? mine : merge3(base, mine, shared.toJSON()).flow;
  shared.setSource(writeFlow(flow));
  model.dirty = true;
  return true;
}
