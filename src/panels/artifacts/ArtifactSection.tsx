import { isLive } from '../../api/types';
import { showBytes } from '../../components/format/bytes';
import { CommandButton } from '../../components/CommandButton';
import { RowList } from '../../components/RowList';
import { stateText } from '../../components/StateMark';
import { showAgo, showMoment } from '../../components/format/times';
import { useAgoNow } from '../../components/hooks/useLost';
import { artifactIcon } from '../../icons/items';
import { REF_MIME } from '../../document/dragTypes';
import { OlderButton, SearchBox, useSearch } from '../frame/Search';
import { IPanelServices } from '../frame/services';
import { ListState } from '../frame/ListState';
import { SideRow } from '../frame/SideRow';
import { openArtifact } from './open';
import { Artifact, artifactsOf, inputNames } from './collection';

const nameOf = ({ name }: Artifact) => name;

/** Artifacts in the sidebar: named results of a single executable. */
export function ArtifactSection({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans, commands } = services;
  const artifacts = artifactsOf(yard);
  const search = useSearch(artifacts, nameOf);
  const now = useAgoNow(yard.stream);
  const open = ({ id }: Artifact) => openArtifact(services, { id });
  return (
    <div className="nby-Section">
      <ListState collection={artifacts} trans={trans}>
        <p className="nby-Note">{trans.__('Named results of one-off runs.')}</p>
        <p className="nby-Note">
          <CommandButton commands={commands} id="nbyard:create-artifact" />
        </p>
      </ListState>
      <SearchBox search={search} label={trans.__('Search artifacts')} trans={trans} />
      <RowList
        label={trans.__('Artifacts')}
        noun="artifact"
        items={search.items}
        idOf={({ id }) => id}
        nameOf={nameOf}
        render={artifact => <Row artifact={artifact} now={now} services={services} />}
        actions={artifact =>
          actionsOf(artifact).map(name => (
            <CommandButton
              key={name}
              commands={commands}
              id={`nbyard:${name}`}
              args={{ id: artifact.id }}
              tabIndex={-1}
              bare
            />
          ))
        }
        onOpen={open}
        onSelect={open}
        onDelete={({ id }) => void commands.execute('nbyard:delete-artifact', { id })}
        onDragStart={(artifact, event) => {
          const [name, more] = inputNames(artifact);
          if (!name || more) {
            event.preventDefault(); // the server does not know which of its files is meant
            return;
          }
          const row = { type: 'dataset', id: name, name, artifact: true };
          event.dataTransfer.setData(REF_MIME, JSON.stringify(row));
          event.dataTransfer.effectAllowed = 'copy';
        }}
      />
      {!search.text && <OlderButton collection={artifacts} trans={trans} />}
    </div>
  );
}

function actionsOf(artifact: Artifact): string[] {
  return isLive(artifact)
    ? ['cancel-run']
    : [...(artifact.files.length ? ['download-artifact'] : []), 'copy-artifact'];
}

interface IRowProps {
  artifact: Artifact;
  now: number;
  services: IPanelServices;
}

function Row({ artifact, now, services }: IRowProps): JSX.Element {
  const { trans } = services;
  const { name, state, executable, files, created_at } = artifact;
  const size = showBytes(files.reduce((sum, file) => sum + file.size_bytes, 0));
  const what = files.length === 1 ? files[0].filename : trans.__('%1 files', files.length);
  const made = files.length ? [what, size] : [];
  const title = [name, executable, showMoment(created_at), ...files.map(file => file.filename)];
  return (
    <SideRow
      icon={artifactIcon}
      accent={state}
      name={name}
      aside={showAgo(created_at, now, trans)}
      detail={[state !== 'succeeded' && stateText(state, trans), executable, ...made]
        .filter(Boolean)
        .join(' · ')}
      title={title.join('\n')}
    />
  );
}
