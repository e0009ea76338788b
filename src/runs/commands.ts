/** All actions on runs as commands. */
import { TranslationBundle } from '@jupyterlab/translation';
import {
  copyIcon,
  deleteIcon,
  LabIcon,
  launcherIcon,
  refreshIcon,
  stopIcon
} from '@jupyterlab/ui-components';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { isLive, Run } from '../api/types';
import type { IRunActionContext, runActions } from './actions';
import { describedBy } from './describe/describedBy';

export interface IRunCommandOptions extends IRunActionContext {
  /** The run in Run Info. */
  shown: () => string | undefined;
  /** The run of the row under the context menu. */
  pointed: () => string | undefined;
  /** The result of the row under the context menu. */
  pointedResult: () => string | undefined;
}

interface IRunCommand {
  id: string;
  act: keyof typeof runActions;
  label: string;
  /** The label for a cancelled run: nothing failed. */
  afterCancel?: string;
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
  const table = commandTable(trans);
  const runOf = (args: ReadonlyPartialJSONObject) => yard.runs.find(target(args) ?? '');
  for (const { id, act, label, afterCancel, caption, icon, enabled } of table) {
    commands.addCommand(id, {
      label: args => (runOf(args)?.state === 'cancelled' && afterCancel) || label,
      caption: caption ?? label,
      icon,
      describedBy: describedBy('run', trans),
      isEnabled: args => {
        const run = runOf(args);
        return target(args) !== undefined && (!run || (enabled?.(run) ?? true));
      },
      execute: async args => {
        const of = target(args);
        const { runActions } = await import('./actions');
        return of === undefined ? undefined : runActions[act](options, of, args);
      }
    });
  }
  addCopyDigest(options);
  yard.runs.changed.connect(() => table.forEach(({ id }) => commands.notifyCommandChanged(id)));
  return table.map(({ id }) => id);
}

/** The command acts on the result under the context menu. */
function addCopyDigest(options: IRunCommandOptions): void {
  const { commands, trans } = options;
  const target = ({ id }: ReadonlyPartialJSONObject) =>
    typeof id === 'string' ? id : options.pointedResult();
  commands.addCommand('nbyard:copy-result-digest', {
    label: trans.__('Copy SHA-256'),
    caption: trans.__('Copy the SHA-256 of this result'),
    icon: copyIcon,
    describedBy: describedBy('result', trans),
    isEnabled: args => target(args) !== undefined,
    execute: async args => {
      const { runActions } = await import('./actions');
      const id = target(args);
      return id === undefined ? undefined : runActions.copyDigest(options, id, args);
    }
  });
}

function commandTable(trans: TranslationBundle): IRunCommand[] {
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
      afterCancel: trans.__('Run the Rest'),
      caption: trans.__('Run the unfinished tasks with the same code, as a new run'),
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
    { id: 'nbyard:rerun-anew', act: 'rerunAnew', label: trans.__('Rerun Without Cache') },
    { id: 'nbyard:copy-run-id', act: 'copyId', label: trans.__('Copy Run ID') },
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
