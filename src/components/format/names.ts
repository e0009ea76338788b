/** Return the ids whose names occur more than once. */
export function idsWithSameName(names: Iterable<readonly [string, string]>): Set<string> {
  const first = new Map<string, string>();
  const found = new Set<string>();
  for (const [id, name] of names) {
    const other = first.get(name);
    if (other === undefined) {
      first.set(name, id);
    } else {
      found.add(other).add(id);
    }
  }
  return found;
}

const { compare } = new Intl.Collator('en', { numeric: true });

/** Compare ids naturally: n2 comes before n10. */
export function naturally(one: string, other: string): number {
  return compare(one, other) || Number(one > other) - Number(one < other);
}
