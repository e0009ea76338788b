import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useState } from 'react';
import { ApiError } from '../../api/client';
import { Collection } from '../../api/collection';
import { useSignal } from '../../components/hooks/useSignal';

/** Return one item, updated; a text when it cannot be shown. `read` requests it by its id. */
export function useItem<T extends { id: string }>(
  collection: Collection<T>,
  id: string,
  read: (id: string) => Promise<T>,
  trans: TranslationBundle
): T | string | undefined {
  const listed = useSignal(collection.changed, () => collection.find(id));
  const isListed = !!listed;
  const [fetched, setFetched] = useState<T | string>();
  useEffect(() => {
    void collection.start();
    read(id)
      .then(setFetched)
      .catch((error: Error) =>
        setFetched(
          (error as ApiError).status === 404
            ? trans.__('This item was deleted, or you have no access.')
            : error.message
        )
      );
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `read` asks the same each time
  }, [collection, id, isListed]); // it may be gone
  return listed ?? fetched;
}
