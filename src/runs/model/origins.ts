import { TranslationBundle } from '@jupyterlab/translation';
import { Run } from '../../api/types';

/** Return what started a run. */
export function originText(
  { kind }: Pick<Run['origin'], 'kind'>,
  trans: TranslationBundle
): string {
  switch (kind) {
    case 'shell':
      return trans.__('Command line');
    case 'client':
      return trans.__('Python client');
    case 'magic':
      return trans.__('Magic in a notebook');
    case 'notebook':
      return trans.__('Run in Background');
    case 'retry':
      return trans.__('Retry');
    case 'schedule':
      return trans.__('Schedule');
    case 'trigger':
      return trans.__('Trigger');
    case 'webhook':
      return trans.__('Webhook');
    case 'backfill':
      return trans.__('Backfill');
    default:
      return trans.__('Manual');
  }
}
