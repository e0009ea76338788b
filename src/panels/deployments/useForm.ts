import { useEffect, useState } from 'react';
import { DeploymentForm } from '../../api/types';
import { IPanelServices } from '../services';

const MAX_OFFERED = 200;

export interface IOffer {
  form: DeploymentForm;
  /** The images that were built or pulled here. */
  images: readonly string[];
}

/** What can be deployed; text when the server does not tell. */
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
      .catch(() => undefined); // names are typed as well
  }, [yard]);
  return typeof form === 'object' ? { form, images } : form;
}
