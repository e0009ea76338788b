import { useEffect, useState } from 'react';
import { Deployment, ModelPackage } from '../../../api/types';
import { ImageLog } from '../../environments/images/ImageList';
import { IPanelServices } from '../../frame/services';

interface IBuildingProps {
  services: IPanelServices;
  deployment: Deployment;
}

/** The build of the model's image, while nothing runs yet. */
export function Building({ services, deployment }: IBuildingProps): JSX.Element | null {
  const { yard } = services;
  const [made, setMade] = useState<ModelPackage>();
  const id = deployment.model?.id;
  useEffect(() => {
    let isOver = false;
    if (id) {
      yard.client
        .call('models.get', { path: { model: id } })
        .then(model => !isOver && setMade(model))
        .catch(() => undefined); // its reason says enough
    }
    return () => {
      isOver = true;
    };
  }, [yard, id, deployment]);
  if (!made || made.state === 'ready') {
    return null;
  }
  const { image, state } = made;
  return <ImageLog key={image} services={services} image={{ id: image, state }} />;
}
