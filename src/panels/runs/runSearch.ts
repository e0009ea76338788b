import { useEffect, useState } from 'react';
import type { operations } from '../../api/schema';
import { Run } from '../../api/types';
import { IYard } from '../../api/yard';
import { useSignal } from '../../components/hooks/useSignal';
import { ISearch, MANY, PAUSE } from '../frame/Search';

type Query = NonNullable<operations['runs.list']['parameters']['query']>;

/** The filters of the server by the words that users write before a colon. */
const FILTERS: Record<string, keyof Query> = {
  is: 'state',
  by: 'person',
  origin: 'origin',
  schedule: 'schedule',
  workflow: 'workflow',
  executable: 'executable',
  since: 'since',
  until: 'until'
};
const WORD = /([a-z]+):(?:"([^"]*)"|(\S+))|\S+/g;

/** At most so many matches are shown. */
export const MOST_FOUND = 100;

export interface IRunSearch extends ISearch<Run> {
  /** Why the server refused the search. */
  problem?: string;
  /** There are more matches than are shown. */
  isPart: boolean;
}

interface IMatches {
  items: readonly Run[];
  problem?: string;
  isPart: boolean;
}

/** Read filters such as `is:failed` or `schedule:"Every night"`; all other words are searched. */
export function queryOf(text: string): Query {
  const terms: string[] = [];
  const query: Record<string, string> = {};
  for (const [word, name, quoted, plain] of text.matchAll(WORD)) {
    const filter = FILTERS[name ?? ''];
    if (filter) {
      query[filter] = quoted ?? plain;
    } else {
      terms.push(word);
    }
  }
  return terms.length ? { ...query, search: terms.join(' ') } : query;
}

/** Let the server search all runs; ask again whenever a run begins or changes its state. */
export function useRunSearch({ client, runs }: Pick<IYard, 'client' | 'runs'>): IRunSearch {
  const known = useSignal(runs.changed, () => runs.items);
  const [text, setText] = useState('');
  const [matches, setMatches] = useState<IMatches>();
  const asked = text.trim();
  const states = asked && known.map(({ id, state }) => `${id} ${state}`).join();
  useEffect(() => {
    if (!asked) {
      setMatches(undefined);
      return;
    }
    let current = true;
    const timer = window.setTimeout(() => {
      client.call('runs.list', { query: { ...queryOf(asked), limit: MOST_FOUND } }).then(
        ({ items, next }) => current && setMatches({ items, isPart: !!next }),
        (error: Error) =>
          current && setMatches({ items: [], problem: error.message, isPart: false })
      );
    }, PAUSE);
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [client, asked, states]);
  const newest = new Map(known.map(run => [run.id, run]));
  return {
    items: matches?.items.map(run => newest.get(run.id) ?? run) ?? known,
    text,
    setText,
    offered: known.length > MANY || !!text,
    problem: matches?.problem,
    isPart: !!matches?.isPart
  };
}
