/** The typed values of a deployment's form; ranges and defaults come from the server. */
import { TranslationBundle } from '@jupyterlab/translation';
import { ApiError } from '../../../api/client';
import {
  Deployment,
  DeploymentChange,
  DeploymentForm,
  FormField,
  NewDeployment,
  Port
} from '../../../api/types';
import { pairLines, parsePairs } from '../../../forms/lines';

/** A value as the text of its field. */
export type Typed = string | readonly Port[];
/** Values by field name; a missing one was not changed. */
export type Values = Readonly<Record<string, Typed | undefined>>;
export type Problems = Readonly<Record<string, string>>;

export interface IDraft {
  service: NewDeployment['service'];
  preset: string;
  values: Values;
}

/** The source of a model: shown as text, without a field. */
const SOURCE = ['run', 'output', 'path'];
/** Shown first; the rest is behind *More*. */
const FIRST = ['class_name', 'image', 'title', 'password'];
/** A refused part of a port, which is shown at its own field. */
const PORT_PART = /^ports\.\d+\.(name|port|path)$/;

/** Return the fields of a service in a preset, the image first. */
export function fieldsOf(
  form: DeploymentForm,
  { service, preset }: Pick<IDraft, 'service' | 'preset'>,
  trans: TranslationBundle
): FormField[] {
  const offered = form.services.find(({ name }) => name === service)!;
  const { fields } = form.presets.find(({ name }) => name === preset) ?? form.presets[0];
  const image: FormField = {
    name: 'image',
    title: trans.__('Image'),
    help: trans.__(
      'The image with its tag, such as registry.example.org/team/cows:2. It is pulled if it is missing.'
    ),
    kind: 'text',
    default: offered.image,
    least: null,
    most: null,
    unit: '',
    choices: [],
    is_required: !offered.image,
    is_advanced: false
  };
  const isIde = offered.needs_password; // an IDE has its own command and asks for a password
  return [image, ...fields]
    .filter(({ name }) => name !== (isIde ? 'command' : 'password'))
    .map(field => (field.name === 'password' ? { ...field, is_required: true } : field));
}

export function isFirst({ name }: FormField): boolean {
  return FIRST.includes(name);
}

/** Return a value as the text of its field. */
export function fieldText({ kind }: FormField, value: unknown): Typed {
  if (value === undefined || value === null) {
    return kind === 'ports' ? [] : '';
  }
  switch (kind) {
    case 'ports':
      return value as Port[];
    case 'words':
      return (value as string[]).join('\n');
    case 'pairs':
      return pairLines(value as Record<string, string>);
    default:
      return String(value);
  }
}

function read({ kind }: FormField, value: Typed): unknown {
  switch (kind) {
    case 'ports':
      return value;
    case 'words':
      return value ? (value as string).split('\n') : [];
    case 'pairs':
      return parsePairs(value as string);
    case 'number':
      return Number(value);
    default:
      return value;
  }
}

/** Return the fields with unreadable numbers. */
export function unread(
  fields: readonly FormField[],
  values: Values,
  trans: TranslationBundle
): Problems {
  const wrong = fields.filter(
    ({ kind, name }) => kind === 'number' && values[name] && !Number.isFinite(Number(values[name]))
  );
  return Object.fromEntries(wrong.map(({ name }) => [name, trans.__('Enter a number.')]));
}

/** Return the values that a page may store: no passwords, and no variables, which hold tokens. */
export function withoutSecrets({ presets }: DeploymentForm, values: Values): Values {
  const secret = presets
    .flatMap(({ fields }) => fields)
    .filter(({ kind }) => kind === 'password' || kind === 'pairs')
    .map(({ name }) => name);
  return Object.fromEntries(Object.entries(values).filter(([name]) => !secret.includes(name)));
}

/** Return the body to create a deployment: the typed values of visible fields. */
export function bodyOf(fields: readonly FormField[], draft: IDraft): Partial<NewDeployment> {
  const { service, preset, values } = draft;
  const said = fields.flatMap(field => {
    const value = values[field.name];
    return value === undefined || value === '' ? [] : [[field.name, read(field, value)]];
  });
  return { service, preset, ...Object.fromEntries(said) };
}

/** Return the changed values of an edited deployment. An empty number or password stays. */
export function changeOf(
  fields: readonly FormField[],
  values: Values,
  now: Readonly<Record<string, unknown>>
): Partial<DeploymentChange> {
  const said = fields.flatMap(field => {
    const { name, kind } = field;
    const value = values[name];
    if (value === undefined || (value === '' && (kind === 'number' || kind === 'password'))) {
      return [];
    }
    const given = read(field, value);
    return JSON.stringify(given) === JSON.stringify(now[name]) ? [] : [[name, given]];
  });
  return Object.fromEntries(said);
}

/** Return the values of an existing deployment by field name. */
export function valuesOf({ title, description, spec }: Deployment): Record<string, unknown> {
  return { title, description, ...spec };
}

/** "CPU (1–10)", "Memory (2–40 GB)". */
export function labelOf({ kind, title, least, most, unit }: FormField): string {
  return kind === 'number' ? `${title} (${[least, most].join('–')}${unit && ` ${unit}`})` : title;
}

/** Return the messages without those about a field or its parts. */
export function withoutProblem(problems: Problems, name: string): Problems {
  return Object.fromEntries(
    Object.entries(problems).filter(([path]) => path.split('.')[0] !== name)
  );
}

/** Return the messages of a refusal by field; general ones are under "". */
export function problemsOf(error: unknown, fields: readonly FormField[]): Problems {
  const { details = [], message, hint } = error as Partial<ApiError>;
  const byField: Record<string, string> = {};
  for (const detail of details) {
    const [first, ...rest] = detail.path.split('.');
    const field = fields.some(({ name }) => name === first) ? first : '';
    const place = SOURCE.includes(detail.path) ? '' : detail.path;
    const where = field ? rest.filter(part => !/^\d+$/.test(part)).join(' ') : place;
    const isPart = field !== '' && PORT_PART.test(detail.path);
    const key = isPart ? detail.path : field;
    const sentence = [!isPart && where, detail.message].filter(Boolean).join(': ');
    byField[key] = [byField[key], sentence].filter(Boolean).join('; ');
  }
  const [first] = Object.keys(byField);
  if (first !== undefined && hint) {
    byField[first] += ` – ${hint}`;
  }
  return details.length ? byField : { '': [message, hint].filter(Boolean).join(' ') };
}
