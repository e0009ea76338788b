/** Saves the selected cards as a workflow file, and puts one card in their place. */
import { InputDialog } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { UUID } from '@lumino/coreutils';
import { EXTENSION } from '../../document/fileType';
import { writeFlow } from '../../document/flow';
import { newId } from '../../document/nodeId';
import { CanvasController } from '../model/controller';
import { regroup } from '../model/diagram/groupEdits';
import { resolvePath } from '../model/editing';
import { focusNode } from '../model/focus';
import { freePlace } from '../model/placement';
import { extract } from './extract';

export async function saveAsWorkflow(canvas: CanvasController, name: string): Promise<void> {
  const { contents, doc, trans } = canvas;
  const { tree } = canvas.store;
  const id = newId(name, other => doc.nodes.has(other));
  const cards = tree.outermost(canvas.chosen);
  const [first] = cards;
  // The workflow stands for a single group, which is not kept inside.
  const isGroup = cards.length === 1 && doc.groups.has(first);
  const part = extract(doc.toJSON(), tree.inside(isGroup ? tree.members(first) : cards), id);
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
  const around = tree.parent(first);
  const close = doc.gesture();
  doc.remove(isGroup ? [first, ...part.moved] : part.moved);
  doc.edit(() => {
    const fields = { type: 'executable', path: file, arguments: part.arguments };
    doc.addNode(id, fields, freePlace(canvas, part.at));
    regroup(doc, [id], around);
    part.edges.forEach(edge => doc.connect(edge));
  });
  close();
  canvas.store.select([id]);
  focusNode(canvas, id);
  canvas.say(trans.__('Saved %1. The card stands for its nodes.', file));
}

/** Ask for the name of the workflow, then save. */
export async function askToSaveAsWorkflow(canvas: CanvasController): Promise<void> {
  const { doc, groups, trans } = canvas;
  const { value } = await InputDialog.getText({
    title: trans.__('Save as sub-workflow'),
    label: trans.__('Name of the new workflow file'),
    text: String((groups.length === 1 && doc.groups.get(groups[0])?.get('title')) || ''),
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
