/** The code of the panels, which is fetched when one is first shown or used. */
import '../../style/base.css';
import '../../style/panels.css';
import '../../style/deployments.css';
import '../../style/environments.css';
import '../../style/things.css';
import { adminActions } from './admin/actions';
import { artifactActions } from './artifacts/actions';
import { automationActions } from './automations/actions';
import { backfillActions } from './automations/backfills/actions';
import { channelActions } from './channels/actions';
import { credentialActions } from './credentials/actions';
import { datasetActions } from './datasets/actions';
import { deploymentActions } from './deployments/actions';
import { environmentActions } from './environments/actions';
import { executableActions } from './executables/actions';
import { projectActions } from './projects/open';
import { cleaningActions } from './runs/cleaning/actions';
import { comparisonActions } from './runs/comparison/actions';
import { exportActions } from './runs/exporting/actions';
import { pageActions } from './runs/page/open';
import { workflowActions } from './workflows/actions';

export { remind } from './deployments/expiring';
export { describe } from './frame/describe';
export { renewKernels } from './environments/kernels';
export { Sidebar } from './sidebar/Sidebar';

export const actions = {
  ...adminActions,
  ...artifactActions,
  ...automationActions,
  ...backfillActions,
  ...channelActions,
  ...cleaningActions,
  ...comparisonActions,
  ...credentialActions,
  ...datasetActions,
  ...deploymentActions,
  ...environmentActions,
  ...executableActions,
  ...projectActions,
  ...exportActions,
  ...pageActions,
  ...workflowActions
};
