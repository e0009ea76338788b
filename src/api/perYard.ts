import { IYard } from './yard';

/** Return a function that makes something once for each yard. */
export function perYard<T>(make: (yard: IYard) => T): (yard: IYard) => T {
  const known = new WeakMap<IYard, { readonly made: T }>();
  return yard => {
    let found = known.get(yard);
    if (!found) {
      found = { made: make(yard) };
      known.set(yard, found);
    }
    return found.made;
  };
}
