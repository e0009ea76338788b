import { REF_MIME } from '../../document/dragTypes';
import { executableRow } from '../palette/paletteRows';
import { ListSection } from '../frame/ListSection';
import { IPanelServices } from '../frame/services';
import { ExecutableRow } from '../palette/ExecutableRow';
import { openExecutable } from './open';

/** Executables in the sidebar, with their inputs and outputs. */
export function ExecutableSection({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans, commands } = services;
  return (
    <ListSection
      services={services}
      collection={yard.executables}
      noun="executable"
      label={trans.__('Executables')}
      searchLabel={trans.__('Search executables')}
      none={trans.__(
        'Registered notebooks, scripts and binaries appear here: right-click a file, or'
      )}
      create="upload-executable"
      nameOf={({ name }) => name}
      render={executable => <ExecutableRow executable={executable} trans={trans} />}
      commandsOf={() => ['nbyard:test-executable']}
      onOpen={({ id }) => openExecutable(services, { id })}
      onRename={({ id }) => void commands.execute('nbyard:rename-executable', { id })}
      onDragStart={(executable, event) => {
        event.dataTransfer.setData(REF_MIME, JSON.stringify(executableRow(executable, trans)));
        event.dataTransfer.effectAllowed = 'copy';
      }}
    />
  );
}
