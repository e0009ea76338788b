import { useEffect, useState } from 'react';
import { DeploymentForm } from '../../../api/types';
import { IPanelServices } from '../../frame/services';

export interface IOffer {
  form: DeploymentForm;
  /** Look again whether containers are available. */
  check: () => Promise<boolean>;
}

/** Return the form with everything that can be deployed; a text if it cannot be loaded. */
export function useForm({ yard }: IPanelServices): IOffer | string | undefined {
  const [form, setForm] = useState<DeploymentForm | string>();
  const load = async () => {
    const fetched = await yard.client.call('deployments.form', {});
    setForm(fetched);
    return fetched;
  };
  useEffect(() => {
    load().catch((error: Error) => setForm(error.message));
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `load` depends on the yard only
  }, [yard]);
  const check = async () => (await load()).engine.state === 'ok';
  return typeof form === 'object' ? { form, check } : form;
}
