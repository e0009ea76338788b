import { languages } from '../../../components/format/times';
import { reasonText } from '../../../reasons';
import { IPanelServices } from '../../frame/services';
import { IPreview } from './preview';

interface IDueTimesProps {
  services: IPanelServices;
  answer: IPreview<'automations.preview'>;
}

/** What a typed time means, with the next times. */
export function DueTimes({ services, answer }: IDueTimesProps): JSX.Element {
  const { preview, away } = answer;
  const { trans } = services;
  return (
    <>
      <div role="status" className="nby-Automation-preview">
        {away && <p>{away}</p>}
        {preview && (
          <>
            <p>{reasonText(preview.sentence, trans)}</p>
            {preview.ended && <p>{reasonText(preview.ended, trans)}</p>}
            <ol>
              {preview.next.map(({ at, note }) => (
                <li key={at}>
                  {dueText(at, preview.zone)}
                  {note && <em> ({reasonText(note, trans)})</em>}
                </li>
              ))}
            </ol>
          </>
        )}
      </div>
      <p className="nby-Field-help">
        {trans.__('Runs also start while JupyterLab is closed, as long as its machine is on.')}
      </p>
    </>
  );
}

/** Return a due time in its zone, with seconds if it has them: "Thu, 26 Nov 2026, 08:00". */
function dueText(at: string, timeZone: string): string {
  const date = { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' } as const;
  const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const whole = Date.parse(at) % 60_000 === 0;
  const second = whole ? undefined : ('2-digit' as const);
  return new Date(at).toLocaleString(languages(), { ...date, ...time, second, timeZone });
}
