import { NewTrigger, Trigger } from '../../api/types';

type On = Trigger['on'];
export type Kind = On['kind'];

/** The typed values; those of other kinds of events are kept, but not sent. */
export interface ITriggerDraft {
  kind: Kind;
  dataset: string;
  after: string;
  outcome: string;
  path: string;
  pattern: string;
  changes: string;
  settle: string;
  perMinute: string;
  values: string;
  name: string;
  mode: Trigger['mode'];
  /** Runs ignore the cache. */
  force: boolean;
  overlap: Trigger['overlap'];
}

/** Return the values of a trigger, or those that a new one has at first. */
export function draftOf(known?: Trigger): ITriggerDraft {
  const draft: ITriggerDraft = {
    kind: known?.on.kind ?? 'dataset',
    dataset: '',
    after: '',
    outcome: 'succeeded',
    path: '',
    pattern: '*',
    changes: 'created modified',
    settle: '2',
    perMinute: '60',
    values: Object.entries(known?.values_from ?? {})
      .map(pair => pair.join('='))
      .join('\n'),
    name: known?.name ?? '',
    mode: known?.mode ?? 'follows',
    force: known?.run.force ?? true,
    overlap: known?.overlap ?? 'queue'
  };
  const on = known?.on;
  switch (on?.kind) {
    case 'dataset':
      return { ...draft, dataset: on.dataset };
    case 'workflow':
      return { ...draft, after: on.path, outcome: on.outcome };
    case 'file':
      return {
        ...draft,
        path: on.path,
        pattern: on.pattern,
        changes: on.changes.join(' '),
        settle: String(on.settle_seconds)
      };
    case 'webhook':
      return { ...draft, perMinute: String(on.most_per_minute) };
    default:
      return draft;
  }
}

/** Return what the form sends for a trigger of a run. */
export function bodyOf(draft: ITriggerDraft, run: Partial<Trigger['run']>) {
  const { name, mode, overlap, force } = draft;
  return {
    run: { ...run, force },
    ...{ name, mode, overlap, on: eventOf(draft), values_from: valuesOf(draft.values) }
  };
}

export type ITriggerBody = ReturnType<typeof bodyOf>;

function eventOf(draft: ITriggerDraft): NewTrigger['on'] {
  switch (draft.kind) {
    case 'dataset':
      return { kind: 'dataset', dataset: draft.dataset.trim() };
    case 'workflow':
      return { kind: 'workflow', path: draft.after.trim(), outcome: draft.outcome } as On;
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
