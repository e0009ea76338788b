/** Finds items by words. */

/** Return the items whose texts contain all words, in any case and order. */
export function matching<T>(
  items: readonly T[],
  text: string,
  textOf: (item: T) => string
): readonly T[] {
  const terms = text.toLowerCase().split(/\s+/).filter(Boolean);
  return items.filter(item => {
    const own = textOf(item).toLowerCase();
    return terms.every(word => own.includes(word));
  });
}

/** Return the items in their order, but first those with this name, then those that begin with it. */
export function bestFirst<T>(
  items: readonly T[],
  text: string,
  nameOf: (item: T) => string
): readonly T[] {
  const asked = text.trim().toLowerCase();
  const rank = (item: T) => {
    const name = nameOf(item).toLowerCase();
    const isSame = name === asked || name.replace(/\.\w+$/, '') === asked;
    return isSame ? 0 : name.startsWith(asked) ? 1 : 2;
  };
  return asked ? [...items].sort((left, right) => rank(left) - rank(right)) : items;
}
