import { TranslationBundle } from '@jupyterlab/translation';
import { NoticeEvent } from '../../api/types';
import { eventLabels } from './events';

interface IEventChoiceProps {
  legend: string;
  events: readonly NoticeEvent[];
  error?: string;
  trans: TranslationBundle;
  onChange: (events: NoticeEvent[]) => void;
}

/** A box for each event. */
export function EventChoice(props: IEventChoiceProps): JSX.Element {
  const { legend, events, error, trans, onChange } = props;
  return (
    <fieldset className="nby-Events">
      <legend>{legend}</legend>
      {eventLabels(trans).map(([event, label]) => (
        <label key={event}>
          <input
            type="checkbox"
            checked={events.includes(event)}
            onChange={({ target }) =>
              onChange(
                target.checked ? [...events, event] : events.filter(other => other !== event)
              )
            }
          />{' '}
          {label}
        </label>
      ))}
      {error && (
        <div className="nby-Field-error" role="alert">
          {error}
        </div>
      )}
    </fieldset>
  );
}
