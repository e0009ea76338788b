import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useRef, useState } from 'react';
import { Collection } from '../api/collection';
import { useSignal } from '../components/useSignal';

/** Fewer things than this are seen at a glance. */
const MANY = 5;
/** After the last key, before the server is asked, in milliseconds. */
const PAUSE = 250;

export interface ISearch<T> {
  items: readonly T[];
  /** What was typed. */
  text: string;
  setText: (text: string) => void;
  /** There are so many things that looking for one helps. */
  offered: boolean;
}

/** The things of a list whose name has all the words; the server is asked for older ones. */
export function useSearch<T extends { id: string }>(
  collection: Collection<T>,
  nameOf: (item: T) => string
): ISearch<T> {
  const known = useSignal(collection.changed, () => collection.items);
  const [text, setText] = useState('');
  const [older, setOlder] = useState<readonly T[]>([]);
  useEffect(() => {
    setOlder([]);
    if (!text.trim() || !collection.more) {
      return;
    }
    let current = true;
    const timer = window.setTimeout(() => {
      collection.search(text.trim()).then(
        found => current && setOlder(found),
        () => undefined // what is known already stays
      );
    }, PAUSE);
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [collection, text]);
  const ids = new Set(known.map(({ id }) => id));
  return {
    items: matching([...known, ...older.filter(({ id }) => !ids.has(id))], text, nameOf),
    text,
    setText,
    offered: known.length > MANY || !!text
  };
}

/** Those whose name has all of the words, in any case and order. */
export function matching<T>(
  items: readonly T[],
  text: string,
  nameOf: (item: T) => string
): readonly T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return items.filter(item => {
    const name = nameOf(item).toLowerCase();
    return words.every(word => name.includes(word));
  });
}

interface ISearchBoxProps {
  search: ISearch<unknown>;
  label: string;
  trans: TranslationBundle;
}

export function SearchBox({ search, label, trans }: ISearchBoxProps): JSX.Element | null {
  const { items, text, setText, offered } = search;
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const section = input.current?.closest<HTMLElement>('.nby-Section');
    // before a list takes it as the begin of a name
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
        spellCheck={false}
        value={text}
        onChange={event => setText(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Escape') {
            setText('');
          }
        }}
      />
      {text && !items.length && (
        <p className="nby-Note" role="status">
          {trans.__('Nothing has “%1” in its name.', text)}
        </p>
      )}
    </div>
  );
}

interface IOlderProps<T extends { id: string }> {
  collection: Collection<T>;
  trans: TranslationBundle;
}

/** A way to the things beyond the first page. */
export function Older<T extends { id: string }>(props: IOlderProps<T>): JSX.Element | null {
  const { collection, trans } = props;
  const more = useSignal(collection.changed, () => collection.more);
  return more ? (
    <p className="nby-Note">
      <button
        type="button"
        className="nby-Button"
        onClick={() => void collection.loadMore().catch(() => collection.reload())}
      >
        {trans.__('Show older')}
      </button>
    </p>
  ) : null;
}
