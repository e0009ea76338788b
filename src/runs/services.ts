import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { IYard } from '../api/yard';

/** What everything that shows a run needs. */
export interface IRunServices {
  yard: IYard;
  trans: TranslationBundle;
  commands: CommandRegistry;
  rendermime: IRenderMimeRegistry;
}
