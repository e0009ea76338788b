/** All actions on runs as commands. */
import { TranslationBundle } from '@jupyterlab/translation';
import {
  deleteIcon,
  LabIcon,
  launcherIcon,
  refreshIcon,
  stopIcon
} from '@jupyterlab/ui-components';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { isLive, Run } from '../api/types';
import type { IRunActionContext, runActions } from './actions';

export interface IRunCommandOptions extends IRunActionContext {
  /** The run in Run Info. */
  shown: () => string | undefined;
  /** The run of the row under the context menu. */
  pointed: () => string | undefined;
}

interface IRunCommand {
  id: string;
  act: keyof typeof runActions;
  label: string;
  caption?: string;
  icon?: LabIcon;
  enabled?: (run: Run) => boolean;
}

/** Register the commands; return the ids for the palette. */
export function addRunCommands(options: IRunCommandOptions): string[] {
  const { commands, yard, trans } = options;
  const target = (args: ReadonlyPartialJSONObject) =>
    typeof args.id === 'string'
      ? args.id
      : ((args.shown === true ? undefined : options.pointed()) ?? options.shown());
  const table = runCommands(trans);
  for (const { id, act, label, caption, icon, enabled } of table) {
    commands.addCommand(id, {
      label,
      caption: caption ?? label,
      icon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            id: {
              type: 'string',
              description: trans.__('The run, by default the one that is shown')
            },
            shown: { type: 'boolean', description: trans.__('The run that Run Info shows') },
            force: { type: 'boolean', description: trans.__('Ignore the cache') }
          }
        }
      },
      isEnabled: args => {
        const of = target(args);
        const run = of === undefined ? undefined : yard.runs.find(of);
        return of !== undefined && (!run || (enabled?.(run) ?? true));
      },
      execute: async args => {
        const of = target(args);
        const { runActions } = await import('./actions');
        return of === undefined ? undefined : runActions[act](options, of, args.force === true);
      }
    });
  }
  yard.runs.changed.connect(() => table.forEach(({ id }) => commands.notifyCommandChanged(id)));
  return table.map(({ id }) => id);
}

function runCommands(trans: TranslationBundle): IRunCommand[] {
  return [
    {
      id: 'nbyard:cancel-run',
      act: 'cancel',
      label: trans.__('Stop'),
      caption: trans.__('Stop this run; its tasks end within seconds'),
      icon: stopIcon,
      enabled: run => isLive(run) && !run.cancel_requested_at
    },
    {
      id: 'nbyard:retry-run',
      act: 'retry',
      label: trans.__('Retry From Failure'),
      caption: trans.__('Retry a failed run with the same code, reusing its finished tasks'),
      icon: refreshIcon,
      enabled: run => run.state === 'failed' || run.state === 'cancelled'
    },
    {
      id: 'nbyard:rerun',
      act: 'rerun',
      label: trans.__('Rerun'),
      caption: trans.__('Run the current files again; unchanged nodes come from the cache'),
      icon: refreshIcon
    },
    {
      id: 'nbyard:rerun-anew',
      act: 'rerunAnew',
      label: trans.__('Rerun Without Cache')
    },
    {
      id: 'nbyard:copy-run-id',
      act: 'copyId',
      label: trans.__('Copy Run ID')
    },
    {
      id: 'nbyard:open-run-workflow',
      act: 'openFile',
      label: trans.__('Open File of Run'),
      icon: launcherIcon,
      enabled: run => !!run.path && !run.path.startsWith('/')
    },
    {
      id: 'nbyard:delete-run',
      act: 'remove',
      label: trans.__('Delete Run…'),
      icon: deleteIcon,
      enabled: run => !isLive(run)
    }
  ];
}
