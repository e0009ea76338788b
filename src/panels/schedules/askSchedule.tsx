/** A dialog for the times of a schedule; it shows the messages of a refusal and keeps the input. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { ApiError, fieldErrors } from '../../api/client';
import { Schedule } from '../../api/types';
import { FIELD, FormBody, REFUSED } from '../../forms/FormBody';
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
        <ScheduleForm services={services} draft={draft} known={known} problems={problems} />,
        first
      ),
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: ok })],
      focusNodeSelector: first
    });
    if (!button.accept) {
      return undefined;
    }
    problems = unreadable(draft, services.trans);
    if (Object.keys(problems).length) {
      continue;
    }
    try {
      return await send(draft);
    } catch (error) {
      if (!(error instanceof ApiError)) {
        throw error;
      }
      problems = fieldErrors(error);
      if (!Object.keys(problems).length) {
        problems = { '': [error.message, error.hint].filter(Boolean).join(' ') };
      }
    }
  }
}
