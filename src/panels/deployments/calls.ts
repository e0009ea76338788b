/** What a deployed service can be asked, and the request that comes of what was filled in. */
import { URLExt } from '@jupyterlab/coreutils';
import { CallForm } from '../../api/types';

/** As the server tells them; a `body` is JSON text and the only field. */
export interface ICallField extends Omit<CallForm['fields'][number], 'place'> {
  place: CallForm['fields'][number]['place'] | 'body';
}

export interface ICall extends Omit<CallForm, 'fields'> {
  fields: ICallField[];
}

/** By the names of fields; what is not there is as the service has it. */
export type Given = Readonly<Record<string, string | File | undefined>>;

export interface IRequest {
  method: string;
  url: string;
  /** JSON text. */
  json?: string;
  /** Fields of a form. */
  parts?: [string, string | File][];
}

const SAMPLES: Record<string, unknown> = { int: 1, float: 0.5, bool: true, date: '2030-01-31' };

/** Of a model's `/schema`: one record, with a value of each column, that of the row that is `known`
 * where there is one. Strangers wrote it. */
export function predictionOf(
  told: unknown,
  title: string,
  known: Readonly<Record<string, unknown>> = {}
): ICall | undefined {
  const schema = (told as { input_schema?: unknown } | null)?.input_schema;
  const columns = (Array.isArray(schema) ? schema : [schema]).filter(
    (one): one is { name: string; type: string } => typeof one?.name === 'string'
  );
  if (!columns.length) {
    return undefined;
  }
  const sample = Object.fromEntries(
    columns.map(({ name, type }) => [name, known[name] ?? SAMPLES[type] ?? 'text'])
  );
  const help = columns.map(({ name, type }) => `${name}: ${type}`).join(', ');
  const body: ICallField = {
    name: 'JSON',
    place: 'body',
    type: 'json',
    help,
    default: JSON.stringify(sample, undefined, 2),
    choices: [],
    least: null,
    most: null,
    is_required: true
  };
  return { method: 'POST', path: '/predict', title, group: '', fields: [body] };
}

/** What stands in a field before anything is filled in. */
export function valueOf(field: ICallField, given: Given): string {
  const value = given[field.name];
  return typeof value === 'string' ? value : String(field.default ?? '');
}

export function requestOf(
  { method, path, fields }: ICall,
  address: string,
  given: Given
): IRequest {
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

const LANGUAGES = ['curl', 'Python', 'JavaScript'] as const;

/** The same request elsewhere, with a place for the token. */
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
      'answer = requests.request(',
      `    "${method}", ${JSON.stringify(url)},`,
      '    headers={"Authorization": "token " + os.environ["TOKEN"]},',
      ...(json === undefined ? [] : [`    json=${pythonOf(json)},`]),
      ...(texts.length ? [`    data=${pairs(texts, literal)},`] : []),
      ...(files.length ? [`    files=${pairs(files, opened)},`] : []),
      ')',
      'print(answer.json())'
    ].join('\n');
  },
  JavaScript: ({ method, url, json, parts }) =>
    [
      ...(parts ? ['const body = new FormData();'] : []),
      ...(parts ?? []).map(
        ([name, value]) =>
          `body.append(${literal(name)}, ${value instanceof File ? 'file' : literal(value)});`
      ),
      `const answer = await fetch(${JSON.stringify(url)}, {`,
      `  method: "${method}",`,
      '  headers: { Authorization: `token ${token}` },',
      ...(json === undefined ? [] : [`  body: ${JSON.stringify(json)},`]),
      ...(parts ? ['  body,'] : []),
      '});',
      'console.log(await answer.json());'
    ].join('\n')
};

/** JSON as Python writes it; text that is none is left to be seen. */
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
      ([name, one]) => `${JSON.stringify(name)}: ${pythonValue(one)}`
    );
    return `{${pairs.join(', ')}}`;
  }
  return JSON.stringify(value);
}
