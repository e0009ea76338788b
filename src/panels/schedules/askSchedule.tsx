/** A dialog for the times of a schedule; it shows the messages of a refusal. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { ApiError, fieldErrors } from '../../api/client';
import { Schedule } from '../../api/types';
import { FIELD, FormBody, REFUSED } from '../../forms/FormBody';
import { IPanelServices } from '../frame/services';
import { bodyOf, draftOf, IScheduleBody, ScheduleForm } from './ScheduleForm';

interface IAsked {
  title: string;
  ok: string;
  /** The schedule to edit. */
  known?: Schedule;
  send: (body: IScheduleBody) => Promise<Schedule>;
}

/** Return the stored schedule; undefined if the user cancels. */
export async function askSchedule(
  services: IPanelServices,
  { title, ok, known, send }: IAsked
): Promise<Schedule | undefined> {
  const draft = draftOf(known);
  let problems: Record<string, string> = {};
  for (;;) {
    const first = Object.keys(problems).length ? REFUSED : FIELD;
    const { button } = await showDialog({
      title,
      body: new FormBody(
        <ScheduleForm services={services} draft={draft} problems={problems} />,
        first
      ),
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: ok })],
      focusNodeSelector: first
    });
    if (!button.accept) {
      return undefined;
    }
    try {
      return await send(bodyOf(draft));
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 422)) {
        throw error;
      }
      problems = fieldErrors(error);
      if (!Object.keys(problems).length) {
        problems = { timing: error.message };
      }
    }
  }
}
