import { Collection, ICollectionOptions, IPage } from './collection';
import { OperationId } from './operations';
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

/** The nouns with operations `list` and `get`, in the singular. */
type Noun = { [Id in OperationId]: Id extends `${infer Name}s.get` ? Name : never }[OperationId];

/**
 * Return the collection of a noun for each yard, loaded when it is first shown. Its events have the
 * noun as topic, unless `about` reads others.
 */
export function collectionOf<T extends { id: string }>(
  noun: Noun,
  about: ICollectionOptions<T>['about'] = event => (event.topic === noun ? event.subject_id : null)
): (yard: IYard) => Collection<T> {
  return perYard(({ client, stream }) => {
    const call = (id: string, question: object): Promise<unknown> =>
      client.call(id as OperationId, question as never);
    return new Collection<T>({
      ...{ stream, about },
      list: query => call(`${noun}s.list`, { query }) as Promise<IPage<T>>,
      get: id => call(`${noun}s.get`, { path: { [noun]: id } }) as Promise<T>
    });
  });
}
