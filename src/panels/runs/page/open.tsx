import { Signal } from '@lumino/signaling';
import { runsIcon } from '../../../icons/startup';
import { showItem } from '../../frame/itemView';
import { IPanelServices, IRestoredArgs } from '../../frame/services';
import { tagRuns } from './bulk';
import RunsPage from './RunsPage';

/** The page exists once. */
const ID = 'all';

export const pageActions = {
  openRuns: (
    services: IPanelServices,
    _: string[],
    __?: readonly File[],
    { target }: IRestoredArgs = {}
  ): void =>
    showItem(services, target ?? { id: ID }, {
      noun: 'runs',
      icon: runsIcon,
      label: services.trans.__('Runs'),
      collection: { changed: new Signal({}), find: () => undefined },
      draw: () => <RunsPage services={services} />
    }),

  /** Ask for the tags of one run. */
  tagRun: async (services: IPanelServices, [run]: string[]): Promise<void> => {
    const asked = { path: { run }, query: { limit: 1 } };
    await tagRuns(services, [(await services.yard.client.call('runs.tasks', asked)).run]);
  }
};
