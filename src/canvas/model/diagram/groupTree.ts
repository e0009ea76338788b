/** Which group each card is in, and which card stands for it. */
import { naturally } from '../../../components/format/names';
import { isGroup } from '../../../document/flow';
import type { FlowDoc } from '../../../document/flowDoc';

type Groups = Pick<FlowDoc, 'groups' | 'has'>;

/**
 * The groups of a document. An id in two groups belongs to the first one; missing ids and circles
 * are ignored, as are groups without members.
 */
export class GroupTree {
  constructor(doc: Groups) {
    for (const id of [...doc.groups.keys()].sort(naturally)) {
      for (const member of membersOf(doc, id)) {
        const isFree = member !== id && !this._parents.has(member);
        if (isFree && doc.has(member) && !this.above(id).includes(member)) {
          this._parents.set(member, id);
          this._members.set(id, [...this.members(id), member]);
        }
      }
      if (doc.groups.get(id)?.get('folded') === true) {
        this._folded.add(id);
      }
    }
  }

  /** All ids in groups. */
  get grouped(): Iterable<string> {
    return this._parents.keys();
  }

  /** Whether no card is in a group. */
  get isEmpty(): boolean {
    return !this._parents.size;
  }

  parent(id: string): string | undefined {
    return this._parents.get(id);
  }

  /** The groups around an id, the nearest first. */
  above(id: string): string[] {
    const above: string[] = [];
    for (let group = this.parent(id); group !== undefined; group = this.parent(group)) {
      above.push(group);
    }
    return above;
  }

  members(group: string): readonly string[] {
    return this._members.get(group) ?? [];
  }

  /** These ids and, for groups, all that is in them. */
  inside(ids: Iterable<string>): string[] {
    const all = new Set(ids);
    for (const id of all) {
      this.members(id).forEach(member => all.add(member)); // a set may grow during iteration
    }
    return [...all];
  }

  /** The nodes and comments in a group. */
  leaves(group: string): string[] {
    return this.inside(this.members(group)).filter(id => !isGroup(id));
  }

  isFolded(group: string): boolean {
    return this._folded.has(group);
  }

  /** The outermost folded group that hides an id, or the id itself. */
  shownAs(id: string): string {
    return (
      this.above(id)
        .filter(group => this.isFolded(group))
        .at(-1) ?? id
    );
  }

  /** The ids that are in no other one of these ids. */
  outermost(ids: readonly string[]): string[] {
    const all = new Set(ids);
    return ids.filter(id => !this.above(id).some(group => all.has(group)));
  }

  /** The groups among these ids; without one, the groups that the ids are in. */
  groupsOf(ids: readonly string[]): string[] {
    const groups = ids.filter(isGroup);
    return groups.length ? groups : [...new Set(ids.flatMap(id => this.parent(id) ?? []))];
  }

  private readonly _parents = new Map<string, string>();
  private readonly _members = new Map<string, string[]>();
  private readonly _folded = new Set<string>();
}

/** The ids that a group names, whether they exist or not. */
export function membersOf({ groups }: Pick<FlowDoc, 'groups'>, id: string): string[] {
  const names = groups.get(id)?.get('nodes');
  return Array.isArray(names) ? names.filter(name => typeof name === 'string') : [];
}
