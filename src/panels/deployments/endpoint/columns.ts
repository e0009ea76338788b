/** Requests of a model with a schema, and its messages about fields. */
import { TranslationBundle } from '@jupyterlab/translation';
import { ICall, ICallField } from './calls';

interface IColumn {
  name: string;
  type: string;
  nullable?: unknown;
}

/** A form with more fields is unusable. */
const MOST_FIELDS = 40;
const TYPES: Record<string, string> = { int: 'integer', float: 'number', bool: 'boolean' };
/** Values to try a model with of which no row is known. */
const NEUTRAL: Record<string, unknown> = {
  ...{ int: 1, float: 1, bool: false, str: 'text' },
  ...{ date: '2025-01-01', datetime: '2025-01-01T00:00:00' }
};

/**
 * Return requests for a model's `/schema`: one record by its columns, or JSON text. Values are
 * those of the row `known`; without one, they are neutral, or empty where optional. The schema is foreign data, so check it.
 */
export function predictionCalls(
  answer: unknown,
  trans: TranslationBundle,
  known: Readonly<Record<string, unknown>> = {}
): readonly ICall[] {
  const schema = (answer as { input_schema?: unknown } | null)?.input_schema;
  const columns = (Array.isArray(schema) ? schema : [schema]).filter(
    (column): column is IColumn =>
      typeof column?.name === 'string' && typeof column.type === 'string'
  );
  if (!columns.length) {
    return [];
  }
  const isKnown = columns.some(({ name }) => name in known);
  const neutral = ({ type, nullable }: IColumn) => (nullable ? null : NEUTRAL[type]);
  const sample = (column: IColumn) => (isKnown ? known[column.name] : neutral(column)) ?? null;
  const record = Object.fromEntries(columns.map(column => [column.name, sample(column)]));
  const call = (title: string, fields: ICallField[]): ICall => ({
    ...{ method: 'POST', path: '/predict', group: '' },
    ...{ title, fields }
  });
  const form = call(
    trans.__('Predict a row'),
    columns.map(column => columnField(column, sample(column), trans))
  );
  const text = call(trans.__('Predict rows of JSON'), [
    {
      ...plain('JSON', 'body', 'json'),
      help: trans.__(
        'A list of records, or one record: %1',
        columns.map(column => `${column.name}: ${typeText(column, trans)}`).join('; ')
      ),
      default: JSON.stringify([record], undefined, 2)
    }
  ]);
  return columns.length > MOST_FIELDS ? [text, form] : [form, text];
}

function columnField(column: IColumn, sample: unknown, trans: TranslationBundle): ICallField {
  const { name, type } = column;
  return {
    ...plain(name, 'column', TYPES[type] ?? 'string'),
    help: typeText(column, trans),
    default: sample as string | number | boolean | null,
    is_required: column.nullable !== true
  };
}

function typeText({ type, nullable }: IColumn, trans: TranslationBundle): string {
  return nullable === true ? trans.__('%1, optional', type) : type;
}

function plain(name: string, place: ICallField['place'], type: string): ICallField {
  const bounds = { least: null, most: null };
  return { name, place, type, help: '', default: null, choices: [], is_required: true, ...bounds };
}

/** Return a model's messages about refused values (status 422), by field. */
export function refusedValues(status: number, text: string): Readonly<Record<string, string>> {
  if (status !== 422) {
    return {};
  }
  try {
    const details = JSON.parse(text).details as { field: string; message: string }[];
    return Object.fromEntries(details.map(({ field, message }) => [field, message]));
  } catch {
    return {};
  }
}

/** Digits that are shown of a float; the last ones are noise of its arithmetic. */
const DIGITS = 12;

function rounded(value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value)
    ? Number(value.toPrecision(DIGITS))
    : value;
}

/** Return names and values of the answer to one row; empty for several rows or other answers. */
export function predictedValues(text: string): [string, string][] {
  try {
    const { prediction, predictions } = JSON.parse(text);
    const record = prediction ?? (predictions?.length === 1 ? predictions[0] : undefined);
    return Object.entries(record as Record<string, unknown>).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value, (_, part) => rounded(part))
    ]);
  } catch {
    return []; // the service is no model of ours
  }
}
