/** Return the ids whose names occur more than once. */
export function idsWithSameName(names: Iterable<readonly [string, string]>): Set<string> {
  const first = new Map<string, string>();
  const ids = new Set<string>();
  for (const [id, name] of names) {
    const other = first.get(name);
    if (other === undefined) {
      first.set(name, id);
    } else {
      ids.add(other).add(id);
    }
  }
  return ids;
}

const { compare } = new Intl.Collator('en', { numeric: true });

/** Compare ids naturally: n2 comes before n10. */
export function naturally(left: string, right: string): number {
  return compare(left, right) || Number(left > right) - Number(left < right);
}
