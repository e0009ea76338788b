/** Arguments while they are edited: every field is a text or a choice. */
import { UUID } from '@lumino/coreutils';
import { Argument } from '../../../api/types';
import { OutputClass, parseValue, showValue, ValueType } from '../../../document/arguments';
import { Json } from '../../../document/canonical';

/** Return whether the code of this kind declares its arguments and how it receives them. */
export function tellsArguments(kind: string): boolean {
  return kind === 'notebook' || kind === 'function';
}

/**
 * The server's kinds, with more forms of options and positional words: `joined` is `--name=VALUE`,
 * `either` joins only a value that begins with `-`, `separated` is a word after `--`. `told` is a
 * kind that the form cannot show; it stays unchanged.
 */
export type ReachKind =
  | ''
  | 'option'
  | 'joined'
  | 'either'
  | 'words'
  | 'flag'
  | 'positional'
  | 'separated'
  | 'variable'
  | 'stdin'
  | 'stdout'
  | 'handed'
  | 'stderr'
  | 'told';

/** Reaches that the form keeps from the description. */
const TOLD = ['bound', 'referenced', 'found', 'beside', 'file'];

export interface IDraft {
  /** Unique also beside drafts of an earlier page. */
  key: string;
  name: string;
  role: 'input' | 'output' | 'value';
  type: ValueType;
  format: string;
  outputClass: OutputClass | '';
  required: boolean;
  nullable: boolean;
  hasDefault: boolean;
  default: string;
  /** A JSON list, or words between commas. */
  choices: string;
  help: string;
  reach: ReachKind;
  /** The flag, the position or the variable. */
  word: string;
  /** The original argument, with what the form does not show. */
  own?: Partial<Argument>;
}

export function newDraft(name = ''): IDraft {
  return {
    key: UUID.uuid4(),
    name,
    role: 'value',
    type: 'string',
    format: '',
    outputClass: '',
    required: false,
    nullable: false,
    hasDefault: false,
    default: '',
    choices: '',
    help: '',
    reach: '',
    word: ''
  };
}

/** Return an argument that a user adds to a command; it is passed as an option. */
export function addedDraft(): IDraft {
  return { ...newDraft(), reach: 'option' };
}

/** Return how a program usually names an argument. */
export function usualWord({ reach, name }: Pick<IDraft, 'reach' | 'name'>): string {
  if (!name) {
    return '';
  }
  if (reach === 'variable') {
    return name.toUpperCase();
  }
  return ['option', 'joined', 'either', 'words', 'flag'].includes(reach)
    ? `--${name.replace(/_/g, '-')}`
    : '';
}

export function draftOf(argument: Partial<Argument>): IDraft {
  const reach = (argument.reach ?? {}) as Record<string, unknown>;
  const type = argument.type ?? 'string';
  const hasDefault = 'default' in argument;
  return {
    ...newDraft(argument.name),
    role: argument.role ?? 'value',
    type,
    format: argument.format ?? '',
    outputClass: argument.output_class ?? '',
    required: argument.required ?? false,
    nullable: argument.nullable ?? false,
    hasDefault,
    default: hasDefault ? showValue(argument.default as Json) : '',
    choices: showChoices((argument.choices ?? []) as Json[]),
    help: argument.help ?? '',
    reach: isTold(argument) ? 'told' : reachKind(reach),
    own: argument,
    word: isTold(argument) ? '' : String(reach.flag ?? reach.position ?? reach.variable ?? '')
  };
}

/** Return whether the argument has a reach that the form cannot show. */
export function isTold(own?: Partial<Argument>): boolean {
  return TOLD.includes((own?.reach as Record<string, unknown> | undefined)?.kind as string);
}

function reachKind({ kind, joined, separated }: Record<string, unknown>): ReachKind {
  if (kind === 'option' && joined !== false) {
    return joined === true ? 'joined' : 'either';
  }
  return separated === true ? 'separated' : ((kind as ReachKind | undefined) ?? '');
}

/** Return all arguments; missing positions are filled in. */
export function argumentsOf(drafts: readonly IDraft[]): Record<string, unknown>[] {
  return drafts.map((draft, index) =>
    argumentOf(
      isPlaced(draft) && !draft.word ? { ...draft, word: nextPosition(drafts, index) } : draft
    )
  );
}

/** Return the position of a positional argument without one. */
export function nextPosition(drafts: readonly IDraft[], index: number): string {
  return String(drafts.filter((draft, at) => at < index && isPlaced(draft)).length);
}

function isPlaced({ reach }: IDraft): boolean {
  return reach === 'positional' || reach === 'separated';
}

function showChoices(choices: readonly Json[]): string {
  const isPlain = (choice: Json) =>
    typeof choice === 'string' && /^[^,[\]"]+$/.test(choice) && choice === choice.trim();
  return choices.every(isPlain) ? choices.join(', ') : JSON.stringify(choices);
}

function readChoices(text: string): Json {
  const read = parseValue('list', text);
  return 'value' in read
    ? read.value
    : text
        .split(',')
        .map(word => word.trim())
        .filter(Boolean);
}

/** Return the argument for the server; a text that does not fit is sent to be refused. */
export function argumentOf(draft: IDraft): Record<string, unknown> {
  const { name, role, type, format, required, nullable, help } = draft;
  const fields: Record<string, unknown> = { name, role, type, format, required, nullable, help };
  if (type === 'choice') {
    fields.choices = readChoices(draft.choices);
  }
  if (role === 'output' && draft.outputClass) {
    fields.output_class = draft.outputClass;
  }
  if (draft.hasDefault) {
    fields.default = defaultOf(draft);
  }
  if (type === 'list' && draft.own?.items) {
    fields.items = draft.own.items;
    fields.choices = draft.own.choices;
  }
  const reach = reachOf(draft);
  return reach ? { ...fields, reach } : fields;
}

function defaultOf({ type, role, nullable, default: text }: IDraft): Json {
  if (text === '' && nullable) {
    return null;
  }
  if (role !== 'value') {
    return text;
  }
  if (type === 'bool') {
    return text === 'true' ? true : text === 'false' ? false : text;
  }
  const read = parseValue(type, text);
  return 'value' in read ? read.value : text;
}

function reachOf(draft: IDraft): Record<string, unknown> | undefined {
  const { reach } = draft;
  const word = draft.word || usualWord(draft);
  switch (reach) {
    case '':
      return undefined;
    case 'option':
      return { kind: reach, flag: word, joined: false };
    case 'joined':
      return { kind: 'option', flag: word, joined: true };
    case 'either':
      return { kind: 'option', flag: word, joined: null };
    case 'words':
    case 'flag':
      return { kind: reach, flag: word };
    case 'positional':
      return { kind: reach, position: placeOf(word) };
    case 'separated':
      return { kind: 'positional', position: placeOf(word), separated: true };
    case 'variable':
      return { kind: reach, variable: word };
    case 'told':
      return draft.own?.reach as Record<string, unknown>;
    default:
      return { kind: reach };
  }
}

function placeOf(word: string): number | string {
  return /^\d+$/.test(word) ? Number(word) : word;
}

/** Return the message about a field of an argument, including its inner fields. */
export function errorOf(
  errors: Readonly<Record<string, string>>,
  index: number,
  field: string
): string | undefined {
  const path = `arguments.${index}.${field}`;
  return Object.entries(errors).find(
    ([key]) => key === path || key.startsWith(`${path}.`) || key.startsWith(`${path}[`)
  )?.[1];
}
