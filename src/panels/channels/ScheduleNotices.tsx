import { useEffect, useState } from 'react';
import { ScheduleNotice } from '../../api/types';
import { useSignal } from '../../components/hooks/useSignal';
import { IPanelServices } from '../frame/services';
import { ChannelForm } from './ChannelForm';
import { channelsOf } from './collection';
import { USUAL } from './events';

interface IScheduleNoticesProps {
  services: IPanelServices;
  notify: readonly ScheduleNotice[];
  error?: string;
  onChange: (notify: ScheduleNotice[]) => void;
}

/** The channels of a schedule: one click for each, and a form for a new one. */
export function ScheduleNotices(props: IScheduleNoticesProps): JSX.Element {
  const { services, notify, error, onChange } = props;
  const { yard, trans } = services;
  const channels = channelsOf(yard);
  useEffect(() => void channels.start(), [channels]);
  const items = useSignal(channels.changed, () => channels.items);
  const [isNew, setNew] = useState(false);
  const add = (channel: string) => onChange([...notify, { channel, events: [...USUAL] }]);
  const drop = (channel: string) => onChange(notify.filter(one => one.channel !== channel));
  return (
    <fieldset className="nby-Events">
      <legend>{trans.__('Notify if it fails, recovers or is missed')}</legend>
      {items.map(({ id, name, service }) => (
        <label key={id}>
          <input
            type="checkbox"
            checked={notify.some(one => one.channel === name)}
            onChange={({ target }) => (target.checked ? add(name) : drop(name))}
          />{' '}
          {name} <span className="nby-Field-help">{service}</span>
        </label>
      ))}
      {error && (
        <div className="nby-Field-error" role="alert">
          {error}
        </div>
      )}
      {isNew ? (
        <ChannelForm
          services={services}
          forSchedule
          onDone={made => {
            setNew(false);
            if (made) {
              add(made.name);
            }
          }}
        />
      ) : (
        <button type="button" className="nby-Link" onClick={() => setNew(true)}>
          {trans.__('New Channel…')}
        </button>
      )}
    </fieldset>
  );
}
