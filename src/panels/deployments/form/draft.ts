/** The fields of a deployment's form; ranges and defaults come from the server. */
import { TranslationBundle } from '@jupyterlab/translation';
import { ApiError } from '../../../api/client';
import {
  Deployment,
  DeploymentChange,
  DeploymentForm,
  FormField,
  NewDeployment
} from '../../../api/types';
import { fieldErrors } from '../../../forms/fieldErrors';
import { IField } from '../../../forms/schema/field';
import { bodyOf, Problems, Values, withoutSecrets } from '../../../forms/schema/fields';
import { problemsOf } from '../../frame/dialogs/askUntilAccepted';
import { changedFields } from '../../frame/dialogs/changes';

/** The source of a model: shown as text, without a field. */
const SOURCE = ['run', 'output', 'path'];
/** Shown first; the rest is behind *More*. */
const FIRST = ['image', 'title', 'password'];

/** Return the fields of a service in a preset, the image first. */
export function fieldsOf(
  form: DeploymentForm,
  { service, preset }: { service?: unknown; preset?: unknown },
  trans: TranslationBundle
): IField[] {
  const offered = form.services.find(({ name }) => name === service)!;
  const { fields } = form.presets.find(({ name }) => name === preset) ?? form.presets[0];
  const image: IField = {
    name: 'image',
    label: trans.__('Image'),
    help: trans.__(
      'The image with its tag, such as registry.example.org/team/cows:2. It is pulled if it is missing.'
    ),
    kind: 'text',
    picker: 'image',
    default: offered.image,
    required: !offered.image
  };
  const isIde = offered.needs_password; // an IDE has its own command and asks for a password
  return [image, ...fields.map(field => fieldOf(field, trans))].filter(
    ({ name }) => name !== (isIde ? 'command' : 'password')
  );
}

function fieldOf(field: FormField, trans: TranslationBundle): IField {
  const { name, kind, title, help, least, most, unit } = field;
  const range = `${[least, most].join('–')}${unit && ` ${unit}`}`; // "CPU (1–10)", "Memory (2–40 GB)"
  const placeholders: Record<string, string> = {
    words: trans.__('One word per line'),
    pairs: trans.__('One NAME=VALUE per line')
  };
  return {
    ...{ name, kind, help, default: field.default, placeholder: placeholders[kind] },
    label: kind === 'number' ? `${title} (${range})` : title,
    required: field.is_required || kind === 'password',
    more: !FIRST.includes(name),
    isSecret: kind === 'pairs' // variables hold tokens
  };
}

/** Return the values that a page may store: no passwords, and no variables. */
export function storedValues(
  { presets }: DeploymentForm,
  values: Values,
  trans: TranslationBundle
): Values {
  const all = presets.flatMap(({ fields }) => fields.map(field => fieldOf(field, trans)));
  return withoutSecrets(all, values);
}

/** Return the body to create a deployment: the typed values of its fields. */
export function requestBody(fields: readonly IField[], values: Values): Partial<NewDeployment> {
  const typed = Object.entries(values).filter(([, value]) => value !== '');
  return bodyOf(fields, Object.fromEntries(typed));
}

/** Return the changed values of an edited deployment. An empty number or password stays. */
export function changeOf(
  fields: readonly IField[],
  values: Values,
  now: Readonly<Record<string, unknown>>
): Partial<DeploymentChange> {
  const typed = fields.filter(
    ({ name, kind }) => values[name] !== '' || !['number', 'password'].includes(kind)
  );
  return changedFields(bodyOf(typed, values), now);
}

/** Return the values of an existing deployment by field name. */
export function valuesOf({ title, description, spec }: Deployment): Record<string, unknown> {
  return { title, description, ...spec };
}

/** Return the messages of a refusal by field; general ones are under "", as paragraphs. */
export function placedProblems(error: unknown, fields: readonly IField[]): Problems {
  const isPlaced = (path: string) => fields.some(({ name }) => name === path.split('.')[0]);
  const problems = fieldErrors(error, isPlaced);
  const { '': general } = problemsOf(error);
  const [placed, others] = [true, false].map(isWanted =>
    Object.entries(problems).filter(([path]) => isPlaced(path) === isWanted)
  );
  const texts = others.map(([path, text]) => (SOURCE.includes(path) ? text : `${path}: ${text}`));
  const isHintLeft = Object.keys(problems).some((path, index) => !index && !isPlaced(path));
  const hint = isHintLeft && (error as ApiError).hint;
  const rest = [general, ...texts, hint].filter(Boolean).join('\n\n');
  return { ...Object.fromEntries(placed), ...(rest && { '': rest }) };
}
