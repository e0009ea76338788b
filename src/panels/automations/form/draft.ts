/** The typed values of an automation, and what the form sends of them. */
import { TranslationBundle } from '@jupyterlab/translation';
import { Automation, NewAutomation, NewRun } from '../../../api/types';
import { timeIn } from '../../../components/format/times';
import { showValue } from '../../../document/arguments';
import { Json } from '../../../document/canonical';
import { DECLARED } from '../../../forms/schema/declared';
import {
  bodyOf as requestOf,
  Problems,
  typedValues,
  unreadFields,
  Values
} from '../../../forms/schema/fields';

export type On = Automation['on'];
type StoredRun = Partial<NewRun>;

export interface IAutomationDraft {
  /** Values by field of the request. Those of other starts are kept, but not sent. */
  typed: Values;
  /** Parameters and inputs by name, without those that keep their defaults. */
  values: Record<string, Json>;
  /** Unreadable texts with reasons, by parameter; nothing is sent while there are any. */
  unread: Record<string, { text: string; why: string }>;
}

const FIELDS = DECLARED.NewAutomation;
/** Also those that the chosen policy ignores: a change replaces all of them. */
const MISSED = FIELDS.filter(({ name }) => name.startsWith('missed.')).map(
  ({ when: _, ...field }) => field
);

/** Return the values of a new automation, if the user types nothing. */
export function newDraft(run: StoredRun = {}, kind: On['kind'] = 'phrase'): IAutomationDraft {
  const on = { kind, text: 'weekdays 8:00' };
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return draftWith({ on, zone, overlap: usualOverlap(kind), run: { force: true, ...run } });
}

/** Return what happens while a run is active, if the user chooses nothing. */
export function usualOverlap(kind: On['kind']): Automation['overlap'] {
  return kind === 'phrase' ? 'skip' : 'queue';
}

/** Return the values of an automation. */
export function draftOf(known: Automation): IAutomationDraft {
  const { zone, starts_at, ends_at } = known;
  const on = typedStart(known.on, zone);
  return draftWith({
    ...{ ...known, on },
    starts_at: timeIn(zone, starts_at),
    ends_at: timeIn(zone, ends_at)
  });
}

function draftWith(item: { run: StoredRun; [field: string]: unknown }): IAutomationDraft {
  return { typed: typedValues(FIELDS, item), values: valuesOf(item.run), unread: {} };
}

/** Return what starts a run: a time as typed, or as one would type it. */
function typedStart(on: On, zone: string): On {
  switch (on.kind) {
    case 'cron':
      return { kind: 'phrase', text: on.expression };
    case 'interval':
      return { kind: 'phrase', text: `every ${on.seconds} seconds` };
    case 'once':
      return { kind: 'phrase', text: timeIn(zone, on.at).replace('T', ' ') };
    default:
      return on;
  }
}

/** Texts are values as typed in a shell; the server prefers them too. */
function valuesOf({ parameters, texts }: StoredRun): Record<string, Json> {
  return { ...(parameters as Record<string, Json>), ...texts };
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

/** Return a run with what the user changed: other fields, and values. */
function changedRun(run: StoredRun, others: StoredRun, typed: Record<string, Json>): StoredRun {
  const changed = Object.entries(others).filter(
    ([name, value]) => value !== (run[name as keyof NewRun] ?? '')
  );
  const kept = { ...run, ...Object.fromEntries(changed) };
  const before = valuesOf(run);
  const values = inOrder(typed, before);
  if (JSON.stringify(values) === JSON.stringify(before)) {
    return kept;
  }
  const same = Object.entries(run.texts ?? {}).filter(([name, text]) => values[name] === text);
  const texts = Object.fromEntries(same);
  const parameters = Object.entries(values).filter(([name]) => !(name in texts));
  return { ...kept, parameters: Object.fromEntries(parameters), ...(run.texts && { texts }) };
}

/** Return what the form sends for an automation of a run. */
export function bodyOf({ typed, values }: IAutomationDraft, run: StoredRun) {
  const body = requestOf<NewAutomation>(FIELDS, typed);
  const { parameters: _, ...ofNodes } = body.run;
  return {
    ...body,
    run: changedRun(run, ofNodes, values),
    ...(body.missed && requestOf<Pick<NewAutomation, 'missed'>>(MISSED, typed))
  };
}

/** Return what the server could not read, by its field. */
export function draftProblems(draft: IAutomationDraft, trans: TranslationBundle): Problems {
  const unread = Object.entries(draft.unread).map(([at, { why }]) => [at, why]);
  return { ...unreadFields(FIELDS, draft.typed, trans), ...Object.fromEntries(unread) };
}
