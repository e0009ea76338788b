/** Finds existing deployments of a model, which may get a new revision. */
import { Deployed, DeployedAs, Deployment, ModelPackage } from '../../../api/types';
import { useAnswer } from '../../../api/useAnswer';
import { IModelSource, IPanelServices } from '../../frame/services';

const NOWHERE: Deployed = { items: [], into: '', name: '', title: '', class_names: [] };

/** Undefined while loading. */
export function useDeployed(
  { yard }: IPanelServices,
  source: IModelSource | undefined,
  className: string
): Deployed | undefined {
  const body = className ? { ...source, class_name: className } : { ...source };
  const { answer, error } = useAnswer(yard.client, 'models.deployed', source && { body });
  return source && !error ? answer : NOWHERE; // the build reports the reason
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
  const model = known ? undefined : made?.id;
  const question = model === undefined ? model : { path: { model } };
  const { answer, error, isOld } = useAnswer(yard.client, 'models.deployments', question);
  return known || (isOld || error ? '' : (answer?.title ?? '')); // without an answer, the server sets it
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
