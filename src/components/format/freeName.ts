/** A name, its distinguishing number, and its suffix. */
const NAME = /^(.+?)(?: (\d{1,2}))?((?:\.[a-z][^.\s]*)?)$/is;

/** Return the part of a name that names with other numbers share. */
export function stemOf(name: string): string {
  return NAME.exec(name)?.[1] ?? name;
}

/** Return the name with the next unused number before its suffix. */
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
