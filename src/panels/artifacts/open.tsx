import { artifactIcon } from '../../icons/items';
import { showItem } from '../frame/itemView';
import { IArtifactTarget, IPanelServices } from '../frame/services';
import ArtifactView from './ArtifactView';
import { artifactsOf } from './collection';

export function openArtifact(services: IPanelServices, target: IArtifactTarget): void {
  const { yard, trans } = services;
  showItem<IArtifactTarget>(services, target, {
    noun: 'artifact',
    icon: artifactIcon,
    label: target.id === undefined ? trans.__('New Artifact') : trans.__('Artifact'),
    collection: artifactsOf(yard),
    key: ({ id, of }) => (id === undefined ? `new ${of ?? ''}` : undefined),
    draw: panel => (
      <ArtifactView
        services={services}
        target={panel.target}
        onMade={id => (panel.target = { id, isNew: true })}
      />
    )
  });
}
