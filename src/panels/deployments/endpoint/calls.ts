/** Requests of a deployed service, built from the fields of a form. */
import { URLExt } from '@jupyterlab/coreutils';
import { CallForm } from '../../../api/types';

/**
 * A field as the server describes it; a `body` is JSON text and the only field, a `column` is a
 * part of it.
 */
export interface ICallField extends Omit<CallForm['fields'][number], 'place'> {
  place: CallForm['fields'][number]['place'] | 'body' | 'column';
}

export interface ICall extends Omit<CallForm, 'fields'> {
  fields: ICallField[];
}

/** Values by field name; a missing one uses the default of the service. */
export type Given = Readonly<Record<string, string | File | undefined>>;

export interface IRequest {
  method: string;
  url: string;
  /** JSON text. */
  json?: string;
  /** Fields of a form. */
  parts?: [string, string | File][];
}

/** Return the text of a field; its default if it is empty. */
export function valueOf(field: ICallField, given: Given): string {
  const value = given[field.name];
  return typeof value === 'string' ? value : String(field.default ?? '');
}

export function requestOf(
  { method, path, fields }: ICall,
  address: string,
  given: Given
): IRequest {
  const columns = fields.filter(({ place }) => place === 'column');
  if (columns.length) {
    return { method, url: URLExt.join(address, path), json: recordOf(columns, given) };
  }
  const said = fields.flatMap((field): [ICallField, string | File][] => {
    const value = field.type === 'file' ? given[field.name] : valueOf(field, given);
    return value ? [[field, value]] : [];
  });
  const of = (place: ICallField['place']) =>
    said
      .filter(([field]) => field.place === place)
      .map(([{ name }, value]): [string, string | File] => [name, value]);
  const variables = new Map(of('path'));
  const filled = path.replace(/\{([^}]+)\}/g, (_, name: string) =>
    encodeURIComponent(String(variables.get(name) ?? ''))
  );
  const asked = of('query').map(([name, value]) => [name, String(value)]);
  const query = new URLSearchParams(asked).toString();
  const url = URLExt.join(address, filled) + (query && `?${query}`);
  const [body] = of('body');
  const parts = of('formData');
  if (body) {
    return { method, url, json: String(body[1]) };
  }
  return parts.length ? { method, url, parts } : { method, url };
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * Return JSON text. A value that does not fit its column is sent unchanged, and the model refuses
 * it.
 */
function recordOf(columns: readonly ICallField[], given: Given): string {
  const pairs = columns.map(field => {
    const text = valueOf(field, given);
    return `${JSON.stringify(field.name)}: ${jsonOf(field, text)}`;
  });
  return `{${pairs.join(', ')}}`;
}

function jsonOf({ type, is_required }: ICallField, text: string): string {
  if (!text && !(type === 'string' && is_required)) {
    return 'null';
  }
  const isNumber = ['integer', 'number'].includes(type) && NUMBER.test(text.trim());
  return isNumber || type === 'boolean' ? text.trim() : JSON.stringify(text);
}

const LANGUAGES = ['curl', 'Python', 'JavaScript'] as const;

/** Return the request in other languages, with a placeholder for the token. */
export function snippetsOf(request: IRequest): [(typeof LANGUAGES)[number], string][] {
  return LANGUAGES.map(language => [language, SNIPPETS[language](request)]);
}

const quoted = (text: string) => `'${text.replace(/'/g, `'\\''`)}'`;
const shown = (value: string | File) => (value instanceof File ? `@${value.name}` : value);
const literal = (value: string | File) => JSON.stringify(shown(value));

const SNIPPETS: Record<(typeof LANGUAGES)[number], (request: IRequest) => string> = {
  curl: ({ method, url, json, parts }) =>
    [
      `curl -X ${method} -H "Authorization: token $TOKEN"`,
      ...(json === undefined ? [] : [`-H 'Content-Type: application/json' -d ${quoted(json)}`]),
      ...(parts ?? []).map(([name, value]) => `-F ${quoted(`${name}=${shown(value)}`)}`),
      quoted(url)
    ].join(' \\\n  '),
  Python: ({ method, url, json, parts = [] }) => {
    const files = parts.filter(([, value]) => value instanceof File);
    const texts = parts.filter(([, value]) => !(value instanceof File));
    const pairs = (of: typeof parts, show: (value: string | File) => string) =>
      `{${of.map(([name, value]) => `${literal(name)}: ${show(value)}`).join(', ')}}`;
    const opened = (value: string | File) => `open(${JSON.stringify((value as File).name)}, "rb")`;
    return [
      'import os',
      'import requests',
      '',
      'response = requests.request(',
      `    "${method}", ${JSON.stringify(url)},`,
      '    headers={"Authorization": "token " + os.environ["TOKEN"]},',
      ...(json === undefined ? [] : [`    json=${pythonOf(json)},`]),
      ...(texts.length ? [`    data=${pairs(texts, literal)},`] : []),
      ...(files.length ? [`    files=${pairs(files, opened)},`] : []),
      ')',
      'print(response.json())'
    ].join('\n');
  },
  JavaScript: ({ method, url, json, parts }) =>
    [
      ...(parts ? ['const body = new FormData();'] : []),
      ...(parts ?? []).map(
        ([name, value]) =>
          `body.append(${literal(name)}, ${value instanceof File ? 'file' : literal(value)});`
      ),
      `const response = await fetch(${JSON.stringify(url)}, {`,
      `  method: "${method}",`,
      '  headers: { Authorization: `token ${token}` },',
      ...(json === undefined ? [] : [`  body: ${JSON.stringify(json)},`]),
      ...(parts ? ['  body,'] : []),
      '});',
      'console.log(await response.json());'
    ].join('\n')
};

/** Write JSON as Python; text that is not JSON stays visible. */
function pythonOf(json: string): string {
  try {
    return pythonValue(JSON.parse(json));
  } catch {
    return json;
  }
}

function pythonValue(value: unknown): string {
  if (value === null) {
    return 'None';
  }
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  if (Array.isArray(value)) {
    return `[${value.map(pythonValue).join(', ')}]`;
  }
  if (typeof value === 'object') {
    const pairs = Object.entries(value).map(
      ([name, member]) => `${JSON.stringify(name)}: ${pythonValue(member)}`
    );
    return `{${pairs.join(', ')}}`;
  }
  return JSON.stringify(value);
}
