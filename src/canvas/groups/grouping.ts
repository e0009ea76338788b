/** Commands of groups; each is one undo step. */
import { endEditing } from '../arrange/comments';
import { CanvasController } from '../model/controller';
import { newMarkId } from '../model/editing';
import { isCard, sizeOfNode } from '../model/diagram/frames';
import { addGroup, dissolve, regroup, setGroup } from '../model/diagram/groupEdits';
import { focusNode, reveal } from '../model/focus';
import { ensureId } from '../model/identity';
import { boxOf, freeNear, isInside, overlaps, spaceOf } from '../model/placement';
import { askToSaveAsWorkflow } from '../subworkflows/saveAsWorkflow';
import { unpackWorkflow } from '../subworkflows/unpack';
import { colorsOf, titleOf } from './groupView';

/** Put the chosen cards into a new group, and open its name, which belongs to the same undo step. */
export function groupCards(canvas: CanvasController): void {
  const { doc, store, trans } = canvas;
  const ids = store.tree.outermost(canvas.chosen);
  if (!ids.length) {
    canvas.say(trans.__('Select the cards to group first.'), true);
    return;
  }
  const around = new Set(ids.map(id => store.tree.parent(id)));
  const id = newMarkId(canvas, '@', other => doc.groups.has(other));
  endEditing(canvas);
  ensureId(canvas);
  const close = doc.gesture();
  doc.edit(() => {
    addGroup(doc, id, { title: trans.__('Group %1', /\d+/.exec(id)![0]), nodes: [...ids] });
    if (around.size === 1) {
      regroup(doc, [id], [...around][0]);
    }
    regroup(doc, ids, id);
  });
  store.select([id]);
  store.focus(id);
  canvas.set({ outline: false, editing: { id, close } });
  reveal(canvas, id);
}

export function ungroup(canvas: CanvasController): void {
  const { doc, groups, store } = canvas;
  const members = groups.flatMap(id => store.tree.members(id));
  dissolve(doc, groups);
  choose(canvas, members);
}

/** Fold the groups into cards; unfold them if one is folded. */
export function toggleFold(canvas: CanvasController): void {
  const { doc, groups, store } = canvas;
  const folded = !groups.some(id => store.tree.isFolded(id));
  const close = doc.gesture();
  doc.edit(() => {
    for (const id of groups) {
      setGroup(doc, id, 'folded', folded || undefined);
      doc.positions.delete(id); // the members may have moved since
    }
  });
  if (folded) {
    store.tree.outermost(groups).forEach(id => uncover(canvas, id));
  }
  close();
  choose(canvas, groups);
}

/** Give a folded group a place of its own if another card is at the upper left of its members. */
function uncover(canvas: CanvasController, id: string): void {
  const { doc, store } = canvas;
  const others = store.nodes.filter(node => isCard(node) && node.id !== id);
  const taken = others.map(node => boxOf(canvas, node.id));
  const box = spaceOf(canvas, id);
  if (store.node(id) && taken.some(other => overlaps(box, other))) {
    doc.edit(() => doc.positions.set(id, freeNear(box, taken)));
  }
}

/** Open the name of the chosen group. */
export function renameGroup(canvas: CanvasController): void {
  const [id] = canvas.groups;
  if (id && !canvas.readOnly) {
    endEditing(canvas);
    canvas.set({ editing: { id } });
  }
}

export async function colorGroups(canvas: CanvasController): Promise<void> {
  const { doc, groups, trans } = canvas;
  const colors = colorsOf(trans).map(([id, label]) => ({ id, label }));
  const chosen = await canvas.pick(trans.__('Colour of the group'), colors);
  if (chosen) {
    doc.edit(() => groups.forEach(id => setGroup(doc, id, 'color', chosen.id || undefined)));
  }
}

/** Choose a group for the chosen cards. */
export async function addToGroup(canvas: CanvasController): Promise<void> {
  const { doc, store, trans } = canvas;
  const ids = store.tree.outermost(canvas.chosen);
  const inside = new Set(store.tree.inside(ids));
  const groups = [...doc.groups.keys()].filter(id => !inside.has(id));
  const items = groups.map(id => ({ id, label: titleOf(canvas, id) }));
  const chosen = await canvas.pick(trans.__('Add to a group'), items);
  if (chosen) {
    regroup(doc, ids, chosen.id);
    choose(canvas, ids);
  }
}

/** Move the chosen cards out of their groups, into the groups around these. */
export function removeFromGroup(canvas: CanvasController): void {
  const { doc, store } = canvas;
  const ids = store.tree.outermost(canvas.chosen);
  const { tree } = store;
  doc.edit(() => ids.forEach(id => regroup(doc, [id], tree.parent(tree.parent(id) ?? ''))));
}

/** Put a card that was dropped on a frame, and cards that were dragged along, into its group. */
export function dropIntoFrame(
  canvas: CanvasController,
  id: string,
  point: { x: number; y: number }
): void {
  const { doc, flow, store, trans } = canvas;
  const { tree } = store;
  const at = flow?.screenToFlowPosition(point);
  if (!at || tree.isEmpty || tree.parent(id)) {
    return;
  }
  const frames = store.nodes.filter(node => {
    const box = { ...node.position, ...sizeOfNode(node) };
    return node.type === 'frame' && isInside({ ...at, width: 0, height: 0 }, box);
  });
  const depth = (group: string) => tree.above(group).length;
  const [frame] = frames.sort((left, right) => depth(right.id) - depth(left.id));
  if (frame) {
    const dragged = store.selected.includes(id) ? store.selected : [id];
    const free = dragged.filter(card => !tree.parent(card) && !doc.groups.has(card));
    regroup(doc, free, frame.id);
    canvas.say(trans.__('Added to %1.', titleOf(canvas, frame.id)));
  }
}

/** What the commands of groups do, by their names. */
export const grouping = {
  'group-cards': groupCards,
  'ungroup-cards': ungroup,
  'fold-group': toggleFold,
  'color-group': colorGroups,
  'add-to-group': addToGroup,
  'remove-from-group': removeFromGroup,
  'save-as-workflow': askToSaveAsWorkflow,
  'unpack-workflow': unpackWorkflow
};

/** Store the name while its field is left, and end the undo step. */
export function writeTitle(canvas: CanvasController, id: string, title: string): void {
  if (canvas.ui.editing?.id === id) {
    setGroup(canvas.doc, id, 'title', title.trim() || undefined);
    endEditing(canvas, id);
  }
}

function choose(canvas: CanvasController, ids: readonly string[]): void {
  const { store } = canvas;
  const shown = ids.map(id => store.shown(id));
  store.select(shown);
  if (shown.length) {
    focusNode(canvas, shown[0]);
  }
}
