/** The code of the panels, which is fetched when one is first shown or used. */
import '../../style/base.css';
import '../../style/panels.css';
import '../../style/deployments.css';
import '../../style/libraries.css';
import '../../style/things.css';
import { artifactActions } from './artifacts/actions';
import { credentialActions } from './credentials/actions';
import * as datasets from './datasets/actions';
import { deploymentActions } from './deployments/actions';
import * as environments from './environments/actions';
import * as executables from './executables/actions';
import { IPanelServices } from './frame/services';

export { ArtifactSection } from './artifacts/ArtifactSection';
export { CredentialSection } from './credentials/CredentialSection';
export { DatasetSection } from './datasets/DatasetSection';
export { DeploymentSection } from './deployments/DeploymentSection';
export { EnvironmentSection } from './environments/EnvironmentSection';
export { renewKernels } from './environments/kernels';
export { ExecutableSection } from './executables/ExecutableSection';
export { RunSection } from './runs/RunSection';
export { WorkflowSection } from './workflows/WorkflowSection';

export const actions = {
  ...artifactActions,
  ...credentialActions,
  ...datasets.datasetActions,
  ...deploymentActions,
  ...environments.environmentActions,
  ...executables.executableActions,
  openWorkflow: ({ commands }: IPanelServices, [path]: string[]) =>
    commands.execute('docmanager:open', { path })
};
