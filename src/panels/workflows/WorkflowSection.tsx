import { useEffect } from 'react';
import { Workflow } from '../../api/types';
import { CommandButton } from '../../components/CommandButton';
import { RowList } from '../../components/RowList';
import { workflowIcon } from '../../icons/startup';
import { belowRoot } from '../../api/paths';
import { IPanelServices } from '../frame/services';
import { Older, SearchBox, useSearch } from '../frame/Search';
import { ListState } from '../frame/ListState';

const nameOf = ({ title, path }: Workflow) => [title, path].filter(Boolean).join(' ');

/** Workflows that the server knows. */
export function WorkflowSection({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans, commands } = services;
  const { workflows } = yard;
  const search = useSearch(workflows, nameOf);
  useEffect(() => void workflows.start(), [workflows]);
  const pathOf = (path: string) => belowRoot(path) ?? path;
  return (
    <div className="nby-Section">
      <ListState collection={workflows} trans={trans}>
        <p className="nby-Note">{trans.__('No workflow has run yet.')}</p>
        <p className="nby-Note">
          <CommandButton
            commands={commands}
            id="nbyard:create-workflow"
            args={{ isPalette: true }}
          />
        </p>
      </ListState>
      <SearchBox search={search} label={trans.__('Search workflows')} trans={trans} />
      <RowList
        label={trans.__('Workflows')}
        noun="workflow"
        items={search.items}
        idOf={({ path }) => pathOf(path)}
        nameOf={nameOf}
        render={({ title, path }) => (
          <div className="nby-Thing" title={pathOf(path)}>
            <workflowIcon.react tag="span" className="nby-Icon" />
            <span className="nby-Row-name">{title || pathOf(path)}</span>
            <span className="nby-Thing-detail">{pathOf(path)}</span>
          </div>
        )}
        onOpen={({ path }) => void commands.execute('docmanager:open', { path: pathOf(path) })}
      />
      {!search.text && <Older collection={workflows} trans={trans} />}
    </div>
  );
}
