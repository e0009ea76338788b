import { collectionOf } from '../../api/perYard';
import { Credential } from '../../api/types';

/** Return the credentials of a yard, loaded when they are first shown. */
export const credentialsOf = collectionOf<Credential>('credential');
