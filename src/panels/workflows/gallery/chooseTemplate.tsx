import { Dialog } from '@jupyterlab/apputils';
import { ExampleTemplate } from '../../../api/types';
import { FormBody } from '../../../forms/FormBody';
import { IPanelServices } from '../../frame/services';
import { Gallery } from './Gallery';

/** Show the gallery; return the name of the chosen template, undefined after Cancel. */
export async function chooseTemplate({
  yard,
  trans
}: IPanelServices): Promise<ExampleTemplate['name'] | undefined> {
  const [{ items }, { packages }] = await Promise.all([
    yard.client.call('workflows.templates', {}),
    yard.client.call('workflows.example_needs', {})
  ]);
  let chosen: ExampleTemplate['name'] | undefined;
  const onChosen = (name: ExampleTemplate['name']) => {
    chosen = name;
    dialog.resolve();
  };
  const dialog: Dialog<unknown> = new Dialog({
    title: trans.__('New workflow from a template'),
    body: new FormBody(<Gallery templates={items} {...{ packages, trans, onChosen }} />, 'button'),
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') })],
    focusNodeSelector: '.nby-Gallery button'
  });
  await dialog.launch();
  return chosen;
}
