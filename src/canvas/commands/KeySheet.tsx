import { Dialog, showDialog } from '@jupyterlab/apputils';
import { CommandRegistry } from '@lumino/commands';
import { CanvasController } from '../model/controller';

export interface IKeyRow {
  command: string;
  label: string;
  keys: string;
}

/** Return the current keyboard shortcuts of the canvas. */
export function keyRows(commands: CommandRegistry): IKeyRow[] {
  const rows = commands.keyBindings
    .filter(({ command, selector }) => command.startsWith('nbyard:') && /nby-Canvas/.test(selector))
    .map(({ command, keys, args }) => ({
      command,
      label: commands.label(command, args),
      keys: CommandRegistry.formatKeystroke(keys)
    }));
  const byCommand = new Map<string, IKeyRow>();
  for (const row of rows) {
    const old = byCommand.get(row.command);
    byCommand.set(row.command, old ? { ...old, keys: `${old.keys}, ${row.keys}` } : row);
  }
  return [...byCommand.values()].sort((a, b) => a.label.localeCompare(b.label));
}

export async function showKeys(canvas: CanvasController): Promise<void> {
  const { trans, commands } = canvas;
  await showDialog({
    title: trans.__('Canvas shortcuts'),
    body: (
      <table className="nby-Keys">
        <tbody>
          {keyRows(commands).map(row => (
            <tr key={row.command}>
              <th scope="row">{row.label}</th>
              <td>
                <kbd>{row.keys}</kbd>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    ),
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}
