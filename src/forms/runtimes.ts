/** Loads names that fields offer: runtimes, kernels, environments and images. */
import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useState } from 'react';
import type { ApiClient } from '../api/client';
import type { Runtimes } from '../api/types';
import { reasonText } from '../reasons';
import { referenceOf } from './referenceOf';

export const ALWAYS: Runtimes = { names: ['process'], note: null };
const NONE: readonly string[] = [];
const MAX_OFFERED = 200;

/** Return the choices and a note on them; until they are known, the chosen one and `process`. */
export function useRuntimes(
  asked: Promise<Runtimes> | undefined,
  chosen: string,
  trans: TranslationBundle
): [names: readonly string[], note: string] {
  const { names, note } = useAnswer(asked, ALWAYS);
  return [withChosen(names, chosen), reasonText(note, trans)];
}

/** Return the choices for other names, which may be empty. */
export function useNames(
  asked: Promise<readonly string[]> | undefined,
  chosen: string
): readonly string[] {
  return withChosen(useAnswer(asked, NONE), chosen);
}

function withChosen(names: readonly string[], chosen: string): readonly string[] {
  return chosen && !names.includes(chosen) ? [...names, chosen] : names;
}

function useAnswer<T>(asked: Promise<T> | undefined, first: T): T {
  const [answer, setAnswer] = useState(first);
  useEffect(() => {
    let isCurrent = true;
    asked?.then(
      answer => isCurrent && setAnswer(answer),
      () => undefined
    );
    return () => {
      isCurrent = false;
    };
  }, [asked]);
  return answer;
}

/** Return the images that were built or pulled here. */
export async function readyImages(client: ApiClient): Promise<string[]> {
  const { items } = await client.call('images.list', { query: { limit: MAX_OFFERED } });
  const ready = items.filter(({ state }) => state === 'ready');
  return [...new Set(ready.map(({ reference }) => reference))];
}

export async function environmentNames(client: ApiClient): Promise<string[]> {
  return (await client.call('environments.list', {})).items.map(referenceOf);
}

/** Return the kernels of the server's machine that belong to no environment. */
export async function kernelNames(client: ApiClient): Promise<string[]> {
  return (await client.call('kernels.list', {})).items.map(({ name }) => name);
}
