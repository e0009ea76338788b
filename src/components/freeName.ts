/** A name, the number that tells it from others, its suffix. */
const NAME = /^(.+?)(?: (\d{1,2}))?((?:\.[a-z][^.\s]*)?)$/is;

/** What a name has in common with those that differ by a number. */
export function stemOf(name: string): string {
  return NAME.exec(name)?.[1] ?? name;
}

/** The name with the next number before its suffix that nothing known has. */
export function freeName(name: string, known: readonly { name: string }[]): string {
  const [, stem, count, suffix] = NAME.exec(name) ?? ['', name, '', ''];
  const names = new Set(known.map(item => item.name.toLowerCase()));
  for (let number = Number(count ?? 1) + 1; ; number++) {
    const free = `${stem} ${number}${suffix}`;
    if (!names.has(free.toLowerCase())) {
      return free;
    }
  }
}
