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
    const found = async () => new (await import('./backend')).WorkflowBackend(app, yard, trans);
    return {
      check: async (...asked) => (await found()).check(...asked),
      forecast: async (...asked) => (await found()).forecast(...asked),
      register: async path => (await found()).register(path),
      declare: async (...asked) => (await found()).declare(...asked),
      tagCell: async (...asked) => (await found()).tagCell(...asked),
      save: async files => (await found()).save(files),
      run: async (...asked) => (await found()).run(...asked),
      spelling: async (...asked) => (await found()).spelling(...asked),
      versions: async id => (await found()).versions(id),
      results: async (...asked) => (await found()).results(...asked),
      freeze: async of => (await found()).freeze(of),
      runtimes: async () => (await found()).runtimes(),
      kernels: async () => (await found()).kernels(),
      environments: async () => (await found()).environments(),
      images: async () => (await found()).images(),
      noContainers: async () => (await found()).noContainers(),
      lastParameters: async path => (await found()).lastParameters(path),
      stop: async path => (await found()).stop(path)
    };
  }
};

const states: JupyterFrontEndPlugin<IRunStatesSource> = {
  id: 'nbyard:run-states',
  description: 'Live states of the nodes on a canvas.',
  requires: [IYard, ITranslator],
  provides: IRunStatesSource,
  activate: (_: JupyterFrontEnd, yard: IYard, translator: ITranslator): IRunStatesSource => ({
    follow: path =>
      new LateStates(
        import('./states').then(
          ({ RunStates }) => new RunStates(yard, path, translator.load('nbyard'))
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
