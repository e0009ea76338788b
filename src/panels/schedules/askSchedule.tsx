/** A dialog for the times of a schedule. */
import { Schedule } from '../../api/types';
import { askUntilAccepted } from '../frame/dialogs/askUntilAccepted';
import { IPanelServices } from '../frame/services';
import { draftOf, IScheduleDraft, unreadable } from './draft';
import { ScheduleForm } from './ScheduleForm';

interface IAsked {
  title: string;
  ok: string;
  /** The schedule to edit. */
  known?: Schedule;
  send: (draft: IScheduleDraft) => Promise<Schedule>;
}

/** Return the stored schedule; undefined if the user cancels. */
export function askSchedule(
  services: IPanelServices,
  { title, ok, known, send }: IAsked
): Promise<Schedule | undefined> {
  const draft = draftOf(known);
  return askUntilAccepted({
    title,
    ok,
    form: problems => (
      <ScheduleForm services={services} draft={draft} known={known} problems={problems} />
    ),
    check: () => unreadable(draft, services.trans),
    send: () => send(draft)
  });
}
