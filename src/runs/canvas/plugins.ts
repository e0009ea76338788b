/** Connects the interfaces of the canvas to the nbyard server. */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { IYard } from '../../api/yard';
import {
  IChosenStep,
  IChosenSteps,
  IRunStatesSource,
  IWorkflowBackend
} from '../../canvas/model/tokens';
import { LateStates } from './lateStates';

const backend: JupyterFrontEndPlugin<IWorkflowBackend> = {
  id: 'nbyard:backend',
  description: 'Checks, registers and runs what is on a canvas.',
  requires: [IYard, ITranslator],
  provides: IWorkflowBackend,
  activate: (app: JupyterFrontEnd, yard: IYard, translator: ITranslator): IWorkflowBackend => {
    const trans = translator.load('nbyard');
    const loaded = async () => new (await import('./backend')).WorkflowBackend(app, yard, trans);
    return {
      check: async (...asked) => (await loaded()).check(...asked),
      forecast: async (...asked) => (await loaded()).forecast(...asked),
      register: async path => (await loaded()).register(path),
      codeFiles: async folder => (await loaded()).codeFiles(folder),
      declare: async (...asked) => (await loaded()).declare(...asked),
      tagCell: async (...asked) => (await loaded()).tagCell(...asked),
      save: async files => (await loaded()).save(files),
      run: async (...asked) => (await loaded()).run(...asked),
      quotaUse: async () => (await loaded()).quotaUse(),
      spelling: async (...asked) => (await loaded()).spelling(...asked),
      versions: async id => (await loaded()).versions(id),
      results: async (...asked) => (await loaded()).results(...asked),
      propose: async (...asked) => (await loaded()).propose(...asked),
      freeze: async of => (await loaded()).freeze(of),
      runtimes: async () => (await loaded()).runtimes(),
      kernels: async () => (await loaded()).kernels(),
      environments: async () => (await loaded()).environments(),
      images: async () => (await loaded()).images(),
      noContainers: async () => (await loaded()).noContainers(),
      lastParameters: async path => (await loaded()).lastParameters(path),
      stop: async path => (await loaded()).stop(path)
    };
  }
};

const states: JupyterFrontEndPlugin<IRunStatesSource> = {
  id: 'nbyard:run-states',
  description: 'Live states of the nodes on a canvas.',
  requires: [IYard, ITranslator],
  provides: IRunStatesSource,
  activate: (_: JupyterFrontEnd, yard: IYard, translator: ITranslator): IRunStatesSource => ({
    follow: (path, hasNode) =>
      new LateStates(
        import('./states').then(
          ({ RunStates }) => new RunStates(yard, path, translator.load('nbyard'), hasNode)
        )
      )
  })
};

const steps: JupyterFrontEndPlugin<IChosenSteps> = {
  id: 'nbyard:steps',
  description: 'The chosen node is the same on a canvas and in Run Info.',
  provides: IChosenSteps,
  activate: (): IChosenSteps => {
    const steps: { last?: IChosenStep } & IChosenSteps = {
      choose: step => {
        steps.last = step;
        chosen.emit(step);
      },
      forgetTab: () => {
        steps.last = { ...steps.last!, tab: undefined };
      },
      get chosen() {
        return chosen;
      }
    };
    const chosen = new Signal<IChosenSteps, IChosenStep>(steps);
    return steps;
  }
};

/** Connects the canvas with runs: tokens that the canvas requires and this folder provides. */
export const canvasPlugins: JupyterFrontEndPlugin<unknown>[] = [backend, states, steps];
