import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useState } from 'react';
import type { operations } from '../../../api/schema';
import { Run } from '../../../api/types';
import { IYard } from '../../../api/yard';
import { PAUSE } from '../../../components/hooks/useFound';
import { useSignal } from '../../../components/hooks/useSignal';
import { ISearch, MANY } from '../../frame/Search';

type Query = NonNullable<operations['runs.list']['parameters']['query']>;

/** The filters of the server by the words that users write before a colon. */
const FILTERS = new Map<string, keyof Query>([
  ['is', 'state'],
  ['by', 'person'],
  ['tag', 'tag'],
  ['origin', 'origin'],
  ['project', 'project'],
  ['automation', 'automation'],
  ['workflow', 'workflow'],
  ['executable', 'executable'],
  ['since', 'since'],
  ['until', 'until']
]);
/** The shortest time between two requests while runs change, in milliseconds. */
export const REFRESH = 2000;
/** The words before a colon, as users read them. */
export const FILTER_NAMES = [...FILTERS.keys()].map(name => `${name}:`).join(' ');
const WORD = /([a-z]+):(?:"([^"]*)"|(\S+))|\S+/g;

/** The limit of the server. */
export const MOST_COMPARED = 10;
/** At most so many matches are shown. */
export const MOST_FOUND = 100;

export interface IRunSearch extends ISearch<Run> {
  /** What the server found; undefined without a search. */
  matches?: IMatches;
}

interface IMatches {
  /** The search that it answered. */
  text: string;
  items: readonly Run[];
  /** There are more matches. */
  isPart: boolean;
  /** Why the server refused the search. */
  problem?: string;
}

/** Read filters such as `is:failed` or `automation:"Every night"`; all other words are searched. */
export function queryOf(text: string): Query {
  const terms: string[] = [];
  const query: Record<string, string> = {};
  for (const [word, name, quoted, plain] of text.matchAll(WORD)) {
    const filter = FILTERS.get(name);
    if (filter) {
      query[filter] = quoted ?? plain;
    } else {
      terms.push(word);
    }
  }
  return terms.length ? { ...query, search: terms.join(' ') } : query;
}

/** Return the first word before a colon that is no filter; its text is searched. */
export function unknownFilter(text: string): string | undefined {
  return [...text.matchAll(WORD)].find(([, name]) => name && !FILTERS.has(name))?.[1];
}

/** Return what is shown if no run matches a search. */
export function noneText(text: string, trans: TranslationBundle): string {
  const unknown = unknownFilter(text);
  return unknown
    ? trans.__('Unknown filter “%1:”. Filters: %2', unknown, FILTER_NAMES)
    : trans.__('No run matches “%1”.', text);
}

/** Return a search with another value of a filter; an empty value removes the filter. */
export function withFilter(text: string, filter: string, value: string): string {
  const others = [...text.matchAll(WORD)].filter(([, name]) => name !== filter);
  const kept = others.map(([word]) => word);
  return [...kept, ...(value ? [`${filter}:${value}`] : [])].join(' ');
}

/** Return a refusal with the word of the search in place of the server's field. */
export function refusal({ message }: Error): string {
  const [word, field] = [...FILTERS].find(([, name]) => message.startsWith(`${name}:`)) ?? [];
  return field ? word + message.slice(field.length) : message;
}

/** Let the server search all runs, and again while runs change. */
export function useRunSearch({ client, runs }: Pick<IYard, 'client' | 'runs'>): IRunSearch {
  const known = useSignal(runs.changed, () => runs.items);
  const [text, setText] = useState('');
  const [matches, setMatches] = useState<IMatches>();
  const asked = text.trim();
  useEffect(() => {
    if (!asked) {
      setMatches(undefined);
      return;
    }
    let round = 0;
    let timer: number | undefined;
    const search = async () => {
      const own = ++round;
      timer = undefined;
      const query = { ...queryOf(asked), limit: MOST_FOUND };
      const answer = await client.call('runs.list', { query }).then(
        ({ items, next }) => ({ text: asked, items, isPart: !!next }),
        (error: Error) => ({ text: asked, items: [], isPart: false, problem: refusal(error) })
      );
      if (own === round) {
        setMatches(answer);
      }
    };
    const refresh = () => {
      timer ??= window.setTimeout(() => void search(), REFRESH);
    };
    timer = window.setTimeout(() => void search(), PAUSE);
    runs.changed.connect(refresh);
    return () => {
      round = -1;
      window.clearTimeout(timer);
      runs.changed.disconnect(refresh);
    };
  }, [client, runs, asked]);
  const newest = new Map(known.map(run => [run.id, run]));
  return {
    items: matches?.items.map(run => newest.get(run.id) ?? run) ?? known,
    text,
    setText,
    offered: known.length > MANY || !!text,
    matches
  };
}
