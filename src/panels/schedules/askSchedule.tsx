/** A dialog for the times of a schedule. */
import { NewRun, Schedule } from '../../api/types';
import { IRequest } from '../../api/operations';
import { askUntilAccepted } from '../frame/dialogs/askUntilAccepted';
import { IPanelServices } from '../frame/services';
import { offeredFor } from './code';
import { draftOf, IScheduleDraft, draftProblems } from './draft';
import { ScheduleForm } from './ScheduleForm';

interface IAsked {
  title: string;
  ok: string;
  /** The run to repeat. */
  run: Partial<NewRun>;
  /** The schedule to edit. */
  known?: Schedule;
  /** The request of a draft, and how it is sent. */
  request: (draft: IScheduleDraft) => IRequest;
  send: (draft: IScheduleDraft) => Promise<Schedule>;
}

/** Return the stored schedule; undefined if the user cancels. */
export function askSchedule(
  services: IPanelServices,
  { title, ok, run, known, request, send }: IAsked
): Promise<Schedule | undefined> {
  const draft = draftOf(known, run);
  const { yard, trans } = services;
  const offered = offeredFor(services, run);
  const check = () => draftProblems(draft, trans);
  return askUntilAccepted({
    title,
    ok,
    draft,
    form: (problems, leave) => (
      <ScheduleForm {...{ services, draft, known, offered, problems, leave }} />
    ),
    check,
    send: () => send(draft),
    spelling: {
      client: yard.client,
      request: () => (Object.keys(check()).length ? undefined : request(draft))
    },
    trans
  });
}
