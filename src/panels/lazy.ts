/** The code of the panels, which is fetched when one is first shown or used. */
import '../../style/base.css';
import '../../style/panels.css';
import '../../style/deployments.css';
import '../../style/environments.css';
import '../../style/things.css';
import { artifactActions } from './artifacts/actions';
import { credentialActions } from './credentials/actions';
import { datasetActions } from './datasets/actions';
import { deploymentActions } from './deployments/actions';
import { environmentActions } from './environments/actions';
import { executableActions } from './executables/actions';
import { workflowActions } from './workflows/actions';

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
  ...datasetActions,
  ...deploymentActions,
  ...environmentActions,
  ...executableActions,
  ...workflowActions
};
