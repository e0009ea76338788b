import { TranslationBundle } from '@jupyterlab/translation';
import { ReactNode } from 'react';
import { Collection } from '../../api/collection';
import { Button } from '../../components/Button';
import { useSignal } from '../../components/hooks/useSignal';
import { Waiting } from '../../components/text/messages';

interface IListStateProps<T extends { id: string }> {
  collection: Collection<T>;
  trans: TranslationBundle;
  /** Shown while the list is empty. */
  children: ReactNode;
}

/** Shown while a list loads, failed or is empty; and a button for older items. */
export function ListState<T extends { id: string }>(props: IListStateProps<T>): JSX.Element | null {
  const { collection, trans, children } = props;
  const state = useSignal(collection.changed, () => collection.state);
  const empty = useSignal(collection.changed, () => !collection.items.length);
  if (state === 'failed') {
    return (
      <p className="nby-Note" role="alert">
        {trans.__('Not reachable: %1', collection.problem ?? '')}{' '}
        <Button onClick={() => void collection.reload()}>{trans.__('Try Again')}</Button>
      </p>
    );
  }
  if (state !== 'ready') {
    return empty ? <Waiting>{trans.__('Loading…')}</Waiting> : null;
  }
  return empty ? <>{children}</> : null;
}
