/** Commands that run the workflow or a part of it. */
import { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon, runIcon, stopIcon } from '@jupyterlab/ui-components';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { InfoTab, IRunChoices } from '../../model/tokens';
import { ICanvasCommand } from './command';

/** A workflow of data has nothing to run. */
const obstacle: ICanvasCommand['obstacle'] = (canvas, { running }) => running.nothingToRun(canvas);

export function runWorkflowCommands(trans: TranslationBundle): ICanvasCommand[] {
  const forced = {
    force: { type: 'boolean', description: trans.__('Ignore the cache') }
  };
  const force = (args: ReadonlyPartialJSONObject) => ({ force: args.force === true });
  return [
    {
      id: 'nbyard:run-workflow',
      label: trans.__('Run Workflow'),
      caption: trans.__('Save the workflow and run it, reusing cached results'),
      icon: runIcon,
      args: forced,
      obstacle,
      run: (canvas, { running }, args) => running.run(canvas, 'all', force(args))
    },
    {
      id: 'nbyard:run-workflow-anew',
      label: trans.__('Run Workflow Without Cache'),
      obstacle,
      run: (canvas, { running }) => running.run(canvas, 'all', { force: true })
    },
    {
      id: 'nbyard:run-with-parameters',
      label: trans.__('Run with Parameters…'),
      caption: trans.__('Choose parameter values and a runtime for one run'),
      obstacle,
      run: (canvas, { running }) => running.runWithParameters(canvas)
    },
    {
      id: 'nbyard:check-run',
      label: trans.__('Check Run on a Sample'),
      caption: trans.__(
        'Run the workflow on the first rows and files of its data, outside history and cache'
      ),
      args: {
        rows: { type: 'integer', description: trans.__('First rows of each table') },
        files: { type: 'integer', description: trans.__('First files of each folder') }
      },
      obstacle,
      run: (canvas, { running }, args) => running.run(canvas, 'all', { sample: sampleOf(args) })
    },
    {
      id: 'nbyard:show-run-menu',
      label: trans.__('Show Run Options'),
      icon: caretDownIcon,
      quiet: true,
      run: (canvas, { showRunMenu }) => showRunMenu(canvas)
    },
    {
      id: 'nbyard:show-forecast',
      label: trans.__('Show What Would Run'),
      caption: trans.__('List the nodes that a run would run now, each with the reason'),
      run: (canvas, { showForecast }) => showForecast(canvas)
    },
    {
      id: 'nbyard:run-selected',
      label: trans.__('Run Selected Nodes'),
      needs: 'targets',
      args: forced,
      run: (canvas, { running }, args) => running.run(canvas, 'selected', force(args))
    },
    {
      id: 'nbyard:run-from-here',
      label: trans.__('Run from Here'),
      caption: trans.__('Run the selected nodes and all nodes that depend on them'),
      needs: 'targets',
      args: forced,
      run: (canvas, { running }, args) => running.run(canvas, 'from', force(args))
    },
    {
      id: 'nbyard:run-up-to-here',
      label: trans.__('Run up to Here'),
      caption: trans.__('Run the selected nodes and their dependencies'),
      needs: 'targets',
      args: forced,
      run: (canvas, { running }, args) => running.run(canvas, 'to', force(args))
    },
    ...infoCommands(trans),
    {
      id: 'nbyard:stop-workflow',
      label: trans.__('Stop Run'),
      icon: stopIcon,
      needs: 'live',
      run: (canvas, { running }) => running.stop(canvas)
    }
  ];
}

function infoCommands(trans: TranslationBundle): ICanvasCommand[] {
  const info = (tab: InfoTab, label: string): ICanvasCommand => ({
    id: `nbyard:show-node-${tab}`,
    label,
    needs: 'targets',
    allowed: ({ runs, targets }) => !!runs?.run && targets.some(id => runs.stateOf(id)),
    run: (canvas, { running }) => running.showInfo(canvas, tab)
  });
  return [
    info('output', trans.__('Show Output')),
    info('logs', trans.__('Show Log')),
    info('resources', trans.__('Show Resources'))
  ];
}

/** Return the size of the sample; left out means the server's default. */
function sampleOf({ rows, files }: ReadonlyPartialJSONObject): IRunChoices['sample'] {
  return {
    ...(typeof rows === 'number' && { rows }),
    ...(typeof files === 'number' && { files })
  };
}
