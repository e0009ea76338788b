/** Where a model is deployed already: what is deployed now may be the next revision of that. */
import { useEffect, useState } from 'react';
import { DeployedAs, Deployment } from '../../api/types';
import { IModelSource, IPanelServices } from '../services';

const LONGEST = 60; // with its number it is a host name still

/** Those that run come first; undefined until they are known. */
export function useDeployed(
  { yard }: IPanelServices,
  source: IModelSource | undefined,
  className: string
): readonly DeployedAs[] | undefined {
  const [found, setFound] = useState<readonly DeployedAs[] | undefined>(source ? undefined : []);
  useEffect(() => {
    if (!source) {
      return;
    }
    const control = new AbortController();
    const { signal } = control;
    const body = className ? { ...source, class_name: className } : { ...source };
    yard.client
      .call('models.deployed', { body, signal })
      .then(({ items }) => setFound(items))
      .catch(() => signal.aborted || setFound([])); // building it tells why
    return () => control.abort();
  }, [yard, source, className]);
  return found;
}

/** Make an image the next revision of a deployment; one that was stopped is started with it. */
export async function revise(
  { yard }: IPanelServices,
  { id, revision, changed_at }: DeployedAs,
  image: string | undefined
): Promise<Deployment> {
  const path = { deployment: id };
  const body = { image, revision, changed_at };
  const edited = await yard.client.call('deployments.edit', { path, body });
  return edited.is_wanted ? edited : yard.client.call('deployments.start', { path });
}

/** A host name beside these. */
export function freeHost(known: readonly DeployedAs[]): string | undefined {
  const names = known.map(({ name }) => name);
  const stem = names[0]?.replace(/-\d+$/, '').slice(0, LONGEST);
  for (let number = 2; stem; number++) {
    if (!names.includes(`${stem}-${number}`)) {
      return `${stem}-${number}`;
    }
  }
  return undefined;
}
