/** The code of the commands on runs, fetched on first use. */
import { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { ApiError } from '../api/client';
import { fileOf } from '../api/paths';
import { saveCode, unsavedDocuments } from '../api/documents/saveDocuments';
import { Deployment, RunDetail, TaskPage } from '../api/types';
import { IYard } from '../api/yard';
import { copyText, showProblem } from '../components/problems';
import { codeOfRun, hasChangedCode, retriedVersions } from './model/changedCode';
import { withCommand } from '../forms/FormBody';

export interface IRunActionContext {
  app: JupyterFrontEnd;
  commands: CommandRegistry;
  yard: IYard;
  trans: TranslationBundle;
  /** Show the run in Run Info. */
  show: (id: string) => unknown;
}

type Action = (
  context: IRunActionContext,
  id: string,
  args: ReadonlyPartialJSONObject
) => Promise<unknown>;

/** Wrap an action to show its errors. */
function withProblemDialog(failed: (trans: TranslationBundle) => string, action: Action): Action {
  return (context, id, args) =>
    action(context, id, args).catch((error: unknown) =>
      showProblem(failed(context.trans), error, context.trans)
    );
}

const notStarted = (trans: TranslationBundle) => trans.__('Not started.');

export const runActions = {
  cancel: withProblemDialog(
    trans => trans.__('Not stopped.'),
    async ({ yard }, run) => yard.runs.put(await yard.client.call('runs.cancel', { path: { run } }))
  ),

  /** Retry; ask first if the code changed, unless the button shows it already (`isKnown`). */
  retry: withProblemDialog(notStarted, async (context, run, { isKnown }) => {
    const { yard, show, app } = context;
    const saved = await saveCodeOf(context, run);
    const detail = saved ?? (isKnown === true ? undefined : await detailOf(yard, run));
    const services = { yard, contents: app.serviceManager.contents };
    if (detail && (await hasChangedCode(services, detail, retriedVersions(detail.tasks)))) {
      const answer = await askOldCode(context, run, !!saved);
      if (answer !== 'retry') {
        return answer === 'rerun' ? again(context, run) : undefined;
      }
    }
    const made = await yard.client.call('runs.retry', { path: { run } });
    yard.runs.put(made);
    await show(made.id);
    return made.id;
  }),

  rerun: withProblemDialog(notStarted, (context, id, { force }) =>
    again(context, id, force === true)
  ),

  rerunAnew: withProblemDialog(notStarted, (context, id) => again(context, id, true)),

  copyId: (({ trans }, id) => copyText(id, trans.__('The ID is copied.'))) as Action,

  /** Copy the SHA-256 of a result, whose id is given. */
  copyDigest: withProblemDialog(
    trans => trans.__('Not copied.'),
    async ({ yard, trans }, artifact) => {
      const { digest } = await yard.client.call('artifacts.get', { path: { artifact } });
      await copyText(digest, trans.__('SHA-256 is copied.'));
    }
  ),

  openFile: withProblemDialog(
    trans => trans.__('Not opened.'),
    async ({ yard, commands }, id) => {
      const { run } = await seen(yard, id);
      return commands.execute('docmanager:open', { path: fileOf(run.path) });
    }
  ),

  remove: withProblemDialog(
    trans => trans.__('Not deleted.'),
    async ({ yard, trans }, run) => {
      const question = { path: { run } };
      const { number, name, title } = (await seen(yard, run)).run;
      const served = await deploymentsOf(yard, run);
      const { button } = await showDialog({
        title: trans.__('Delete run %1 of %2?', number, name || title),
        body: withCommand(
          [
            trans.__('The record, the log and the results are deleted. This cannot be undone.'),
            ...served.map(deployment =>
              trans.__(
                'The deployment “%1” keeps running without the run.',
                deployment.title || deployment.name
              )
            )
          ].join(' '),
          { client: yard.client, request: () => ({ id: 'runs.delete', question }) },
          trans
        ),
        buttons: [
          Dialog.cancelButton({ label: trans.__('Keep') }),
          Dialog.warnButton({ label: trans.__('Delete') })
        ]
      });
      if (button.accept) {
        await yard.client.call('runs.delete', question);
        yard.runs.remove(run);
      }
    }
  )
};

async function again(context: IRunActionContext, id: string, force = false): Promise<unknown> {
  const { yard, show } = context;
  await saveCodeOf(context, id);
  const made = await yard.client.call('runs.create', { body: await sameAs(yard, id, force) });
  yard.runs.put(made);
  await show(made.id);
  return made.id;
}

/** Save the open documents that a run reads; return the run if there were any. */
async function saveCodeOf(context: IRunActionContext, id: string): Promise<RunDetail | undefined> {
  if (!unsavedDocuments(context.app).length) {
    return undefined;
  }
  const detail = await detailOf(context.yard, id);
  return (await saveCode(context, codeOfRun(detail))) ? detail : undefined;
}

/** Ask which code is used, as a retry uses the code of the failed run. */
async function askOldCode(
  { yard, trans }: IRunActionContext,
  run: string,
  isSaved: boolean
): Promise<'rerun' | 'retry' | undefined> {
  const request = { id: 'runs.retry', question: { path: { run } } } as const;
  const retry = Dialog.createButton({ label: trans.__('Retry With Old Code'), accept: false });
  const rerun = Dialog.okButton({ label: trans.__('Rerun With New Code') });
  const { button } = await showDialog({
    title: trans.__('The code changed'),
    body: withCommand(
      isSaved
        ? trans.__(
            'Your changes are saved. A retry uses the code of the failed run. A rerun uses your changes.'
          )
        : trans.__('A retry uses the code of the failed run. A rerun uses your changes.'),
      { client: yard.client, request: () => request },
      trans
    ),
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), retry, rerun]
  });
  return button.accept ? 'rerun' : button.label === retry.label ? 'retry' : undefined;
}

/** Return a run with all its tasks. */
function detailOf(yard: IYard, run: string): Promise<RunDetail> {
  return yard.client.call('runs.get', { path: { run } });
}

/** Return a run with its first task. */
function seen(yard: IYard, run: string): Promise<TaskPage> {
  return yard.client.call('runs.tasks', { path: { run }, query: { limit: 1 } });
}

/** Return the running deployments of models of a run. */
async function deploymentsOf({ client }: IYard, run: string): Promise<Deployment[]> {
  return client.call('deployments.list', { query: { limit: 500 } }).then(
    ({ items }) =>
      items.filter(({ is_wanted, model }) => is_wanted && model?.source?.run_id === run),
    (error: ApiError) => {
      if (error.status !== 403) {
        throw error;
      }
      return []; // the user may not see deployments
    }
  );
}

/** Return the request that starts the same run again; nodes keep their pinned results. */
async function sameAs(yard: IYard, id: string, force: boolean) {
  const pins: Record<string, string> = {};
  let executable = '';
  let after: string | null | undefined = '';
  for (;;) {
    const query: object = { after };
    const page: TaskPage = await yard.client.call('runs.tasks', { path: { run: id }, query });
    for (const { node, pinned, executable_id } of page.items) {
      executable ||= executable_id;
      if (typeof pinned === 'number') {
        pins[node] = String(pinned);
      }
    }
    after = page.next;
    if (!after) {
      const { path, parameters, runtime, priority } = page.run;
      return { ...(path ? { path } : { executable }), parameters, runtime, priority, force, pins };
    }
  }
}
