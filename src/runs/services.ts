import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { IYard } from '../api/yard';
import { IChosenSteps } from '../canvas/tokens';

/** What everything that shows a run needs. */
export interface IRunServices {
  yard: IYard;
  trans: TranslationBundle;
  commands: CommandRegistry;
  rendermime: IRenderMimeRegistry;
  /** The step that is looked at, here and on the canvas. */
  steps: IChosenSteps | null;
}
