/** Every action on runs as a command. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import {
  deleteIcon,
  launcherIcon,
  LabIcon,
  refreshIcon,
  stopIcon
} from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { isLive, Run, RunDetail } from '../api/types';
import { IYard } from '../api/yard';
import { copyText, showProblem } from '../components/problems';

export interface IRunCommandOptions {
  commands: CommandRegistry;
  yard: IYard;
  trans: TranslationBundle;
  /** Put the run into the drawer. */
  show: (id: string) => void;
  /** The run that the drawer shows. */
  shown: () => string | undefined;
  /** The run of the row under the context menu. */
  pointed: () => string | undefined;
}

interface IRunCommand {
  id: string;
  label: string;
  caption?: string;
  icon?: LabIcon;
  /** What went wrong, as the start of a sentence. */
  failed: string;
  enabled?: (run: Run | undefined) => boolean;
  run: (id: string, args: ReadonlyPartialJSONObject) => Promise<unknown>;
}

/** Register them; returns the ids for the palette. */
export function addRunCommands(options: IRunCommandOptions): string[] {
  const { commands, yard, trans } = options;
  const target = (args: ReadonlyPartialJSONObject) =>
    typeof args.id === 'string' ? args.id : (options.pointed() ?? options.shown());
  const table = runCommands(options);
  for (const { id, label, caption, icon, failed, enabled, run } of table) {
    commands.addCommand(id, {
      label,
      caption: caption ?? label,
      icon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            id: { type: 'string', description: trans.__('The run; else the one that is shown') },
            force: { type: 'boolean', description: trans.__('Take nothing from the cache') }
          }
        }
      },
      isEnabled: args => {
        const of = target(args);
        return of !== undefined && (enabled?.(yard.runs.find(of)) ?? true);
      },
      execute: async args => {
        const of = target(args);
        if (of !== undefined) {
          return run(of, args).catch((error: unknown) => showProblem(failed, error, trans));
        }
      }
    });
  }
  const refresh = () => table.forEach(({ id }) => commands.notifyCommandChanged(id));
  yard.runs.changed.connect(refresh);
  return table.map(({ id }) => id);
}

function runCommands(options: IRunCommandOptions): IRunCommand[] {
  const { yard, trans, show } = options;
  const rerun = async (id: string, force: boolean) => {
    const detail = await yard.client.call('runs.get', { path: { run: id } });
    const made = await yard.client.call('runs.create', { body: again(detail, force) });
    yard.runs.put(made);
    show(made.id);
    return made.id;
  };
  const finished = (run: Run | undefined) => !run || !isLive(run);
  return [
    {
      id: 'nbyard:cancel-run',
      label: trans.__('Stop'),
      caption: trans.__('Stop this run: its work ends within seconds'),
      icon: stopIcon,
      failed: trans.__('Not stopped.'),
      enabled: run => !run || (isLive(run) && !run.cancel_requested_at),
      run: async id => yard.runs.put(await yard.client.call('runs.cancel', { path: { run: id } }))
    },
    {
      id: 'nbyard:rerun',
      label: trans.__('Run Again'),
      caption: trans.__('Run the same again; unchanged steps come from the cache'),
      icon: refreshIcon,
      failed: trans.__('Not started.'),
      run: (id, args) => rerun(id, args.force === true)
    },
    {
      id: 'nbyard:rerun-anew',
      label: trans.__('Run Again, Nothing from the Cache'),
      failed: trans.__('Not started.'),
      run: id => rerun(id, true)
    },
    {
      id: 'nbyard:copy-run-id',
      label: trans.__('Copy Run Id'),
      failed: trans.__('Not copied.'),
      run: id => copyText(id, trans.__('The id is copied.'))
    },
    {
      id: 'nbyard:open-run-workflow',
      label: trans.__('Open File of Run'),
      icon: launcherIcon,
      failed: trans.__('Not opened.'),
      enabled: run => !run || !!run.path,
      run: async id => {
        const { run } = await yard.client.call('runs.get', { path: { run: id } });
        return options.commands.execute('docmanager:open', { path: run.path });
      }
    },
    {
      id: 'nbyard:delete-run',
      label: trans.__('Delete Run…'),
      icon: deleteIcon,
      failed: trans.__('Not deleted.'),
      enabled: finished,
      run: async id => {
        const { button } = await showDialog({
          title: trans.__('Delete this run?'),
          body: trans.__('Its record, log and results are removed. This cannot be undone.'),
          buttons: [
            Dialog.cancelButton({ label: trans.__('Keep') }),
            Dialog.warnButton({ label: trans.__('Delete') })
          ]
        });
        if (button.accept) {
          await yard.client.call('runs.delete', { path: { run: id } });
          yard.runs.remove(id);
        }
      }
    }
  ];
}

/** What starts the same once more. */
function again({ run, tasks }: RunDetail, force: boolean) {
  const of = run.path ? { path: run.path } : { executable: tasks[0]?.executable_id ?? '' };
  return { ...of, parameters: run.parameters, runtime: run.runtime, force };
}
