import { useEffect, useState } from 'react';
import { Schedule } from '../../api/types';
import { reasonText } from '../../reasons';
import { Leave } from '../frame/dialogs/launch';
import { IPanelServices } from '../frame/services';
import { IOffered } from './code';

interface IOtherSchedulesProps extends Pick<IOffered, 'schedules'> {
  services: IPanelServices;
  leave: Leave;
}

/** The schedules that the file has already, above the form of a new one. */
export function OtherSchedules(props: IOtherSchedulesProps): JSX.Element {
  const { services, schedules, leave } = props;
  const { commands, trans } = services;
  const [found, setFound] = useState<readonly Schedule[]>([]);
  useEffect(() => void schedules().then(setFound), [schedules]);
  return (
    <>
      {found.map(({ id, name, sentence }) => (
        <p key={id} role="status">
          {trans.__('This file has a schedule: %1', reasonText(sentence, trans) || name)}{' '}
          <button
            type="button"
            className="nby-Link"
            onClick={() => leave(() => commands.execute('nbyard:edit-schedule', { id }))}
          >
            {trans.__('Edit')}
          </button>
        </p>
      ))}
    </>
  );
}
