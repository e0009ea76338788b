import { collectionOf } from '../../api/perYard';
import { Channel } from '../../api/types';

/** Return the notice channels of a yard, loaded when they are first shown. */
export const channelsOf = collectionOf<Channel>('channel');
