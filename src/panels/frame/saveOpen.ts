import { JupyterFrontEnd } from '@jupyterlab/application';
import { IDocument } from './services';

/** Save the document if it is open and has changes. */
export async function saveOpen(app: JupyterFrontEnd, path: string): Promise<void> {
  for (const widget of app.shell.widgets('main')) {
    const { context } = widget as IDocument;
    if (context?.path === path && context.model.dirty) {
      await context.save();
    }
  }
}
