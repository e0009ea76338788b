/** Saves the selected cards as a workflow file, and puts one card in their place. */
import { InputDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { UUID } from '@lumino/coreutils';
import { EXTENSION } from '../../document/fileType';
import { writeFlow } from '../../document/flow';
import { newId } from '../../document/nodeId';
import { CanvasController } from '../model/controller';
import { resolvePath } from '../model/editing';
import { focusNode } from '../model/focus';
import { extract } from './extract';

export async function saveAsWorkflow(canvas: CanvasController, name: string): Promise<void> {
  const { contents, doc, trans } = canvas;
  const id = newId(name, other => doc.nodes.has(other));
  const part = extract(doc.toJSON(), canvas.chosen, id);
  if (!part) {
    canvas.say(trans.__('Select the nodes between these nodes too.'), true);
    return;
  }
  const file = `${id}${EXTENSION}`;
  const path = resolvePath(canvas.path, file);
  if (await exists(canvas, path)) {
    canvas.say(trans.__('%1 exists already. Choose another name.', file), true);
    return;
  }
  part.inner.meta.id = UUID.uuid4();
  part.inner.meta.title = name;
  await contents.save(path, { type: 'file', format: 'text', content: writeFlow(part.inner) });
  doc.edit(() => {
    doc.remove(part.moved);
    const fields = { type: 'executable', path: file, arguments: part.arguments };
    doc.addNode(id, fields, part.at);
    part.edges.forEach(edge => doc.connect(edge));
  });
  canvas.store.select([id]);
  focusNode(canvas, id);
  canvas.say(trans.__('Saved %1. The card stands for its nodes.', file));
}

/** Ask for the name of the workflow, then save. */
export async function askToSaveAsWorkflow(canvas: CanvasController): Promise<void> {
  const { trans } = canvas;
  const { value } = await InputDialog.getText({
    title: trans.__('Save as Sub-Workflow'),
    label: trans.__('Name of the new workflow file'),
    okLabel: trans.__('Save')
  });
  const name = value?.trim().replace(new RegExp(`\\${EXTENSION}$`), '');
  if (name) {
    await saveAsWorkflow(canvas, name);
  }
}

async function exists({ contents }: CanvasController, path: string): Promise<boolean> {
  const folder = await contents.get(PathExt.dirname(path), { content: true });
  return (folder.content as { name: string }[]).some(item => item.name === PathExt.basename(path));
}
