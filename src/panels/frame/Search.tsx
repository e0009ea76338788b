import { TranslationBundle } from '@jupyterlab/translation';
import {
  createContext,
  ReactNode,
  useCallback,
  useContext,
  useEffect,
  useRef,
  useState
} from 'react';
import { Collection } from '../../api/collection';
import { Button } from '../../components/Button';
import { matching } from '../../components/format/matching';
import { useFound } from '../../components/hooks/useFound';
import { useSignal } from '../../components/hooks/useSignal';

/** Takes the number of rows that match a search; undefined without a search. */
export const Matches = createContext<((count?: number) => void) | undefined>(undefined);

/** With at most so many items, search is not needed. */
export const MANY = 5;

export interface ISearch<T> {
  items: readonly T[];
  /** The search text. */
  text: string;
  setText: (text: string) => void;
  /** Whether there are enough items for a search. */
  offered: boolean;
}

/** Search the items whose names contain all words; the server searches older ones. */
export function useSearch<T extends { id: string }>(
  collection: Collection<T>,
  nameOf: (item: T) => string
): ISearch<T> {
  const known = useSignal(collection.changed, () => collection.items);
  const [text, setText] = useState('');
  const isPart = useSignal(collection.changed, () => collection.more);
  const find = useCallback((asked: string) => collection.search(asked), [collection]);
  const older = useFound(isPart ? find : undefined, text);
  const ids = new Set(known.map(({ id }) => id));
  return {
    items: matching([...known, ...older.filter(({ id }) => !ids.has(id))], text, nameOf),
    text,
    setText,
    offered: known.length > MANY || !!text
  };
}

interface ISearchBoxProps {
  search: ISearch<unknown>;
  label: string;
  /** What can be typed, for the pointer and screen readers. */
  hint?: string;
  /** Shown if nothing matches, instead of a text about names. */
  none?: string;
  trans: TranslationBundle;
  /** Shown beside the input. */
  children?: ReactNode;
}

export function SearchBox(props: ISearchBoxProps): JSX.Element | null {
  const { search, label, hint, none, trans, children } = props;
  const { items, text, setText, offered } = search;
  const input = useRef<HTMLInputElement>(null);
  const onMatches = useContext(Matches);
  useEffect(() => {
    onMatches?.(text ? items.length : undefined);
    return () => onMatches?.();
  }, [onMatches, text, items.length]);
  useEffect(() => {
    const section = input.current?.closest<HTMLElement>('.nby-Section');
    // handle the key before the list uses it for type-ahead
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === '/' && !(event.target instanceof HTMLInputElement)) {
        event.preventDefault();
        event.stopPropagation();
        input.current?.focus();
      }
    };
    section?.addEventListener('keydown', onKeyDown, true);
    return () => section?.removeEventListener('keydown', onKeyDown, true);
  }, [offered]);
  if (!offered) {
    return null;
  }
  return (
    <div className="nby-Search">
      <input
        ref={input}
        type="search"
        className="jp-mod-styled"
        aria-label={label}
        placeholder={label}
        title={hint}
        spellCheck={false}
        value={text}
        onChange={event => setText(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Escape') {
            setText('');
          }
        }}
      />
      {children}
      {text && !items.length && (
        <p className="nby-Note" role="status">
          {none ?? trans.__('No name contains “%1”.', text)}
        </p>
      )}
    </div>
  );
}

interface IOlderProps<T extends { id: string }> {
  collection: Collection<T>;
  trans: TranslationBundle;
}

/** A button for the items beyond the first page. */
export function OlderButton<T extends { id: string }>(props: IOlderProps<T>): JSX.Element | null {
  const { collection, trans } = props;
  const more = useSignal(collection.changed, () => collection.more);
  return more ? (
    <p className="nby-Note">
      <Button onClick={() => void collection.loadMore().catch(() => collection.reload())}>
        {trans.__('Show Older')}
      </Button>
    </p>
  ) : null;
}
