/** The typed values of a schedule, and what the form sends of them. */
import { TranslationBundle } from '@jupyterlab/translation';
import { NewRun, Schedule, ScheduleNotice } from '../../api/types';
import { serverTime, timeIn } from '../../components/format/times';
import { showValue } from '../../document/arguments';
import { Json } from '../../document/canonical';
import { changedFields } from '../frame/dialogs/changes';

/** What the form changes of the run of a schedule. */
interface IRunDraft {
  /** Parameters and inputs by name, without those that keep their defaults. */
  values: Record<string, Json>;
  runtime: string;
  environment: string;
  kernel: string;
  image: string;
}

export interface IScheduleDraft extends IRunDraft {
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
  /** Unreadable texts with reasons, by field of the request; nothing is sent while there are any. */
  unread: Record<string, { text: string; why: string }>;
}

type StoredRun = Partial<NewRun>;

export const USUAL_MISSED: Schedule['missed'] = { policy: 'last', window_seconds: 3600, most: 10 };

/** The values of a new schedule, if the user types nothing. */
function newDraft(run: StoredRun): IScheduleDraft {
  return {
    words: 'weekdays 8:00',
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    name: '',
    mode: 'follows',
    force: true,
    overlap: 'skip',
    missed: USUAL_MISSED,
    startsAt: '',
    endsAt: '',
    atMost: '',
    notify: [],
    unread: {},
    ...runDraftOf(run)
  };
}

/** Return the values of a schedule, or those that a new one of a run has at first. */
export function draftOf(known?: Schedule, run: StoredRun = {}): IScheduleDraft {
  if (!known) {
    return newDraft(run);
  }
  const { zone, name, mode, overlap, missed, starts_at, ends_at, at_most } = known;
  return {
    ...{ words: wordsOf(known), zone, name, mode, overlap, missed },
    force: known.run.force,
    startsAt: timeIn(zone, starts_at),
    endsAt: timeIn(zone, ends_at),
    atMost: at_most ? String(at_most) : '',
    notify: known.notify ?? [],
    unread: {},
    ...runDraftOf(known.run)
  };
}

/** Texts are values as typed in a shell; the server prefers them too. */
function runDraftOf({ parameters, texts, ...run }: StoredRun): IRunDraft {
  return {
    values: { ...(parameters as Record<string, Json>), ...texts },
    runtime: run.runtime ?? '',
    environment: run.environment ?? '',
    kernel: run.kernel ?? '',
    image: run.image ?? ''
  };
}

/** Return values in the former order, and one that was changed back as it was stored. */
function inOrder(values: Record<string, Json>, before: Record<string, Json>): Record<string, Json> {
  const names = [...Object.keys(before), ...Object.keys(values)].filter(name => name in values);
  return Object.fromEntries(
    names.map(name => {
      const [value, former] = [values[name], before[name]];
      return [name, typeof former === 'string' && showValue(value) === former ? former : value];
    })
  );
}

/** Return a run with what the user changed of it. */
function changedRun(run: StoredRun, draft: IRunDraft): StoredRun {
  const before = runDraftOf(run);
  const kept = { ...draft, values: inOrder(draft.values, before.values) };
  const { values, ...others } = changedFields(kept, before);
  if (!values) {
    return { ...run, ...others };
  }
  const same = Object.entries(run.texts ?? {}).filter(([name, text]) => values[name] === text);
  const texts = Object.fromEntries(same);
  const typed = Object.entries(values).filter(([name]) => !(name in texts));
  return { ...run, ...others, parameters: Object.fromEntries(typed), ...(run.texts && { texts }) };
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
export function bodyOf(draft: IScheduleDraft, run: StoredRun) {
  const { words, startsAt, endsAt, atMost, force, unread: _, ...others } = draft;
  const { values, runtime, environment, kernel, image, ...same } = others;
  return {
    run: { ...changedRun(run, { values, runtime, environment, kernel, image }), force },
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
  notify: ['notify'],
  values: [],
  runtime: ['run.runtime'],
  environment: ['run.environment'],
  kernel: ['run.kernel'],
  image: ['run.image'],
  unread: []
};

/** Return what the server could not read, by its field. */
export function draftProblems({ atMost, unread }: IScheduleDraft, trans: TranslationBundle) {
  const problems = Object.fromEntries(Object.entries(unread).map(([at, { why }]) => [at, why]));
  if (!/^\s*\d*\s*$/.test(atMost)) {
    problems.at_most = trans.__('Enter a whole number, or nothing for no limit.');
  }
  return problems;
}
