/** Deletes finished runs by rules, and protects single runs. */
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { IRequest } from '../../../api/operations';
import { CleanUpRules } from '../../../api/types';
import { showProblem } from '../../../components/problems';
import { FIELD, FormBody } from '../../../forms/FormBody';
import { ShowAsCommand } from '../../../spelling/ShowAsCommand';
import { IPanelServices } from '../../frame/services';
import { CleanUpForm, ICleanUp } from './CleanUpForm';

/** The rules that the form shows where none are set. */
const USUAL: CleanUpRules = { older_than_days: 30, keep: 10 };

export const cleaningActions = {
  /** Ask for rules, show what they delete, then delete it. */
  cleanUpRuns: async (services: IPanelServices): Promise<void> => {
    const { yard, trans } = services;
    try {
      const { project } = yard.client;
      const known = await yard.client.call('runs.retention', {});
      const holder: ICleanUp = { rules: known.rules ?? USUAL, daily: !!known.rules };
      const { button } = await showDialog({
        title: project ? trans.__('Clean up runs of the project') : trans.__('Clean up runs'),
        body: new FormBody(
          <>
            <CleanUpForm services={services} holder={holder} project={project} />
            <ShowAsCommand
              spelling={{ client: yard.client, request: () => requestOf(holder, project) }}
              trans={trans}
            />
          </>
        ),
        buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Delete') })],
        focusNodeSelector: FIELD
      });
      const { rules, daily, isIdle } = holder;
      if (!button.accept || !rules || isIdle) {
        return;
      }
      if (!project && (daily || known.rules)) {
        await yard.client.call('runs.set_retention', { body: { rules: daily ? rules : null } });
      }
      const count = await cleanUp(services, rules, project);
      Notification.success(trans._n('Deleted %1 run.', 'Deleted %1 runs.', count));
    } catch (error) {
      showProblem(trans.__('Not cleaned up.'), error, trans);
    }
  },

  /** Protect a run from clean-ups, or end the protection. */
  keepRun: async ({ yard, trans }: IPanelServices, [run]: string[]): Promise<void> => {
    try {
      const known = yard.runs.find(run);
      if (known?.kept) {
        await yard.client.call('runs.unkeep', { path: { run } });
        yard.runs.put({ ...known, kept: false });
      } else {
        yard.runs.put(await yard.client.call('runs.keep', { path: { run } }));
      }
    } catch (error) {
      showProblem(trans.__('Not changed.'), error, trans);
    }
  }
};

/** Return the clean-up; daily rules also clean up now, within a day. */
function requestOf({ rules, daily }: ICleanUp, project: string): IRequest | undefined {
  return rules && daily && !project
    ? { id: 'runs.set_retention', question: { body: { rules } } }
    : rules && { id: 'runs.clean_up', question: { body: rules, query: { project } } };
}

/** Delete in portions until no run is left; return the number of deleted runs. */
async function cleanUp(
  { yard }: IPanelServices,
  body: CleanUpRules,
  project: string
): Promise<number> {
  let count = 0;
  for (;;) {
    const { deleted, left } = await yard.client.call('runs.clean_up', {
      body,
      query: { project }
    });
    count += deleted;
    if (!left || !deleted) {
      return count;
    }
  }
}
