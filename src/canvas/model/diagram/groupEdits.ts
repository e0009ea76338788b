/** Changes of groups in the document. */
import * as Y from 'yjs';
import { Json, JsonObject, same } from '../../../document/canonical';
import type { FlowDoc } from '../../../document/flowDoc';
import { membersOf } from './groupTree';

export function addGroup(doc: FlowDoc, id: string, fields: JsonObject): void {
  doc.edit(() => doc.groups.set(id, new Y.Map<Json>(Object.entries(fields))));
}

/** Set a field of a group; `undefined` removes it. Members that no longer exist are dropped. */
export function setGroup(doc: FlowDoc, id: string, key: string, value: Json | undefined): void {
  doc.edit(() => {
    const group = doc.groups.get(id);
    if (!group || same(group.get(key), value)) {
      return;
    }
    if (value === undefined) {
      group.delete(key);
    } else {
      group.set(key, value);
    }
    const members = membersOf(doc, id);
    if (!members.every(member => doc.has(member))) {
      group.set(
        'nodes',
        members.filter(member => doc.has(member))
      );
    }
  });
}

/** Take ids out of their groups, put them into another one, and remove groups that are empty then. */
export function regroup(doc: FlowDoc, ids: readonly string[], into?: string): void {
  const moved = new Set(ids);
  doc.edit(() => {
    doc.groups.forEach((group, id) => {
      const members = membersOf(doc, id);
      const kept = members.filter(member => !moved.has(member));
      const next = (id === into ? [...kept, ...ids] : kept).filter(member => doc.has(member));
      if (id === into || kept.length < members.length) {
        group.set('nodes', next);
      }
    });
    const empty = [...doc.groups.keys()].filter(
      id => !membersOf(doc, id).some(member => doc.has(member))
    );
    if (empty.length) {
      doc.remove(empty);
      regroup(doc, empty);
    }
  });
}

/** Replace groups by their members, in the groups around them. */
export function dissolve(doc: FlowDoc, groups: readonly string[]): void {
  doc.edit(() => {
    for (const id of groups) {
      const into = [...doc.groups.keys()].find(other => membersOf(doc, other).includes(id));
      const members = membersOf(doc, id).filter(member => doc.has(member));
      regroup(doc, members, into);
    }
  });
}
