/** Runs past due times of a schedule. */
import { askUntilAccepted } from '../frame/dialogs/askUntilAccepted';
import { reportFailure } from '../frame/reportFailure';
import { IPanelServices } from '../frame/services';
import { BackfillForm } from './BackfillForm';
import { bodyOf, newDraft, draftProblems } from './draft';

export const backfillActions = {
  /** Ask for a range until the user closes the form, which then shows how the backfill proceeds. */
  backfillSchedule: async (services: IPanelServices, [id]: string[]): Promise<void> => {
    const { yard, trans } = services;
    await reportFailure(services, trans.__('Not started.'), async () => {
      const path = { schedule: id };
      const schedule = await yard.client.call('schedules.get', { path });
      const draft = newDraft(schedule);
      const question = () => ({ path, body: bodyOf(draft) });
      for (;;) {
        const made = await askUntilAccepted({
          title: trans.__('Backfill “%1”', schedule.name),
          ok: trans.__('Start'),
          close: trans.__('Close'),
          draft,
          form: problems => (
            <BackfillForm
              services={services}
              schedule={schedule}
              draft={draft}
              problems={problems}
            />
          ),
          check: () => draftProblems(draft, trans),
          send: () => yard.client.call('backfills.create', question()),
          spelling: {
            client: yard.client,
            request: () => ({ id: 'backfills.create', question: question() })
          },
          trans
        });
        if (!made) {
          return;
        }
      }
    });
  }
};
