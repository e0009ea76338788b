import { WorkflowFile } from '../../api/types';
import { belowRoot } from '../../api/paths';
import { CommandButton } from '../../components/CommandButton';
import { RowList } from '../../components/RowList';
import { showAgo, showMoment } from '../../components/format/times';
import { useAgoNow } from '../../components/hooks/useLost';
import { useSignal } from '../../components/hooks/useSignal';
import { workflowIcon } from '../../icons/startup';
import { IPanelServices } from '../frame/services';
import { matching, Older, SearchBox, useSearch } from '../frame/Search';
import { ListState } from '../frame/ListState';
import { SideRow } from '../frame/SideRow';

/** A workflow, and when it last ran or, if it never ran, was saved. */
interface IListed extends WorkflowFile {
  hasRun: boolean;
}

interface IWorkflowSectionProps {
  services: IPanelServices;
  /** The files that never ran. */
  unrun: readonly WorkflowFile[];
}

const nameOf = ({ title, path }: { title: string; path: string }) =>
  [title, path].filter(Boolean).join(' ');

/** Workflows that ran, and the other workflow files, newest first. */
export function WorkflowSection({ services, unrun }: IWorkflowSectionProps): JSX.Element {
  const { yard, trans, commands } = services;
  const { workflows, runs } = yard;
  const search = useSearch(workflows, nameOf);
  const newest = useSignal(runs.changed, () => runs.items);
  const now = useAgoNow(yard.stream);
  const items: IListed[] = [
    ...search.items.map(({ id, title, path, updated_at }) => ({
      title,
      path: belowRoot(path) ?? path,
      saved_at: newest.find(run => run.workflow_id === id)?.created_at ?? updated_at,
      hasRun: true
    })),
    ...matching(unrun, search.text, nameOf).map(file => ({ ...file, hasRun: false }))
  ].sort((one, other) => Date.parse(other.saved_at) - Date.parse(one.saved_at));
  const noted = { ...search, items, offered: search.offered || unrun.length > 5 };
  return (
    <div className="nby-Section">
      {!items.length && (
        <ListState collection={workflows} trans={trans}>
          <p className="nby-Note">{trans.__('No workflows yet.')}</p>
          <p className="nby-Note">
            <CommandButton
              commands={commands}
              id="nbyard:create-workflow"
              args={{ isPalette: true }}
            />
          </p>
        </ListState>
      )}
      <SearchBox search={noted} label={trans.__('Search workflows')} trans={trans} />
      <RowList
        label={trans.__('Workflows')}
        noun="workflow"
        items={items}
        idOf={({ path }) => path}
        nameOf={nameOf}
        render={({ title, path, saved_at, hasRun }) => (
          <SideRow
            icon={workflowIcon}
            name={title || path}
            aside={hasRun ? showAgo(saved_at, now, trans) : trans.__('never ran')}
            detail={path}
            title={[path, showMoment(saved_at)].join('\n')}
          />
        )}
        onOpen={({ path }) => void commands.execute('docmanager:open', { path })}
      />
      {!search.text && <Older collection={workflows} trans={trans} />}
    </div>
  );
}
