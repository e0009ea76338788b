import { JupyterFrontEnd } from '@jupyterlab/application';

/** Return the id of the row of that kind under the context menu. */
export function pointedId(app: JupyterFrontEnd, noun: string): string | undefined {
  return app.contextMenuHitTest(node => node.dataset.noun === noun)?.dataset.id;
}
