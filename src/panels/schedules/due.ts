import { Schedule } from '../../api/types';
import { showDue } from '../../components/format/times';

/** Return a due time in the zone that the sentence of its schedule names, else the browser's. */
export function dueText(
  { timing, zone }: Partial<Pick<Schedule, 'timing' | 'zone'>>,
  at: string,
  isShort?: boolean
): string {
  return showDue(at, timing?.kind === 'interval' ? undefined : zone, isShort);
}
