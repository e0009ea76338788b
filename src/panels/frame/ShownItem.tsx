import { useEffect } from 'react';
import type { ApiError } from '../../api/client';
import type { Collection } from '../../api/collection';
import { useAnswer } from '../../api/useAnswer';
import { useSignal } from '../../components/hooks/useSignal';
import { Waiting } from '../../components/text/messages';
import { IPanelServices } from './services';

interface IShownItemProps<T extends { id: string }> {
  services: IPanelServices;
  noun: 'dataset' | 'deployment' | 'environment' | 'project';
  collection: Collection<T>;
  id: string;
  children: (item: T) => JSX.Element;
}

/** One item, updated; before it is loaded, or if it cannot be shown, a note says so. */
export function ShownItem<T extends { id: string }>(props: IShownItemProps<T>): JSX.Element {
  const { services, noun, collection, id, children } = props;
  const { yard, trans } = services;
  useEffect(() => void collection.start(), [collection]);
  const listed = useSignal(collection.changed, () => collection.find(id));
  const question = { path: { [noun]: id } } as never;
  const when = { turn: !!listed }; // it may be gone
  const { answer, error } = useAnswer(yard.client, `${noun}s.get`, question, when);
  const item = listed ?? (error ? undefined : (answer as T | undefined));
  if (item) {
    return children(item);
  }
  const isGone = (error as ApiError | undefined)?.status === 404;
  const problem = isGone
    ? trans.__('This item was deleted, or you have no access.')
    : error?.message;
  return <Waiting problem={problem}>{trans.__('Loading…')}</Waiting>;
}
