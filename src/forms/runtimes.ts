/** Loads names that fields offer: runtimes, kernels, environments and images. */
import { useEffect, useState } from 'react';
import type { ApiClient } from '../api/client';
import { referenceOf } from './referenceOf';

const ALWAYS = ['process'];
const MAX_OFFERED = 200;

/** Return the choices; until they are known, the chosen one and `process`. */
export function useRuntimes(
  asked: Promise<readonly string[]> | undefined,
  chosen: string
): readonly string[] {
  return useNames(asked, chosen, ALWAYS);
}

/** Return the choices for other names, which may be empty. */
export function useNames(
  asked: Promise<readonly string[]> | undefined,
  chosen: string,
  always: readonly string[] = []
): readonly string[] {
  const [names, setNames] = useState(always);
  useEffect(() => {
    let isCurrent = true;
    asked?.then(
      names => isCurrent && setNames(names),
      () => undefined
    );
    return () => {
      isCurrent = false;
    };
  }, [asked]);
  return chosen && !names.includes(chosen) ? [...names, chosen] : names;
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
