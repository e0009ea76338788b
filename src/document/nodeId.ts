/** Return a readable, unused id for a new node: part of its name, with a number if needed. */
export function newId(name: string, taken: (id: string) => boolean): string {
  const stem = name
    .replace(/\.[^.]*$/, '')
    .replace(/[^A-Za-z0-9_-]+/g, '_')
    .replace(/_+$/, '')
    .slice(0, 40);
  const safe = /^[A-Za-z_]/.test(stem) ? stem : `n_${stem}`;
  for (let number = 1; ; number++) {
    const id = number > 1 ? `${safe}_${number}` : safe;
    if (!taken(id)) {
      return id;
    }
  }
}
