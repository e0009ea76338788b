/** All of the panels that is fetched when one of them is first shown or used. */
import '../../style/panels.css';
import '../../style/libraries.css';
import '../../style/things.css';
import * as datasets from './datasets/actions';
import * as environments from './environments/actions';
import * as executables from './executables/actions';
import { IPanelServices } from './services';

export { DatasetSection } from './datasets/DatasetSection';
export { EnvironmentSection } from './environments/EnvironmentSection';
export { renewKernels } from './environments/kernels';
export { ExecutableSection } from './executables/ExecutableSection';
export { RunSection } from './RunSection';
export { WorkflowSection } from './WorkflowSection';

export const actions = {
  ...datasets.datasetActions,
  ...environments.environmentActions,
  ...executables.executableActions,
  openWorkflow: ({ commands }: IPanelServices, [path]: string[]) =>
    commands.execute('docmanager:open', { path })
};
