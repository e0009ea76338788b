import { useState } from 'react';
import { Button } from '../../../components/Button';
import { Refusal } from '../../../components/text/messages';
import { IPanelServices } from '../../frame/services';

interface IRotateSecretProps {
  services: IPanelServices;
  /** Replace the secret; return the new one, which the server shows once. */
  onRotate: () => Promise<string>;
}

/** Replaces the secret of a webhook, after a second click. */
export function RotateSecret({ services, onRotate }: IRotateSecretProps): JSX.Element {
  const { trans } = services;
  const [isAsked, setAsked] = useState(false);
  const [secret, setSecret] = useState('');
  const [problem, setProblem] = useState('');
  const rotate = async () => {
    try {
      setSecret(await onRotate());
      setProblem('');
    } catch (error) {
      setProblem((error as Error).message);
    }
    setAsked(false);
  };
  return (
    <>
      <Button onClick={() => (isAsked ? void rotate() : setAsked(true))}>
        {isAsked ? trans.__('Really Replace, and Refuse the Old Secret') : trans.__('New Secret…')}
      </Button>
      <Refusal>{problem}</Refusal>
      {secret && (
        <label>
          {trans.__('Secret, which is not shown again')}
          <input
            className="jp-mod-styled"
            readOnly
            value={secret}
            onFocus={event => event.target.select()}
          />
        </label>
      )}
    </>
  );
}
