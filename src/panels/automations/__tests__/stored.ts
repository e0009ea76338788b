import { Automation } from '../../../api/types';

/** Return a pinned automation on times with a value in each field. */
export function stored(part: Partial<Automation> = {}): Automation {
  return {
    id: 's',
    name: 'penguins',
    revision: 3,
    is_enabled: true,
    run: { path: 'penguins.nbflow', force: true } as Automation['run'],
    timing: { kind: 'cron', expression: '0 8 * * 1-5' },
    on: { kind: 'phrase', text: 'weekdays 8:00' },
    zone: 'Europe/Berlin',
    starts_at: '2026-12-01T07:00:30Z',
    ends_at: null,
    at_most: 4,
    mode: 'pinned',
    overlap: 'queue',
    missed: { policy: 'all', window_seconds: 1800, most: 3 },
    ...part
  } as Automation;
}
