import { ICommandPalette, IWidgetTracker } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { ISignal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import type { CanvasController } from '../../model/controller';
import { commandTable } from './commandTable';
import type { Actions, ICanvasCommand } from './command';

/** The content of a tab; the canvas and its actions are there once their code was fetched. */
interface ICanvasTab {
  readonly actions?: Actions;
  readonly canvas?: CanvasController;
  readonly changed: ISignal<unknown, void>;
}

/** Register every action; they apply to the workflow tab that was used last. */
export function addCommands(
  commands: CommandRegistry,
  tracker: IWidgetTracker<Widget & { readonly content: ICanvasTab }>,
  palette: ICommandPalette | null,
  trans: TranslationBundle
): void {
  const current = () => tracker.currentWidget?.content;
  const table = commandTable(trans);
  for (const command of table) {
    const { id, label, labelFor, caption = label, icon, args, toggled, group } = command;
    const obstacle = () => {
      const { canvas, actions } = current() ?? {};
      return (canvas && actions && command.obstacle?.(canvas, actions)) || '';
    };
    const labelNow = () => {
      const canvas = current()?.canvas;
      return canvas && labelFor ? labelFor(canvas) : label;
    };
    commands.addCommand(id, {
      label: labelFor ? labelNow : label,
      caption: command.obstacle ? () => obstacle() || caption : caption,
      dataset: { group }, // for the sheet of keys
      icon,
      describedBy: {
        args: { type: 'object', properties: args ?? {}, additionalProperties: args !== undefined }
      },
      isEnabled: () => !!current()?.canvas && ready(command, current()!.canvas!) && !obstacle(),
      isToggleable: !!toggled,
      isToggled: () => !!toggled && !!current()?.canvas && toggled(current()!.canvas!),
      execute: async given => {
        const panel = current();
        if (panel?.canvas && panel.actions) {
          return await command.run(panel.canvas, panel.actions, given);
        }
      }
    });
    if (!command.quiet) {
      palette?.addItem({ command: id, category: trans.__('Workflows') });
    }
  }
  const refresh = () => table.forEach(({ id }) => commands.notifyCommandChanged(id));
  tracker.currentChanged.connect(refresh);
  tracker.widgetAdded.connect((_, widget) => {
    widget.content.changed.connect(seldom(refresh));
  });
}

function ready(command: ICanvasCommand, canvas: CanvasController): boolean {
  if (command.least && canvas.chosen.length < command.least) {
    return false;
  }
  if (command.allowed && !command.allowed(canvas)) {
    return false;
  }
  switch (command.needs) {
    case 'edit':
      return !canvas.readOnly;
    case 'live':
      return canvas.isLive;
    case 'undo':
      return !canvas.readOnly && canvas.doc.canUndo();
    case 'redo':
      return !canvas.readOnly && canvas.doc.canRedo();
    default:
      return true; // a toolbar that flickers with each selection is distracting
  }
}

/** Run an action at once, then at most every tenth of a second (a drag, a paste). */
function seldom(action: () => void): () => void {
  let resting = false;
  let again = false;
  const act = () => {
    again = false;
    resting = true;
    window.setTimeout(() => {
      resting = false;
      if (again) {
        act();
      }
    }, 100);
    action();
  };
  return () => {
    again = true;
    if (!resting) {
      act();
    }
  };
}
