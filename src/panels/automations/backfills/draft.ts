/** The typed values of a backfill, and what the form sends of them. */
import { TranslationBundle } from '@jupyterlab/translation';
import { Automation, Backfill, NewBackfill } from '../../../api/types';
import { timeIn } from '../../../components/format/times';
import { DECLARED } from '../../../forms/schema/declared';
import { bodyOf, Problems, typedValues, unreadFields, Values } from '../../../forms/schema/fields';

const DAYS = 7;
const DAY_MS = 86_400_000;
const FIELDS = DECLARED.NewBackfill;

/** Return the values that a new backfill has at first: the past week. */
export function newDraft({ zone }: Pick<Automation, 'zone'>, now = Date.now()): Values {
  const since = timeIn(zone, new Date(now - DAYS * DAY_MS).toISOString());
  return typedValues(FIELDS, { since: `${since.slice(0, 10)}T00:00` });
}

/** Return the values that continue a backfill: due times that succeeded are left out. */
export function draftToContinue({ zone, since, until, at_once }: Backfill): Values {
  const range = { since: timeIn(zone, since), until: timeIn(zone, until) };
  return typedValues(FIELDS, { ...range, at_once });
}

/** Return what the form sends. */
export function backfillBody(typed: Values): NewBackfill {
  return bodyOf(FIELDS, typed);
}

/** Return the problems of values that cannot be sent, by field. */
export function draftProblems(typed: Values, trans: TranslationBundle): Problems {
  const missing = { since: trans.__('Enter the first moment.') };
  return { ...(!typed.since && missing), ...unreadFields(FIELDS, typed, trans) };
}
