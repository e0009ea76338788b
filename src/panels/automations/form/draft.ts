/** The typed values of an automation, and what the form sends of them. */
import { TranslationBundle } from '@jupyterlab/translation';
import { Automation, AutomationNotice, NewRun } from '../../../api/types';
import { serverTime, timeIn } from '../../../components/format/times';
import { showValue } from '../../../document/arguments';
import { Json } from '../../../document/canonical';
import { changedFields } from '../../frame/dialogs/changes';

type On = Automation['on'];
type Time = NonNullable<Automation['timing']>;
/** What starts runs: times, or a kind of event. */
export type Start = 'time' | Exclude<On['kind'], 'phrase' | Time['kind']>;

/** What the form changes of the run of an automation. */
interface IRunDraft {
  /** Parameters and inputs by name, without those that keep their defaults. */
  values: Record<string, Json>;
  runtime: string;
  environment: string;
  kernel: string;
  image: string;
}

/** The values of the other starts are kept, but not sent. */
export interface IAutomationDraft extends IRunDraft {
  start: Start;
  phrase: string;
  zone: string;
  /** Times of the zone, as a `datetime-local` input has them. */
  startsAt: string;
  endsAt: string;
  atMost: string;
  missed: Automation['missed'];
  dataset: string;
  after: string;
  outcome: string;
  path: string;
  pattern: string;
  changes: string;
  settle: string;
  perMinute: string;
  /** Lines like `parameter=field`. */
  valuesFrom: string;
  name: string;
  mode: Automation['mode'];
  /** Runs ignore the cache. */
  force: boolean;
  overlap: Automation['overlap'];
  notify: AutomationNotice[];
  /** Unreadable texts with reasons, by field of the request; nothing is sent while there are any. */
  unread: Record<string, { text: string; why: string }>;
}

type StoredRun = Partial<NewRun>;

export const USUAL_MISSED: Automation['missed'] = {
  policy: 'last',
  window_seconds: 3600,
  most: 10
};

/** Return the values of a new automation, if the user types nothing. */
export function newDraft(run: StoredRun = {}, start: Start = 'time'): IAutomationDraft {
  return {
    phrase: 'weekdays 8:00',
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    startsAt: '',
    endsAt: '',
    atMost: '',
    missed: USUAL_MISSED,
    dataset: '',
    after: '',
    outcome: 'succeeded',
    path: '',
    pattern: '*',
    changes: 'created modified',
    settle: '2',
    perMinute: '60',
    valuesFrom: '',
    name: '',
    mode: 'follows',
    force: true,
    notify: [],
    unread: {},
    ...startOf(start),
    ...runDraftOf(run)
  };
}

/** Return a start with the overlap that it usually has. */
export function startOf(start: Start): Pick<IAutomationDraft, 'start' | 'overlap'> {
  return { start, overlap: start === 'time' ? 'skip' : 'queue' };
}

/** Return the values of an automation. */
export function draftOf(known: Automation): IAutomationDraft {
  const { on, zone, name, mode, overlap, missed, starts_at, ends_at, at_most, run } = known;
  return {
    ...newDraft(run),
    ...startDraft(on, zone),
    ...{ zone, name, mode, overlap, missed },
    startsAt: timeIn(zone, starts_at),
    endsAt: timeIn(zone, ends_at),
    atMost: at_most ? String(at_most) : '',
    valuesFrom: Object.entries(known.values_from ?? {})
      .map(pair => pair.join('='))
      .join('\n'),
    force: run.force,
    notify: known.notify ?? []
  };
}

/** Return what starts a run: a time as typed, or as one would type it. */
function startDraft(on: On, zone: string): Partial<IAutomationDraft> {
  switch (on.kind) {
    case 'phrase':
      return { start: 'time', phrase: on.text };
    case 'cron':
      return { start: 'time', phrase: on.expression };
    case 'interval':
      return { start: 'time', phrase: `every ${on.seconds} seconds` };
    case 'once':
      return { start: 'time', phrase: timeIn(zone, on.at).replace('T', ' ') };
    case 'dataset':
      return { start: on.kind, dataset: on.dataset };
    case 'run':
      return { start: on.kind, after: on.path, outcome: on.outcome };
    case 'file': {
      const { path, pattern, changes, settle_seconds } = on;
      const settle = String(settle_seconds);
      return { start: on.kind, path, pattern, changes: changes.join(' '), settle };
    }
    case 'webhook':
      return { start: on.kind, perMinute: String(on.most_per_minute) };
    case 'notebook':
      return { start: on.kind };
  }
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

/** Return what the form sends for an automation of a run. */
export function bodyOf(draft: IAutomationDraft, run: StoredRun) {
  const { values, runtime, environment, kernel, image, force } = draft;
  const { name, mode, overlap, notify, zone, missed } = draft;
  const ofTime = {
    zone,
    missed,
    starts_at: serverTime(draft.startsAt),
    ends_at: serverTime(draft.endsAt),
    at_most: numberOf(draft.atMost)
  };
  return {
    run: { ...changedRun(run, { values, runtime, environment, kernel, image }), force },
    ...{ on: onOf(draft), name, mode, overlap, notify },
    ...(draft.start === 'time' ? ofTime : { values_from: valuesOf(draft.valuesFrom) })
  };
}

function onOf(draft: IAutomationDraft): On {
  switch (draft.start) {
    case 'time':
      return { kind: 'phrase', text: draft.phrase };
    case 'dataset':
      return { kind: 'dataset', dataset: draft.dataset.trim() };
    case 'run':
      return { kind: 'run', path: draft.after.trim(), outcome: draft.outcome } as On;
    case 'file':
      return {
        kind: 'file',
        path: draft.path.trim(),
        pattern: draft.pattern.trim(),
        changes: draft.changes.split(' '),
        settle_seconds: Number(draft.settle)
      } as On;
    case 'webhook':
      return { kind: 'webhook', most_per_minute: Number(draft.perMinute) };
    case 'notebook':
      return { kind: 'notebook' };
  }
}

/** Read lines like `parameter=field`. */
function valuesOf(lines: string): Record<string, string> {
  const pairs = lines.split('\n').filter(line => line.trim());
  return Object.fromEntries(
    pairs.map(line => {
      const at = line.indexOf('=');
      return at < 0 ? [line.trim(), ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    })
  );
}

/** Return the typed number of runs; null for no limit. */
export function numberOf(atMost: string): number | null {
  return atMost.trim() ? Number(atMost) : null;
}

/** The fields of a refusal that belong to a value of the form. */
export const FIELDS: Readonly<Partial<Record<keyof IAutomationDraft, string>>> = {
  phrase: 'on',
  zone: 'zone',
  startsAt: 'starts_at',
  endsAt: 'ends_at',
  atMost: 'at_most',
  dataset: 'on.dataset',
  after: 'on.path',
  path: 'on.path',
  pattern: 'on.pattern',
  settle: 'on.settle_seconds',
  perMinute: 'on.most_per_minute',
  name: 'name',
  mode: 'mode',
  overlap: 'overlap',
  notify: 'notify',
  runtime: 'run.runtime',
  environment: 'run.environment',
  kernel: 'run.kernel',
  image: 'run.image'
};

/** Return what the server could not read, by its field. */
export function draftProblems(draft: IAutomationDraft, trans: TranslationBundle) {
  const unread = Object.entries(draft.unread).map(([at, { why }]) => [at, why]);
  const problems: Record<string, string> = Object.fromEntries(unread);
  if (draft.start === 'time' && !/^\s*\d*\s*$/.test(draft.atMost)) {
    problems.at_most = trans.__('Enter a whole number, or nothing for no limit.');
  }
  return problems;
}
