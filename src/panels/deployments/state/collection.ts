import { collectionOf } from '../../../api/perYard';
import { Deployment } from '../../../api/types';

/** Return the deployments of a yard, loaded when they are first shown. */
export const deploymentsOf = collectionOf<Deployment>('deployment');
