/** The typed values of a schedule, and what the form sends of them. */
import { TranslationBundle } from '@jupyterlab/translation';
import { Schedule, ScheduleNotice } from '../../api/types';
import { serverTime, timeIn } from '../../components/format/times';

export interface IScheduleDraft {
  words: string;
  zone: string;
  name: string;
  mode: Schedule['mode'];
  /** Runs ignore the cache. */
  force: boolean;
  overlap: Schedule['overlap'];
  missed: Schedule['missed'];
  /** Times of the zone, as a `datetime-local` input has them. */
  startsAt: string;
  endsAt: string;
  atMost: string;
  notify: ScheduleNotice[];
}

/** The values of a new schedule, if the user types nothing. */
function newDraft(): IScheduleDraft {
  return {
    words: 'weekdays 8:00',
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    name: '',
    mode: 'follows',
    force: true,
    overlap: 'skip',
    missed: { policy: 'last', window_seconds: 3600, most: 10 },
    startsAt: '',
    endsAt: '',
    atMost: '',
    notify: []
  };
}

/** Return the values of a schedule, or those that a new one has at first. */
export function draftOf(known?: Schedule): IScheduleDraft {
  if (!known) {
    return newDraft();
  }
  const { zone, name, mode, overlap, missed, starts_at, ends_at, at_most } = known;
  return {
    ...{ words: wordsOf(known), zone, name, mode, overlap, missed },
    force: known.run.force,
    startsAt: timeIn(zone, starts_at),
    endsAt: timeIn(zone, ends_at),
    atMost: at_most ? String(at_most) : '',
    notify: known.notify ?? []
  };
}

/** Return the timing as typed, or as one would type it. */
function wordsOf({ words, timing, zone }: Schedule): string {
  if (words) {
    return words;
  }
  switch (timing.kind) {
    case 'cron':
      return timing.expression;
    case 'interval':
      return `every ${timing.seconds} seconds`;
    case 'once':
      return timeIn(zone, timing.at).replace('T', ' ');
  }
}

/** Return what the form sends for a schedule of a run. */
export function bodyOf(
  { words, startsAt, endsAt, atMost, force, ...same }: IScheduleDraft,
  run: Partial<Schedule['run']>
) {
  return {
    run: { ...run, force },
    ...same,
    timing: { kind: 'words' as const, text: words },
    starts_at: serverTime(startsAt),
    ends_at: serverTime(endsAt),
    at_most: numberOf(atMost)
  };
}

/** Return the typed number of runs; null for no limit. */
export function numberOf(atMost: string): number | null {
  return atMost.trim() ? Number(atMost) : null;
}

export type IScheduleBody = ReturnType<typeof bodyOf>;

/** The fields of a refusal that belong to a value of the form. */
export const FIELDS: Readonly<Record<keyof IScheduleDraft, readonly string[]>> = {
  words: ['timing'],
  zone: ['zone'],
  name: ['name'],
  mode: ['mode'],
  force: ['run.force'],
  overlap: ['overlap'],
  missed: ['missed'],
  startsAt: ['starts_at'],
  endsAt: ['ends_at'],
  atMost: ['at_most'],
  notify: ['notify']
};

/** Return what the server could not read, by its field. */
export function draftProblems({ atMost }: IScheduleDraft, trans: TranslationBundle) {
  const problems: Record<string, string> = {};
  if (!/^\s*\d*\s*$/.test(atMost)) {
    problems.at_most = trans.__('Enter a whole number, or nothing for no limit.');
  }
  return problems;
}
