/** The typed values of a backfill, and what the form sends of them. */
import { TranslationBundle } from '@jupyterlab/translation';
import { Automation, Backfill } from '../../../api/types';
import { serverTime, timeIn } from '../../../components/format/times';

const DAYS = 7;
const DAY_MS = 86_400_000;

export interface IBackfillDraft {
  /** Times of the automation's zone, as a `datetime-local` input has them. */
  since: string;
  until: string;
  atOnce: string;
  again: boolean;
}

/** Return the values that a new backfill has at first: the past week. */
export function newDraft({ zone }: Pick<Automation, 'zone'>, now = Date.now()): IBackfillDraft {
  const since = timeIn(zone, new Date(now - DAYS * DAY_MS).toISOString());
  return { since: `${since.slice(0, 10)}T00:00`, until: '', atOnce: '1', again: false };
}

/** Return the values that continue a backfill: due times that succeeded are left out. */
export function draftToContinue({ zone, since, until, at_once }: Backfill): IBackfillDraft {
  return {
    since: timeIn(zone, since),
    until: timeIn(zone, until),
    atOnce: String(at_once),
    again: false
  };
}

/** Return what the form sends. */
export function bodyOf({ since, until, atOnce, again }: IBackfillDraft) {
  return {
    since: serverTime(since) ?? '',
    until: serverTime(until),
    at_once: Number(atOnce),
    again
  };
}

/** Return the problems of values that cannot be sent, by field. */
export function draftProblems({ since, atOnce }: IBackfillDraft, trans: TranslationBundle) {
  const problems: Record<string, string> = {};
  if (!since) {
    problems.since = trans.__('Enter the first moment.');
  }
  if (!/^\s*\d+\s*$/.test(atOnce)) {
    problems.at_once = trans.__('Enter a whole number.');
  }
  return problems;
}
