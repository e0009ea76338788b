import { TranslationBundle } from '@jupyterlab/translation';
import { Json, JsonObject, isObject } from './canonical';
import { IPort } from './edges';

export const VALUE_TYPES = [
  'string',
  'int',
  'float',
  'bool',
  'choice',
  'list',
  'json',
  'secret',
  'date',
  'datetime',
  'time',
  'decimal'
] as const;

/** What an output can hold. */
export const OUTPUT_CLASSES = ['data', 'model', 'metrics', 'report'] as const;

export type OutputClass = (typeof OUTPUT_CLASSES)[number];

/** Return the name of the class of an output. */
export function classText(outputClass: OutputClass, trans: TranslationBundle): string {
  return {
    data: trans.__('data'),
    model: trans.__('model'),
    metrics: trans.__('metrics'),
    report: trans.__('report')
  }[outputClass];
}

export type ValueType = (typeof VALUE_TYPES)[number];

/** A named argument of an executable, as the server reads it (without defaults). */
export interface IArgument extends IPort {
  type: ValueType;
  required?: boolean;
  nullable?: boolean;
  /** Missing without a default, because `null` is a default too. */
  default?: Json;
  choices?: readonly Json[];
  help?: string;
  /** What an output holds; missing or empty if its file name decides. */
  output_class?: OutputClass | '';
  /** How the code receives it; missing if by name. */
  reach?: unknown;
}

/** The source of an argument's value: a value, or a parameter of the workflow. */
export type Binding = { value: Json } | { parameter: string };

/** A parameter of the workflow, stored under its name in `meta.parameters`. */
export interface IParameter {
  type: ValueType;
  default?: Json;
  help?: string;
  choices?: readonly Json[];
}

export type Parameters = Record<string, IParameter>;

export function readArguments(items: readonly Partial<IArgument>[] | undefined): IArgument[] {
  return (items ?? []).map(item => ({
    ...item,
    name: item.name ?? '',
    role: item.role ?? 'value',
    type: item.type ?? 'string',
    format: item.format ?? ''
  }));
}

export function readParameters(meta: JsonObject): Parameters {
  return (isObject(meta.parameters) ? meta.parameters : {}) as unknown as Parameters;
}

/** Return the parameters of a workflow as fields of a form. */
export function parameterFields(parameters: Parameters): IArgument[] {
  return Object.entries(parameters).map(([name, parameter]) => ({
    ...parameter,
    name,
    role: 'value',
    format: '',
    required: parameter.default === undefined
  }));
}

export function readBinding(value: Json | undefined): Binding | undefined {
  if (isObject(value) && (typeof value.parameter === 'string' || 'value' in value)) {
    return value as unknown as Binding;
  }
  return undefined;
}

/** Return a value as the text of a field. */
export function showValue(value: Json | undefined): string {
  if (value === undefined || value === null) {
    return '';
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export type ParseProblem = 'int' | 'float' | 'list' | 'json' | 'range';

/** Parse a typed text by the argument's type; the server checks it finally. */
export function parseValue(
  type: ValueType,
  text: string
): { value: Json } | { problem: ParseProblem } {
  switch (type) {
    case 'int':
      return parseInteger(text.trim());
    case 'float': {
      const number = Number(text.trim().replace(/_/g, ''));
      return text.trim() && Number.isFinite(number) ? { value: number } : { problem: 'float' };
    }
    case 'list':
    case 'json': {
      const value = parseJson(text);
      const fits = value !== undefined && (type === 'json' || Array.isArray(value));
      return fits ? { value: value as Json } : { problem: type };
    }
    default:
      return { value: text };
  }
}

function parseInteger(text: string): { value: Json } | { problem: ParseProblem } {
  if (!/^[+-]?\d+(_\d+)*$/.test(text)) {
    return { problem: 'int' };
  }
  const number = Number(text.replace(/_/g, ''));
  return Number.isSafeInteger(number) ? { value: number } : { problem: 'range' };
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
