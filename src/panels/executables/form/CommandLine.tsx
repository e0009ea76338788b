import { fieldErrors } from '../../../forms/fieldErrors';
import { CommandDraft } from '../../../api/types';
import { useAnswer } from '../../../api/useAnswer';
import { reasonText } from '../../../reasons';
import { IPanelServices } from '../../frame/services';

const PAUSE = 300;
/** More arguments than these begin closed, so that the form is in view. */
const MOST_OPEN = 8;

interface ICommandLineProps {
  services: IPanelServices;
  draft: Pick<Partial<CommandDraft>, 'file' | 'invocation'> & {
    arguments: readonly Record<string, unknown>[];
    command: readonly string[];
  };
}

/** The command line of a description, as the server builds it for a run. */
export function CommandLine({ services, draft }: ICommandLineProps): JSX.Element {
  const { yard, trans } = services;
  // the draft has more than the server reads
  const body = draft as CommandDraft;
  const { answer: shown, error } = useAnswer(
    yard.client,
    'executables.preview',
    { body },
    { pause: PAUSE }
  );
  const problem = error && problemOf(error, body);
  const examples = shown?.examples ?? [];
  const names = [...new Set(examples.map(example => example.argument))];
  return (
    <section className="nby-CommandLine" aria-label={trans.__('Command line')}>
      <div>{trans.__('Command line')}</div>
      <pre className={`nby-Code ${problem ? 'nby-Dim' : ''}`}>{shown?.line ?? '…'}</pre>
      {problem && <p className="nby-Field-error">{problem}</p>}
      {examples.length > 0 && (
        <details open={names.length <= MOST_OPEN}>
          <summary>{trans.__('Special values')}</summary>
          <table className="nby-Table">
            <tbody>
              {names.map(name => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  {examples
                    .filter(example => example.argument === name)
                    .map(({ value, line, problem: refusal }) => (
                      <td key={JSON.stringify(value)}>
                        {value === null ? (
                          trans.__('no value')
                        ) : (
                          <code>{JSON.stringify(value)}</code>
                        )}{' '}
                        →{' '}
                        {line ? (
                          <code>{line}</code>
                        ) : (
                          reasonText(refusal, trans) || trans.__('nothing')
                        )}
                      </td>
                    ))}
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
    </section>
  );
}

/** Return why there is no command line; the server counts arguments, users know their names. */
function problemOf(error: unknown, draft: CommandDraft): string {
  const [first] = Object.entries(fieldErrors(error));
  if (!first) {
    return (error as Error).message;
  }
  const place = first[0].split('.')[1];
  const name = draft.arguments[Number(place)]?.name ?? place;
  return [name, first[1]].filter(Boolean).join(': ');
}
