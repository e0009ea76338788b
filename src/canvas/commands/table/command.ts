/** The form of a command of the canvas. */
import type { LabIcon } from '@jupyterlab/ui-components';
import type { ReadonlyJSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { CanvasController } from '../../model/controller';
import type * as actions from '../actions';

export type Actions = typeof actions;

/** The sections of the sheet of keys. */
export type Group = 'run' | 'edit' | 'view' | 'navigate';

export interface ICanvasCommand {
  id: string;
  label: string;
  /** The label where the command does something else. */
  labelFor?: (canvas: CanvasController) => string;
  caption?: string;
  icon?: LabIcon;
  /** What the command requires to be enabled. */
  needs?: 'edit' | 'live' | 'targets' | 'undo' | 'redo';
  /** How many cards have to be selected, if it needs more than one. */
  least?: number;
  /** Whether the workflow allows it; it is disabled elsewhere. */
  allowed?: (canvas: CanvasController) => boolean;
  /** Return why it is disabled, as its caption; empty if it is not. */
  obstacle?: (canvas: CanvasController, actions: Actions) => string;
  /** JSON schema properties of its arguments. */
  args?: ReadonlyJSONObject;
  /** Hidden in the palette because only a key makes sense. */
  quiet?: boolean;
  toggled?: (canvas: CanvasController) => boolean;
  run: (canvas: CanvasController, actions: Actions, args: ReadonlyPartialJSONObject) => unknown;
}
