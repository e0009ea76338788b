import { Collection, collectionFor, ICollectionOptions, Noun } from './collection';
import type { IYard } from './yard';

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

/** Return the collection of a noun for each yard, loaded when it is first shown. */
export function collectionOf<T extends { id: string }>(
  noun: Noun,
  about?: ICollectionOptions<T>['about']
): (yard: IYard) => Collection<T> {
  return perYard(({ client, stream }) => collectionFor(client, stream, noun, about));
}
