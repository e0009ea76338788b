import { IPanelServices } from '../frame/services';

export const workflowActions = {
  openWorkflow: ({ commands }: IPanelServices, [path]: string[]) =>
    commands.execute('docmanager:open', { path })
};
