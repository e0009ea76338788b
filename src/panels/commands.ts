/** All actions of the panels as commands; their code is fetched on first use. */
import type { ISessionContext } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Widget } from '@lumino/widgets';
import { chooseFiles } from '../components/chooseFiles';
import { pointedId } from '../components/pointedRow';
import { artifactCommands } from './artifacts/commands';
import { automationCommands } from './automations/commands';
import { credentialCommands } from './credentials/commands';
import { datasetCommands } from './datasets/commands';
import { deploymentCommands } from './deployments/commands';
import { environmentCommands } from './environments/commands';
import { executableCommands } from './executables/commands';
import { IPanelCommand, Noun } from './frame/command';
import { documentInFront, IPanelServices, selectedFiles } from './frame/services';
import type { actions as Actions } from './lazy';
import { projectCommands } from './projects/commands';
import { runCommands } from './runs/commands';
import { workflowCommands } from './workflows/commands';

/** The code of a command: what it is about, the chosen files, and all its arguments. */
type Action = (
  services: IPanelServices,
  given: string[],
  chosen: readonly File[],
  args: ReadonlyPartialJSONObject
) => unknown;

function panelCommands(trans: TranslationBundle): IPanelCommand<keyof typeof Actions>[] {
  return [
    ...datasetCommands(trans),
    ...executableCommands(trans),
    ...workflowCommands(trans),
    ...artifactCommands(trans),
    ...environmentCommands(trans),
    ...deploymentCommands(trans),
    ...credentialCommands(trans),
    ...projectCommands(trans),
    ...runCommands(trans),
    ...automationCommands(trans)
  ];
}

/** Register the commands; return the ids for the palette. */
export function addPanelCommands(services: IPanelServices): string[] {
  const { app, commands, browser, notebooks, trans } = services;
  const table = panelCommands(trans);
  const viewed = (noun: Noun) => {
    if (noun === 'kernel') {
      return kernelOf(app.shell.currentWidget);
    }
    const view = services.views[noun as keyof typeof services.views]?.currentWidget;
    return view && view === app.shell.currentWidget ? view.content.target.id : undefined;
  };
  for (const command of table) {
    const {
      id,
      act,
      label,
      tile,
      caption,
      icon,
      noun,
      notebook,
      files,
      front,
      chooses,
      args: argsSchema
    } = command;
    // a menu says the kind of its row
    const pointed = ({ noun: of }: ReadonlyPartialJSONObject) => of && pointedId(app, of as Noun);
    const said = (args: ReadonlyPartialJSONObject) =>
      Object.keys(argsSchema ?? {}).map(n => args[n] ?? (n === 'id' && pointed(args)));
    const fits = (path: string) =>
      files!.includes(PathExt.extname(path)) || files!.includes(PathExt.basename(path));
    const paths = (args: ReadonlyPartialJSONObject) => {
      const ahead = front && !args.selected ? documentInFront(app) : undefined;
      return typeof args.path === 'string'
        ? [args.path]
        : ahead !== undefined && fits(ahead)
          ? [ahead]
          : selectedFiles(browser);
    };
    const target = (args: ReadonlyPartialJSONObject) =>
      typeof args.id === 'string' ? args.id : noun && (pointedId(app, noun) ?? viewed(noun));
    // a toolbar asks while its document opens, before it is in front
    const fitting = (args: ReadonlyPartialJSONObject) =>
      files ? !!args.toolbar || paths(args).some(fits) : said(args).every(Boolean);
    commands.addCommand(id, {
      label: args => (args.isTile && tile) || label,
      caption: caption ?? label,
      icon,
      describedBy: async () => (await import('./lazy')).describe(command, trans),
      isEnabled: args =>
        (noun ? !!target(args) : fitting(args)) && (!notebook || !!notebooks?.currentWidget),
      isVisible: fitting,
      execute: async args => {
        const [{ actions }, chosen] = await Promise.all([
          import('./lazy'),
          chooses ? chooseFiles(chooses) : []
        ]);
        const folder = args.cwd ?? browser?.tracker.currentWidget?.model.path ?? '';
        const about = argsSchema
          ? said(args).map(String)
          : [command.inFolder ? String(folder) : (target(args) ?? '')];
        const given = files ? paths(args).filter(fits) : about;
        return (actions[act ?? actionOf(id)] as Action)(services, given, chosen, args);
      }
    });
  }
  return table.map(({ id }) => id);
}

/** Return the name of an action in the form of code. */
function actionOf(id: string): keyof typeof Actions {
  const name = id.slice('nbyard:'.length);
  return name.replace(/-./g, hyphenated => hyphenated[1].toUpperCase()) as keyof typeof Actions;
}

/** Return the kernel name of a notebook or console. */
function kernelOf(widget: (Widget & { sessionContext?: ISessionContext }) | null) {
  return widget?.sessionContext?.session?.kernel?.name;
}
