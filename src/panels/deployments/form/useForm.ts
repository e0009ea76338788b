import { useEffect, useState } from 'react';
import { DeploymentForm } from '../../../api/types';
import { IPanelServices } from '../../frame/services';

const MAX_OFFERED = 200;

export interface IOffer {
  form: DeploymentForm;
  /** The images that were built or pulled here. */
  images: readonly string[];
}

/** Return the form with everything that can be deployed; a text if it cannot be loaded. */
export function useForm({ yard }: IPanelServices): IOffer | string | undefined {
  const [form, setForm] = useState<DeploymentForm | string>();
  const [images, setImages] = useState<readonly string[]>([]);
  useEffect(() => {
    const { client } = yard;
    client
      .call('deployments.form', {})
      .then(setForm)
      .catch((error: Error) => setForm(error.message));
    client
      .call('images.list', { query: { limit: MAX_OFFERED } })
      .then(({ items }) => {
        const ready = items.filter(({ state }) => state === 'ready');
        setImages([...new Set(ready.map(({ reference }) => reference))]);
      })
      .catch(() => undefined); // names can be typed as well
  }, [yard]);
  return typeof form === 'object' ? { form, images } : form;
}
