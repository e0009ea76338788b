import { useEffect, useState } from 'react';
import { DeploymentForm } from '../../../api/types';
import { readyImages } from '../../../forms/runtimes';
import { IPanelServices } from '../../frame/services';

export interface IOffer {
  form: DeploymentForm;
  /** The images that were built or pulled here. */
  images: readonly string[];
  /** Look again whether containers are available. */
  check: () => Promise<boolean>;
}

/** Return the form with everything that can be deployed; a text if it cannot be loaded. */
export function useForm({ yard }: IPanelServices): IOffer | string | undefined {
  const [form, setForm] = useState<DeploymentForm | string>();
  const [images, setImages] = useState<readonly string[]>([]);
  const load = async () => {
    const fetched = await yard.client.call('deployments.form', {});
    setForm(fetched);
    return fetched;
  };
  useEffect(() => {
    const { client } = yard;
    load().catch((error: Error) => setForm(error.message));
    readyImages(client).then(setImages, () => undefined); // names can be typed as well
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `load` depends on the yard only
  }, [yard]);
  const check = async () => (await load()).engine.state === 'ok';
  return typeof form === 'object' ? { form, images, check } : form;
}
