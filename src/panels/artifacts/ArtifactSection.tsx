import { isLive } from '../../api/types';
import { showBytes } from '../../components/format/bytes';
import { stateText } from '../../components/StateMark';
import { showAgo, showMoment } from '../../components/format/times';
import { useAgoNow } from '../../components/hooks/useLost';
import { artifactIcon } from '../../icons/items';
import { REF_MIME } from '../../document/dragTypes';
import { ListSection } from '../frame/ListSection';
import { IPanelServices } from '../frame/services';
import { SideRow } from '../frame/SideRow';
import { openArtifact } from './open';
import { Artifact, artifactsOf, inputNames } from './collection';

/** Artifacts in the sidebar: named results of a single executable. */
export function ArtifactSection({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans } = services;
  const now = useAgoNow(yard.stream);
  const open = ({ id }: Artifact) => openArtifact(services, { id });
  return (
    <ListSection
      services={services}
      collection={artifactsOf(yard)}
      noun="artifact"
      label={trans.__('Artifacts')}
      searchLabel={trans.__('Search artifacts')}
      none={trans.__('Named results of one-off runs.')}
      create="create-artifact"
      nameOf={({ name }) => name}
      render={artifact => <Row artifact={artifact} now={now} services={services} />}
      commandsOf={actionsOf}
      onOpen={open}
      onSelect={open}
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
  );
}

function actionsOf(artifact: Artifact): string[] {
  return isLive(artifact)
    ? ['nbyard:cancel-run']
    : [...(artifact.files.length ? ['nbyard:download-artifact'] : []), 'nbyard:copy-artifact'];
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
