// Generate types, routes and fields of forms from the OpenAPI document; --check compares them.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

const DOCUMENT = 'jupyter_ext/nbyard/rest/openapi.json';
const TYPES = 'src/api/schema.ts';
const ROUTES = 'src/api/routes.ts';
const FIELDS = 'src/forms/schema/declared.ts';
/** The structs that have a form. */
const FORMS = [
  ...['CleanUpRules', 'NewAutomation', 'NewBackfill', 'NewChannel', 'NewCredential'],
  ...[
    'NewEnvironment',
    'NewMember',
    'NewProject',
    'PolicyRules',
    'ProposedRule',
    'QuotaLimits',
    'Recipe',
    'Resources'
  ]
];
const words = process.argv.slice(2);
const options = [DOCUMENT, '--empty-objects-unknown', '-o', TYPES, ...words];
if (spawnSync('openapi-typescript', options, { stdio: 'inherit' }).status !== 0) {
  process.exit(1);
}

const { paths, components } = JSON.parse(readFileSync(DOCUMENT, 'utf8'));
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation }))
);

/** The schema behind a reference. */
const schemaOf = ({ $ref }) => components.schemas[$ref?.split('/').pop()];

/**
 * The fields of a form: those of a struct with an order, and of the structs in it, sorted; all
 * fields of a form without an order.
 */
function fieldsOf({ properties = {}, required = [] }, path, when, outer) {
  const isPlain = !path && !Object.values(properties).some(each => each['x-order']);
  const fields = Object.entries(properties).flatMap(([key, property], at) => {
    const name = path + key;
    const types = (property.anyOf ?? [property]).filter(({ type }) => type !== 'null');
    const { propertyName, mapping } = property.discriminator ?? {};
    const rows = types[0].items && schemaOf(types[0].items);
    const structs = (rows ? [rows] : types.map(schemaOf)).filter(
      struct => struct?.properties && !outer.includes(struct)
    );
    const tag = struct =>
      Object.keys(mapping).find(key => schemaOf({ $ref: mapping[key] }) === struct);
    const inner = structs.flatMap(struct =>
      fieldsOf(
        struct,
        rows ? `${name}.0.` : `${name}.`,
        mapping ? { [`${name}.${propertyName}`]: tag(struct) } : when,
        [...outer, struct]
      )
    );
    const order = isPlain ? at + 1 : property['x-order'];
    const own = mapping ? { ...property, 'x-widget': 'choice' } : property;
    const field = fieldOf(mapping ? `${name}.${propertyName}` : name, own, types[0]);
    const given = { ...field, required: required.includes(key) || undefined };
    return [...(order ? [{ order, field: { when, ...given } }] : []), ...inner];
  });
  return fields.sort((one, other) => one.order - other.order);
}

/** The widget of a type, unless the field declares another one. */
function kindOf({ type, enum: values, items, additionalProperties }) {
  const usual = { boolean: 'box', integer: 'int', number: 'number', array: 'words' };
  return values
    ? 'choice'
    : items?.enum
      ? 'boxes'
      : additionalProperties
        ? 'pairs'
        : (usual[type] ?? 'text');
}

/** Whether a default is more than an empty value or an object. */
const isGiven = value => (Array.isArray(value) ? value.length : value && typeof value !== 'object');

function fieldOf(name, property, type) {
  const given = key => property[`x-${key}`];
  return {
    name,
    kind: given('widget') ?? (property.writeOnly ? 'password' : kindOf(type)),
    label: property.title,
    help: property.description,
    more: given('more'),
    fixed: given('fixed'),
    labels: given('labels'),
    picker: given('picker'),
    placeholder: given('placeholder'),
    empty: given('empty'),
    ...(given('shown-when') && { when: given('shown-when') }),
    first: isGiven(property.default) ? property.default : undefined
  };
}

/** Mark the texts of a field, so that tools collect them for translators. */
function marked(field) {
  const text = value => ({ text: value });
  const texts = ['label', 'help', 'placeholder', 'empty'].filter(key => field[key]);
  const labels = Object.entries(field.labels ?? {}).map(([value, label]) => [value, text(label)]);
  return {
    ...field,
    ...Object.fromEntries(texts.map(key => [key, text(field[key])])),
    ...(field.labels && { labels: Object.fromEntries(labels) })
  };
}

const forms = FORMS.map(name => [
  name,
  fieldsOf(components.schemas[name], '', undefined, []).map(({ field }) => marked(field))
]);

const nouns = {};
for (const { path, method, operationId } of operations) {
  const [noun, verb] = operationId.split('.');
  (nouns[noun] ??= {})[verb] = `${method.toUpperCase()} ${path}`;
}
const keyed = operations.filter(({ parameters = [] }) =>
  parameters.some(({ name }) => name === 'Idempotency-Key')
);
const HEAD = '// Made by scripts/generate-api.mjs; do not edit.';
const made = {
  [ROUTES]: `${HEAD}

/** The method and path of each operation, by its noun and verb. */
export const ROUTES: Readonly<Record<string, Readonly<Record<string, string>>>> = ${JSON.stringify(nouns)};

/** The operations that take effect once, however often a request with one key arrives. */
export const KEYED: ReadonlySet<string> = new Set(${JSON.stringify(
    keyed.map(({ operationId }) => operationId)
  )});
`,
  [FIELDS]: `${HEAD}
import type { IField } from './field';

/** Marks texts, so that tools collect them for translators. */
const trans = { __: (text: string) => text };

/** The fields of the forms of structs, as \`shown\` declares them in \`nbyard/domain\`. */
export const DECLARED: Readonly<Record<string, readonly IField[]>> = ${JSON.stringify(
    Object.fromEntries(forms)
  ).replace(/\{"text":("(?:[^"\\]|\\.)*")\}/g, 'trans.__($1)')};
`
};
for (const [path, text] of Object.entries(made)) {
  const config = { ...(await resolveConfig(path)), filepath: path, objectWrap: 'collapse' };
  const formatted = await format(text, config);
  if (!words.includes('--check')) {
    writeFileSync(path, formatted);
  } else if (readFileSync(path, 'utf8') !== formatted) {
    console.error(`${path} is out of date: run npm run gen:api`);
    process.exit(1);
  }
}
