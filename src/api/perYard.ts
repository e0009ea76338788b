import { IYard } from './yard';

/** Return a function that makes something once for each yard. */
export function perYard<T>(make: (yard: IYard) => T): (yard: IYard) => T {
  const known = new WeakMap<IYard, { readonly made: T }>();
  return yard => {
    let entry = known.get(yard);
    if (!entry) {
      entry = { made: make(yard) };
      known.set(yard, entry);
    }
    return entry.made;
  };
}
