import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Run, WorkflowFile } from '../../api/types';
import { Button, CommandButton } from '../../components/Button';
import { RowList } from '../../components/RowList';
import { showAgo, showMoment } from '../../components/format/times';
import { useAgoNow } from '../../components/hooks/useLost';
import { useSignal } from '../../components/hooks/useSignal';
import { workflowIcon } from '../../icons/startup';
import { EXTENSION } from '../../document/fileType';
import { resultOf, resultsUpTo, RunStrip } from '../frame/RunStrip';
import { IPanelServices } from '../frame/services';
import { matching } from '../../components/format/matching';
import { MANY, OlderButton, SearchBox, useSearch } from '../frame/Search';
import { ListState } from '../frame/ListState';
import { SideRow } from '../frame/SideRow';
import { openWorkflow } from './open';
import { IUnrun, placeOf } from './unrun';

/** A workflow, and when it last ran or, if it never ran, was saved or pushed. */
interface IListed extends Pick<WorkflowFile, 'path' | 'title' | 'saved_at'> {
  hasRun: boolean;
  /** Of a stored workflow. */
  owner?: string;
  role?: string;
  /** The path in the pushed project, if the file is not below the root; '' for other workflows. */
  pushed?: string;
  /** Its last runs, oldest first. */
  results: readonly Run[];
}

interface IWorkflowSectionProps {
  services: IPanelServices;
  unrun: IUnrun;
}

const nameOf = ({ title, path }: { title: string; path: string }) =>
  [title, path].filter(Boolean).join(' ');

/** Workflows that ran, and the other workflow files, newest first. */
export function WorkflowSection({ services, unrun }: IWorkflowSectionProps): JSX.Element {
  const { yard, trans, commands } = services;
  const { workflows, runs } = yard;
  const { files, places, problem } = unrun;
  const search = useSearch(workflows, nameOf);
  const newest = useSignal(runs.changed, () => runs.items);
  const now = useAgoNow(yard.stream);
  const hasFailed = useSignal(workflows.changed, () => workflows.state === 'failed');
  const items: IListed[] = [
    ...search.items.map(workflow => {
      const ids = [workflow.id, ...(workflow.same_as ?? [])];
      const run = newest.find(({ workflow_id }) => ids.includes(workflow_id));
      return {
        title: workflow.title,
        owner: workflow.owner,
        role: workflow.role,
        path: places.get(workflow.id) ?? placeOf(workflow),
        pushed: places.has(workflow.id) ? '' : workflow.pushed_path,
        saved_at: run?.created_at ?? workflow.updated_at,
        hasRun: workflow.has_runs,
        results: run ? resultsUpTo(run, newest, workflows.items) : []
      };
    }),
    ...matching(files, search.text, nameOf).map(file => ({ ...file, hasRun: false, results: [] }))
  ].sort((left, right) => Date.parse(right.saved_at) - Date.parse(left.saved_at));
  const noted = { ...search, items, offered: search.offered || files.length > MANY };
  return (
    <div className="nby-Section">
      <ListState collection={workflows} trans={trans}>
        {!files.length && !problem && (
          <>
            <p className="nby-Note">
              {yard.client.project
                ? trans.__(
                    'No workflows in this project. Run a workflow while the project is active, or push a folder with “nbyard push”.'
                  )
                : trans.__('No workflows yet.')}
            </p>
            <p className="nby-Note">
              <CommandButton
                commands={commands}
                id="nbyard:create-workflow"
                args={{ isPalette: true }}
              />
            </p>
            <p className="nby-Note">
              <CommandButton commands={commands} id="nbyard:open-gallery" />
            </p>
          </>
        )}
      </ListState>
      {problem && !hasFailed && (
        <p className="nby-Note" role="alert">
          {trans.__('Workflows that never ran could not be listed: %1', problem)}{' '}
          <Button
            onClick={() => void workflows.reload()} // its end asks for the files again
          >
            {trans.__('Try Again')}
          </Button>
        </p>
      )}
      <SearchBox search={noted} label={trans.__('Search workflows')} trans={trans} />
      <RowList
        label={trans.__('Workflows')}
        noun="workflow"
        items={items}
        idOf={({ path }) => path}
        nameOf={nameOf}
        render={workflow => <Row workflow={workflow} now={now} trans={trans} />}
        onOpen={({ path }) => void openWorkflow(services, path)}
      />
      {!search.text && <OlderButton collection={workflows} trans={trans} />}
    </div>
  );
}

interface IRowProps {
  workflow: IListed;
  now: number;
  trans: TranslationBundle;
}

function Row({ workflow, now, trans }: IRowProps): JSX.Element {
  const { title, path, owner, saved_at, hasRun, pushed, results } = workflow;
  const stem = PathExt.basename(pushed || path, EXTENSION);
  // another title does not tell the file
  const place = !title || title === stem ? path.replace(/\/?[^/]*$/, '') || '/' : path;
  const never = pushed === undefined ? trans.__('never ran') : trans.__('no runs');
  return (
    <SideRow
      icon={workflowIcon}
      name={title || stem}
      owner={owner}
      aside={hasRun ? showAgo(saved_at, now, trans) : never}
      detail={pushed ? trans.__('Pushed: %1', pushed) : place}
      strip={
        !!results.length && (
          <RunStrip results={results.map(run => resultOf(run, trans))} trans={trans} />
        )
      }
      title={[path, showMoment(saved_at)].join('\n')}
    />
  );
}
