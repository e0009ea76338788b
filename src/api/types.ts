/** Short names for the types in the generated `schema.ts`. */
import { components } from './schema';

type Schemas = components['schemas'];

export type Argument = Schemas['Argument'];
export type Artifact = Schemas['Artifact'];
export type Attempt = Schemas['Attempt'];
export type Backfill = Schemas['Backfill'];
export type BackfillPreview = Schemas['BackfillPreview'];
export type CallForm = Schemas['CallForm'];
export type Cause = Schemas['Cause'];
export type Cells = Schemas['Cells'];
export type CodeRow = Schemas['CodeRow'];
export type Column = Schemas['Column'];
export type ColumnChange = Schemas['ColumnChange'];
export type ColumnFigures = Schemas['ColumnFigures'];
export type ColumnProfile = Schemas['ColumnProfile'];
export type CommandDraft = Schemas['CommandDraft'];
export type CommandPreview = Schemas['CommandPreview'];
export type Comparison = Schemas['Comparison'];
export type Dataset = Schemas['Dataset'];
export type DatasetVersion = Schemas['DatasetVersion'];
export type Deployment = Schemas['Deployment'];
export type DeploymentKey = Schemas['DeploymentKey'];
export type CreatedKey = Schemas['CreatedKey'];
export type DeploymentChange = Schemas['DeploymentChange'];
export type DeploymentEvent = Schemas['DeploymentEvent'];
export type DeploymentForm = Schemas['DeploymentForm'];
export type Diff = Schemas['Diff'];
export type DiffLine = Schemas['DiffLine'];
export type DockerfileText = Schemas['DockerfileText'];
export type Credential = Schemas['Credential'];
export type CredentialField = Schemas['CredentialField'];
export type CredentialKind = Schemas['CredentialKind'];
export type Element = Schemas['Element'];
export type Environment = Schemas['Environment'];
export type EnvironmentVersion = Schemas['EnvironmentVersion'];
export type EnvironmentRow = Schemas['EnvironmentRow'];
export type ErrorBody = Schemas['ErrorBody'];
export type ErrorDetail = Schemas['Detail'];
/** A refused field with the text of its reason. */
export type RefusedField = Pick<ErrorDetail, 'path' | 'message'>;
export type Estimate = Schemas['Estimate'];
export type ExampleTemplate = Schemas['ExampleTemplate'];
export type Executable = Schemas['Executable'];
export type ExecutableVersion = Schemas['ExecutableVersion'];
export type Explanation = Schemas['Explanation'];
export type Failure = Schemas['Failure'];
export type FormField = Schemas['FormField'];
export type Inspection = Schemas['Inspection'];
export type Invocation = Schemas['Invocation'];
export type Kernel = Schemas['Kernel'];
export type LeftOut = Schemas['LeftOut'];
export type Lineage = Schemas['Lineage'];
export type LineageNode = Schemas['LineageNode'];
export type Link = Schemas['Link'];
export type Undeclared = Schemas['Undeclared'];
export type LogChunk = Schemas['LogChunk'];
export type Deployed = Schemas['Deployed'];
export type DeployedAs = Schemas['DeployedAs'];
export type MetricHistory = Schemas['MetricHistory'];
export type ModelPackage = Schemas['ModelPackage'];
export type NamedArtifact = Schemas['NamedArtifact'];
export type NamedImage = Schemas['NamedImage'];
export type ModelSources = Schemas['ModelSources'];
export type Member = Schemas['Member'];
export type NewLink = Schemas['NewLink'];
export type NewMember = Schemas['NewMember'];
export type ShareLink = Schemas['ShareLink'];
export type NewAutomation = Schemas['NewAutomation'];
export type NewBackfill = Schemas['NewBackfill'];
export type NewChannel = Schemas['NewChannel'];
export type NewCredential = Schemas['NewCredential'];
export type NewDeployment = Schemas['NewDeployment'];
export type NewEnvironment = Schemas['NewEnvironment'];
export type NewProject = Schemas['NewProject'];
export type NewQuota = Schemas['NewQuota'];
export type NewRun = Schemas['NewRun'];
export type OutputComparison = Schemas['OutputComparison'];
export type InputRow = Schemas['InputRow'];
export type OutputRow = Schemas['OutputRow'];
export type RunComparison = Schemas['RunComparison'];
export type OtherFile = Schemas['OtherFile'];
export type OtherFileList = Schemas['OtherFileList'];
export type OtherFiles = Schemas['OtherFiles'];
export type Channel = Schemas['Channel'];
export type NoticeEvent = NoticeRule['events'][number];
export type NoticeRule = Schemas['NoticeRule'];
export type Project = Schemas['Project'];
export type ProjectArtifact = Schemas['ProjectArtifact'];
export type ProjectResource = Schemas['ProjectResource'];
export type Automation = Schemas['Automation'];
export type AutomationNotice = Schemas['AutomationNotice'];
export type Firing = Schemas['Firing'];
export type CleanUpPreview = Schemas['CleanUpPreview'];
export type RetentionPreview = Schemas['RetentionPreview'];
export type CleanUpRules = Partial<Schemas['CleanUpRules']>;
export type PackageChange = Schemas['PackageChange'];
export type PolicyRules = Schemas['PolicyRules'];
export type Port = Schemas['Port'];
export type Profile = Schemas['Profile'];
export type Recipe = Schemas['Recipe'];
export type Missing = Schemas['Missing'];
export type Resolution = Schemas['Resolution'];
export type Resources = Schemas['Resources'];
export type Revision = Schemas['Revision'];
export type RevisionSpec = Schemas['RevisionSpec'];
export type NodePreview = Schemas['NodePreview'];
export type NodeView = Schemas['NodeView'];
export type Proposal = Schemas['Proposal'];
export type FilePreview = Schemas['FilePreview'];
export type ShownMetric = Schemas['ShownMetric'];
export type TableHead = Schemas['TableHead'];
export type Bisection = Schemas['Bisection'];
export type BisectionChange = Schemas['BisectionChange'];
export type BisectionPreview = Schemas['BisectionPreview'];
export type Runtimes = Schemas['Runtimes'];
export type QuotaUse = Schemas['QuotaUse'];
export type Run = Schemas['Run'];
export type ServedModel = Schemas['ServedModel'];
export type StoreEvent = Schemas['Event'];
export type Surroundings = Schemas['Surroundings'];
export type TablePage = Schemas['TablePage'];
export type Task = Schemas['Task'];
export type TaskPage = Schemas['TaskPage'];
export type Traffic = Schemas['Traffic'];
export type Upload = Schemas['Upload'];
export type Usage = Schemas['Usage'];
export type Spelling = Schemas['Spelling'];
export type MonitorLink = Schemas['MonitorLink'];
export type Metric = Schemas['Metric'];
export type Workflow = Schemas['Workflow'];
export type SavedVersion = Schemas['SavedVersion'];
export type ComparedVersions = Schemas['ComparedVersions'];
export type WorkflowFile = Schemas['WorkflowFile'];

/** A run and its tasks in the order of the graph. */
export interface RunDetail {
  run: Run;
  tasks: Task[];
}

/** The progress of a running task; sent over the event socket only. */
export interface Activity {
  run: string;
  node: string;
  attempt: number;
  log_bytes: number;
  done: number;
  total: number;
  current?: number | null;
  /** Where the output of the running cell starts in the log, in bytes. */
  log_start?: number;
  links?: MonitorLink[];
  last_line?: string;
  metrics?: ShownMetric[];
}

export const LIVE_RUN: ReadonlySet<string> = new Set(['queued', 'running']);

export function isLive(run: { state: string }): boolean {
  return LIVE_RUN.has(run.state);
}
