import { LabIcon } from '@jupyterlab/ui-components';
import { PartialJSONObject } from '@lumino/coreutils';

export type Noun =
  | 'artifact'
  | 'automation'
  | 'credential'
  | 'dataset'
  | 'deployment'
  | 'environment'
  | 'executable'
  | 'kernel'
  | 'run'
  | 'workflow';

/** A command; `Action` is the name of its action, which is fetched on first use. */
export interface IPanelCommand<Action extends string = string> {
  id: string;
  /** By default, it has the name of the command: `deleteRun` for `nbyard:delete-run`. */
  act?: Action;
  label: string;
  /** The label where there is little room. */
  tile?: string;
  /** The command acts in a folder: that of the launcher, or the one in the file browser. */
  inFolder?: boolean;
  caption?: string;
  icon?: LabIcon;
  /** The command acts on one item of this kind: its argument, or the row below the menu. */
  noun?: Noun;
  /** The command also needs an open notebook. */
  notebook?: boolean;
  /** The command acts on files of the file browser with these suffixes; '' means any. */
  files?: readonly string[];
  /** It prefers the document in front to the selection of the file browser. */
  front?: boolean;
  /** The command first asks for files of the user's computer. */
  chooses?: 'file' | 'files' | 'folder';
  /** The required arguments of the command, with their descriptions by name. */
  args?: Readonly<Record<string, string>>;
  /** Further arguments of a command with a noun, as JSON Schema by name. */
  options?: Readonly<Record<string, PartialJSONObject>>;
}
