/** Finds existing deployments of a model, which may get a new revision. */
import { useEffect, useState } from 'react';
import { Deployed, DeployedAs, Deployment, ModelPackage } from '../../../api/types';
import { IModelSource, IPanelServices } from '../../frame/services';

const NOWHERE: Deployed = { items: [], into: '', name: '', title: '' };

/** Undefined while loading. */
export function useDeployed(
  { yard }: IPanelServices,
  source: IModelSource | undefined,
  className: string
): Deployed | undefined {
  const [deployed, setDeployed] = useState(source ? undefined : NOWHERE);
  useEffect(() => {
    if (!source) {
      return;
    }
    const control = new AbortController();
    const { signal } = control;
    const body = className ? { ...source, class_name: className } : { ...source };
    yard.client
      .call('models.deployed', { body, signal })
      .then(setDeployed)
      .catch(() => signal.aborted || setDeployed(NOWHERE)); // the build reports the reason
    return () => control.abort();
  }, [yard, source, className]);
  return deployed;
}

/**
 * Return the default title, which no other deployment has. The server knows that of a file only
 * once the model is built.
 */
export function useTitle(
  { yard }: IPanelServices,
  known: string,
  made: ModelPackage | undefined
): string {
  const [title, setTitle] = useState('');
  const model = known ? undefined : made?.id;
  useEffect(() => {
    setTitle('');
    if (!model) {
      return;
    }
    const control = new AbortController();
    const { signal } = control;
    yard.client
      .call('models.deployments', { path: { model }, signal })
      .then(deployed => setTitle(deployed.title))
      .catch(() => undefined); // the server sets it
    return () => control.abort();
  }, [yard, model]);
  return known || title;
}

/** Return the request that makes an image the next revision of a deployment. */
export function questionOf({ id, revision, changed_at }: DeployedAs, image: string | undefined) {
  return { path: { deployment: id }, body: { image, revision, changed_at } };
}

/** Make an image the next revision of a deployment; a stopped deployment is started. */
export async function deployRevision(
  { yard }: IPanelServices,
  deployed: DeployedAs,
  image: string | undefined
): Promise<Deployment> {
  const question = questionOf(deployed, image);
  const edited = await yard.client.call('deployments.edit', question);
  const { path } = question;
  return edited.is_wanted ? edited : yard.client.call('deployments.start', { path });
}
