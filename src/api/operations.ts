/** The routes of all operations; a test checks them against the OpenAPI document. */
import type { IPlainQuestion } from './question';
import { operations } from './schema';

type Route = readonly [method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string];

export const ROUTES = {
  'artifacts.list': ['GET', '/artifacts'],
  'artifacts.suggest': ['GET', '/artifact-suggestions'],
  'artifacts.get': ['GET', '/artifacts/{artifact}'],
  'artifacts.content': ['GET', '/artifacts/{artifact}/content'],
  'artifacts.preview': ['GET', '/artifacts/{artifact}/preview'],
  'credentials.list': ['GET', '/credentials'],
  'credentials.kinds': ['GET', '/credential-kinds'],
  'credentials.create': ['POST', '/credentials'],
  'credentials.get': ['GET', '/credentials/{credential}'],
  'credentials.update': ['PATCH', '/credentials/{credential}'],
  'credentials.delete': ['DELETE', '/credentials/{credential}'],
  'datasets.list': ['GET', '/datasets'],
  'datasets.create': ['POST', '/datasets'],
  'datasets.get': ['GET', '/datasets/{dataset}'],
  'datasets.update': ['PATCH', '/datasets/{dataset}'],
  'datasets.delete': ['DELETE', '/datasets/{dataset}'],
  'datasets.compare': ['GET', '/datasets/{dataset}/compare'],
  'datasets.content': ['GET', '/datasets/{dataset}/content'],
  'datasets.notebook': ['POST', '/datasets/{dataset}/notebook'],
  'datasets.preview': ['GET', '/datasets/{dataset}/preview'],
  'datasets.profile': ['GET', '/datasets/{dataset}/profile'],
  'datasets.versions': ['GET', '/datasets/{dataset}/versions'],
  'deployments.list': ['GET', '/deployments'],
  'deployments.create': ['POST', '/deployments'],
  'deployments.form': ['GET', '/deployment-form'],
  'deployments.get': ['GET', '/deployments/{deployment}'],
  'deployments.edit': ['PATCH', '/deployments/{deployment}'],
  'deployments.delete': ['DELETE', '/deployments/{deployment}'],
  'deployments.events': ['GET', '/deployments/{deployment}/events'],
  'deployments.forms': ['GET', '/deployments/{deployment}/forms'],
  'deployments.keys': ['GET', '/deployments/{deployment}/keys'],
  'deployments.create_key': ['POST', '/deployments/{deployment}/keys'],
  'deployments.delete_key': ['DELETE', '/deployments/{deployment}/keys/{key}'],
  'deployments.log': ['GET', '/deployments/{deployment}/log'],
  'deployments.revisions': ['GET', '/deployments/{deployment}/revisions'],
  'deployments.rollback': ['POST', '/deployments/{deployment}/rollback'],
  'deployments.start': ['POST', '/deployments/{deployment}/start'],
  'deployments.stop': ['POST', '/deployments/{deployment}/stop'],
  'deployments.traffic': ['GET', '/deployments/{deployment}/traffic'],
  'environments.list': ['GET', '/environments'],
  'environments.create': ['POST', '/environments'],
  'environments.get': ['GET', '/environments/{environment}'],
  'environments.delete': ['DELETE', '/environments/{environment}'],
  'environments.set_default': ['PATCH', '/environment-defaults'],
  'environments.diff': ['GET', '/environments/{environment}/diff'],
  'environments.log': ['GET', '/environments/{environment}/log'],
  'environments.preview': ['POST', '/environments/{environment}/preview'],
  'environments.change': ['POST', '/environments/{environment}/versions'],
  'environments.cancel': ['POST', '/environments/{environment}/cancel'],
  'environments.versions': ['GET', '/environments/{environment}/versions'],
  'executables.list': ['GET', '/executables'],
  'executables.create': ['POST', '/executables'],
  'executables.inspect': ['POST', '/executables/inspect'],
  'executables.declare': ['POST', '/executables/files'],
  'executables.help': ['POST', '/executables/help'],
  'executables.preview': ['POST', '/executables/preview'],
  'executables.tag': ['POST', '/executables/tag'],
  'executables.get': ['GET', '/executables/{executable}'],
  'executables.update': ['PATCH', '/executables/{executable}'],
  'executables.delete': ['DELETE', '/executables/{executable}'],
  'executables.diff': ['GET', '/executables/{executable}/diff'],
  'executables.export': ['GET', '/executables/{executable}/export'],
  'executables.versions': ['GET', '/executables/{executable}/versions'],
  'images.list': ['GET', '/images'],
  'images.build': ['POST', '/images'],
  'images.dockerfile': ['POST', '/images/dockerfile'],
  'images.delete': ['DELETE', '/images/{image}'],
  'images.log': ['GET', '/images/{image}/log'],
  'images.pull': ['POST', '/images/pull'],
  'images.push': ['POST', '/images/{image}/push'],
  'kernels.list': ['GET', '/kernels'],
  'lineage.get': ['GET', '/lineage'],
  'models.build': ['POST', '/models'],
  'models.sources': ['GET', '/model-sources'],
  'models.deployed': ['POST', '/models/deployed'],
  'models.get': ['GET', '/models/{model}'],
  'models.deployments': ['GET', '/models/{model}/deployments'],
  'models.delete': ['DELETE', '/models/{model}'],
  'models.renew': ['POST', '/models/{model}/renew'],
  'models.schema': ['GET', '/models/{model}/schema'],
  'bisections.preview': ['POST', '/bisections/preview'],
  'bisections.create': ['POST', '/bisections'],
  'bisections.get': ['GET', '/bisections/{bisection}'],
  'bisections.cancel': ['POST', '/bisections/{bisection}/cancel'],
  'runs.create': ['POST', '/runs'],
  'runs.list': ['GET', '/runs'],
  'runs.bundle': ['GET', '/runs/{run}/bundle'],
  'runs.compare': ['GET', '/runs/{run}/compare'],
  'runs.compare_code': ['GET', '/runs/{run}/tasks/{node}/compare'],
  'runs.compare_input': ['GET', '/runs/{run}/tasks/{node}/inputs/{name}/compare'],
  'runs.compare_output': ['GET', '/runs/{run}/tasks/{node}/outputs/{output}/compare'],
  'runs.preview_clean_up': ['POST', '/runs/clean-up/preview'],
  'runs.clean_up': ['POST', '/runs/clean-up'],
  'runs.keep': ['POST', '/runs/{run}/keep'],
  'runs.unkeep': ['DELETE', '/runs/{run}/keep'],
  'runs.preview_retention': ['GET', '/run-retention/preview'],
  'runs.retention': ['GET', '/run-retention'],
  'runs.set_retention': ['PATCH', '/run-retention'],
  'runs.metric_history': ['GET', '/run-metrics'],
  'runs.why': ['GET', '/runs/{run}/why'],
  'runs.check_sample': ['POST', '/runs/check/sample'],
  'runs.get': ['GET', '/runs/{run}'],
  'runs.tasks': ['GET', '/runs/{run}/tasks'],
  'runs.delete': ['DELETE', '/runs/{run}'],
  'runs.cancel': ['POST', '/runs/{run}/cancel'],
  'runs.retry': ['POST', '/runs/{run}/retry'],
  'runs.estimate': ['GET', '/runs/{run}/estimate'],
  'runs.forecast': ['POST', '/runs/forecast'],
  'runs.picture': ['GET', '/runs/{run}/pictures/{digest}'],
  'runs.previews': ['GET', '/runs/{run}/previews'],
  'runs.output_preview': ['GET', '/runs/{run}/previews/{node}/{output}'],
  'runs.content': ['GET', '/runs/{run}/tasks/{node}/inputs/{name}/content'],
  'runs.file': ['GET', '/runs/{run}/tasks/{node}/files/content'],
  'runs.files': ['GET', '/runs/{run}/tasks/{node}/files'],
  'runs.preview': ['GET', '/runs/{run}/tasks/{node}/files/preview'],
  'runs.cells': ['GET', '/runs/{run}/tasks/{node}/cells'],
  'runs.log': ['GET', '/runs/{run}/tasks/{node}/log'],
  'runs.crate': ['GET', '/runs/{run}/crate'],
  'runs.openlineage': ['GET', '/runs/{run}/openlineage'],
  'runs.metrics': ['GET', '/runs/{run}/tasks/{node}/metrics'],
  'runs.undeclared': ['GET', '/runs/{run}/tasks/{node}/undeclared'],
  'runs.surroundings': ['GET', '/runs/{run}/tasks/{node}/surroundings'],
  'runs.usage': ['GET', '/runs/{run}/tasks/{node}/usage'],
  'triggers.create': ['POST', '/triggers'],
  'triggers.list': ['GET', '/triggers'],
  'triggers.get': ['GET', '/triggers/{trigger}'],
  'triggers.update': ['PATCH', '/triggers/{trigger}'],
  'triggers.delete': ['DELETE', '/triggers/{trigger}'],
  'triggers.enable': ['POST', '/triggers/{trigger}/enable'],
  'triggers.disable': ['POST', '/triggers/{trigger}/disable'],
  'triggers.rotate': ['POST', '/triggers/{trigger}/rotate'],
  'triggers.fire': ['POST', '/triggers/{trigger}/fire'],
  'uploads.create': ['POST', '/uploads'],
  'uploads.get': ['GET', '/uploads/{upload}'],
  'uploads.delete': ['DELETE', '/uploads/{upload}'],
  'uploads.append': ['PATCH', '/uploads/{upload}'],
  'workflows.list': ['GET', '/workflows'],
  'workflows.unrun': ['GET', '/workflows/unrun'],
  'workflows.example_needs': ['GET', '/workflows/example'],
  'workflows.create_example': ['POST', '/workflows/example'],
  'projects.create': ['POST', '/projects'],
  'projects.list': ['GET', '/projects'],
  'projects.get': ['GET', '/projects/{project}'],
  'projects.update': ['PATCH', '/projects/{project}'],
  'projects.delete': ['DELETE', '/projects/{project}'],
  'projects.artifacts': ['GET', '/projects/{project}/artifacts'],
  'projects.retention': ['GET', '/projects/{project}/retention'],
  'projects.set_policy': ['PATCH', '/projects/{project}/retention/{policy}'],
  'projects.delete_policy': ['DELETE', '/projects/{project}/retention/{policy}'],
  'projects.links': ['GET', '/projects/{project}/links'],
  'projects.linkable': ['GET', '/projects/{project}/linkable'],
  'projects.link': ['POST', '/projects/{project}/links'],
  'projects.unlink': ['DELETE', '/projects/{project}/links/{kind}/{resource}'],
  'schedules.create': ['POST', '/schedules'],
  'schedules.list': ['GET', '/schedules'],
  'schedules.get': ['GET', '/schedules/{schedule}'],
  'schedules.update': ['PATCH', '/schedules/{schedule}'],
  'schedules.delete': ['DELETE', '/schedules/{schedule}'],
  'schedules.enable': ['POST', '/schedules/{schedule}/enable'],
  'schedules.disable': ['POST', '/schedules/{schedule}/disable'],
  'schedules.run': ['POST', '/schedules/{schedule}/run'],
  'schedules.preview': ['POST', '/schedules/preview'],
  'channels.create': ['POST', '/channels'],
  'backfills.create': ['POST', '/schedules/{schedule}/backfills'],
  'backfills.preview': ['POST', '/schedules/{schedule}/backfills/preview'],
  'backfills.list': ['GET', '/backfills'],
  'backfills.cancel': ['POST', '/backfills/{backfill}/cancel'],
  'channels.list': ['GET', '/channels'],
  'channels.get': ['GET', '/channels/{channel}'],
  'channels.update': ['PATCH', '/channels/{channel}'],
  'channels.delete': ['DELETE', '/channels/{channel}'],
  'channels.test': ['POST', '/channels/{channel}/test'],
  'channels.test_url': ['POST', '/channel-tests'],
  'system.doctor': ['GET', '/system/doctor'],
  'system.runtimes': ['GET', '/system/runtimes'],
  'system.spell': ['POST', '/system/spelling'],
  'workflows.check': ['POST', '/workflows/check']
} as const satisfies Partial<Record<keyof operations, Route>>;

export type OperationId = keyof typeof ROUTES;

type Json<T> = T extends { content: { 'application/json': infer J } } ? J : never;
type Parameter<Id extends OperationId, In extends string> = operations[Id] extends {
  parameters: { [K in In]: infer P };
}
  ? P
  : operations[Id] extends { parameters: { [K in In]?: infer P } }
    ? Exclude<P, undefined>
    : never;
type Body<Id extends OperationId> = operations[Id] extends { requestBody: infer B }
  ? Json<Exclude<B, undefined>>
  : never;

/** The response of an operation when it succeeds. */
export type Answer<Id extends OperationId> = {
  [Status in keyof operations[Id]['responses']]: Status extends 200 | 201 | 202
    ? Json<operations[Id]['responses'][Status]>
    : never;
}[keyof operations[Id]['responses']];

type IfAny<T, Shape> = [T] extends [never] ? unknown : Shape;

/** The schema requires fields with a default, which is right for responses only. */
type Given<T> = T extends (infer U)[]
  ? Given<U>[]
  : T extends object
    ? { [K in keyof T]?: Given<T[K]> }
    : T;

/** The request of an operation. */
export type Question<Id extends OperationId> = IfAny<
  Parameter<Id, 'path'>,
  { path: Parameter<Id, 'path'> }
> &
  IfAny<Parameter<Id, 'query'>, { query?: Parameter<Id, 'query'> }> &
  IfAny<Body<Id>, { body: Given<Body<Id>> }> &
  Pick<IPlainQuestion, 'idempotencyKey' | 'keepalive' | 'signal'>;

/** A request to any operation. */
export type IRequest = {
  [Id in OperationId]: { id: Id; question: Question<Id> };
}[OperationId];
