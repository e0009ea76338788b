/** Kinds that `SchemaForm` draws. */
type TextKind =
  'text' | 'long text' | 'password' | 'moment' | 'names' | 'words' | 'pairs' | 'facts';
type NumberKind = 'number' | 'int' | 'minutes' | 'gigabytes';
type ChoiceKind = 'box' | 'boxes' | 'choice';
/** Kinds that single forms draw, by their `widgets` or on their own. */
type OwnKind = 'notices' | 'packages' | 'parameters' | 'ports' | 'runtime' | 'size';

/** How a field is drawn, and how its value is typed; `widget` of `shown` declares it. */
export type FieldKind = TextKind | NumberKind | ChoiceKind | OwnKind;

/** One field. Its source is a struct of the server, an answer of the server, or code. */
export interface IField {
  /** The path of its value in the request, which refusals name too: "task.goal". */
  name: string;
  kind: FieldKind;
  label: string;
  help?: string;
  required?: boolean;
  /** Shown below *More*. */
  more?: boolean;
  /** It cannot change once the item exists. */
  fixed?: boolean;
  /** The labels of the values of a choice, in their order. */
  labels?: Readonly<Record<string, string>>;
  /** The help of the chosen value. */
  helps?: Readonly<Record<string, string>>;
  /** What is searched and chosen, such as `project`. */
  picker?: string;
  placeholder?: string;
  /** The text of a choice for no value. */
  empty?: string;
  /** The fields with their values, or lists of them, without which this one is hidden. */
  when?: Readonly<Record<string, unknown>>;
  /** The value that a new item has at first. */
  first?: unknown;
  /** Typing replaces the first value, which is a suggestion. */
  isReplaced?: boolean;
  /** What applies without input: shown as a value, but not sent. */
  default?: unknown;
  /** Whether a password starts with several lines; without it, it has one line only. */
  isLong?: boolean;
  /** Its values are not stored for a reload, as those of passwords. */
  isSecret?: boolean;
}
