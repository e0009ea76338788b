import { TranslationBundle } from '@jupyterlab/translation';
import { ApiError } from '../../../api/client';

/** Return only the changed fields, as the server acts on each field that it gets. */
export function changedFields<T extends object>(after: T, before: T): Partial<T> {
  const former = before as Record<string, unknown>;
  const changed = Object.entries(after).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(former[name])
  );
  return Object.fromEntries(changed) as Partial<T>;
}

interface IRevised {
  readonly revision: number;
}

/**
 * Return how to send changes with the revision that they are based on. After a change elsewhere,
 * the next attempt is based on the newest revision.
 */
export function withRevision<T extends IRevised>(
  known: T,
  get: () => Promise<T>,
  trans: TranslationBundle
) {
  let { revision } = known;
  return async (send: (revision: number) => Promise<T>): Promise<T> => {
    try {
      return await send(revision);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'stale') {
        ({ revision } = await get());
        const advice = trans.__(
          'This was changed elsewhere. Save again to apply your changes to the present version.'
        );
        throw new ApiError(error.status, error.code, advice);
      }
      throw error;
    }
  };
}
