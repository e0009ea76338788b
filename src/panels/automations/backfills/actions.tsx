/** Runs past due times of an automation. */
import { askUntilAccepted } from '../../frame/dialogs/askUntilAccepted';
import { reportFailure } from '../../frame/reportFailure';
import { IPanelServices } from '../../frame/services';
import { BackfillForm } from './BackfillForm';
import { backfillBody, draftProblems, newDraft } from './draft';

export const backfillActions = {
  /** Ask for a range until the user closes the form, which then shows how the backfill proceeds. */
  backfillAutomation: async (services: IPanelServices, [id]: string[]): Promise<void> => {
    const { yard, trans } = services;
    await reportFailure(services, trans.__('Not started.'), async () => {
      const path = { automation: id };
      const automation = await yard.client.call('automations.get', { path });
      const draft = newDraft(automation);
      const question = () => ({ path, body: backfillBody(draft) });
      for (;;) {
        const made = await askUntilAccepted({
          title: trans.__('Backfill “%1”', automation.name),
          ok: trans.__('Start'),
          close: trans.__('Close'),
          draft,
          form: problems => (
            <BackfillForm
              services={services}
              automation={automation}
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
