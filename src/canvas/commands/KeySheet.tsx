import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { CanvasController } from '../model/controller';

export interface IKeyRow {
  command: string;
  label: string;
  keys: string;
  group: string;
}

/** Return the current keyboard shortcuts of the canvas, sorted by label. */
export function keyRows(commands: CommandRegistry): IKeyRow[] {
  const rows = commands.keyBindings
    .filter(({ command, selector }) => command.startsWith('nbyard:') && /nby-Canvas/.test(selector))
    .map(({ command, keys, args }) => ({
      command,
      label: commands.label(command, args),
      keys: CommandRegistry.formatKeystroke(keys),
      group: commands.dataset(command, args).group ?? 'run'
    }));
  const byCommand = new Map<string, IKeyRow>();
  for (const row of rows) {
    const old = byCommand.get(row.command);
    byCommand.set(row.command, old ? { ...old, keys: `${old.keys}, ${row.keys}` } : row);
  }
  return [...byCommand.values()].sort((a, b) => a.label.localeCompare(b.label));
}

/** Return the groups of the two columns, with their titles. */
function columnsOf(trans: TranslationBundle): [string, string][][] {
  return [
    [
      ['run', trans.__('Run')],
      ['view', trans.__('View')],
      ['navigate', trans.__('Navigate')]
    ],
    [['edit', trans.__('Edit')]]
  ];
}

export function KeySheet({ rows, trans }: { rows: IKeyRow[]; trans: TranslationBundle }) {
  return (
    <div className="nby-Keys">
      {columnsOf(trans).map((groups, at) => (
        <div key={at}>
          {groups.map(([group, title]) => (
            <table key={group}>
              <caption>{title}</caption>
              <tbody>
                {rows
                  .filter(row => row.group === group)
                  .map(row => (
                    <tr key={row.command}>
                      <th scope="row">{row.label}</th>
                      <td>
                        <kbd>{row.keys}</kbd>
                      </td>
                    </tr>
                  ))}
              </tbody>
            </table>
          ))}
        </div>
      ))}
    </div>
  );
}

export async function showKeys({ trans, commands }: CanvasController): Promise<void> {
  await showDialog({
    title: trans.__('Canvas shortcuts'),
    body: <KeySheet rows={keyRows(commands)} trans={trans} />,
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}
