/** The fields of a form, and their values as the user types them. */
import { TranslationBundle } from '@jupyterlab/translation';
import { serverTime } from '../../components/format/times';
import { hidden } from '../../spelling/ShowAsCommand';
import { pairLines, parsePairs, words } from '../lines';
import { DECLARED } from './declared';
import type { FieldKind, IField } from './field';

/** A value as its widget has it: a text, a checked box, checked values, or rows. */
export type Typed = string | boolean | readonly unknown[];
/** Values by the names of fields; a missing one was not changed. */
export type Values = Readonly<Record<string, Typed | undefined>>;
/** Messages by path; '' is about the whole form. */
export type Problems = Readonly<Record<string, string>>;

/** How much one of a unit is in a request. */
const SCALES: Readonly<Record<string, number>> = { number: 1, int: 1, minutes: 60, gigabytes: 1e9 };
const SEPARATORS: Readonly<Record<string, string>> = { pairs: '=', facts: ' = ' };

/** Kinds whose values are lists: checked values and rows. */
const LISTS: readonly FieldKind[] = ['boxes', 'notices', 'ports'];

/** Return the fields of a struct's form, as `shown` declares them on the server. */
export function declaredFields(struct: string, trans: TranslationBundle): IField[] {
  const translated = <T>(value: T): T =>
    // eslint-disable-next-line jupyter/no-dynamic-translation -- `declared` has the literals
    (typeof value === 'string' ? trans.__(value) : value) as T;
  return DECLARED[struct].map(field => {
    const { label, help, placeholder, empty, labels } = field;
    const texts = Object.entries({ label, help, placeholder, empty });
    const translatedLabels = Object.entries(labels ?? {}).map(([value, text]) => [
      value,
      translated(text)
    ]);
    return {
      ...field,
      ...Object.fromEntries(texts.map(([key, text]) => [key, translated(text)])),
      ...(labels && { labels: Object.fromEntries(translatedLabels) })
    };
  });
}

/** Return the fields that are shown beside these values. */
export function visibleFields(fields: readonly IField[], values: Values): IField[] {
  return fields.filter(({ when = {} }) =>
    Object.entries(when).every(([name, value]) => [value].flat().includes(values[name]))
  );
}

/** Return a value as its widget has it. */
export function typedValue({ kind }: IField, value: unknown): Typed {
  if (value === undefined || value === null) {
    return kind === 'box' ? false : LISTS.includes(kind) ? [] : '';
  }
  if (kind in SEPARATORS) {
    return pairLines(value as Record<string, string>, SEPARATORS[kind]);
  }
  if (kind in SCALES) {
    return String((value as number) / SCALES[kind]);
  }
  if (kind === 'words' || kind === 'names') {
    return (value as string[]).join(kind === 'words' ? '\n' : ' ');
  }
  return typeof value === 'number' ? String(value) : (value as Typed);
}

/** Return the typed value for a request; undefined for an unreadable number. */
export function readValue({ kind }: IField, typed: Typed): unknown {
  if (typeof typed !== 'string') {
    return typed;
  }
  if (kind in SEPARATORS) {
    return parsePairs(typed, SEPARATORS[kind]);
  }
  if (kind in SCALES) {
    const number = typed.trim() ? Number(typed) * SCALES[kind] : null;
    const whole = number !== null && kind === 'gigabytes' ? Math.round(number) : number;
    const isRead = kind === 'int' ? Number.isInteger(whole) : Number.isFinite(whole);
    return whole === null || isRead ? whole : undefined;
  }
  if (kind === 'words') {
    return typed ? typed.split('\n') : [];
  }
  if (kind === 'names') {
    return words(typed);
  }
  if (kind === 'moment') {
    return serverTime(typed);
  }
  return kind === 'text' ? typed.trim() : typed;
}

/** Return the typed values of an item, or those of a new one at first. */
export function typedValues(
  fields: readonly IField[],
  item: object = {}
): Record<string, Typed | undefined> {
  return Object.fromEntries(
    fields.map(field => [field.name, typedValue(field, valueAt(item, field.name) ?? field.first)])
  );
}

/** Return the body of a request with the values of visible fields that were typed. */
export function bodyOf<T extends object>(fields: readonly IField[], values: Values): T {
  const body = {};
  for (const field of visibleFields(fields, values)) {
    const typed = values[field.name];
    if (typed !== undefined) {
      setAt(body, field.name.split('.'), readValue(field, typed));
    }
  }
  return body as T;
}

/** Return the visible fields with unreadable numbers, or without one that is needed. */
export function unreadFields(
  fields: readonly IField[],
  values: Values,
  trans: TranslationBundle
): Problems {
  const unread = visibleFields(fields, values).filter(field => {
    const typed = values[field.name];
    const value = readValue(field, typed ?? '');
    // what has a number at first has no meaning without one
    const isNeeded = field.first || (field.kind === 'moment' && field.required);
    return value === undefined || (value === null && typed !== undefined && isNeeded);
  });
  const textOf = ({ kind, label }: IField) =>
    kind === 'int'
      ? trans.__('Enter a whole number.')
      : kind === 'moment'
        ? trans.__('Enter a date and a time for “%1”.', label)
        : trans.__('Enter a number.');
  return Object.fromEntries(unread.map(field => [field.name, textOf(field)]));
}

const isSecret = ({ kind, isSecret }: IField) => kind === 'password' || !!isSecret;

/** Return the values that a page may store. */
export function withoutSecrets<T extends Values>(fields: readonly IField[], values: T): T {
  const secret = new Set(fields.filter(isSecret).map(({ name }) => name));
  return Object.fromEntries(Object.entries(values).filter(([name]) => !secret.has(name))) as T;
}

/** Return the values that a spelling may get: whether there are passwords, but not which. */
export function withHiddenPasswords(fields: readonly IField[], values: Values): Values {
  const passwords = fields.filter(({ kind, name }) => kind === 'password' && values[name]);
  const marks = passwords.map(({ name }) => [name, hidden(String(values[name]).trim())]);
  return { ...values, ...Object.fromEntries(marks) };
}

/** Return the messages about a field and its parts, in one text. */
export function problemAt(problems: Problems, name: string): string | undefined {
  const parts = Object.keys(problems).filter(path => path.startsWith(`${name}.`));
  const texts = parts.map(path => {
    const place = path.slice(name.length + 1).split('.');
    return [place.filter(word => !/^\d+$/.test(word)).join(' '), problems[path]];
  });
  return (
    [problems[name], ...texts.map(text => text.filter(Boolean).join(': '))]
      .filter(Boolean)
      .join('; ') || undefined
  );
}

/** Return the messages without those about a field and its parts. */
export function withoutProblem(problems: Problems, name: string): Problems {
  const others = Object.entries(problems).filter(
    ([path]) => path !== name && !path.startsWith(`${name}.`)
  );
  return Object.fromEntries(others);
}

function valueAt(item: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce((value, key) => (value as Record<string, unknown> | undefined)?.[key], item);
}

/** Set a value in nested objects; a number is the index in a list. */
function setAt(item: object, [key, ...rest]: readonly string[], value: unknown): void {
  const target = item as Record<string, unknown>;
  if (!rest.length) {
    target[key] = value;
    return;
  }
  target[key] ??= /^\d+$/.test(rest[0]) ? [] : {};
  setAt(target[key] as object, rest, value);
}
