import { JupyterFrontEnd } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Contents } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { IYard } from '../../api/yard';
import { IChosenSteps } from '../../canvas/model/tokens';

/** What every view of a run needs. */
export interface IRunServices {
  app: JupyterFrontEnd;
  yard: IYard;
  trans: TranslationBundle;
  commands: CommandRegistry;
  contents: Pick<Contents.IManager, 'fileChanged' | 'get'>;
  rendermime: IRenderMimeRegistry;
  /** The chosen node, shared with the canvas. */
  steps: IChosenSteps | null;
}
