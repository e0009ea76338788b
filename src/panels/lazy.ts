/** All of the panels that is fetched when one of them is first shown or used. */
import '../../style/panels.css';
import '../../style/things.css';
import * as datasets from './datasets/actions';
import * as executables from './executables/actions';
import { IPanelServices } from './services';

export { DatasetSection } from './datasets/DatasetSection';
export { default as DatasetView } from './datasets/DatasetView';
export { ExecutableSection } from './executables/ExecutableSection';
export { default as ExecutableView } from './executables/ExecutableView';
export { RunSection } from './RunSection';
export { WorkflowSection } from './WorkflowSection';

export const actions = {
  ...datasets.datasetActions,
  ...executables.executableActions,
  openWorkflow: ({ commands }: IPanelServices, [path]: string[]) =>
    commands.execute('docmanager:open', { path })
};
