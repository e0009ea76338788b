import { Executable } from '../../api/types';
import { CommandButton } from '../../components/CommandButton';
import { RowList } from '../../components/RowList';
import { REF_MIME } from '../../document/dragTypes';
import { executableRow } from '../palette/paletteRows';
import { IPanelServices } from '../frame/services';
import { OlderButton, SearchBox, useSearch } from '../frame/Search';
import { ListState } from '../frame/ListState';
import { ExecutableRow } from '../palette/ExecutableRow';
import { openExecutable } from './open';

const nameOf = ({ name }: Executable) => name;

/** Executables in the sidebar, with their inputs and outputs. */
export function ExecutableSection({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans, commands } = services;
  const { executables } = yard;
  const search = useSearch(executables, nameOf);
  return (
    <div className="nby-Section">
      <ListState collection={executables} trans={trans}>
        <p className="nby-Note">
          {trans.__(
            'Registered notebooks, scripts and binaries appear here: right-click a file, or'
          )}
        </p>
        <p className="nby-Note">
          <CommandButton commands={commands} id="nbyard:upload-executable" />
        </p>
      </ListState>
      <SearchBox search={search} label={trans.__('Search executables')} trans={trans} />
      <RowList
        label={trans.__('Executables')}
        noun="executable"
        items={search.items}
        idOf={({ id }) => id}
        nameOf={nameOf}
        render={executable => <ExecutableRow executable={executable} trans={trans} />}
        actions={({ id }) => (
          <CommandButton
            commands={commands}
            id="nbyard:test-executable"
            args={{ id }}
            tabIndex={-1}
            bare
          />
        )}
        onOpen={({ id }) => openExecutable(services, { id })}
        onDelete={({ id }) => void commands.execute('nbyard:delete-executable', { id })}
        onRename={({ id }) => void commands.execute('nbyard:rename-executable', { id })}
        onDragStart={(executable, event) => {
          event.dataTransfer.setData(REF_MIME, JSON.stringify(executableRow(executable, trans)));
          event.dataTransfer.effectAllowed = 'copy';
        }}
      />
      {!search.text && <OlderButton collection={executables} trans={trans} />}
    </div>
  );
}
